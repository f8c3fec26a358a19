/*
 * operation.h - long work that outlives the call that started it.
 *
 *              jig_operation_start
 *                     |
 *                     v        a worker is free
 *                  QUEUED ---------------------> RUNNING
 *                     |                             | run() returned
 *      cancelled      |                             |
 *   (never ran)       |          +------------------+------------------+
 *                     v          v                  v                  v
 *                 CANCELLED  CANCELLED           SUCCEEDED           FAILED
 *                            (it said so, and    (JIG_OK)            (any other code)
 *                             was asked to)
 *
 * What is done in microseconds needs no worker: when spec.try_now says so, jig_operations_start
 * goes through all of this itself, and the operation it gives has ended.
 *
 * An operation has an id, an owner (the peer of the call that started it), events numbered from 1
 * without gaps, and at its end a result or an error. Its newest events are held in a ring with
 * ceilings in number and bytes; who comes too late for some of them is told how many.
 * Cancelling is a level: jig_operation_until() carries it into every wait of core, and a cancelled
 * operation ends when its work has ended, not before.
 *
 * The table keeps operations that have ended for a while, for those who ask later: up to
 * JIG_OPERATIONS_KEPT of them, JIG_OPERATIONS_KEPT_MS long, JIG_OPERATIONS_KEPT_BYTES in all.
 *
 * Inside run() the operation is borrowed. What the helpers below are given is copied; text that is
 * not UTF-8 is mended with U+FFFD, and cut at JIG_EVENT_TEXT_MAX bytes.
 *
 * Threads: any function from any thread, except those marked "from run()", which any thread that
 * works for run() may call until run() returns.
 */
#ifndef JIG_SERVICE_OPERATION_H
#define JIG_SERVICE_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/os/cancel.h"
#include "core/os/proc.h"

#define JIG_OPERATION_EVENTS_MAX  20000             /* events held, per operation */
#define JIG_OPERATION_BYTES_MAX   (4 * 1024 * 1024) /* their bytes, per operation */
#define JIG_EVENT_TEXT_MAX        (16 * 1024)       /* bytes of one text in an event */
#define JIG_OPERATIONS_QUEUED     64                /* waiting for a worker; more are refused */
#define JIG_OPERATIONS_KEPT       200
#define JIG_OPERATIONS_KEPT_MS    (60 * 60 * 1000)
#define JIG_OPERATIONS_KEPT_BYTES (32 * 1024 * 1024)

struct jig_operation;
struct jig_operations;
struct jig_park;
struct jig_stats;
struct jig_times;
struct jig_waitlist;

/* The numbers are those of jig.v1.OperationKind and jig.v1.OperationState. */
enum jig_operation_kind {
    JIG_OPERATION_BUILD = 1,
    JIG_OPERATION_DEPLOY = 2,
    JIG_OPERATION_LNK = 3,
    JIG_OPERATION_CACHE = 4,
    JIG_OPERATION_PACKAGES = 5,
};

enum jig_operation_state {
    JIG_OPERATION_QUEUED = 1,
    JIG_OPERATION_RUNNING = 2,
    JIG_OPERATION_SUCCEEDED = 3,
    JIG_OPERATION_FAILED = 4,
    JIG_OPERATION_CANCELLED = 5,
};

/* The work itself, in a worker's thread, which it may block. A failure's code, reason, message and
 * hint become the operation's error. */
typedef enum jig_code jig_operation_fn(struct jig_operation *op, void *ctx, struct jig_err *reterr);

/*
 * A quick look, in the thread that starts the operation, before there is one: it must not block,
 * and takes 100 us at most. True: it left in ctx what run() needs to end without blocking, and
 * run() is called at once, in the same thread; it changes nothing, so that doing the same call
 * twice does no harm. False: it left no trace, and the operation waits for a worker.
 */
typedef bool jig_operation_try_fn(void *ctx);

struct jig_operation_spec {
    enum jig_operation_kind kind;
    const char *subject;    /* "/home/ann/blink (uno)" */
    int64_t owner_pid;      /* from the request's tie; 0: the process that connected, if known */
    bool cancel_with_owner; /* cancel when that process is gone; one that is done at once is not */
    int64_t wait_ms;        /* answer the call when the work has ended, or after this long */
    jig_operation_try_fn *try_now; /* may be NULL */
    jig_operation_fn *run;
    void *ctx;
    void (*free_ctx)(void *ctx); /* called once, after run() or in its place; may be NULL */
};

/* Handlers start operations with jig_operation_start (service/handlers/handlers.h), which answers
 * the call as well. */

/* ---- from run() ---- */

const char *jig_operation_id(const struct jig_operation *op);
uid_t jig_operation_owner(const struct jig_operation *op);

