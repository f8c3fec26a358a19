/*
 * lnk_memory.h - how projects' pointers stand, for as long as nothing changed.
 *
 * A look that found everything in its place (core/lnk/look.h) has seen every file that it rests on
 * (core/watch/sightings.h). It is kept with a watch over them and given again while that holds: one
 * question to the kernel in place of a walk. What is young, or cannot be watched, is not kept.
 *
 * Arming a watch takes some microseconds a file; it is done in a thread of a pool.
 *
 * Ceiling: JIG_LNK_MEMORY_MOST projects, those asked for last.
 * Threads: any; it locks itself.
 */
#ifndef JIG_SERVICE_LNK_MEMORY_H
#define JIG_SERVICE_LNK_MEMORY_H

#include <stdatomic.h>

#include "core/lnk/pull.h"
#include "core/watch/sightings.h"
#include "service/run/pool.h"

#define JIG_LNK_MEMORY_MOST 16

struct jig_lnk_memory;

/* What a look found; it does not change. */
struct jig_lnk_known {
    atomic_uint refs;
    struct jig_lnk_report report;
};
void jig_lnk_known_unref(struct jig_lnk_known *k); /* NULL is fine */

/* `pool` is borrowed, and stopped before this is freed; NULL: nothing is kept. */
struct jig_lnk_memory *jig_lnk_memory_new(struct jig_pool *pool);
void jig_lnk_memory_free(struct jig_lnk_memory *m);

/* Referenced for the caller; NULL when nothing is known, or not any more. */
struct jig_lnk_known *jig_lnk_memory_ask(struct jig_lnk_memory *m, const char *root,
                                         const char *base);

/* Keeps what was just found, once it is watched. Takes both; the report is empty afterwards. */
void jig_lnk_memory_offer_take(struct jig_lnk_memory *m, const char *root, const char *base,
                               struct jig_sightings *seen, struct jig_lnk_report *report);

#endif
