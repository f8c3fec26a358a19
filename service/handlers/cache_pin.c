/* /jig.v1.CacheService/SetPin */
#include "core/blob/pin.h"
#include "service/caching.h"
#include "service/handlers/handlers.h"

/* In a thread that may block. */
static void set(struct jig_call *call, void *ctx)
{
    const Jig__V1__SetPinRequest *request = jig_call_request(call);
    static const Jig__V1__SetPinResponse done = JIG__V1__SET_PIN_RESPONSE__INIT;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code =
        jig_pin_entry(jig_caching_cache(ctx), request->entry, request->pinned, &err);
    if (code == JIG_OK)
        jig_call_reply(call, &done.base);
    else
        jig_call_fail(call, &err, NULL);
}

void jig_handle_cache_pin(const struct jig_env *env, struct jig_call *call)
{
    jig_call_run_in(call, env->reading, set, env->caching);
}
