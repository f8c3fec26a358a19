/* /jig.v1.CacheService/StartCollection */
#include "core/base/mem.h"
#include "service/caching.h"
#include "service/handlers/handlers.h"
#include "service/wire/operation.h"

struct work {
    struct jig_caching *caching;
    bool all;
    bool dry_run;
};

static Jig__V1__CacheShare share_of(const struct jig_gc_share *s)
{
    Jig__V1__CacheShare m = JIG__V1__CACHE_SHARE__INIT;
    m.entries = (int64_t)s->entries;
    m.size_bytes = (int64_t)s->bytes;
    m.removed = (int64_t)s->removed;
    m.removed_bytes = (int64_t)s->removed_bytes;
    m.in_use = (int64_t)s->in_use;
    m.pinned = (int64_t)s->pinned;
    return m;
}

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    struct jig_until until = jig_operation_until(op);
    struct jig_gc_options options = jig_caching_budgets(w->caching);
    struct jig_gc_result result;
    options.all = w->all;
    options.dry_run = w->dry_run;
    enum jig_code code = jig_caching_collect(w->caching, &options, &until, &result, reterr);
    if (code != JIG_OK)
        return code;
    Jig__V1__CacheShare archives = share_of(&result.archives);
    Jig__V1__CacheShare installed = share_of(&result.installed);
    Jig__V1__CacheShare objects = share_of(&result.objects);
    Jig__V1__CacheCollection collection = JIG__V1__CACHE_COLLECTION__INIT;
    Jig__V1__CacheResult message = JIG__V1__CACHE_RESULT__INIT;
    collection.dry_run = w->dry_run;
    collection.archives = &archives;
    collection.installed = &installed;
    collection.objects = &objects;
    collection.leftovers = (int64_t)result.leftovers;
    message.collection = &collection;
    jig_wire_set_cache(op, &message);
    return JIG_OK;
}

void jig_handle_cache_collect(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartCollectionRequest *request = jig_call_request(call);
    struct work *w = jig_new(struct work);
    struct jig_err err = JIG_ERR_INIT;
    *w = (struct work){env->caching, request->all, request->dry_run};
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_CACHE,
                                      .subject = "collection",
                                      .wait_ms = request->wait_ms,
                                      .run = run,
                                      .ctx = w,
                                      .free_ctx = free};
    jig_start_or_fail(env, call, &spec, request->tie, JIG_OK, &err, NULL);
}
