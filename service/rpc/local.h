/*
 * local.h - unix sockets, without nng: SP's REP side, read and answered by the threads that wait.
 *
 * A request over nng passes three threads before its handler runs; most of a short call is their
 * waking each other. Here a few threads wait on one epoll; who gets a connection's event reads what
 * is there, lets others have the connection, and runs the request's handler itself. So a call costs
 * its client's wake and one more.
 *
 *     waiting --its event--> owned: flush, read, cut into frames --arm again--> waiting
 *                              |                                    and then: handle what came
 *                              +-- hung up, or no SP --> gone
 *
 * The last request that came is handled by the thread that read it, those before it go to the
 * dispatcher's pool; threads are added, up to `threads_max`, while none is left to wait. Replies
 * are written by who has them. A connection that does not take its replies is not read from until
 * it has, and is closed after 30 s of that.
 *
 * Only the daemon's own user is let in, as the kernel tells (SO_PEERCRED).
 *
 * Threads: jig_local_* are the owner's, one thread at a time.
 */
#ifndef JIG_SERVICE_RPC_LOCAL_H
#define JIG_SERVICE_RPC_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "service/rpc/server.h"

/* Connections' ids have this bit, and nng's have not. */
#define JIG_LOCAL_CONNECTION UINT32_C(0x80000000)

struct jig_local;

/* What a server's options say, as far as it concerns unix sockets. */
enum jig_code jig_local_new(const struct jig_server_options *options, struct jig_local **ret,
                            struct jig_err *reterr) JIG_CHECKED;

/* The path is free. Connections wait until jig_local_serve. */
enum jig_code jig_local_listen(struct jig_local *local, const char *path,
                               struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_local_serve(struct jig_local *local, struct jig_err *reterr) JIG_CHECKED;

void jig_local_stop_accepting(struct jig_local *local);

/* Waits until all replies are with the kernel, at most until sent_by_ns, and then until all clients
 * have left, at most for linger_ms. */
void jig_local_flush(struct jig_local *local, int64_t sent_by_ns, int64_t linger_ms);

void jig_local_free(struct jig_local *local); /* NULL is fine */

#endif
