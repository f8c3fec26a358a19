#include "core/build/runner.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/runner_impl.h"
#include "core/os/time.h"

#define KILL_GRACE_MS  500
#define LONGEST_RUN_MS (60 * 60 * 1000)
#define MOST_STEP_TEXT (64u << 20)

struct jig_runner *jig_runner_new(const struct jig_runner_config *config)
{
    struct jig_runner *r = jig_new(struct jig_runner);
    r->config = *config;
    r->report.events = config->events;
    jig_map_init(&r->tools, free);
    jig_map_init(&r->looked, free);
    jig_map_init(&r->held, NULL);
    jig_map_init(&r->makers, NULL);
    jig_arena_init(&r->steps, MOST_STEP_TEXT);
    r->shadow = jig_shadow_new(config->build_dir, config->files, config->probes);
    if (r->config.jobs < 1)
        r->config.jobs = 1;
    if (r->config.jobs > MOST_RUNNING)
        r->config.jobs = MOST_RUNNING;
    if (r->config.longest_run_ms <= 0)
        r->config.longest_run_ms = LONGEST_RUN_MS;
    return r;
}

void jig_runner_give_slot(struct jig_runner *r)
{
    if (r->config.slots != NULL)
        atomic_fetch_add(&r->config.slots->free, 1);
}

/* The children that run; returns how many. */
static size_t running_procs(const struct jig_runner *r, struct jig_proc *out[MOST_RUNNING])
{
    for (size_t i = 0; i < r->running_count; i++)
        out[i] = r->running[i]->proc;
    return r->running_count;
}

struct jig_runner_summary *jig_runner_summary(struct jig_runner *r)
{
    return &r->report.summary;
}

/* The first one is what the build is said to have failed of. */
void jig_runner_fail(struct jig_runner *r, const struct jig_err *err)
{
    if (!r->failed)
        r->first_failure = *err;
    r->failed = true;
}

static void stop_running(struct jig_runner *r)
{
    struct jig_proc *procs[MOST_RUNNING];
    jig_proc_kill_all(procs, running_procs(r, procs), KILL_GRACE_MS);
    for (size_t i = 0; i < r->running_count; i++) {
        jig_runner_give_slot(r);
        r->running[i]->state = JIG_JOB_FAILED;
    }
    r->running_count = 0;
}

/* ---- running ---- */

static bool may_start(struct jig_runner *r)
{
    if (r->failed || r->running_count >= r->config.jobs)
        return false;
    return jig_runner_take_slot(r, r->running_count == jig_runner_guesses(r));
}

static void tell_started(struct jig_runner *r, const struct jig_job *j)
{
    if (!j->asked)
        jig_report_reason(&r->report, j, j->because);
    jig_report_step(&r->report, j, JIG_BUILD_STEP_STARTED);
}

/* Starts the job when there is room for it. */
static void try_start(struct jig_runner *r, struct jig_job *j)
{
    struct jig_err err = JIG_ERR_INIT;
    if (j->state != JIG_JOB_QUEUED || !may_start(r))
        return;
    if (jig_job_start(j, &err) != JIG_OK) {
        jig_runner_give_slot(r);
        jig_runner_fail(r, &err);
        return;
    }
    r->running[r->running_count++] = j;
    tell_started(r, j);
}

static void start_queued(struct jig_runner *r)
{
    while (r->next < r->job_count && !r->failed) {
        struct jig_job *j = r->jobs[r->next];
        try_start(r, j);
        if (j->state == JIG_JOB_QUEUED)
            return;
        r->next++;
    }
}

/* Makes the trace of a run that went well and keeps it, unless an input changed meanwhile. */
static void record(struct jig_runner *r, struct jig_job *j)
{
    JIG_CLEANUP_FREE char *changed = NULL;
    struct jig_trace *t = jig_job_end_trace(j, &r->config, r->shadow, &changed);
    if (changed != NULL)
        jig_report_changed(&r->report, changed);
    if (t == NULL)
        return;
    if (j->action->shareable && !t->opaque && r->config.objcache != NULL)
        jig_objcache_store(r->config.objcache, j->action, t, r->config.build_dir);
    jig_record_put_take(r->config.record, t);
}

