/*
 * jig/operation.h - long work that outlives the call that started it. Results are released with
 * jig_client_free().
 */
#ifndef JIG_OPERATION_H
#define JIG_OPERATION_H

#include <jig/client.h>
#include <jig/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Newest first. max_results 0 is the daemon's own limit. */
enum jig_status jig_client_list_operations(struct jig_client *client, bool active_only,
                                           uint32_t max_results, int64_t deadline_ns,
                                           const struct jig_operations **ret,
                                           struct jig_error *reterr);

enum jig_status jig_client_get_operation(struct jig_client *client, const char *id,
                                         int64_t deadline_ns, const struct jig_operation **ret,
                                         struct jig_error *reterr);

/* Asks it to end; it has not yet, perhaps: watch it. */
enum jig_status jig_client_cancel_operation(struct jig_client *client, const char *id,
                                            int64_t deadline_ns, const struct jig_operation **ret,
                                            struct jig_error *reterr);

struct jig_operation_changes {
    const struct jig_event *events; /* in order */
    size_t event_count;
    uint64_t cursor;  /* what to pass next time */
    uint64_t dropped; /* events past the caller's cursor that the daemon no longer holds */
    const struct jig_operation *operation; /* as it is after those events */
};

/* Waits up to wait_ms for events past `cursor`, or for the operation's end. */
enum jig_status jig_client_watch_operation(struct jig_client *client, const char *id,
                                           uint64_t cursor, int64_t wait_ms, int64_t deadline_ns,
                                           const struct jig_operation_changes **ret,
                                           struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
