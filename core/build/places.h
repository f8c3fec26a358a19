/*
 * places.h - numbers for files, each file once: the table of a record. Private to trace.c.
 *
 * Two files are the same when path and digest are. A record of a large project names some hundred
 * thousand; so this is a table of its own, without a copy or an allocation a file.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_BUILD_PLACES_H
#define JIG_BUILD_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/build/action.h"

struct jig_place {
    uint64_t hash;
    const struct jig_trace_file *file; /* borrowed; NULL: free */
    uint32_t number;
};

struct jig_places {
    struct jig_place *slots; /* a power of two of them, at most half full */
    size_t cap;
    uint32_t n;
};

/* Zeroed is empty. */
void jig_places_release(struct jig_places *p);

/* The file's number, from 0 in the order of their first mention; *ret_new when this is that. */
uint32_t jig_places_of(struct jig_places *p, const struct jig_trace_file *file, bool *ret_new);

#endif
