#include "service/run/stats.h"

#include <stddef.h>

static const char *const names[] = {
    [JIG_STAT_RPC_CONNECTIONS] = "rpc.connections",
    [JIG_STAT_RPC_CONNECTIONS_REFUSED] = "rpc.connections_refused",
    [JIG_STAT_RPC_REQUESTS] = "rpc.requests",
    [JIG_STAT_RPC_FAILURES] = "rpc.failures",
    [JIG_STAT_RPC_REPEATS] = "rpc.repeats",
    [JIG_STAT_RPC_PARKED] = "rpc.parked",
    [JIG_STAT_OPERATIONS_STARTED] = "operations.started",
    [JIG_STAT_OPERATIONS_AT_ONCE] = "operations.at_once",
    [JIG_STAT_OPERATIONS_SUCCEEDED] = "operations.succeeded",
    [JIG_STAT_OPERATIONS_FAILED] = "operations.failed",
    [JIG_STAT_OPERATIONS_CANCELLED] = "operations.cancelled",
    [JIG_STAT_EVENTS] = "operations.events",
    [JIG_STAT_EVENTS_DROPPED] = "operations.events_dropped",
    [JIG_STAT_MONITORS_OPENED] = "monitors.opened",
};
_Static_assert(sizeof names / sizeof names[0] == JIG_STAT_COUNT, "every counter has a name");

void jig_stats_add(struct jig_stats *stats, enum jig_stat which, int64_t n)
{
    if (stats != NULL)
        atomic_fetch_add_explicit(&stats->values[which], n, memory_order_relaxed);
}

int64_t jig_stats_get(struct jig_stats *stats, enum jig_stat which)
{
    return atomic_load_explicit(&stats->values[which], memory_order_relaxed);
}

const char *jig_stat_name(enum jig_stat which)
{
    return names[which];
}
