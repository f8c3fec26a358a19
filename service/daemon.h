/*
 * daemon.h - owns every long-lived object of jigd; brings them up in order, and down in the other.
 *
 *   new:   configuration -> the place's lock -> log -> waiting and running -> socket bound ->
 *          operations, boards -> serving
 *   run:   until a signal, Shutdown, or nobody needed it for the idle time
 *   free:  no new connections -> sessions and emulators end -> operations are cancelled and have
 *          ten seconds -> waiting calls are answered UNAVAILABLE -> sockets -> the rest -> the lock
 *
 * A daemon that is in use does not leave by itself: operations that have not ended, open serial
 * sessions, and calls that wait all count.
 *
 * Threads: new, run and free are the main thread's. Signals (TERM, INT, HUP) are blocked in all
 * threads from jig_daemon_new on and taken by run.
 */
#ifndef JIG_SERVICE_DAEMON_H
#define JIG_SERVICE_DAEMON_H

#include "core/base/err.h"
#include "service/options.h"

struct jig_daemon;

/* ABORTED with reason BUSY when another one serves the socket already. It serves when this returns.
 */
enum jig_code jig_daemon_new(const struct jig_options *options, struct jig_daemon **ret,
                             struct jig_err *reterr) JIG_CHECKED;

/* Returns when the daemon is to end. */
void jig_daemon_run(struct jig_daemon *daemon);
void jig_daemon_free(struct jig_daemon *daemon);

#endif
