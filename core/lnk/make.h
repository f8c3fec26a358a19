/*
 * make.h - puts what a pointer stands for in its place, from the cache.
 *
 * A file is a reflink of the blob where the filesystem has such, else a copy: never a second name
 * of the blob, which somebody could write through. An archive is extracted into the cache once, as
 * a tree named by the archive's hash, and copied from there. All of it is read-only, and takes its
 * name when it is complete.
 *
 * Threads: any; the caller holds the lock of state.h.
 */
#ifndef JIG_LNK_MAKE_H
#define JIG_LNK_MAKE_H

#include "core/blob/blob.h"
#include "core/fetch/archive.h"
#include "core/lnk/state.h"
#include "core/os/cancel.h"

struct jig_lnk_making {
    struct jig_cache *cache;
    struct jig_hold *hold;
    struct jig_archive_limits limits;
    struct jig_until until;
};

/* Makes `made` (absolute) of the blob, in place of anything that is there, and looks at it: the
 * row's. Errors of the archive name the pointer. */
enum jig_code jig_lnk_make(const struct jig_lnk_making *m, const struct jig_blob *blob,
                           struct jig_lnk_row *row, const char *made,
                           struct jig_err *reterr) JIG_CHECKED;

#endif
