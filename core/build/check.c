#include "core/build/check.h"

#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/shadow.h"
#include "core/os/fs.h"

#define MOST_WORDS_SHOWN 3

/* A path as people know it: below the project, below the build folder, or whole. */
static char *display(const char *path, const char *project_dir)
{
    size_t n = project_dir != NULL ? strlen(project_dir) : 0;
    if (jig_str_starts(path, "{build}/"))
        return jig_xstrdup(path + strlen("{build}/"));
    if (n > 0 && strncmp(path, project_dir, n) == 0 && path[n] == '/')
        return jig_xstrdup(path + n + 1);
    return jig_xstrdup(path);
}

/* The words of `from` that are not in `other`, up to a few. */
static void words_only_in(const struct jig_strv *from, const struct jig_strv *other,
                          struct jig_strv *out)
{
    struct jig_map there;
    jig_map_init(&there, NULL);
    for (size_t i = 0; i < other->n; i++)
        jig_map_set(&there, other->v[i], out);
    for (size_t i = 0; i < from->n && out->n < MOST_WORDS_SHOWN; i++) {
        if (!jig_map_has(&there, from->v[i]))
            jig_strv_append(out, from->v[i]);
    }
    jig_map_release(&there);
}

static char *explain_command(const struct jig_trace *t, const struct jig_action *a,
                             const char *build_dir)
{
    struct jig_strv now = {0};
    struct jig_strv gone = {0};
    struct jig_strv fresh = {0};
    for (size_t i = 0; i < a->argv.n; i++)
        jig_strv_append_take(&now, jig_build_relative(build_dir, a->argv.v[i]));
    words_only_in(&t->argv, &now, &gone);
    words_only_in(&now, &t->argv, &fresh);
    JIG_CLEANUP_FREE char *before = jig_strv_join(&gone, " ");
    JIG_CLEANUP_FREE char *after = jig_strv_join(&fresh, " ");
    char *text;
    if (gone.n > 0 && fresh.n > 0)
        text = jig_strf("the command line changed: %s became %s", before, after);
    else if (gone.n > 0)
        text = jig_strf("the command line changed: %s is gone", before);
    else if (fresh.n > 0)
        text = jig_strf("the command line changed: %s is new", after);
    else
        text = jig_xstrdup("the command line changed: its words are in another order");
    jig_strv_release(&now);
    jig_strv_release(&gone);
    jig_strv_release(&fresh);
    return text;
}

static char *check_file(const struct jig_check *c, const struct jig_trace_file *f, bool is_output)
{
    JIG_CLEANUP_FREE char *path = jig_build_absolute(c->build_dir, f->path);
    struct jig_file_content now;
    enum jig_code code = jig_files_look(c->files, path, &now, NULL);
    if (code == JIG_OK && jig_digest_equal(&now.sha256, &f->sha256))
        return NULL;
    JIG_CLEANUP_FREE char *name = display(f->path, c->project_dir);
    if (is_output)
        return jig_strf("%s was changed or removed", name);
    return jig_strf(code == JIG_OK ? "%s changed" : "%s is gone", name);
}

static char *check_shadows(const struct jig_check *c, struct jig_trace *t, bool *ret_updated)
{
    JIG_CLEANUP_FREE char *path = jig_shadow_find(c->shadow, t, ret_updated);
    if (path == NULL)
        return NULL;
    JIG_CLEANUP_FREE char *relative = jig_build_relative(c->build_dir, path);
    JIG_CLEANUP_FREE char *name = display(relative, c->project_dir);
    return jig_strf(jig_fs_is_file(path) ? "%s is new and would be found first"
                                         : "%s is gone, and __has_include asks for it",
                    name);
}

/* A file that the command reads now and did not read then: a library that appeared, a file that a
 * word names and that was not there. */
static char *check_new_inputs(const struct jig_check *c, const struct jig_trace *t)
{
    for (size_t i = 0; i < c->action->inputs.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_build_relative(c->build_dir, c->action->inputs.v[i]);
        if (jig_trace_input(t, path) != NULL)
            continue;
        JIG_CLEANUP_FREE char *name = display(path, c->project_dir);
        return jig_strf("%s is new", name);
    }
    return NULL;
}

static char *check_inputs(const struct jig_check *c, const struct jig_trace *t)
{
    char *why = NULL;
    for (size_t i = 0; why == NULL && i < t->input_count; i++)
        why = check_file(c, &t->inputs[i], false);
    return why;
}

static char *check_outputs(const struct jig_check *c, const struct jig_trace *t)
{
    char *why = NULL;
    for (size_t i = 0; why == NULL && i < t->output_count; i++)
        why = check_file(c, &t->outputs[i], true);
    return why;
}

/* The same, of what changed alone. */
static char *check_changed(const struct jig_check *c, const struct jig_trace *t,
                           const struct jig_strv *changed)
{
    char *why = NULL;
    for (size_t k = 0; why == NULL && k < changed->n; k++) {
        const struct jig_trace_file *input = jig_trace_input(t, changed->v[k]);
        if (input != NULL)
            why = check_file(c, input, false);
        for (size_t i = 0; why == NULL && i < t->output_count; i++) {
            if (strcmp(t->outputs[i].path, changed->v[k]) == 0)
                why = check_file(c, &t->outputs[i], true);
        }
    }
    return why;
}

char *jig_check_first_run(const struct jig_check *c, struct jig_trace *like)
{
    if (like == NULL)
        return jig_xstrdup("never built");
    const struct jig_strv *changed = jig_vouch_changed(c->vouch, like);
    char *why = changed != NULL ? check_changed(c, like, changed) : check_inputs(c, like);
    if (why == NULL && changed == NULL)
        why = check_outputs(c, like);
    return why != NULL ? why : jig_xstrdup("it was not needed until now");
}

char *jig_check_trace(const struct jig_check *c, struct jig_trace *t, bool *ret_updated)
{
    *ret_updated = false;
    if (t == NULL)
        return jig_check_first_run(c, NULL);
    if (!jig_digest_equal(&t->command, &c->command)) {
        if (!jig_digest_equal(&t->tool, &c->tool))
            return jig_strf("the tool %s changed", jig_path_base(c->action->argv.v[0]));
        return explain_command(t, c->action, c->build_dir);
    }
    if (t->opaque)
        return jig_xstrdup("it reads files that no dependency file names (.incbin or .include)");
    const struct jig_strv *changed = jig_vouch_changed(c->vouch, t);
    char *why = changed != NULL ? check_changed(c, t, changed) : check_inputs(c, t);
    if (why == NULL)
        why = check_new_inputs(c, t);
    if (why == NULL && changed == NULL)
        why = check_outputs(c, t);
    if (why == NULL)
        why = check_shadows(c, t, ret_updated);
    if (why == NULL)
        jig_vouch_prepare(c->build_dir, t);
    return why;
}

bool jig_check_command(const struct jig_check *c, const struct jig_trace *t)
{
    if (t == NULL || t->opaque || !jig_digest_equal(&t->command, &c->command))
        return false;
    JIG_CLEANUP_FREE char *fresh = check_new_inputs(c, t);
    return fresh == NULL;
}

bool jig_check_outputs(const struct jig_check *c, const struct jig_trace *t)
{
    JIG_CLEANUP_FREE char *why = check_outputs(c, t);
    return why == NULL;
}
