#include "core/build/runner.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/check.h"
#include "core/build/depfile.h"
#include "core/build/shadow.h"
#include "core/os/proc.h"
#include "core/os/time.h"

#define LARGEST_OUTPUT (8u << 20) /* of one tool, for each stream; the rest is dropped */
#define MOST_REASONS   10000
#define MOST_RUNNING   64
#define KILL_GRACE_MS  500

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED };

struct jig_job {
    struct jig_runner *runner;
    struct jig_action *action;
    enum job_state state;
    bool reused;
    bool asked; /* a failure is an answer */
    char *because;
    struct jig_digest tool;
    struct jig_digest command;
    struct jig_trace_file *before; /* the inputs as they were when it started */
    size_t before_count;
    struct jig_proc *proc;
    struct jig_buf out;
    struct jig_buf err;
    int exit_status;
    int64_t started_ns;       /* monotonic */
    int64_t started_clock_ns; /* what filesystems would have stamped then */
};

struct jig_runner {
    struct jig_runner_config config;
    struct jig_map tools; /* program -> struct jig_digest */
    struct jig_shadow *shadow;
    struct jig_job **jobs;
    size_t job_count;
    size_t job_cap;
    size_t next; /* jobs before this one are not queued any more */
    struct jig_job *running[MOST_RUNNING];
    size_t running_count;
    size_t done;
    bool failed;
    struct jig_err first_failure;
    struct jig_runner_summary summary;
};

struct jig_runner *jig_runner_new(const struct jig_runner_config *config)
{
    struct jig_runner *r = jig_new(struct jig_runner);
    r->config = *config;
    jig_map_init(&r->tools, free);
    r->shadow = jig_shadow_new(config->build_dir, config->files, config->probes);
    if (r->config.jobs < 1)
        r->config.jobs = 1;
    if (r->config.jobs > MOST_RUNNING)
        r->config.jobs = MOST_RUNNING;
    return r;
}

static void give_slot_back(struct jig_runner *r)
{
    if (r->config.slots != NULL)
        atomic_fetch_add(&r->config.slots->free, 1);
}

static void free_job(struct jig_job *j)
{
    jig_proc_free(j->proc);
    jig_action_free(j->action);
    free(j->because);
    jig_trace_files_free(j->before, j->before_count);
    jig_buf_release(&j->out);
    jig_buf_release(&j->err);
    free(j);
}

static void stop_running(struct jig_runner *r)
{
    for (size_t i = 0; i < r->running_count; i++) {
        jig_proc_kill(r->running[i]->proc, KILL_GRACE_MS);
        give_slot_back(r);
        r->running[i]->state = JOB_FAILED;
    }
    r->running_count = 0;
}

void jig_runner_free(struct jig_runner *r)
{
    if (r == NULL)
        return;
    stop_running(r);
    for (size_t i = 0; i < r->job_count; i++)
        free_job(r->jobs[i]);
    free(r->jobs);
    jig_map_release(&r->tools);
    jig_shadow_free(r->shadow);
    jig_runner_summary_release(&r->summary);
    free(r);
}

struct jig_runner_summary *jig_runner_summary(struct jig_runner *r)
{
    return &r->summary;
}

void jig_runner_summary_release(struct jig_runner_summary *s)
{
    for (size_t i = 0; i < s->reason_count; i++) {
        free(s->reasons[i].step);
        free(s->reasons[i].because);
    }
    free(s->reasons);
    jig_diagnostics_release(&s->diagnostics);
    *s = (struct jig_runner_summary){0};
}

const char *jig_job_output(const struct jig_job *job)
{
    return job->out.data;
}

const char *jig_job_errors(const struct jig_job *job)
{
    return job->err.data;
}

bool jig_job_reused(const struct jig_job *job)
{
    return job->reused;
}

static void tell_step(struct jig_runner *r, const struct jig_job *j,
                      enum jig_build_step_state state)
{
    const struct jig_build_events *e = r->config.events;
    if (e == NULL || e->step == NULL)
        return;
    bool ran = state == JIG_BUILD_STEP_FINISHED || state == JIG_BUILD_STEP_FAILED;
    struct jig_build_step event = {
        .step = j->action->step,
        .state = state,
        .because = j->because != NULL ? j->because : "",
        .done = (uint32_t)r->done,
        .total = (uint32_t)r->job_count,
        .duration_us = ran ? (jig_now_ns() - j->started_ns) / 1000 : 0,
    };
    e->step(e->ctx, &event);
}

