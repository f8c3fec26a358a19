/*
 * ihex.h - bytes with addresses, and Intel HEX, which is the same as text.
 *
 * Pieces are added in any order and then sealed: sorted by address, those that touch joined. What
 * would overlap is refused: two files that both claim an address are a mistake, even with equal
 * bytes. Adding costs the same in any order, so a hostile file buys nothing by being shuffled.
 *
 * Source: Intel, "Hexadecimal Object File Format Specification", revision A, 1988.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_FLASH_IHEX_H
#define JIG_FLASH_IHEX_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

#define JIG_IMAGE_MAX_BYTES    (64u << 20)
#define JIG_IMAGE_MAX_SEGMENTS 262144 /* pieces before they are joined */

struct jig_segment {
    uint32_t address;
    uint8_t *data;
    size_t n;
    size_t cap;
    const char *from; /* whose it is, for messages; borrowed; of the first, once joined */
};

struct jig_segments {
    struct jig_segment *v;
    size_t n;
    size_t cap;
    uint64_t bytes; /* in all */
};

void jig_segments_release(struct jig_segments *s);

/* OUT_OF_RANGE past 32 bits; RESOURCE_EXHAUSTED past the ceilings. */
enum jig_code jig_segments_add(struct jig_segments *s, uint32_t address, const uint8_t *data,
                               size_t n, const char *from, struct jig_err *reterr) JIG_CHECKED;

/* Sorts and joins. INVALID_ARGUMENT names the first address that is there twice, and by whom. */
enum jig_code jig_segments_seal(struct jig_segments *s, struct jig_err *reterr) JIG_CHECKED;

/* Adds what the text holds, and does not seal. INVALID_ARGUMENT names the line: a bad character,
 * length, type or checksum, no end record. After a failure part of it was added. `name` is borrowed
 * for as long as `out` lives. */
enum jig_code jig_ihex_parse(const char *text, size_t n, const char *name, struct jig_segments *out,
                             struct jig_err *reterr) JIG_CHECKED;

/* Of sealed segments: 16 bytes a record, extended linear addresses where needed, upper case, LF. */
void jig_ihex_write(const struct jig_segments *s, struct jig_buf *out);

#endif
