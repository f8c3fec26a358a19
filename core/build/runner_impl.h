/*
 * runner_impl.h - what runner.c, runner_decide.c and runner_guess.c share. Private to them.
 */
#ifndef JIG_BUILD_RUNNER_IMPL_H
#define JIG_BUILD_RUNNER_IMPL_H

#include "core/base/arena.h"
#include "core/build/check.h"
#include "core/build/job.h"
#include "core/build/report.h"

#define MOST_RUNNING 64

struct jig_runner {
    struct jig_runner_config config;
    struct jig_map tools;   /* program -> struct jig_digest */
    struct jig_map looked;  /* for jig_objcache_fetch */
    struct jig_map held;    /* names of traces that were found to hold, until a hook runs */
    struct jig_map makers;  /* output -> the step that leaves it; borrowed from the jobs, or: */
    struct jig_arena steps; /* what those are called that have no job */
    struct jig_shadow *shadow;
    struct jig_job **jobs;
    size_t job_count;
    size_t job_cap;
    size_t next; /* jobs before this one are not queued any more */
    struct jig_job *running[MOST_RUNNING];
    size_t running_count;
    struct jig_job *guesses[MOST_RUNNING]; /* owned; those that run are among the running */
    size_t guess_count;
    struct jig_job **unrecorded; /* compiles that went well, and have no trace yet; borrowed */
    size_t unrecorded_count;
    size_t unrecorded_cap;
    size_t unrecorded_next; /* those before have one by now */
    bool failed;
    struct jig_err first_failure;
    struct jig_report report;
};

/* runner.c: the first failure is what the build is said to have failed of. */
void jig_runner_fail(struct jig_runner *r, const struct jig_err *err);

/* runner_decide.c: what the action would be now; and why it has to run, or NULL. */
enum jig_code jig_runner_prepare(struct jig_runner *r, const struct jig_action *a,
                                 struct jig_check *ret, struct jig_err *reterr) JIG_CHECKED;
char *jig_runner_check(struct jig_runner *r, const struct jig_check *check, const char *name);
/* Finds out whether a job has to run; when not, it is done by the end of this. */
enum jig_code jig_runner_decide(struct jig_runner *r, struct jig_job *j,
                                struct jig_err *reterr) JIG_CHECKED;
/* Its outputs are there already: says again what the tool said then. */
void jig_runner_replay(struct jig_runner *r, struct jig_job *j, const struct jig_trace *t,
                       const char *because);

/* runner.c */
void jig_runner_give_slot(struct jig_runner *r);
void jig_runner_wait_for_one(struct jig_runner *r); /* until one child has ended */

/* runner_guess.c: how many of the running ones nobody has asked for yet. */
size_t jig_runner_guesses(const struct jig_runner *r);
/* One of the slots that all builds share; the last ones are for those who have nothing running. */
bool jig_runner_take_slot(struct jig_runner *r, bool even_the_last);
/* The run of this very action that was begun early, or NULL; the action is then its own. Any other
 * run that leaves the same file is ended. */
struct jig_job *jig_runner_take_guess(struct jig_runner *r, struct jig_action *a, bool asked);

#endif
