/* Waiting until stamps can be believed, by the clock alone. */
#ifndef JIG_TESTS_SUPPORT_STAMPS_H
#define JIG_TESTS_SUPPORT_STAMPS_H

#include <sched.h>
#include <time.h>

#include "core/os/time.h"
#include "core/watch/files.h"

/* Until no stamp that was made by now is young. Some kernels stamp with the fine clock, which is
 * ahead of the coarse one. */
static inline void let_stamps_grow_old(void)
{
    struct timespec fine = {0};
    clock_gettime(CLOCK_REALTIME, &fine);
    int64_t now_ns = (int64_t)fine.tv_sec * JIG_NS_PER_S + fine.tv_nsec;
    struct jig_stamp now = {.mtime_ns = now_ns | 1, .ctime_ns = 1};
    while (jig_stamp_is_racy(&now, jig_stamp_clock_ns()))
        sched_yield();
}

#endif
