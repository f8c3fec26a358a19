/* What is there and what was used of it: the tree's word, taken into the index. */
#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/blob/index.h"
#include "core/blob/manifest.h"
#include "core/blob/tree.h"
#include "core/os/cancel.h"
#include "core/os/fs.h"

#define MOST_IDS_BYTES (64u << 20)

/* A folder that went away meanwhile is empty. */
static enum jig_code list(const char *dir, struct jig_strv *out, struct jig_err *reterr)
{
    enum jig_code code = jig_fs_list(dir, out, reterr);
    if (code == JIG_NOT_FOUND || (code != JIG_OK && !jig_fs_is_dir(dir))) {
        jig_err_clear(reterr);
        return JIG_OK;
    }
    return code;
}

static enum jig_code each_in(const char *dir, const char *prefix, jig_blob_each_fn *each, void *ctx,
                             struct jig_err *reterr)
{
    struct jig_strv names = {0};
    enum jig_code code = list(dir, &names, reterr);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        struct jig_digest d = {0};
        char hex[JIG_SHA256_HEX] = "";
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        if (jig_digest_parse(names.v[i], &d))
            jig_digest_hex(&d, hex);
        code =
            each(ctx, path, &d, jig_streq(hex, names.v[i]) && jig_str_starts(hex, prefix), reterr);
    }
    jig_strv_release(&names);
    return code;
}

enum jig_code jig_blob_each(struct jig_cache *c, jig_blob_each_fn *each, void *ctx,
                            const struct jig_until *until, struct jig_err *reterr)
{
    struct jig_strv folders = {0};
    JIG_CLEANUP_FREE char *root = jig_cache_path(c, "blobs/sha256");
    enum jig_code code = list(root, &folders, reterr);
    for (size_t i = 0; i < folders.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *dir = jig_path_join(root, folders.v[i]);
        code = jig_until_check(until, reterr);
        if (code == JIG_OK && strlen(folders.v[i]) == 2)
            code = each_in(dir, folders.v[i], each, ctx, reterr);
    }
    jig_strv_release(&folders);
    return code;
}

struct trees {
    jig_tree_each_fn *each;
    void *ctx;
    const struct jig_until *until;
};

static enum jig_code each_version(const struct trees *t, const char *dir, enum jig_cache_kind kind,
                                  const char *name, struct jig_err *reterr)
{
    struct jig_strv versions = {0};
    enum jig_code code = list(dir, &versions, reterr);
    for (size_t i = 0; i < versions.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, versions.v[i]);
        JIG_CLEANUP_FREE char *file = jig_path_join(path, JIG_TREE_FILE);
        code = jig_until_check(t->until, reterr);
        if (code == JIG_OK && jig_tree_name_fits(versions.v[i]) && jig_fs_is_file(file))
            code = t->each(t->ctx, path, kind, name, versions.v[i], reterr);
    }
    jig_strv_release(&versions);
    return code;
}

static enum jig_code each_name(const struct trees *t, const char *root, enum jig_cache_kind kind,
                               struct jig_err *reterr)
{
    struct jig_strv names = {0};
    JIG_CLEANUP_FREE char *dir = jig_path_join(root, jig_cache_kind_name(kind));
    enum jig_code code = list(dir, &names, reterr);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        if (jig_tree_name_fits(names.v[i]))
            code = each_version(t, path, kind, names.v[i], reterr);
    }
    jig_strv_release(&names);
    return code;
}

enum jig_code jig_tree_each(struct jig_cache *c, jig_tree_each_fn *each, void *ctx,
                            const struct jig_until *until, struct jig_err *reterr)
{
    struct trees t = {each, ctx, until};
    JIG_CLEANUP_FREE char *root = jig_cache_path(c, "installed");
    enum jig_code code = JIG_OK;
    for (int kind = 0; kind < JIG_CACHE_KIND_COUNT && code == JIG_OK; kind++)
        code = each_name(&t, root, (enum jig_cache_kind)kind, reterr);
    return code;
}

/* An entry that goes away while we look is not there. */
static enum jig_code saw_blob(void *ctx, const char *path, const struct jig_digest *sha256,
                              bool fits, struct jig_err *reterr)
{
    struct jig_stamp s;
    struct jig_index_entry e = {.id = *sha256, .kind = JIG_CACHE_PACKAGES};
    if (!fits || jig_fs_stamp_link(path, &s, NULL) != JIG_OK || !S_ISREG(s.mode))
        return JIG_OK;
    if (!jig_blob_is_untouched(&s, &e.kind))
        jig_log(JIG_LOG_DEBUG, "blob.touched", "%s was touched", path);
    e.size_bytes = (uint64_t)s.size;
    e.used_ms = s.ctime_ns / JIG_NS_PER_MS;
    return jig_index_saw(ctx, &e, reterr);
}

