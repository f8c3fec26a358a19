#include "core/os/time.h"

#include <limits.h>
#include <stddef.h>
#include <time.h>

int64_t jig_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * JIG_NS_PER_S + ts.tv_nsec;
}

int64_t jig_unix_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / JIG_NS_PER_MS;
}

int64_t jig_unix_coarse_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME_COARSE, &ts);
    return (int64_t)ts.tv_sec * JIG_NS_PER_S + ts.tv_nsec;
}

static int64_t real_monotonic(void *ctx)
{
    (void)ctx;
    return jig_now_ns();
}

static int64_t real_unix(void *ctx)
{
    (void)ctx;
    return jig_unix_ms();
}

const struct jig_clock jig_clock_real = {real_monotonic, real_unix, NULL};

int64_t jig_deadline_in_ms(int64_t ms)
{
    if (ms < 0)
        return JIG_NO_DEADLINE;
    int64_t ns, deadline;
    if (__builtin_mul_overflow(ms, JIG_NS_PER_MS, &ns) ||
        __builtin_add_overflow(jig_now_ns(), ns, &deadline))
        return JIG_NO_DEADLINE;
    return deadline;
}

int jig_deadline_poll_ms(int64_t deadline_ns)
{
    if (deadline_ns == JIG_NO_DEADLINE)
        return -1;
    int64_t left = deadline_ns - jig_now_ns();
    if (left <= 0)
        return 0;
    int64_t ms = (left + JIG_NS_PER_MS - 1) / JIG_NS_PER_MS;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}
