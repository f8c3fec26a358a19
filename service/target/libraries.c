#include "service/target/libraries.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lnk/pointer.h"
#include "core/os/fs.h"

struct folders {
    struct jig_library_folder *items;
    size_t n;
    size_t cap;
    struct jig_strv paths; /* owns what items point to */
};

static const char *keep(struct folders *f, const char *path)
{
    if (path == NULL)
        return NULL;
    jig_strv_append(&f->paths, path);
    return f->paths.v[f->paths.n - 1];
}

/* `twin` may be NULL. */
static void add_twins(struct folders *f, const char *path, const char *twin,
                      enum jig_library_location location, bool single)
{
    if (path == NULL)
        return;
    f->items = jig_grow(f->items, &f->cap, f->n, sizeof *f->items);
    f->items[f->n++] = (struct jig_library_folder){
        .path = keep(f, path), .twin = keep(f, twin), .location = location, .single = single};
}

static void add_folder(struct folders *f, const char *path, enum jig_library_location location,
                       bool single)
{
    add_twins(f, path, NULL, location, single);
}

static void add_board_folders(const struct jig_board_config *board, struct folders *f)
{
    struct jig_strv paths = {0};
    struct jig_library_folder found[JIG_BOARD_FOLDERS_MAX];
    size_t n = jig_libindex_board_folders(board, &paths, found);
    for (size_t i = 0; i < n; i++)
        add_folder(f, found[i].path, found[i].location, found[i].single);
    jig_strv_release(&paths);
}

/* Where something of the project's is that it has as a pointer only; NULL for what lies elsewhere.
 */
static char *pulled_twin(const struct jig_target *target, const char *path)
{
    const char *root = target->project->root;
    size_t n = strlen(root);
    if (target->pulled == NULL || path == NULL || strncmp(path, root, n) != 0 || path[n] != '/')
        return NULL;
    return jig_path_join(target->pulled, path + n + 1);
}

/* A folder of the project's may have pointers in it, or be one; not both. */
static enum jig_code check_not_both(const char *path, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *pointer = jig_strf("%s%s", path, JIG_POINTER_SUFFIX);
    if (!jig_fs_is_dir(path) || !jig_fs_is_file(pointer))
        return JIG_OK;
    jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                   "%s is a folder of the project, and %s stands for a library of that name", path,
                   pointer);
    jig_err_hint(reterr, "remove one of the two, or rename it");
    return JIG_INVALID_ARGUMENT;
}

/* Archives often hold one folder, named after a version, with the library in it. */
static void add_inner_library(struct folders *f, const char *tree,
                              enum jig_library_location location)
{
    struct jig_strv inside = {0};
    if (jig_fs_list_marked(tree, &inside, NULL) == JIG_OK && inside.n == 1 &&
        jig_str_ends(inside.v[0], "/")) {
        JIG_CLEANUP_FREE char *inner = jig_path_join(tree, inside.v[0]);
        inner[strlen(inner) - 1] = '\0';
        add_folder(f, inner, location, true);
    }
    jig_strv_release(&inside);
}

/* The libraries of `path` that are archives: they have no folder of their own there. */
static enum jig_code add_inner_libraries(struct folders *f, const char *path, const char *twin,
                                         enum jig_library_location location, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    enum jig_code code = JIG_OK;
    if (!jig_fs_is_dir(twin) || jig_fs_list_marked(twin, &names, NULL) != JIG_OK)
        names.n = 0;
    for (size_t i = 0; code == JIG_OK && i < names.n; i++) {
        char *name = names.v[i];
        if (!jig_str_ends(name, "/"))
            continue;
        name[strlen(name) - 1] = '\0';
        JIG_CLEANUP_FREE char *own = jig_path_join(path, name);
        JIG_CLEANUP_FREE char *tree = jig_path_join(twin, name);
        if (!jig_fs_is_dir(own))
            add_inner_library(f, tree, location);
        else
            code = check_not_both(own, reterr);
    }
    jig_strv_release(&names);
    return code;
}

/* A folder of libraries, and the same of those that are pointers, or have some. */
static enum jig_code add_project_folder(const struct jig_target *target, struct folders *f,
                                        const char *path, enum jig_library_location location,
                                        struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *twin = pulled_twin(target, path);
    enum jig_code code =
        twin != NULL ? add_inner_libraries(f, path, twin, location, reterr) : JIG_OK;
    add_twins(f, path, twin, location, false);
    return code;
}

