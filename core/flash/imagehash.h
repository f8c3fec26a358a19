/*
 * imagehash.h - an image as one hash, and a memo of it.
 *
 * An image is what a deploy puts on a board: parts, each a file with an offset, and how they are
 * put there (the upload command without what differs from run to run). Its hash is over all of
 * that: the parts by offset, each with the SHA-256 of its content. Where a file lies and what it is
 * called does not count.
 *
 * The memo is from the names of the parts to the hash, and holds while the stamp of every part is
 * the one that it had: device, inode, size, mtime and ctime, never fewer. A stamp that was too
 * young to tell a later write apart when the part was read (core/watch/files.h) is not remembered.
 * So a look costs one stat(2) a part, and is as true as these.
 *
 * A part that is missing leaves nothing behind: no hash, and no memo of an earlier one.
 *
 * Threads: any; it locks itself. Files are read outside the lock.
 */
#ifndef JIG_FLASH_IMAGEHASH_H
#define JIG_FLASH_IMAGEHASH_H

#include "core/flash/image.h"
#include "core/hash/sha256.h"
#include "core/watch/files.h"

/* A part whose content is known. */
struct jig_image_content {
    uint64_t offset;
    struct jig_digest sha256;
};

/* The hash of an image of known parts, 1 to JIG_IMAGE_MOST_PARTS. Those of equal offset count in
 * their order. `how` may be "". */
struct jig_digest jig_image_digest(const char *how, const struct jig_image_content *parts,
                                   size_t n);

struct jig_image_hashes;

struct jig_image_hashes_stats {
    uint64_t looks; /* calls of jig_image_hash */
    uint64_t hits;  /* answered by stamps alone */
    size_t entries;
};

/* `files` reads, and is borrowed. At most `max_entries` images are remembered; past that the memo
 * starts anew. */
struct jig_image_hashes *jig_image_hashes_new(struct jig_files *files, size_t max_entries);
void jig_image_hashes_free(struct jig_image_hashes *m);

/* Paths are absolute. NOT_FOUND names the part that is missing; INVALID_ARGUMENT one that is no
 * file, or too many parts. */
enum jig_code jig_image_hash(struct jig_image_hashes *m, const char *how,
                             const struct jig_image_part *parts, size_t n, struct jig_digest *ret,
                             struct jig_err *reterr) JIG_CHECKED;

struct jig_image_hashes_stats jig_image_hashes_stats(struct jig_image_hashes *m);

#endif
