/*
 * impl.h - what one.c (an operation) and table.c (all of them) share; nobody else includes it.
 *
 * Lock order: the table's mu, then an operation's. Neither is held while a waitlist is woken, since
 * that answers calls.
 */
#ifndef JIG_SERVICE_OPERATION_IMPL_H
#define JIG_SERVICE_OPERATION_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "service/operation.h"
#include "service/operation/pace.h"
#include "service/run/owner.h"
#include "service/run/park.h"
#include "service/run/pool.h"
#include "service/run/stats.h"
#include "service/run/times.h"

#define JIG_OPERATION_ID_BYTES 8

struct jig_stored_event;
struct jig_stored_result;

struct jig_operation {
    struct jig_job job;
    struct jig_operations *table;
    char id[2 * JIG_OPERATION_ID_BYTES + 1];
    enum jig_operation_kind kind;
    char *subject;
    uid_t uid;
    char *owner;
    int64_t owner_pid;
    uint32_t connection;
    bool at_once;
    int64_t created_unix_ms;
    jig_operation_fn *run;
    void *ctx;
    void (*free_ctx)(void *ctx);
    struct jig_cancel cancel;
    struct jig_owner *tied; /* NULL: to nobody. The worker's, after the start */
    struct jig_waitlist news;
    struct jig_waitlist ended;
    atomic_uint refs; /* the table's, the worker's, and those of calls */

    pthread_mutex_t mu;
    /* All guarded by mu: */
    struct jig_pace pace; /* of what is in progress */
    enum jig_operation_state state;
    int64_t started_unix_ms;
    int64_t started_ns;
    int64_t ended_unix_ms;
    int64_t ended_ns;
    struct jig_err error; /* OK: none */
    struct jig_strv details;
    char why_cancelled[192];
    struct jig_stored_event **events; /* a ring: the oldest is events[event_head] */
    size_t event_cap;
    size_t event_head;
    size_t event_count;
    size_t event_bytes;
    uint64_t last_event; /* numbered so far */
    struct jig_stored_result *results;
    size_t result_bytes;

    /* All guarded by the table's mu: */
    struct jig_operation *older;
    struct jig_operation *younger;
    bool kept; /* it has ended, and these two are set */
    size_t kept_bytes;
    int64_t kept_since_ns;
};

struct jig_operations {
    struct jig_operations_options options;
    struct jig_pool *pool;
    struct jig_owners *owners;
    pthread_mutex_t mu;
    pthread_cond_t ended;
    /* All guarded by mu: */
    struct jig_operation *youngest;
    struct jig_operation *oldest;
    unsigned queued;
    unsigned active;   /* queued ones included */
    unsigned kept;     /* ended ones */
    size_t kept_bytes; /* theirs */
    int64_t last_end_ns;
    bool stopping;
};

/* one.c: a new one in state QUEUED, with one reference and its first event. */
enum jig_code jig_operation_new(struct jig_operations *ops, const struct jig_operation_spec *spec,
                                const struct jig_operation_owner *owner, struct jig_operation **ret,
                                struct jig_err *reterr) JIG_CHECKED;
void jig_operation_ref(struct jig_operation *op);

/* one.c: the ways through the picture in operation.h. */
bool jig_operation_begin(struct jig_operation *op); /* false: it was cancelled while it waited */
void jig_operation_finish(struct jig_operation *op, enum jig_code code, const struct jig_err *err);

/* one.c: fires its cancel, for a reason that becomes its error; one that still waits ends by it. */
void jig_operation_fire(struct jig_operation *op, const char *why);

/* one.c: bytes that it holds. */
size_t jig_operation_weight(struct jig_operation *op);

/* table.c: it has ended, and nobody has been told yet. `waited`: it was counted as queued. */
void jig_operations_note_end(struct jig_operation *op, bool waited);

#endif
