/*
 * runner.h - runs actions: only those that would do something new, several at once.
 *
 *              +-- trace holds, outputs there ------------> done (reused)
 *   submitted -+-- shared cache has it -> outputs placed -> done (reused)
 *              +-- queued -> running -> checked, recorded -> done
 *                              \-> exit status, missing output, cancel -> failed
 *
 *   guessed -> running -> exited
 *      \---------\---------\--the same is submitted--> as any other job
 *       \---------\---------\--something else is----> ended, and nobody hears of it
 *
 * A job is decided when it is submitted, so its inputs must be there by then: a caller submits a
 * link after the compiles are done. While the caller waits for one job, all of them go on.
 *
 * Inputs are hashed before a run and again after it. When one of them changed meanwhile (or a file
 * that the run turned out to read was written after its start) the run's outputs serve this build,
 * but nothing is recorded, so the next build runs the action again.
 *
 * A compile may read a thousand headers, and a link need not wait until they are looked at: that is
 * done while something else runs, or at the runner's end, and so is what becomes of the record. The
 * same goes for a link and what comes after it.
 *
 * After a failure nothing new is started, and every call fails alike; what runs already is waited
 * for, so that its diagnostics are not lost. A cancel or a deadline kills what runs, and so does a
 * tool that runs longer than any tool should.
 *
 * Threads: a runner belongs to one thread. Slots are shared by all runners of a daemon.
 */
#ifndef JIG_BUILD_RUNNER_H
#define JIG_BUILD_RUNNER_H

#include <stdatomic.h>

#include "core/build/action.h"
#include "core/build/events.h"
#include "core/build/objcache.h"
#include "core/build/record.h"
#include "core/build/toolid.h"
#include "core/build/vouch.h"
#include "core/os/cancel.h"
#include "core/watch/files.h"

/* How many tools all builds of this daemon together may run at once. A runner without a running
 * child always may start one, so none starves. */
struct jig_slots {
    atomic_int free;
};

struct jig_runner_config {
    const char *build_dir;   /* absolute; exists */
    const char *project_dir; /* absolute; cut off paths that people see */
    size_t jobs;             /* tools at once; at least 1 */
    struct jig_files *files;
    struct jig_toolids *toolids;
    struct jig_probes *probes;     /* NULL: nothing is remembered of what texts ask */
    struct jig_objcache *objcache; /* NULL: none */
    struct jig_record *record;
    const struct jig_vouch *vouch; /* says of traces that they hold; or NULL */
    bool doubt_vouch;              /* look all the same, and fail when it was wrong */
    struct jig_slots *slots;       /* NULL: no common limit */
    struct jig_until until;
    const struct jig_build_events *events;
    bool look_only;         /* run nothing: an action that would have to run fails */
    bool explain;           /* keep a reason for reused steps, too */
    int64_t longest_run_ms; /* a tool that takes longer is ended; 0: an hour */
    /* Called while the last of what was submitted runs, when the record has the traces of what ran
     * before; or NULL. */
    void (*recorded)(void *ctx);
    void *recorded_ctx;
};

/* Why a step ran, for the result. */
struct jig_step_reason {
    char *step;
    char *because;
};

struct jig_runner_summary {
    uint32_t compiled; /* compile actions that ran */
    uint32_t reused;   /* compile actions that did not have to */
    uint32_t ran;      /* actions that ran, compiles included and hooks left out */
    struct jig_step_reason *reasons;
    size_t reason_count;
    size_t reason_cap;
    struct jig_diagnostics diagnostics; /* of every action, replayed ones included */
    uint64_t diagnostics_left_out;      /* there were more than the result keeps */
    int64_t children_us;                /* wall-clock time of all tool runs, added up */
};

struct jig_runner;
struct jig_job;

struct jig_runner *jig_runner_new(const struct jig_runner_config *config);
void jig_runner_free(struct jig_runner *r); /* kills what still runs; keeps what went well */

