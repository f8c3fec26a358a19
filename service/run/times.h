/*
 * times.h - how long things took since the daemon's start: a histogram a name, for GetStats.
 *
 * Names are made by use: "build.up_to_date" for whole builds with that outcome, "build.phase.link"
 * for one of their phases, "rpc.GetStatus" for calls. There is room for JIG_TIMES_MAX names of
 * JIG_TIMES_NAME_MAX bytes (0.6 MB when all are used); what finds none is counted as "other".
 *
 * Threads: any function from any thread, except new and free.
 */
#ifndef JIG_SERVICE_RUN_TIMES_H
#define JIG_SERVICE_RUN_TIMES_H

#include <stddef.h>
#include <stdint.h>

#define JIG_TIMES_MAX      128
#define JIG_TIMES_NAME_MAX 64 /* with its end; longer ones are cut */

struct jig_times;

/* One name's figures, in microseconds. Quantiles: see histogram.h for their error. */
struct jig_time {
    char name[JIG_TIMES_NAME_MAX];
    uint64_t count;
    int64_t sum_us;
    int64_t least_us;
    int64_t p50_us;
    int64_t p90_us;
    int64_t p99_us;
    int64_t most_us;
};

struct jig_times *jig_times_new(void);
void jig_times_free(struct jig_times *times); /* NULL is fine */

/* Counts one under "group.name". `times` may be NULL: nothing is. */
void jig_times_note(struct jig_times *times, const char *group, const char *name, int64_t us);

/* All names that have a figure, by name. Returns how many. */
size_t jig_times_read(struct jig_times *times, struct jig_time out[JIG_TIMES_MAX]);

#endif
