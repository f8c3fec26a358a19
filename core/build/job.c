#include "core/build/job.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/depfile.h"
#include "core/os/sighting.h"
#include "core/os/time.h"

#define LARGEST_OUTPUT (8u << 20) /* of one tool, for each stream; the rest is dropped */

struct jig_job *jig_job_new(struct jig_action *action, bool asked)
{
    struct jig_job *j = jig_new(struct jig_job);
    j->action = action;
    j->asked = asked;
    jig_map_init(&j->before, free);
    jig_buf_init(&j->out, LARGEST_OUTPUT);
    jig_buf_init(&j->err, LARGEST_OUTPUT);
    return j;
}

void jig_job_free(struct jig_job *j)
{
    if (j == NULL)
        return;
    jig_proc_free(j->proc);
    jig_action_free(j->action);
    free(j->because);
    jig_map_release(&j->before);
    jig_trace_free(j->trace);
    jig_strv_release(&j->expected);
    jig_buf_release(&j->out);
    jig_buf_release(&j->err);
    free(j);
}

char *jig_action_record_name(const struct jig_action *a, const char *build_dir)
{
    return a->name != NULL ? jig_xstrdup(a->name) : jig_build_relative(build_dir, a->outputs.v[0]);
}

/* ---- before ---- */

static enum jig_code look_at(struct jig_job *j, const struct jig_runner_config *c, const char *path,
                             struct jig_err *reterr)
{
    struct jig_file_content content;
    if (jig_map_has(&j->before, path))
        return JIG_OK;
    enum jig_code code = jig_files_look(c->files, path, &content, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_file_content *kept = jig_new(struct jig_file_content);
    *kept = content;
    jig_map_set(&j->before, path, kept);
    return JIG_OK;
}

/* What the last run read and may have changed since. What is gone this run does not read. */
static void look_at_last(struct jig_job *j, const struct jig_runner_config *c,
                         struct jig_trace *last)
{
    const struct jig_strv *changed = jig_vouch_changed(c->vouch, last);
    size_t n = changed != NULL ? changed->n : last->input_count;
    for (size_t i = 0; i < n; i++) {
        if (changed != NULL && jig_trace_input(last, changed->v[i]) == NULL)
            continue;
        JIG_CLEANUP_FREE char *path = jig_build_absolute(
            c->build_dir, changed != NULL ? changed->v[i] : last->inputs[i].path);
        (void)!look_at(j, c, path, NULL);
    }
}

/* What the linker found by itself then, and not in the build folder. */
static void expect_listed(struct jig_job *j, const struct jig_trace *last)
{
    for (size_t i = 0; i < last->input_count; i++) {
        if (last->inputs[i].path[0] == '/')
            jig_strv_append(&j->expected, last->inputs[i].path);
    }
}

enum jig_code jig_job_look_before(struct jig_job *j, const struct jig_runner_config *c,
                                  struct jig_trace *last, struct jig_err *reterr)
{
    for (size_t i = 0; i < j->action->inputs.n; i++) {
        if (jig_vouch_same_input(c->vouch, last, j->action->inputs.v[i]))
            continue;
        enum jig_code code = look_at(j, c, j->action->inputs.v[i], reterr);
        if (code != JIG_OK) {
            jig_err_prefix(reterr, "%s", j->action->step);
            return code;
        }
    }
    if (last != NULL)
        look_at_last(j, c, last);
    if (last != NULL && j->action->lists_inputs)
        expect_listed(j, last);
    for (size_t i = 0; i < j->action->known.n; i++)
        (void)!look_at(j, c, j->action->known.v[i], NULL);
    return JIG_OK;
}

bool jig_job_inputs_hold(const struct jig_job *j, const struct jig_runner_config *c,
                         const struct jig_action *a)
{
    JIG_CLEANUP_FREE char *name = jig_action_record_name(a, c->build_dir);
    struct jig_trace *last = jig_record_get(c->record, name);
    for (size_t i = 0; i < a->inputs.n; i++) {
        if (!jig_map_has(&j->before, a->inputs.v[i]) &&
            !jig_vouch_same_input(c->vouch, last, a->inputs.v[i]))
            return false;
    }
    for (size_t i = 0; i < j->before.used; i++) {
        const struct jig_file_content *before = j->before.entries[i].value;
        struct jig_file_content now;
        if (before != NULL &&
            (jig_files_look(c->files, j->before.entries[i].key, &now, NULL) != JIG_OK ||
             !jig_digest_equal(&before->sha256, &now.sha256) ||
             !jig_stamp_equal(&before->stamp, &now.stamp)))
            return false;
    }
    return true;
}

/* ---- the run ---- */

static void hear(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    struct jig_job *j = ctx;
    struct jig_buf *b = stream == JIG_STDOUT ? &j->out : &j->err;
    size_t room = b->max - b->len;
    for (size_t i = 0; i < n && i < room; i++) /* a NUL would cut the text short */
        jig_buf_putc(b, data[i] != '\0' ? data[i] : '?');
}

/* What an earlier run left must not pass for what this one leaves (and ar would add to it). */
static enum jig_code clear_outputs(const struct jig_action *a, struct jig_fs_removed *removed,
                                   struct jig_err *reterr)
{
    for (size_t i = 0; i < a->outputs.n; i++) {
        JIG_CLEANUP_FREE char *dir = jig_path_dir(a->outputs.v[i]);
        enum jig_code code = jig_fs_mkdirs(dir, 0777, reterr);
        if (code == JIG_OK && !a->always)
            code = jig_fs_remove_begin(removed, a->outputs.v[i], reterr);
        if (code != JIG_OK)
            return code;
    }
    return a->depfile != NULL ? jig_fs_remove_begin(removed, a->depfile, reterr) : JIG_OK;
}

/* What the tool is going to write. */
static enum jig_proc_writes tell_writes(const struct jig_action *a)
{
    if (a->is_hook || (a->always && a->outputs.n == 0)) /* nobody can say what */
        return JIG_WRITES_ANYTHING;
    for (size_t i = 0; i < a->outputs.n; i++)
        jig_tell_write(a->outputs.v[i], true);
    if (a->depfile != NULL)
        jig_tell_write(a->depfile, true);
    return JIG_WRITES_TOLD;
}

enum jig_code jig_job_start(struct jig_job *j, struct jig_err *reterr)
{
    struct jig_proc_spec spec = {
        .argv = j->action->argv.v, .cwd = j->action->cwd, .output = hear, .ctx = j};
    spec.writes = tell_writes(j->action);
    j->started_ns = jig_now_ns();
    j->started_clock_ns = jig_stamp_clock_ns();
    struct jig_fs_removed removed = {.n = 0};
    enum jig_code code = clear_outputs(j->action, &removed, reterr);
    if (code == JIG_OK) {
        code = jig_proc_start(&spec, &j->proc, reterr);
        if (code != JIG_OK && reterr != NULL)
            reterr->reason = JIG_REASON_BUILD_FAILED;
    }
    jig_fs_remove_end(&removed);
    j->state = code == JIG_OK ? JIG_JOB_RUNNING : JIG_JOB_FAILED;
    return code;
}

/* ---- after ---- */

/* Looks at one input after the run. False when it may have changed while the tool ran. */
static bool look_after(const struct jig_job *j, const struct jig_runner_config *c, const char *path,
                       struct jig_trace *t)
{
    struct jig_file_content now;
    if (jig_files_look(c->files, path, &now, NULL) != JIG_OK)
        return false;
    const struct jig_file_content *before = jig_map_get(&j->before, path);
    bool held = before != NULL ? jig_digest_equal(&before->sha256, &now.sha256) &&
                                     jig_stamp_equal(&before->stamp, &now.stamp)
                               : jig_stamp_predates(&now.stamp, j->started_clock_ns);
    if (held)
        t->inputs[t->input_count++] = jig_trace_file_make(c->build_dir, path, &now.sha256);
    return held;
}

/* What a linker lists with -t: "PATH", "(ARCHIVE)MEMBER", "-lNAME (PATH)", "ARCHIVE(MEMBER)"; other
 * lines, and files of its own that are gone by now, count as none. False when one is gone that it
 * listed last time, too. */
static bool read_listing(const struct jig_job *j, struct jig_strv *out)
{
    struct jig_strv lines = {0};
    bool whole = true;
    jig_str_split(j->out.data, "\n", false, &lines);
    for (size_t i = 0; i < lines.n; i++) {
        char *path = lines.v[i];
        if (path[0] != '/')
            path += strcspn(path, "(") + (strchr(path, '(') != NULL);
        if (!jig_fs_is_file(path))
            path[strcspn(path, path == lines.v[i] ? "(" : ")")] = '\0';
        if (path[0] == '/' && jig_fs_is_file(path))
            jig_strv_append(out, path);
        else
            whole = whole && !jig_strv_contains(&j->expected, path);
    }
    jig_strv_release(&lines);
    return whole;
}

/* The declared inputs and those that the depfile or the linker names, each once. False without a
 * depfile where there was to be one. */
static bool all_inputs(const struct jig_job *j, struct jig_strv *out)
{
    struct jig_strv named = {0};
    struct jig_map seen;
    bool whole = j->action->depfile == NULL ||
                 jig_depfile_read(j->action->depfile, j->action->cwd, &named, NULL) == JIG_OK;
    if (j->action->lists_inputs && !read_listing(j, &named))
        whole = false;
    const struct jig_strv *lists[] = {&j->action->inputs, &named};
    jig_map_init(&seen, NULL);
    for (size_t k = 0; k < JIG_COUNT(lists); k++) {
        for (size_t i = 0; i < lists[k]->n; i++) {
            if (jig_map_has(&seen, lists[k]->v[i]))
                continue;
            jig_map_set(&seen, lists[k]->v[i], out);
            jig_strv_append(out, lists[k]->v[i]);
        }
    }
    jig_map_release(&seen);
    jig_strv_release(&named);
    return whole;
}

static enum jig_code look_at_outputs(const struct jig_job *j, const struct jig_runner_config *c,
                                     struct jig_trace *t, struct jig_err *reterr)
{
    const struct jig_action *a = j->action;
    t->outputs = jig_xcalloc(a->outputs.n, sizeof *t->outputs);
    for (size_t i = 0; i < a->outputs.n; i++) {
        struct jig_file_content content;
        if (jig_files_look(c->files, a->outputs.v[i], &content, NULL) != JIG_OK)
            return jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED,
                                  "%s: %s said that it went well but left no %s", a->step,
                                  jig_path_base(a->argv.v[0]), a->outputs.v[i]);
        t->outputs[t->output_count++] =
            jig_trace_file_make(c->build_dir, a->outputs.v[i], &content.sha256);
    }
    return JIG_OK;
}

