/*
 * resample.h - what a receiver makes of a byte that was sent at another speed.
 *
 * Both sides use frames of 8N1: a start bit (low), eight data bits from the lowest, a stop bit
 * (high). A receiver starts at a falling edge and looks at the middle of each of its own bit times,
 * so a wrong speed gives wrong bytes, several for one or none at all, and framing errors; always
 * the same for the same byte and speeds. Each byte is taken alone, with the line idle before and
 * after.
 *
 * Threads: no state.
 */
#ifndef JIG_EMULATORS_RESAMPLE_H
#define JIG_EMULATORS_RESAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emu_frame {
    uint8_t byte;
    bool framing_error; /* the stop bit was low */
};

#define EMU_FRAMES_MAX 5 /* a frame of ten bits has at most five falling edges */

/* Within 4 %: both sides understand each other (at about 5 % the stop bit is missed). A speed of 0
 * is one that nobody has set and agrees with all. */
bool emu_speeds_agree(uint32_t a, uint32_t b);

/* Gives what arrives at `to` baud of `byte` sent at `from` baud, and how many frames that are. */
size_t emu_resample(uint8_t byte, uint32_t from, uint32_t to, struct emu_frame out[EMU_FRAMES_MAX]);

#endif
