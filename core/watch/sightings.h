/*
 * sightings.h - all that an answer was made from, as it was seen.
 *
 * Collects what a thread looks at (core/os/sighting.h), each path once. As long as every sighting
 * holds, the same work would see the same and give the same answer. Holding is decided by stamps
 * alone, so it is strict: a file that was touched does not hold, and whoever did the work decides
 * by content.
 *
 * A stamp that was young when it was seen may hide a later write in the same tick of the clock
 * (files.h); jig_sightings_young() says so. Such a list is only worth keeping while a watch that
 * was armed before the look goes on (watcher.h), or once it has been made anew.
 *
 * A file that was looked at for nothing but to check what is known (jig_observe_checking) is marked
 * so, unless the list came from bytes.
 *
 * Two looks that differ, a program that was run, the time of day that was used, or a path that
 * depends on a working directory make the list unusable.
 *
 * Ceiling: 2,000,000 sightings.
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_WATCH_SIGHTINGS_H
#define JIG_WATCH_SIGHTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/os/sighting.h"

struct jig_sightings;

struct jig_sightings *jig_sightings_new(void);
void jig_sightings_free(struct jig_sightings *s);

/* For jig_observe(). Borrowed. */
const struct jig_observer *jig_sightings_observer(struct jig_sightings *s);

/* NULL when the list can stand for what was seen; else why not. Borrowed. */
const char *jig_sightings_fault(const struct jig_sightings *s);

bool jig_sightings_young(const struct jig_sightings *s);

/* Whether what speaks against the list may be over soon, so that it is worth to look again: files
 * that are young, that changed during the look, or that somebody has open for writing. */
bool jig_sightings_may_settle(const struct jig_sightings *s);

size_t jig_sightings_count(const struct jig_sightings *s);
const struct jig_sighting *jig_sightings_at(const struct jig_sightings *s, size_t i);

/* Looks at all of it again, in several threads when it is much. NULL when all of it holds; else the
 * path of one that does not (the caller frees). */
char *jig_sightings_differ(const struct jig_sightings *s);

/* Puts them into the order in which they are kept as bytes. Nothing is collected after that. */
void jig_sightings_sort(struct jig_sightings *s);

/* As bytes that any version of this daemon on this machine reads, or refuses: no checksum, that is
 * its container's. */
void jig_sightings_encode(const struct jig_sightings *s, struct jig_buf *out);

/* The n bytes from `from` on; takes the content of `bytes`, unless it fails. DATA_LOSS for what is
 * no such thing. A damaged row shows later: the list differs, and is one of nothing. */
enum jig_code jig_sightings_decode(struct jig_buf *bytes, size_t from, size_t n,
                                   struct jig_sightings **ret, struct jig_err *reterr) JIG_CHECKED;

#endif
