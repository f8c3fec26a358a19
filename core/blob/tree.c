#include "core/blob/tree.h"

#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/blob/manifest.h"
#include "core/os/cancel.h"
#include "core/os/file.h"
#include "core/os/fs.h"

#define MOST_NAME 200 /* bytes; filesystems take 255 */

struct jig_tree_staging_impl {
    struct jig_cache *cache;
    enum jig_cache_kind kind;
    char *name;
    char *version;
    char *lock_path;
    struct jig_lock lock; /* says to collection that the folder is in use */
};

struct jig_digest jig_tree_id(enum jig_cache_kind kind, const char *name, const char *version)
{
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, "tree");
    jig_sha256_string(h, jig_cache_kind_name(kind));
    jig_sha256_string(h, name);
    jig_sha256_string(h, version);
    struct jig_digest id = jig_sha256_final(h);
    jig_sha256_free(h);
    return id;
}

bool jig_tree_name_fits(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > MOST_NAME || s[0] == '.' || !jig_utf8_valid(s, n))
        return false;
    for (const char *p = s; *p != '\0'; p++) {
        if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    }
    return true;
}

static enum jig_code check_name(const char *what, const char *s, struct jig_err *reterr)
{
    if (jig_tree_name_fits(s))
        return JIG_OK;
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                       "'%.200s' cannot be the %s of something installed: it would not be the name "
                       "of a folder",
                       s, what);
}

enum jig_code jig_tree_check_names(const char *name, const char *version, struct jig_err *reterr)
{
    enum jig_code code = check_name("name", name, reterr);
    return code == JIG_OK ? check_name("version", version, reterr) : code;
}

char *jig_installed_path(const char *root, enum jig_cache_kind kind, const char *name,
                         const char *version)
{
    return jig_strf("%s/installed/%s/%s/%s", root, jig_cache_kind_name(kind), name, version);
}

static bool is_complete(const char *tree)
{
    JIG_CLEANUP_FREE char *file = jig_path_join(tree, JIG_TREE_FILE);
    return jig_fs_is_file(file);
}

static char *find_in_second(struct jig_cache *c, struct jig_hold *hold, enum jig_cache_kind kind,
                            const char *name, const char *version)
{
    if (c->second == NULL)
        return NULL;
    char *path = jig_installed_path(c->second, kind, name, version);
    if (is_complete(path) && jig_hold_second(hold) && is_complete(path))
        return path;
    free(path);
    return NULL;
}

