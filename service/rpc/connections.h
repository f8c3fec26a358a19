/*
 * connections.h - who is connected: a table of nng's pipes, each with its peer as the kernel names
 * it.
 *
 *   nng: a pipe comes --jig_connections_admit--> in the table, or refused
 *   nng: a pipe went  --jig_connections_remove-> out of it; `gone` is told in the dispatcher's pool
 *
 * Over tcp (loopback only) the kernel is asked for the user of the peer's socket. Only the daemon's
 * own user is admitted, and at most `max` connections.
 *
 * Ownership: what of options is a pointer is borrowed until jig_connections_free.
 * Threads: any; the table locks itself and calls nobody while it does.
 */
#ifndef JIG_SERVICE_RPC_CONNECTIONS_H
#define JIG_SERVICE_RPC_CONNECTIONS_H

#include <nng/nng.h>
#include <stdbool.h>

#include "service/rpc/dispatch.h"
#include "service/run/stats.h"

struct jig_connections;

struct jig_connections_options {
    struct jig_dispatcher *dispatcher;
    struct jig_stats *stats; /* may be NULL */
    unsigned max;
    void (*gone)(void *ctx, uint32_t connection); /* may be NULL */
    void *ctx;
};

struct jig_connections *jig_connections_new(const struct jig_connections_options *options);
void jig_connections_free(struct jig_connections *c); /* no pipe may come or go any more */

/* False, with the reason logged, when the pipe is to be closed. */
bool jig_connections_admit(struct jig_connections *c, nng_pipe pipe, enum jig_transport transport);
void jig_connections_remove(struct jig_connections *c, nng_pipe pipe);

/* False when the connection is gone. */
bool jig_connections_find(struct jig_connections *c, uint32_t connection, struct jig_peer *ret);

/* Nobody is admitted any more. */
void jig_connections_refuse(struct jig_connections *c);

/* Refuses, waits at most `ms` for all to leave, and tells nobody of those that leave later. */
void jig_connections_drain(struct jig_connections *c, int64_t ms);

#endif
