#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/git.h"
#include "service/packages/impl.h"

/* ---- wishes ---- */

static enum jig_code read_wish(enum jig_package_kind kind, const char *name, struct jig_wish *ret,
                               struct jig_err *reterr)
{
    if (kind == JIG_PACKAGE_LIBRARY)
        return jig_wish_library(name, ret, reterr);
    enum jig_code code = jig_wish_platform(name, ret, reterr);
    if (code == JIG_OK)
        ret->kind = kind; /* a tool is VENDOR:NAME, as well */
    return code;
}

static void release_wishes(struct jig_wish *wishes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        jig_wish_release(&wishes[i]);
    free(wishes);
}

static enum jig_code read_wishes(enum jig_package_kind kind, const struct jig_strv *names,
                                 struct jig_wish **ret, struct jig_err *reterr)
{
    struct jig_wish *wishes = jig_xcalloc(names->n + 1, sizeof *wishes);
    for (size_t i = 0; i < names->n; i++) {
        enum jig_code code = read_wish(kind, names->v[i], &wishes[i], reterr);
        if (code != JIG_OK) {
            release_wishes(wishes, i);
            return code;
        }
    }
    *ret = wishes;
    return JIG_OK;
}

/* ---- plans ---- */

/* Those of the configuration that are there serve; a project's own are asked for anew, as no
 * `update` does that. The first failure of one is the result. */
static enum jig_code fetch_indexes(struct jig_packages *p, struct jig_operation *op,
                                   const struct jig_strv *more, struct jig_err *reterr)
{
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_packages_fetch_indexes(p, op, &p->urls, true, NULL, reterr);
    if (more->n == 0 || code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
        return code;
    enum jig_code second = jig_packages_fetch_indexes(p, op, more, false, NULL, &err);
    bool ends = second == JIG_CANCELLED || second == JIG_DEADLINE_EXCEEDED;
    if (second == JIG_OK || (code != JIG_OK && !ends))
        return code;
    if (reterr != NULL)
        *reterr = err;
    return second;
}

static enum jig_code load_index(struct jig_packages *p, struct jig_operation *op,
                                const struct jig_strv *more, struct jig_index **ret,
                                struct jig_err *reterr)
{
    struct jig_strv urls = {0};
    enum jig_code code = fetch_indexes(p, op, more, reterr);
    if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
        return code;
    struct jig_err why = reterr != NULL ? *reterr : (struct jig_err)JIG_ERR_INIT;
    struct jig_err err = JIG_ERR_INIT;
    jig_strv_extend(&urls, &p->urls);
    jig_strv_extend(&urls, more);
    enum jig_code loaded = jig_indexes_load(p->index_dir, &urls, ret, &err);
    jig_strv_release(&urls);
    if (loaded == JIG_NOT_FOUND && code != JIG_OK) /* that is why there is none */
        err = why;
    if (loaded != JIG_OK && reterr != NULL)
        *reterr = err;
    return loaded == JIG_NOT_FOUND && code != JIG_OK ? code : loaded;
}

static void tell_twins(struct jig_operation *op, const struct jig_index *x,
                       const struct jig_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct jig_package *one = &plan->items[i];
        const char *taken;
        const char *passed;
        if (one->kind == JIG_PACKAGE_PLATFORM &&
            jig_index_platform_twins(x, one->vendor, one->name, one->version, &taken, &passed))
            jig_operation_notice(op, "packages.twins", JIG_EVENT_WARNING,
                                 "the core %s:%s %s is in two indexes, with different archives: "
                                 "that of %s is taken, not that of %s",
                                 one->vendor, one->name, one->version, taken, passed);
    }
}

static enum jig_code plan_from_index(struct jig_packages *p, struct jig_operation *op,
                                     const struct jig_wish *platforms, size_t platform_count,
                                     const struct jig_wish *libraries, size_t library_count,
                                     const struct jig_strv *more, struct jig_plan *plan,
                                     struct jig_err *reterr)
{
    struct jig_index *x = NULL;
    struct jig_host host = jig_host_own();
    if (platform_count + library_count == 0)
        return JIG_OK;
    enum jig_code code = load_index(p, op, more, &x, reterr);
    for (size_t i = 0; code == JIG_OK && i < platform_count; i++)
        code = jig_plan_platform(plan, x, &host, &platforms[i], reterr);
    if (code == JIG_OK && library_count > 0)
        code = jig_plan_libraries(plan, x, libraries, library_count, reterr);
    if (code == JIG_OK)
        tell_twins(op, x, plan);
    jig_index_free(x);
    return code;
}

