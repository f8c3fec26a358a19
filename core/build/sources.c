/*
 * sources.c - what is compiled of the project itself, and what has to be made for that.
 *
 * A sketch is compiled from copies in the build folder, each of which begins with a #line to its
 * original, as arduino-cli does: so "tab.h" is found beside the tabs, and nothing outside the
 * sketch by accident. A PlatformIO project is compiled in place; only its .ino files become one
 * .cpp.
 */
#include <string.h>

#include "core/arduino/ctags.h"
#include "core/arduino/preprocess.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/plan.h"
#include "core/build/pulled.h"
#include "core/config/src_filter.h"
#include "core/os/fs.h"

#define PROTOTYPES_NAME    "#prototypes"
#define PROTOTYPES_VERSION "prototypes 2"
#define BADLY_GUESSED      "not as guessed"

char *jig_plan_merged_path(const struct jig_plan *p)
{
    /* "x.ino.cpp" -> "x.ino.merged.cpp": beside it, so that "" includes find the same files */
    size_t n = strlen(p->generated) - strlen(".cpp");
    return jig_strf("%.*s.merged.cpp", (int)n, p->generated);
}

/* Each ".." of a name becomes "up": an object stays in its own build folder, wherever its source
 * is.
 */
static char *downwards(const char *relative)
{
    struct jig_strv parts = {0};
    jig_str_split(relative, "/", false, &parts);
    for (size_t i = 0; i < parts.n; i++) {
        if (strcmp(parts.v[i], "..") == 0) {
            free(parts.v[i]);
            parts.v[i] = jig_xstrdup("up");
        }
    }
    char *joined = jig_strv_join(&parts, "/");
    jig_strv_release(&parts);
    return joined;
}

static void add_own(struct jig_plan *p, const char *source, const char *object, const char *step)
{
    JIG_CLEANUP_FREE char *below = downwards(object);
    jig_strv_append(&p->own_sources, source);
    jig_strv_append_take(&p->own_objects, jig_strf("%s/%s.o", p->build_dir, below));
    jig_strv_append(&p->own_steps, step);
}

static enum jig_code would_be_made(const char *path, struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "%s would have to be made", path);
}

enum jig_code jig_plan_put_dir(const struct jig_plan *p, const char *dir, struct jig_err *reterr)
{
    if (!p->request->look_only)
        return jig_fs_mkdirs(dir, 0777, reterr);
    return jig_fs_is_dir(dir) ? JIG_OK : would_be_made(dir, reterr);
}

enum jig_code jig_plan_put_file(const struct jig_plan *p, const char *path, const void *data,
                                size_t n, struct jig_err *reterr)
{
    if (!p->request->look_only)
        return jig_fs_write_if_changed(path, data, n, 0644, reterr);
    struct jig_buf there;
    jig_buf_init(&there, n + 1);
    bool same = jig_fs_read(path, &there, NULL) == JIG_OK && there.len == n &&
                (n == 0 || memcmp(there.data, data, n) == 0);
    jig_buf_release(&there);
    return same ? JIG_OK : would_be_made(path, reterr);
}

/* Copies one additional file of the sketch, with its #line. */
static enum jig_code copy_additional(const struct jig_plan *p, const char *relative,
                                     struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *from = jig_sketch_path(p->sketch, relative);
    JIG_CLEANUP_FREE char *to = jig_strf("%s/sketch/%s", p->build_dir, relative);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(to);
    struct jig_buf text;
    jig_buf_init(&text, JIG_MERGED_MAX);
    enum jig_code code = jig_preprocess_additional(from, &text, reterr);
    if (code == JIG_OK)
        code = jig_plan_put_dir(p, dir, reterr);
    if (code == JIG_OK)
        code = jig_plan_put_file(p, to, text.data, text.len, reterr);
    jig_buf_release(&text);
    return code;
}

void jig_plan_fresh_copies(const struct jig_plan *p, struct jig_strv *out)
{
    for (size_t i = 0; p->is_sketch && i < p->sketch->additional.n; i++)
        jig_strv_append_take(out,
                             jig_strf("%s/sketch/%s", p->build_dir, p->sketch->additional.v[i]));
}

struct stale {
    const struct jig_map *wanted;
    struct jig_strv found;
};

