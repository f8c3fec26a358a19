/*
 * sightings_impl.h - a list of sightings as it was collected, and as it is kept: shared by
 * sightings.c and sightings_bytes.c only.
 *
 * What is kept is looked at again as it is: its rows are made into sightings when somebody asks for
 * one, which the first answer after a restart need not wait for.
 */
#ifndef JIG_WATCH_SIGHTINGS_IMPL_H
#define JIG_WATCH_SIGHTINGS_IMPL_H

#include "core/base/arena.h"
#include "core/watch/sightings.h"

#define JIG_MOST_SIGHTINGS 2000000
#define JIG_LONGEST_PATH   4096
#define JIG_MOST_SEEN_TEXT ((size_t)1 << 30)                  /* bytes of all paths and targets */
#define JIG_SEEN_LIST      "the list of files that were seen" /* in place of a path: it is damaged */

struct jig_seen {
    struct jig_sighting *items;
    size_t n;
    size_t cap;
    struct jig_arena text; /* of all paths and targets */
    struct jig_buf kept;
    const char *rows;   /* within `kept`; NULL: there are none, or they are items by now */
    size_t rows_n;      /* bytes */
    const char *starts; /* of the blocks of rows: offsets, 8 bytes each */
    size_t blocks;
    size_t n_rows;
    bool damaged; /* there were rows that nobody wrote; no items */
};

/* Finds its way in what is kept; borrows it. False for what is no such thing. */
bool jig_seen_frame_(struct jig_seen *seen, const char *data, size_t n);

/* For qsort(3), of sightings: the order of rows. */
int jig_seen_order_(const void *a, const void *b);

/* Makes items of the rows, if there are any. */
void jig_seen_unpack_(struct jig_seen *seen);

/* Looks again at what is in one block of rows. False when something differs; *ret_path is then its
 * path, malloc'ed. */
bool jig_seen_review_block_(const struct jig_seen *seen, size_t block, struct jig_review *eye,
                            char **ret_path);

#endif
