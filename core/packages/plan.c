#include "core/packages/plan.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/packages/names.h"

void jig_package_release(struct jig_package *p)
{
    free(p->vendor);
    free(p->name);
    free(p->version);
    free(p->url);
    free(p->ref);
    free(p->file);
    jig_strv_release(&p->needs);
    *p = (struct jig_package){0};
}

void jig_plan_release(struct jig_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++)
        jig_package_release(&plan->items[i]);
    free(plan->items);
    *plan = (struct jig_plan){0};
}

char *jig_package_full_name(enum jig_package_kind kind, const char *vendor, const char *name)
{
    return kind == JIG_PACKAGE_LIBRARY ? jig_xstrdup(name) : jig_strf("%s:%s", vendor, name);
}

const struct jig_package *jig_plan_find(const struct jig_plan *plan, enum jig_package_kind kind,
                                        const char *vendor, const char *name)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct jig_package *p = &plan->items[i];
        if (p->kind == kind && jig_streq(p->vendor, vendor) && jig_streq(p->name, name))
            return p;
    }
    return NULL;
}

struct jig_package jig_package_copy(const struct jig_package *p)
{
    struct jig_package copy = *p;
    copy.vendor = jig_xstrdup(p->vendor);
    copy.name = jig_xstrdup(p->name);
    copy.version = jig_xstrdup(p->version);
    copy.url = jig_xstrdup(p->url);
    copy.ref = jig_xstrdup(p->ref != NULL ? p->ref : "");
    copy.file = jig_xstrdup(p->file);
    copy.needs = (struct jig_strv){0};
    jig_strv_extend(&copy.needs, &p->needs);
    return copy;
}

enum jig_code jig_plan_add(struct jig_plan *plan, const struct jig_package *package,
                           struct jig_err *reterr)
{
    for (size_t i = 0; i < plan->n; i++) {
        struct jig_package *p = &plan->items[i];
        if (p->kind == package->kind && jig_streq(p->vendor, package->vendor) &&
            jig_streq(p->name, package->name) && jig_streq(p->version, package->version)) {
            p->asked = p->asked || package->asked;
            return JIG_OK;
        }
    }
    if (plan->n >= JIG_PLAN_MAX)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                           "more than %d packages would have to be installed", JIG_PLAN_MAX);
    plan->items = jig_grow(plan->items, &plan->cap, plan->n, sizeof *plan->items);
    plan->items[plan->n++] = jig_package_copy(package);
    return JIG_OK;
}

/* Back to how it was with `n` items. */
static void cut(struct jig_plan *plan, size_t n)
{
    while (plan->n > n)
        jig_package_release(&plan->items[--plan->n]);
}

/* What the plan takes of an archive; texts are borrowed. */
static struct jig_package package_of(enum jig_package_kind kind, const char *vendor,
                                     const char *name, const char *version,
                                     const struct jig_archive_source *archive)
{
    return (struct jig_package){.kind = kind,
                                .from = JIG_WISH_INDEX,
                                .vendor = (char *)vendor,
                                .name = (char *)name,
                                .version = (char *)version,
                                .url = (char *)archive->url,
                                .file = (char *)archive->file,
                                .size = archive->size,
                                .has_sha256 = archive->has_sha256,
                                .sha256 = archive->sha256};
}

/* ---- platforms ---- */

static const struct jig_index_platform *best_platform(const struct jig_index *x,
                                                      const struct jig_wish *w,
                                                      const struct jig_index_platform **ret_faulty)
{
    const struct jig_index_platform *best = NULL;
    *ret_faulty = NULL;
    for (size_t i = 0; i < x->platform_count; i++) {
        const struct jig_index_platform *p = &x->platforms[i];
        if (!jig_streq(p->arch, w->name) || !jig_streq(p->vendor, w->vendor) ||
            !jig_range_matches(w->range, p->version))
            continue;
        if (p->fault != NULL)
            *ret_faulty = *ret_faulty != NULL ? *ret_faulty : p;
        else if (jig_range_better(w->range, p->version, best != NULL ? best->version : NULL))
            best = p;
    }
    return best;
}

