/*
 * bell.h - "something changed", for any number of waiting threads.
 *
 * A bell counts its strokes. A waiter remembers the count that it has acted on and waits for
 * another one; a stroke between the look and the wait is therefore never missed:
 *
 *     uint64_t seen = jig_bell_count(&b);
 *     ... look at the state; not there yet ...
 *     jig_bell_wait(&b, seen, -1, until, reterr)
 *
 * Waiting is in poll(2), beside the cancel descriptor and, if wanted, one descriptor more.
 *
 * Threads: any may ring, count and wait; init and release by the owner, who outlives all waiters.
 */
#ifndef JIG_OS_BELL_H
#define JIG_OS_BELL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/os/cancel.h"

struct jig_bell_waiter;

struct jig_bell {
    pthread_mutex_t mu;
    uint64_t count;                  /* guarded by mu */
    struct jig_bell_waiter *waiters; /* guarded by mu */
};

void jig_bell_init(struct jig_bell *b);
void jig_bell_release(struct jig_bell *b);
void jig_bell_ring(struct jig_bell *b);
uint64_t jig_bell_count(struct jig_bell *b);

/* OK once the count differs from `seen`, or when `also_fd` (-1 for none) is readable; else
 * CANCELLED or DEADLINE_EXCEEDED. */
enum jig_code jig_bell_wait(struct jig_bell *b, uint64_t seen, int also_fd,
                            const struct jig_until *until, struct jig_err *reterr) JIG_CHECKED;

#endif