/* Takes the tool's stderr apart, tells of it and keeps it for the result. */
static void tell_diagnostics(struct jig_runner *r, const struct jig_job *j)
{
    struct jig_diagnostics *all = &r->summary.diagnostics;
    size_t first = all->n;
    if (j->asked)
        return;
    jig_diagnostics_parse(j->err.data, all);
    if (all->n == first && j->err.len > 0)
        jig_diagnostics_whole(j->err.data, j->exit_status != 0, all);
    const struct jig_build_events *e = r->config.events;
    for (size_t i = first; e != NULL && e->diagnostic != NULL && i < all->n; i++)
        e->diagnostic(e->ctx, &all->items[i]);
}

static void add_reason(struct jig_runner *r, const struct jig_job *j, const char *because)
{
    struct jig_runner_summary *s = &r->summary;
    if (s->reason_count >= MOST_REASONS)
        return;
    s->reasons = jig_grow(s->reasons, &s->reason_cap, s->reason_count, sizeof *s->reasons);
    s->reasons[s->reason_count++] =
        (struct jig_step_reason){jig_xstrdup(j->action->step), jig_xstrdup(because)};
}

static char *trace_name(const struct jig_runner *r, const struct jig_action *a)
{
    if (a->name != NULL)
        return jig_xstrdup(a->name);
    return jig_build_relative(r->config.build_dir, a->outputs.v[0]);
}

/* The job's outputs are there already: replays what the tool said then. */
static void replay(struct jig_runner *r, struct jig_job *j, const struct jig_trace *t)
{
    jig_buf_puts(&j->err, t->errors);
    jig_buf_puts(&j->out, t->output);
    j->reused = true;
    j->state = JOB_DONE;
    r->done++;
    if (j->action->is_compile)
        r->summary.reused++;
    if (r->config.explain)
        add_reason(r, j, "up to date");
    tell_step(r, j, JIG_BUILD_STEP_REUSED);
    tell_diagnostics(r, j);
}

/* Hashes the inputs that are known before the run: the declared ones, and what the last run read.
 */
static enum jig_code snapshot(struct jig_runner *r, struct jig_job *j, const struct jig_trace *last,
                              struct jig_err *reterr)
{
    struct jig_strv paths = {0};
    jig_strv_extend(&paths, &j->action->inputs);
    size_t declared = paths.n;
    for (size_t i = 0; last != NULL && i < last->input_count; i++) {
        char *path = jig_build_absolute(r->config.build_dir, last->inputs[i].path);
        jig_strv_append_take(&paths, path);
    }
    enum jig_code code = JIG_OK;
    j->before = jig_xcalloc(paths.n, sizeof *j->before);
    for (size_t i = 0; code == JIG_OK && i < paths.n; i++) {
        struct jig_file_content content;
        struct jig_err err = JIG_ERR_INIT;
        enum jig_code looked = jig_files_look(r->config.files, paths.v[i], &content, &err);
        if (looked == JIG_OK)
            j->before[j->before_count++] =
                (struct jig_trace_file){jig_xstrdup(paths.v[i]), content.sha256};
        else if (i < declared)
            code = jig_err_set(reterr, err.code, "%s: %s", j->action->step, err.message);
    }
    jig_strv_release(&paths);
    return code;
}

/* A tool is looked at once in a build. */
static enum jig_code tool_identity(struct jig_runner *r, const char *program,
                                   struct jig_digest *ret, struct jig_err *reterr)
{
    struct jig_digest *known = jig_map_get(&r->tools, program);
    if (known == NULL) {
        struct jig_digest fresh;
        enum jig_code code =
            jig_toolids_get(r->config.toolids, program, &r->config.until, &fresh, reterr);
        if (code != JIG_OK)
            return code;
        known = jig_new(struct jig_digest);
        *known = fresh;
        jig_map_set(&r->tools, program, known);
    }
    *ret = *known;
    return JIG_OK;
}