enum jig_code jig_tree_find(struct jig_cache *c, struct jig_hold *hold, enum jig_cache_kind kind,
                            const char *name, const char *version, char **ret,
                            struct jig_err *reterr)
{
    struct jig_lock gate;
    enum jig_code code = jig_tree_check_names(name, version, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_digest id = jig_tree_id(kind, name, version);
    code = jig_hold_enter(hold, &id, &gate, reterr);
    if (code != JIG_OK)
        return code;
    char *path = jig_installed_path(c->root, kind, name, version);
    if (!is_complete(path)) {
        free(path);
        path = find_in_second(c, hold, kind, name, version);
    }
    jig_hold_leave(&gate);
    if (path == NULL)
        return jig_err_set(reterr, JIG_NOT_FOUND, "%s %s is not installed", name, version);
    *ret = path;
    return JIG_OK;
}

static void impl_free(struct jig_tree_staging *s)
{
    struct jig_tree_staging_impl *i = s->impl;
    if (i == NULL)
        return;
    if (s->path != NULL && jig_fs_remove_tree(s->path, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "tree.staging", "%s cannot be removed", s->path);
    if (jig_lock_held(&i->lock) && jig_fs_remove_tree(i->lock_path, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "tree.lock", "%s cannot be removed", i->lock_path);
    jig_lock_release(&i->lock);
    free(s->path);
    free(i->name);
    free(i->version);
    free(i->lock_path);
    free(i);
    *s = (struct jig_tree_staging){0};
}

enum jig_code jig_tree_begin(struct jig_cache *c, enum jig_cache_kind kind, const char *name,
                             const char *version, struct jig_tree_staging *ret,
                             struct jig_err *reterr)
{
    enum jig_code code = jig_tree_check_names(name, version, reterr);
    if (code == JIG_OK)
        code = jig_cache_ready(c, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *numbered =
        jig_strf("tmp/%016llx", (unsigned long long)jig_cache_number(c));
    JIG_CLEANUP_FREE char *base = jig_cache_path(c, numbered);
    struct jig_tree_staging_impl *i = jig_new(struct jig_tree_staging_impl);
    struct jig_tree_staging s = {.path = jig_strf("%s.tree", base), .impl = i};
    i->cache = c;
    i->kind = kind;
    i->name = jig_xstrdup(name);
    i->version = jig_xstrdup(version);
    i->lock_path = jig_strf("%s" JIG_LOCK_EXT, base);
    i->lock = (struct jig_lock)JIG_LOCK_INIT;
    code = jig_lock_wait(&i->lock, i->lock_path, "an installation", &JIG_UNTIL_FOREVER, reterr);
    if (code == JIG_OK) /* numbers begin anew when `control` was lost */
        code = jig_fs_remove_tree(s.path, reterr);
    if (code == JIG_OK)
        code = jig_fs_mkdirs(s.path, 0700, reterr);
    if (code == JIG_OK)
        *ret = s;
    else
        impl_free(&s);
    return code;
}

enum jig_code jig_tree_put_aside(struct jig_cache *c, const char *path, char **ret,
                                 struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *name =
        jig_strf("tmp/%016llx.gone", (unsigned long long)jig_cache_number(c));
    JIG_CLEANUP_FREE char *aside = jig_cache_path(c, name);
    enum jig_code code = jig_fs_rename(path, aside, reterr);
    if (code == JIG_OK)
        *ret = jig_steal(&aside);
    return code;
}

/* Under the gate. What stands there without JIG_TREE_FILE is nobody's, and moved away. */
static enum jig_code publish(const struct jig_tree_staging *s, const char *path,
                             struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    JIG_CLEANUP_FREE char *aside = NULL;
    enum jig_code code = jig_cache_mkdirs(s->impl->cache, dir, reterr);
    if (code != JIG_OK || is_complete(path))
        return code;
    if (jig_fs_is_there(path) && !is_complete(path)) { /* in that order: one may come in between */
        code = jig_tree_put_aside(s->impl->cache, path, &aside, reterr);
        if (code == JIG_OK)
            code = jig_fs_remove_tree(aside, reterr);
        if (code != JIG_OK)
            return code;
    }
    code = jig_fs_rename(s->path, path, reterr);
    if (code != JIG_OK && is_complete(path)) { /* somebody else was first */
        jig_err_clear(reterr);
        code = JIG_OK;
    }
    return code;
}

enum jig_code jig_tree_commit(struct jig_tree_staging *s, struct jig_hold *hold, char **ret,
                              struct jig_err *reterr)
{
    struct jig_tree_staging_impl *i = s->impl;
    JIG_CLEANUP_FREE char *path = jig_installed_path(i->cache->root, i->kind, i->name, i->version);
    struct jig_digest id = jig_tree_id(i->kind, i->name, i->version);
    struct jig_lock gate;
    uint64_t bytes;
    mode_t mode = jig_cache_folder_mode(i->cache);
    enum jig_code code =
        jig_manifest_make(s->path, i->kind, i->name, i->version, mode, &bytes, reterr);
    if (code == JIG_OK)
        code = jig_fs_set_mode(s->path, mode, reterr);
    if (code == JIG_OK)
        code = jig_fs_sync_all(s->path, reterr);
    if (code == JIG_OK)
        code = jig_hold_enter(hold, &id, &gate, reterr);
    if (code == JIG_OK) {
        code = publish(s, path, reterr);
        jig_hold_leave(&gate);
    }
    if (code == JIG_OK) {
        atomic_fetch_add(&jig_cache_control(i->cache)->added, bytes);
        *ret = jig_steal(&path);
    }
    impl_free(s);
    return code;
}

void jig_tree_abort(struct jig_tree_staging *s)
{
    impl_free(s);
}

enum jig_code jig_tree_remove(struct jig_cache *c, enum jig_cache_kind kind, const char *name,
                              const char *version, struct jig_err *reterr)
{
    struct jig_evict *e;
    JIG_CLEANUP_FREE char *aside = NULL;
    enum jig_code code = jig_tree_check_names(name, version, reterr);
    if (code == JIG_OK)
        code = jig_evict_begin(c, &JIG_UNTIL_FOREVER, &e, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *path = jig_installed_path(c->root, kind, name, version);
    struct jig_digest id = jig_tree_id(kind, name, version);
    const char *holder = jig_evict_holder(e, &id);
    if (!is_complete(path))
        code = jig_err_set(reterr, JIG_NOT_FOUND, "%s %s is not installed", name, version);
    else if (holder != NULL)
        code = jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY, "%s %s is in use by %s", name,
                              version, holder);
    else
        code = jig_tree_put_aside(c, path, &aside, reterr);
    if (code == JIG_OK)
        code = jig_pin_clear(c, &id, reterr);
    jig_evict_end(e);
    if (code == JIG_OK)
        code = jig_fs_remove_tree(aside, reterr);
    return code;
}
