/*
 * report.h - what a build tells while it runs, and keeps for its result. Private to the runner.
 *
 * Ceilings: 10,000 reasons and 10,000 diagnostics are kept; all diagnostics are told.
 *
 * Threads: as the runner.
 */
#ifndef JIG_BUILD_REPORT_H
#define JIG_BUILD_REPORT_H

#include "core/build/job.h"

struct jig_report {
    const struct jig_build_events *events; /* may be NULL; so may each of its functions */
    struct jig_runner_summary summary;
    size_t done; /* steps */
    size_t total;
};

void jig_report_step(const struct jig_report *r, const struct jig_job *j,
                     enum jig_build_step_state state);

/* Of a step that has no job. */
void jig_report_reused(const struct jig_report *r, const char *step);

/* Takes the tool's stderr apart, tells of it and keeps it, as far as there is room. The first
 * error's message is put into *ret_error (may be NULL); the caller frees. */
void jig_report_diagnostics(struct jig_report *r, const struct jig_job *j, char **ret_error);

void jig_report_reason(struct jig_report *r, const struct jig_job *j, const char *because);

/* An input changed while it was read. */
void jig_report_changed(const struct jig_report *r, const char *path);

#endif
