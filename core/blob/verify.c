#include "core/blob/verify.h"

#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/blob/index.h"
#include "core/blob/manifest.h"
#include "core/blob/tree.h"
#include "core/os/file.h"
#include "core/os/fs.h"

struct checking {
    struct jig_cache *cache;
    const struct jig_verify_options *options;
    const struct jig_until *until;
    struct jig_verify_result result;
    uint64_t total_bytes;
};

/* Out of sight, unless somebody uses it. */
static enum jig_code repair(struct checking *k, const char *path, const struct jig_digest *id,
                            bool is_tree, enum jig_verify_state *ret, struct jig_err *reterr)
{
    struct jig_evict *e;
    JIG_CLEANUP_FREE char *aside = NULL;
    enum jig_code code = jig_evict_begin(k->cache, k->until, &e, reterr);
    if (code != JIG_OK)
        return code;
    if (jig_evict_holder(e, id) != NULL) {
        *ret = JIG_VERIFY_IN_USE;
    } else {
        code = is_tree ? jig_tree_put_aside(k->cache, path, &aside, reterr)
                       : jig_fs_remove_tree(path, reterr);
        *ret = JIG_VERIFY_REMOVED;
        k->result.removed++;
    }
    jig_evict_end(e);
    if (code == JIG_OK && aside != NULL)
        code = jig_fs_remove_tree(aside, reterr);
    return code;
}

static enum jig_code report(struct checking *k, const char *path, const struct jig_digest *id,
                            bool is_tree, const char *problem, struct jig_err *reterr)
{
    struct jig_verify_finding finding = {path, problem, JIG_VERIFY_DAMAGED};
    enum jig_code code = JIG_OK;
    k->result.damaged++;
    if (k->options->repair)
        code = repair(k, path, id, is_tree, &finding.state, reterr);
    if (code == JIG_OK && k->options->found != NULL && k->result.damaged <= JIG_VERIFY_LISTED)
        k->options->found(k->options->ctx, &finding);
    return code;
}

static void advance(struct checking *k, uint64_t bytes)
{
    k->result.bytes += bytes;
    if (k->options->progress != NULL)
        k->options->progress(k->options->ctx, k->result.bytes,
                             k->result.bytes > k->total_bytes ? k->result.bytes : k->total_bytes);
}

/* A good one that was touched gets its time back, so that it need not be hashed when it is found.
 */
static enum jig_code mend(const char *path, const struct jig_stamp *s, struct jig_err *reterr)
{
    enum jig_cache_kind kind;
    enum jig_code code = JIG_OK;
    if ((s->mode & 07777) != 0444)
        code = jig_fs_set_mode(path, 0444, reterr);
    if (code == JIG_OK && !jig_blob_is_untouched(s, &kind))
        code = jig_fs_set_mtime(path, JIG_BLOB_EPOCH_S * JIG_NS_PER_S, reterr);
    return code;
}

static enum jig_code check_blob(void *ctx, const char *path, const struct jig_digest *sha256,
                                bool fits, struct jig_err *reterr)
{
    struct checking *k = ctx;
    struct jig_stamp s;
    struct jig_digest is;
    enum jig_code code = jig_until_check(k->until, reterr);
    if (code != JIG_OK || jig_fs_stamp_link(path, &s, NULL) != JIG_OK)
        return code;
    k->result.blobs++;
    if (!fits || !S_ISREG(s.mode))
        return report(k, path, sha256, false, "it does not belong there", reterr);
    code = jig_sha256_file(path, &is, NULL);
    advance(k, (uint64_t)s.size);
    if (code == JIG_OK && jig_digest_equal(&is, sha256))
        return k->options->repair ? mend(path, &s, reterr) : JIG_OK;
    if (code == JIG_NOT_FOUND) /* removed meanwhile */
        return JIG_OK;
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&is, hex);
    JIG_CLEANUP_FREE char *problem =
        code == JIG_OK ? jig_strf("its SHA-256 is %s", hex) : jig_xstrdup("it cannot be read");
    return report(k, path, sha256, false, problem, reterr);
}

static enum jig_code check_tree(void *ctx, const char *path, enum jig_cache_kind kind,
                                const char *name, const char *version, struct jig_err *reterr)
{
    struct checking *k = ctx;
    struct jig_strv wrong = {0};
    uint64_t bytes = 0;
    struct jig_digest id = jig_tree_id(kind, name, version);
    k->result.trees++;
    enum jig_code code = jig_manifest_size(path, &bytes, NULL);
    if (code == JIG_OK)
        code = jig_manifest_check(path, &wrong, NULL);
    advance(k, bytes);
    if (code != JIG_OK && !jig_fs_is_there(path)) /* removed meanwhile */
        code = JIG_OK;
    else if (code != JIG_OK)
        code = report(k, path, &id, true, "its list of files cannot be read", reterr);
    else if (wrong.n > 0) {
        JIG_CLEANUP_FREE char *problem = jig_strv_join(&wrong, "; ");
        code = report(k, path, &id, true, problem, reterr);
    }
    jig_strv_release(&wrong);
    return code;
}

static enum jig_code sum_up(struct jig_index *x, void *ctx, struct jig_err *reterr)
{
    struct jig_index_sum sums[2][JIG_CACHE_KIND_COUNT];
    uint64_t *total = ctx;
    enum jig_code code = jig_index_sums(x, sums, reterr);
    *total = 0;
    for (int kind = 0; kind < JIG_CACHE_KIND_COUNT && code == JIG_OK; kind++)
        *total += sums[0][kind].bytes + sums[1][kind].bytes;
    return code;
}

enum jig_code jig_cache_verify(struct jig_cache *c, const struct jig_verify_options *options,
                               const struct jig_until *until, struct jig_verify_result *ret,
                               struct jig_err *reterr)
{
    struct checking k = {.cache = c, .options = options, .until = until};
    enum jig_code code = jig_cache_ready(c, reterr);
    if (code == JIG_OK)
        code = jig_cache_with_index(c, sum_up, &k.total_bytes, until, reterr);
    if (code == JIG_OK)
        code = jig_blob_each(c, check_blob, &k, until, reterr);
    if (code == JIG_OK)
        code = jig_tree_each(c, check_tree, &k, until, reterr);
    if (code == JIG_OK && options->repair) /* what was removed is forgotten */
        code = jig_cache_with_index(c, sum_up, &k.total_bytes, until, reterr);
    if (code == JIG_OK)
        *ret = k.result;
    return code;
}
