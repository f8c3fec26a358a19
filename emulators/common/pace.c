#include "emulators/common/pace.h"

#include <time.h>

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void emu_pace_start(struct emu_pace *p)
{
    p->due_ns = now_ns() + EMU_SLICE_NS;
    p->lagged_ns = 0;
}

void emu_pace_wait(struct emu_pace *p)
{
    int64_t late = now_ns() - p->due_ns;
    if (late > EMU_LAG_MAX_NS) {
        p->lagged_ns += late;
        p->due_ns += late;
    } else if (late < 0) {
        struct timespec due = {.tv_sec = p->due_ns / 1000000000, .tv_nsec = p->due_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    p->due_ns += EMU_SLICE_NS;
}
