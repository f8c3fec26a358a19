/*
 * archive_name.h - which names in an archive are taken, and as what. Private to core/fetch;
 * archive.h says what is refused.
 *
 * Threads: no state but what is given; a jig_name_set belongs to one thread at a time.
 */
#ifndef JIG_FETCH_ARCHIVE_NAME_H
#define JIG_FETCH_ARCHIVE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/hash/fingerprint.h"

#define JIG_ARCHIVE_NAME_MAX 4096 /* bytes; PATH_MAX of Linux */
#define JIG_ARCHIVE_PART_MAX 255  /* bytes; NAME_MAX of Linux */

/* Puts the name as it is to be used into `out`, which is cleared before: relative, one '/' between
 * parts, no "." parts, none at its end; "" for the top folder itself. INVALID_ARGUMENT for a name
 * that is absolute, has a ".." part (also between backslashes), a drive, or control characters, or
 * is too long. The message says what of it, without the archive. */
enum jig_code jig_archive_name_clean(const char *raw, struct jig_buf *out,
                                     struct jig_err *reterr) JIG_CHECKED;

/* OK when a link named `name` (clean) that says `target` stays inside, by its words alone. */
enum jig_code jig_archive_link_check(const char *name, const char *target,
                                     struct jig_err *reterr) JIG_CHECKED;

/* Names that a filesystem which ignores case would take for the same; their fingerprints. */
struct jig_name_set {
    struct jig_fingerprint *slots; /* all zero: free */
    size_t slot_count;
    size_t count;
};

void jig_name_set_release(struct jig_name_set *s);

/* INVALID_ARGUMENT when a name that differs from `name`, or from a folder above it, only in case
 * was added before. The locale of the thread says what letters are. */
enum jig_code jig_name_set_add(struct jig_name_set *s, const char *name,
                               struct jig_err *reterr) JIG_CHECKED;

#endif