static enum jig_walk find_stale(void *ctx, const struct jig_walk_entry *e)
{
    struct stale *s = ctx;
    bool wanted = jig_map_has(s->wanted, e->relative);
    const char *ext = jig_path_ext(e->name);
    bool made_here = strcmp(ext, ".o") == 0 || strcmp(ext, ".d") == 0;
    if (e->is_dir ? wanted : !wanted && !made_here) /* a folder stands where a file is to be */
        jig_strv_append(&s->found, e->path);
    return e->is_dir && !wanted ? JIG_WALK_INTO : JIG_WALK_ON;
}

/* Removes copies of files that the sketch no longer has: an #include must not find them, and a
 * folder of that name may have come. */
static enum jig_code remove_stale(const struct jig_plan *p, const struct jig_map *wanted,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *dir = jig_path_join(p->build_dir, "sketch");
    struct stale s = {.wanted = wanted};
    enum jig_code code = jig_fs_walk(dir, false, find_stale, &s, reterr);
    for (size_t i = 0; code == JIG_OK && i < s.found.n; i++)
        code = jig_fs_remove_tree(s.found.v[i], reterr);
    jig_strv_release(&s.found);
    return code;
}

/* The order of arduino-cli's objects: all of the sketch's root, then all of src/, each bytewise. */
static int by_link_order(const void *va, const void *vb)
{
    const char *a = *(char *const *)va;
    const char *b = *(char *const *)vb;
    bool a_deep = jig_str_starts(a, "src/");
    bool b_deep = jig_str_starts(b, "src/");
    if (a_deep != b_deep)
        return a_deep ? 1 : -1;
    JIG_CLEANUP_FREE char *ao = jig_strf("%s.o", a);
    JIG_CLEANUP_FREE char *bo = jig_strf("%s.o", b);
    return strcmp(ao, bo);
}

static enum jig_code sketch_sources(struct jig_plan *p, struct jig_err *reterr)
{
    struct jig_map wanted;
    struct jig_strv sources = {0};
    jig_map_init(&wanted, NULL);
    JIG_CLEANUP_FREE char *main = jig_strf("%s.cpp", p->sketch->main_name);
    JIG_CLEANUP_FREE char *merged = jig_strf("%s.merged.cpp", p->sketch->main_name);
    jig_map_set(&wanted, main, p);
    jig_map_set(&wanted, merged, p);
    jig_strv_append(&sources, main);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < p->sketch->additional.n; i++) {
        const char *relative = p->sketch->additional.v[i];
        jig_map_set(&wanted, relative, p);
        if (jig_sketch_is_source(relative))
            jig_strv_append(&sources, relative);
    }
    code = remove_stale(p, &wanted, reterr);
    for (size_t i = 0; code == JIG_OK && i < p->sketch->additional.n; i++)
        code = copy_additional(p, p->sketch->additional.v[i], reterr);
    if (sources.n > 1)
        qsort(sources.v, sources.n, sizeof *sources.v, by_link_order);
    for (size_t i = 0; i < sources.n; i++) {
        JIG_CLEANUP_FREE char *copy = jig_strf("%s/sketch/%s", p->build_dir, sources.v[i]);
        JIG_CLEANUP_FREE char *object = jig_strf("sketch/%s", sources.v[i]);
        const char *step = strcmp(sources.v[i], main) == 0 ? p->sketch->main_name : sources.v[i];
        add_own(p, copy, object, step);
    }
    jig_strv_release(&sources);
    jig_map_release(&wanted);
    return code;
}

static bool is_tab(const char *name)
{
    const char *ext = jig_path_ext(name);
    return strcmp(ext, ".ino") == 0 || strcmp(ext, ".pde") == 0;
}

/* Where sources are looked for. */
struct source_places {
    const struct jig_src_filter *filter;
    const char *own;
    const char *twin; /* of those that are pointers only (pulled.h); NULL: there are none */
};