/* What the action would be now. */
static enum jig_code prepare_check(struct jig_runner *r, const struct jig_action *a,
                                   struct jig_check *ret, struct jig_err *reterr)
{
    const struct jig_runner_config *c = &r->config;
    *ret = (struct jig_check){.action = a,
                              .build_dir = c->build_dir,
                              .project_dir = c->project_dir,
                              .files = c->files,
                              .shadow = r->shadow};
    enum jig_code code = tool_identity(r, a->argv.v[0], &ret->tool, reterr);
    if (code == JIG_OK)
        ret->command = jig_action_command(a, c->build_dir, &ret->tool);
    return code;
}

/* Why it has to run, or NULL. */
static char *check_record(struct jig_runner *r, const struct jig_check *check, const char *name)
{
    bool updated = false;
    char *why = jig_check_trace(check, jig_record_get(r->config.record, name), &updated);
    r->config.record->changed = r->config.record->changed || updated;
    return why;
}

static enum jig_code decide(struct jig_runner *r, struct jig_job *j, struct jig_err *reterr)
{
    const struct jig_runner_config *c = &r->config;
    struct jig_check check;
    enum jig_code code = prepare_check(r, j->action, &check, reterr);
    if (code != JIG_OK)
        return code;
    j->tool = check.tool;
    j->command = check.command;
    JIG_CLEANUP_FREE char *name = trace_name(r, j->action);
    const struct jig_trace *last = jig_record_get(c->record, name);
    j->because = check_record(r, &check, name);
    if (j->because == NULL) {
        replay(r, j, last);
        return JIG_OK;
    }
    if (j->action->shareable && c->objcache != NULL) {
        struct jig_trace *shared =
            jig_objcache_fetch(c->objcache, &j->command, c->build_dir, c->files, r->shadow);
        if (shared != NULL) {
            jig_record_put_take(c->record, shared);
            replay(r, j, shared);
            return JIG_OK;
        }
    }
    code = snapshot(r, j, last, reterr);
    jig_record_forget(c->record, name); /* not current from here until it has run well */
    return code;
}

bool jig_runner_is_current(struct jig_runner *r, const struct jig_action *a)
{
    struct jig_check check;
    if (a->always || prepare_check(r, a, &check, NULL) != JIG_OK)
        return false;
    JIG_CLEANUP_FREE char *name = trace_name(r, a);
    JIG_CLEANUP_FREE char *why = check_record(r, &check, name);
    return why == NULL;
}

static enum jig_code add_job(struct jig_runner *r, struct jig_action *action, bool asked,
                             struct jig_job **ret, struct jig_err *reterr)
{
    struct jig_job *j = jig_new(struct jig_job);
    j->runner = r;
    j->action = action;
    j->asked = asked;
    j->exit_status = 0;
    jig_buf_init(&j->out, LARGEST_OUTPUT);
    jig_buf_init(&j->err, LARGEST_OUTPUT);
    r->jobs = jig_grow(r->jobs, &r->job_cap, r->job_count, sizeof *r->jobs);
    r->jobs[r->job_count++] = j;
    if (r->failed) {
        j->state = JOB_FAILED;
        if (reterr != NULL)
            *reterr = r->first_failure;
        return r->first_failure.code;
    }
    enum jig_code code = JIG_OK;
    if (action->always)
        j->because = jig_xstrdup("it runs in every build");
    else
        code = decide(r, j, reterr);
    if (code != JIG_OK)
        j->state = JOB_FAILED;
    *ret = j;
    return code;
}

static void hear(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    struct jig_job *j = ctx;
    struct jig_buf *b = stream == JIG_STDOUT ? &j->out : &j->err;
    size_t room = b->max - b->len;
    for (size_t i = 0; i < n && i < room; i++) /* a NUL would cut the text short */
        jig_buf_putc(b, data[i] != '\0' ? data[i] : '?');
}

