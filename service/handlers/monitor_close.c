#include "core/monitor/monitor.h"
#include "service/handlers/handlers.h"
#include "service/wire/messages.h"
#include "service/wire/session.h"

static void close_now(struct jig_call *call, void *ctx)
{
    const struct jig_env *env = ctx;
    const Jig__V1__CloseMonitorRequest *request = jig_call_request(call);
    Jig__V1__CloseMonitorResponse reply = JIG__V1__CLOSE_MONITOR_RESPONSE__INIT;
    jig_monitor_close(env->monitors, jig_session_of_name(request->session));
    jig_call_reply(call, &reply.base);
}

void jig_handle_monitor_close(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__CloseMonitorRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_monitor_info info;
    if (jig_monitor_info(env->monitors, jig_session_of_name(request->session), &info, &err) !=
        JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    jig_monitor_info_release(&info);
    jig_call_run_in(call, env->blocking, close_now, (void *)env);
}
