#include "core/packages/indexes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/archive.h"
#include "core/os/file.h"
#include "core/os/fs.h"
#include "core/os/lock.h"
#include "core/os/time.h"

#define META_MAX        (16u << 10)
#define ARCHIVE_ENTRIES 16

const char *const jig_indexes_builtin[] = {
    "https://downloads.arduino.cc/packages/package_index.json",
    "https://downloads.arduino.cc/libraries/library_index.json",
    NULL,
};

void jig_index_updates_release(struct jig_index_updates *u)
{
    for (size_t i = 0; i < u->n; i++)
        free(u->items[i].url);
    free(u->items);
    *u = (struct jig_index_updates){0};
}

/* ---- files ---- */

/* DIR/package_index-0123456789abcdef.json: a name for people, the hash for uniqueness. */
static char *path_of(const char *dir, const char *url, const char *ext)
{
    struct jig_digest d = jig_sha256_of(url, strlen(url));
    char hex[JIG_SHA256_HEX];
    char name[48];
    jig_digest_hex(&d, hex);
    const char *base = strrchr(url, '/');
    snprintf(name, sizeof name, "%s", base != NULL ? base + 1 : url);
    name[strcspn(name, ".?#")] = '\0';
    for (char *c = name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_')
            *c = '-';
    }
    JIG_CLEANUP_FREE char *file = jig_strf("%s-%.16s%s", name, hex, ext);
    return jig_path_join(dir, file);
}

/* What the last answer said of the file: three lines. */
struct meta {
    char etag[JIG_FETCH_TAG_MAX];
    char last_modified[64];
};

static void read_meta(const char *path, const char *url, struct meta *m)
{
    struct jig_buf text;
    struct jig_strv lines = {0};
    *m = (struct meta){0};
    jig_buf_init(&text, META_MAX);
    if (jig_fs_read(path, &text, NULL) == JIG_OK)
        jig_str_split(text.data, "\n", true, &lines);
    if (lines.n >= 3 && jig_streq(lines.v[0], url)) {
        snprintf(m->etag, sizeof m->etag, "%s", lines.v[1]);
        snprintf(m->last_modified, sizeof m->last_modified, "%s", lines.v[2]);
    }
    jig_strv_release(&lines);
    jig_buf_release(&text);
}

static enum jig_code write_meta(const char *path, const char *url, const struct jig_fetch_result *r,
                                struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *text = jig_strf("%s\n%s\n%s\n", url, r->etag, r->last_modified);
    return jig_fs_write_atomic(path, text, strlen(text), 0644, reterr);
}

/* ---- one index ---- */

struct download {
    const char *temporary;
    int fd;
    char *unpacked; /* a folder, when the URL is that of an archive; NULL */
    char *json;     /* in it */
    const struct jig_until *until;
};

static enum jig_code on_begin(void *ctx, uint64_t offset, struct jig_err *reterr)
{
    struct download *d = ctx;
    return offset == 0 ? jig_file_empty(d->fd, d->temporary, reterr) : JIG_OK;
}

static enum jig_code on_write(void *ctx, const void *data, size_t n, struct jig_err *reterr)
{
    struct download *d = ctx;
    return jig_fd_write_all(d->fd, data, n, reterr);
}

/* The one .json that is in the archive. */
static enum jig_code find_json(struct download *d, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    size_t found = 0;
    enum jig_code code = jig_fs_list(d->unpacked, &names, reterr);
    for (size_t i = 0; code == JIG_OK && i < names.n; i++) {
        if (!jig_str_ends(names.v[i], ".json"))
            continue;
        free(d->json);
        d->json = jig_path_join(d->unpacked, names.v[i]);
        found++;
    }
    jig_strv_release(&names);
    if (code == JIG_OK && (found != 1 || !jig_fs_is_file(d->json)))
        code =
            jig_err_set(reterr, JIG_DATA_LOSS, "there are %zu .json files in it, not one", found);
    return code;
}

static enum jig_code unpack(struct download *d, struct jig_err *reterr)
{
    struct jig_archive_spec spec = {
        .path = d->temporary,
        .called = "the archive",
        .format = JIG_ARCHIVE_ANY,
        .dest = d->unpacked,
        .limits = {.entries = ARCHIVE_ENTRIES, .bytes = 2ull * JIG_INDEX_FILE_MAX}};
    enum jig_code code = jig_fs_remove_tree(d->unpacked, reterr);
    if (code == JIG_OK)
        code = jig_archive_extract(&spec, d->until, NULL, reterr);
    return code == JIG_OK ? find_json(d, reterr) : code;
}

/* A login page or a cut file is no index: what is there stays. */
static enum jig_code on_end(void *ctx, struct jig_err *reterr)
{
    struct download *d = ctx;
    struct jig_index *x = jig_index_new();
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = d->unpacked != NULL ? unpack(d, &err) : JIG_OK;
    const char *path = d->json != NULL ? d->json : d->temporary;
    if (code == JIG_OK)
        code = jig_index_read(x, path, &err);
    jig_index_free(x);
    if (code == JIG_OK)
        return JIG_OK;
    if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED) {
        if (reterr != NULL)
            *reterr = err;
        return code;
    }
    const char *why =
        jig_str_starts(err.message, path) ? err.message + strlen(path) + strlen(": ") : err.message;
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "what came is no package index: %s", why);
}

/* By what its URL's path ends in. */
static bool is_archive(const char *url)
{
    enum jig_archive_format format;
    JIG_CLEANUP_FREE char *path = jig_xstrndup(url, strcspn(url, "?#"));
    return jig_archive_format_by_name(path, &format);
}

