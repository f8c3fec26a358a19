/*
 * One version of each library, such that all ranges hold.
 *
 *   demands: [what was asked for..., what the chosen ones depend on...]   grows and shrinks
 *   meet(i): demand i has a chosen library: it fits, or we go back
 *            it has none: each candidate in turn: choose, add its demands, meet(i + 1)
 */
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/names.h"
#include "core/packages/plan.h"

struct demand {
    const char *name;
    const struct jig_range *range;
    size_t by; /* index of the library that has this demand; SIZE_MAX: it was asked for */
};

struct chosen {
    size_t library; /* in the index */
    bool asked;
};

struct search {
    const struct jig_index *x;
    struct demand *demands;
    size_t demand_count;
    size_t demand_cap;
    struct jig_range **ranges; /* by dependency of the index, parsed when first needed */
    struct chosen chosen[JIG_PLAN_MAX];
    size_t chosen_count;
    unsigned tries;
    size_t farthest; /* how many demands were met when `why` was written */
    struct jig_err why;
    bool has_why;
};

static const struct jig_index_library *library(const struct search *s, size_t at)
{
    return &s->x->libraries[at];
}

/* The failure that came farthest is what the user is told. */
static bool fail(struct search *s, size_t at, enum jig_code code, char *text)
{
    if (!s->has_why || at > s->farthest) {
        jig_err_set(&s->why, code, "%s", text);
        s->farthest = at;
        s->has_why = true;
    }
    free(text);
    return false;
}

static char *who_wants(const struct search *s, const struct demand *d)
{
    if (d->by == SIZE_MAX)
        return jig_strf("'%s' (%s) was asked for", d->name, jig_range_text(d->range));
    const struct jig_index_library *l = library(s, d->by);
    return jig_strf("'%s' %s needs '%s' (%s)", l->name, l->version, d->name,
                    jig_range_text(d->range));
}

static bool disagree(struct search *s, size_t at, const struct jig_index_library *other)
{
    JIG_CLEANUP_FREE char *who = who_wants(s, &s->demands[at]);
    return fail(s, at, JIG_FAILED_PRECONDITION,
                jig_strf("no versions of the libraries agree: %s, but '%s' %s is what else fits",
                         who, other->name, other->version));
}

/* ---- candidates ---- */

static const struct jig_index_library *chosen_of(const struct search *s, const char *name)
{
    for (size_t i = 0; i < s->chosen_count; i++) {
        const struct jig_index_library *l = library(s, s->chosen[i].library);
        if (jig_streq(l->name, name))
            return l;
    }
    return NULL;
}

static int better_first(const void *a, const void *b, void *ctx)
{
    const struct search *s = ((void **)ctx)[0];
    const struct jig_range *range = ((void **)ctx)[1];
    size_t i = *(const size_t *)a;
    size_t k = *(const size_t *)b;
    const char *v = library(s, i)->version;
    const char *w = library(s, k)->version;
    if (jig_range_better(range, v, w))
        return -1;
    if (jig_range_better(range, w, v))
        return 1;
    return i < k ? -1 : i > k;
}

/* What a demand can be met with, best first. The caller frees. */
static size_t *candidates(struct search *s, size_t at, size_t first, size_t n, size_t *ret_n)
{
    const struct demand *d = &s->demands[at];
    size_t *list = jig_xcalloc(n + 1, sizeof *list);
    s->tries += (unsigned)(n / 8); /* looking at many costs, too */
    size_t count = 0;
    const struct jig_index_library *faulty = NULL;
    for (size_t i = first; i < first + n; i++) {
        const struct jig_index_library *l = library(s, i);
        if (!jig_range_matches(d->range, l->version))
            continue;
        if (l->fault != NULL)
            faulty = l;
        else
            list[count++] = i;
    }
    void *ctx[] = {s, (void *)d->range};
    if (count > 1)
        qsort_r(list, count, sizeof *list, better_first, ctx);
    if (count == 0 && faulty != NULL)
        fail(s, at, JIG_FAILED_PRECONDITION,
             jig_strf("the library '%s' %s cannot be installed: %s", faulty->name, faulty->version,
                      faulty->fault));
    *ret_n = count;
    return list;
}

static bool nothing_fits(struct search *s, size_t at, size_t first, size_t n)
{
    JIG_CLEANUP_FREE char *who = who_wants(s, &s->demands[at]);
    struct jig_strv versions = {0};
    for (size_t i = first; i < first + n; i++)
        jig_strv_append(&versions, library(s, i)->version);
    while (versions.n > 8)
        jig_strv_remove(&versions, 0);
    JIG_CLEANUP_FREE char *list = jig_strv_join(&versions, ", ");
    bool first_told = !s->has_why || at > s->farthest;
    fail(s, at, JIG_NOT_FOUND,
         n > 0 ? jig_strf("%s, and no index has such a version of it", who)
               : jig_strf("%s, and no index has such a library", who));
    if (first_told && n > 0)
        jig_err_hint(&s->why, "there are: %s", list);
    if (first_told && n == 0) {
        jig_index_nearest(s->x, s->demands[at].name, &versions);
        JIG_CLEANUP_FREE char *near = jig_strv_join(&versions, ", ");
        if (versions.n > 0)
            jig_err_hint(&s->why, "did you mean: %s?", near);
        else
            jig_err_hint(&s->why, "fetch the newest indexes: jig packages update");
    }
    jig_strv_release(&versions);
    return false;
}