/* Adds the tabs, or all others, sorted. */
static enum jig_code collect_sources(const struct source_places *places, bool tabs,
                                     struct jig_strv *out, struct jig_err *reterr)
{
    static const char *const tab_extensions[] = {"ino", "pde", NULL};
    const char *const *extensions = tabs ? tab_extensions : jig_src_filter_source_extensions();
    struct jig_strv found = {0};
    struct jig_strv pulled = {0};
    enum jig_code code =
        jig_src_filter_collect(places->filter, places->own, extensions, &found, reterr);
    if (code == JIG_OK && places->twin != NULL)
        code = jig_src_filter_collect(places->filter, places->twin, extensions, &pulled, reterr);
    for (size_t i = 0; i < found.n; i++) {
        if (is_tab(found.v[i]) == tabs)
            jig_strv_append(out, found.v[i]);
    }
    for (size_t i = 0; i < pulled.n; i++) {
        JIG_CLEANUP_FREE char *own = jig_path_join(places->own, pulled.v[i]);
        if (is_tab(pulled.v[i]) == tabs && !jig_fs_exists(own))
            jig_strv_append(out, pulled.v[i]);
    }
    if (pulled.n > 0)
        jig_strv_sort(out);
    jig_strv_release(&found);
    jig_strv_release(&pulled);
    return code;
}

/* The files of a PlatformIO project, tabs apart. `twin` may be NULL. */
static enum jig_code filtered_sources(const struct jig_project *project,
                                      const struct jig_environment *env, const char *twin,
                                      struct jig_strv *tabs, struct jig_strv *sources,
                                      struct jig_err *reterr)
{
    const char *src_dir = jig_project_string(project, "src_dir");
    const struct jig_option *option = jig_environment_option(env, "build_src_filter");
    JIG_CLEANUP_FREE char *text =
        option != NULL ? jig_strv_join(jig_option_list(option), " ") : jig_xstrdup("");
    struct jig_src_filter *filter = jig_src_filter_new(text);
    const struct source_places places = {.filter = filter, .own = src_dir, .twin = twin};
    enum jig_code code = collect_sources(&places, true, tabs, reterr);
    if (code == JIG_OK)
        code = collect_sources(&places, false, sources, reterr);
    jig_src_filter_free(filter);
    if (code == JIG_OK && tabs->n == 0 && sources->n == 0) {
        code = jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                              "there is nothing to build for environment '%s' in %s", env->name,
                              src_dir);
        jig_err_hint(reterr, "put sources into src/, or name their folder with src_dir in "
                             "[platformio]");
    }
    return code;
}

/* The lists of the last look, or this one's for the next build. A project with tabs is looked at
 * each time: they are read. */
static bool take_known_sources(struct jig_plan *p)
{
    struct jig_strv *lists[] = {&p->own_sources, &p->own_objects, &p->own_steps};
    for (size_t i = 0; p->same && i < JIG_COUNT(lists); i++)
        jig_strv_extend(lists[i], &p->record->own[i]);
    return p->own_sources.n > 0;
}

static void keep_sources(const struct jig_plan *p)
{
    const struct jig_strv *lists[] = {&p->own_sources, &p->own_objects, &p->own_steps};
    jig_record_forget_own(p->record);
    for (size_t i = 0; p->sketch == NULL && i < JIG_COUNT(lists); i++)
        jig_strv_extend(&p->record->own[i], lists[i]);
}

static enum jig_code project_sources(struct jig_plan *p, struct jig_err *reterr)
{
    if (take_known_sources(p))
        return JIG_OK;
    struct jig_strv tabs = {0};
    struct jig_strv sources = {0};
    JIG_CLEANUP_FREE char *twin = jig_pulled_twin(p->request, p->source_dir);
    enum jig_code code = filtered_sources(p->request->project, p->request->environment, twin, &tabs,
                                          &sources, reterr);
    if (code == JIG_OK && tabs.n > 0)
        code = jig_sketch_from_tabs(p->source_dir, twin, &tabs, &p->sketch, reterr);
    if (code == JIG_OK && p->sketch != NULL) {
        p->generated = jig_strf("%s/src/%s.cpp", p->build_dir, p->sketch->main_name);
        JIG_CLEANUP_FREE char *object = jig_strf("src/%s.cpp", p->sketch->main_name);
        add_own(p, p->generated, object, p->sketch->main_name);
    }
    for (size_t i = 0; code == JIG_OK && i < sources.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(p->source_dir, sources.v[i]);
        JIG_CLEANUP_FREE char *there = twin != NULL ? jig_pulled_find(p->request, path) : NULL;
        JIG_CLEANUP_FREE char *object = jig_strf("src/%s", sources.v[i]);
        add_own(p, there != NULL ? there : path, object, sources.v[i]);
    }
    keep_sources(p);
    jig_strv_release(&tabs);
    jig_strv_release(&sources);
    return code;
}

