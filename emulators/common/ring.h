/*
 * ring.h - a queue of bytes of fixed size. Zeroed memory is an empty one.
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_RING_H
#define JIG_EMULATORS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMU_RING_SIZE 4096 /* a power of two */

struct emu_ring {
    uint8_t bytes[EMU_RING_SIZE];
    size_t in; /* counts of all bytes ever put in and taken out; in - out is what it holds */
    size_t out;
};

static inline bool emu_ring_put(struct emu_ring *r, uint8_t byte) /* false when full */
{
    if (r->in - r->out == EMU_RING_SIZE)
        return false;
    r->bytes[r->in++ % EMU_RING_SIZE] = byte;
    return true;
}

static inline bool emu_ring_take(struct emu_ring *r, uint8_t *ret) /* false when empty */
{
    if (r->in == r->out)
        return false;
    *ret = r->bytes[r->out++ % EMU_RING_SIZE];
    return true;
}

/* The bytes that lie in one piece at the front, and room that does at the back. */
static inline size_t emu_ring_piece(const struct emu_ring *r)
{
    size_t held = r->in - r->out;
    size_t to_end = EMU_RING_SIZE - r->out % EMU_RING_SIZE;
    return held < to_end ? held : to_end;
}

static inline size_t emu_ring_room(const struct emu_ring *r)
{
    size_t room = EMU_RING_SIZE - (r->in - r->out);
    size_t to_end = EMU_RING_SIZE - r->in % EMU_RING_SIZE;
    return room < to_end ? room : to_end;
}

#endif
