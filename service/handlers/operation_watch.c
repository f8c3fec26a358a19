#include "service/handlers/handlers.h"
#include "service/run/park.h"
#include "service/wire/operation.h"

#define EVENTS_MAX   1000
#define BYTES_MAX    (1024 * 1024) /* of events in one reply; the rest comes with the next */
#define EVENTS_FIELD 1             /* WatchOperationResponse.events */

struct watch {
    struct jig_operation *op;
    const Jig__V1__WatchOperationRequest *request;
    int64_t until_ns;
};

static enum jig_code read_events(const struct watch *w, struct jig_arena *arena,
                                 Jig__V1__WatchOperationResponse *reply, struct jig_err *reterr)
{
    size_t max = w->request->max_events == 0 || w->request->max_events > EVENTS_MAX
                     ? EVENTS_MAX
                     : w->request->max_events;
    struct jig_operation_events events;
    enum jig_code code =
        jig_operation_read(w->op, w->request->cursor, max, BYTES_MAX, arena, &events, reterr);
    if (code != JIG_OK)
        return code;
    for (size_t i = 0; i < events.count; i++)
        events.events[i].field = EVENTS_FIELD;
    reply->cursor = events.cursor;
    reply->dropped_events = events.dropped;
    return jig_wire_splice(&reply->base, events.events, events.count, arena, reterr);
}

static void answer(const struct watch *w, struct jig_call *call)
{
    Jig__V1__WatchOperationResponse reply = JIG__V1__WATCH_OPERATION_RESPONSE__INIT;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_arena *arena = jig_call_arena(call);
    enum jig_code code = read_events(w, arena, &reply, &err);
    if (code == JIG_OK)
        code = jig_wire_operation(w->op, false, arena, &reply.operation, &err);
    if (code == JIG_OK)
        jig_call_reply(call, &reply.base);
    else
        jig_call_fail(call, &err, NULL);
}

static void look(struct jig_call *call, void *ctx, bool time_is_up)
{
    struct watch *w = ctx;
    struct jig_waitlist *news = jig_operation_news(w->op);
    for (;;) {
        uint64_t ticket = jig_waitlist_ticket(news);
        if (time_is_up || jig_operation_has_news(w->op, w->request->cursor)) {
            answer(w, call);
            return;
        }
        if (jig_call_park(call, news, ticket, w->until_ns, look, w))
            return;
    }
}

void jig_handle_operation_watch(const struct jig_env *env, struct jig_call *call)
{
    struct jig_err err = JIG_ERR_INIT;
    struct watch *w = jig_call_alloc(call, sizeof *w);
    if (w == NULL) {
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
        return;
    }
    w->request = jig_call_request(call);
    w->until_ns = jig_call_wait_until_ns(w->request->wait_ms);
    if (jig_operations_find(env->operations, w->request->id, &w->op, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    jig_call_defer(call, jig_operation_unref, w->op);
    look(call, w, w->request->wait_ms <= 0);
}