static bool is_there_already(const char *path, const struct jig_merged *m)
{
    struct jig_buf now;
    jig_buf_init(&now, JIG_MERGED_MAX);
    bool same = jig_fs_read(path, &now, NULL) == JIG_OK && now.len == m->len &&
                memcmp(now.data, m->text, m->len) == 0;
    jig_buf_release(&now);
    return same;
}

static enum jig_code write_merged(struct jig_plan *p, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_plan_merged_path(p);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    enum jig_code code = jig_preprocess_merge(p->sketch, &p->merged, reterr);
    if (code != JIG_OK)
        return code;
    p->merged_is_new = !is_there_already(path, p->merged);
    code = jig_plan_put_dir(p, dir, reterr);
    if (code == JIG_OK && p->merged_is_new && p->request->look_only)
        return would_be_made(path, reterr);
    if (code == JIG_OK && p->merged_is_new)
        code = jig_fs_write_unsynced(path, p->merged->text, p->merged->len, 0644, reterr);
    return code;
}

enum jig_code jig_plan_sources(struct jig_plan *p, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *scratch = jig_path_join(p->build_dir, "preproc");
    enum jig_code code = jig_plan_put_dir(p, scratch, reterr);
    if (code == JIG_OK && p->is_sketch) {
        JIG_CLEANUP_FREE char *dir = jig_path_join(p->build_dir, "sketch");
        code = jig_sketch_load(p->request->project->file, &p->sketch, reterr);
        if (code == JIG_OK && p->request->pulled != NULL)
            code = jig_sketch_add_twin(p->sketch, p->request->pulled, reterr);
        if (code == JIG_OK)
            p->generated = jig_strf("%s/%s.cpp", dir, p->sketch->main_name);
        if (code == JIG_OK)
            code = jig_plan_put_dir(p, dir, reterr);
        if (code == JIG_OK)
            code = sketch_sources(p, reterr);
    } else if (code == JIG_OK) {
        code = project_sources(p, reterr);
    }
    return code == JIG_OK && p->generated != NULL ? write_merged(p, reterr) : code;
}

/* What ctags is; zero when there is none, which is said when it is to run. */
static enum jig_code ctags_identity(const struct jig_plan *p, struct jig_digest *ret,
                                    struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *program = NULL;
    *ret = (struct jig_digest){{0}};
    if (jig_ctags_find(&program, NULL) != JIG_OK)
        return JIG_OK;
    return jig_toolids_get(p->toolids, program, &p->request->until, ret, reterr);
}

/* The digest of all that the generated file is made from. */
static enum jig_code generation_digest(const struct jig_plan *p, const char *merged,
                                       const char *preprocessed, struct jig_digest *ret,
                                       struct jig_err *reterr)
{
    struct jig_digest ctags;
    enum jig_code code = ctags_identity(p, &ctags, reterr);
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, PROTOTYPES_VERSION);
    jig_sha256_field(h, ctags.bytes, sizeof ctags.bytes);
    const char *paths[] = {merged, preprocessed};
    for (size_t i = 0; code == JIG_OK && i < JIG_COUNT(paths); i++) {
        struct jig_file_content content;
        code = jig_files_look(p->files, paths[i], &content, reterr);
        if (code == JIG_OK)
            jig_sha256_field(h, content.sha256.bytes, sizeof content.sha256.bytes);
    }
    *ret = jig_sha256_final(h);
    jig_sha256_free(h);
    return code;
}

static bool is_generated_already(const struct jig_plan *p, const struct jig_digest *command)
{
    const struct jig_trace *t = jig_record_get(p->record, PROTOTYPES_NAME);
    struct jig_file_content now;
    return t != NULL && jig_digest_equal(&t->command, command) && t->output_count == 1 &&
           jig_files_look(p->files, p->generated, &now, NULL) == JIG_OK &&
           jig_digest_equal(&now.sha256, &t->outputs[0].sha256);
}

