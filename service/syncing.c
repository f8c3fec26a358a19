#include "service/syncing.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/installed.h"
#include "core/packages/record.h"
#include "service/packages/impl.h"
#include "service/target/depends.h"

#define ROUNDS_MAX 8

struct sync {
    struct jig_targets *targets;
    struct jig_packages *packages;
    struct jig_operation *op;
    const Jig__V1__ProjectSelector *selector;
    enum jig_lock_use use;
    struct jig_packages_report report;
    struct jig_target *target;
    struct jig_err *reterr;
};

/* ---- opening, with what is missing installed on the way ---- */

static enum jig_code provide(struct sync *s, const struct jig_missing *missing)
{
    return jig_packages_provide(s->packages, s->op, &missing->platforms, &missing->libraries,
                                &missing->indexes, &missing->locked, s->reterr);
}

/* Once; what it lacks is installed. ret_again: it is to be opened once more, and *ret_hope says
 * whether something came that may help. */
static enum jig_code open_once(struct sync *s, bool *ret_again, bool *ret_hope)
{
    struct jig_strv needs = {0};
    struct jig_missing missing = {0};
    enum jig_code code = jig_target_open_missing(s->targets, s->selector, s->use, &s->target,
                                                 &needs, &missing, s->reterr);
    *ret_again = *ret_hope && code == JIG_NOT_FOUND && jig_missing_any(&missing);
    if (*ret_again)
        code = provide(s, &missing);
    *ret_hope = code == JIG_OK;
    if (*ret_again &&
        code == JIG_ALREADY_EXISTS) /* somebody else was quicker, or it is of no use */
        code = JIG_OK;
    jig_strv_release(&needs);
    jig_missing_release(&missing);
    return code;
}

static enum jig_code open_all(struct sync *s)
{
    bool hope = true;
    jig_target_free(s->target);
    s->target = NULL;
    for (unsigned i = 0; i < ROUNDS_MAX; i++) {
        bool again;
        enum jig_code code = open_once(s, &again, &hope);
        if (!again || code != JIG_OK)
            return code;
    }
    return jig_err_set(s->reterr, JIG_NOT_FOUND,
                       "%s asks for packages that do not help once they are installed",
                       s->selector->directory);
}

/* ---- what an environment uses ---- */

/* The package that a path lies in, once. False when it lies in none. */
static bool add_path(struct sync *s, struct jig_plan *plan, const char *path, bool asked,
                     struct jig_package *ret)
{
    struct jig_installed one;
    if (!jig_installed_of(jig_packages_roots(s->packages), path, &one))
        return false;
    bool there = jig_installed_record(&one, ret, NULL) == JIG_OK;
    jig_installed_clear(&one);
    if (!there)
        return false;
    ret->asked = asked;
    (void)!jig_plan_add(plan, ret, NULL);
    return true;
}

static void add_tool(struct sync *s, struct jig_plan *plan, const struct jig_installed_list *tools,
                     const char *need)
{
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(need);
    char *colon = strchr(copy, ':');
    char *at = strrchr(copy, '@');
    if (colon == NULL || at == NULL || at < colon)
        return;
    *colon = '\0';
    *at = '\0';
    const struct jig_installed *one = jig_installed_exact(tools, copy, colon + 1, at + 1);
    struct jig_package p;
    if (one != NULL && add_path(s, plan, one->path, false, &p))
        jig_package_release(&p);
}

static enum jig_code add_platform(struct sync *s, struct jig_plan *plan,
                                  const struct jig_platform *platform)
{
    struct jig_package p;
    struct jig_plan only = {0};
    struct jig_installed_list tools = {0};
    if (!add_path(s, &only, platform->path, true, &p))
        return JIG_OK;
    enum jig_code code =
        jig_installed_read(jig_packages_roots(s->packages), JIG_PACKAGE_TOOL, &tools, s->reterr);
    for (size_t i = 0; code == JIG_OK && i < p.needs.n; i++)
        add_tool(s, plan, &tools, p.needs.v[i]);
    if (code == JIG_OK)
        code = jig_plan_add(plan, &only.items[0], s->reterr);
    jig_installed_release(&tools);
    jig_plan_release(&only);
    jig_package_release(&p);
    return code;
}

/* A library and those that it names in its own depends=, as this environment sees them. */
static void add_library(struct sync *s, struct jig_plan *plan, const struct jig_libindex *x,
                        const char *name, bool asked, unsigned depth)
{
    const struct jig_library *lib = jig_libindex_by_name(x, name);
    struct jig_package p;
    if (lib == NULL || depth > 16)
        return;
    bool known = jig_plan_find(plan, JIG_PACKAGE_LIBRARY, "", lib->name) != NULL;
    if (!add_path(s, plan, lib->path, asked, &p))
        return;
    jig_package_release(&p);
    for (size_t i = 0; !known && i < lib->depends.n; i++) {
        JIG_CLEANUP_FREE char *needed = jig_xstrdup(lib->depends.v[i]); /* "Blue (<2.0.0)" */
        needed[strcspn(needed, "(")] = '\0';
        add_library(s, plan, x, jig_str_trim(needed), false, depth + 1);
    }
}

/* The wishes of an environment that are met by packages, as texts. */
static enum jig_code wishes_of(struct sync *s, const struct jig_target_environment *e,
                               struct jig_depends *d)
{
    static const struct jig_lockfile none = {0};
    return jig_depends_read(s->target->project, e->environment, &none, JIG_LOCK_IGNORE, d,
                            s->reterr);
}

