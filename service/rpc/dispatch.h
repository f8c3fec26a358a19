/*
 * dispatch.h - from the bytes of a request to its handler, and back.
 *
 * A transport (local.h, sockets.h) hands in each request with an origin: its own end of the matter,
 * which takes the answer. Decoding and handling happen in the dispatcher's pool, or in a thread of
 * the transport's that others do not wait for. Handlers see a struct jig_call (call.h).
 *
 *   submit, handle -> envelope -> version, method, deadline -> (a repeat?) -> payload -> handler
 *
 * The dispatcher knows every call that is not answered. Past `outstanding_max` of them further ones
 * are answered RESOURCE_EXHAUSTED.
 *
 * Threads: any function from any thread, except new, stop and free, which are the owner's.
 */
#ifndef JIG_SERVICE_RPC_DISPATCH_H
#define JIG_SERVICE_RPC_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "service/rpc/call.h"
#include "service/rpc/methods.h"
#include "service/run/park.h"
#include "service/run/stats.h"

struct jig_dispatcher;
struct jig_job;
struct jig_origin;
struct jig_times;

/* For one request: consumed is called once, then either reserve and send, or drop. */
struct jig_origin_ops {
    void (*consumed)(struct jig_origin *origin); /* the request's bytes are not needed any more */
    /* Room for an answer of n bytes, or NULL: it will be dropped. */
    uint8_t *(*reserve)(struct jig_origin *origin, size_t n);
    void (*send)(struct jig_origin *origin); /* the answer is in what was reserved */
    void (*drop)(struct jig_origin *origin); /* there will be no answer */
};

struct jig_origin {
    const struct jig_origin_ops *ops;
};

struct jig_dispatcher_options {
    const struct jig_methods *methods; /* borrowed */
    const struct jig_env *env;         /* borrowed */
    struct jig_park *park;             /* borrowed */
    struct jig_stats *stats;           /* borrowed; may be NULL */
    struct jig_times *times;           /* borrowed; may be NULL */
    size_t message_max;                /* bytes, of a request and of an answer */
    unsigned outstanding_max;
    unsigned threads;
};

enum jig_code jig_dispatcher_new(const struct jig_dispatcher_options *options,
                                 struct jig_dispatcher **ret, struct jig_err *reterr) JIG_CHECKED;

/* The request is handled in the pool. bytes must stay until consumed() is called. */
void jig_dispatcher_submit(struct jig_dispatcher *dispatcher, const struct jig_peer *peer,
                           struct jig_origin *origin, const uint8_t *bytes, size_t n);

/* The same in this thread, which does nothing that others would have to wait for. */
void jig_dispatcher_handle(struct jig_dispatcher *dispatcher, const struct jig_peer *peer,
                           struct jig_origin *origin, const uint8_t *bytes, size_t n);

/* The connection is gone: its reading calls end, see call.h. Does not block. */
void jig_dispatcher_connection_gone(struct jig_dispatcher *dispatcher, uint32_t connection);

/* Runs something of the transport's in the dispatcher's pool. */
void jig_dispatcher_run(struct jig_dispatcher *dispatcher, struct jig_job *job);

unsigned jig_dispatcher_outstanding(struct jig_dispatcher *dispatcher);

/* When a request came in last, monotonic. */
int64_t jig_dispatcher_last_request_ns(struct jig_dispatcher *dispatcher);

/* Forgets old replies; for the daemon's housekeeping. */
void jig_dispatcher_expire(struct jig_dispatcher *dispatcher);

/* Parked calls, and all that come from now on, are answered UNAVAILABLE; returns when every call is
 * answered. Idempotent. */
void jig_dispatcher_stop(struct jig_dispatcher *dispatcher);
void jig_dispatcher_free(struct jig_dispatcher *dispatcher); /* after stop; NULL is fine */

#endif
