/*
 * line.h - the serial line between a board and whoever opens its port: a pty of our own.
 *
 *      client        slave | master         emu_line              the board's UART
 *      write() ------------|--------> heard ring -- emu_line_next ---->
 *      read()  <-----------|--------- said ring <-- emu_line_put ------
 *
 * Nobody waits for anybody. Towards the board nothing is lost here: while the heard ring is full
 * the kernel keeps the client's bytes, and then the client's write waits. Towards the client bytes
 * are dropped, as on a real wire, when nobody has the port open (`unheard`) or when the client does
 * not read and kernel and ring are full (`dropped`).
 *
 * Opening and closing. A pty has no modem lines, so "the first client opened the port" stands for
 * DTR. The kernel tells it twice: POLLHUP on the master is set exactly while nobody has the slave
 * open, and inotify on the slave's node names each open and close, so that a close and an open
 * between two polls are seen. Without inotify (its limits are per user) such a pair goes unseen.
 *
 *      CLOSED --open--> OPEN --last close--> LEAVING --POLLHUP--> CLOSED
 *                        ^                     | open: the port was opened anew
 *                        +---------------------+ no POLLHUP soon: someone still has it open
 *                                                (inotify merges equal events)
 *
 * The line's speed is what a client set last; as with any serial port, settings stay when the
 * client goes. Until one sets a speed it is unset: emu_line_baud gives 0, which agrees with
 * everything.
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_LINE_H
#define JIG_EMULATORS_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct emu_line;

struct emu_line_counts {
    uint64_t opens;   /* times that the port went from closed to open */
    uint64_t heard;   /* bytes taken from clients */
    uint64_t said;    /* bytes handed to the kernel for clients */
    uint64_t unheard; /* bytes said while nobody had the port open */
    uint64_t dropped; /* bytes said to a client that did not read */
};

/* What happened since the last poll. */
struct emu_line_news {
    unsigned opened; /* times that it went from closed to open */
    bool closed;     /* it is closed now and was not before */
};

/* Makes the pty: raw, mode 0600, nobody on it. False, with a message on stderr, when it cannot. */
bool emu_line_new(struct emu_line **ret);
void emu_line_free(struct emu_line *l); /* NULL is fine; a client sees its port hang up */

const char *emu_line_path(const struct emu_line *l); /* "/dev/pts/N" */
bool emu_line_is_open(const struct emu_line *l);
uint32_t emu_line_baud(const struct emu_line *l); /* as of the last poll */
const struct emu_line_counts *emu_line_counts(const struct emu_line *l);

/* Looks once, without waiting: who is there, at what speed, and what the client wrote. */
struct emu_line_news emu_line_poll(struct emu_line *l);

/* Throws away what was written before now. For a board that is reset: it does not hear that. */
void emu_line_discard(struct emu_line *l);

bool emu_line_next(struct emu_line *l, uint8_t *ret); /* the next byte from the client, if any */
void emu_line_put(struct emu_line *l, uint8_t byte);  /* a byte for the client */
void emu_line_flush(struct emu_line *l);              /* hands the said ring to the kernel */

#endif
