#include "service/target/depends.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

void jig_missing_release(struct jig_missing *m)
{
    jig_strv_release(&m->platforms);
    jig_strv_release(&m->libraries);
    jig_strv_release(&m->indexes);
    jig_plan_release(&m->locked);
}

bool jig_missing_any(const struct jig_missing *m)
{
    return m->platforms.n > 0 || m->libraries.n > 0 || m->locked.n > 0;
}

void jig_depends_release(struct jig_depends *d)
{
    if (d->has_platform)
        jig_wish_release(&d->platform);
    for (size_t i = 0; i < d->library_count; i++)
        jig_wish_release(&d->libraries[i]);
    free(d->libraries);
    *d = (struct jig_depends){0};
}

/* ---- what the files say ---- */

char *jig_depends_local(const struct jig_project *project, const char *entry)
{
    static const char *const schemes[] = {"file://", "symlink://"};
    for (size_t i = 0; i < JIG_COUNT(schemes); i++) {
        if (jig_str_starts(entry, schemes[i]))
            return jig_path_absolute(project->root, entry + strlen(schemes[i]));
    }
    if (entry[0] != '/' && entry[0] != '.')
        return NULL;
    return jig_path_absolute(project->root, entry);
}

bool jig_depends_is_arduino(const char *platform)
{
    return platform != NULL && strchr(platform, ':') != NULL && strstr(platform, "://") == NULL;
}

/* sketch.yaml's "NAME (VERSION)" as "NAME@VERSION". The caller frees. */
static char *from_sketch(const char *written)
{
    const char *open = strrchr(written, '(');
    const char *close = open != NULL ? strchr(open, ')') : NULL;
    if (close == NULL)
        return jig_xstrdup(written);
    JIG_CLEANUP_FREE char *name = jig_xstrndup(written, (size_t)(open - written));
    return jig_strf("%s@%.*s", jig_str_trim(name), (int)(close - open - 1), open + 1);
}

static enum jig_code take_platform(struct jig_depends *d, const struct jig_environment *env,
                                   const char *text, struct jig_err *reterr)
{
    enum jig_code code = jig_wish_platform(text, &d->platform, reterr);
    d->has_platform = code == JIG_OK;
    if (code == JIG_OK)
        return JIG_OK;
    jig_err_prefix(reterr, "environment '%s'", env->name);
    if (reterr != NULL)
        reterr->reason = JIG_REASON_BAD_PROJECT;
    return code;
}

/* One that cannot be read may still name a library that is there in another way; if it is not, that
 * is told where it is missed. */
static void add_library(struct jig_depends *d, const char *text, size_t *cap)
{
    struct jig_wish w;
    if (jig_wish_library(text, &w, NULL) != JIG_OK)
        return;
    d->libraries = jig_grow(d->libraries, cap, d->library_count, sizeof *d->libraries);
    d->libraries[d->library_count++] = w;
}

static enum jig_code read_pio(const struct jig_project *project, const struct jig_environment *env,
                              struct jig_depends *d, struct jig_err *reterr)
{
    const struct jig_strv *deps = jig_environment_list(env, "lib_deps");
    const char *platform = jig_environment_string(env, "platform");
    size_t cap = 0;
    for (size_t i = 0; i < deps->n; i++) {
        JIG_CLEANUP_FREE char *local = jig_depends_local(project, deps->v[i]);
        if (local == NULL)
            add_library(d, deps->v[i], &cap);
    }
    return jig_depends_is_arduino(platform) ? take_platform(d, env, platform, reterr) : JIG_OK;
}

/* A platform in a profile may come with those that it is built upon; the board's own is the one of
 * its fqbn. */
static enum jig_code read_sketch(const struct jig_environment *env, struct jig_depends *d,
                                 struct jig_err *reterr)
{
    const struct jig_strv *libraries = jig_environment_list(env, "libraries");
    const struct jig_strv *platforms = jig_environment_list(env, "platforms");
    const char *fqbn = jig_environment_string(env, "fqbn");
    size_t cap = 0;
    d->indexes = jig_environment_list(env, "platform_index_urls");
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < libraries->n; i++) {
        JIG_CLEANUP_FREE char *text = from_sketch(libraries->v[i]);
        add_library(d, text, &cap);
    }
    for (size_t i = 0; code == JIG_OK && !d->has_platform && i < platforms->n; i++) {
        JIG_CLEANUP_FREE char *text = from_sketch(platforms->v[i]);
        size_t n = strcspn(text, "@");
        if (fqbn == NULL || strncmp(fqbn, text, n) != 0 || fqbn[n] != ':')
            continue;
        code = take_platform(d, env, text, reterr);
    }
    return code;
}

