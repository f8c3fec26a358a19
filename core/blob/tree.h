/*
 * tree.h - folders in the cache: installed packages, extracted archives.
 *
 *   begin --> the caller fills staging.path --> commit --> there, for everybody, and complete
 *                                                '-- or somebody else was first: theirs is taken
 *
 * A tree is named by kind, name and version, each one part of its path: no '/', no control
 * characters, no dot at the front, at most 200 bytes. In it lies `.jig-tree`, written last and
 * before the tree gets its name: who and what it is, how large, and the hash of each file. Its
 * files are read-only.
 *
 * Threads: any; a staging belongs to one thread at a time.
 */
#ifndef JIG_BLOB_TREE_H
#define JIG_BLOB_TREE_H

#include "core/blob/hold.h"

#define JIG_TREE_FILE ".jig-tree"

/* NOT_FOUND when neither cache has it. On OK the hold leases it; the caller frees the path. */
enum jig_code jig_tree_find(struct jig_cache *c, struct jig_hold *hold, enum jig_cache_kind kind,
                            const char *name, const char *version, char **ret,
                            struct jig_err *reterr) JIG_CHECKED;

struct jig_tree_staging {
    char *path; /* an empty folder, on the filesystem of the cache; borrowed */
    struct jig_tree_staging_impl *impl; /* its own */
};

/* INVALID_ARGUMENT when name or version cannot be part of a path. */
enum jig_code jig_tree_begin(struct jig_cache *c, enum jig_cache_kind kind, const char *name,
                             const char *version, struct jig_tree_staging *ret,
                             struct jig_err *reterr) JIG_CHECKED;

/* The staging ends, whatever comes of it. On OK `ret` (the caller frees) is the tree's path, leased
 * by the hold. */
enum jig_code jig_tree_commit(struct jig_tree_staging *s, struct jig_hold *hold, char **ret,
                              struct jig_err *reterr) JIG_CHECKED;

void jig_tree_abort(struct jig_tree_staging *s); /* nothing is kept; idempotent */

/* ABORTED (reason BUSY), naming its holder, while a hold leases it; NOT_FOUND when our own cache
 * does not have it. A pin goes with it. */
enum jig_code jig_tree_remove(struct jig_cache *c, enum jig_cache_kind kind, const char *name,
                              const char *version, struct jig_err *reterr) JIG_CHECKED;

#endif
