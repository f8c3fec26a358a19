/*
 * place.h - where a jigd lives: its socket, the lock that makes it the only one there, its folders.
 *
 *   SOCKET without ".sock" + ".lock"   held (flock) from before the socket is bound until after it
 *                                      is gone; who holds it may replace the socket's file
 *   STATE/jigd.log, STATE/emulated     what must survive
 *   CACHE                              what may be deleted at any time
 *
 * The default socket's folder is made private (0700). A socket that was named lies in a folder of
 * its user's choice; a missing one is made private.
 *
 * Threads: belongs to one thread.
 */
#ifndef JIG_SERVICE_PLACE_H
#define JIG_SERVICE_PLACE_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/os/lock.h"
#include "service/options.h"

struct jig_place {
    char *socket;
    char *socket_dir;
    char *lock_path;
    char *state_dir;
    char *cache_dir;
    char *log_path;
    struct jig_lock lock;
};

/* Names everything; makes and takes nothing. */
void jig_place_init(struct jig_place *place, const struct jig_options *options);
void jig_place_release(struct jig_place *place); /* gives the lock up, last of all */

/* Makes the folders, and takes the lock. ABORTED (BUSY) when another jigd serves the socket, which
 * is known by connecting to it. One that holds the lock but does not listen is starting or ending:
 * it is waited for, up to ten seconds. */
enum jig_code jig_place_take(struct jig_place *place, struct jig_err *reterr) JIG_CHECKED;

#endif
