/*
 * process.h - processes that are not our children, and this one.
 *
 * Another process is held by a pidfd, which means the same process even when its number is used
 * again. Source: pidfd_open(2); proc(5) for the uid.
 *
 * Threads: no state.
 */
#ifndef JIG_OS_PROCESS_H
#define JIG_OS_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

/* A descriptor that becomes readable when the process ends; the caller closes it. ret_uid is its
 * real uid. NOT_FOUND when there is no such process. */
enum jig_code jig_process_open(pid_t pid, int *ret_fd, uid_t *ret_uid,
                               struct jig_err *reterr) JIG_CHECKED;

/* ---- this process ---- */

/* Resident memory in bytes; 0 when the system does not say. */
int64_t jig_process_rss_bytes(void);

/* Before the first thread: few heaps, since each thread of its own heap keeps what it freed; and
 * what is freed is put together at once, not by some later call, which would take milliseconds
 * after many small frees (mallopt(3), M_MXFAST). Where malloc cannot be told, nothing happens. */
void jig_process_use_few_heaps(void);

/* Gives back to the system what malloc keeps for later. */
void jig_process_trim(void);

/* As many descriptors as the system lets this user have. */
void jig_process_raise_descriptors(void);

#endif
