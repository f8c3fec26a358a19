/*
 * selector.h - a project selector on the wire, with the environment variables that go with it.
 *
 * The first request carries every PLATFORMIO_* variable. A daemon that needs others says so
 * (NEEDS_ENV, with their names as details); they are added, set or unset, and the call is made
 * again, at most JIG_SELECTOR_ROUNDS times.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_LIB_SELECTOR_H
#define JIG_LIB_SELECTOR_H

#include <jig/types.h>

#include "client/lib/result.h"
#include "core/base/err.h"
#include "jig/v1/types.pb-c.h"

#define JIG_SELECTOR_ROUNDS    4
#define JIG_SELECTOR_VARIABLES 1024

struct jig_selector {
    struct jig_arena arena;
    const char *const *environ; /* borrowed */
    size_t capacity;
    Jig__V1__ProjectSelector message; /* for a request to point at */
};

/* RESOURCE_EXHAUSTED when memory is out or there are too many variables. */
enum jig_status jig_selector_init(struct jig_selector *s, const struct jig_project_selector *in,
                                  struct jig_error *reterr) JIG_CHECKED;
void jig_selector_release(struct jig_selector *s);

/* Adds what the error asks for. False when it asks for nothing new: then it stands. */
bool jig_selector_supply(struct jig_selector *s, const struct jig_error *error) JIG_CHECKED;

#endif
