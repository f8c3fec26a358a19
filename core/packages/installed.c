#include "core/packages/installed.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/file.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "core/packages/names.h"
#include "core/packages/record.h"

static const char *const folders[] = {
    [JIG_PACKAGE_PLATFORM] = "platforms",
    [JIG_PACKAGE_TOOL] = "toolchains",
    [JIG_PACKAGE_LIBRARY] = "libraries",
};

const char *jig_installed_kind(enum jig_package_kind kind)
{
    return folders[kind];
}

char *jig_installed_name(enum jig_package_kind kind, const char *vendor, const char *name)
{
    return kind == JIG_PACKAGE_LIBRARY ? jig_xstrdup(name) : jig_strf("%s~%s", vendor, name);
}

char *jig_installed_library_folder(const char *name)
{
    char *folder = jig_xstrdup(name);
    for (char *c = folder; *c != '\0'; c++) {
        if (*c == ' ')
            *c = '_';
    }
    return folder;
}

void jig_installed_clear(struct jig_installed *one)
{
    free(one->vendor);
    free(one->name);
    free(one->version);
    free(one->path);
    *one = (struct jig_installed){0};
}

void jig_installed_release(struct jig_installed_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        jig_installed_clear(&l->items[i]);
    free(l->items);
    *l = (struct jig_installed_list){0};
}

/* "arduino~avr" into two. False when the folder is none of a package. */
static bool split(enum jig_package_kind kind, const char *folder, char **ret_vendor,
                  char **ret_name)
{
    const char *tilde = strchr(folder, '~');
    if ((kind == JIG_PACKAGE_LIBRARY) != (tilde == NULL))
        return false;
    *ret_vendor = tilde != NULL ? jig_xstrndup(folder, (size_t)(tilde - folder)) : jig_xstrdup("");
    *ret_name = jig_xstrdup(tilde != NULL ? tilde + 1 : folder);
    if (jig_package_name_ok(*ret_name) && (tilde == NULL || jig_package_name_ok(*ret_vendor)))
        return true;
    free(*ret_vendor);
    free(*ret_name);
    return false;
}

static enum jig_code list(const char *dir, struct jig_strv *out, struct jig_err *reterr)
{
    enum jig_code code = jig_fs_list(dir, out, reterr);
    return code == JIG_NOT_FOUND ? JIG_OK : code;
}

static enum jig_code add(struct jig_installed_list *l, enum jig_package_kind kind,
                         const char *vendor, const char *name, const char *version, char *path,
                         struct jig_err *reterr)
{
    if (l->n >= JIG_INSTALLED_MAX) {
        free(path);
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "more than %d packages are installed",
                           JIG_INSTALLED_MAX);
    }
    l->items = jig_grow(l->items, &l->cap, l->n, sizeof *l->items);
    l->items[l->n++] = (struct jig_installed){kind, jig_xstrdup(vendor), jig_xstrdup(name),
                                              jig_xstrdup(version), path};
    return JIG_OK;
}

static enum jig_code read_package(struct jig_installed_list *l, enum jig_package_kind kind,
                                  const char *dir, const char *folder, struct jig_err *reterr)
{
    char *vendor;
    char *name;
    if (!split(kind, folder, &vendor, &name))
        return JIG_OK;
    struct jig_strv versions = {0};
    JIG_CLEANUP_FREE char *package = jig_path_join(dir, folder);
    enum jig_code code = list(package, &versions, reterr);
    for (size_t i = 0; code == JIG_OK && i < versions.n; i++) {
        if (!jig_package_version_ok(versions.v[i]) ||
            jig_installed_exact(l, vendor, name, versions.v[i]) != NULL)
            continue;
        code = add(l, kind, vendor, name, versions.v[i], jig_path_join(package, versions.v[i]),
                   reterr);
    }
    jig_strv_release(&versions);
    free(vendor);
    free(name);
    return code;
}

static int newest_first(const void *a, const void *b)
{
    const struct jig_installed *x = a;
    const struct jig_installed *y = b;
    int c = strcmp(x->vendor, y->vendor);
    if (c == 0)
        c = strcmp(x->name, y->name);
    return c != 0 ? c : jig_version_compare(y->version, x->version);
}

enum jig_code jig_installed_read(const struct jig_strv *roots, enum jig_package_kind kind,
                                 struct jig_installed_list *ret, struct jig_err *reterr)
{
    struct jig_installed_list l = {0};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < roots->n; i++) {
        struct jig_strv names = {0};
        JIG_CLEANUP_FREE char *dir = jig_path_join(roots->v[i], folders[kind]);
        code = list(dir, &names, reterr);
        for (size_t k = 0; code == JIG_OK && k < names.n; k++)
            code = read_package(&l, kind, dir, names.v[k], reterr);
        jig_strv_release(&names);
    }
    if (l.n > 1)
        qsort(l.items, l.n, sizeof *l.items, newest_first);
    if (code == JIG_OK)
        *ret = l;
    else
        jig_installed_release(&l);
    return code;
}

static bool is_called(const struct jig_installed *one, const char *vendor, const char *name)
{
    if (one->kind == JIG_PACKAGE_LIBRARY)
        return strcasecmp(one->name, name) == 0;
    return jig_streq(one->name, name) && jig_streq(one->vendor, vendor);
}

