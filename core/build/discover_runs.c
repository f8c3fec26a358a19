/*
 * discover_runs.c - the runs that discovery looks at (discover.c): the preprocessor's over a
 * source, and the compile's.
 */
#include <string.h>

#include "core/arduino/recipe.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/discover_impl.h"
#include "core/build/pulled.h"
#include "core/build/words.h"

/* What a preprocessor run over a source leaves. */
char *jig_discovery_scratch(const struct jig_plan *p, const char *source, const char *extension)
{
    char hex[JIG_SHA256_HEX];
    JIG_CLEANUP_FREE char *name = jig_build_relative(p->build_dir, source);
    struct jig_digest d = jig_sha256_of(name, strlen(name));
    jig_digest_hex(&d, hex);
    return jig_strf("%s/preproc/%.16s%s", p->build_dir, hex, extension);
}

/* Libraries that joined after the merged tabs were looked at make another include path, and so
 * another action: with files of its own, or the two would undo each other in every build. */
static bool is_path_longer(const struct jig_plan *p)
{
    return p->lib_includes.n != p->merged_includes;
}

char *jig_plan_preprocessed_path(const struct jig_plan *p)
{
    JIG_CLEANUP_FREE char *merged = jig_plan_merged_path(p);
    return jig_discovery_scratch(p, merged, is_path_longer(p) ? ".all.ii" : ".ii");
}

/* The run over a source that says which headers it wants. Over the merged tabs it keeps the text;
 * `all`: that is wanted with all libraries. */
enum jig_code jig_discovery_preprocess(struct jig_plan *p, const struct jig_discovery_source *w,
                                       bool all, struct jig_action **ret, struct jig_err *reterr)
{
    const char *source = w->source;
    JIG_CLEANUP_FREE char *merged = p->generated != NULL ? jig_plan_merged_path(p) : NULL;
    bool is_merged = jig_streq(merged, source);
    bool again = all && is_path_longer(p);
    JIG_CLEANUP_FREE char *text = is_merged
                                      ? jig_discovery_scratch(p, source, again ? ".all.ii" : ".ii")
                                      : jig_xstrdup("/dev/null");
    JIG_CLEANUP_FREE char *depfile = jig_discovery_scratch(p, source, again ? ".all.d" : ".d");
    struct jig_strv includes = {0};
    jig_plan_includes(p, JIG_SCOPE_PROJECT, &includes);
    if (w->lib != NULL && w->lib->utility_dir != NULL)
        jig_strv_append(&includes, w->lib->utility_dir);
    if (w->lib != NULL && w->lib->twin_utility_dir != NULL)
        jig_strv_append(&includes, w->lib->twin_utility_dir);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *extra = jig_props_new();
    jig_recipe_set_words(extra, "includes", "-I", &includes);
    jig_strv_release(&includes);
    jig_props_set_literal(extra, "source_file", source);
    jig_props_set_literal(extra, "preprocessed_file_path", text);
    jig_props_set(extra, "build.library_discovery_phase", "1");
    JIG_CLEANUP_FREE char *step =
        jig_strf("%s %s", again ? "preprocess" : "find the includes of",
                 is_merged ? p->sketch->main_name : jig_path_base(source));
    struct jig_action *a = NULL;
    enum jig_code code =
        jig_plan_recipe(p, "recipe.preproc.macros", extra, true, "discover", step, &a, reterr);
    if (code != JIG_OK)
        return code;
    jig_plan_apply_flags(p, source, JIG_SCOPE_PROJECT, &a->argv);
    jig_pulled_quote_words(p->request, source, &a->argv);
    if (jig_plan_ask_for_depfile(&a->argv, depfile))
        a->depfile = jig_xstrdup(depfile);
    else
        a->always = true;
    jig_strv_append(&a->outputs, depfile);
    if (is_merged) {
        jig_strv_append(&a->outputs, text);
        jig_plan_fresh_copies(p, &a->known);
    }
    jig_strv_append(&a->inputs, source);
    if (w->own > 0) /* while that holds, this need not run */
        a->like = jig_build_relative(p->build_dir, p->own_objects.v[w->own - 1]);
    *ret = a;
    return JIG_OK;
}

enum jig_code jig_plan_preprocess(struct jig_plan *p, int *ret_status, struct jig_err *reterr)
{
    struct jig_action *a = NULL;
    struct jig_job *job = NULL;
    JIG_CLEANUP_FREE char *merged = jig_plan_merged_path(p);
    struct jig_discovery_source w = {.source = merged};
    enum jig_code code = jig_discovery_preprocess(p, &w, true, &a, reterr);
    return code == JIG_OK ? jig_runner_ask(p->runner, a, &job, ret_status, reterr) : code;
}

void jig_plan_begin_preprocess(struct jig_plan *p)
{
    struct jig_action *a = NULL;
    JIG_CLEANUP_FREE char *merged = jig_plan_merged_path(p);
    struct jig_discovery_source w = {.source = merged};
    if (jig_discovery_preprocess(p, &w, false, &a, NULL) == JIG_OK)
        jig_runner_guess(p->runner, a, true, true);
}

bool jig_discovery_is_cxx(const char *source)
{
    const char *ext = jig_path_ext(source);
    return strcmp(ext, ".c") != 0 && strcmp(ext, ".S") != 0;
}

bool jig_discovery_make_runs(struct jig_plan *p, const struct jig_discovery_source *w,
                             struct jig_discovery_runs *ret)
{
    *ret = (struct jig_discovery_runs){0};
    if (w->own == 0 || jig_discovery_preprocess(p, w, false, &ret->preprocess, NULL) != JIG_OK ||
        jig_plan_own_action(p, w->own - 1, &ret->compile, NULL) != JIG_OK)
        return false;
    ret->alike = jig_discovery_is_cxx(w->source) && !ret->preprocess->always &&
                 !ret->compile->always &&
                 jig_words_preprocess_alike(&ret->preprocess->argv, &ret->compile->argv);
    return true;
}

void jig_discovery_runs_release(struct jig_discovery_runs *r)
{
    jig_action_free(r->preprocess);
    jig_action_free(r->compile);
}
