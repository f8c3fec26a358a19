/* /jig.v1.CacheService/StartVerification */
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/blob/verify.h"
#include "core/os/time.h"
#include "service/caching.h"
#include "service/handlers/handlers.h"
#include "service/wire/operation.h"

#define PROGRESS_NS (200 * JIG_NS_PER_MS)

struct work {
    struct jig_caching *caching;
    bool repair;
    /* run()'s */
    struct jig_operation *op;
    int64_t told_ns;
    Jig__V1__CacheFinding *findings;
    size_t n;
    size_t cap;
};

static void free_work(void *ctx)
{
    struct work *w = ctx;
    for (size_t i = 0; i < w->n; i++) {
        free(w->findings[i].path);
        free(w->findings[i].problem);
    }
    free(w->findings);
    free(w);
}

static void found(void *ctx, const struct jig_verify_finding *finding)
{
    static const char *const words[] = {[JIG_VERIFY_DAMAGED] = "",
                                        [JIG_VERIFY_REMOVED] = "; it was removed",
                                        [JIG_VERIFY_IN_USE] = "; it is in use and stays"};
    struct work *w = ctx;
    w->findings = jig_grow(w->findings, &w->cap, w->n, sizeof *w->findings);
    Jig__V1__CacheFinding *m = &w->findings[w->n++];
    jig__v1__cache_finding__init(m);
    m->path = jig_xstrdup(finding->path);
    m->problem = jig_xstrdup(finding->problem);
    m->state = (Jig__V1__CacheFinding__State)finding->state;
    jig_operation_notice(w->op, "cache.damaged", JIG_EVENT_WARNING, "%s is damaged: %s%s",
                         finding->path, finding->problem, words[finding->state]);
}

static void progress(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
    struct work *w = ctx;
    int64_t now_ns = jig_now_ns();
    if (now_ns - w->told_ns < PROGRESS_NS)
        return;
    w->told_ns = now_ns;
    struct jig_progress_event event = {
        .phase = "verify",
        .percent = total_bytes > 0 ? (uint32_t)((double)done_bytes * 100 / (double)total_bytes) : 0,
        .done_bytes = (int64_t)done_bytes,
        .total_bytes = (int64_t)total_bytes};
    jig_operation_progress(w->op, &event);
}

static void set_result(struct work *w, const struct jig_verify_result *result)
{
    Jig__V1__CacheVerification verification = JIG__V1__CACHE_VERIFICATION__INIT;
    Jig__V1__CacheResult message = JIG__V1__CACHE_RESULT__INIT;
    Jig__V1__CacheFinding **pointers = jig_xcalloc(w->n + 1, sizeof *pointers);
    for (size_t i = 0; i < w->n; i++)
        pointers[i] = &w->findings[i];
    verification.blobs = (int64_t)result->blobs;
    verification.trees = (int64_t)result->trees;
    verification.size_bytes = (int64_t)result->bytes;
    verification.damaged = (int64_t)result->damaged;
    verification.removed = (int64_t)result->removed;
    verification.n_findings = w->n;
    verification.findings = pointers;
    message.verification = &verification;
    jig_wire_set_cache(w->op, &message);
    free(pointers);
}

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    struct jig_until until = jig_operation_until(op);
    struct jig_verify_options options = {
        .repair = w->repair, .found = found, .progress = progress, .ctx = w};
    struct jig_verify_result result;
    w->op = op;
    enum jig_code code =
        jig_cache_verify(jig_caching_cache(w->caching), &options, &until, &result, reterr);
    if (code != JIG_OK)
        return code;
    set_result(w, &result);
    if (result.damaged == result.removed)
        return JIG_OK;
    jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                   "%llu of %llu entries of the cache are damaged",
                   (unsigned long long)(result.damaged - result.removed),
                   (unsigned long long)(result.blobs + result.trees));
    jig_err_hint(reterr, w->repair
                             ? "they are in use: repair again when nothing runs"
                             : "with --repair they are removed, and fetched anew when needed");
    return JIG_DATA_LOSS;
}

void jig_handle_cache_verify(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartVerificationRequest *request = jig_call_request(call);
    struct work *w = jig_new(struct work);
    struct jig_err err = JIG_ERR_INIT;
    w->caching = env->caching;
    w->repair = request->repair;
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_CACHE,
                                      .subject = request->repair ? "repair" : "verification",
                                      .wait_ms = request->wait_ms,
                                      .run = run,
                                      .ctx = w,
                                      .free_ctx = free_work};
    jig_start_or_fail(env, call, &spec, request->tie, JIG_OK, &err, NULL);
}
