/*
 * events.h - what a build tells while it works. Every callback may be NULL.
 *
 * Threads: called from the thread that runs the build.
 */
#ifndef JIG_BUILD_EVENTS_H
#define JIG_BUILD_EVENTS_H

#include <stdint.h>

#include "core/build/diagnostics.h"

enum jig_build_step_state {
    JIG_BUILD_STEP_STARTED = 1,
    JIG_BUILD_STEP_FINISHED = 2,
    JIG_BUILD_STEP_REUSED = 3,
    JIG_BUILD_STEP_FAILED = 4,
};

struct jig_build_step {
    const char *step; /* "compile src/main.cpp" */
    enum jig_build_step_state state;
    const char *because; /* why it runs; "" when it was reused */
    uint32_t done;       /* steps behind us */
    uint32_t total;      /* steps known so far */
    int64_t duration_us; /* 0 while it runs */
};

struct jig_build_events {
    void *ctx;
    void (*step)(void *ctx, const struct jig_build_step *e);
    void (*diagnostic)(void *ctx, const struct jig_diagnostic *d);
    /* Something worth telling: a stable id, and a whole sentence. */
    void (*notice)(void *ctx, const char *id, enum jig_severity severity, const char *text);
};

#endif
