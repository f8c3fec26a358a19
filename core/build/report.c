#include "core/build/report.h"

#include "core/base/mem.h"
#include "core/base/str.h"

#define MOST_REASONS     10000
#define MOST_DIAGNOSTICS 10000

void jig_report_step(const struct jig_report *r, const struct jig_job *j,
                     enum jig_build_step_state state)
{
    const struct jig_build_events *e = r->events;
    if (e == NULL || e->step == NULL)
        return;
    bool ran = state == JIG_BUILD_STEP_FINISHED || state == JIG_BUILD_STEP_FAILED;
    struct jig_build_step event = {
        .step = j->action->step,
        .state = state,
        .because = j->because != NULL ? j->because : "",
        .done = (uint32_t)r->done,
        .total = (uint32_t)r->total,
        .duration_us = ran ? (j->ended_ns - j->started_ns) / 1000 : 0,
    };
    e->step(e->ctx, &event);
}

void jig_report_reused(const struct jig_report *r, const char *step)
{
    const struct jig_build_events *e = r->events;
    const struct jig_build_step event = {.step = step,
                                         .state = JIG_BUILD_STEP_REUSED,
                                         .because = "",
                                         .done = (uint32_t)r->done,
                                         .total = (uint32_t)r->total};
    if (e != NULL && e->step != NULL)
        e->step(e->ctx, &event);
}

void jig_report_diagnostics(struct jig_report *r, const struct jig_job *j, char **ret_error)
{
    struct jig_diagnostics *all = &r->summary.diagnostics;
    struct jig_diagnostics fresh = {0};
    if (j->asked || j->err.len == 0)
        return;
    jig_diagnostics_parse(j->err.data, &fresh);
    if (fresh.n == 0 && j->err.len > 0)
        jig_diagnostics_whole(j->err.data, j->result.exit_status != 0, &fresh);
    const struct jig_build_events *e = r->events;
    for (size_t i = 0; i < fresh.n; i++) {
        struct jig_diagnostic *d = &fresh.items[i];
        if (e != NULL && e->diagnostic != NULL)
            e->diagnostic(e->ctx, d);
        if (ret_error != NULL && *ret_error == NULL && d->severity == JIG_SEVERITY_ERROR)
            *ret_error = jig_xstrdup(d->message);
        if (all->n >= MOST_DIAGNOSTICS) {
            r->summary.diagnostics_left_out++;
            continue;
        }
        all->items = jig_grow(all->items, &all->cap, all->n, sizeof *all->items);
        all->items[all->n++] = *d;
        *d = (struct jig_diagnostic){0};
    }
    jig_diagnostics_release(&fresh);
}

void jig_report_reason(struct jig_report *r, const struct jig_job *j, const char *because)
{
    struct jig_runner_summary *s = &r->summary;
    if (s->reason_count >= MOST_REASONS)
        return;
    s->reasons = jig_grow(s->reasons, &s->reason_cap, s->reason_count, sizeof *s->reasons);
    s->reasons[s->reason_count++] =
        (struct jig_step_reason){jig_xstrdup(j->action->step), jig_xstrdup(because)};
}

void jig_report_changed(const struct jig_report *r, const char *path)
{
    const struct jig_build_events *e = r->events;
    if (e == NULL || e->notice == NULL)
        return;
    JIG_CLEANUP_FREE char *text =
        jig_strf("%s changed during the build; the next build looks at it again", path);
    e->notice(e->ctx, "build.input_changed", JIG_SEVERITY_WARNING, text);
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
