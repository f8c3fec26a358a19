/*
 * ihex.h - Intel HEX: bytes with addresses, as text.
 *
 * An image is a list of segments, sorted by address, that neither touch nor overlap: what would
 * touch is joined, what would overlap is refused (two files that both claim an address are a
 * mistake, even with equal bytes).
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
#define JIG_IMAGE_MAX_SEGMENTS 65536

struct jig_segment {
    uint32_t address;
    uint8_t *data;
    size_t n;
    size_t cap;
};

struct jig_segments {
    struct jig_segment *v;
    size_t n;
    size_t cap;
    uint64_t bytes; /* in all */
};

void jig_segments_release(struct jig_segments *s);

/* ALREADY_EXISTS names the first address that is there already; OUT_OF_RANGE past 32 bits;
 * RESOURCE_EXHAUSTED past the ceilings. On failure nothing was added. */
enum jig_code jig_segments_add(struct jig_segments *s, uint32_t address, const uint8_t *data,
                               size_t n, struct jig_err *reterr) JIG_CHECKED;

/* Adds what the text holds. INVALID_ARGUMENT names the line: a bad character, length, type or
 * checksum, no end record. `name` is for messages. */
enum jig_code jig_ihex_parse(const char *text, size_t n, const char *name, struct jig_segments *out,
                             struct jig_err *reterr) JIG_CHECKED;

/* 16 bytes a record, extended linear addresses where needed, upper case, LF. */
void jig_ihex_write(const struct jig_segments *s, struct jig_buf *out);

#endif
