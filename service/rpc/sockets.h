/*
 * sockets.h - nng's sockets: tcp on loopback, and inproc for tests. Made when first listened on.
 *
 * REP with a context for each call that is in progress. Contexts are made on demand: one more than
 * there are unanswered calls is always receiving, up to a ceiling somewhat above the dispatcher's
 * outstanding_max, so that a surplus call is told so. A context's life:
 *
 *     idle -> receiving --a request--> busy (the dispatcher has it) --answer--> sending --+
 *       ^         ^                       |                                               |
 *       +---------+-----------------------+-- no answer ----------------------------------+
 *
 * nng's callbacks here only move things between lists; the rest happens in the dispatcher's pool.
 *
 * Sizes: NNG_OPT_RECVMAXSZ is set on the socket before anything listens. nng closes a connection
 * whose peer announces a larger message, before it reads or allocates it. (inproc has no such
 * limit: the dispatcher refuses there.)
 *
 * Over tcp the kernel is asked for the user of the peer's socket; any but the daemon's own is
 * disconnected before a byte of it is read.
 *
 * Threads: jig_sockets_* are the owner's, one thread at a time; jig_sockets_endpoints is anybody's.
 */
#ifndef JIG_SERVICE_RPC_SOCKETS_H
#define JIG_SERVICE_RPC_SOCKETS_H

#include "core/base/strv.h"
#include "service/rpc/server.h"

struct jig_sockets;

enum jig_code jig_sockets_new(const struct jig_server_options *options, struct jig_sockets **ret,
                              struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_sockets_listen(struct jig_sockets *sockets, const struct jig_endpoint *endpoint,
                                 struct jig_err *reterr) JIG_CHECKED;
void jig_sockets_serve(struct jig_sockets *sockets);
void jig_sockets_endpoints(struct jig_sockets *sockets, struct jig_strv *out);
void jig_sockets_stop_accepting(struct jig_sockets *sockets);
void jig_sockets_free(struct jig_sockets *sockets); /* NULL is fine */

#endif
