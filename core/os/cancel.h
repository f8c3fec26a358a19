/*
 * cancel.h - how long a wait may last: until it is cancelled, or until a deadline.
 *
 * Cancel is a level, not an edge: once fired it stays fired, so it is checked at every wait and
 * none can miss it. The fd becomes readable when it fires and is polled beside what is waited for.
 *
 * Threads: fire and fired from any thread; init and release by the owner, who outlives all users.
 */
#ifndef JIG_OS_CANCEL_H
#define JIG_OS_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/err.h"

struct jig_cancel {
    int fd; /* an eventfd */
    atomic_bool fired;
};

enum jig_code jig_cancel_init(struct jig_cancel *c, struct jig_err *reterr) JIG_CHECKED;
void jig_cancel_release(struct jig_cancel *c);
void jig_cancel_fire(struct jig_cancel *c); /* async-signal-safe */
bool jig_cancel_fired(const struct jig_cancel *c);

/* What every wait of core takes. `cancel` may be NULL. */
struct jig_until {
    struct jig_cancel *cancel;
    int64_t deadline_ns; /* monotonic, absolute; JIG_NO_DEADLINE for none */
};

#define JIG_UNTIL_FOREVER ((struct jig_until){.cancel = NULL, .deadline_ns = JIG_NO_DEADLINE})

/* OK while it may go on; else CANCELLED ("cancelled") or DEADLINE_EXCEEDED ("timed out"). */
enum jig_code jig_until_check(const struct jig_until *u, struct jig_err *reterr) JIG_CHECKED;

/* The same wait, ending no later than `deadline_ns`. */
struct jig_until jig_until_sooner(const struct jig_until *u, int64_t deadline_ns);

#endif
