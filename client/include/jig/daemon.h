/*
 * jig/daemon.h - the daemon itself. Results are released with jig_client_free().
 */
#ifndef JIG_DAEMON_H
#define JIG_DAEMON_H

#include <jig/client.h>
#include <jig/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct jig_daemon_status {
    const char *version;
    uint32_t protocol_version;
    int64_t pid;
    int64_t uptime_ms;
    uint32_t active_operations;
    uint32_t monitors;
    struct jig_strings endpoints;
    int64_t rss_bytes;
    int64_t idle_exit_ms; /* when it will leave if nothing happens, from now; 0: never */
    const char *state_directory;
    const char *cache_directory;
};

enum jig_status jig_client_get_status(struct jig_client *client, int64_t deadline_ns,
                                      const struct jig_daemon_status **ret,
                                      struct jig_error *reterr);

struct jig_counter {
    const char *name;
    int64_t value;
};

/* How long one thing took. A quantile is never below the exact one, and at most 1/32 above it. */
struct jig_histogram_figures {
    const char *name; /* "build.up_to_date", "build.phase.link" */
    int64_t count;
    int64_t sum_us;
    int64_t min_us;
    int64_t p50_us;
    int64_t p90_us;
    int64_t p99_us;
    int64_t max_us;
};

/* Something that the daemon remembers so as not to find it out again. */
struct jig_memo {
    const char *name;
    int64_t hits;
    int64_t misses;
    int64_t fallbacks; /* it could not be sure of what it knew, and looked anew */
    int64_t entries;   /* 0: not counted */
};

struct jig_daemon_stats {
    const struct jig_counter *counters;
    size_t counter_count;
    const struct jig_histogram_figures *histograms; /* by name */
    size_t histogram_count;
    const struct jig_memo *memos;
    size_t memo_count;
};

/* Figures since the daemon's start. */
enum jig_status jig_client_get_stats(struct jig_client *client, int64_t deadline_ns,
                                     const struct jig_daemon_stats **ret, struct jig_error *reterr);

struct jig_daemon_logs {
    struct jig_strings lines; /* oldest first */
    const char *path;         /* where the whole log is */
};

/* The newest lines of the daemon's own log; max_lines 0 is 200. */
enum jig_status jig_client_get_logs(struct jig_client *client, uint32_t max_lines,
                                    int64_t deadline_ns, const struct jig_daemon_logs **ret,
                                    struct jig_error *reterr);

/* Asks the daemon to end, and waits until its process is gone (on a unix socket) or has hung up.
 * Refused while somebody's work would be lost, unless forced. ret_pid may be NULL. */
enum jig_status jig_client_shutdown(struct jig_client *client, bool force, int64_t deadline_ns,
                                    int64_t *ret_pid, struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
