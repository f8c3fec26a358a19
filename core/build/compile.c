#include <string.h>

#include "core/arduino/recipe.h"
#include "core/arduino/sources.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/plan.h"
#include "core/build/pulled.h"
#include "core/build/words.h"
#include "core/os/fs.h"

void jig_plan_includes(const struct jig_plan *p, enum jig_scope scope, struct jig_strv *out)
{
    /* arduino-cli looks in the core first, PlatformIO in the project and its libraries. */
    if (scope == JIG_SCOPE_PROJECT)
        jig_strv_extend(out, &p->front_includes);
    if (!p->is_sketch && scope != JIG_SCOPE_CORE)
        jig_strv_extend(out, &p->lib_includes);
    jig_strv_extend(out, &p->core_includes);
    if (p->is_sketch && scope != JIG_SCOPE_CORE)
        jig_strv_extend(out, &p->lib_includes);
}

enum jig_code jig_plan_recipe(const struct jig_plan *p, const char *recipe,
                              const struct jig_props *extra, bool drop_unset, const char *phase,
                              const char *step, struct jig_action **ret, struct jig_err *reterr)
{
    struct jig_action *a = jig_action_new(phase, step);
    a->cwd = jig_xstrdup("/");
    enum jig_code code = jig_recipe_argv(p->props, extra, recipe, drop_unset, &a->argv, reterr);
    if (code == JIG_OK) {
        code = jig_recipe_find_tool(&a->argv, recipe, reterr);
        if (code != JIG_OK && reterr != NULL)
            reterr->reason = JIG_REASON_BUILD_FAILED;
    }
    if (code != JIG_OK) {
        jig_action_free(a);
        return code;
    }
    *ret = a;
    return JIG_OK;
}

enum jig_code jig_plan_hooks(struct jig_plan *p, const char *place, struct jig_err *reterr)
{
    struct jig_strv keys = {0};
    enum jig_code code = JIG_OK;
    jig_recipe_find(p->props, place, &keys);
    for (size_t i = 0; code == JIG_OK && i < keys.n; i++) {
        struct jig_action *a = NULL;
        struct jig_job *job = NULL;
        code = jig_plan_recipe(p, keys.v[i], NULL, false, "hooks", keys.v[i], &a, reterr);
        if (code != JIG_OK)
            break;
        free(a->cwd);
        a->cwd = jig_xstrdup(p->build_dir);
        a->always = true;
        a->is_hook = true;
        code = jig_runner_submit(p->runner, a, &job, reterr);
        if (code == JIG_OK)
            code = jig_runner_wait(p->runner, job, reterr);
    }
    jig_strv_release(&keys);
    return code;
}

static enum jig_flags_language language_of(const char *source)
{
    const char *ext = jig_path_ext(source);
    if (strcmp(ext, ".c") == 0)
        return JIG_FLAGS_C;
    return strcmp(ext, ".S") == 0 ? JIG_FLAGS_ASM : JIG_FLAGS_CXX;
}

void jig_plan_apply_flags(const struct jig_plan *p, const char *source, enum jig_scope scope,
                          struct jig_strv *argv)
{
    for (size_t i = argv->n; i > 1; i--) {
        if (jig_flags_match(&p->unflags, argv->v[i - 1]))
            jig_strv_remove(argv, i - 1);
    }
    jig_flags_compile_words(&p->flags, language_of(source), argv);
    if (scope == JIG_SCOPE_PROJECT)
        jig_flags_compile_words(&p->src_flags, language_of(source), argv);
}

bool jig_plan_ask_for_depfile(struct jig_strv *argv, const char *depfile)
{
    bool asked = false;
    for (size_t i = 1; i < argv->n; i++) {
        if (strcmp(argv->v[i], "-MMD") == 0) { /* system headers change, too */
            free(argv->v[i]);
            argv->v[i] = jig_xstrdup("-MD");
        }
        asked = asked || strcmp(argv->v[i], "-MD") == 0;
    }
    if (!asked && !jig_tool_is_driver(argv->v[0]))
        return false;
    if (!asked)
        jig_strv_append(argv, "-MD");
    jig_strv_append(argv, "-MF");
    jig_strv_append(argv, depfile);
    return true;
}

/* A compile that reads nothing of the project may be shared between projects. */
static bool is_shareable(const struct jig_plan *p, const struct jig_action *a)
{
    const char *root = p->request->project->root;
    for (size_t i = 1; i < a->argv.n; i++) {
        const char *path = strstr(a->argv.v[i], root);
        bool inside = path != NULL && strncmp(path, p->build_dir, strlen(p->build_dir)) != 0;
        if (inside)
            return false;
    }
    return true;
}