enum jig_code jig_depends_read(const struct jig_project *project, const struct jig_environment *env,
                               const struct jig_lockfile *lock, enum jig_lock_use use,
                               struct jig_depends *ret, struct jig_err *reterr)
{
    *ret = (struct jig_depends){
        .locked = use != JIG_LOCK_IGNORE ? jig_lockfile_find(lock, env->name) : NULL,
        .obey = use == JIG_LOCK_OBEY};
    return project->kind == JIG_PROJECT_PLATFORMIO ? read_pio(project, env, ret, reterr)
                                                   : read_sketch(env, ret, reterr);
}

static enum jig_code check_locked(const struct jig_plan *locked, const struct jig_strv *roots,
                                  enum jig_package_kind kind, struct jig_err *reterr)
{
    struct jig_installed_list l = {0};
    enum jig_code code = jig_installed_read(roots, kind, &l, reterr);
    for (size_t i = 0; code == JIG_OK && i < locked->n; i++) {
        const struct jig_package *p = &locked->items[i];
        const struct jig_installed *one =
            p->kind == kind ? jig_installed_exact(&l, p->vendor, p->name, p->version) : NULL;
        if (one != NULL)
            code = jig_installed_check(one, p, reterr);
    }
    jig_installed_release(&l);
    return code;
}

enum jig_code jig_depends_check_lock(const struct jig_depends *d, const struct jig_strv *roots,
                                     struct jig_err *reterr)
{
    if (d->locked == NULL || !d->obey)
        return JIG_OK;
    enum jig_code code = check_locked(d->locked, roots, JIG_PACKAGE_PLATFORM, reterr);
    return code == JIG_OK ? check_locked(d->locked, roots, JIG_PACKAGE_TOOL, reterr) : code;
}

/* ---- the platform ---- */

bool jig_depends_has(const struct jig_hardware_view *view, const char *vendor, const char *arch,
                     const char *version)
{
    for (size_t i = 0; i < jig_hardware_release_count(view); i++) {
        struct jig_release r = jig_hardware_release(view, i);
        if (jig_streq(r.vendor, vendor) && jig_streq(r.arch, arch) &&
            (version == NULL || jig_version_compare(r.version, version) == 0))
            return true;
    }
    return false;
}

static char *best_release(const struct jig_hardware_view *view, const struct jig_wish *w)
{
    const char *best = NULL;
    for (size_t i = 0; i < jig_hardware_release_count(view); i++) {
        struct jig_release r = jig_hardware_release(view, i);
        if (jig_streq(r.vendor, w->vendor) && jig_streq(r.arch, w->name) &&
            jig_range_matches(w->range, r.version) && jig_range_better(w->range, r.version, best))
            best = r.version;
    }
    return jig_xstrdup(best);
}

/* A core is missing: here is where the project says that one could be had. */
static void tell_indexes(const struct jig_depends *d, struct jig_missing *missing)
{
    for (size_t i = 0; d->indexes != NULL && i < d->indexes->n; i++)
        jig_strv_add_unique(&missing->indexes, d->indexes->v[i]);
}

static enum jig_code not_there(const struct jig_depends *d, const char *what,
                               struct jig_err *reterr)
{
    enum jig_code code =
        jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                       "the project needs the core %s, which is not installed", what);
    if (d->indexes != NULL && d->indexes->n > 0)
        jig_err_hint(reterr, "install what it needs, out of the indexes that it names: jig "
                             "packages sync");
    else
        jig_err_hint(reterr, "install it: jig packages install core '%s'", what);
    return code;
}