static enum jig_code plan_of(struct sync *s, const struct jig_target_environment *e,
                             struct jig_plan *plan)
{
    struct jig_depends d = {0};
    const struct jig_platform *platforms[] = {e->board->platform, e->board->core_platform,
                                              e->board->variant_platform};
    enum jig_code code = wishes_of(s, e, &d);
    for (size_t i = 0; code == JIG_OK && i < JIG_COUNT(platforms); i++) {
        if (platforms[i] != NULL)
            code = add_platform(s, plan, platforms[i]);
    }
    for (size_t i = 0; code == JIG_OK && i < d.library_count; i++)
        add_library(s, plan, e->libraries, d.libraries[i].name, true, 0);
    jig_depends_release(&d);
    return code;
}

/* ---- upgrade ---- */

static bool is_package(struct sync *s, const char *path)
{
    struct jig_installed one;
    if (path == NULL || !jig_installed_of(jig_packages_roots(s->packages), path, &one))
        return false;
    jig_installed_clear(&one);
    return true;
}

/* What of an environment's wishes packages meet now: of these the newest is wanted. */
static void add_wanted(struct sync *s, const struct jig_target_environment *e,
                       const struct jig_depends *d, struct jig_missing *wanted)
{
    if (d->indexes != NULL)
        jig_strv_extend(&wanted->indexes, d->indexes);
    const struct jig_platform *p = e->board->platform;
    if (is_package(s, p->path) && !e->pinned)
        jig_strv_append_take(&wanted->platforms, d->has_platform
                                                     ? jig_xstrdup(d->platform.text)
                                                     : jig_strf("%s:%s", p->vendor, p->arch));
    for (size_t i = 0; i < d->library_count; i++) {
        const struct jig_library *lib = jig_libindex_by_name(e->libraries, d->libraries[i].name);
        if (lib != NULL && is_package(s, lib->path))
            jig_strv_add_unique(&wanted->libraries, d->libraries[i].text);
    }
}

static enum jig_code upgrade(struct sync *s)
{
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < s->target->n; i++) {
        struct jig_depends d = {0};
        struct jig_missing wanted = {0};
        code = wishes_of(s, &s->target->environments[i], &d);
        if (code == JIG_OK)
            add_wanted(s, &s->target->environments[i], &d, &wanted);
        if (code == JIG_OK && jig_missing_any(&wanted))
            code = provide(s, &wanted);
        if (code == JIG_ALREADY_EXISTS) /* the newest are what there is */
            code = JIG_OK;
        jig_depends_release(&d);
        jig_missing_release(&wanted);
    }
    return code == JIG_OK ? open_all(s) : code;
}

/* ---- the lock file ---- */

/* A tag that means another commit now than when it was locked. */
static enum jig_code tell_moved_tags(struct sync *s)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(s->target->project->root, JIG_LOCK_FILE);
    struct jig_lockfile lock = {0};
    struct jig_strv told = {0};
    enum jig_code code = JIG_OK;
    if (jig_lockfile_read(path, &lock, NULL) != JIG_OK)
        return JIG_OK; /* who writes it says what is wrong with it */
    for (size_t i = 0; code == JIG_OK && i < s->target->n; i++) {
        const char *name = s->target->environments[i].environment->name;
        const struct jig_plan *plan = jig_lockfile_find(&lock, name);
        if (plan != NULL)
            code = jig_packages_tell_moved(s->packages, s->op, plan, &told, s->reterr);
    }
    jig_strv_release(&told);
    jig_lockfile_release(&lock);
    return code;
}

static enum jig_code write_lock(struct sync *s)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(s->target->project->root, JIG_LOCK_FILE);
    struct jig_until until = jig_operation_until(s->op);
    struct jig_lockfile news = {0};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < s->target->n; i++) {
        const struct jig_target_environment *e = &s->target->environments[i];
        struct jig_plan plan = {0};
        code = plan_of(s, e, &plan);
        for (size_t k = 0; code == JIG_OK && k < plan.n; k++)
            jig_packages_report_package(&s->report, &plan.items[k],
                                        JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_PRESENT, "",
                                        e->environment->name);
        if (code == JIG_OK)
            jig_lockfile_set(&news, e->environment->name, &plan);
        jig_plan_release(&plan);
    }
    if (code == JIG_OK)
        code = jig_lockfile_update(s->target->project->root, &news, &until, s->reterr);
    if (code == JIG_OK)
        s->report.result.lock_file = jig_arena_strdup(&s->report.arena, path);
    if (s->report.result.lock_file == NULL)
        s->report.result.lock_file = (char *)protobuf_c_empty_string;
    jig_lockfile_release(&news);
    return code;
}

enum jig_code jig_sync(struct jig_targets *targets, struct jig_packages *packages,
                       struct jig_operation *op, const Jig__V1__ProjectSelector *selector,
                       bool upgrades, struct jig_err *reterr)
{
    struct sync s = {.targets = targets,
                     .packages = packages,
                     .op = op,
                     .selector = selector,
                     .use = upgrades ? JIG_LOCK_IGNORE : JIG_LOCK_PREFER,
                     .reterr = reterr};
    jig_packages_report_init(&s.report, op);
    enum jig_code code = open_all(&s);
    if (code == JIG_OK)
        code = tell_moved_tags(&s);
    if (code == JIG_OK && upgrades)
        code = upgrade(&s);
    if (code == JIG_OK)
        code = write_lock(&s);
    jig_packages_report_end(&s.report);
    jig_target_free(s.target);
    return code;
}