/* ---- the search ---- */

static bool add_demand(struct search *s, const char *name, const struct jig_range *range, size_t by)
{
    if (s->demand_count >= 8 * JIG_PLAN_MAX)
        return fail(s, SIZE_MAX, JIG_RESOURCE_EXHAUSTED,
                    jig_strf("the libraries depend on more others than jig looks at (%d)",
                             8 * JIG_PLAN_MAX));
    s->demands = jig_grow(s->demands, &s->demand_cap, s->demand_count, sizeof *s->demands);
    s->demands[s->demand_count++] = (struct demand){name, range, by};
    return true;
}

/* A range of the index that cannot be read makes its library one that does not fit. */
static bool add_demands_of(struct search *s, size_t at, size_t by)
{
    const struct jig_index_library *l = library(s, by);
    for (size_t i = 0; i < l->dependency_count; i++) {
        size_t which = l->dependency_first + i;
        const struct jig_index_dependency *d = &s->x->dependencies[which];
        struct jig_err err = JIG_ERR_INIT;
        if (s->ranges[which] == NULL &&
            jig_range_parse(d->range, &s->ranges[which], &err) != JIG_OK)
            return fail(s, at, JIG_FAILED_PRECONDITION,
                        jig_strf("the library '%s' %s depends on '%s' in a way that jig does not "
                                 "understand: %s",
                                 l->name, l->version, d->name, err.message));
        if (!add_demand(s, d->name, s->ranges[which], by))
            return false;
    }
    return true;
}

static bool meet(struct search *s, size_t at);

static bool try_candidate(struct search *s, size_t at, size_t candidate)
{
    size_t demands = s->demand_count;
    size_t chosen = s->chosen_count;
    if (++s->tries > JIG_PLAN_TRIES_MAX || chosen >= JIG_PLAN_MAX)
        return fail(s, SIZE_MAX, JIG_RESOURCE_EXHAUSTED,
                    jig_xstrdup("the libraries depend on each other in more ways than jig tries"));
    s->chosen[s->chosen_count++] = (struct chosen){candidate, s->demands[at].by == SIZE_MAX};
    if (add_demands_of(s, at, candidate) && meet(s, at + 1))
        return true;
    s->demand_count = demands;
    s->chosen_count = chosen;
    return false;
}

static bool meet(struct search *s, size_t at)
{
    if (at == s->demand_count)
        return true;
    if (at >= 2 * JIG_PLAN_MAX)
        return fail(s, SIZE_MAX, JIG_RESOURCE_EXHAUSTED,
                    jig_xstrdup("the libraries depend on more others than jig looks at"));
    size_t first = 0;
    size_t n = jig_index_libraries(s->x, s->demands[at].name, &first);
    const struct jig_index_library *there = n > 0 ? chosen_of(s, library(s, first)->name) : NULL;
    if (there != NULL)
        return jig_range_matches(s->demands[at].range, there->version) ? meet(s, at + 1)
                                                                       : disagree(s, at, there);
    size_t count;
    size_t *list = candidates(s, at, first, n, &count);
    bool met = false;
    for (size_t i = 0; i < count && !met && s->tries <= JIG_PLAN_TRIES_MAX; i++)
        met = try_candidate(s, at, list[i]);
    free(list);
    return met || (count == 0 && nothing_fits(s, at, first, n));
}

/* Others' needs stand in front: the last chosen first. */
static enum jig_code take_result(const struct search *s, struct jig_plan *plan,
                                 struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    for (size_t i = s->chosen_count; code == JIG_OK && i > 0; i--) {
        const struct jig_index_library *l = library(s, s->chosen[i - 1].library);
        struct jig_package package = {.kind = JIG_PACKAGE_LIBRARY,
                                      .from = JIG_WISH_INDEX,
                                      .vendor = (char *)"",
                                      .name = (char *)l->name,
                                      .version = (char *)l->version,
                                      .url = (char *)l->archive.url,
                                      .file = (char *)l->archive.file,
                                      .size = l->archive.size,
                                      .has_sha256 = l->archive.has_sha256,
                                      .sha256 = l->archive.sha256,
                                      .asked = s->chosen[i - 1].asked};
        code = jig_plan_add(plan, &package, reterr);
    }
    return code;
}

enum jig_code jig_plan_libraries(struct jig_plan *plan, const struct jig_index *x,
                                 const struct jig_wish *wishes, size_t n, struct jig_err *reterr)
{
    struct search *s = jig_new(struct search);
    s->x = x;
    s->ranges = jig_xcalloc(x->dependency_count + 1, sizeof *s->ranges);
    bool met = true;
    for (size_t i = 0; i < n && met; i++)
        met = add_demand(s, wishes[i].name, wishes[i].range, SIZE_MAX);
    met = met && meet(s, 0);
    enum jig_code code = JIG_OK;
    if (met)
        code = take_result(s, plan, reterr);
    else
        code = s->why.code;
    if (!met && reterr != NULL)
        *reterr = s->why;
    for (size_t i = 0; i < x->dependency_count; i++)
        jig_range_free(s->ranges[i]);
    free(s->ranges);
    free(s->demands);
    free(s);
    return code;
}
