#include "core/monitor/monitor.h"
#include "core/os/time.h"
#include "service/handlers/handlers.h"
#include "service/run/news.h"
#include "service/wire/messages.h"
#include "service/wire/session.h"

#define BYTES_MAX 65536

struct reading {
    const struct jig_env *env;
    uint64_t session;
    uint64_t cursor;
    size_t most;
    int64_t until_ns;
    struct jig_waitlist *news;
};

/* True for what the wire has a word for. That the port was opened is known from OpenMonitor. */
static bool kind_of(enum jig_monitor_event_kind kind, Jig__V1__MonitorEvent__Kind *ret)
{
    switch (kind) {
    case JIG_MONITOR_OPENED:
        return false;
    case JIG_MONITOR_PAUSED:
        *ret = JIG__V1__MONITOR_EVENT__KIND__KIND_PAUSED;
        return true;
    case JIG_MONITOR_RESUMED:
    case JIG_MONITOR_RECONNECTED:
        *ret = JIG__V1__MONITOR_EVENT__KIND__KIND_RESUMED;
        return true;
    case JIG_MONITOR_CLOSED:
        *ret = JIG__V1__MONITOR_EVENT__KIND__KIND_CLOSED;
        return true;
    }
    return false;
}

static bool fill_events(struct jig_call *call, const struct jig_monitor_batch *batch,
                        Jig__V1__ReadMonitorResponse *reply)
{
    reply->events = jig_call_alloc(call, batch->n_events * sizeof(*reply->events));
    if (reply->events == NULL)
        return false;
    for (size_t i = 0; i < batch->n_events; i++) {
        Jig__V1__MonitorEvent__Kind kind;
        if (!kind_of(batch->events[i].kind, &kind))
            continue;
        Jig__V1__MonitorEvent *m = jig_call_alloc(call, sizeof *m);
        if (m == NULL)
            return false;
        jig__v1__monitor_event__init(m);
        m->kind = kind;
        m->text = batch->events[i].text;
        m->port = batch->events[i].port;
        m->at_byte = batch->events[i].offset;
        reply->events[reply->n_events++] = m;
    }
    return true;
}

static void answer(struct jig_call *call, const struct jig_monitor_batch *batch)
{
    Jig__V1__ReadMonitorResponse reply = JIG__V1__READ_MONITOR_RESPONSE__INIT;
    reply.data.data = (uint8_t *)batch->data;
    reply.data.len = batch->n;
    reply.cursor = batch->cursor;
    reply.dropped_bytes = batch->dropped;
    reply.closed = batch->closed;
    if (fill_events(call, batch, &reply))
        jig_call_reply(call, &reply.base);
    else
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the reply takes too much memory");
}

static bool is_empty(const struct jig_monitor_batch *batch)
{
    return batch->n == 0 && batch->n_events == 0 && batch->dropped == 0 && !batch->closed;
}

static void look(struct jig_call *call, void *ctx, bool time_is_up)
{
    struct reading *r = ctx;
    struct jig_until now = {.deadline_ns = jig_now_ns()};
    for (;;) {
        uint64_t ticket = jig_waitlist_ticket(r->news);
        struct jig_monitor_batch batch;
        struct jig_err err = JIG_ERR_INIT;
        if (jig_monitor_read(r->env->monitors, r->session, r->cursor, r->most, &now, &batch,
                             &err) != JIG_OK) {
            jig_call_fail(call, &err, NULL);
            return;
        }
        bool tell = time_is_up || !is_empty(&batch);
        if (tell)
            answer(call, &batch);
        jig_monitor_batch_release(&batch);
        if (tell || jig_call_park(call, r->news, ticket, r->until_ns, look, r))
            return;
    }
}

void jig_handle_monitor_read(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__ReadMonitorRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_monitor_info info;
    struct reading *r = jig_call_alloc(call, sizeof *r);
    if (r == NULL) {
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
        return;
    }
    *r = (struct reading){
        .env = env,
        .session = jig_session_of_name(request->session),
        .cursor = request->cursor,
        .most = request->max_bytes == 0 || request->max_bytes > BYTES_MAX ? BYTES_MAX
                                                                          : request->max_bytes,
        .until_ns = jig_call_wait_until_ns(request->wait_ms),
    };
    if (jig_monitor_info(env->monitors, r->session, &info, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    r->news = jig_monitor_news_of(env->monitor_news, info.device);
    jig_monitor_info_release(&info);
    look(call, r, request->wait_ms <= 0);
}
