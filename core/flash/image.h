/*
 * image.h - the parts that a deploy writes: offset and file.
 */
#ifndef JIG_FLASH_IMAGE_H
#define JIG_FLASH_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/flash/ihex.h"

struct jig_image_part {
    uint64_t offset;
    const char *path;
    const char *copy; /* is read in place of path, which messages go on naming; NULL: path is */
};

#define JIG_IMAGE_MOST_PARTS 64

/* "0x1000:firmware.bin", "0:blink.hex": the offset is decimal, or hexadecimal after 0x. The path is
 * what follows the first colon, and points into the text. */
enum jig_code jig_image_part_parse(const char *text, struct jig_image_part *ret,
                                   struct jig_err *reterr) JIG_CHECKED;

/* Reads and joins the parts. A file that is Intel HEX (by content) has addresses of its own, and is
 * moved by the offset; an ELF file is refused; anything else is raw bytes. Parts must not overlap.
 * `flash_bytes` is what the board has, 0 when unknown; an image that ends beyond is refused and the
 * message says by how much. The paths are absolute. */
enum jig_code jig_image_load(const struct jig_image_part *parts, size_t n, uint64_t flash_bytes,
                             struct jig_segments *ret, struct jig_err *reterr) JIG_CHECKED;

/* The same as one Intel HEX file, which is what platform.txt's upload recipes take. */
enum jig_code jig_image_merge(const struct jig_image_part *parts, size_t n, uint64_t flash_bytes,
                              const char *to, uint64_t *ret_bytes,
                              struct jig_err *reterr) JIG_CHECKED;

#endif
