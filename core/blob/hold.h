/*
 * hold.h - what one operation uses of the cache, so that nobody removes it meanwhile.
 *
 * A hold is made when the operation starts and freed when it ends; whatever is found or put in the
 * cache with it is leased until then. A lease costs a store to memory that all processes share, and
 * no system call:
 *
 *   finder                              garbage collection, for each batch
 *     1. write the lease                  1. take evict.lock, set `evicting`
 *     2. `evicting`? wait for evict.lock  2. read all leases of holders that live
 *     3. look whether the entry is there  3. remove what is not leased; clear `evicting`
 *
 * Both write before they read, so at least one sees the other. The file of leases is held with
 * flock: a process that died holds nothing. What was used is in that file, too; it is taken into
 * the index later, in the order in which holds ended, never by the clock.
 *
 * Threads: any.
 */
#ifndef JIG_BLOB_HOLD_H
#define JIG_BLOB_HOLD_H

#include "core/blob/cache.h"

struct jig_hold;

/* `who` is for those who are told why something is not removed: "operation 12 of ann". */
enum jig_code jig_hold_new(struct jig_cache *c, const char *who, struct jig_hold **ret,
                           struct jig_err *reterr) JIG_CHECKED;

/* The leases end, and what was used counts as used now. NULL is fine. */
void jig_hold_free(struct jig_hold *h);

#endif