static enum jig_code download(const struct jig_indexes_spec *spec, const char *url,
                              struct download *d, const struct meta *meta,
                              const struct jig_until *until, struct jig_fetch_result *ret,
                              struct jig_err *reterr)
{
    const char *temporary = d->temporary;
    uint64_t size;
    enum jig_code code = jig_file_open(temporary, 0644, &d->fd, &size, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_fetch_spec fetch = {
        .urls = &url,
        .n_urls = 1,
        .size = -1,
        .most = JIG_INDEX_FILE_MAX,
        .if_none_match = meta->etag[0] != '\0' ? meta->etag : NULL,
        .if_modified_since = meta->last_modified[0] != '\0' ? meta->last_modified : NULL,
        .sink = {.begin = on_begin, .write = on_write, .end = on_end, .ctx = d},
        .progress = spec->progress,
        .progress_ctx = spec->ctx,
    };
    code = jig_fetch(spec->fetcher, &fetch, until, ret, reterr);
    if (code == JIG_OK && !ret->not_modified)
        code = jig_file_seal(d->fd, temporary, 0644, jig_unix_ms() * JIG_NS_PER_MS, reterr);
    jig_cleanup_fd(&d->fd);
    return code;
}

static enum jig_code update_one(const struct jig_indexes_spec *spec, const char *url,
                                const struct jig_until *until, struct jig_index_update *u,
                                struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = path_of(spec->dir, url, ".json");
    JIG_CLEANUP_FREE char *meta_path = path_of(spec->dir, url, ".meta");
    JIG_CLEANUP_FREE char *temporary = path_of(spec->dir, url, ".part");
    JIG_CLEANUP_FREE char *unpacked = path_of(spec->dir, url, ".unpacked");
    struct meta meta = {0};
    struct jig_fetch_result result = {0};
    struct download d = {.temporary = temporary,
                         .fd = -1,
                         .unpacked = is_archive(url) ? unpacked : NULL,
                         .until = until};
    bool there = jig_fs_is_file(path);
    if (there && spec->only_missing) {
        u->state = JIG_INDEX_UNCHANGED;
        return JIG_OK;
    }
    if (there)
        read_meta(meta_path, url, &meta);
    enum jig_code code = download(spec, url, &d, &meta, until, &result, reterr);
    u->state = result.not_modified ? JIG_INDEX_UNCHANGED : JIG_INDEX_UPDATED;
    if (code == JIG_OK && !result.not_modified) {
        /* Without what the server said of it, the next update fetches it whole: never the other
         * way round. */
        code = jig_fs_remove_tree(meta_path, reterr);
        if (code == JIG_OK)
            code = jig_fs_rename(d.json != NULL ? d.json : temporary, path, reterr);
        if (code == JIG_OK)
            code = write_meta(meta_path, url, &result, reterr);
    }
    (void)!jig_fs_remove_tree(temporary, NULL);
    if (d.unpacked != NULL)
        (void)!jig_fs_remove_tree(d.unpacked, NULL);
    free(d.json);
    return code;
}

static int64_t size_of(const char *dir, const char *url)
{
    JIG_CLEANUP_FREE char *path = path_of(dir, url, ".json");
    struct jig_stamp stamp;
    return jig_fs_stamp(path, &stamp, NULL) == JIG_OK ? stamp.size : -1;
}

enum jig_code jig_indexes_update(const struct jig_indexes_spec *spec, const struct jig_until *until,
                                 struct jig_index_updates *ret, struct jig_err *reterr)
{
    struct jig_lock lock = JIG_LOCK_INIT;
    JIG_CLEANUP_FREE char *lock_path = jig_path_join(spec->dir, "update.lock");
    *ret = (struct jig_index_updates){0};
    enum jig_code first = jig_fs_mkdirs(spec->dir, 0700, reterr);
    if (first == JIG_OK)
        first = jig_lock_wait(&lock, lock_path, "packages update", until, reterr);
    if (first != JIG_OK)
        return first;
    ret->items = jig_xcalloc(spec->urls->n + 1, sizeof *ret->items);
    for (size_t i = 0; i < spec->urls->n; i++) {
        struct jig_index_update *u = &ret->items[ret->n++];
        u->url = jig_xstrdup(spec->urls->v[i]);
        enum jig_code code = update_one(spec, u->url, until, u, &u->err);
        u->size = size_of(spec->dir, u->url);
        if (code == JIG_OK)
            continue;
        u->state = JIG_INDEX_FAILED;
        if (first == JIG_OK && reterr != NULL)
            *reterr = u->err;
        if (first == JIG_OK)
            first = code;
        if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
            break;
    }
    jig_lock_release(&lock);
    return first;
}

enum jig_code jig_indexes_load(const char *dir, const struct jig_strv *urls, struct jig_index **ret,
                               struct jig_err *reterr)
{
    struct jig_index *x = jig_index_new();
    enum jig_code code = JIG_OK;
    size_t found = 0;
    for (size_t i = 0; code == JIG_OK && i < urls->n; i++) {
        JIG_CLEANUP_FREE char *path = path_of(dir, urls->v[i], ".json");
        if (!jig_fs_is_file(path))
            continue;
        found++;
        jig_index_source(x, urls->v[i]);
        code = jig_index_read(x, path, reterr);
    }
    if (code == JIG_OK && found == 0)
        code = jig_err_set(reterr, JIG_NOT_FOUND, "no package index has been fetched yet");
    if (code != JIG_OK) {
        jig_err_hint(reterr, "fetch the indexes: jig packages update");
        jig_index_free(x);
        return code;
    }
    jig_index_sort(x);
    *ret = x;
    return JIG_OK;
}
