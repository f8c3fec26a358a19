/*
 * job.h - one run of an action, before and after. Private to the runner.
 *
 * What decides whether a run may be remembered:
 *
 *   known before it (declared, or read by the last run): same content and same stamp after it; an
 *                   edit that was taken back meanwhile shows in the stamp alone
 *   found out only after it, or vouched for before (vouch.h): not written since it began
 *
 * Threads: as the runner.
 */
#ifndef JIG_BUILD_JOB_H
#define JIG_BUILD_JOB_H

#include "core/base/map.h"
#include "core/build/runner.h"
#include "core/build/shadow.h"
#include "core/os/proc.h"

enum jig_job_state {
    JIG_JOB_QUEUED,
    JIG_JOB_RUNNING,
    JIG_JOB_EXITED, /* a guess that nobody has asked for yet */
    JIG_JOB_DONE,
    JIG_JOB_FAILED,
};

struct jig_job {
    struct jig_action *action; /* owned */
    enum jig_job_state state;
    bool reused;
    bool asked;   /* a failure is an answer */
    bool guessed; /* nobody has asked for it yet */
    char *because;
    struct jig_digest tool;
    struct jig_digest command;
    struct jig_map before; /* path -> struct jig_file_content, as it was when the job was decided */
    struct jig_trace *trace;  /* begun, and not ended; or NULL */
    struct jig_strv expected; /* what the linker listed last time, of what nobody declares */
    struct jig_proc *proc;
    struct jig_buf out;
    struct jig_buf err;
    struct jig_proc_result result;
    int64_t started_ns;       /* monotonic */
    int64_t ended_ns;         /* likewise; 0 while it runs */
    int64_t started_clock_ns; /* what filesystems would have stamped then */
};

/* Owns the action. */
struct jig_job *jig_job_new(struct jig_action *action, bool asked);
void jig_job_free(struct jig_job *j);

/* The action's name in its build's record. The caller frees. */
char *jig_action_record_name(const struct jig_action *a, const char *build_dir);

/* Looks at the inputs that are known before the run: the declared ones, and what `last` (may be
 * NULL) read; but for those that a vouch says are the same: their stamps will say whether they were
 * written since the run began. Fails when a declared one is missing. */
enum jig_code jig_job_look_before(struct jig_job *j, const struct jig_runner_config *c,
                                  struct jig_trace *last, struct jig_err *reterr) JIG_CHECKED;

/* True when what was looked at before the run is as it was, and `a` declares nothing else. */
bool jig_job_inputs_hold(const struct jig_job *j, const struct jig_runner_config *c,
                         const struct jig_action *a);

/* Starts the tool, after what an earlier run left is gone. */
enum jig_code jig_job_start(struct jig_job *j, struct jig_err *reterr) JIG_CHECKED;

/* Begins the trace of a run that went well: with what it left. Fails when an output is missing. */
enum jig_code jig_job_begin_trace(struct jig_job *j, const struct jig_runner_config *c,
                                  struct jig_err *reterr) JIG_CHECKED;

/* Ends it, with what the run read; it is the caller's. NULL when it may not be remembered;
 * *ret_changed (the caller frees) then names the input that changed meanwhile, if that is why. */
struct jig_trace *jig_job_end_trace(struct jig_job *j, const struct jig_runner_config *c,
                                    struct jig_shadow *shadow, char **ret_changed);

/* The sentence for a tool that said no; `said` is its first error, or NULL. */
void jig_job_describe_failure(const struct jig_job *j, const char *said, struct jig_err *err);

#endif
