/*
 * guard.h - no child outlives us, even when we are killed.
 *
 * A process that is killed cannot end its children, and a compiler that nobody waits for would go
 * on writing into a build folder that is another daemon's by then. So a small process of its own
 * waits for our end, and then kills the process groups that are on a list which both of us see.
 * The parent-death signal (prctl(2)) would reach a compiler's driver, but none of the programs that
 * it runs.
 *
 *   jig_guard_start -> [guard waits on our pidfd] -> we end, however -> groups killed -> guard ends
 *
 * Children that start while the list is full (4,096) are not on it. Between a child's start and its
 * entry lie a few microseconds in which it is not guarded.
 *
 * Threads: jig_guard_start while there is but one; the others from any thread.
 */
#ifndef JIG_OS_GUARD_H
#define JIG_OS_GUARD_H

#include <sys/types.h>

#include "core/base/err.h"

/* Once in a process's life; without it the others do nothing. */
enum jig_code jig_guard_start(struct jig_err *reterr) JIG_CHECKED;

/* A folder of ours in memory, for the temporary files of tools: a link by avr-gcc makes a dozen of
 * them. The guard removes it, and what killed tools left there. NULL without a guard, or when
 * /dev/shm is no tmpfs with a gigabyte of room. */
const char *jig_guard_folder(void);

/* Puts a process group on the list; the entry, or -1. */
int jig_guard_add(pid_t group);

/* Takes it off, before the group's leader is waited for: its number may be another's behind that.
 * -1 is fine. */
void jig_guard_remove(int entry);

#endif