enum jig_code jig_packages_plan(struct jig_packages *p, struct jig_operation *op,
                                const struct jig_wish *wishes, size_t n,
                                const struct jig_strv *more, struct jig_plan *plan,
                                struct jig_err *reterr)
{
    static const struct jig_strv none = {0};
    struct jig_until until = jig_operation_until(op);
    struct jig_wish *sorted = jig_xcalloc(n + 1, sizeof *sorted); /* borrowed contents */
    size_t platforms = 0;
    size_t libraries = 0;
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < n; i++) {
        if (wishes[i].kind == JIG_PACKAGE_PLATFORM)
            sorted[platforms++] = wishes[i];
        else if (wishes[i].from == JIG_WISH_INDEX)
            sorted[n - ++libraries] = wishes[i];
        else if (code == JIG_OK)
            code = jig_install_plan_url(plan, &wishes[i], p->allow_file, &until, reterr);
    }
    if (code == JIG_OK)
        code = plan_from_index(p, op, sorted, platforms, sorted + n - libraries, libraries,
                               more != NULL ? more : &none, plan, reterr);
    free(sorted);
    return code;
}

/* ---- carrying them out ---- */

static void on_step(void *ctx, const struct jig_package *p, const char *what, size_t at,
                    size_t total)
{
    JIG_CLEANUP_FREE char *name = jig_package_full_name(p->kind, p->vendor, p->name);
    bool done = jig_streq(what, "installed");
    JIG_CLEANUP_FREE char *step = jig_strf("%s %s %s", done ? "install" : what, name, p->version);
    struct jig_step_event event = {.step = step,
                                   .state = done ? JIG_STEP_FINISHED : JIG_STEP_STARTED,
                                   .done = (uint32_t)(at + (done ? 1 : 0)),
                                   .total = (uint32_t)total};
    jig_operation_step(ctx, &event);
}

static void on_progress(void *ctx, const struct jig_package *p, const struct jig_fetch_progress *f)
{
    JIG_CLEANUP_FREE char *name = jig_package_full_name(p->kind, p->vendor, p->name);
    int64_t total = f->total > 0 ? f->total : p->size;
    struct jig_progress_event event = {
        .phase = name, .done_bytes = (int64_t)f->received, .bytes_per_s = (int64_t)f->bytes_per_s};
    if (total > 0) {
        event.total_bytes = total;
        event.percent = (uint32_t)(f->received * 100 / (uint64_t)total);
    }
    jig_operation_progress(ctx, &event);
}

static void on_unproven(void *ctx, const struct jig_package *p, const struct jig_err *why)
{
    jig_operation_notice(ctx, "packages.unproven", JIG_EVENT_WARNING,
                         "%s was never seen to give the archive of %s %s that the cache has, and "
                         "cannot be asked now: %s",
                         p->url, p->name, p->version, why->message);
}

