/*
 * start.h - starting the user's own daemon.
 *
 * The daemon gets a pipe, `jigd --ready-fd 3`, and says one line on it: "ready" when it serves,
 * "running" when another one does already (which then is the one to talk to), or "error: why".
 * It gets none of this process's descriptors, a session of its own, "/" as its folder, and of the
 * environment what a daemon needs (start.c has the list): it outlives this process, and the
 * secrets of a CI job are not its business.
 *
 * Threads: no state.
 */
#ifndef JIG_LIB_START_H
#define JIG_LIB_START_H

#include <stdint.h>
#include <sys/types.h>

#include "client/lib/error.h"

/* `program` NULL: look for it. *ret_pid is the daemon's, or 0 when another one was there first.
 * UNAVAILABLE (cause UNREACHABLE) when it can't be found, says why it can't serve, or is not ready
 * in ten seconds. */
enum jig_status jig_start_daemon(const char *program, int64_t deadline_ns, pid_t *ret_pid,
                                 struct jig_error *reterr) JIG_CHECKED;

/* The daemon's program: $JIG_JIGD, beside this program, ../libexec/jig/jigd, in PATH. Malloc'ed.
 * NOT_FOUND names where it was looked for. */
enum jig_status jig_find_daemon(char **ret, struct jig_error *reterr) JIG_CHECKED;

#endif
