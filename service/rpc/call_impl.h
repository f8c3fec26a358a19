/*
 * call_impl.h - what call.c and dispatch.c share; nobody else includes it.
 *
 * A call is in its dispatcher's list from its arrival to its end. What it holds is counted: the
 * bytes of requests that wait to be decoded, and the memory of those that are, each have a ceiling
 * of their own over all calls, so that no number of them can exhaust the host.
 */
#ifndef JIG_SERVICE_RPC_CALL_IMPL_H
#define JIG_SERVICE_RPC_CALL_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "service/rpc/dedupe.h"
#include "service/rpc/dispatch.h"
#include "service/run/pool.h"
#include "service/wire/envelope.h"

struct jig_deferred;

struct jig_call {
    struct jig_parked parked;
    struct jig_job job;
    struct jig_dispatcher *dispatcher;
    struct jig_origin *origin;
    struct jig_peer peer;
    const uint8_t *bytes; /* the request's, until it is decoded */
    size_t n;
    int64_t arrived_ns;
    int64_t deadline_ns;
    struct jig_arena arena;
    const struct jig_method *method;  /* NULL until it is known */
    const Jig__V1__Request *envelope; /* NULL until it is decoded */
    const ProtobufCMessage *request;  /* NULL until it is decoded */
    struct jig_deferred *deferred;
    bool waited;       /* it was parked */
    bool harmless;     /* to do it again would be */
    jig_wake_fn *wake; /* while it is parked */
    void *wake_ctx;
    void (*elsewhere)(struct jig_call *call, void *ctx); /* while it is in another pool */
    void *elsewhere_ctx;
    /* All guarded by the dispatcher's mu: */
    struct jig_repeat *first; /* this call's reply is kept there; or NULL. The worker's to read */
    bool surplus;             /* there were too many when it came */
    bool gone;                /* its connection is */
    size_t undecoded;         /* its part of the dispatcher's */
    size_t decoded;           /* its part of the dispatcher's */
    struct jig_call *next;
    struct jig_call *prev;
};

struct jig_dispatcher {
    struct jig_dispatcher_options options;
    struct jig_pool *pool;
    struct jig_dedupe *dedupe;
    atomic_int_least64_t last_request_ns;
    pthread_mutex_t mu;
    pthread_cond_t fewer;
    /* All guarded by mu: */
    struct jig_call *calls;
    unsigned outstanding;
    size_t undecoded; /* bytes */
    size_t decoded;   /* bytes */
    bool stopping;
};

/* The surrounding struct of a member. */
#define JIG_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

void jig_call_consume(struct jig_call *call); /* idempotent */
void jig_call_drop(struct jig_call *call);
void jig_call_out_of_time(struct jig_call *call);
void jig_call_ending(struct jig_call *call);

/* Ends a call whose answer is in its origin already. */
void jig_call_send(struct jig_call *call);

/* Takes it out of the dispatcher's list (dispatch.c). */
void jig_dispatcher_unlink(struct jig_call *call);

#endif