/* A run's outputs are looked at at once, and the many inputs of a compile or a link while something
 * else runs. */
static enum jig_code record_later(struct jig_runner *r, struct jig_job *j, struct jig_err *reterr)
{
    enum jig_code code = jig_job_begin_trace(j, &r->config, reterr);
    if (code != JIG_OK)
        return code;
    if (!j->action->is_compile && !j->action->lists_inputs) {
        record(r, j);
        return JIG_OK;
    }
    r->unrecorded =
        jig_grow(r->unrecorded, &r->unrecorded_cap, r->unrecorded_count, sizeof *r->unrecorded);
    r->unrecorded[r->unrecorded_count++] = j;
    return JIG_OK;
}

static void record_next(struct jig_runner *r)
{
    record(r, r->unrecorded[r->unrecorded_next++]);
}

static void record_all(struct jig_runner *r)
{
    while (r->unrecorded_next < r->unrecorded_count)
        record_next(r);
}

void jig_runner_free(struct jig_runner *r)
{
    if (r == NULL)
        return;
    stop_running(r);
    record_all(r);
    for (size_t i = 0; i < r->job_count; i++)
        jig_job_free(r->jobs[i]);
    for (size_t i = 0; i < r->guess_count; i++)
        jig_job_free(r->guesses[i]);
    free(r->jobs);
    free(r->unrecorded);
    jig_map_release(&r->tools);
    jig_map_release(&r->looked);
    jig_map_release(&r->held);
    jig_map_release(&r->makers);
    jig_arena_release(&r->steps);
    jig_shadow_free(r->shadow);
    jig_runner_summary_release(&r->report.summary);
    free(r);
}

/* What came of a job whose tool has exited. */
static void conclude(struct jig_runner *r, struct jig_job *j)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *said = NULL;
    struct jig_runner_summary *sum = &r->report.summary;
    r->report.done++;
    sum->ran += !j->action->is_hook;
    sum->compiled += j->action->is_compile;
    sum->children_us += (j->ended_ns - j->started_ns) / 1000;
    jig_report_diagnostics(&r->report, j, &said);
    bool well = j->result.exit_status == 0;
    enum jig_code code = JIG_OK;
    if (well && !j->action->always)
        code = record_later(r, j, &err);
    if (!well && (!j->asked || j->result.signal != 0)) {
        jig_job_describe_failure(j, said, &err);
        code = err.code;
    }
    j->state = code == JIG_OK ? JIG_JOB_DONE : JIG_JOB_FAILED;
    jig_report_step(&r->report, j,
                    code == JIG_OK ? JIG_BUILD_STEP_FINISHED : JIG_BUILD_STEP_FAILED);
    if (code != JIG_OK)
        jig_runner_fail(r, &err);
}

/* The job's tool has exited. */
static void finish(struct jig_runner *r, struct jig_job *j)
{
    j->result = jig_proc_result(j->proc);
    j->ended_ns = jig_now_ns();
    jig_proc_free(j->proc);
    j->proc = NULL;
    jig_runner_give_slot(r);
    if (j->guessed)
        j->state = JIG_JOB_EXITED;
    else
        conclude(r, j);
}

static void finish_running(struct jig_runner *r, size_t index)
{
    struct jig_job *ended = r->running[index];
    r->running[index] = r->running[--r->running_count];
    finish(r, ended);
}

/* Goes on with what has ended by now, so that a caller who submits much keeps all tools busy. */
static void catch_up(struct jig_runner *r)
{
    struct jig_proc *procs[MOST_RUNNING];
    size_t index = 0;
    start_queued(r);
    while (jig_proc_any_exited(procs, running_procs(r, procs), &index)) {
        finish_running(r, index);
        start_queued(r);
    }
}

/* The job that has run longest. */
static struct jig_job *eldest(const struct jig_runner *r)
{
    struct jig_job *j = r->running[0];
    for (size_t i = 1; i < r->running_count; i++) {
        if (r->running[i]->started_ns < j->started_ns)
            j = r->running[i];
    }
    return j;
}

/* The wait ended before a child did: nothing goes on after a cancel, a deadline, or a tool that
 * runs for ever. */
