/*
 * unsteady.h - counts how often this thread used something that is no file (core/os/sighting.h).
 *
 *   unsteady_begin(&u); ... assert_int_equal(unsteady_end(&u), 1);
 */
#ifndef JIG_TESTS_SUPPORT_UNSTEADY_H
#define JIG_TESTS_SUPPORT_UNSTEADY_H

#include "core/os/sighting.h"

struct unsteady {
    struct jig_observer observer;
    const struct jig_observer *before;
    unsigned n;
};

static inline void unsteady_saw(void *ctx, const struct jig_sighting *s)
{
    (void)ctx;
    (void)s;
}

static inline void unsteady_heard(void *ctx, const char *what)
{
    (void)what;
    ((struct unsteady *)ctx)->n++;
}

static inline void unsteady_begin(struct unsteady *u)
{
    *u = (struct unsteady){.observer = {.saw = unsteady_saw, .unsteady = unsteady_heard, .ctx = u}};
    u->before = jig_observe(&u->observer);
}

static inline unsigned unsteady_end(struct unsteady *u)
{
    jig_observe(u->before);
    return u->n;
}

#endif