enum jig_code jig_depends_version(const struct jig_depends *d, const struct jig_hardware_view *view,
                                  const char *vendor, const char *arch, char **ret,
                                  struct jig_missing *missing, struct jig_err *reterr)
{
    const struct jig_package *locked =
        d->locked != NULL ? jig_plan_find(d->locked, JIG_PACKAGE_PLATFORM, vendor, arch) : NULL;
    bool named = d->has_platform && jig_streq(d->platform.vendor, vendor) &&
                 jig_streq(d->platform.name, arch);
    *ret = NULL;
    tell_indexes(d, missing);
    if (locked != NULL && !d->obey && named &&
        !jig_range_matches(d->platform.range, locked->version))
        locked = NULL;
    if (locked != NULL) {
        JIG_CLEANUP_FREE char *text = jig_strf("%s:%s@%s", vendor, arch, locked->version);
        if (!jig_depends_has(view, vendor, arch, locked->version)) {
            for (size_t i = 0; i < d->locked->n; i++) {
                if (d->locked->items[i].kind != JIG_PACKAGE_LIBRARY)
                    (void)!jig_plan_add(&missing->locked, &d->locked->items[i], NULL);
            }
            return not_there(d, text, reterr);
        }
        *ret = jig_xstrdup(locked->version);
        return JIG_OK;
    }
    if (named) {
        *ret = best_release(view, &d->platform);
        if (*ret != NULL)
            return JIG_OK;
        jig_strv_append(&missing->platforms, d->platform.text);
        return not_there(d, d->platform.text, reterr);
    }
    if (!jig_depends_has(view, vendor, arch, NULL))
        jig_strv_append_take(&missing->platforms, jig_strf("%s:%s", vendor, arch));
    return JIG_OK; /* who looks for the board says what there is */
}

void jig_depends_repair(const struct jig_hardware_view *view, const char *vendor, const char *arch,
                        const char *version, struct jig_missing *missing)
{
    for (size_t i = 0; i < jig_hardware_release_count(view); i++) {
        struct jig_release r = jig_hardware_release(view, i);
        JIG_CLEANUP_FREE char *record = jig_path_join(r.path, JIG_PACKAGE_RECORD);
        bool meant = version != NULL ? jig_version_compare(r.version, version) == 0 : r.serves;
        if (meant && jig_streq(r.vendor, vendor) && jig_streq(r.arch, arch) &&
            jig_fs_is_file(record))
            jig_strv_append_take(&missing->platforms,
                                 jig_strf("%s:%s@%s", vendor, arch, r.version));
    }
}

/* ---- libraries ---- */

static bool is_own(const struct jig_libindex *own, const char *name)
{
    return own != NULL && jig_libindex_by_name(own, name) != NULL;
}

/* The very archive, or a repository at the ref that it was locked at. */
static bool is_of_url(const struct jig_package *p, const struct jig_wish *w)
{
    return jig_streq(p->url, w->url) && jig_streq(p->ref, w->ref) &&
           (!w->has_sha256 || (p->has_sha256 && jig_digest_equal(&p->sha256, &w->sha256)));
}

static const struct jig_package *locked_for(const struct jig_plan *locked, const struct jig_wish *w)
{
    for (size_t i = 0; i < locked->n; i++) {
        const struct jig_package *p = &locked->items[i];
        if (p->kind != JIG_PACKAGE_LIBRARY || strcasecmp(p->name, w->name) != 0)
            continue;
        if (w->from == JIG_WISH_INDEX ? jig_range_matches(w->range, p->version) : is_of_url(p, w))
            return p;
    }
    return NULL;
}

static enum jig_code check_lock(const struct jig_depends *d, const struct jig_libindex *own,
                                struct jig_err *reterr)
{
    for (size_t i = 0; i < d->library_count; i++) {
        const struct jig_wish *w = &d->libraries[i];
        if (is_own(own, w->name) || locked_for(d->locked, w) != NULL)
            continue;
        enum jig_code code =
            jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_BAD_PROJECT,
                           "the project asks for the library '%s', and %s has none that fits",
                           w->text, JIG_LOCK_FILE);
        jig_err_hint(reterr, "bring it up to date: jig packages sync");
        return code;
    }
    return JIG_OK;
}

