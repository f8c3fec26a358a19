#include "core/monitor/monitor.h"
#include "core/os/time.h"
#include "service/handlers/handlers.h"
#include "service/wire/messages.h"
#include "service/wire/session.h"

/* 65536 bytes at 9600 baud take 68 s; a client that is slower than this has a stuck device. */
#define WRITE_MS (120 * 1000)

static void write_now(struct jig_call *call, void *ctx)
{
    const struct jig_env *env = ctx;
    const Jig__V1__WriteMonitorRequest *request = jig_call_request(call);
    Jig__V1__WriteMonitorResponse reply = JIG__V1__WRITE_MONITOR_RESPONSE__INIT;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until whole = jig_call_until(call);
    struct jig_until until = jig_until_sooner(&whole, jig_deadline_in_ms(WRITE_MS));
    if (jig_monitor_write(env->monitors, jig_session_of_name(request->session), request->data.data,
                          request->data.len, &until, NULL, &err) == JIG_OK)
        jig_call_reply(call, &reply.base);
    else
        jig_call_fail(call, &err, NULL);
}

void jig_handle_monitor_write(const struct jig_env *env, struct jig_call *call)
{
    jig_call_run_in(call, env->blocking, write_now, (void *)env);
}