const struct jig_installed *jig_installed_best(const struct jig_installed_list *l,
                                               const char *vendor, const char *name,
                                               const struct jig_range *range)
{
    const struct jig_installed *best = NULL;
    for (size_t i = 0; i < l->n; i++) {
        const struct jig_installed *one = &l->items[i];
        if (!is_called(one, vendor, name) ||
            (range != NULL && !jig_range_matches(range, one->version)))
            continue;
        bool better =
            best == NULL || (range != NULL && jig_range_better(range, one->version, best->version));
        if (better)
            best = one;
    }
    return best;
}

enum jig_code jig_installed_record(const struct jig_installed *one, struct jig_package *ret,
                                   struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(one->path, JIG_PACKAGE_RECORD);
    return jig_package_read(path, ret, reterr);
}

static bool came_from(const struct jig_installed *one, const struct jig_wish *w)
{
    struct jig_package p;
    if (jig_installed_record(one, &p, NULL) != JIG_OK)
        return false;
    bool same = p.from == w->from && jig_streq(p.url, w->url);
    if (w->has_sha256)
        same = same && p.has_sha256 && jig_digest_equal(&p.sha256, &w->sha256);
    else
        same = same && (jig_streq(p.ref, w->ref) || jig_streq(p.version, w->ref));
    jig_package_release(&p);
    return same;
}

/* Which of several commits a branch is: the one that was installed, or asked for, last. */
static int64_t asked_for_at(const struct jig_installed *one)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(one->path, JIG_PACKAGE_RECORD);
    struct jig_stamp stamp;
    return jig_fs_stamp(path, &stamp, NULL) == JIG_OK ? stamp.mtime_ns : 0;
}

const struct jig_installed *jig_installed_wish(const struct jig_installed_list *l,
                                               const struct jig_wish *w)
{
    if (w->from == JIG_WISH_INDEX)
        return jig_installed_best(l, w->vendor, w->name, w->range);
    const struct jig_installed *best = NULL;
    int64_t best_ns = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct jig_installed *one = &l->items[i];
        if (!is_called(one, w->vendor, w->name) || !came_from(one, w))
            continue;
        int64_t ns = asked_for_at(one);
        if (best == NULL || ns > best_ns) {
            best = one;
            best_ns = ns;
        }
    }
    return best;
}

void jig_installed_ask(const char *path)
{
    JIG_CLEANUP_FREE char *record = jig_path_join(path, JIG_PACKAGE_RECORD);
    (void)!jig_fs_set_mtime(record, jig_unix_ms() * JIG_NS_PER_MS, NULL); /* another's may stay */
}

const struct jig_installed *jig_installed_exact(const struct jig_installed_list *l,
                                                const char *vendor, const char *name,
                                                const char *version)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct jig_installed *one = &l->items[i];
        if (jig_streq(one->version, version) && jig_streq(one->name, name) &&
            jig_streq(one->vendor, vendor))
            return one;
    }
    return NULL;
}

enum jig_code jig_installed_check(const struct jig_installed *one, const struct jig_package *p,
                                  struct jig_err *reterr)
{
    struct jig_package there;
    if (!p->has_sha256)
        return JIG_OK;
    enum jig_code code = jig_installed_record(one, &there, reterr);
    if (code != JIG_OK)
        return code;
    if (there.has_sha256 && !jig_digest_equal(&there.sha256, &p->sha256)) {
        char is[JIG_SHA256_HEX];
        char wanted[JIG_SHA256_HEX];
        jig_digest_hex(&there.sha256, is);
        jig_digest_hex(&p->sha256, wanted);
        code = jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                              "%s %s is installed from an archive with the SHA-256 %s, where %s is "
                              "asked for",
                              p->name, p->version, is, wanted);
        jig_err_hint(reterr, "remove the installed one (jig packages remove) when it is the wrong "
                             "one");
    }
    jig_package_release(&there);
    return code;
}

/* ROOT/KIND/NAME/VERSION out of a path below it. */
static bool parts_of(const char *below, struct jig_strv *parts)
{
    jig_str_split(below, "/", false, parts);
    return parts->n >= 3;
}

bool jig_installed_of(const struct jig_strv *roots, const char *path, struct jig_installed *ret)
{
    for (size_t i = 0; i < roots->n; i++) {
        const char *root = roots->v[i];
        size_t n = strlen(root);
        struct jig_strv parts = {0};
        bool found = strncmp(path, root, n) == 0 && path[n] == '/' && parts_of(path + n, &parts);
        for (int k = JIG_PACKAGE_PLATFORM; found && k <= JIG_PACKAGE_LIBRARY; k++) {
            struct jig_installed one = {.kind = (enum jig_package_kind)k};
            if (!jig_streq(parts.v[0], folders[k]) ||
                !split(one.kind, parts.v[1], &one.vendor, &one.name))
                continue;
            one.version = jig_xstrdup(parts.v[2]);
            one.path = jig_strf("%s/%s/%s/%s", root, parts.v[0], parts.v[1], parts.v[2]);
            *ret = one;
            jig_strv_release(&parts);
            return true;
        }
        jig_strv_release(&parts);
    }
    return false;
}