static struct jig_trace *empty_trace(const struct jig_job *j, const struct jig_runner_config *c)
{
    const struct jig_action *a = j->action;
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = jig_action_record_name(a, c->build_dir);
    t->command = j->command;
    t->tool = j->tool;
    t->errors = jig_xstrdup(j->err.data);
    t->output = jig_xstrdup(a->lists_inputs ? "" : j->out.data);
    for (size_t i = 0; i < a->argv.n; i++)
        jig_strv_append_take(&t->argv, jig_build_relative(c->build_dir, a->argv.v[i]));
    return t;
}

/* Fills in the inputs. False when the run may not be remembered. */
static bool fill_inputs(const struct jig_job *j, const struct jig_runner_config *c,
                        struct jig_shadow *shadow, struct jig_trace *t, char **ret_changed)
{
    struct jig_strv inputs = {0};
    bool keep = all_inputs(j, &inputs);
    t->inputs = jig_xcalloc(inputs.n, sizeof *t->inputs);
    for (size_t i = 0; keep && i < inputs.n; i++) {
        keep = look_after(j, c, inputs.v[i], t);
        if (!keep)
            *ret_changed = jig_xstrdup(inputs.v[i]);
    }
    jig_strv_release(&inputs);
    if (keep && j->action->depfile != NULL)
        *ret_changed = jig_shadow_record(shadow, t, j->started_clock_ns);
    if (j->action->names_all)
        t->opaque = false;
    return keep && *ret_changed == NULL;
}

