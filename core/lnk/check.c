/*
 * check.c - how a project's pointers stand, changing nothing. See pull.h.
 */
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lnk/pull.h"
#include "core/os/fs.h"

static void fail(struct jig_lnk_verdict *v, enum jig_lnk_outcome outcome, const struct jig_err *err)
{
    v->outcome = outcome;
    v->err = jig_new(struct jig_err);
    *v->err = *err;
}

static enum jig_code compare(const char *path, const struct jig_lnk_item *item,
                             struct jig_err *reterr)
{
    char want[JIG_SHA256_HEX], have[JIG_SHA256_HEX];
    struct jig_digest now;
    enum jig_code code = jig_sha256_file(path, &now, reterr);
    if (code != JIG_OK || jig_digest_equal(&now, &item->row->sha256))
        return code;
    jig_digest_hex(&item->row->sha256, want);
    jig_digest_hex(&now, have);
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "%s: %s has the SHA-256 %s, not %s", item->path, path, have, want);
}

/* All that there is of it, read. */
static enum jig_code compare_all(const struct jig_lnk_item *item, const struct jig_blob *blob,
                                 struct jig_err *reterr)
{
    enum jig_code code = blob->path != NULL ? compare(blob->path, item, reterr) : JIG_OK;
    if (code == JIG_DATA_LOSS)
        jig_err_hint(reterr,
                     "jig cache verify --repair removes it, and jig lnk pull fetches it anew");
    if (code != JIG_OK || !item->holds || item->row->extract != JIG_POINTER_FILE)
        return code;
    code = compare(item->made, item, reterr);
    if (code == JIG_DATA_LOSS)
        jig_err_hint(reterr, "remove it; jig lnk pull makes it anew");
    return code;
}

/* Whether nobody has seen its URL give its hash. It is read for that, unless the row knows. */
static enum jig_code look_for_proof(const struct jig_lnk_pull_spec *spec,
                                    const struct jig_lnk_look *look, struct jig_lnk_item *item,
                                    bool *ret_unproven, struct jig_err *reterr)
{
    *ret_unproven = false;
    if (item->row->proof == JIG_LNK_PROVEN)
        return JIG_OK;
    enum jig_code code = jig_lnk_item_read(look, item, reterr);
    if (code == JIG_OK)
        *ret_unproven = !jig_ledger_has(spec->ledger, item->pointer.url, &item->row->sha256);
    return code;
}

static void check_item(const struct jig_lnk_pull_spec *spec, bool deep,
                       const struct jig_lnk_look *look, struct jig_lnk_item *item,
                       struct jig_lnk_verdict *v)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_blob blob = {0};
    bool unproven;
    enum jig_code code = look_for_proof(spec, look, item, &unproven, &err);
    v->sha256 = item->row->sha256;
    v->size = item->row->size;
    if (code != JIG_OK) {
        fail(v, err.reason == JIG_REASON_BAD_PROJECT ? JIG_LNK_INVALID : JIG_LNK_FAILED, &err);
        return;
    }
    if (!item->holds || deep) {
        code = jig_blob_find(spec->cache, spec->hold, &item->row->sha256, &blob, &err);
        if (code == JIG_NOT_FOUND && item->holds)
            code = JIG_OK; /* what is in its place will do */
    }
    if (code == JIG_OK && item->is_read && item->pointer.size >= 0 && blob.path != NULL &&
        (uint64_t)item->pointer.size != blob.size_bytes)
        code =
            jig_err_reason(&err, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                           "%s says 'size' %lld, but what has its hash has %llu bytes", item->path,
                           (long long)item->pointer.size, (unsigned long long)blob.size_bytes);
    if (code == JIG_OK && deep)
        code = compare_all(item, &blob, &err);
    if (code == JIG_NOT_FOUND) {
        jig_err_set(&err, JIG_NOT_FOUND, "the content of %s is not here", item->path);
        jig_err_hint(&err, "jig lnk pull fetches it");
        fail(v, JIG_LNK_MISSING, &err);
    } else if (code == JIG_DATA_LOSS) {
        fail(v, JIG_LNK_MISMATCH, &err);
    } else if (code != JIG_OK) {
        fail(v, JIG_LNK_FAILED, &err);
    } else {
        v->outcome = JIG_LNK_OK;
        v->unproven = unproven;
        if (item->holds)
            v->materialized = jig_xstrdup(item->made);
        if (v->size < 0 && blob.path != NULL)
            v->size = (int64_t)blob.size_bytes;
    }
    free(blob.path);
}

/* The worst first: what is wrong before what is not there. */
static int weight(const struct jig_lnk_verdict *v)
{
    switch (v->outcome) {
    case JIG_LNK_MISMATCH:
        return 4;
    case JIG_LNK_INVALID:
        return 3;
    case JIG_LNK_FAILED:
        return 2;
    case JIG_LNK_MISSING:
        return 1;
    default:
        return 0;
    }
}

static enum jig_code judge(const struct jig_lnk_report *r, struct jig_err *reterr)
{
    const struct jig_lnk_verdict *worst = NULL;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        n += weight(&r->items[i]) > 0;
        if (weight(&r->items[i]) > (worst != NULL ? weight(worst) : 0))
            worst = &r->items[i];
    }
    if (worst == NULL)
        return JIG_OK;
    const struct jig_err *e = worst->err;
    if (n == 1)
        jig_err_reason(reterr, e->code, e->reason, "%s", e->message);
    else
        jig_err_reason(reterr, e->code, e->reason, "%s; %zu more pointers are not well", e->message,
                       n - 1);
    if (e->hint[0] != '\0')
        jig_err_hint(reterr, "%s", e->hint);
    return e->code;
}

enum jig_code jig_lnk_check(const struct jig_lnk_pull_spec *spec, bool deep,
                            struct jig_lnk_report *ret, struct jig_err *reterr)
{
    struct jig_lnk_look look = {0};
    *ret = (struct jig_lnk_report){0};
    enum jig_code code = jig_lnk_look(spec->root, spec->base, &look, reterr);
    if (code != JIG_OK)
        return code;
    ret->items = jig_xcalloc(look.n, sizeof *ret->items);
    for (size_t i = 0; code == JIG_OK && i < look.n; i++) {
        struct jig_lnk_verdict *v = &ret->items[ret->n++];
        struct jig_lnk_item *item = &look.items[i];
        v->path = jig_xstrdup(item->path);
        v->is_known = item->err == NULL;
        v->size = -1;
        if (item->err != NULL)
            fail(v, JIG_LNK_INVALID, item->err);
        else
            check_item(spec, deep, &look, item, v);
        code = jig_until_check(&spec->until, reterr);
    }
    ret->as_was = code == JIG_OK && !deep && !look.changed;
    for (size_t i = 0; i < look.n; i++)
        ret->as_was =
            ret->as_was && look.items[i].holds && look.items[i].row->proof == JIG_LNK_PROVEN;
    jig_lnk_look_release(&look);
    return code == JIG_OK ? judge(ret, reterr) : code;
}