/* Takes the action. ret_job (may be NULL) lives as long as the runner. Fails when an input or the
 * tool is missing, when an earlier job failed, or when an earlier job leaves the same file. */
enum jig_code jig_runner_submit(struct jig_runner *r, struct jig_action *action,
                                struct jig_job **ret_job, struct jig_err *reterr) JIG_CHECKED;

/* As jig_runner_submit, for an action that leaves `output`, whose last trace is known to hold
 * (jig_vouch_holds) while its command is the same: what it would be run with need not be found out.
 * Its phase is "compile", or not. */
enum jig_code jig_runner_submit_held(struct jig_runner *r, const char *phase, const char *step,
                                     const char *output, const struct jig_trace *last,
                                     struct jig_err *reterr) JIG_CHECKED;

/* FAILED_PRECONDITION with reason BUILD_FAILED when the job failed. */
enum jig_code jig_runner_wait(struct jig_runner *r, struct jig_job *job,
                              struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_runner_wait_all(struct jig_runner *r, struct jig_err *reterr) JIG_CHECKED;

/* Like jig_runner_submit and _wait, but a tool's failure is an answer: ret_exit_status is its exit
 * status, its diagnostics are not reported, and nothing is recorded unless it is 0. A tool that a
 * signal ended has not answered. For tools that
 * are asked rather than told: the preprocessor in library discovery. */
enum jig_code jig_runner_ask(struct jig_runner *r, struct jig_action *action,
                             struct jig_job **ret_job, int *ret_exit_status,
                             struct jig_err *reterr) JIG_CHECKED;

/* Starts a tool that will most likely be submitted (or asked) soon, if a tool may be started right
 * now; takes the action. It counts for nothing, and nobody hears of it, until an action of the same
 * command comes and its inputs are what they were: then this run is that action's. Another one of
 * the same name or first output ends it, and so does the runner's end. Guesses leave one job to
 * those who wait, but for what is certain to be next. Not for what hooks may change, nor for
 * shareable actions. False when it was not started: it is current, or there is no room. */
bool jig_runner_guess(struct jig_runner *r, struct jig_action *action, bool asked, bool certain);
bool jig_runner_may_guess(const struct jig_runner *r); /* there is room for one, among its own */
bool jig_runner_has_room(const struct jig_runner *r);  /* likewise, for one that is certain */

/* True when `a` would be answered from the record because `by` would: a's last run saw nothing that
 * by's did not (covers.h), and by's still holds. That is then known of `by` until a hook runs: it
 * is not looked at again when it is submitted. Both actions stay the caller's. */
bool jig_runner_is_implied(struct jig_runner *r, const struct jig_action *a,
                           const struct jig_action *by);

/* Whether a guess at an action of this name, or that leaves the same file, was started. */
bool jig_runner_has_guess(const struct jig_runner *r, const struct jig_action *action);

/* Waits for a guess at an action of this name, or that leaves the same file; the action stays the
 * caller's, who knows that its words are the same. True when its tool went well; false also when
 * there is none. */
bool jig_runner_guess_went_well(struct jig_runner *r, const struct jig_action *action);

/* True while something that was submitted or asked is not done. */
bool jig_runner_is_busy(const struct jig_runner *r);

/* True when the action would be answered from the record; it stays the caller's. That is then known
 * until a hook runs: it is not looked at again when it is submitted. */
bool jig_runner_is_current(struct jig_runner *r, const struct jig_action *action);

/* What the tool printed, or would have; borrowed from the runner. Only for a job that is done. */
const char *jig_job_output(const struct jig_job *job);
const char *jig_job_errors(const struct jig_job *job);
bool jig_job_reused(const struct jig_job *job);

struct jig_runner_summary *jig_runner_summary(struct jig_runner *r);
void jig_runner_summary_release(struct jig_runner_summary *s);

#endif
