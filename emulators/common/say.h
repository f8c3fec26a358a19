/*
 * say.h - how an emulator speaks on standard error: "PROGRAM: whole sentence".
 *
 * What the emulated program does can make it speak without end (a wild sketch faults a million
 * times a second), and nobody need be reading: emu_note falls silent after EMU_NOTES_MAX lines, so
 * that it never fills a pipe and blocks. Counters in the status say the rest.
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_SAY_H
#define JIG_EMULATORS_SAY_H

#include <stdbool.h>
#include <stdio.h>

#define EMU_NOTES_MAX 50 /* of at most 512 bytes: less than the 64 KiB of a pipe */

/* Says why the emulator cannot start or stop as asked. Always false, for `return emu_fail(...)`. */
bool emu_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Says something while it runs. */
void emu_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* s as a JSON string with its quotes. Bytes from 0x80 are passed on as they are. */
void emu_json_string(FILE *out, const char *s);

#endif