static enum jig_code compile_action(const struct jig_plan *p, const struct jig_compile *c,
                                    struct jig_action **ret, struct jig_err *reterr)
{
    const char *recipe = jig_recipe_for_source(p->props, jig_path_ext(c->source));
    if (recipe == NULL)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "the platform has no recipe that compiles %s", c->source);
    struct jig_strv includes = {0};
    jig_plan_includes(p, c->scope, &includes);
    if (c->utility_dir != NULL)
        jig_strv_append(&includes, c->utility_dir);
    if (c->utility_twin != NULL)
        jig_strv_append(&includes, c->utility_twin);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *extra = jig_props_new();
    jig_recipe_set_words(extra, "includes", "-I", &includes);
    jig_strv_release(&includes);
    jig_props_set_literal(extra, "source_file", c->source);
    jig_props_set_literal(extra, "object_file", c->object);
    JIG_CLEANUP_FREE char *step = jig_strf("compile %s", c->step);
    struct jig_action *a = NULL;
    enum jig_code code = jig_plan_recipe(p, recipe, extra, false, "compile", step, &a, reterr);
    if (code != JIG_OK)
        return code;
    if (c->own_flags != NULL)
        jig_flags_compile_words(c->own_flags, language_of(c->source), &a->argv);
    jig_plan_apply_flags(p, c->source, c->scope, &a->argv);
    if (c->scope != JIG_SCOPE_CORE)
        jig_pulled_quote_words(p->request, c->source, &a->argv);
    *ret = a;
    return JIG_OK;
}

/* What it leaves and reads. */
static void complete(const struct jig_plan *p, const struct jig_compile *c, struct jig_action *a)
{
    JIG_CLEANUP_FREE char *depfile = jig_strf("%.*s.d", (int)strlen(c->object) - 2, c->object);
    a->is_compile = true;
    if (jig_plan_ask_for_depfile(&a->argv, depfile))
        a->depfile = jig_xstrdup(depfile);
    else
        a->always = true; /* nobody can say what it read */
    jig_strv_append(&a->outputs, c->object);
    jig_words_files(&a->argv, NULL, &a->inputs);
    if (c->reads != NULL) {
        jig_strv_append(&a->inputs, c->reads);
        a->names_all = true;
    }
    a->shareable = c->scope != JIG_SCOPE_PROJECT && is_shareable(p, a);
}

const struct jig_trace *jig_plan_held(const struct jig_plan *p, const char *output)
{
    if (!p->same)
        return NULL;
    JIG_CLEANUP_FREE char *name = jig_build_relative(p->build_dir, output);
    struct jig_trace *t = jig_record_get(p->record, name);
    return jig_vouch_holds(p->vouch, t) ? t : NULL;
}

enum jig_code jig_plan_compile(struct jig_plan *p, const struct jig_compile *c,
                               struct jig_err *reterr)
{
    const struct jig_trace *held = p->commands_only ? NULL : jig_plan_held(p, c->object);
    if (held != NULL) {
        JIG_CLEANUP_FREE char *step = jig_strf("compile %s", c->step);
        p->skipped = true;
        return jig_runner_submit_held(p->runner, "compile", step, c->object, held, reterr);
    }
    struct jig_action *a = NULL;
    enum jig_code code = compile_action(p, c, &a, reterr);
    if (code != JIG_OK)
        return code;
    jig_plan_add_command(p, a, c->source);
    if (p->commands_only) {
        jig_action_free(a);
        return JIG_OK;
    }
    complete(p, c, a);
    return jig_runner_submit(p->runner, a, NULL, reterr);
}

