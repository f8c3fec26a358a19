#include "service/handlers/handlers.h"
#include "service/run/stats.h"
#include "service/wire/messages.h"

void jig_handle_daemon_stats(const struct jig_env *env, struct jig_call *call)
{
    Jig__V1__GetStatsResponse reply = JIG__V1__GET_STATS_RESPONSE__INIT;
    Jig__V1__Counter counters[JIG_STAT_COUNT];
    Jig__V1__Counter *pointers[JIG_STAT_COUNT];
    for (int i = 0; i < JIG_STAT_COUNT; i++) {
        jig__v1__counter__init(&counters[i]);
        counters[i].name = (char *)jig_stat_name((enum jig_stat)i);
        counters[i].value = jig_stats_get(env->stats, (enum jig_stat)i);
        pointers[i] = &counters[i];
    }
    reply.n_counters = JIG_STAT_COUNT;
    reply.counters = pointers;
    jig_call_reply(call, &reply.base);
}