static enum jig_code locked_is_missing(const struct jig_package *p, struct jig_err *reterr)
{
    enum jig_code code = jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                                        "the library '%s' %s, which %s names, is not installed",
                                        p->name, p->version, JIG_LOCK_FILE);
    jig_err_hint(reterr, "install what it names: jig packages sync");
    return code;
}

static enum jig_code take_locked(const struct jig_depends *d,
                                 const struct jig_installed_list *installed, struct jig_strv *out,
                                 struct jig_missing *missing, struct jig_err *reterr)
{
    const struct jig_package *first = NULL;
    for (size_t i = 0; i < d->locked->n; i++) {
        const struct jig_package *p = &d->locked->items[i];
        if (p->kind != JIG_PACKAGE_LIBRARY)
            continue;
        const struct jig_installed *one = jig_installed_exact(installed, "", p->name, p->version);
        enum jig_code code = one != NULL ? jig_installed_check(one, p, reterr) : JIG_OK;
        if (code != JIG_OK)
            return code;
        if (one != NULL) {
            jig_strv_append(out, one->path);
            continue;
        }
        first = first != NULL ? first : p;
        (void)!jig_plan_add(&missing->locked, p, NULL);
    }
    if (first == NULL)
        return JIG_OK;
    enum jig_code code = jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                                        "the library '%s' %s, which %s names, is not installed",
                                        first->name, first->version, JIG_LOCK_FILE);
    jig_err_hint(reterr, "install what it names: jig packages sync");
    return code;
}

/* What others depend on stays at the version that it had. */
static void take_preferred(const struct jig_plan *locked,
                           const struct jig_installed_list *installed, struct jig_strv *out,
                           struct jig_strv *taken)
{
    for (size_t i = 0; i < locked->n; i++) {
        const struct jig_package *p = &locked->items[i];
        const struct jig_installed *one =
            p->kind == JIG_PACKAGE_LIBRARY && !p->asked
                ? jig_installed_exact(installed, "", p->name, p->version)
                : NULL;
        if (one != NULL && jig_strv_add_unique(taken, one->name))
            jig_strv_append(out, one->path);
    }
}

static void take_others(const struct jig_installed_list *installed, const struct jig_strv *taken,
                        struct jig_strv *others)
{
    const char *last = "";
    for (size_t i = 0; i < installed->n; i++) { /* by name, newest first */
        const struct jig_installed *one = &installed->items[i];
        if (!jig_streq(one->name, last) && !jig_strv_contains(taken, one->name))
            jig_strv_append(others, one->path);
        last = one->name;
    }
}

enum jig_code jig_depends_libraries(const struct jig_depends *d,
                                    const struct jig_installed_list *installed,
                                    const struct jig_libindex *own, struct jig_strv *out,
                                    struct jig_strv *others, struct jig_missing *missing,
                                    struct jig_err *reterr)
{
    if (d->locked != NULL && d->obey) {
        enum jig_code code = check_lock(d, own, reterr);
        return code == JIG_OK ? take_locked(d, installed, out, missing, reterr) : code;
    }
    struct jig_strv taken = {0};
    const struct jig_package *first = NULL; /* that is missing */
    for (size_t i = 0; i < d->library_count; i++) {
        const struct jig_wish *w = &d->libraries[i];
        if (is_own(own, w->name))
            continue;
        const struct jig_package *p = d->locked != NULL ? locked_for(d->locked, w) : NULL;
        const struct jig_installed *one =
            p != NULL ? jig_installed_exact(installed, "", p->name, p->version)
                      : jig_installed_wish(installed, w);
        if (p != NULL && one == NULL) {
            first = first != NULL ? first : p;
            (void)!jig_plan_add(&missing->locked, p, NULL);
        }
        const struct jig_installed *any = jig_installed_best(installed, "", w->name, NULL);
        if (one != NULL)
            jig_strv_append(out, one->path);
        if (any != NULL) /* a version that does not fit does not do instead */
            jig_strv_append(&taken, any->name);
    }
    if (d->locked != NULL)
        take_preferred(d->locked, installed, out, &taken);
    take_others(installed, &taken, others);
    jig_strv_release(&taken);
    return first != NULL ? locked_is_missing(first, reterr) : JIG_OK;
}
