/*
 * verify.h - is everything in the cache what it says it is?
 *
 * Every blob is hashed, and every file of every tree. With `repair`, what is not right is removed,
 * so that it is fetched anew when it is needed, but never while somebody has it leased; and the
 * index is made anew.
 *
 * Threads: any. Processes: any.
 */
#ifndef JIG_BLOB_VERIFY_H
#define JIG_BLOB_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/blob/cache.h"
#include "core/os/cancel.h"

#define JIG_VERIFY_LISTED 1000 /* findings that are handed over; the others are only counted */

enum jig_verify_state {
    JIG_VERIFY_DAMAGED = 1, /* and still there */
    JIG_VERIFY_REMOVED = 2,
    JIG_VERIFY_IN_USE = 3, /* not removed, as somebody has it leased */
};

struct jig_verify_finding {
    const char *path;
    const char *problem; /* "the SHA-256 is X", "bin/gcc: has another content" */
    enum jig_verify_state state;
};

struct jig_verify_options {
    bool repair;
    /* Both borrowed; may be NULL. */
    void (*found)(void *ctx, const struct jig_verify_finding *finding);
    void (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
    void *ctx;
};

struct jig_verify_result {
    uint64_t blobs;
    uint64_t trees;
    uint64_t bytes;
    uint64_t damaged;
    uint64_t removed;
};

/* OK also when something is damaged: see the result. */
enum jig_code jig_cache_verify(struct jig_cache *c, const struct jig_verify_options *options,
                               const struct jig_until *until, struct jig_verify_result *ret,
                               struct jig_err *reterr) JIG_CHECKED;

#endif
