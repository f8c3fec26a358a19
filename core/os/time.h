/*
 * time.h - the real clocks behind core/base/clock.h.
 */
#ifndef JIG_OS_TIME_H
#define JIG_OS_TIME_H

#include "core/base/clock.h"

extern const struct jig_clock jig_clock_real;

int64_t jig_now_ns(void);  /* monotonic */
int64_t jig_unix_ms(void); /* since 1970-01-01 UTC */

/* The clock that the kernel stamps files with: since 1970, and up to a tick behind jig_unix_ms. */
int64_t jig_unix_coarse_ns(void);

/* now + ms as a monotonic deadline; ms < 0 is JIG_NO_DEADLINE. Saturates. */
int64_t jig_deadline_in_ms(int64_t ms);

/* What is left until the deadline as a poll(2) timeout: -1 for JIG_NO_DEADLINE, 0 when past,
 * rounded up. */
int jig_deadline_poll_ms(int64_t deadline_ns);

#endif
