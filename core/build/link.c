#include <string.h>

#include "core/arduino/recipe.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/plan.h"
#include "core/build/pulled.h"
#include "core/build/words.h"
#include "core/os/fs.h"

#define PLACEHOLDER "{jig objects}"

/* The words below the build folder that are named after the project: what a recipe leaves, unless
 * an earlier one left it (`made`). True when there was one of those. */
static bool find_outputs(const struct jig_plan *p, struct jig_action *a, bool is_link,
                         const struct jig_strv *made)
{
    bool reads_made = false;
    JIG_CLEANUP_FREE char *prefix = jig_strf("%s/%s.", p->build_dir, p->project_name);
    for (size_t i = 1; i < a->argv.n; i++) {
        bool is_elf = jig_str_ends(a->argv.v[i], ".elf");
        if (!jig_str_starts(a->argv.v[i], prefix) || is_elf != is_link)
            continue;
        if (made != NULL && jig_strv_contains(made, a->argv.v[i]))
            reads_made = true;
        else
            jig_strv_add_unique(&a->outputs, a->argv.v[i]);
    }
    a->always = a->outputs.n == 0; /* nobody can say what it left */
    return reads_made;
}

static enum jig_code run(struct jig_plan *p, struct jig_action *a, struct jig_job **ret,
                         struct jig_err *reterr)
{
    struct jig_job *job = NULL;
    enum jig_code code = jig_runner_submit(p->runner, a, &job, reterr);
    if (code == JIG_OK)
        code = jig_runner_wait(p->runner, job, reterr);
    if (code == JIG_OK && ret != NULL)
        *ret = job;
    return code;
}

/* The specification archives one object a run; all at once gives the same members in less time. */
enum jig_code jig_plan_archive(struct jig_plan *p, const char *archive,
                               const struct jig_strv *objects, const char *phase,
                               struct jig_err *reterr)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *extra = jig_props_new();
    JIG_CLEANUP_FREE char *relative = jig_build_relative(p->build_dir, archive);
    JIG_CLEANUP_FREE char *step = jig_strf("archive %s", relative + strlen("{build}/"));
    const struct jig_trace *held = jig_plan_held(p, archive);
    if (held != NULL)
        return jig_runner_submit_held(p->runner, phase, step, archive, held, reterr);
    jig_props_set_literal(extra, "archive_file", relative + strlen("{build}/"));
    jig_props_set_literal(extra, "archive_file_path", archive);
    jig_props_set_literal(extra, "object_file", PLACEHOLDER);
    struct jig_action *a = NULL;
    enum jig_code code =
        jig_plan_recipe(p, "recipe.ar.pattern", extra, false, phase, step, &a, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_strv argv = {0};
    for (size_t i = 0; i < a->argv.n; i++) {
        if (strcmp(a->argv.v[i], PLACEHOLDER) == 0)
            jig_strv_extend(&argv, objects);
        else
            jig_strv_append(&argv, a->argv.v[i]);
    }
    jig_strv_release(&a->argv);
    a->argv = argv;
    jig_strv_append(&a->outputs, archive);
    jig_strv_extend(&a->inputs, objects);
    a->shareable = true; /* it is what its objects are, whoever's folder they are in */
    return run(p, a, NULL, reterr);
}

static char *core_archive(const struct jig_plan *p)
{
    return jig_path_join(p->build_dir, "core/core.a");
}

enum jig_code jig_plan_archive_core(struct jig_plan *p, struct jig_err *reterr)
{
    if (p->core_is_archived)
        return JIG_OK;
    JIG_CLEANUP_FREE char *archive = core_archive(p);
    if (p->core_objects.n == 0) /* a board without a core still has an archive to link */
        return jig_plan_put_file(p, archive, "!<arch>\n", 8, reterr);
    return jig_plan_archive(p, archive, &p->core_objects, "archive", reterr);
}

enum jig_code jig_plan_archive_core_early(struct jig_plan *p, struct jig_err *reterr)
{
    struct jig_strv hooks = {0};
    jig_recipe_find(p->props, "recipe.hooks.sketch.", &hooks);
    jig_recipe_find(p->props, "recipe.hooks.libraries.", &hooks);
    bool early = hooks.n == 0 && !p->commands_only && !jig_runner_is_busy(p->runner);
    jig_strv_release(&hooks);
    if (!early)
        return JIG_OK;
    enum jig_code code = jig_plan_archive_core(p, reterr);
    p->core_is_archived = code == JIG_OK;
    return code;
}

