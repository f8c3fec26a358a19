/*
 * nearest.h - "did you mean": the names closest to one that was not found.
 */
#ifndef JIG_BASE_NEAREST_H
#define JIG_BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/strv.h"

/* Edits (insert, delete, replace, swap of neighbours; ASCII case ignored) from a to b. Strings
 * longer than 64 bytes are compared by their first 64. */
size_t jig_edit_distance(const char *a, const char *b);

/* Appends up to `most` of `names` to out, closest first, leaving out those that differ by more
 * than half of the wanted name's length (a name that contains `wanted` always counts as close). */
void jig_nearest(const char *wanted, const struct jig_strv *names, size_t most,
                 struct jig_strv *out);

#endif