enum jig_code jig_packages_carry_out(struct jig_packages *p, struct jig_operation *op,
                                     const struct jig_plan *plan, const char *environment,
                                     struct jig_packages_report *report, struct jig_err *reterr)
{
    struct jig_until until = jig_operation_until(op);
    struct jig_hold *hold = NULL;
    bool *fresh = NULL;
    enum jig_code code = jig_packages_hold(p, op, &hold, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_install_spec spec = {.cache = p->cache,
                                    .hold = hold,
                                    .fetcher = p->fetcher,
                                    .limits = p->limits,
                                    .allow_file = p->allow_file,
                                    .ledger = p->ledger,
                                    .unproven = on_unproven,
                                    .step = on_step,
                                    .progress = on_progress,
                                    .ctx = op};
    code = jig_install(&spec, plan, &until, &fresh, reterr);
    for (size_t i = 0; code == JIG_OK && i < plan->n; i++) {
        const struct jig_package *one = &plan->items[i];
        JIG_CLEANUP_FREE char *folder = jig_installed_name(one->kind, one->vendor, one->name);
        JIG_CLEANUP_FREE char *path = jig_strf("%s/%s/%s/%s", p->roots.v[0],
                                               jig_installed_kind(one->kind), folder, one->version);
        jig_packages_report_package(report, one,
                                    fresh[i] ? JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_INSTALLED
                                             : JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_PRESENT,
                                    path, environment);
    }
    free(fresh);
    jig_hold_free(hold);
    return code;
}

enum jig_code jig_packages_install(struct jig_packages *p, struct jig_operation *op,
                                   enum jig_package_kind kind, const struct jig_strv *names,
                                   struct jig_err *reterr)
{
    struct jig_wish *wishes = NULL;
    struct jig_plan plan = {0};
    struct jig_packages_report report;
    enum jig_code code = read_wishes(kind, names, &wishes, reterr);
    if (code != JIG_OK)
        return code;
    jig_packages_report_init(&report, op);
    code = jig_packages_plan(p, op, wishes, names->n, NULL, &plan, reterr);
    if (code == JIG_OK)
        code = jig_packages_carry_out(p, op, &plan, "", &report, reterr);
    jig_packages_report_end(&report);
    jig_plan_release(&plan);
    release_wishes(wishes, names->n);
    return code;
}

/* ---- what a build misses ---- */

static enum jig_code add_wishes(enum jig_package_kind kind, const struct jig_strv *names,
                                struct jig_wish *wishes, size_t *n, struct jig_err *reterr)
{
    for (size_t i = 0; i < names->n; i++) {
        enum jig_code code = read_wish(kind, names->v[i], &wishes[*n], reterr);
        if (code != JIG_OK)
            return code;
        (*n)++;
    }
    return JIG_OK;
}

enum jig_code jig_packages_provide(struct jig_packages *p, struct jig_operation *op,
                                   const struct jig_strv *platforms,
                                   const struct jig_strv *libraries, const struct jig_strv *indexes,
                                   const struct jig_plan *locked, struct jig_err *reterr)
{
    struct jig_plan plan = {0};
    struct jig_strv more = {0};
    size_t n = 0;
    struct jig_packages_report report;
    struct jig_wish *wishes = jig_xcalloc(platforms->n + libraries->n + 1, sizeof *wishes);
    enum jig_code code = add_wishes(JIG_PACKAGE_PLATFORM, platforms, wishes, &n, reterr);
    if (code == JIG_OK)
        code = add_wishes(JIG_PACKAGE_LIBRARY, libraries, wishes, &n, reterr);
    for (size_t i = 0; i < indexes->n; i++) {
        if (!jig_strv_contains(&p->urls, indexes->v[i]))
            jig_strv_add_unique(&more, indexes->v[i]);
    }
    for (size_t i = 0; code == JIG_OK && i < locked->n; i++)
        code = jig_plan_add(&plan, &locked->items[i], reterr);
    if (code == JIG_OK)
        code = jig_packages_plan(p, op, wishes, n, &more, &plan, reterr);
    jig_packages_report_init(&report, op);
    if (code == JIG_OK)
        code = jig_packages_carry_out(p, op, &plan, "", &report, reterr);
    bool none = true;
    for (size_t i = 0; i < report.result.n_packages; i++) {
        if (report.result.packages[i]->outcome == JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_PRESENT)
            continue;
        const Jig__V1__Package *m = report.result.packages[i]->package;
        none = false;
        jig_operation_notice(op, "packages.installed", JIG_EVENT_NOTE, "%s %s was installed",
                             m->name, m->version);
    }
    if (code == JIG_OK && none)
        code = jig_err_set(reterr, JIG_ALREADY_EXISTS,
                           "what is missing is installed already, and does not help");
    jig_packages_report_release(&report);
    jig_plan_release(&plan);
    jig_strv_release(&more);
    release_wishes(wishes, n);
    return code;
}

/* ---- what git's tags mean ---- */

static enum jig_code tell_moved(struct jig_packages *p, struct jig_operation *op,
                                const struct jig_package *one, struct jig_err *reterr)
{
    struct jig_until until = jig_operation_until(op);
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *commit = NULL;
    bool is_tag = false;
    enum jig_code code =
        jig_git_resolve(one->url, one->ref, p->allow_file, &until, &commit, &is_tag, &err);
    if (code == JIG_CANCELLED && reterr != NULL)
        *reterr = err;
    if (code == JIG_OK && is_tag && !jig_streq(commit, one->version))
        jig_operation_notice(op, "packages.tag_moved", JIG_EVENT_WARNING,
                             "the tag %s of %s is %s now, and %s when jig.lock was written; "
                             "jig packages sync --upgrade takes what it is now",
                             one->ref, one->url, commit, one->version);
    return code == JIG_CANCELLED ? code : JIG_OK;
}

enum jig_code jig_packages_tell_moved(struct jig_packages *p, struct jig_operation *op,
                                      const struct jig_plan *locked, struct jig_strv *told,
                                      struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < locked->n; i++) {
        const struct jig_package *one = &locked->items[i];
        JIG_CLEANUP_FREE char *key = jig_strf("%s#%s", one->url, one->ref);
        if (one->from == JIG_WISH_GIT && one->ref[0] != '\0' && jig_strv_add_unique(told, key))
            code = tell_moved(p, op, one, reterr);
    }
    return code;
}

