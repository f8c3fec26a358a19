#include "core/device/inventory.h"
#include "service/handlers/handlers.h"
#include "service/run/park.h"
#include "service/wire/device.h"

struct watch {
    const struct jig_env *env;
    const Jig__V1__WatchDevicesRequest *request;
    int64_t until_ns;
};

static void answer(const struct jig_env *env, struct jig_call *call,
                   const struct jig_device_news *news)
{
    Jig__V1__WatchDevicesResponse reply = JIG__V1__WATCH_DEVICES_RESPONSE__INIT;
    struct jig_err err = JIG_ERR_INIT;
    reply.cursor = news->cursor;
    reply.snapshot = news->snapshot;
    if (jig_wire_device_changes(news, jig_call_arena(call), &reply.changes, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    reply.n_changes = news->n;
    for (size_t i = 0; i < news->n; i++)
        jig_complete_device(env, call, reply.changes[i]->device);
    jig_call_reply(call, &reply.base);
}

static void look(struct jig_call *call, void *ctx, bool time_is_up)
{
    struct watch *w = ctx;
    for (;;) {
        uint64_t ticket = jig_waitlist_ticket(w->env->devices_changed);
        struct jig_device_news news;
        jig_inventory_news(w->env->inventory, w->request->cursor, &news);
        bool tell = time_is_up || news.snapshot || news.n > 0;
        if (tell)
            answer(w->env, call, &news);
        jig_device_news_release(&news);
        if (tell || jig_call_park(call, w->env->devices_changed, ticket, w->until_ns, look, w))
            return;
    }
}

void jig_handle_device_watch(const struct jig_env *env, struct jig_call *call)
{
    struct jig_err err = JIG_ERR_INIT;
    struct watch *w = jig_call_alloc(call, sizeof *w);
    if (w == NULL) {
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
        return;
    }
    if (jig_inventory_refresh(env->inventory, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    w->env = env;
    w->request = jig_call_request(call);
    w->until_ns = jig_call_wait_until_ns(w->request->wait_ms);
    look(call, w, w->request->wait_ms <= 0);
}
