/*
 * runner_decide.c - would an action do anything new? (runner.h)
 */
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/covers.h"
#include "core/build/runner_impl.h"

/* The job's outputs are there already: replays what the tool said then. */
void jig_runner_replay(struct jig_runner *r, struct jig_job *j, const struct jig_trace *t,
                       const char *because)
{
    jig_buf_puts(&j->err, t->errors);
    jig_buf_puts(&j->out, t->output);
    j->reused = true;
    j->state = JIG_JOB_DONE;
    r->report.done++;
    if (j->action->is_compile)
        r->report.summary.reused++;
    if (r->config.explain)
        jig_report_reason(&r->report, j, because);
    jig_report_step(&r->report, j, JIG_BUILD_STEP_REUSED);
    jig_report_diagnostics(&r->report, j, NULL);
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
enum jig_code jig_runner_prepare(struct jig_runner *r, const struct jig_action *a,
                                 struct jig_check *ret, struct jig_err *reterr)
{
    const struct jig_runner_config *c = &r->config;
    *ret = (struct jig_check){.action = a,
                              .build_dir = c->build_dir,
                              .project_dir = c->project_dir,
                              .files = c->files,
                              .shadow = r->shadow,
                              .vouch = c->doubt_vouch ? NULL : c->vouch};
    enum jig_code code = tool_identity(r, a->argv.v[0], &ret->tool, reterr);
    if (code == JIG_OK)
        ret->command = jig_action_command(a, c->build_dir, &ret->tool);
    return code;
}

static void tell_wrong_vouch(struct jig_runner *r, const char *name, const char *why)
{
    struct jig_err err = JIG_ERR_INIT;
    jig_err_set(&err, JIG_INTERNAL, "no change that %s rests on was told, and yet %s", name, why);
    jig_err_hint(&err, "please report this; --walk gives the right answer");
    jig_runner_fail(r, &err);
}

/* Nothing is known of a run before: another action may have spoken for it until now. */
static char *first_reason(const struct jig_runner *r, const struct jig_check *check)
{
    const char *like = check->action->like;
    return jig_check_first_run(check, like != NULL ? jig_record_get(r->config.record, like) : NULL);
}

/* Why it has to run, or NULL. */
char *jig_runner_check(struct jig_runner *r, const struct jig_check *check, const char *name)
{
    bool updated = false;
    struct jig_trace *t = jig_record_get(r->config.record, name);
    bool vouched = jig_vouch_holds(r->config.vouch, t) && jig_check_command(check, t);
    if (vouched && !r->config.doubt_vouch)
        return NULL;
    bool before = jig_observe_checking(true);
    char *why = t != NULL ? jig_check_trace(check, t, &updated) : first_reason(r, check);
    jig_observe_checking(before);
    if (updated)
        jig_record_touch(r->config.record, t);
    if (vouched && why != NULL)
        tell_wrong_vouch(r, name, why);
    return why;
}

enum jig_code jig_runner_decide(struct jig_runner *r, struct jig_job *j, struct jig_err *reterr)
{
    const struct jig_runner_config *c = &r->config;
    struct jig_check check;
    enum jig_code code = jig_runner_prepare(r, j->action, &check, reterr);
    if (code != JIG_OK)
        return code;
    j->tool = check.tool;
    j->command = check.command;
    JIG_CLEANUP_FREE char *name = jig_action_record_name(j->action, c->build_dir);
    struct jig_trace *last = jig_record_get(c->record, name);
    bool held = jig_map_get(&r->held, name) == last && last != NULL &&
                jig_digest_equal(&last->command, &check.command);
    j->because = held ? NULL : jig_runner_check(r, &check, name);
    if (j->because == NULL) {
        jig_runner_replay(r, j, last, "up to date");
        return JIG_OK;
    }
    if (c->look_only)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "%s would run: %s", j->action->step,
                           j->because);
    if (j->action->shareable && c->objcache != NULL) {
        const struct jig_objcache_place place = {c->build_dir, c->files, r->shadow, &r->looked};
        const struct jig_objcache_wanted wanted = {j->action, &j->command, &j->tool, &c->until};
        bool remote = false;
        struct jig_trace *shared = jig_objcache_fetch(c->objcache, &wanted, &place, &remote);
        if (shared != NULL) {
            jig_record_put_take(c->record, shared);
            jig_runner_replay(r, j, shared,
                              remote ? "taken from the remote cache"
                                     : "taken from the shared objects");
            return JIG_OK;
        }
    }
    code = jig_job_look_before(j, c, last, reterr);
    jig_record_forget(c->record, name); /* not current from here until it has run well */
    return code;
}

bool jig_runner_is_current(struct jig_runner *r, const struct jig_action *a)
{
    struct jig_check check;
    if (a->always || jig_runner_prepare(r, a, &check, NULL) != JIG_OK)
        return false;
    JIG_CLEANUP_FREE char *name = jig_action_record_name(a, r->config.build_dir);
    JIG_CLEANUP_FREE char *why = jig_runner_check(r, &check, name);
    if (why == NULL)
        jig_map_set(&r->held, name, jig_record_get(r->config.record, name));
    return why == NULL;
}

/* The action's last run, when it was of the same command. */
static struct jig_trace *last_run(struct jig_runner *r, const struct jig_action *a,
                                  struct jig_check *ret)
{
    if (a->always || jig_runner_prepare(r, a, ret, NULL) != JIG_OK)
        return NULL;
    JIG_CLEANUP_FREE char *name = jig_action_record_name(a, r->config.build_dir);
    struct jig_trace *t = jig_record_get(r->config.record, name);
    return t != NULL && jig_digest_equal(&t->command, &ret->command) ? t : NULL;
}

static bool outputs_hold(const struct jig_check *check, const struct jig_trace *t)
{
    bool before = jig_observe_checking(true);
    bool hold = jig_check_outputs(check, t);
    jig_observe_checking(before);
    return hold;
}

bool jig_runner_is_implied(struct jig_runner *r, const struct jig_action *a,
                           const struct jig_action *by)
{
    struct jig_check check;
    bool updated = false;
    struct jig_trace *part = last_run(r, a, &check);
    struct jig_trace *whole = part != NULL ? last_run(r, by, &check) : NULL;
    if (whole != NULL && jig_vouch_holds(r->config.vouch, part) && !r->config.doubt_vouch)
        return true;
    if (whole == NULL || !jig_trace_covers(whole, part) || !outputs_hold(&check, part))
        return false;
    bool before = jig_observe_checking(true);
    JIG_CLEANUP_FREE char *why = jig_check_trace(&check, whole, &updated);
    jig_observe_checking(before);
    if (updated)
        jig_record_touch(r->config.record, whole);
    if (why == NULL) {
        jig_map_set(&r->held, whole->name, whole);
        jig_vouch_prepare(r->config.build_dir, part);
    }
    return why == NULL && !updated;
}
