#include <unistd.h>

#include "core/monitor/monitor.h"
#include "service/handlers/handlers.h"
#include "service/wire/messages.h"

static enum jig_code check_unused(const struct jig_env *env, struct jig_err *reterr)
{
    unsigned operations = jig_operations_active(env->operations);
    struct jig_monitors_stats monitors = {0};
    if (env->monitors != NULL)
        jig_monitors_stats(env->monitors, &monitors);
    if (operations == 0 && monitors.sessions == 0)
        return JIG_OK;
    enum jig_code code = jig_err_reason(
        reterr, JIG_FAILED_PRECONDITION, JIG_REASON_BUSY,
        "jigd is in use: %u operation%s at work, %zu serial session%s open", operations,
        operations == 1 ? "" : "s", monitors.sessions, monitors.sessions == 1 ? "" : "s");
    jig_err_hint(
        reterr,
        "'jig ops list' shows what runs; wait for it, or end it with 'jig daemon stop --force'");
    return code;
}

void jig_handle_daemon_shutdown(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__ShutdownRequest *request = jig_call_request(call);
    Jig__V1__ShutdownResponse reply = JIG__V1__SHUTDOWN_RESPONSE__INIT;
    struct jig_err err = JIG_ERR_INIT;
    if (!request->force && check_unused(env, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    reply.pid = getpid();
    jig_call_reply(call, &reply.base);
    env->end(env->ctx);
}
