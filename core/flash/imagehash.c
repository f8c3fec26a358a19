#include "core/flash/imagehash.h"

#include <pthread.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/os/fs.h"

#define FORMAT  "jig image 1" /* what is hashed, and in which order */
#define KEY_MAX (JIG_IMAGE_MOST_PARTS * 8192)

struct memo {
    struct jig_digest hash;
    size_t n;
    struct jig_stamp stamps[]; /* of the parts */
};

struct jig_image_hashes {
    struct jig_files *files;
    size_t max_entries;
    pthread_mutex_t mu;
    struct jig_map memos;                /* guarded by mu; values are struct memo */
    struct jig_image_hashes_stats stats; /* guarded by mu */
};

/* ---- the hash ---- */

struct jig_digest jig_image_digest(const char *how, const struct jig_image_content *parts, size_t n)
{
    struct jig_image_content sorted[JIG_IMAGE_MOST_PARTS];
    size_t used = 0;
    for (size_t i = 0; i < n && i < JIG_IMAGE_MOST_PARTS; i++) {
        size_t at = used++;
        for (; at > 0 && sorted[at - 1].offset > parts[i].offset; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = parts[i];
    }
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, FORMAT);
    jig_sha256_string(h, how);
    jig_sha256_u64(h, used);
    for (size_t i = 0; i < used; i++) {
        jig_sha256_u64(h, sorted[i].offset);
        jig_sha256_update(h, sorted[i].sha256.bytes, sizeof sorted[i].sha256.bytes);
    }
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    return d;
}

/* ---- the memo ---- */

struct jig_image_hashes *jig_image_hashes_new(struct jig_files *files, size_t max_entries)
{
    struct jig_image_hashes *m = jig_new(struct jig_image_hashes);
    m->files = files;
    m->max_entries = max_entries;
    pthread_mutex_init(&m->mu, NULL);
    jig_map_init(&m->memos, free);
    return m;
}

void jig_image_hashes_free(struct jig_image_hashes *m)
{
    if (m == NULL)
        return;
    jig_map_release(&m->memos);
    pthread_mutex_destroy(&m->mu);
    free(m);
}

struct jig_image_hashes_stats jig_image_hashes_stats(struct jig_image_hashes *m)
{
    pthread_mutex_lock(&m->mu);
    struct jig_image_hashes_stats s = m->stats;
    s.entries = m->memos.count;
    pthread_mutex_unlock(&m->mu);
    return s;
}

/* Names and offsets. A path has no NUL, but may have anything else: its length goes before it. */
static enum jig_code make_key(const char *how, const struct jig_image_part *parts, size_t n,
                              struct jig_buf *key, struct jig_err *reterr)
{
    jig_buf_init(key, KEY_MAX);
    jig_buf_printf(key, "%zu:%s", strlen(how), how);
    for (size_t i = 0; i < n; i++)
        jig_buf_printf(key, "%llx:%zu:%s", (unsigned long long)parts[i].offset,
                       strlen(parts[i].path), parts[i].path);
    return jig_buf_check(key, "an image's names", reterr);
}

static bool recall(struct jig_image_hashes *m, const char *key, const struct jig_stamp *stamps,
                   size_t n, struct jig_digest *ret)
{
    pthread_mutex_lock(&m->mu);
    const struct memo *memo = jig_map_get(&m->memos, key);
    bool same = memo != NULL && memo->n == n;
    for (size_t i = 0; same && i < n; i++)
        same = jig_stamp_equal(&memo->stamps[i], &stamps[i]);
    m->stats.looks++;
    m->stats.hits += same;
    if (same)
        *ret = memo->hash;
    pthread_mutex_unlock(&m->mu);
    return same;
}

static void remember(struct jig_image_hashes *m, const char *key, const struct jig_stamp *stamps,
                     size_t n, const struct jig_digest *hash)
{
    struct memo *memo = jig_xcalloc(1, sizeof *memo + n * sizeof *memo->stamps);
    memo->hash = *hash;
    memo->n = n;
    memcpy(memo->stamps, stamps, n * sizeof *stamps);
    pthread_mutex_lock(&m->mu);
    if (m->memos.count >= m->max_entries) {
        jig_map_release(&m->memos);
        jig_map_init(&m->memos, free);
    }
    jig_map_set(&m->memos, key, memo);
    pthread_mutex_unlock(&m->mu);
}

static void forget(struct jig_image_hashes *m, const char *key)
{
    pthread_mutex_lock(&m->mu);
    jig_map_remove(&m->memos, key);
    pthread_mutex_unlock(&m->mu);
}

/* Reads every part, or knows what is in it. *ret_racy: a stamp cannot vouch for its content. */
static enum jig_code look(struct jig_image_hashes *m, const struct jig_image_part *parts, size_t n,
                          struct jig_image_content *out, struct jig_stamp *stamps, bool *ret_racy,
                          struct jig_err *reterr)
{
    *ret_racy = false;
    for (size_t i = 0; i < n; i++) {
        struct jig_file_content content;
        int64_t now = jig_stamp_clock_ns();
        enum jig_code code = jig_files_look(m->files, parts[i].path, &content, reterr);
        if (code == JIG_OK && content.is_dir)
            code = jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s is a folder, and no image",
                               parts[i].path);
        if (code != JIG_OK)
            return code;
        out[i] = (struct jig_image_content){parts[i].offset, content.sha256};
        stamps[i] = content.stamp;
        *ret_racy = *ret_racy || jig_stamp_is_racy(&content.stamp, now);
    }
    return JIG_OK;
}

static enum jig_code hash(struct jig_image_hashes *m, const char *key, const char *how,
                          const struct jig_image_part *parts, size_t n, struct jig_digest *ret,
                          struct jig_err *reterr)
{
    struct jig_stamp stamps[JIG_IMAGE_MOST_PARTS];
    struct jig_image_content contents[JIG_IMAGE_MOST_PARTS];
    for (size_t i = 0; i < n; i++) {
        enum jig_code code = jig_fs_stamp(parts[i].path, &stamps[i], reterr);
        if (code != JIG_OK)
            return code;
    }
    if (recall(m, key, stamps, n, ret))
        return JIG_OK;
    bool racy;
    enum jig_code code = look(m, parts, n, contents, stamps, &racy, reterr);
    if (code != JIG_OK)
        return code;
    *ret = jig_image_digest(how, contents, n);
    if (!racy)
        remember(m, key, stamps, n, ret);
    return JIG_OK;
}

enum jig_code jig_image_hash(struct jig_image_hashes *m, const char *how,
                             const struct jig_image_part *parts, size_t n, struct jig_digest *ret,
                             struct jig_err *reterr)
{
    if (n == 0 || n > JIG_IMAGE_MOST_PARTS)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "an image has 1 to %d parts, and not %zu",
                           JIG_IMAGE_MOST_PARTS, n);
    struct jig_buf key;
    enum jig_code code = make_key(how, parts, n, &key, reterr);
    if (code == JIG_OK) {
        code = hash(m, key.data, how, parts, n, ret, reterr);
        if (code != JIG_OK)
            forget(m, key.data);
    }
    jig_buf_release(&key);
    return code;
}
