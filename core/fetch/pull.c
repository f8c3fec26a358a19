#include "core/fetch/pull.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/fetcher_impl.h"
#include "core/fetch/flight.h"
#include "core/fetch/remote.h"

/* A blob that is being downloaded: the sink's context. */
struct download {
    struct jig_cache *cache;
    struct jig_hold *hold;
    const struct jig_want *want;
    bool any; /* no hash is known */
    struct jig_blob_writer *writer;
    struct jig_blob blob;
    struct jig_digest sha256;
    jig_pull_progress_fn *progress;
    void *progress_ctx;
    struct jig_fetcher *fetcher;
    struct jig_flight *flight; /* whose followers are told, too; NULL */
    bool remote;               /* the remote cache gave it, */
    const char *url;           /* or this one; NULL: not known */
};

static enum jig_code begin_writer(struct download *d, struct jig_err *reterr)
{
    return jig_blob_begin(d->cache, d->any ? NULL : &d->want->sha256, &d->writer, reterr);
}

static enum jig_code begin(void *ctx, uint64_t offset, struct jig_err *reterr)
{
    struct download *d = ctx;
    if (d->writer == NULL) { /* the one before turned out wrong */
        enum jig_code code = begin_writer(d, reterr);
        if (code != JIG_OK)
            return code;
    }
    if (offset == jig_blob_written(d->writer))
        return JIG_OK;
    if (offset == 0)
        return jig_blob_restart(d->writer, reterr);
    return jig_err_set(reterr, JIG_ABORTED, "the download's beginning went away");
}

static enum jig_code write_some(void *ctx, const void *data, size_t n, struct jig_err *reterr)
{
    struct download *d = ctx;
    return jig_blob_write(d->writer, data, n, reterr);
}

static enum jig_code end(void *ctx, struct jig_err *reterr)
{
    struct download *d = ctx;
    struct jig_blob_writer *w = jig_steal(&d->writer);
    if (d->any)
        return jig_blob_commit_any(w, d->hold, d->want->kind, &d->sha256, &d->blob, reterr);
    return jig_blob_commit(w, d->hold, d->want->kind, &d->want->sha256, d->want->size, &d->blob,
                           reterr);
}

static void tell(void *ctx, const struct jig_fetch_progress *p)
{
    struct download *d = ctx;
    if (d->flight != NULL)
        jig_flight_tell(d->fetcher, d->flight, p);
    if (d->progress != NULL)
        d->progress(d->progress_ctx, p);
}

static struct jig_fetch_spec spec_of(struct download *d)
{
    return (struct jig_fetch_spec){
        .urls = d->want->urls,
        .n_urls = d->want->n_urls,
        .size = d->want->size,
        .most = d->want->most,
        .have = d->writer == NULL ? 0 : jig_blob_written(d->writer),
        .sink = {.begin = begin, .write = write_some, .end = end, .ctx = d},
        .progress = tell,
        .progress_ctx = d,
        .outages = d->want->outages,
    };
}

/* From the remote cache, if there is one and it has it. Nobody hears of its failures but those that
 * are not its own. */
static enum jig_code run_remote(struct download *d, const struct jig_until *until,
                                struct jig_err *reterr)
{
    struct jig_remote *remote = d->fetcher->remote;
    if (remote == NULL || d->any)
        return jig_err_set(reterr, JIG_NOT_FOUND, "there is no remote cache");
    struct jig_fetch_spec spec = spec_of(d);
    enum jig_code code = jig_remote_fetch(remote, &d->want->sha256, &spec, until, reterr);
    if (code != JIG_OK && code != JIG_NOT_FOUND)
        jig_log(JIG_LOG_DEBUG, "remote.not_fetched", "%s",
                reterr == NULL ? jig_code_lower_name(code) : reterr->message);
    return code;
}

