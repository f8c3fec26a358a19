/*
 * uses.h - what a target uses of the cache. For target.c.
 *
 * Used are: the platforms of board, core and variant, and those that describe the tools that they
 * upload with; the tools that the board's platform asks for; whatever the properties of these
 * platforms and of the board mention, as {runtime.tools.NAME.path} or by a path; the same of the
 * project's own properties and options; the libraries that are looked into. The properties
 * runtime.tools.* themselves name every tool that is installed, and mention none.
 *
 * Threads: any.
 */
#ifndef JIG_SERVICE_TARGET_USES_H
#define JIG_SERVICE_TARGET_USES_H

#include "core/blob/tree.h"
#include "service/target.h"

/* Adds the folders of the packages below `roots` that a board uses, without a project. */
enum jig_code jig_uses_of_board(const struct jig_board_config *board, const struct jig_strv *roots,
                                struct jig_strv *out, struct jig_err *reterr) JIG_CHECKED;

/* Adds those that the target's environments use. */
enum jig_code jig_uses_of_target(const struct jig_target *target, const struct jig_strv *roots,
                                 struct jig_strv *out, struct jig_err *reterr) JIG_CHECKED;

/* Leases all of them; *ret is NULL when there are none. `who` as jig_hold_new has it. ABORTED when
 * one went away since it was found. */
enum jig_code jig_uses_lease(const struct jig_strv *uses, const char *who, struct jig_cache *cache,
                             const struct jig_strv *roots, struct jig_hold **ret,
                             struct jig_err *reterr) JIG_CHECKED;

#endif
