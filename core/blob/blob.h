/*
 * blob.h - bytes named by their SHA-256.
 *
 *   begin --> write... --> commit: hash and size are right --> there, for everybody, mode 0444
 *               |             '--- they are not -------------> nothing kept
 *               '-- abort --> nothing kept, or a part that the next begin goes on with
 *
 * A blob is never written again; who needs a file to write to copies it. Its time of last change is
 * set to one of jig's own, in 1980, that also says its kind: one with another time was touched by
 * somebody else and is hashed before it is given out, and removed when it is not what it was.
 *
 * Threads: finding from any; a writer belongs to one thread at a time.
 */
#ifndef JIG_BLOB_BLOB_H
#define JIG_BLOB_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/blob/hold.h"
#include "core/hash/sha256.h"

struct jig_blob {
    char *path; /* the caller frees */
    uint64_t size_bytes;
};

/* NOT_FOUND when neither cache has it. On OK the hold leases it. Costs little more than a stat. */
enum jig_code jig_blob_find(struct jig_cache *c, struct jig_hold *hold,
                            const struct jig_digest *sha256, struct jig_blob *ret,
                            struct jig_err *reterr) JIG_CHECKED;

struct jig_blob_writer;

/* With `expected`, what an earlier writer of the same left (jig_blob_abort) is there already: see
 * jig_blob_written. ABORTED (reason BUSY) while another, in any process, writes the same:
 * jig_blob_wait, then find. NULL: its hash is not known before. */
enum jig_code jig_blob_begin(struct jig_cache *c, const struct jig_digest *expected,
                             struct jig_blob_writer **ret, struct jig_err *reterr) JIG_CHECKED;

/* Waits until nobody writes the blob. */
struct jig_until;
enum jig_code jig_blob_wait(struct jig_cache *c, const struct jig_digest *expected,
                            const struct jig_until *until, struct jig_err *reterr) JIG_CHECKED;

enum jig_code jig_blob_write(struct jig_blob_writer *w, const void *data, size_t n,
                             struct jig_err *reterr) JIG_CHECKED;

uint64_t jig_blob_written(const struct jig_blob_writer *w); /* bytes there by now */

/* From the first byte again: what was left by an earlier writer does not fit. */
enum jig_code jig_blob_restart(struct jig_blob_writer *w, struct jig_err *reterr) JIG_CHECKED;

/* Makes it a blob, leased by the hold. The writer ends, whatever comes of it. DATA_LOSS (reason
 * INTEGRITY), with both values, when the hash is not `expected_sha256` (NULL: that of
 * jig_blob_begin, else any) or the size is not `expected_size` (-1: any); nothing is kept then. */
enum jig_code jig_blob_commit(struct jig_blob_writer *w, struct jig_hold *hold,
                              enum jig_cache_kind kind, const struct jig_digest *expected_sha256,
                              int64_t expected_size, struct jig_blob *ret,
                              struct jig_err *reterr) JIG_CHECKED;

/* As above, and says which hash it has: for what was begun without. */
enum jig_code jig_blob_commit_any(struct jig_blob_writer *w, struct jig_hold *hold,
                                  enum jig_cache_kind kind, struct jig_digest *ret_sha256,
                                  struct jig_blob *ret, struct jig_err *reterr) JIG_CHECKED;

/* The writer ends without a blob. `keep_partial` leaves what is there for the next begin of the
 * same expected hash. NULL is fine. */
void jig_blob_abort(struct jig_blob_writer *w, bool keep_partial);

#endif
