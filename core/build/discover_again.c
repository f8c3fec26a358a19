/*
 * discover_again.c - discovery where little changed since the last look.
 *
 * While a build is planned by the same as the last look (plan.h, `same`), only sources of which
 * something changed are looked at; the others lead to what they led to then (record.h, `found`).
 */
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/discover_impl.h"
#include "core/build/words.h"

/* Nothing that the source's runs read has changed. */
static bool is_held(const struct jig_discovery *d, const struct jig_discovery_source *w)
{
    const struct jig_plan *p = d->plan;
    JIG_CLEANUP_FREE char *depfile = jig_discovery_scratch(p, w->source, ".d");
    JIG_CLEANUP_FREE char *name = jig_build_relative(p->build_dir, depfile);
    bool preprocessed = jig_plan_held(p, depfile) != NULL;
    if (w->own == 0)
        return preprocessed;
    return jig_plan_held(p, p->own_objects.v[w->own - 1]) != NULL &&
           (preprocessed || !jig_map_has(&p->record->traces, name));
}

/* Leads to the same libraries as it did then. */
static enum jig_code find_again(struct jig_discovery *d, const struct jig_discovery_source *w,
                                const char *found, struct jig_err *reterr)
{
    struct jig_strv lines = {0};
    bool holds = true;
    enum jig_code code = JIG_OK;
    if (found[0] != '\0')
        jig_str_split(found, "\n", false, &lines);
    for (size_t i = 0; code == JIG_OK && holds && i < lines.n; i++)
        code = jig_discovery_recall_line(d, w, lines.v[i], &holds, reterr);
    jig_strv_release(&lines);
    d->plan->same = d->plan->same && holds;
    return code;
}

char *jig_discovery_folders(const struct jig_plan *p)
{
    return jig_strv_join(&p->lib_includes, "\n");
}

/* Begins as many as there is room for, of those before `end`. */
static void begin_trials(struct jig_discovery *d, size_t end)
{
    struct jig_runner *r = d->plan->runner;
    for (; d->tried < end && jig_runner_has_room(r); d->tried++) {
        const struct jig_discovery_source *w = &d->queue[d->tried];
        if (w->trial != NULL && !jig_runner_has_guess(r, w->trial) &&
            !jig_plan_begin_compile(d->plan, w->own - 1) && !jig_runner_is_current(r, w->trial))
            return; /* others have all processors */
    }
}

/* The changed source led to nothing, and its compile and its preprocessor see the same text, with
 * the path that is there now. So the compile, which the build needs anyway, is begun, and says in
 * the end whether that is so still. */
static bool begin_trial(struct jig_discovery *d, size_t index)
{
    struct jig_plan *p = d->plan;
    struct jig_discovery_source *w = &d->queue[index];
    struct jig_discovery_runs r;
    JIG_CLEANUP_FREE char *folders = jig_discovery_folders(p);
    bool at_the_end = jig_streq(jig_map_get(&p->record->found, JIG_ALL_FOLDERS), folders);
    if (jig_discovery_make_runs(p, w, &r) && r.alike && at_the_end) {
        w->trial = jig_steal(&r.compile);
        begin_trials(d, index + 1);
    }
    jig_discovery_runs_release(&r);
    return w->trial != NULL;
}

void jig_plan_begin_changed(struct jig_plan *p)
{
    const char *folders = jig_map_get(&p->record->found, JIG_ALL_FOLDERS);
    if (folders != NULL && folders[0] != '\0')
        jig_str_split(folders, "\n", false, &p->lib_includes); /* none is there yet */
    for (size_t i = 0; folders != NULL && i < p->own_sources.n; i++) {
        const char *source = p->own_sources.v[i];
        if (!jig_strv_contains(&p->request->changes->files, source) ||
            !jig_discovery_is_cxx(source) || !jig_streq(jig_map_get(&p->record->found, source), ""))
            continue;
        if (!jig_runner_may_guess(p->runner)) /* one is for who asks on the way */
            break;
        if (!jig_streq(source, p->generated))
            (void)!jig_plan_begin_compile(p, i);
    }
    jig_strv_clear(&p->lib_includes);
}

/* Whether all of them go well, or need not run. */
bool jig_discovery_trials_go_well(struct jig_discovery *d)
{
    struct jig_runner *r = d->plan->runner;
    bool well = true;
    for (size_t i = 0; well && i < d->n; i++) {
        const struct jig_discovery_source *w = &d->queue[i];
        begin_trials(d, d->n);
        if (w->trial != NULL)
            well = jig_runner_guess_went_well(r, w->trial) || jig_runner_is_current(r, w->trial);
    }
    return well;
}

/* *ret_known says whether the source leads to what it led to then. */
enum jig_code jig_discovery_look_again(struct jig_discovery *d, size_t index, bool *ret_known,
                                       struct jig_err *reterr)
{
    struct jig_plan *p = d->plan;
    const struct jig_discovery_source w = d->queue[index];
    const char *found = jig_map_get(&p->record->found, w.source);
    *ret_known = false;
    if (found == NULL) {
        p->same = false;
        return JIG_OK;
    }
    if (is_held(d, &w)) {
        *ret_known = true;
        return find_again(d, &w, found, reterr);
    }
    *ret_known = found[0] == '\0' && begin_trial(d, index);
    return JIG_OK;
}