static void give_up(struct jig_runner *r, struct jig_err *why)
{
    const struct jig_job *j = eldest(r);
    if (why->code == JIG_DEADLINE_EXCEEDED && jig_until_check(&r->config.until, NULL) == JIG_OK)
        jig_err_reason(why, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED,
                       "%s failed: %s did not end within %lld seconds", j->action->step,
                       jig_path_base(j->action->argv.v[0]),
                       (long long)r->config.longest_run_ms / 1000);
    stop_running(r);
    jig_runner_fail(r, why);
}

void jig_runner_wait_for_one(struct jig_runner *r)
{
    struct jig_proc *procs[MOST_RUNNING];
    struct jig_err err = JIG_ERR_INIT;
    size_t index = 0;
    int64_t longest = eldest(r)->started_ns + r->config.longest_run_ms * JIG_NS_PER_MS;
    struct jig_until until = jig_until_sooner(&r->config.until, longest);
    while (r->unrecorded_next < r->unrecorded_count) {
        if (jig_proc_any_exited(procs, running_procs(r, procs), &index)) {
            finish_running(r, index);
            return;
        }
        record_next(r);
        if (r->unrecorded_next == r->unrecorded_count && r->next == r->job_count &&
            r->config.recorded != NULL)
            r->config.recorded(r->config.recorded_ctx);
    }
    if (jig_proc_wait_any(procs, running_procs(r, procs), &until, &index, &err) == JIG_OK)
        finish_running(r, index);
    else
        give_up(r, &err);
}

/* Something that was submitted runs, or waits for guesses to make room. */
static bool has_to_wait(const struct jig_runner *r, const struct jig_job *job)
{
    bool queued = job != NULL ? job->state == JIG_JOB_QUEUED : r->next < r->job_count;
    if (job != NULL && job->state == JIG_JOB_DONE)
        return false;
    return r->running_count > jig_runner_guesses(r) ||
           (queued && !r->failed && r->running_count > 0);
}

/* Until the job is done, or all are (NULL). After a failure, what runs already is waited for: its
 * diagnostics are wanted, too. */
enum jig_code jig_runner_wait(struct jig_runner *r, struct jig_job *job, struct jig_err *reterr)
{
    start_queued(r);
    while (has_to_wait(r, job)) {
        jig_runner_wait_for_one(r);
        if (job != NULL)
            try_start(r, job); /* before what is queued: somebody waits for it */
        start_queued(r);
    }
    bool done = job != NULL ? job->state == JIG_JOB_DONE : !r->failed;
    if (!done && reterr != NULL)
        *reterr = r->first_failure;
    return done ? JIG_OK : r->first_failure.code;
}

enum jig_code jig_runner_wait_all(struct jig_runner *r, struct jig_err *reterr)
{
    return jig_runner_wait(r, NULL, reterr);
}

/* ---- submitting ---- */

/* Two steps that leave one file would undo each other in every build. */
static enum jig_code claim_output(struct jig_runner *r, const char *output, const char *step,
                                  struct jig_err *reterr)
{
    const char *maker = jig_map_get(&r->makers, output);
    if (maker != NULL)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "'%s' and '%s' would both leave %s", maker, step, output);
    jig_map_set(&r->makers, output, (void *)step);
    return JIG_OK;
}

static enum jig_code claim_outputs(struct jig_runner *r, const struct jig_action *a,
                                   struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < a->outputs.n; i++)
        code = claim_output(r, a->outputs.v[i], a->step, reterr);
    return code;
}

/* The run was begun early: from here on it is as any other. */
static void adopt(struct jig_runner *r, struct jig_job *j)
{
    JIG_CLEANUP_FREE char *name = jig_action_record_name(j->action, r->config.build_dir);
    jig_record_forget(r->config.record, name); /* not current until it has run well */
    tell_started(r, j);
    if (j->state == JIG_JOB_EXITED)
        conclude(r, j);
}

static struct jig_job *append_job(struct jig_runner *r, struct jig_job *j)
{
    r->jobs = jig_grow(r->jobs, &r->job_cap, r->job_count, sizeof *r->jobs);
    r->jobs[r->job_count++] = j;
    r->report.total++;
    return j;
}

