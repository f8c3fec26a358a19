/*
 * server.h - the sockets: nng REP with a context for each call that is in progress.
 *
 * Contexts are made on demand: one more than there are unanswered calls is always receiving, up to
 * a ceiling somewhat above the dispatcher's outstanding_max, so that a surplus call is told so. A
 * context's life:
 *
 *     idle -> receiving --a request--> busy (the dispatcher has it) --answer--> sending --+
 *       ^         ^                       |                                               |
 *       +---------+-----------------------+-- no answer ----------------------------------+
 *
 * Connections: up to connections_max, all of the daemon's own user (connections.h). Anybody else is
 * disconnected before a byte of it is read.
 *
 * Sizes: NNG_OPT_RECVMAXSZ is set on the socket before anything listens. nng closes a connection
 * whose peer announces a larger message, before it reads or allocates it; a client should check its
 * messages' sizes itself. (inproc, for tests, has no such limit: the dispatcher refuses there.)
 * A reply that its peer does not take within 30 s costs the peer its connection.
 *
 * nng's callbacks here only move things between lists; the rest happens in the dispatcher's pool.
 *
 * Threads: jig_server_* are the owner's, one thread at a time; jig_server_endpoints is anybody's.
 */
#ifndef JIG_SERVICE_RPC_SERVER_H
#define JIG_SERVICE_RPC_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/strv.h"
#include "service/rpc/dispatch.h"
#include "service/rpc/endpoint.h"
#include "service/run/stats.h"

struct jig_server;

struct jig_server_options {
    struct jig_dispatcher
        *dispatcher;         /* borrowed: stopped before the server is freed, freed after */
    struct jig_stats *stats; /* borrowed; may be NULL */
    size_t message_max;      /* bytes */
    unsigned connections_max;
    unsigned contexts_max;
    /* A connection is gone; runs in the dispatcher's pool, until the dispatcher is freed. May be
     * NULL. */
    void (*gone)(void *ctx, uint32_t connection);
    void *ctx;
};

enum jig_code jig_server_new(const struct jig_server_options *options, struct jig_server **ret,
                             struct jig_err *reterr) JIG_CHECKED;

/* Connections are accepted from now on; their requests wait until jig_server_serve. A unix socket's
 * file that stands there already is replaced: the caller holds the lock that makes this right. */
enum jig_code jig_server_listen(struct jig_server *server, const struct jig_endpoint *endpoint,
                                struct jig_err *reterr) JIG_CHECKED;

void jig_server_serve(struct jig_server *server);

/* Where it listens, with ports that were chosen by the system. */
void jig_server_endpoints(struct jig_server *server, struct jig_strv *out);

/* New connections are refused from now on, and unix sockets' files are gone; those that are there
 * stay and are served. Idempotent. */
void jig_server_stop_accepting(struct jig_server *server);

/* Closes everything, after giving replies that are on their way up to a second, and clients 50 ms
 * to read them and leave; NULL is fine. */
void jig_server_free(struct jig_server *server);

#endif
