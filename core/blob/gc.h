/*
 * gc.h - what the cache holds, and what goes when that is too much.
 *
 * There are budgets for blobs ("archives"), for trees ("installed") and for shared objects, each
 * with a high and a low mark. Past the high one, the entries that were used longest ago go until
 * the low one is reached. Entries that a hold leases or that are pinned never go, whatever the
 * marks say. What writers that died left in tmp/ goes as well; a part of a download stays for a
 * week.
 *
 * A collection takes gc.lock, so one runs at a time; builds and installations go on beside it. It
 * can end at any point, by a kill too: what is removed by then is removed, and the rest is whole.
 *
 * Threads: any. Processes: any.
 */
#ifndef JIG_BLOB_GC_H
#define JIG_BLOB_GC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/blob/cache.h"
#include "core/os/cancel.h"

/* Bytes. 0 for `high` is the default: 15 GiB or a twentieth of the disk, whichever is less; 0 for
 * `low` is four fifths of `high`. */
struct jig_budget {
    uint64_t high;
    uint64_t low;
};

struct jig_gc_options {
    struct jig_budget archives;
    struct jig_budget installed;
    struct jig_budget objects; /* 0 is 4 GiB here; their use is marked by mtime */
    bool all;                  /* everything that may go, whatever the budgets are */
    bool dry_run;              /* only count */
};

struct jig_gc_share {
    uint64_t entries; /* before */
    uint64_t bytes;
    uint64_t removed;
    uint64_t removed_bytes;
    uint64_t in_use; /* would have gone, but are leased */
    uint64_t pinned; /* would have gone, but are pinned */
};

struct jig_gc_result {
    struct jig_gc_share archives;
    struct jig_gc_share installed;
    struct jig_gc_share objects;
    uint64_t leftovers; /* files and folders in tmp/ */
};

/* What cannot be removed does not keep the rest from going; the first failure is the call's. */
enum jig_code jig_gc_run(struct jig_cache *c, const struct jig_gc_options *options,
                         const struct jig_until *until, struct jig_gc_result *ret,
                         struct jig_err *reterr) JIG_CHECKED;

/* Something came in since the last collection that makes another worth its walk: 64 MiB, or 256
 * holds, of all processes. Costs nothing. False until this process has used the cache. */
bool jig_gc_is_due(struct jig_cache *c);

struct jig_cache_sum {
    uint64_t entries;
    uint64_t bytes;
};

struct jig_cache_stats {
    struct jig_cache_sum archives[JIG_CACHE_KIND_COUNT]; /* by what they were fetched for */
    struct jig_cache_sum installed[JIG_CACHE_KIND_COUNT];
    struct jig_cache_sum objects; /* files of shared objects; see core/build/objcache.h */
    struct jig_cache_sum partial; /* in tmp/ */
    struct jig_cache_sum leased;
    uint64_t holders;
    uint64_t pinned;
    struct jig_budget archives_budget; /* as in force */
    struct jig_budget installed_budget;
    struct jig_budget objects_budget;
    uint64_t disk_bytes; /* of the filesystem */
    uint64_t disk_free_bytes;
};

/* Of the budgets in `options`, defaults are filled in. */
enum jig_code jig_cache_stats(struct jig_cache *c, const struct jig_gc_options *options,
                              const struct jig_until *until, struct jig_cache_stats *ret,
                              struct jig_err *reterr) JIG_CHECKED;

#endif