static void hint_platforms(const struct jig_index *x, const struct jig_wish *w,
                           struct jig_err *reterr)
{
    struct jig_strv versions = {0};
    struct jig_strv names = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < x->platform_count; i++) {
        const struct jig_index_platform *p = &x->platforms[i];
        JIG_CLEANUP_FREE char *name = jig_strf("%s:%s", p->vendor, p->arch);
        jig_strv_add_unique(&names, name);
        if (jig_streq(p->arch, w->name) && jig_streq(p->vendor, w->vendor) && versions.n < 8)
            jig_strv_append(&versions, p->version);
    }
    JIG_CLEANUP_FREE char *wanted = jig_strf("%s:%s", w->vendor, w->name);
    jig_nearest(wanted, &names, 3, &near);
    JIG_CLEANUP_FREE char *list = jig_strv_join(versions.n > 0 ? &versions : &near, ", ");
    if (versions.n > 0)
        jig_err_hint(reterr, "there are: %s", list);
    else if (near.n > 0)
        jig_err_hint(reterr, "did you mean %s?", list);
    else
        jig_err_hint(reterr, "name its package index in jigd.conf ([packages] indexes = URL), and "
                             "run: jig packages update");
    jig_strv_release(&versions);
    jig_strv_release(&names);
    jig_strv_release(&near);
}

/* The build of a tool that runs here. */
static enum jig_code add_tool(struct jig_plan *plan, const struct jig_index *x,
                              const struct jig_host *host, const struct jig_index_platform *p,
                              const struct jig_index_need *need, struct jig_err *reterr)
{
    const struct jig_index_tool *tool =
        jig_index_find_tool(x, need->vendor, need->name, need->version);
    if (tool == NULL)
        return jig_err_set(reterr, JIG_NOT_FOUND,
                           "%s:%s %s needs the tool %s:%s %s, which no index has", p->vendor,
                           p->arch, p->version, need->vendor, need->name, need->version);
    const struct jig_index_system *best = NULL;
    int points = 0;
    for (size_t i = 0; i < tool->system_count; i++) {
        const struct jig_index_system *s = &x->systems[tool->system_first + i];
        int match = jig_host_match(host, s->host);
        if (match > points) {
            points = match;
            best = s;
        }
    }
    if (best == NULL)
        return jig_err_set(reterr, JIG_NOT_FOUND,
                           "%s:%s %s needs the tool %s:%s %s, of which there is no build for this "
                           "computer (%s, %s)",
                           p->vendor, p->arch, p->version, need->vendor, need->name, need->version,
                           host->cpu, host->system);
    const char *fault = tool->fault != NULL ? tool->fault : best->fault;
    if (fault != NULL)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                           "the tool %s:%s %s cannot be installed: %s", need->vendor, need->name,
                           need->version, fault);
    struct jig_package package =
        package_of(JIG_PACKAGE_TOOL, tool->vendor, tool->name, tool->version, &best->archive);
    return jig_plan_add(plan, &package, reterr);
}

enum jig_code jig_plan_platform(struct jig_plan *plan, const struct jig_index *x,
                                const struct jig_host *host, const struct jig_wish *wish,
                                struct jig_err *reterr)
{
    const struct jig_index_platform *faulty;
    const struct jig_index_platform *p = best_platform(x, wish, &faulty);
    if (p == NULL && faulty != NULL)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "%s:%s %s cannot be installed: %s",
                           faulty->vendor, faulty->arch, faulty->version, faulty->fault);
    if (p == NULL) {
        enum jig_code code = jig_err_set(reterr, JIG_NOT_FOUND, "no index has the core %s:%s (%s)",
                                         wish->vendor, wish->name, jig_range_text(wish->range));
        hint_platforms(x, wish, reterr);
        return code;
    }
    size_t before = plan->n;
    enum jig_code code = JIG_OK;
    struct jig_package package =
        package_of(JIG_PACKAGE_PLATFORM, p->vendor, p->arch, p->version, &p->archive);
    package.asked = true;
    for (size_t i = 0; code == JIG_OK && i < p->need_count; i++) {
        const struct jig_index_need *need = &x->needs[p->need_first + i];
        jig_strv_append_take(&package.needs,
                             jig_strf("%s:%s@%s", need->vendor, need->name, need->version));
        code = add_tool(plan, x, host, p, need, reterr);
    }
    if (code == JIG_OK)
        code = jig_plan_add(plan, &package, reterr);
    jig_strv_release(&package.needs);
    if (code != JIG_OK)
        cut(plan, before);
    return code;
}
