#include "core/blob/cache.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/os/file.h"
#include "core/os/fs.h"

static const char *const kind_names[JIG_CACHE_KIND_COUNT] = {
    [JIG_CACHE_PACKAGES] = "packages",     [JIG_CACHE_TOOLCHAINS] = "toolchains",
    [JIG_CACHE_PLATFORMS] = "platforms",   [JIG_CACHE_LIBRARIES] = "libraries",
    [JIG_CACHE_FRAMEWORKS] = "frameworks", [JIG_CACHE_LNK] = "lnk-blobs",
    [JIG_CACHE_OBJECTS] = "objects",
};

static const struct {
    const char *name;
    bool for_all; /* where the cache is */
} folders[] = {
    {"blobs/sha256", true}, {"installed", true}, {"holds", false},
    {"used", false},        {"pins", false},     {"tmp", false},
};

const char *jig_cache_kind_name(enum jig_cache_kind kind)
{
    return kind_names[kind];
}

enum jig_code jig_cache_open(const struct jig_cache_options *options, struct jig_cache **ret,
                             struct jig_err *reterr)
{
    if (options->root == NULL || options->root[0] != '/')
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the cache folder '%s' is not absolute",
                           options->root != NULL ? options->root : "");
    struct jig_cache *c = jig_new(struct jig_cache);
    c->root = jig_xstrdup(options->root);
    if (!jig_streq(options->second, options->root))
        c->second = jig_xstrdup(options->second);
    c->control = (struct jig_mapping)JIG_MAPPING_INIT;
    pthread_mutex_init(&c->mu, NULL);
    *ret = c;
    return JIG_OK;
}

void jig_cache_close(struct jig_cache *c)
{
    if (c == NULL)
        return;
    jig_mapping_close(&c->control);
    for (size_t i = 0; i < c->n_stale; i++)
        jig_mapping_close(&c->stale[i]);
    pthread_mutex_destroy(&c->mu);
    free(c->root);
    free(c->second);
    free(c);
}

const char *jig_cache_root(const struct jig_cache *c)
{
    return c->root;
}

const char *jig_cache_second(const struct jig_cache *c)
{
    return c->second;
}

char *jig_cache_path(const struct jig_cache *c, const char *name)
{
    return jig_path_join(c->root, name);
}

/* Ours alone, unless somebody has made the root so that others may look into it. */
static enum jig_code make_root(struct jig_cache *c, struct jig_err *reterr)
{
    struct jig_stamp s;
    enum jig_code code = jig_fs_mkdirs(c->root, 0700, reterr);
    if (code == JIG_OK)
        code = jig_fs_stamp(c->root, &s, reterr);
    if (code == JIG_OK)
        atomic_store(&c->folder_mode, 0700 | (s.mode & 0055));
    return code;
}

mode_t jig_cache_folder_mode(struct jig_cache *c)
{
    return (mode_t)atomic_load(&c->folder_mode);
}

/* Folders that were there before the cache was for all may be somebody else's. */
enum jig_code jig_cache_mkdirs(struct jig_cache *c, const char *path, struct jig_err *reterr)
{
    mode_t mode = jig_cache_folder_mode(c);
    enum jig_code code = jig_fs_mkdirs(path, mode, reterr);
    if (mode == 0700)
        return code;
    char *at = jig_xstrdup(path); /* our umask may be the strict one of a daemon */
    while (code == JIG_OK && strlen(at) > strlen(c->root)) {
        struct jig_stamp s;
        if (jig_fs_stamp(at, &s, NULL) != JIG_OK || (s.mode & mode) == mode)
            break;
        code = jig_fs_set_mode(at, mode, reterr);
        char *parent = jig_path_dir(at);
        free(at);
        at = parent;
    }
    free(at);
    return code;
}

static enum jig_code make_folders(struct jig_cache *c, struct jig_err *reterr)
{
    enum jig_code code = make_root(c, reterr);
    for (size_t i = 0; i < JIG_COUNT(folders) && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *path = jig_cache_path(c, folders[i].name);
        code = folders[i].for_all ? jig_cache_mkdirs(c, path, reterr)
                                  : jig_fs_mkdirs(path, 0700, reterr);
    }
    /* Others may have this cache as their second one, and then need the file to read it safely. */
    JIG_CLEANUP_FREE char *readers = jig_cache_path(c, "readers" JIG_LOCK_EXT);
    JIG_CLEANUP_FD int fd = -1;
    uint64_t size;
    if (code == JIG_OK)
        code = jig_file_open(readers, 0644, &fd, &size, reterr);
    return code == JIG_OK ? jig_fs_set_mode(readers, 0644, reterr) : code;
}

/* Who uses the old one goes on with it; it is closed with the cache. */
static enum jig_code open_control(struct jig_cache *c, const char *path, struct jig_err *reterr)
{
    struct jig_mapping m;
    if (c->control.data != NULL && c->n_stale == MOST_STALE)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                           "the cache folder %s was deleted too often while it was in use",
                           c->root);
    enum jig_code code = make_folders(c, reterr);
    if (code == JIG_OK)
        code = jig_mapping_open(&m, path, sizeof(struct jig_control), 0600, reterr);
    if (code != JIG_OK)
        return code;
    if (c->control.data != NULL)
        c->stale[c->n_stale++] = c->control;
    c->control = m;
    return JIG_OK;
}

enum jig_code jig_cache_ready(struct jig_cache *c, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_cache_path(c, "control");
    pthread_mutex_lock(&c->mu);
    enum jig_code code =
        jig_mapping_is_current(&c->control, path) ? JIG_OK : open_control(c, path, reterr);
    pthread_mutex_unlock(&c->mu);
    return code;
}

struct jig_control *jig_cache_control(struct jig_cache *c)
{
    pthread_mutex_lock(&c->mu);
    void *control = c->control.data;
    pthread_mutex_unlock(&c->mu);
    return control;
}

uint64_t jig_cache_number(struct jig_cache *c)
{
    return atomic_fetch_add(&jig_cache_control(c)->sequence, 1) + 1;
}
