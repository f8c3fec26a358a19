/*
 * look.h - how a project's pointers stand, by its own files alone: no cache, no network.
 *
 *   scan.h finds them --> each is read, unless its stamp is the one of the last time (state.h)
 *                     --> what was made of it holds, or is to be made (pull.h)
 *
 * Threads: a look belongs to one thread at a time.
 */
#ifndef JIG_LNK_LOOK_H
#define JIG_LNK_LOOK_H

#include "core/lnk/state.h"

struct jig_lnk_item {
    const char *path; /* relative to the project; the row's */
    char *made;       /* where its content belongs, absolute */
    struct jig_lnk_row *row;
    struct jig_pointer pointer; /* once it was read */
    bool is_read;
    bool holds;          /* what it points to is there, as it is to be */
    struct jig_err *err; /* NULL; or why it is no pointer */
};

struct jig_lnk_look {
    char *root;
    char *base;
    struct jig_lnk_item *items; /* sorted by path */
    size_t n;
    struct jig_strv stale; /* pointers whose content is there and that are not */
    bool changed;          /* a row differs from what is on disk, though all may hold */
};

/* Looks at all of them. A pointer that is none is an item with an error, not a failure. */
enum jig_code jig_lnk_look(const char *root, const char *base, struct jig_lnk_look *ret,
                           struct jig_err *reterr) JIG_CHECKED;
void jig_lnk_look_release(struct jig_lnk_look *look);

/* True when pull.h has something to do before what is there can be used. */
bool jig_lnk_look_needs_pull(const struct jig_lnk_look *look);

/* The first pointer that is none: its error. */
enum jig_code jig_lnk_look_check(const struct jig_lnk_look *look,
                                 struct jig_err *reterr) JIG_CHECKED;

/* Reads the pointer, unless it was read. When it says something else than it did at the look, it is
 * what it says now that counts: the row is of that, unproven, and what was made does not hold. */
enum jig_code jig_lnk_item_read(const struct jig_lnk_look *look, struct jig_lnk_item *item,
                                struct jig_err *reterr) JIG_CHECKED;

/* Writes down what is known, when it is something new. Under the lock. */
enum jig_code jig_lnk_look_save(const struct jig_lnk_look *look,
                                struct jig_err *reterr) JIG_CHECKED;

#endif
