/*
 * server.h - where jigd listens: unix sockets (local.h), and by nng what else there is (sockets.h).
 *
 * Both speak SP's REP, so that any nng client can call. nng is started by the first endpoint that
 * needs it; most daemons have none.
 *
 * Connections: up to connections_max of either kind. The kernel names the peer's user; any but the
 * daemon's own is disconnected before a byte of it is read.
 *
 * Sizes: a connection whose peer announces a request of more than message_max bytes is closed,
 * before there is memory for it; a client should check its messages' sizes itself. A reply that its
 * peer does not take within 30 s costs the peer its connection.
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
    unsigned contexts_max; /* of nng's */
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

enum jig_code jig_server_serve(struct jig_server *server, struct jig_err *reterr) JIG_CHECKED;

/* Where it listens, with ports that were chosen by the system. */
void jig_server_endpoints(struct jig_server *server, struct jig_strv *out);

/* New connections are refused from now on, and unix sockets' files are gone; those that are there
 * stay and are served. Idempotent. */
void jig_server_stop_accepting(struct jig_server *server);

/* Closes everything, after giving replies that are on their way up to a second, and clients 50 ms
 * to read them and leave; NULL is fine. */
void jig_server_free(struct jig_server *server);

#endif
