/*
 * fingerprint.h - fast 128-bit content fingerprints (XXH3), for "did this change", never for trust.
 */
#ifndef JIG_HASH_FINGERPRINT_H
#define JIG_HASH_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct jig_fingerprint {
    uint64_t high;
    uint64_t low;
};

struct jig_fingerprint jig_fingerprint_of(const void *data, size_t n);

/* Reads the whole regular file. NOT_FOUND when it is not there. */
enum jig_code jig_fingerprint_file(const char *path, struct jig_fingerprint *ret,
                                   struct jig_err *reterr) JIG_CHECKED;

static inline bool jig_fingerprint_equal(struct jig_fingerprint a, struct jig_fingerprint b)
{
    return a.high == b.high && a.low == b.low;
}

#endif