bool jig_plan_guesses_well(const struct jig_plan *p)
{
    const struct jig_trace *t = jig_record_get(p->record, PROTOTYPES_NAME);
    return t == NULL || strcmp(t->output, BADLY_GUESSED) != 0;
}

static void remember_generated(struct jig_plan *p, const struct jig_digest *command,
                               bool was_guessed)
{
    struct jig_file_content now;
    if (jig_files_look(p->files, p->generated, &now, NULL) != JIG_OK)
        return;
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = jig_xstrdup(PROTOTYPES_NAME);
    t->command = *command;
    t->errors = jig_xstrdup("");
    t->output = jig_xstrdup(was_guessed ? "" : BADLY_GUESSED);
    t->outputs = jig_xcalloc(1, sizeof *t->outputs);
    t->outputs[0] = jig_trace_file_make(p->build_dir, p->generated, &now.sha256);
    t->output_count = 1;
    jig_record_put_take(p->record, t);
}

static enum jig_code write_generated(struct jig_plan *p, const char *preprocessed,
                                     bool *ret_was_guessed, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *work = jig_strf("%s/preproc/ctags.cpp", p->build_dir);
    struct jig_buf text;
    jig_buf_init(&text, JIG_MERGED_MAX);
    enum jig_code code =
        jig_preprocess_finish(p->merged, preprocessed, work, &p->request->until, &text, reterr);
    if (code == JIG_OK)
        code = jig_plan_put_file(p, p->generated, text.data, text.len, reterr);
    if (code == JIG_OK) {
        if (p->guessed == NULL)
            p->guessed = jig_plan_guess_text(p);
        *ret_was_guessed = jig_streq(p->guessed, text.data);
    }
    jig_buf_release(&text);
    return code;
}

enum jig_code jig_plan_generate(struct jig_plan *p, struct jig_err *reterr)
{
    if (p->generated == NULL)
        return JIG_OK;
    JIG_CLEANUP_FREE char *merged = jig_plan_merged_path(p);
    JIG_CLEANUP_FREE char *preprocessed = jig_plan_preprocessed_path(p);
    int status = 0;
    enum jig_code code = jig_plan_preprocess(p, &status, reterr);
    if (code != JIG_OK)
        return code;
    if (status != 0) { /* the compile of the merged text says what is wrong, with file and line */
        return jig_plan_put_file(p, p->generated, p->merged->text, p->merged->len, reterr);
    }
    struct jig_digest command;
    code = generation_digest(p, merged, preprocessed, &command, reterr);
    if (code != JIG_OK || is_generated_already(p, &command))
        return code;
    bool was_guessed = false;
    code = write_generated(p, preprocessed, &was_guessed, reterr);
    if (code == JIG_OK)
        remember_generated(p, &command, was_guessed);
    return code;
}

enum jig_code jig_build_sources(const struct jig_project *project,
                                const struct jig_environment *environment, struct jig_strv *out,
                                struct jig_err *reterr)
{
    struct jig_strv tabs = {0};
    struct jig_strv sources = {0};
    struct jig_sketch *sketch = NULL;
    enum jig_code code;
    JIG_CLEANUP_FREE char *below = jig_xstrdup("");
    if (project->kind == JIG_PROJECT_SKETCH) {
        code = jig_sketch_load(project->file, &sketch, reterr);
        if (code == JIG_OK)
            jig_strv_extend(&tabs, &sketch->tabs);
        for (size_t i = 0; code == JIG_OK && i < sketch->additional.n; i++) {
            if (jig_sketch_is_source(sketch->additional.v[i]))
                jig_strv_append(&sources, sketch->additional.v[i]);
        }
        jig_sketch_free(sketch);
    } else {
        code = filtered_sources(project, environment, NULL, &tabs, &sources, reterr);
        const char *src_dir = jig_project_string(project, "src_dir");
        size_t n = strlen(project->root);
        free(below);
        bool inside = strncmp(src_dir, project->root, n) == 0 && src_dir[n] == '/';
        below = jig_strf("%s/", inside ? src_dir + n + 1 : src_dir);
    }
    jig_strv_extend(&tabs, &sources);
    for (size_t i = 0; code == JIG_OK && i < tabs.n; i++)
        jig_strv_append_take(out, jig_strf("%s%s", below, tabs.v[i]));
    jig_strv_release(&tabs);
    jig_strv_release(&sources);
    return code;
}
