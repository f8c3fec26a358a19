/*
 * mapping.h - a file as memory that several processes share.
 *
 * What one of them stores, the others see at once; what order they see it in is theirs to arrange,
 * by atomics. The room on the disk is taken when the file is made or grown, so that a full disk is
 * an error there and no signal later. Only for files that nobody cuts short.
 *
 * Threads: one at a time for open, grow and close; any for the memory.
 */
#ifndef JIG_OS_MAPPING_H
#define JIG_OS_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

struct jig_mapping {
    int fd; /* -1: not open */
    uint8_t *data;
    size_t size; /* bytes */
};

#define JIG_MAPPING_INIT                                                                           \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Opens or makes the file, at least `size` bytes long; new bytes are zero. */
enum jig_code jig_mapping_open(struct jig_mapping *m, const char *path, size_t size, mode_t mode,
                               struct jig_err *reterr) JIG_CHECKED;

/* An existing file, to read, as long as it is now but `most` bytes at the most. An empty one has no
 * data. */
enum jig_code jig_mapping_read(struct jig_mapping *m, const char *path, size_t most,
                               struct jig_err *reterr) JIG_CHECKED;

/* Makes the file longer; data may move. On failure all is as it was. */
enum jig_code jig_mapping_grow(struct jig_mapping *m, const char *path, size_t size,
                               struct jig_err *reterr) JIG_CHECKED;

/* False when another file, or none, has the path now. */
bool jig_mapping_is_current(const struct jig_mapping *m, const char *path);

void jig_mapping_close(struct jig_mapping *m); /* idempotent */

#endif