static struct jig_job *add_job(struct jig_runner *r, struct jig_action *action, bool asked)
{
    struct jig_err err = JIG_ERR_INIT;
    if (action->is_hook) { /* which may change anything */
        jig_map_release(&r->held);
        jig_map_init(&r->held, NULL);
        jig_map_release(&r->looked);
        jig_map_init(&r->looked, free);
        record_all(r);
    }
    struct jig_job *guess = jig_runner_take_guess(r, action, asked);
    struct jig_job *j = append_job(r, guess != NULL ? guess : jig_job_new(action, asked));
    enum jig_code code =
        r->failed ? r->first_failure.code : jig_until_check(&r->config.until, &err);
    if (code == JIG_OK && !asked) /* who asks may ask again */
        code = claim_outputs(r, j->action, &err);
    if (code == JIG_OK && guess != NULL)
        adopt(r, j);
    else if (code == JIG_OK && j->action->always && !r->config.look_only)
        j->because = jig_xstrdup("it runs in every build");
    else if (code == JIG_OK && j->action->always)
        code =
            jig_err_set(&err, JIG_FAILED_PRECONDITION, "%s runs in every build", j->action->step);
    else if (code == JIG_OK)
        code = jig_runner_decide(r, j, &err);
    if (code != JIG_OK && guess == NULL)
        j->state = JIG_JOB_FAILED;
    if (code != JIG_OK)
        jig_runner_fail(r, &err);
    return j;
}

enum jig_code jig_runner_submit(struct jig_runner *r, struct jig_action *action,
                                struct jig_job **ret_job, struct jig_err *reterr)
{
    struct jig_job *j = add_job(r, action, false);
    catch_up(r);
    if (r->failed)
        return jig_runner_wait_all(r, reterr);
    if (ret_job != NULL)
        *ret_job = j;
    return JIG_OK;
}

enum jig_code jig_runner_ask(struct jig_runner *r, struct jig_action *action,
                             struct jig_job **ret_job, int *ret_exit_status, struct jig_err *reterr)
{
    struct jig_job *j = add_job(r, action, true);
    try_start(r, j); /* before what is queued: somebody waits for it */
    enum jig_code code = jig_runner_wait(r, j, reterr);
    if (code != JIG_OK)
        return code;
    *ret_job = j;
    *ret_exit_status = j->result.exit_status;
    return JIG_OK;
}

/* A step that is reused, printed nothing, and leaves one file: nobody asks for its job. */
static enum jig_code count_held(struct jig_runner *r, bool is_compile, const char *step,
                                const char *output, struct jig_err *reterr)
{
    const char *name = jig_arena_strdup(&r->steps, step);
    enum jig_code code = claim_output(r, output, name != NULL ? name : "another step", reterr);
    if (code != JIG_OK)
        return code;
    r->report.total++;
    r->report.done++;
    r->report.summary.reused += is_compile;
    jig_report_reused(&r->report, step);
    return JIG_OK;
}

/* The same for one that printed something, or that is to be explained. */
static enum jig_code replay_held(struct jig_runner *r, struct jig_action *a,
                                 const struct jig_trace *last, struct jig_err *reterr)
{
    struct jig_job *j = append_job(r, jig_job_new(a, false));
    enum jig_code code = claim_outputs(r, a, reterr);
    if (code == JIG_OK)
        jig_runner_replay(r, j, last, "up to date");
    else
        j->state = JIG_JOB_FAILED;
    return code;
}

enum jig_code jig_runner_submit_held(struct jig_runner *r, const char *phase, const char *step,
                                     const char *output, const struct jig_trace *last,
                                     struct jig_err *reterr)
{
    bool is_compile = strcmp(phase, "compile") == 0;
    bool silent = last->errors[0] == '\0' && last->output[0] == '\0' && !r->config.explain;
    enum jig_code code =
        r->failed ? r->first_failure.code : jig_until_check(&r->config.until, reterr);
    if (code == JIG_OK && silent) {
        code = count_held(r, is_compile, step, output, reterr);
    } else if (code == JIG_OK) {
        struct jig_action *a = jig_action_new(phase, step);
        a->is_compile = is_compile;
        jig_strv_append(&a->outputs, output);
        code = replay_held(r, a, last, reterr);
    }
    if (r->running_count > 0)
        catch_up(r);
    return r->failed ? jig_runner_wait_all(r, reterr) : code;
}
