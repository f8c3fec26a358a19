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

struct jig_call;
struct jig_operation;
struct jig_operations;

/* The numbers are those of jig.v1.OperationKind and jig.v1.OperationState. */
enum jig_operation_kind {
    JIG_OPERATION_BUILD = 1,
    JIG_OPERATION_DEPLOY = 2,
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

struct jig_operation_spec {
    enum jig_operation_kind kind;
    const char *subject;    /* "/home/ann/blink (uno)" */
    int64_t owner_pid;      /* from the request's tie; 0: the process that connected, if known */
    bool cancel_with_owner; /* cancel when that process is gone */
    int64_t wait_ms;        /* answer the call when the work has ended, or after this long */
    jig_operation_fn *run;
    void *ctx;
    void (*free_ctx)(void *ctx); /* called once, after run() or in its place; may be NULL */
};

/*
 * Starts an operation for a call of a Start... method, whose response has a field `operation`.
 * On success the call is taken and will be answered, and ctx is owned. On failure both are still
 * the caller's: RESOURCE_EXHAUSTED when the queue is full, INVALID_ARGUMENT or PERMISSION_DENIED
 * for an owner_pid that is not there or not the peer's.
 */
enum jig_code jig_operation_start(struct jig_operations *ops, const struct jig_operation_spec *spec,
                                  struct jig_call *call, struct jig_err *reterr) JIG_CHECKED;

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
};
void jig_operation_progress(struct jig_operation *op, const struct jig_progress_event *progress);

/* `id` is a stable name, "build.waiting"; the text is a whole sentence. */
void jig_operation_notice(struct jig_operation *op, const char *id,
                          enum jig_event_severity severity, const char *fmt, ...) JIG_PRINTF(4, 5);

/* A name that belongs to the error that run() will return: jig.v1.Status.details. */
void jig_operation_detail(struct jig_operation *op, const char *detail);

/* Results are set through service/wire/operation.h: jig_wire_add_build, jig_wire_set_deploy. They
 * are shown once run() has returned, also when it failed. */

#endif
