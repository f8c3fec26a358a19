/*
 * local_impl.h - what local.c (listening, threads) and local_peer.c (connections, their requests)
 * share; nobody else includes it.
 *
 * Lock order: a connection's mu, then the local's.
 */
#ifndef JIG_SERVICE_RPC_LOCAL_IMPL_H
#define JIG_SERVICE_RPC_LOCAL_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "service/rpc/call_impl.h"
#include "service/rpc/frames.h"
#include "service/rpc/local.h"

#define JIG_LOCAL_LISTENERS 4
#define JIG_LOCAL_THREADS   8

/* What an event is about: the upper half of its data; the lower half is which. */
enum jig_local_source { FROM_CONNECTION, FROM_LISTENER, FROM_TICK, FROM_CLOSING };

/* A frame on its way out. */
struct jig_local_out {
    struct jig_local_out *next;
    size_t n;
    size_t sent;
    uint8_t bytes[];
};

struct jig_local_connection {
    struct jig_job job; /* once it is gone */
    struct jig_local *local;
    void (*gone)(void *ctx, uint32_t connection);
    void *ctx;
    struct jig_peer peer;
    atomic_uint refs;         /* the table's, an event's, and those of requests */
    struct jig_frames frames; /* the owning thread's */
    pthread_mutex_t mu;       /* before the local's */
    /* All guarded by mu: */
    int fd;     /* -1: gone */
    bool owned; /* a thread has its event */
    struct jig_local_out *first;
    struct jig_local_out **last;
    int64_t unsent_since_ns; /* when it last took a byte of a reply that waits; 0: none waits */
};

/* A request that is being worked on. */
struct jig_local_request {
    struct jig_origin origin;
    struct jig_local_connection *connection;
    struct jig_frame *frame;
    struct jig_local_out *reply;
    size_t trace_n;
    uint8_t trace[JIG_TRACE_MAX];
};

struct jig_local {
    struct jig_server_options options;
    uid_t uid;
    char user[sizeof((struct jig_peer *)0)->user];
    int epoll;
    int closing_fd; /* an eventfd: readable for ever once we close */
    int tick_fd;    /* a timerfd */
    atomic_uint waiting;
    pthread_mutex_t mu;
    pthread_cond_t fewer; /* connections, or replies to send */
    /* All guarded by mu: */
    pthread_t threads[JIG_LOCAL_THREADS];
    unsigned thread_count;
    int listeners[JIG_LOCAL_LISTENERS];
    size_t listener_count;
    struct jig_local_connection **slots; /* connections_max of them */
    unsigned connection_count;
    uint32_t generation; /* of ids: the same one comes back late */
    unsigned unsent;     /* replies */
    bool ticking;
    bool accept_later; /* when the tick comes: there was no descriptor left */
    bool full;         /* no further connections */
    bool closing;
};

/* ---- local.c ---- */

/* epoll_ctl(2). */
int jig_local_watch(struct jig_local *l, int how, int fd, uint32_t events,
                    enum jig_local_source source, uint32_t which);

/* Every second, as long as something is late. mu is held. */
void jig_local_tick(struct jig_local *l, bool on);

/* ---- local_peer.c ---- */

/* A connection that was accepted; referenced for the caller, who owns its events until it is armed.
 * NULL: not for us; the caller closes fd. */
struct jig_local_connection *jig_local_welcome(struct jig_local *l, int fd);

/* Referenced for the caller; NULL when it is gone. */
struct jig_local_connection *jig_local_find(struct jig_local *l, uint32_t id);
void jig_local_unref(struct jig_local_connection *c);

/* Out of the table. Idempotent. */
void jig_local_hang_up(struct jig_local_connection *c);

/* These three with the connection's mu held: sends what the socket takes; forgets what it has not
 * taken; waits for its next event, unless a thread has it. */
void jig_local_write(struct jig_local_connection *c);
void jig_local_drop_unsent(struct jig_local_connection *c);
void jig_local_arm(struct jig_local_connection *c);

/* By who owns it: reads what is there. False: the peer has hung up, or talks nonsense. */
bool jig_local_read(struct jig_local_connection *c, struct jig_frame_list *list);

/* The next of what was read; NULL when there is none. Frames that are no requests are left out:
 * nng's too drops what has passed too many hands. */
struct jig_local_request *jig_local_next_request(struct jig_local_connection *c,
                                                 struct jig_frame_list *list);

#endif