static enum jig_code run(struct download *d, const struct jig_until *until, struct jig_err *reterr)
{
    enum jig_code code = run_remote(d, until, reterr);
    d->remote = code == JIG_OK;
    if (code != JIG_OK && code != JIG_CANCELLED && code != JIG_DEADLINE_EXCEEDED &&
        d->want->n_urls > 0) {
        struct jig_fetch_spec spec = spec_of(d);
        struct jig_fetch_result result;
        code = jig_fetch(d->fetcher, &spec, until, &result, reterr);
        if (code == JIG_OK && result.received > 0)
            d->url = d->want->urls[result.url];
        if (code == JIG_OK && d->fetcher->remote != NULL)
            jig_remote_send_later(d->fetcher->remote, d->cache,
                                  d->any ? &d->sha256 : &d->want->sha256);
    }
    /* On a full disk a part is in the way. The writer is NULL once it has ended. */
    jig_blob_abort(d->writer, code != JIG_DATA_LOSS && code != JIG_RESOURCE_EXHAUSTED);
    return code;
}

/* ---------------------------------------------------------------------------- of a known hash */

static enum jig_code find(struct jig_cache *cache, struct jig_hold *hold,
                          const struct jig_want *want, struct jig_blob *ret, struct jig_err *reterr)
{
    enum jig_code code = jig_blob_find(cache, hold, &want->sha256, ret, reterr);
    if (code != JIG_OK || want->size < 0 || ret->size_bytes == (uint64_t)want->size)
        return code;
    code =
        jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                       "what has this hash has %" PRIu64 " bytes where %" PRId64 " were expected",
                       ret->size_bytes, want->size);
    free(ret->path);
    return code;
}

static enum jig_code lead(struct download *d, const struct jig_until *until, struct jig_pulled *ret,
                          struct jig_err *reterr)
{
    enum jig_code code = begin_writer(d, reterr);
    if (code != JIG_OK)
        return code;
    /* Somebody may have ended between our look and our lock. */
    code = find(d->cache, d->hold, d->want, &ret->blob, reterr);
    ret->fetched = true;
    if (code != JIG_NOT_FOUND) {
        jig_blob_abort(jig_steal(&d->writer), false);
        return code;
    }
    code = run(d, until, reterr);
    if (code == JIG_OK)
        *ret = (struct jig_pulled){
            .blob = d->blob, .fetched = true, .remote = d->remote, .url = d->url};
    return code;
}

/* Once through the picture in pull.h. `waited` is what is known of another one's download that we
 * waited for. *ret_over says whether that was all. */
static enum jig_code try_pull(struct download *d, struct jig_pulled *waited,
                              const struct jig_until *until, struct jig_pulled *ret, bool *ret_over,
                              struct jig_err *err)
{
    *ret_over = true;
    *ret = *waited;
    enum jig_code code = find(d->cache, d->hold, d->want, &ret->blob, err);
    if (code != JIG_NOT_FOUND || (d->want->n_urls == 0 && d->fetcher->remote == NULL))
        return code;
    bool leads;
    d->flight = jig_flight_join(d->fetcher, d->cache, d->want, &leads);
    if (!leads) {
        bool alike;
        code = jig_flight_follow(d->fetcher, d->flight, d->want, d->progress, d->progress_ctx,
                                 until, &alike, waited, err);
        jig_flight_leave(d->fetcher, jig_steal(&d->flight));
        *ret_over = code != JIG_OK && alike;
        return code;
    }
    *ret = (struct jig_pulled){0};
    code = lead(d, until, ret, err);
    bool busy = code == JIG_ABORTED && err->reason == JIG_REASON_BUSY;
    jig_flight_end(d->fetcher, jig_steal(&d->flight), code, busy, d->want, ret, err);
    if (busy)
        code = jig_blob_wait(d->cache, &d->want->sha256, until, err);
    *ret_over = !busy || code != JIG_OK;
    return code;
}

