#include <unistd.h>

#include "core/base/clock.h"
#include "core/monitor/monitor.h"
#include "core/os/process.h"
#include "core/os/time.h"
#include "service/handlers/handlers.h"
#include "service/wire/messages.h"

static uint32_t open_monitors(const struct jig_env *env)
{
    struct jig_monitors_stats stats = {0};
    if (env->monitors != NULL)
        jig_monitors_stats(env->monitors, &stats);
    return (uint32_t)stats.sessions;
}

void jig_handle_daemon_status(const struct jig_env *env, struct jig_call *call)
{
    Jig__V1__GetStatusResponse reply = JIG__V1__GET_STATUS_RESPONSE__INIT;
    struct jig_strv endpoints = {0};
    jig_server_endpoints(env->server, &endpoints);
    reply.version = (char *)JIG_VERSION;
    reply.protocol_version = JIG_PROTOCOL_VERSION;
    reply.pid = getpid();
    reply.uptime_ms = (jig_now_ns() - env->started_ns) / JIG_NS_PER_MS;
    reply.active_operations = jig_operations_active(env->operations);
    reply.monitors = open_monitors(env);
    reply.n_endpoints = endpoints.n;
    reply.endpoints = endpoints.v;
    reply.rss_bytes = jig_process_rss_bytes();
    reply.idle_exit_ms = env->idle_exit_in_ms(env->ctx);
    reply.state_directory = (char *)env->state_dir;
    reply.cache_directory = (char *)env->cache_dir;
    jig_call_reply(call, &reply.base);
    jig_strv_release(&endpoints);
}