/* The connection of the call that started it (jig_peer.connection), for what belongs to it. It may
 * be gone by now. */
uint32_t jig_operation_connection(const struct jig_operation *op);

/* For every wait: it ends when the operation is cancelled. */
struct jig_until jig_operation_until(struct jig_operation *op);

/* A tool printed a line; a final line end is cut off. */
void jig_operation_log(struct jig_operation *op, enum jig_stream stream, const char *line,
                       size_t n);

/* The numbers are those of jig.v1.StepEvent.State. */
enum jig_step_state {
    JIG_STEP_STARTED = 1,
    JIG_STEP_FINISHED = 2,
    JIG_STEP_REUSED = 3,
    JIG_STEP_FAILED = 4,
};

struct jig_step_event {
    const char *step;    /* "compile src/main.cpp" */
    const char *because; /* NULL: none */
    enum jig_step_state state;
    uint32_t done;
    uint32_t total;
    int64_t duration_us;
};
void jig_operation_step(struct jig_operation *op, const struct jig_step_event *step);

/* The numbers are those of jig.v1.Severity. */
enum jig_event_severity {
    JIG_EVENT_NOTE = 1,
    JIG_EVENT_WARNING = 2,
    JIG_EVENT_ERROR = 3,
};

struct jig_diagnostic_event {
    const char *file;
    uint32_t line;
    uint32_t column;
    enum jig_event_severity severity;
    const char *message;
    const char *option;   /* NULL: none */
    const char *rendered; /* NULL: none */
};
void jig_operation_diagnostic(struct jig_operation *op, const struct jig_diagnostic_event *diag);

struct jig_progress_event {
    const char *phase; /* "write" */
    uint32_t percent;
    int64_t done_bytes;
    int64_t total_bytes;
    int64_t bytes_per_s; /* 0: as told by earlier calls */
};
void jig_operation_progress(struct jig_operation *op, const struct jig_progress_event *progress);

/* `id` is a stable name, "build.waiting"; the text is a whole sentence. */
void jig_operation_notice(struct jig_operation *op, const char *id,
                          enum jig_event_severity severity, const char *fmt, ...) JIG_PRINTF(4, 5);

/* A name that belongs to the error that run() will return: jig.v1.Status.details. */
void jig_operation_detail(struct jig_operation *op, const char *detail);

/* How long something took, for the daemon's statistics: "build.phase", "link". */
void jig_operation_time(struct jig_operation *op, const char *group, const char *name, int64_t us);

/* Results are set through service/wire/operation.h: jig_wire_add_build, jig_wire_set_deploy. They
 * are shown once run() has returned, also when it failed. */

/* ---- what wire/ makes bytes of ---- */

enum jig_event_kind {
    JIG_EVENT_STATE,
    JIG_EVENT_LOG,
    JIG_EVENT_STEP,
    JIG_EVENT_DIAGNOSTIC,
    JIG_EVENT_PROGRESS,
    JIG_EVENT_NOTICE,
};

struct jig_event {
    uint64_t number;
    int64_t unix_ms;
    enum jig_event_kind kind;
    union {
        enum jig_operation_state state;
        struct {
            enum jig_stream stream;
            const char *text;
            size_t n;
        } log;
        const struct jig_step_event *step;
        const struct jig_diagnostic_event *diagnostic;
        const struct jig_progress_event *progress;
        struct {
            const char *id;
            enum jig_event_severity severity;
            const char *text;
        } notice;
    };
};

/* ---- for the handlers of OperationService, and wire/ ---- */

/* Something encoded: a length and that many bytes, as the value of a length-prefixed field. */
struct jig_encoded {
    uint32_t field; /* its number in the message that it belongs to */
    const uint8_t *bytes;
    size_t n;
};

/* From run(): a field of jig.v1.Operation, and what listings show of it. Takes the bytes, which are
 * malloc's. A field number may come several times. */
void jig_operation_add_result(struct jig_operation *op, uint32_t field, uint8_t *bytes, size_t n,
                              uint8_t *brief, size_t brief_n);

/* An operation as it is at one moment. All of it lives in the arena. */
struct jig_operation_view {
    const char *id;
    enum jig_operation_kind kind;
    enum jig_operation_state state;
    const char *subject;
    const char *owner;
    int64_t owner_pid;
    int64_t created_unix_ms;
    int64_t started_unix_ms;
    int64_t ended_unix_ms;
    uint64_t last_event;
    const struct jig_err *error; /* NULL: none */
    char **details;
    size_t detail_count;
    struct jig_encoded *results;
    size_t result_count;
};

