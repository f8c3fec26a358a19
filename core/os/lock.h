/*
 * lock.h - flock(2) on a file of its own: held means that the holder lives.
 *
 * The file is made when missing and stays afterwards: removing it would let two holders in. Who
 * waited for a file that was removed meanwhile waits for the one in its place. Its content, written
 * while held, names the holder for people: "operation 12ab of ann (pid 123)".
 *
 * Threads: a jig_lock belongs to one thread at a time; two locks of one file exclude each other
 * even within a process.
 */
#ifndef JIG_OS_LOCK_H
#define JIG_OS_LOCK_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/os/cancel.h"

struct jig_lock {
    int fd; /* -1: not held */
};

#define JIG_LOCK_INIT                                                                              \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Takes the lock if it is free. `holder` says who we are to those who wait; NULL: just the pid.
 * ABORTED (reason BUSY) with the holder's words when it is not. */
enum jig_code jig_lock_try(struct jig_lock *l, const char *path, const char *holder,
                           struct jig_err *reterr) JIG_CHECKED;

/* Waits for it. The kernel has no timed flock: a release is seen at once, as the file is closed
 * then (inotify); that its holder died, within 20 ms. */
enum jig_code jig_lock_wait(struct jig_lock *l, const char *path, const char *holder,
                            const struct jig_until *until, struct jig_err *reterr) JIG_CHECKED;

/* Waits for a share of the lock: any number have one at once, and none while somebody has the lock.
 * The file is only read, and must exist (NOT_FOUND). */
enum jig_code jig_lock_share(struct jig_lock *l, const char *path, const struct jig_until *until,
                             struct jig_err *reterr) JIG_CHECKED;

bool jig_lock_held(const struct jig_lock *l);

/* True while the lock is held on the file that `path` is now: when that was removed, another may
 * hold a lock on a new one. */
bool jig_lock_is_current(const struct jig_lock *l, const char *path);
void jig_lock_release(struct jig_lock *l); /* idempotent */

#endif