static void add_precompiled_flags(const struct jig_plan *p)
{
    if (!jig_props_has(p->props, "compiler.libraries.ldflags"))
        return;
    for (size_t i = 0; i < p->library_count; i++)
        jig_recipe_append_words(p->props, "compiler.libraries.ldflags",
                                &p->libraries[i].precompiled.ldflags);
}

/* PlatformIO's name for the linker's -T: a file of the project, or one that the linker finds. */
static void add_script(const struct jig_plan *p, struct jig_strv *argv)
{
    const struct jig_build_request *q = p->request;
    const char *script =
        p->is_sketch ? NULL : jig_environment_string(q->environment, "board_build.ldscript");
    if (script == NULL || script[0] == '\0')
        return;
    jig_strv_append(argv, "-T");
    jig_strv_append_take(argv, jig_environment_expand(q->project, q->environment, NULL, script));
}

/* The project's own linker flags go behind the recipe's, libraries last. */
static void add_link_flags(const struct jig_plan *p, struct jig_strv *argv)
{
    for (size_t i = argv->n; i > 1; i--) {
        if (jig_flags_match(&p->unflags, argv->v[i - 1]))
            jig_strv_remove(argv, i - 1);
    }
    size_t own = argv->n;
    add_script(p, argv);
    jig_flags_link_words(&p->flags, argv);
    jig_flags_library_words(&p->flags, argv);
    jig_pulled_link_words(p->request, argv, own);
}

static void linked_objects(const struct jig_plan *p, struct jig_strv *out)
{
    jig_strv_extend(out, &p->own_objects);
    jig_strv_extend(out, &p->embedded_objects);
    jig_strv_extend(out, &p->library_objects);
    jig_strv_extend(out, &p->variant_objects);
}

static enum jig_code link_action(struct jig_plan *p, struct jig_action **ret,
                                 struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *archive = core_archive(p);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *extra = jig_props_new();
    struct jig_strv objects = {0};
    linked_objects(p, &objects);
    jig_props_set_literal(extra, "archive_file", "core/core.a");
    jig_props_set_literal(extra, "archive_file_path", archive);
    jig_recipe_set_words(extra, "object_files", "", &objects);
    jig_strv_release(&objects);
    JIG_CLEANUP_FREE char *step = jig_strf("link %s.elf", p->project_name);
    enum jig_code code =
        jig_plan_recipe(p, "recipe.c.combine.pattern", extra, false, "link", step, ret, reterr);
    if (code != JIG_OK)
        return code;
    add_link_flags(p, &(*ret)->argv);
    if (jig_tool_is_driver((*ret)->argv.v[0])) { /* libc and the like: nothing else names them */
        jig_strv_append(&(*ret)->argv, "-Wl,-t");
        (*ret)->lists_inputs = true;
    }
    return JIG_OK;
}

/* A linker knows what the chip has; its bootloader has a part of that. */
static void add_room_hint(const struct jig_plan *p, struct jig_err *err)
{
    const char *flash = jig_props_get_or(p->props, "upload.maximum_size", "?");
    const char *ram = jig_props_get_or(p->props, "upload.maximum_data_size", "?");
    if (err == NULL || (strstr(err->message, "overflowed") == NULL &&
                        strstr(err->message, "not within region") == NULL))
        return;
    jig_err_hint(err,
                 "%s has %s bytes of flash for a program and %s bytes of RAM; leave something out, "
                 "or take a board with more",
                 p->request->board->fqbn_text, flash, ram);
}

enum jig_code jig_plan_link(struct jig_plan *p, struct jig_err *reterr)
{
    enum jig_code code = jig_plan_hooks(p, "recipe.hooks.linking.prelink", reterr);
    if (code != JIG_OK)
        return code;
    add_precompiled_flags(p);
    struct jig_action *a = NULL;
    code = link_action(p, &a, reterr);
    if (code != JIG_OK)
        return code;
    find_outputs(p, a, true, NULL);
    linked_objects(p, &a->inputs); /* these are there: only the other words are looked at */
    jig_words_files(&a->argv, &a->outputs, &a->inputs);
    code = run(p, a, NULL, reterr);
    if (code != JIG_OK)
        add_room_hint(p, reterr);
    return code == JIG_OK ? jig_plan_hooks(p, "recipe.hooks.linking.postlink", reterr) : code;
}

