/*
 * park.h - what waits without a thread: for news on a list, or for a time, whichever is first.
 *
 *   free --jig_park_add--> parked --jig_waitlist_wake / its time / jig_park_take--> free
 *
 * Whoever moves a thing from parked to free owns it from then on; that is exactly one. One lock
 * guards all lists and times of a park, so that a thing leaves its list and its timer at once. One
 * thread sleeps until the next time.
 *
 * A waitlist counts how often it was woken. A caller draws a ticket (the count), looks for what it
 * wants, and parks with the ticket: parking fails when the list was woken in between. So no wake is
 * missed, as long as news is made visible before the wake.
 *
 * Threads: all functions from any, except new and free. `woken` runs without the park's lock, in
 * the waking thread (news) or in the park's own (time), which it must not keep.
 */
#ifndef JIG_SERVICE_RUN_PARK_H
#define JIG_SERVICE_RUN_PARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct jig_park;

/* Everything in it is guarded by its park's lock. */
struct jig_waitlist {
    struct jig_park *park;
    struct jig_parked *first;
    uint64_t wakes;
};

struct jig_parked {
    void (*woken)(struct jig_parked *parked, bool time_is_up);
    /* The park's: */
    struct jig_waitlist *list; /* NULL: not parked */
    struct jig_parked *next;
    struct jig_parked *prev;
    int64_t at_ns;
    size_t timer; /* place in the heap plus 1; 0: none */
};

enum jig_code jig_park_new(struct jig_park **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_park_free(struct jig_park *park); /* nothing may be parked any more; NULL is fine */

void jig_waitlist_init(struct jig_waitlist *list, struct jig_park *park);
uint64_t jig_waitlist_ticket(struct jig_waitlist *list);
void jig_waitlist_wake(struct jig_waitlist *list);

/* False when the list was woken since the ticket was drawn. at_ns: JIG_NO_DEADLINE for none. */
bool jig_park_add(struct jig_waitlist *list, uint64_t ticket, struct jig_parked *parked,
                  int64_t at_ns) JIG_CHECKED;

/* Takes it back unwoken; false when it was not parked, or not any more. */
bool jig_park_take(struct jig_park *park, struct jig_parked *parked);

#endif