enum jig_code jig_pull(struct jig_fetcher *f, struct jig_cache *cache, struct jig_hold *hold,
                       const struct jig_want *want, jig_pull_progress_fn *progress, void *ctx,
                       const struct jig_until *until, struct jig_pulled *ret,
                       struct jig_err *reterr)
{
    struct jig_pulled waited = {0};
    for (;; waited.fetched = true) {
        struct download d = {.cache = cache,
                             .hold = hold,
                             .want = want,
                             .progress = progress,
                             .progress_ctx = ctx,
                             .fetcher = f};
        struct jig_pulled pulled = {0};
        struct jig_err err = JIG_ERR_INIT;
        bool over;
        enum jig_code code = try_pull(&d, &waited, until, &pulled, &over, &err);
        if (over && code == JIG_OK)
            *ret = pulled;
        else if (over && reterr != NULL)
            *reterr = err;
        if (over)
            return code;
    }
}

/* -------------------------------------------------------------------------- of no known hash */

enum jig_code jig_pull_any(struct jig_fetcher *f, struct jig_cache *cache, struct jig_hold *hold,
                           const struct jig_want *want, jig_pull_progress_fn *progress, void *ctx,
                           const struct jig_until *until, struct jig_digest *ret_sha256,
                           struct jig_pulled *ret, struct jig_err *reterr)
{
    struct download d = {.cache = cache,
                         .hold = hold,
                         .want = want,
                         .any = true,
                         .progress = progress,
                         .progress_ctx = ctx,
                         .fetcher = f};
    enum jig_code code = begin_writer(&d, reterr);
    if (code == JIG_OK)
        code = run(&d, until, reterr);
    if (code != JIG_OK)
        return code;
    *ret_sha256 = d.sha256;
    *ret = (struct jig_pulled){.blob = d.blob, .fetched = true, .url = d.url};
    return JIG_OK;
}

/* ---------------------------------------------------------------------------------- proving it */

struct proof {
    const struct jig_want *want;
    struct jig_sha256 *hash;
};

static enum jig_code begin_proof(void *ctx, uint64_t offset, struct jig_err *reterr)
{
    struct proof *p = ctx;
    (void)reterr;
    if (offset == 0)
        (void)jig_sha256_final(p->hash);
    return JIG_OK;
}

static enum jig_code hash_some(void *ctx, const void *data, size_t n, struct jig_err *reterr)
{
    struct proof *p = ctx;
    (void)reterr;
    jig_sha256_update(p->hash, data, n);
    return JIG_OK;
}

static enum jig_code end_proof(void *ctx, struct jig_err *reterr)
{
    struct proof *p = ctx;
    char is_hex[JIG_SHA256_HEX];
    char expected_hex[JIG_SHA256_HEX];
    struct jig_digest is = jig_sha256_final(p->hash);
    if (jig_digest_equal(&is, &p->want->sha256))
        return JIG_OK;
    jig_digest_hex(&is, is_hex);
    jig_digest_hex(&p->want->sha256, expected_hex);
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "the SHA-256 is %s where %s was expected", is_hex, expected_hex);
}

enum jig_code jig_pull_prove(struct jig_fetcher *f, const struct jig_want *want,
                             jig_pull_progress_fn *progress, void *ctx,
                             const struct jig_until *until, struct jig_err *reterr)
{
    struct proof p = {.want = want, .hash = jig_sha256_new()};
    struct jig_fetch_spec spec = {
        .urls = want->urls,
        .n_urls = want->n_urls > 1 ? 1 : want->n_urls,
        .size = want->size,
        .most = want->most,
        .sink = {.begin = begin_proof, .write = hash_some, .end = end_proof, .ctx = &p},
        .progress = progress,
        .progress_ctx = ctx,
        .outages = want->outages,
    };
    enum jig_code code = jig_fetch(f, &spec, until, NULL, reterr);
    jig_sha256_free(p.hash);
    return code;
}