/* Remembers a file that the build left for its user. */
static enum jig_code add_artifact(struct jig_plan *p, const char *path, struct jig_err *reterr)
{
    struct jig_build_result *r = p->result;
    struct jig_file_content content;
    enum jig_code code = jig_files_look(p->files, path, &content, reterr);
    if (code != JIG_OK)
        return code;
    r->artifacts =
        jig_grow(r->artifacts, &r->artifact_cap, r->artifact_count, sizeof *r->artifacts);
    r->artifacts[r->artifact_count++] =
        (struct jig_artifact){.kind = jig_xstrdup(jig_path_ext(path) + 1),
                              .path = jig_xstrdup(path),
                              .size_bytes = content.stamp.size,
                              .sha256 = content.sha256};
    return JIG_OK;
}

static enum jig_code convert_one(struct jig_plan *p, const char *key, struct jig_strv *made,
                                 struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *step = jig_strf("convert %s (%s)", p->project_name, key);
    struct jig_action *a = NULL;
    enum jig_code code = jig_plan_recipe(p, key, NULL, false, "convert", step, &a, reterr);
    if (code != JIG_OK)
        return code;
    if (find_outputs(p, a, false, made))
        code = jig_runner_wait_all(p->runner, reterr); /* it is to be there */
    if (code != JIG_OK) {
        jig_action_free(a);
        return code;
    }
    jig_words_files(&a->argv, &a->outputs, &a->inputs);
    jig_strv_extend(made, &a->outputs);
    return jig_runner_submit(p->runner, a, NULL, reterr);
}

static enum jig_code measure_action(const struct jig_plan *p, struct jig_action **ret,
                                    struct jig_err *reterr)
{
    enum jig_code code = jig_plan_recipe(p, "recipe.size.pattern", NULL, false, "size",
                                         "measure the program", ret, reterr);
    if (code != JIG_OK)
        return code;
    (*ret)->name = jig_xstrdup("#size");
    jig_words_files(&(*ret)->argv, &(*ret)->outputs, &(*ret)->inputs);
    return JIG_OK;
}

/* The program is there: it can be measured beside its conversions, unless a hook changes it. */
static void guess_measure(struct jig_plan *p)
{
    struct jig_action *a = NULL;
    if (jig_recipe_has(p->props, "recipe.size.pattern") && measure_action(p, &a, NULL) == JIG_OK)
        jig_runner_guess(p->runner, a, false, false);
}

enum jig_code jig_plan_convert(struct jig_plan *p, struct jig_err *reterr)
{
    struct jig_strv keys = {0};
    struct jig_strv made = {0};
    jig_strv_append_take(&made, jig_strf("%s/%s.elf", p->build_dir, p->project_name));
    enum jig_code code = jig_plan_hooks(p, "recipe.hooks.objcopy.preobjcopy", reterr);
    jig_recipe_find(p->props, "recipe.objcopy.", &keys);
    if (code == JIG_OK)
        guess_measure(p);
    for (size_t i = 0; code == JIG_OK && i < keys.n; i++)
        code = convert_one(p, keys.v[i], &made, reterr);
    if (code == JIG_OK)
        code = jig_runner_wait_all(p->runner, reterr);
    if (code == JIG_OK)
        code = jig_plan_hooks(p, "recipe.hooks.objcopy.postobjcopy", reterr);
    for (size_t i = 0; code == JIG_OK && i < made.n; i++)
        code = add_artifact(p, made.v[i], reterr);
    jig_strv_release(&keys);
    jig_strv_release(&made);
    return code;
}

enum jig_code jig_plan_measure(struct jig_plan *p, struct jig_err *reterr)
{
    struct jig_size *size = &p->result->size;
    *size = (struct jig_size){.flash_bytes = -1, .ram_bytes = -1, .eeprom_bytes = -1};
    if (!jig_recipe_has(p->props, "recipe.size.pattern"))
        return JIG_OK;
    struct jig_action *a = NULL;
    struct jig_job *job = NULL;
    enum jig_code code = measure_action(p, &a, reterr);
    if (code == JIG_OK)
        code = run(p, a, &job, reterr);
    if (code == JIG_OK)
        code = jig_size_read(p->props, jig_job_output(job), size, reterr);
    if (code == JIG_OK)
        code = jig_size_check(size, p->request->board->fqbn_text, reterr);
    return code;
}