static enum jig_code add_local_dependency(const struct jig_target *target,
                                          const struct jig_environment *env, const char *path,
                                          struct folders *f, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *twin = pulled_twin(target, path);
    bool has_own = jig_fs_is_dir(path);
    bool has_twin = twin != NULL && jig_fs_is_dir(twin);
    if (!has_own && !has_twin && !target->needs_pull)
        return jig_err_reason(
            reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
            "lib_deps of environment '%s' names the folder %s, which is not there", env->name,
            path);
    if (has_own && has_twin) {
        enum jig_code code = check_not_both(path, reterr);
        add_twins(f, path, twin, JIG_LIBRARY_PROJECT, true);
        return code;
    }
    add_folder(f, has_twin ? twin : path, JIG_LIBRARY_PROJECT, true);
    return JIG_OK;
}

static enum jig_code add_local_dependencies(const struct jig_target *target,
                                            const struct jig_environment *env, struct folders *f,
                                            struct jig_err *reterr)
{
    const struct jig_strv *deps = jig_environment_list(env, "lib_deps");
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < deps->n; i++) {
        JIG_CLEANUP_FREE char *path = jig_depends_local(target->project, deps->v[i]);
        if (path != NULL)
            code = add_local_dependency(target, env, path, f, reterr);
    }
    return code;
}

/* "owner/Name@^1.2", "Name @ 1.2", "Name=https://..." -> "Name". The caller frees. */
static char *dependency_name(const char *entry)
{
    struct jig_wish w;
    if (jig_wish_library(entry, &w, NULL) == JIG_OK) {
        char *name = jig_xstrdup(w.name);
        jig_wish_release(&w);
        return name;
    }
    const char *start = strrchr(entry, '/');
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(start != NULL ? start + 1 : entry);
    copy[strcspn(copy, "@=#")] = '\0';
    char *other = jig_str_trim(copy);
    if (jig_str_ends(other, ".git"))
        other[strlen(other) - strlen(".git")] = '\0';
    return jig_xstrdup(other);
}

static enum jig_code not_installed(const struct jig_environment *env, const char *entry,
                                   const char *option, struct jig_missing *missing,
                                   struct jig_err *reterr)
{
    struct jig_wish w;
    enum jig_code code = jig_wish_library(entry, &w, reterr);
    if (code != JIG_OK) { /* and that is why nothing has this name */
        jig_err_prefix(reterr, "%s of environment '%s'", option, env->name);
        if (reterr != NULL)
            reterr->reason = JIG_REASON_BAD_PROJECT;
        return code;
    }
    jig_wish_release(&w);
    jig_strv_add_unique(&missing->libraries, entry);
    code = jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                          "environment '%s' needs the library '%s' (%s), which is not installed",
                          env->name, entry, option);
    jig_err_hint(reterr,
                 "install it: jig packages install lib '%s'; or put it into the project's lib/ "
                 "folder or into ~/Arduino/libraries",
                 entry);
    return code;
}

/* Every library that lib_deps names is to be there somewhere. All that are not are `missing`. */
static enum jig_code check_dependencies(const struct jig_project *project,
                                        const struct jig_environment *env,
                                        const struct jig_libindex *x, struct jig_missing *missing,
                                        struct jig_err *reterr)
{
    const struct jig_strv *deps = jig_environment_list(env, "lib_deps");
    enum jig_code first = JIG_OK;
    for (size_t i = 0; i < deps->n; i++) {
        JIG_CLEANUP_FREE char *path = jig_depends_local(project, deps->v[i]);
        JIG_CLEANUP_FREE char *name = dependency_name(deps->v[i]);
        if (path != NULL || name[0] == '\0' || jig_libindex_by_name(x, name) != NULL)
            continue;
        enum jig_code code =
            not_installed(env, deps->v[i], "lib_deps", missing, first == JIG_OK ? reterr : NULL);
        if (first == JIG_OK)
            first = code;
    }
    return first;
}

/* The same of a sketch's profile, whose libraries are wishes already. */
static enum jig_code check_profile(const struct jig_depends *d, const struct jig_environment *env,
                                   const struct jig_libindex *x, struct jig_missing *missing,
                                   struct jig_err *reterr)
{
    enum jig_code first = JIG_OK;
    for (size_t i = 0; i < d->library_count; i++) {
        const struct jig_wish *w = &d->libraries[i];
        if (jig_libindex_by_name(x, w->name) != NULL)
            continue;
        enum jig_code code =
            not_installed(env, w->text, "libraries", missing, first == JIG_OK ? reterr : NULL);
        if (first == JIG_OK)
            first = code;
    }
    return first;
}

