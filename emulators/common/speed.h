/*
 * speed.h - the speed of a pty, which is not a constant of termios.h but a number; and what else
 * takes the kernel's own struct.
 *
 * Apart from line.c because the kernel's struct termios2 and glibc's struct termios cannot be
 * declared in one file. Source: Linux, include/uapi/asm-generic/termbits.h (BOTHER, TCGETS2).
 *
 * "Unset" is a mark that no client makes by accident: the pty's default of 38400, but written as a
 * number (BOTHER) instead of the constant B38400 that tcsetattr uses.
 *
 * Threads: no state.
 */
#ifndef JIG_EMULATORS_SPEED_H
#define JIG_EMULATORS_SPEED_H

#include <stdbool.h>
#include <stdint.h>

bool emu_speed_unset(int fd);    /* makes the tty raw and its speed unset */
uint32_t emu_speed_read(int fd); /* in baud; 0 when unset or unknown */

/* By the pty's master: throws away what the slave has received and nobody has read, without opening
 * it. The settings are written back as they were read, so a client that sets some in the very
 * instant loses them. */
bool emu_speed_flush_slave(int master);

#endif