/* ---- removal ---- */

static enum jig_code remove_one(struct jig_packages *p, const struct jig_installed *one,
                                struct jig_packages_report *report, struct jig_err *reterr)
{
    struct jig_package package = {.kind = one->kind,
                                  .vendor = one->vendor,
                                  .name = one->name,
                                  .version = one->version,
                                  .size = -1};
    enum jig_code code = jig_uninstall(p->cache, one, reterr);
    if (code == JIG_OK)
        jig_packages_report_package(
            report, &package, JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_REMOVED, one->path, "");
    return code;
}

/* "arduino:avr-gcc@7.3" as installed; one that is in use stays. */
static void remove_tool(struct jig_packages *p, const char *need, struct jig_operation *op,
                        struct jig_packages_report *report)
{
    struct jig_installed_list tools;
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(need);
    char *colon = strchr(copy, ':');
    char *at = strrchr(copy, '@');
    if (colon == NULL || at == NULL || at < colon ||
        jig_installed_read(&p->roots, JIG_PACKAGE_TOOL, &tools, &err) != JIG_OK)
        return;
    *colon = '\0';
    *at = '\0';
    const struct jig_installed *one = jig_installed_exact(&tools, copy, colon + 1, at + 1);
    if (one != NULL && remove_one(p, one, report, &err) != JIG_OK)
        jig_operation_notice(op, "packages.tool_stays", JIG_EVENT_NOTE, "%s stays: %s", need,
                             err.message);
    jig_installed_release(&tools);
}

static enum jig_code remove_matching(struct jig_packages *p, struct jig_operation *op,
                                     const struct jig_wish *wish,
                                     struct jig_packages_report *report, struct jig_err *reterr)
{
    struct jig_installed_list l;
    struct jig_strv tools = {0};
    size_t removed = 0;
    enum jig_code code = jig_installed_read(&p->roots, wish->kind, &l, reterr);
    if (code != JIG_OK)
        return code;
    for (;;) {
        const struct jig_installed *one = jig_installed_wish(&l, wish);
        if (one == NULL || code != JIG_OK)
            break;
        if (wish->kind == JIG_PACKAGE_PLATFORM)
            jig_install_unneeded(&l, one, &tools);
        code = remove_one(p, one, report, reterr);
        removed++;
        jig_installed_release(&l);
        if (code == JIG_OK)
            code = jig_installed_read(&p->roots, wish->kind, &l, reterr);
    }
    for (size_t i = 0; code == JIG_OK && i < tools.n; i++)
        remove_tool(p, tools.v[i], op, report);
    if (code == JIG_OK && removed == 0)
        code = jig_err_set(reterr, JIG_NOT_FOUND, "'%s' is not installed", wish->text);
    jig_strv_release(&tools);
    jig_installed_release(&l);
    return code;
}

enum jig_code jig_packages_remove(struct jig_packages *p, struct jig_operation *op,
                                  enum jig_package_kind kind, const struct jig_strv *names,
                                  struct jig_err *reterr)
{
    struct jig_wish *wishes = NULL;
    struct jig_packages_report report;
    enum jig_code code = read_wishes(kind, names, &wishes, reterr);
    if (code != JIG_OK)
        return code;
    jig_packages_report_init(&report, op);
    for (size_t i = 0; code == JIG_OK && i < names->n; i++)
        code = remove_matching(p, op, &wishes[i], &report, reterr);
    jig_packages_report_end(&report);
    release_wishes(wishes, names->n);
    return code;
}
