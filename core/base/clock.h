/*
 * clock.h - time as an interface, so that what depends on it can be tested without waiting.
 *
 * Monotonic times are nanoseconds since an arbitrary start; deadlines are such times, absolute.
 * JIG_NO_DEADLINE means: wait as long as it takes. The real clock is core/os/time.h's.
 */
#ifndef JIG_BASE_CLOCK_H
#define JIG_BASE_CLOCK_H

#include <stdint.h>

#define JIG_NO_DEADLINE INT64_MAX
#define JIG_NS_PER_MS   INT64_C(1000000)
#define JIG_NS_PER_S    INT64_C(1000000000)

struct jig_clock {
    int64_t (*monotonic_ns)(void *ctx);
    int64_t (*unix_ms)(void *ctx); /* milliseconds since 1970-01-01 UTC, for people */
    void *ctx;
};

#endif