/* PlatformIO's lib_extra_dirs hold libraries; lib_dir's are the project's own. */
static enum jig_code add_project_folders(const struct jig_target *target,
                                         const struct jig_environment *env, struct folders *f,
                                         struct jig_err *reterr)
{
    const struct jig_project *project = target->project;
    enum jig_code code = add_local_dependencies(target, env, f, reterr);
    if (code != JIG_OK)
        return code;
    code = add_project_folder(target, f, jig_project_string(project, "lib_dir"),
                              JIG_LIBRARY_PROJECT, reterr);
    const struct jig_strv *extra = jig_environment_list(env, "lib_extra_dirs");
    for (size_t i = 0; code == JIG_OK && i < extra->n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_absolute(project->root, extra->v[i]);
        code = add_project_folder(target, f, path, JIG_LIBRARY_USER, reterr);
    }
    const char *libdeps = jig_project_string(project, "libdeps_dir");
    if (libdeps != NULL) { /* what PlatformIO installed for this environment */
        JIG_CLEANUP_FREE char *path = jig_path_join(libdeps, env->name);
        add_folder(f, path, JIG_LIBRARY_USER, false);
    }
    return code;
}

/* What the project asks for goes before the user's own, and the newest of all else that is
 * installed after it. */
static enum jig_code add_installed(const struct jig_target_shelves *t, const struct jig_depends *d,
                                   const struct jig_strv *ignore, struct folders *f,
                                   struct jig_strv *trees, struct jig_missing *missing,
                                   struct jig_err *reterr)
{
    struct jig_installed_list installed = {0};
    struct jig_libindex *own = NULL;
    struct jig_strv wanted = {0};
    struct jig_strv others = {0};
    enum jig_code code = jig_installed_read(t->installed, JIG_PACKAGE_LIBRARY, &installed, reterr);
    if (code == JIG_OK && d->library_count > 0)
        code = jig_libindex_open(t->cache, f->items, f->n, ignore, &own, reterr);
    if (code == JIG_OK)
        code = jig_depends_libraries(d, &installed, own, &wanted, &others, missing, reterr);
    for (size_t i = 0; code == JIG_OK && i < wanted.n; i++)
        add_folder(f, wanted.v[i], JIG_LIBRARY_PROJECT, false);
    for (size_t i = 0; code == JIG_OK && i < t->user->n; i++)
        add_folder(f, t->user->v[i], JIG_LIBRARY_USER, false);
    for (size_t i = 0; code == JIG_OK && i < others.n; i++)
        add_folder(f, others.v[i], JIG_LIBRARY_USER, false);
    jig_strv_extend(trees, &wanted);
    jig_strv_extend(trees, &others);
    jig_strv_release(&wanted);
    jig_strv_release(&others);
    jig_libindex_unref(own);
    jig_installed_release(&installed);
    return code;
}

enum jig_code jig_target_libraries(const struct jig_target_shelves *t,
                                   const struct jig_target *target, const struct jig_depends *d,
                                   struct jig_target_environment *e, struct jig_missing *missing,
                                   struct jig_err *reterr)
{
    const struct jig_project *project = target->project;
    bool is_pio = project->kind == JIG_PROJECT_PLATFORMIO;
    struct folders f = {0};
    enum jig_code code = JIG_OK;
    const struct jig_strv *ignore = jig_environment_list(e->environment, "lib_ignore");
    if (is_pio)
        code = add_project_folders(target, e->environment, &f, reterr);
    if (code == JIG_OK)
        code = add_installed(t, d, ignore, &f, &e->trees, missing, reterr);
    add_board_folders(e->board, &f);
    if (code == JIG_OK)
        code = jig_libindex_open(t->cache, f.items, f.n, ignore, &e->libraries, reterr);
    if (code == JIG_RESOURCE_EXHAUSTED) {
        jig_err_prefix(reterr, "environment '%s'", e->environment->name);
        jig_err_hint(reterr, "lib_deps, lib_extra_dirs and 'libraries' in jigd.conf name them");
    }
    if (code == JIG_OK && !target->needs_pull)
        code = is_pio ? check_dependencies(project, e->environment, e->libraries, missing, reterr)
                      : check_profile(d, e->environment, e->libraries, missing, reterr);
    free(f.items);
    jig_strv_release(&f.paths);
    return code;
}