static enum jig_code saw_tree(void *ctx, const char *path, enum jig_cache_kind kind,
                              const char *name, const char *version, struct jig_err *reterr)
{
    struct jig_stamp s;
    struct jig_index_entry e = {.id = jig_tree_id(kind, name, version),
                                .is_tree = true,
                                .kind = kind,
                                .name = (char *)name,
                                .version = (char *)version};
    if (jig_fs_stamp_link(path, &s, NULL) != JIG_OK)
        return JIG_OK;
    if (jig_manifest_size(path, &e.size_bytes, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "tree.damaged", "the list of files of %s cannot be read", path);
    e.used_ms = s.ctime_ns / JIG_NS_PER_MS;
    return jig_index_saw(ctx, &e, reterr);
}

/* One hold that ended: its ids, under the number that says when. */
static enum jig_code take_in(struct jig_index *x, const char *path, uint64_t sequence,
                             struct jig_err *reterr)
{
    static const struct jig_digest none;
    struct jig_mapping m;
    struct jig_stamp s;
    if (jig_fs_stamp_link(path, &s, NULL) != JIG_OK ||
        jig_mapping_read(&m, path, MOST_IDS_BYTES, NULL) != JIG_OK)
        return JIG_OK; /* another process took it in */
    enum jig_code code = JIG_OK;
    for (size_t at = 0; at + JIG_ID_BYTES <= m.size && code == JIG_OK; at += JIG_ID_BYTES) {
        struct jig_digest id;
        memcpy(id.bytes, m.data + at, JIG_ID_BYTES);
        if (jig_digest_equal(&id, &none))
            break;
        code = jig_index_used(x, &id, sequence, s.ctime_ns / JIG_NS_PER_MS, reterr);
    }
    jig_mapping_close(&m);
    return code;
}

static enum jig_code take_in_all(struct jig_index *x, const char *dir, const struct jig_strv *used,
                                 struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < used->n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, used->v[i]);
        char *end;
        uint64_t sequence = strtoull(used->v[i], &end, 16);
        if (strcmp(end, JIG_IDS_EXT) == 0)
            code = take_in(x, path, sequence, reterr);
    }
    return code;
}

/* Numbers begin anew when `control` was lost; what is used from now on is newer all the same. */
static enum jig_code raise_numbers(struct jig_cache *c, struct jig_index *x, struct jig_err *reterr)
{
    uint64_t last = 0;
    enum jig_code code = jig_index_last_sequence(x, &last, reterr);
    atomic_uint_least64_t *sequence = &jig_cache_control(c)->sequence;
    uint_least64_t now = atomic_load(sequence);
    while (code == JIG_OK && now < last && !atomic_compare_exchange_weak(sequence, &now, last))
        continue;
    return code;
}

static enum jig_code survey(struct jig_cache *c, struct jig_index *x, const struct jig_until *until,
                            struct jig_err *reterr)
{
    struct jig_strv used = {0};
    JIG_CLEANUP_FREE char *dir = jig_cache_path(c, "used");
    enum jig_code code = jig_index_begin(x, reterr);
    if (code == JIG_OK)
        code = raise_numbers(c, x, reterr);
    if (code == JIG_OK)
        code = list(dir, &used, reterr); /* first, so that what they used has been seen below */
    if (code == JIG_OK)
        code = jig_blob_each(c, saw_blob, x, until, reterr);
    if (code == JIG_OK)
        code = jig_tree_each(c, saw_tree, x, until, reterr);
    if (code == JIG_OK)
        code = take_in_all(x, dir, &used, reterr);
    if (code == JIG_OK)
        code = jig_index_end(x, reterr);
    for (size_t i = 0; i < used.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, used.v[i]);
        code = jig_fs_remove_tree(path, reterr);
    }
    if (code == JIG_OK)
        atomic_store(&jig_cache_control(c)->ended, 0);
    jig_strv_release(&used);
    return code;
}

static enum jig_code with_index(struct jig_cache *c, const char *path, jig_index_fn *fn, void *ctx,
                                const struct jig_until *until, struct jig_err *reterr)
{
    struct jig_index *x = NULL;
    enum jig_code code = jig_index_open(path, &x, reterr);
    if (code == JIG_OK)
        code = survey(c, x, until, reterr);
    if (code == JIG_OK)
        code = fn(x, ctx, reterr);
    jig_index_close(x);
    return code;
}

enum jig_code jig_cache_with_index(struct jig_cache *c, jig_index_fn *fn, void *ctx,
                                   const struct jig_until *until, struct jig_err *reterr)
{
    enum jig_code code = jig_cache_ready(c, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *path = jig_cache_path(c, "index.sqlite");
    code = with_index(c, path, fn, ctx, until, reterr);
    if (code != JIG_DATA_LOSS)
        return code;
    code = jig_index_remove(path, reterr);
    return code == JIG_OK ? with_index(c, path, fn, ctx, until, reterr) : code;
}
