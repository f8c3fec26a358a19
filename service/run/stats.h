/*
 * stats.h - counters since the daemon's start, for GetStats.
 *
 * A new one is a line in the enum and a line in stats.c's table of names.
 * Threads: any function from any thread.
 */
#ifndef JIG_SERVICE_RUN_STATS_H
#define JIG_SERVICE_RUN_STATS_H

#include <stdatomic.h>
#include <stdint.h>

enum jig_stat {
    JIG_STAT_RPC_CONNECTIONS,         /* accepted */
    JIG_STAT_RPC_CONNECTIONS_REFUSED, /* another user's, or too many */
    JIG_STAT_RPC_REQUESTS,            /* that arrived, malformed ones too */
    JIG_STAT_RPC_FAILURES,            /* answered with an error */
    JIG_STAT_RPC_REPEATS,             /* answered with an earlier reply */
    JIG_STAT_RPC_PARKED,              /* how often a call was parked */
    JIG_STAT_OPERATIONS_STARTED,
    JIG_STAT_OPERATIONS_AT_ONCE, /* of those: without a worker */
    JIG_STAT_OPERATIONS_SUCCEEDED,
    JIG_STAT_OPERATIONS_FAILED,
    JIG_STAT_OPERATIONS_CANCELLED,
    JIG_STAT_EVENTS,         /* emitted by operations */
    JIG_STAT_EVENTS_DROPPED, /* that left their ring to make room */
    JIG_STAT_MONITORS_OPENED,
    JIG_STAT_COUNT
};

struct jig_stats {
    atomic_int_least64_t values[JIG_STAT_COUNT];
};

/* `stats` may be NULL: nothing is counted. */
void jig_stats_add(struct jig_stats *stats, enum jig_stat which, int64_t n);
int64_t jig_stats_get(struct jig_stats *stats, enum jig_stat which);
const char *jig_stat_name(enum jig_stat which); /* "rpc.requests" */

#endif
