#include "core/blob/blob.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/os/cancel.h"
#include "core/os/file.h"
#include "core/os/fs.h"

struct jig_blob_writer {
    struct jig_cache *cache;
    bool has_expected;
    struct jig_digest expected;
    char *path; /* tmp/<hex>.part, or tmp/<number>.part */
    char *lock_path;
    struct jig_lock lock;
    int fd;
    uint64_t written;
    struct jig_sha256 *hash;
};

char *jig_blob_path(const char *root, const struct jig_digest *sha256)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(sha256, hex);
    return jig_strf("%s/blobs/sha256/%.2s/%s", root, hex, hex);
}

static int64_t time_of(enum jig_cache_kind kind)
{
    return (JIG_BLOB_EPOCH_S + (int64_t)kind) * JIG_NS_PER_S;
}

bool jig_blob_is_untouched(const struct jig_stamp *s, enum jig_cache_kind *ret)
{
    int64_t kind = s->mtime_ns / JIG_NS_PER_S - JIG_BLOB_EPOCH_S;
    if (s->mtime_ns % JIG_NS_PER_S != 0 || kind < 0 || kind >= JIG_CACHE_KIND_COUNT)
        return false;
    *ret = (enum jig_cache_kind)kind;
    return true;
}

/* A blob that somebody else touched: is it still what it was? `own`: we may mend its time. */
static bool still_good(const char *path, const struct jig_digest *sha256, bool own)
{
    struct jig_digest now;
    if (jig_sha256_file(path, &now, NULL) != JIG_OK || !jig_digest_equal(&now, sha256))
        return false;
    if (own && (jig_fs_set_mode(path, 0444, NULL) != JIG_OK ||
                jig_fs_set_mtime(path, time_of(JIG_CACHE_PACKAGES), NULL) != JIG_OK))
        jig_log(JIG_LOG_DEBUG, "blob.time", "%s keeps a time of its own", path);
    return true;
}

static bool look(const char *path, const struct jig_digest *sha256, bool own, struct jig_blob *ret)
{
    struct jig_stamp s;
    enum jig_cache_kind kind;
    if (jig_fs_stamp_link(path, &s, NULL) != JIG_OK)
        return false;
    if (!S_ISREG(s.mode) || (!jig_blob_is_untouched(&s, &kind) && !still_good(path, sha256, own))) {
        if (own && jig_fs_remove_tree(path, NULL) != JIG_OK)
            jig_log(JIG_LOG_DEBUG, "blob.damaged", "%s is damaged and cannot be removed", path);
        return false;
    }
    ret->size_bytes = (uint64_t)s.size;
    return true;
}

static bool look_in_second(struct jig_cache *c, struct jig_hold *hold,
                           const struct jig_digest *sha256, struct jig_blob *ret)
{
    if (c->second == NULL)
        return false;
    JIG_CLEANUP_FREE char *path = jig_blob_path(c->second, sha256);
    if (!jig_fs_is_there(path))
        return false;
    if (!jig_hold_second(hold) || !look(path, sha256, false, ret))
        return false;
    ret->path = jig_steal(&path);
    return true;
}

