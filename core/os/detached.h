/*
 * detached.h - starting a program that outlives its starter: a daemon.
 *
 * Unlike core/os/proc.h's children it has a session of its own, "/" as its folder, /dev/null for
 * its three standard streams, and one pipe of the starter's as descriptor 3 to say on how it got
 * on. Until it or the starter ends it is a child like any other; whoever starts one takes it in
 * with jig_detached_reap when it ends early, or with jig_detached_forget when it may have.
 *
 * Allocates nothing, so that a library may use it in anybody's process.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_OS_DETACHED_H
#define JIG_OS_DETACHED_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

#define JIG_DETACHED_FD 3

/* `program` is absolute or relative to the starter's folder. Signals are as after a login. */
enum jig_code jig_detached_start(const char *program, char *const *argv, char *const *env,
                                 int pipe_fd, pid_t *ret_pid, struct jig_err *reterr) JIG_CHECKED;

/* For the daemon itself, whoever started it: a session of its own, "/" as its folder, /dev/null for
 * its standard streams, umask 077, and no other descriptor but keep_fd (-1: none). */
void jig_detached_become(int keep_fd);

/* Waits until that process, which need not be a child, has ended. DEADLINE_EXCEEDED otherwise. */
enum jig_code jig_detached_wait_gone(pid_t pid, int64_t deadline_ns,
                                     struct jig_err *reterr) JIG_CHECKED;

/* Takes in a child that is about to end; one that lives past the deadline is killed. Gives what
 * waitpid(2) says of it. */
int jig_detached_reap(pid_t pid, int64_t deadline_ns);

/* Takes in the child if it has ended. */
void jig_detached_forget(pid_t pid);

#endif
