/*
 * client.h - the inside of a struct jig_client: one connection and the calls that wait on it.
 *
 *            connect            a call is queued          its reply came
 *   closed ----------> open --------------------> waiting ---------------> open
 *     ^                                              |
 *     |  the peer hung up: reach it again, send what |
 *     +---- waits once more (client.c, resume) <-----+
 *
 * A call lives on the stack of the function that waits for it, linked into client->calls. While it
 * waits, a watch may make another call on the same client, whose wait then also takes in the
 * replies of the outer ones. A reply that no call waits for is dropped.
 *
 * A daemon that is killed closes its descriptors one after the other: the connection may drop while
 * its socket still takes new ones, which then drop too, unread. Only a connection on which the peer
 * has said its greeting counts as one on which it may have read a call.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_LIB_CLIENT_H
#define JIG_LIB_CLIENT_H

#include <sys/types.h>

#include <jig/client.h>

#include "client/lib/sp.h"
#include "client/lib/url.h"

#define JIG_REQUEST_MAX ((size_t)16 << 20) /* what a daemon takes, by its own default */
#define JIG_REPLY_MAX   ((size_t)64 << 20)

/* A request and, in the end, its reply. */
struct jig_call {
    struct jig_call *next; /* an outer one */
    const void *request;   /* an encoded jig.v1.Request; borrowed while the call waits */
    size_t request_size;
    bool repeatable; /* a daemon that knows nothing of it may do it again */
    unsigned drops;  /* connections that dropped while it waited */
    bool seen;       /* a peer of those may have read it, */
    pid_t seen_by;   /* this one, if it is known */
    uint32_t id;
    bool done;
    enum jig_status status; /* when done: OK, or why there is no reply */
    struct jig_error error;
    char *reply; /* malloc'ed; the caller frees */
    size_t reply_size;
};

struct jig_watch {
    int fd; /* -1: free */
    bool busy;
    jig_ready_fn *ready;
    void *context;
};

struct jig_client {
    struct jig_address address;
    struct jig_sp sp; /* sp.fd -1: not connected */
    pid_t peer_pid;   /* who listens, on a unix socket; else 0 */
    pid_t started;    /* the daemon that this client started, or 0 */
    uint32_t last_id;
    struct jig_call *calls;
    struct jig_watch watches[JIG_WATCHES_MAX];
    bool no_start;
    char *jigd; /* NULL: look for it */
    char program[64];
};

/* Sends the request and waits for the reply. */
enum jig_status jig_exchange(struct jig_client *client, struct jig_call *call, int64_t deadline_ns,
                             struct jig_error *reterr) JIG_CHECKED;

/* Connects to the address, starting the daemon when that is allowed. */
enum jig_status jig_reach(struct jig_client *client, bool may_start, int64_t deadline_ns,
                          struct jig_error *reterr) JIG_CHECKED;

/* Waits until the peer has hung up. */
enum jig_status jig_wait_hung_up(struct jig_client *client, int64_t deadline_ns,
                                 struct jig_error *reterr) JIG_CHECKED;

/* poll(2) that goes on after a signal and ends at an absolute deadline. DEADLINE_EXCEEDED then. */
struct pollfd;
enum jig_status jig_poll_until(struct pollfd *fds, size_t count, int64_t deadline_ns,
                               struct jig_error *reterr) JIG_CHECKED;

#endif