enum jig_code jig_blob_find(struct jig_cache *c, struct jig_hold *hold,
                            const struct jig_digest *sha256, struct jig_blob *ret,
                            struct jig_err *reterr)
{
    struct jig_lock gate;
    struct jig_blob found = {0};
    enum jig_code code = jig_hold_enter(hold, sha256, &gate, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *path = jig_blob_path(c->root, sha256);
    if (look(path, sha256, true, &found))
        found.path = jig_steal(&path);
    jig_hold_leave(&gate);
    if (found.path == NULL && !look_in_second(c, hold, sha256, &found)) {
        char hex[JIG_SHA256_HEX];
        jig_digest_hex(sha256, hex);
        return jig_err_set(reterr, JIG_NOT_FOUND, "the cache has no blob with SHA-256 %s", hex);
    }
    *ret = found;
    return JIG_OK;
}

/* tmp/<hex> of an expected blob, tmp/<number> of another. */
static char *temporary(struct jig_cache *c, const struct jig_digest *expected)
{
    char name[4 + JIG_SHA256_HEX] = "tmp/";
    if (expected != NULL)
        jig_digest_hex(expected, name + 4);
    JIG_CLEANUP_FREE char *numbered =
        expected != NULL ? NULL : jig_strf("tmp/%016llx", (unsigned long long)jig_cache_number(c));
    return jig_cache_path(c, numbered != NULL ? numbered : name);
}

static void hash_more(void *ctx, const void *data, size_t n)
{
    struct jig_blob_writer *w = ctx;
    jig_sha256_update(w->hash, data, n);
    w->written += n;
}

/* False when the cache's folder was deleted: what has our names now may be another writer's. */
static bool owns_names(const struct jig_blob_writer *w)
{
    return jig_lock_is_current(&w->lock, w->lock_path);
}

static void writer_free(struct jig_blob_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    if (owns_names(w) && jig_fs_remove_tree(w->lock_path, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "blob.lock", "%s cannot be removed", w->lock_path);
    jig_lock_release(&w->lock);
    jig_sha256_free(w->hash);
    free(w->path);
    free(w->lock_path);
    free(w);
}

enum jig_code jig_blob_begin(struct jig_cache *c, const struct jig_digest *expected,
                             struct jig_blob_writer **ret, struct jig_err *reterr)
{
    enum jig_code code = jig_cache_ready(c, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *base = temporary(c, expected);
    struct jig_blob_writer *w = jig_new(struct jig_blob_writer);
    w->cache = c;
    w->has_expected = expected != NULL;
    if (expected != NULL)
        w->expected = *expected;
    w->fd = -1;
    w->lock = (struct jig_lock)JIG_LOCK_INIT;
    w->path = jig_strf("%s.part", base);
    w->lock_path = jig_strf("%s" JIG_LOCK_EXT, base);
    w->hash = jig_sha256_new();
    uint64_t size = 0;
    code = expected != NULL
               ? jig_lock_try(&w->lock, w->lock_path, "a download", reterr)
               : jig_lock_wait(&w->lock, w->lock_path, "a download", &JIG_UNTIL_FOREVER, reterr);
    if (code == JIG_OK && expected == NULL) /* numbers begin anew when `control` was lost */
        code = jig_fs_remove_tree(w->path, reterr);
    if (code == JIG_OK && jig_fs_is_there(w->path)) /* sealed, if somebody died right then */
        code = jig_fs_set_mode(w->path, 0600, reterr);
    if (code == JIG_OK)
        code = jig_file_open(w->path, 0600, &w->fd, &size, reterr);
    if (code == JIG_OK && size > 0)
        code = jig_fs_stream(w->path, hash_more, w, reterr);
    if (code == JIG_OK)
        *ret = w;
    else
        writer_free(w);
    return code;
}

enum jig_code jig_blob_wait(struct jig_cache *c, const struct jig_digest *expected,
                            const struct jig_until *until, struct jig_err *reterr)
{
    struct jig_lock lock = JIG_LOCK_INIT;
    enum jig_code code = jig_cache_ready(c, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *base = temporary(c, expected);
    JIG_CLEANUP_FREE char *path = jig_strf("%s" JIG_LOCK_EXT, base);
    if (!jig_fs_is_there(path))
        return JIG_OK;
    code = jig_lock_wait(&lock, path, "who waits for a download", until, reterr);
    if (code == JIG_OK)
        code = jig_fs_remove_tree(path, reterr);
    jig_lock_release(&lock);
    return code;
}

enum jig_code jig_blob_write(struct jig_blob_writer *w, const void *data, size_t n,
                             struct jig_err *reterr)
{
    enum jig_code code = jig_fd_write_all(w->fd, data, n, reterr);
    if (code != JIG_OK) {
        jig_err_prefix(reterr, "%s", w->path);
        return code;
    }
    hash_more(w, data, n);
    return JIG_OK;
}

uint64_t jig_blob_written(const struct jig_blob_writer *w)
{
    return w->written;
}

enum jig_code jig_blob_restart(struct jig_blob_writer *w, struct jig_err *reterr)
{
    enum jig_code code = jig_file_empty(w->fd, w->path, reterr);
    if (code == JIG_OK) {
        (void)jig_sha256_final(w->hash);
        w->written = 0;
    }
    return code;
}

static enum jig_code check(const struct jig_blob_writer *w, const struct jig_digest *is,
                           const struct jig_digest *expected, int64_t expected_size,
                           struct jig_err *reterr)
{
    char hex[JIG_SHA256_HEX], expected_hex[JIG_SHA256_HEX];
    if (expected_size >= 0 && w->written != (uint64_t)expected_size)
        return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                              "the size is %llu bytes where %lld were expected",
                              (unsigned long long)w->written, (long long)expected_size);
    if (expected == NULL || jig_digest_equal(is, expected))
        return JIG_OK;
    jig_digest_hex(is, hex);
    jig_digest_hex(expected, expected_hex);
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "the SHA-256 is %s where %s was expected", hex, expected_hex);
}

/* What stands there under the name is replaced: perhaps it is damaged. */
static enum jig_code publish(struct jig_blob_writer *w, struct jig_hold *hold,
                             enum jig_cache_kind kind, const struct jig_digest *is,
                             struct jig_blob *ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_blob_path(w->cache->root, is);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    struct jig_lock gate;
    enum jig_code code = jig_file_seal(w->fd, w->path, 0444, time_of(kind), reterr);
    if (code == JIG_OK)
        code = jig_cache_mkdirs(w->cache, dir, reterr);
    if (code == JIG_OK)
        code = jig_hold_enter(hold, is, &gate, reterr);
    if (code != JIG_OK)
        return code;
    code = owns_names(w) ? jig_fs_rename(w->path, path, reterr)
                         : jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                                       "the cache folder %s was deleted while it was written to",
                                       w->cache->root);
    jig_hold_leave(&gate);
    if (code != JIG_OK)
        return code;
    atomic_fetch_add(&jig_cache_control(w->cache)->added, w->written);
    *ret = (struct jig_blob){.path = jig_steal(&path), .size_bytes = w->written};
    return JIG_OK;
}

static enum jig_code commit(struct jig_blob_writer *w, struct jig_hold *hold,
                            enum jig_cache_kind kind, const struct jig_digest *expected,
                            int64_t expected_size, struct jig_digest *ret_sha256,
                            struct jig_blob *ret, struct jig_err *reterr)
{
    struct jig_digest is = jig_sha256_final(w->hash);
    if (expected == NULL && w->has_expected)
        expected = &w->expected;
    enum jig_code code = check(w, &is, expected, expected_size, reterr);
    if (code == JIG_OK)
        code = publish(w, hold, kind, &is, ret, reterr);
    if (code == JIG_OK && ret_sha256 != NULL)
        *ret_sha256 = is;
    if (code == JIG_OK)
        writer_free(w);
    else
        jig_blob_abort(w, false);
    return code;
}

enum jig_code jig_blob_commit(struct jig_blob_writer *w, struct jig_hold *hold,
                              enum jig_cache_kind kind, const struct jig_digest *expected_sha256,
                              int64_t expected_size, struct jig_blob *ret, struct jig_err *reterr)
{
    return commit(w, hold, kind, expected_sha256, expected_size, NULL, ret, reterr);
}

enum jig_code jig_blob_commit_any(struct jig_blob_writer *w, struct jig_hold *hold,
                                  enum jig_cache_kind kind, struct jig_digest *ret_sha256,
                                  struct jig_blob *ret, struct jig_err *reterr)
{
    return commit(w, hold, kind, NULL, -1, ret_sha256, ret, reterr);
}

void jig_blob_abort(struct jig_blob_writer *w, bool keep_partial)
{
    if (w == NULL)
        return;
    bool keep = keep_partial && w->has_expected && w->written > 0;
    if (!keep && owns_names(w) && jig_fs_remove_tree(w->path, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "blob.partial", "%s cannot be removed", w->path);
    writer_free(w);
}