enum jig_code jig_job_begin_trace(struct jig_job *j, const struct jig_runner_config *c,
                                  struct jig_err *reterr)
{
    struct jig_trace *t = empty_trace(j, c);
    enum jig_code code = look_at_outputs(j, c, t, reterr);
    if (code == JIG_OK)
        j->trace = t;
    else
        jig_trace_free(t);
    return code;
}

struct jig_trace *jig_job_end_trace(struct jig_job *j, const struct jig_runner_config *c,
                                    struct jig_shadow *shadow, char **ret_changed)
{
    struct jig_trace *t = jig_steal(&j->trace);
    *ret_changed = NULL;
    if (!fill_inputs(j, c, shadow, t, ret_changed)) {
        jig_trace_free(t);
        return NULL;
    }
    t->key = jig_action_key(&t->command, t->inputs, t->input_count);
    return t;
}

void jig_job_describe_failure(const struct jig_job *j, const char *said, struct jig_err *err)
{
    const char *tool = jig_path_base(j->action->argv.v[0]);
    if (j->result.signal != 0)
        jig_err_reason(err, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED,
                       "%s failed: %s was ended by signal %d", j->action->step, tool,
                       j->result.signal);
    else if (said != NULL)
        jig_err_reason(err, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED, "%s failed: %s",
                       j->action->step, said);
    else
        jig_err_reason(err, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED,
                       "%s failed: %s gave exit status %d%s%.400s", j->action->step, tool,
                       j->result.exit_status, j->err.len > 0 ? ": " : "", j->err.data);
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