/* Compiles a list of sources into `folder` of the build folder; `common` is what they share. */
static enum jig_code compile_list(struct jig_plan *p, const struct jig_sources *sources,
                                  const char *folder, const struct jig_compile *common,
                                  const char *label, struct jig_strv *objects,
                                  struct jig_err *reterr)
{
    for (size_t i = 0; i < sources->n; i++) {
        JIG_CLEANUP_FREE char *object =
            jig_strf("%s/%s/%s", p->build_dir, folder, sources->items[i].object);
        size_t n = strlen(sources->items[i].object) - strlen(".o");
        JIG_CLEANUP_FREE char *step = jig_strf("%s/%.*s", label, (int)n, sources->items[i].object);
        struct jig_compile c = *common;
        c.source = sources->items[i].path;
        c.object = object;
        c.step = step;
        jig_strv_append(objects, object);
        enum jig_code code = jig_plan_compile(p, &c, reterr);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

enum jig_code jig_plan_compile_core(struct jig_plan *p, struct jig_err *reterr)
{
    const struct jig_board_config *b = p->request->board;
    struct jig_sources core = {0};
    struct jig_sources variant = {0};
    if (!p->commands_only)
        jig_plan_guess(p); /* everything else can go on beside it */
    enum jig_code code = jig_sources_find(b->core_path, true, "", p->log, &core, reterr);
    if (code == JIG_OK && b->variant_path != NULL)
        code = jig_sources_find(b->variant_path, true, "", p->log, &variant, reterr);
    jig_sources_sort(&core, 0);
    jig_sources_sort(&variant, 0);
    struct jig_compile common = {.scope = JIG_SCOPE_CORE};
    if (code == JIG_OK)
        code =
            compile_list(p, &variant, "variant", &common, "variant", &p->variant_objects, reterr);
    if (code == JIG_OK)
        code = compile_list(p, &core, "core", &common, "core", &p->core_objects, reterr);
    jig_sources_release(&core);
    jig_sources_release(&variant);
    return code;
}

/* A dot_a_linkage library is linked as one archive. */
static enum jig_code archive_library(struct jig_plan *p, const struct jig_library *lib,
                                     const char *folder, struct jig_strv *objects,
                                     struct jig_err *reterr)
{
    if (p->commands_only)
        return JIG_OK;
    JIG_CLEANUP_FREE char *archive = jig_strf("%s/%s/%s.a", p->build_dir, folder, lib->dir_name);
    enum jig_code code = jig_runner_wait_all(p->runner, reterr); /* the objects must be there */
    if (code == JIG_OK)
        code = jig_plan_archive(p, archive, objects, "archive", reterr);
    if (code == JIG_OK)
        jig_strv_append(&p->library_objects, archive);
    return code;
}

/* library.json's build.flags, which count for the library's own files. */
static enum jig_code library_flags(struct jig_plan *p, const struct jig_library *lib,
                                   struct jig_flags *ret, struct jig_err *reterr)
{
    if (lib->flags == NULL)
        return JIG_OK;
    struct jig_strv items = {0};
    JIG_CLEANUP_FREE char *what = jig_strf("build.flags in %s/library.json", lib->path);
    struct jig_flags_context context = {.root = lib->path, .what = what};
    jig_strv_append(&items, lib->flags);
    enum jig_code code = jig_flags_parse(&items, &context, ret, &p->result->notices, reterr);
    jig_strv_release(&items);
    return code;
}

/* Where a library's objects go. Libraries of several places may have folders of one name. */
static char *library_folder(const struct jig_plan *p, const struct jig_used_library *used)
{
    const char *name = used->lib->dir_name;
    size_t same = 0;
    for (const struct jig_used_library *u = p->libraries; u != used; u++)
        same += strcmp(u->lib->dir_name, name) == 0;
    return same == 0 ? jig_strf("libraries/%s", name)
                     : jig_strf("libraries/%s@%zu", name, same + 1);
}

static enum jig_code compile_library(struct jig_plan *p, const struct jig_used_library *used,
                                     struct jig_err *reterr)
{
    const struct jig_library *lib = used->lib;
    struct jig_strv objects = {0};
    struct jig_sources sources = {0};
    enum jig_code code = JIG_OK;
    if (used->precompiled.dir == NULL || used->precompiled.sources_too)
        code = jig_library_sources(lib, true, p->log, &sources, reterr);
    JIG_CLEANUP_FREE char *folder = library_folder(p, used);
    struct jig_flags flags = {0};
    if (code == JIG_OK)
        code = library_flags(p, lib, &flags, reterr);
    struct jig_compile common = {.utility_dir = lib->utility_dir,
                                 .utility_twin = lib->twin_utility_dir,
                                 .own_flags = &flags,
                                 .scope = JIG_SCOPE_LIBRARY};
    if (code == JIG_OK)
        code = compile_list(p, &sources, folder, &common, lib->dir_name, &objects, reterr);
    jig_flags_release(&flags);
    if (code == JIG_OK && lib->dot_a_linkage && objects.n > 0)
        code = archive_library(p, lib, folder, &objects, reterr);
    else if (code == JIG_OK)
        jig_strv_extend(&p->library_objects, &objects);
    if (code == JIG_OK)
        jig_strv_extend(&p->library_objects, &used->precompiled.objects);
    jig_sources_release(&sources);
    jig_strv_release(&objects);
    return code;
}

enum jig_code jig_plan_compile_libraries(struct jig_plan *p, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < p->library_count; i++)
        code = compile_library(p, &p->libraries[i], reterr);
    return code;
}

static struct jig_compile own_compile(const struct jig_plan *p, size_t index)
{
    return (struct jig_compile){.source = p->own_sources.v[index],
                                .object = p->own_objects.v[index],
                                .scope = JIG_SCOPE_PROJECT,
                                .step = p->own_steps.v[index]};
}

enum jig_code jig_plan_compile_own(struct jig_plan *p, struct jig_err *reterr)
{
    enum jig_code code = jig_plan_archive_core_early(p, reterr);
    for (size_t i = 0; code == JIG_OK && i < p->own_sources.n; i++) {
        struct jig_compile c = own_compile(p, i);
        code = jig_plan_compile(p, &c, reterr);
    }
    return code;
}

enum jig_code jig_plan_own_action(const struct jig_plan *p, size_t index, struct jig_action **ret,
                                  struct jig_err *reterr)
{
    struct jig_compile c = own_compile(p, index);
    enum jig_code code = compile_action(p, &c, ret, reterr);
    if (code == JIG_OK)
        complete(p, &c, *ret);
    return code;
}

bool jig_plan_guess_compile(struct jig_plan *p, size_t index)
{
    struct jig_action *a = NULL;
    if (jig_plan_own_action(p, index, &a, NULL) != JIG_OK)
        return false;
    jig_plan_fresh_copies(p, &a->known);
    return jig_runner_guess(p->runner, a, false, p->same);
}
