/*
 * pace.h - emulated time against the wall clock.
 *
 * Emulated time moves in slices of EMU_SLICE_NS. Each ends at an absolute monotonic time, so errors
 * of single sleeps do not add up. A host that was late catches up by slices without sleep; one that
 * was later than EMU_LAG_MAX_NS (stopped, suspended, overloaded) does not: the board then simply
 * lost that time, which `lagged_ns` counts.
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_PACE_H
#define JIG_EMULATORS_PACE_H

#include <stdint.h>

#define EMU_SLICE_NS   1000000   /* 1 ms: 11.5 bytes at 115200 baud, and 1000 wake-ups a second */
#define EMU_LAG_MAX_NS 200000000 /* well under optiboot's watchdog of 1 s */

struct emu_pace {
    int64_t due_ns; /* monotonic end of the current slice */
    int64_t lagged_ns;
};

void emu_pace_start(struct emu_pace *p);

/* Sleeps until the slice is over (a signal ends the sleep early) and begins the next one. */
void emu_pace_wait(struct emu_pace *p);

#endif
