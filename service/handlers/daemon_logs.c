#include "service/handlers/handlers.h"
#include "service/log.h"
#include "service/wire/messages.h"

#define LINES_DEFAULT 200

void jig_handle_daemon_logs(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__GetLogsRequest *request = jig_call_request(call);
    Jig__V1__GetLogsResponse reply = JIG__V1__GET_LOGS_RESPONSE__INIT;
    struct jig_strv lines = {0};
    jig_log_file_tail(env->log, request->max_lines != 0 ? request->max_lines : LINES_DEFAULT,
                      &lines);
    reply.n_lines = lines.n;
    reply.lines = lines.v;
    reply.path = (char *)jig_log_file_path(env->log);
    jig_call_reply(call, &reply.base);
    jig_strv_release(&lines);
}