/* `brief` leaves out what listings do. RESOURCE_EXHAUSTED when the arena is full. */
enum jig_code jig_operation_view(struct jig_operation *op, bool brief, struct jig_arena *arena,
                                 struct jig_operation_view *ret,
                                 struct jig_err *reterr) JIG_CHECKED;

/* Events past a cursor; all of it lives in the arena. Each is an encoded jig.v1.OperationEvent. */
struct jig_operation_events {
    struct jig_encoded *events;
    size_t count;
    uint64_t cursor; /* of the last one here */
    uint64_t dropped;
};

/* At most max_events and, but for the first, max_bytes. OUT_OF_RANGE for a cursor past the last
 * event. */
enum jig_code jig_operation_read(struct jig_operation *op, uint64_t cursor, size_t max_events,
                                 size_t max_bytes, struct jig_arena *arena,
                                 struct jig_operation_events *ret,
                                 struct jig_err *reterr) JIG_CHECKED;

/* There are events past the cursor, or there never will be. */
bool jig_operation_has_news(struct jig_operation *op, uint64_t cursor);
bool jig_operation_has_ended(struct jig_operation *op);

bool jig_operation_was_at_once(const struct jig_operation *op); /* try_now said so */

struct jig_waitlist *jig_operation_news(struct jig_operation *op);  /* woken at every event */
struct jig_waitlist *jig_operation_ended(struct jig_operation *op); /* woken at its end */

void jig_operation_unref(void *op); /* a struct jig_operation; NULL is fine */

/* ---- the table ---- */

struct jig_operations_options {
    /* The event as a jig.v1.OperationEvent (struct jig_encoded), at `prefix` bytes into memory that
     * is freed with free(). *ret_n counts the encoded bytes alone. */
    uint8_t *(*pack_event)(const struct jig_event *event, size_t prefix, size_t *ret_n);
    struct jig_park *park;   /* borrowed */
    struct jig_stats *stats; /* borrowed; may be NULL */
    struct jig_times *times; /* borrowed; may be NULL */
    unsigned workers;
    unsigned queue_max; /* 0: JIG_OPERATIONS_QUEUED */
    size_t events_max;  /* 0: JIG_OPERATION_EVENTS_MAX */
    size_t bytes_max;   /* 0: JIG_OPERATION_BYTES_MAX */
    unsigned kept_max;  /* 0: JIG_OPERATIONS_KEPT */
};

enum jig_code jig_operations_new(const struct jig_operations_options *options,
                                 struct jig_operations **ret, struct jig_err *reterr) JIG_CHECKED;

/* Who starts an operation, as the kernel says. */
struct jig_operation_owner {
    uid_t uid;
    const char *user;
    pid_t pid; /* of the process that connected; 0: not known */
    uint32_t connection;
};

/* On success ctx is owned, and the operation is referenced for the caller. On failure ctx is still
 * the caller's: RESOURCE_EXHAUSTED when the queue is full, UNAVAILABLE after jig_operations_stop,
 * INVALID_ARGUMENT, NOT_FOUND or PERMISSION_DENIED for an owner_pid that cannot be watched. */
enum jig_code jig_operations_start(struct jig_operations *ops,
                                   const struct jig_operation_spec *spec,
                                   const struct jig_operation_owner *owner,
                                   struct jig_operation **ret, struct jig_err *reterr) JIG_CHECKED;

/* Referenced for the caller. NOT_FOUND, with the reason that it may have been forgotten. */
enum jig_code jig_operations_find(struct jig_operations *ops, const char *id,
                                  struct jig_operation **ret, struct jig_err *reterr) JIG_CHECKED;

/* Up to max operations, newest first, each referenced for the caller. Returns how many. */
size_t jig_operations_list(struct jig_operations *ops, bool active_only, size_t max,
                           struct jig_operation **out);

/* Asks it to end. One that has ended stays as it is. PERMISSION_DENIED when uid is not its owner.
 */
enum jig_code jig_operation_cancel(struct jig_operation *op, uid_t uid, const char *user,
                                   struct jig_err *reterr) JIG_CHECKED;

unsigned jig_operations_active(struct jig_operations *ops);     /* not ended */
int64_t jig_operations_last_end_ns(struct jig_operations *ops); /* monotonic; 0: none ended */

/* Forgets ended operations that are too many, too old or too big; done on every start, too. */
void jig_operations_expire(struct jig_operations *ops);

/* Cancels all of them, takes no new ones, and waits for their end until the deadline. False when
 * some still run; their number is jig_operations_active(). */
bool jig_operations_stop(struct jig_operations *ops, int64_t deadline_ns);

/* After stop; waits for what still runs. NULL is fine. */
void jig_operations_free(struct jig_operations *ops);

#endif
