/*
 * guess.c - the compile of the generated file, begun before it is certain what that is.
 *
 * The generated file waits for the preprocessor and for ctags, and its compile for all libraries.
 * Nearly always the three say what could be told by a look at the tabs. So the likely text is put
 * in place and compiled at once, while they find out. When the text or the include path turns out
 * to be another, the runner drops the run: a guess decides when things happen, never what comes of
 * them.
 *
 * The text is guessed by jig_preprocess_guess (not again for a sketch that it failed at last time),
 * the include path is the last build's, or what the tabs' #include lines lead to.
 */
#include <string.h>

#include "core/arduino/recipe.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/plan.h"
#include "core/os/fs.h"

#define LIBRARIES_NAME "#libraries"

/* ---- the include path ---- */

void jig_plan_remember_libraries(struct jig_plan *p)
{
    const struct jig_trace *last = jig_record_get(p->record, LIBRARIES_NAME);
    JIG_CLEANUP_FREE char *folders = jig_strv_join(&p->lib_includes, "\n");
    if (p->generated == NULL || (last != NULL && strcmp(last->output, folders) == 0))
        return;
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = jig_xstrdup(LIBRARIES_NAME);
    t->errors = jig_xstrdup("");
    t->output = jig_steal(&folders);
    jig_record_put_take(p->record, t);
}

/* The name in an #include line, or NULL. The caller frees. */
static char *included(const char *line)
{
    static const char word[] = "include";
    line += strspn(line, " \t");
    if (*line++ != '#')
        return NULL;
    line += strspn(line, " \t");
    if (!jig_str_starts(line, word))
        return NULL;
    line += strlen(word);
    line += strspn(line, " \t");
    const char *close = *line == '<' ? ">\n" : "\"\n";
    size_t n = *line == '<' || *line == '"' ? strcspn(line + 1, close) : 0;
    return n > 0 && line[1 + n] == close[0] ? jig_xstrndup(line + 1, n) : NULL;
}

static bool has_header(const struct jig_strv *folders, const char *name)
{
    for (size_t i = 0; i < folders->n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(folders->v[i], name);
        if (jig_fs_is_file(path))
            return true;
    }
    return false;
}

/* The libraries that have the headers which the tabs name and nobody else has. */
static void look_for_libraries(const struct jig_plan *p, struct jig_strv *out)
{
    struct jig_strv others = {0};
    jig_strv_append_take(&others, jig_path_dir(p->generated));
    jig_strv_extend(&others, &p->front_includes);
    jig_strv_extend(&others, &p->core_includes);
    for (const char *line = p->merged->text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        JIG_CLEANUP_FREE char *name = included(line);
        if (name == NULL || has_header(&others, name) || has_header(out, name))
            continue;
        struct jig_library_match m =
            jig_libindex_find(p->request->libraries, name, p->request->board->fqbn.arch);
        if (m.best != NULL)
            jig_library_include_dirs(m.best, out);
    }
    jig_strv_release(&others);
}

static void guess_libraries(const struct jig_plan *p, struct jig_strv *out)
{
    const struct jig_trace *last = jig_record_get(p->record, LIBRARIES_NAME);
    if (last != NULL)
        jig_str_split(last->output, "\n", false, out);
    else
        look_for_libraries(p, out);
}

/* ---- the text ---- */

char *jig_plan_guess_text(const struct jig_plan *p)
{
    struct jig_buf text;
    jig_buf_init(&text, JIG_MERGED_MAX);
    char *guess =
        jig_preprocess_guess(p->merged, &text, NULL) == JIG_OK ? jig_buf_steal(&text) : NULL;
    jig_buf_release(&text);
    return guess;
}

/* Leaves the likely text in its place. False when there is none. */
static bool put_text(struct jig_plan *p)
{
    if (!p->merged_is_new && jig_fs_is_file(p->generated))
        return true;
    if (!jig_plan_guesses_well(p))
        return false;
    p->guessed = jig_plan_guess_text(p);
    return p->guessed != NULL &&
           jig_plan_put_file(p, p->generated, p->guessed, strlen(p->guessed), NULL) == JIG_OK;
}

/* A hook that comes before the compile may change what is compiled. */
static bool has_hook(const struct jig_plan *p)
{
    struct jig_strv hooks = {0};
    jig_recipe_find(p->props, "recipe.hooks.sketch.prebuild", &hooks);
    bool any = hooks.n > 0;
    jig_strv_release(&hooks);
    return any;
}

static void guess_compile(struct jig_plan *p)
{
    if (has_hook(p) || !put_text(p))
        return;
    for (size_t i = 0; i < p->own_sources.n; i++) {
        if (jig_streq(p->own_sources.v[i], p->generated))
            jig_plan_guess_compile(p, i);
    }
}

bool jig_plan_begin_compile(struct jig_plan *p, size_t index)
{
    return !p->request->look_only && !has_hook(p) && jig_plan_guess_compile(p, index);
}

void jig_plan_guess(struct jig_plan *p)
{
    if (p->same && !p->request->look_only)
        jig_plan_begin_changed(p);
    if (p->generated == NULL || p->request->look_only)
        return;
    guess_libraries(p, &p->lib_includes); /* none is there yet */
    bool plain = p->lib_includes.n == 0;
    guess_compile(p);
    jig_strv_clear(&p->lib_includes);
    if (plain) /* else discovery gets there step by step */
        jig_plan_begin_preprocess(p);
}
