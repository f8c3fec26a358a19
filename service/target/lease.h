/*
 * lease.h - what a target uses of the cache. For target.c.
 */
#ifndef JIG_SERVICE_TARGET_LEASE_H
#define JIG_SERVICE_TARGET_LEASE_H

#include "core/blob/tree.h"
#include "service/target.h"

/* What a board uses: its platforms, and their tools. `who` as jig_hold_new has it. *ret as below.
 */
enum jig_code jig_lease_board(const struct jig_board_config *board, const char *who,
                              struct jig_cache *cache, const struct jig_strv *roots,
                              struct jig_hold **ret, struct jig_err *reterr) JIG_CHECKED;

/* Leases every installed package that the target's boards and libraries are of; *ret is NULL when
 * there is none. ABORTED when one went away since it was found. */
enum jig_code jig_lease_target(const struct jig_target *target, struct jig_cache *cache,
                               const struct jig_strv *roots, struct jig_hold **ret,
                               struct jig_err *reterr) JIG_CHECKED;

#endif