/* What an earlier run left must not pass for what this one leaves (and ar would add to it). */
static enum jig_code clear_outputs(const struct jig_action *a, struct jig_err *reterr)
{
    for (size_t i = 0; i < a->outputs.n; i++) {
        JIG_CLEANUP_FREE char *dir = jig_path_dir(a->outputs.v[i]);
        enum jig_code code = jig_fs_mkdirs(dir, 0777, reterr);
        if (code == JIG_OK && !a->always)
            code = jig_fs_remove_tree(a->outputs.v[i], reterr);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

static enum jig_code start(struct jig_runner *r, struct jig_job *j, struct jig_err *reterr)
{
    struct jig_proc_spec spec = {
        .argv = j->action->argv.v, .cwd = j->action->cwd, .output = hear, .ctx = j};
    j->started_ns = jig_now_ns();
    j->started_clock_ns = jig_stamp_clock_ns();
    enum jig_code code = clear_outputs(j->action, reterr);
    if (code == JIG_OK) {
        code = jig_proc_start(&spec, &j->proc, reterr);
        if (code != JIG_OK && reterr != NULL)
            reterr->reason = JIG_REASON_BUILD_FAILED;
    }
    if (code != JIG_OK) {
        j->state = JOB_FAILED;
        return code;
    }
    j->state = JOB_RUNNING;
    r->running[r->running_count++] = j;
    if (!j->asked)
        add_reason(r, j, j->because);
    tell_step(r, j, JIG_BUILD_STEP_STARTED);
    return JIG_OK;
}

static bool may_start(struct jig_runner *r)
{
    if (r->failed || r->running_count >= r->config.jobs)
        return false;
    if (r->config.slots == NULL)
        return true;
    int free_slots = atomic_fetch_sub(&r->config.slots->free, 1);
    if (free_slots > 0 || r->running_count == 0)
        return true;
    atomic_fetch_add(&r->config.slots->free, 1);
    return false;
}

static enum jig_code start_queued(struct jig_runner *r, struct jig_err *reterr)
{
    while (r->next < r->job_count) {
        struct jig_job *j = r->jobs[r->next];
        if (j->state != JOB_QUEUED) {
            r->next++;
            continue;
        }
        if (!may_start(r))
            return JIG_OK;
        r->next++;
        enum jig_code code = start(r, j, reterr);
        if (code != JIG_OK) {
            give_slot_back(r);
            return code;
        }
    }
    return JIG_OK;
}

static bool known_before(const struct jig_job *j, const char *path, struct jig_digest *ret)
{
    for (size_t i = 0; i < j->before_count; i++) {
        if (strcmp(j->before[i].path, path) == 0) {
            *ret = j->before[i].sha256;
            return true;
        }
    }
    return false;
}

/* Looks at one input after the run. False when it may have changed while the tool ran. */
static bool look_after(struct jig_runner *r, const struct jig_job *j, const char *path,
                       struct jig_trace *t)
{
    struct jig_file_content now;
    struct jig_digest before;
    if (jig_files_look(r->config.files, path, &now, NULL) != JIG_OK)
        return false;
    bool known = known_before(j, path, &before);
    if (known && !jig_digest_equal(&before, &now.sha256))
        return false;
    int64_t youngest =
        now.stamp.mtime_ns > now.stamp.ctime_ns ? now.stamp.mtime_ns : now.stamp.ctime_ns;
    if (!known && youngest >= j->started_clock_ns)
        return false;
    t->inputs[t->input_count++] =
        (struct jig_trace_file){jig_build_relative(r->config.build_dir, path), now.sha256};
    return true;
}

static enum jig_code all_inputs(const struct jig_job *j, struct jig_strv *out,
                                struct jig_err *reterr)
{
    jig_strv_extend(out, &j->action->inputs);
    if (j->action->depfile == NULL)
        return JIG_OK;
    return jig_depfile_read(j->action->depfile, j->action->cwd, out, reterr);
}

static enum jig_code look_at_outputs(struct jig_runner *r, const struct jig_job *j,
                                     struct jig_trace *t, struct jig_err *reterr)
{
    const struct jig_action *a = j->action;
    t->outputs = jig_xcalloc(a->outputs.n, sizeof *t->outputs);
    for (size_t i = 0; i < a->outputs.n; i++) {
        struct jig_file_content content;
        if (jig_files_look(r->config.files, a->outputs.v[i], &content, NULL) != JIG_OK)
            return jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED,
                                  "%s: %s said that it went well but left no %s", a->step,
                                  jig_path_base(a->argv.v[0]), a->outputs.v[i]);
        t->outputs[t->output_count++] = (struct jig_trace_file){
            jig_build_relative(r->config.build_dir, a->outputs.v[i]), content.sha256};
    }
    return JIG_OK;
}

static void tell_changed(struct jig_runner *r, const char *path)
{
    const struct jig_build_events *e = r->config.events;
    if (e == NULL || e->notice == NULL)
        return;
    JIG_CLEANUP_FREE char *text =
        jig_strf("%s changed during the build; the next build looks at it again", path);
    e->notice(e->ctx, "build.input_changed", JIG_SEVERITY_WARNING, text);
}

/* Makes the trace of a run that went well and keeps it, unless an input changed meanwhile. */
static enum jig_code record(struct jig_runner *r, struct jig_job *j, struct jig_err *reterr)
{
    const struct jig_action *a = j->action;
    struct jig_strv inputs = {0};
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = trace_name(r, a);
    t->command = j->command;
    t->tool = j->tool;
    t->errors = jig_xstrdup(j->err.data);
    t->output = jig_xstrdup(j->out.data);
    for (size_t i = 0; i < a->argv.n; i++)
        jig_strv_append_take(&t->argv, jig_build_relative(r->config.build_dir, a->argv.v[i]));
    enum jig_code code = look_at_outputs(r, j, t, reterr);
    bool keep = code == JIG_OK && all_inputs(j, &inputs, NULL) == JIG_OK;
    t->inputs = jig_xcalloc(inputs.n, sizeof *t->inputs);
    for (size_t i = 0; keep && i < inputs.n; i++) {
        keep = look_after(r, j, inputs.v[i], t);
        if (!keep)
            tell_changed(r, inputs.v[i]);
    }
    jig_strv_release(&inputs);
    if (!keep) {
        jig_trace_free(t);
        return code;
    }
    JIG_CLEANUP_FREE char *young =
        a->depfile != NULL ? jig_shadow_record(r->shadow, t, j->started_clock_ns) : NULL;
    if (young != NULL) {
        tell_changed(r, young);
        jig_trace_free(t);
        return JIG_OK;
    }
    t->key = jig_action_key(&t->command, t->inputs, t->input_count);
    if (a->shareable && !t->opaque && r->config.objcache != NULL)
        jig_objcache_store(r->config.objcache, t, r->config.build_dir);
    jig_record_put_take(r->config.record, t);
    return JIG_OK;
}

static const char *first_error(const struct jig_runner *r, size_t from)
{
    const struct jig_diagnostics *d = &r->summary.diagnostics;
    for (size_t i = from; i < d->n; i++) {
        if (d->items[i].severity == JIG_SEVERITY_ERROR)
            return d->items[i].message;
    }
    return NULL;
}

/* The sentence for a tool that said no. */
static void describe_failure(const struct jig_runner *r, const struct jig_job *j,
                             struct jig_proc_result result, size_t diagnostics_from,
                             struct jig_err *err)
{
    const char *tool = jig_path_base(j->action->argv.v[0]);
    const char *said = first_error(r, diagnostics_from);
    if (result.signal != 0)
        jig_err_reason(err, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED,
                       "%s failed: %s was ended by signal %d", j->action->step, tool,
                       result.signal);
    else if (said != NULL)
        jig_err_reason(err, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED, "%s failed: %s",
                       j->action->step, said);
    else
        jig_err_reason(err, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED,
                       "%s failed: %s gave exit status %d%s%.400s", j->action->step, tool,
                       result.exit_status, j->err.len > 0 ? ": " : "", j->err.data);
}

static void fail(struct jig_runner *r, const struct jig_err *err)
{
    if (!r->failed)
        r->first_failure = *err;
    r->failed = true;
}

static void finish(struct jig_runner *r, struct jig_job *j)
{
    struct jig_proc_result result = jig_proc_result(j->proc);
    struct jig_err err = JIG_ERR_INIT;
    size_t diagnostics_from = r->summary.diagnostics.n;
    j->exit_status = result.exit_status;
    r->done++;
    r->summary.ran++;
    r->summary.compiled += j->action->is_compile;
    r->summary.children_us += (jig_now_ns() - j->started_ns) / 1000;
    jig_proc_free(j->proc);
    j->proc = NULL;
    give_slot_back(r);
    tell_diagnostics(r, j);
    bool well = result.exit_status == 0;
    enum jig_code code = JIG_OK;
    if (well && !j->action->always)
        code = record(r, j, &err);
    if (!well && !j->asked) {
        describe_failure(r, j, result, diagnostics_from, &err);
        code = err.code;
    }
    j->state = code == JIG_OK ? JOB_DONE : JOB_FAILED;
    tell_step(r, j, j->state == JOB_DONE ? JIG_BUILD_STEP_FINISHED : JIG_BUILD_STEP_FAILED);
    if (code != JIG_OK)
        fail(r, &err);
}

/* Starts what may start and waits until one child has ended. */
static enum jig_code pump(struct jig_runner *r, struct jig_err *reterr)
{
    enum jig_code code = start_queued(r, reterr);
    if (code != JIG_OK) {
        if (reterr != NULL)
            fail(r, reterr);
        r->failed = true;
    }
    if (r->running_count == 0)
        return code;
    struct jig_proc *procs[MOST_RUNNING];
    for (size_t i = 0; i < r->running_count; i++)
        procs[i] = r->running[i]->proc;
    size_t index = 0;
    enum jig_code waited =
        jig_proc_wait_any(procs, r->running_count, &r->config.until, &index, reterr);
    if (waited != JIG_OK) {
        stop_running(r);
        struct jig_err err = JIG_ERR_INIT;
        jig_err_set(&err, waited, "%s", reterr != NULL ? reterr->message : "stopped");
        fail(r, &err);
        return waited;
    }
    struct jig_job *ended = r->running[index];
    r->running[index] = r->running[--r->running_count];
    finish(r, ended);
    return code;
}

static enum jig_code first_failure(const struct jig_runner *r, struct jig_err *reterr)
{
    if (reterr != NULL)
        *reterr = r->first_failure;
    return r->first_failure.code;
}

static bool is_over(const struct jig_job *j)
{
    return j->state == JOB_DONE || j->state == JOB_FAILED;
}

enum jig_code jig_runner_wait(struct jig_runner *r, struct jig_job *job, struct jig_err *reterr)
{
    while (!is_over(job)) {
        enum jig_code code = pump(r, reterr);
        if (code != JIG_OK)
            return code;
        if (r->failed && r->running_count == 0)
            break;
    }
    if (job->state == JOB_DONE)
        return JIG_OK;
    while (r->running_count > 0) { /* their diagnostics are wanted, too */
        enum jig_code code = pump(r, reterr);
        if (code != JIG_OK)
            return code;
    }
    return first_failure(r, reterr);
}

enum jig_code jig_runner_wait_all(struct jig_runner *r, struct jig_err *reterr)
{
    for (;;) {
        enum jig_code code = pump(r, reterr);
        if (code != JIG_OK)
            return code;
        if (r->running_count > 0)
            continue;
        if (r->failed)
            return first_failure(r, reterr);
        if (r->next >= r->job_count)
            return JIG_OK;
    }
}

enum jig_code jig_runner_submit(struct jig_runner *r, struct jig_action *action,
                                struct jig_job **ret_job, struct jig_err *reterr)
{
    struct jig_job *j = NULL;
    enum jig_code code = add_job(r, action, false, &j, reterr);
    if (code != JIG_OK)
        return code;
    if (ret_job != NULL)
        *ret_job = j;
    return start_queued(r, reterr);
}

enum jig_code jig_runner_ask(struct jig_runner *r, struct jig_action *action,
                             struct jig_job **ret_job, int *ret_exit_status, struct jig_err *reterr)
{
    struct jig_job *j = NULL;
    enum jig_code code = add_job(r, action, true, &j, reterr);
    if (code == JIG_OK && j->state == JOB_QUEUED && may_start(r))
        code = start(r, j, reterr); /* before what is queued: somebody waits for it */
    if (code == JIG_OK)
        code = jig_runner_wait(r, j, reterr);
    if (code != JIG_OK)
        return code;
    *ret_job = j;
    *ret_exit_status = j->exit_status;
    return JIG_OK;
}
