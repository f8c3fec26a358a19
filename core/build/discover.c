/*
 * discover.c - which libraries do the sources include?
 *
 * Each source is preprocessed with the includes found so far; when that fails for want of a header,
 * the library that has it joins, its sources queue up, and the same source is tried again.
 *
 * What was found for a source is remembered in the record as "#includes SOURCE". It is taken again
 * when the libraries before it are the same, each header is still missing and means the same
 * library, and the preprocessor's last run over the source still holds; else the source is searched
 * anew. Source of the order: arduino-cli 1.0.4.
 *
 * A compile that went well has found every header. So where it and the preprocessor see the same
 * text (jig_words_preprocess_alike), it speaks for both.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/discover_impl.h"
#include "core/build/words.h"
#include "core/os/fs.h"

#define MOST_LIBRARIES 500

#define MEMO_VERSION "includes 2"

static void enqueue(struct jig_discovery *d, const char *source, const struct jig_library *lib,
                    size_t own)
{
    if (jig_map_has(&d->queued, source))
        return;
    jig_map_set(&d->queued, source, d);
    d->queue = jig_grow(d->queue, &d->cap, d->n, sizeof *d->queue);
    d->queue[d->n++] = (struct jig_discovery_source){jig_xstrdup(source), lib, own, NULL};
}

static void release(struct jig_discovery *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->queue[i].source);
        jig_action_free(d->queue[i].trial);
    }
    free(d->queue);
    jig_map_release(&d->queued);
}

/* The header that a preprocessor wanted and did not find: from the source line that it quotes, or
 * else from its "fatal error: X:". NULL when it complained of something else. The caller frees. */
static char *missing_header(const char *errors)
{
    static const char pattern[] = "^\\s*(?:[0-9]+\\s*\\|\\s*)?#[ \\t]*include\\s*[<\"](\\S+)[\">]"
                                  "|fatal error: ([^:\\n]+): No such file";
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_MULTILINE,
                                     &error, &offset, NULL);
    if (code == NULL)
        abort(); /* the pattern is a constant */
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    char *header = NULL;
    int groups = pcre2_match(code, (PCRE2_SPTR)errors, strlen(errors), 0, 0, match, NULL);
    if (groups > 1) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(match);
        int g = groups - 1;
        header = jig_xstrndup(errors + at[2 * g], (size_t)(at[2 * g + 1] - at[2 * g]));
    }
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    return header;
}

static bool is_used(const struct jig_plan *p, const struct jig_library *lib)
{
    for (size_t i = 0; i < p->library_count; i++) {
        if (strcmp(p->libraries[i].lib->path, lib->path) == 0)
            return true;
    }
    return false;
}

static enum jig_code use_library(struct jig_plan *p, const struct jig_library *lib,
                                 struct jig_err *reterr)
{
    if (p->library_count == MOST_LIBRARIES)
        return jig_err_reason(reterr, JIG_RESOURCE_EXHAUSTED, JIG_REASON_BAD_PROJECT,
                              "the project includes more than %d libraries", MOST_LIBRARIES);
    p->libraries = jig_grow(p->libraries, &p->library_cap, p->library_count, sizeof *p->libraries);
    struct jig_used_library *used = &p->libraries[p->library_count++];
    *used = (struct jig_used_library){.lib = lib};
    jig_library_include_dirs(lib, &p->lib_includes);
    return jig_library_precompiled(lib, p->props, p->log, &used->precompiled, reterr);
}

static enum jig_code enqueue_library(struct jig_discovery *d, const struct jig_library *lib,
                                     struct jig_err *reterr)
{
    const struct jig_used_library *used = &d->plan->libraries[d->plan->library_count - 1];
    if (used->precompiled.dir != NULL && !used->precompiled.sources_too)
        return JIG_OK;
    struct jig_sources sources = {0};
    enum jig_code code = jig_library_sources(lib, false, d->plan->log, &sources, reterr);
    for (size_t i = 0; i < sources.n; i++)
        enqueue(d, sources.items[i].path, lib, 0);
    jig_sources_release(&sources);
    return code;
}

/* Adds the library that has the header. *ret_again says whether the source is to be tried anew. */
static enum jig_code resolve(struct jig_discovery *d, const char *header, bool *ret_again,
                             struct jig_err *reterr)
{
    struct jig_plan *p = d->plan;
    const char *arch = p->request->board->fqbn.arch;
    struct jig_library_match m = jig_libindex_find(p->request->libraries, header, arch);
    *ret_again = false;
    if (m.best == NULL) {
        jig_strv_add_unique(&p->missing_headers, header);
        return JIG_OK; /* the compile says it with file and line */
    }
    for (size_t i = 0; i < m.n; i++) {
        if (is_used(p, m.candidates[i]))
            return JIG_OK;
    }
    JIG_CLEANUP_FREE char *choice = jig_library_match_notice(&m, header);
    JIG_CLEANUP_FREE char *other_board = jig_library_arch_notice(m.best, arch, p->props);
    if (choice != NULL)
        jig_strv_add_unique(&p->result->notices, choice);
    if (other_board != NULL)
        jig_strv_add_unique(&p->result->notices, other_board);
    *ret_again = true;
    enum jig_code code = use_library(p, m.best, reterr);
    return code == JIG_OK ? enqueue_library(d, m.best, reterr) : code;
}

/* ---- what was found for one source last time ---- */

/* The trace's name, and the digest of all that comes before the source is looked at. */
static char *memo_name(const struct jig_plan *p, const char *source)
{
    JIG_CLEANUP_FREE char *relative = jig_build_relative(p->build_dir, source);
    return jig_strf("#includes %s", relative);
}

static struct jig_digest memo_command(const struct jig_plan *p,
                                      const struct jig_discovery_source *w)
{
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, MEMO_VERSION);
    jig_sha256_string(h, w->lib != NULL ? w->lib->utility_dir : NULL);
    jig_sha256_string(h, w->lib != NULL ? w->lib->twin_utility_dir : NULL);
    jig_sha256_u64(h, p->library_count);
    for (size_t i = 0; i < p->library_count; i++)
        jig_sha256_string(h, p->libraries[i].lib->path);
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    return d;
}

/* Keeps "header TAB library" a line. */
static void remember(struct jig_plan *p, const char *source, const struct jig_digest *command,
                     const struct jig_strv *found)
{
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = memo_name(p, source);
    t->command = *command;
    t->errors = jig_xstrdup("");
    t->output = jig_strv_join(found, "\n");
    jig_record_put_take(p->record, t);
}

/* Undoes the libraries and the queue back to a point. */
static void rewind_to(struct jig_discovery *d, size_t library_count, size_t include_count,
                      size_t queued)
{
    struct jig_plan *p = d->plan;
    while (p->library_count > library_count)
        jig_precompiled_release(&p->libraries[--p->library_count].precompiled);
    while (p->lib_includes.n > include_count)
        jig_strv_remove(&p->lib_includes, p->lib_includes.n - 1);
    while (d->n > queued) {
        d->n--;
        jig_map_remove(&d->queued, d->queue[d->n].source);
        free(d->queue[d->n].source);
    }
}

/* Whether a folder of the path that is there now has the header: then nobody misses it. A later run
 * does not say so, as it has the library before some of these folders. */
static bool is_on_path(struct jig_plan *p, const struct jig_discovery_source *w, const char *header)
{
    struct jig_action *a = NULL;
    struct jig_strv folders = {0};
    bool has = jig_discovery_preprocess(p, w, false, &a, NULL) != JIG_OK;
    if (!has)
        jig_words_include_path(&a->argv, &folders);
    for (size_t i = 0; !has && i < folders.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(folders.v[i], header);
        has = jig_fs_is_file(path);
    }
    jig_strv_release(&folders);
    jig_action_free(a);
    return has;
}

/* One remembered line: the header is still missing, and still means that library. */
enum jig_code jig_discovery_recall_line(struct jig_discovery *d,
                                        const struct jig_discovery_source *w, const char *line,
                                        bool *ret_holds, struct jig_err *reterr)
{
    const char *tab = strchr(line, '\t');
    JIG_CLEANUP_FREE char *header = jig_xstrndup(line, tab != NULL ? (size_t)(tab - line) : 0);
    size_t before = d->plan->library_count;
    bool again = false;
    enum jig_code code = JIG_OK;
    if (tab != NULL && !is_on_path(d->plan, w, header))
        code = resolve(d, header, &again, reterr);
    const struct jig_used_library *last = &d->plan->libraries[before];
    *ret_holds = again && strcmp(last->lib->path, tab + 1) == 0;
    return code;
}

/* Takes what was found for the source last time, when its preprocessor's last run still holds: then
 * the earlier ones, which read no more than it did, would want the same headers again. */
static enum jig_code recall(struct jig_discovery *d, size_t index, bool *ret_holds,
                            char **ret_found, struct jig_err *reterr)
{
    struct jig_plan *p = d->plan;
    struct jig_discovery_source w = d->queue[index];
    JIG_CLEANUP_FREE char *name = memo_name(p, w.source);
    const struct jig_trace *t = jig_record_get(p->record, name);
    struct jig_digest command = memo_command(p, &w);
    *ret_holds = t != NULL && jig_digest_equal(&t->command, &command) &&
                 t->output[0] != '\0'; /* it found nothing: there is nothing to save */
    if (!*ret_holds)
        return JIG_OK;
    size_t libraries = p->library_count;
    size_t includes = p->lib_includes.n;
    size_t queued = d->n;
    struct jig_strv lines = {0};
    jig_str_split(t->output, "\n", false, &lines);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && *ret_holds && i < lines.n; i++)
        code = jig_discovery_recall_line(d, &w, lines.v[i], ret_holds, reterr);
    jig_strv_release(&lines);
    struct jig_action *a = NULL;
    if (code == JIG_OK && *ret_holds)
        code = jig_discovery_preprocess(p, &w, false, &a, reterr);
    *ret_holds = a != NULL && jig_runner_is_current(p->runner, a);
    jig_action_free(a);
    if (*ret_holds)
        *ret_found = jig_xstrdup(t->output);
    else
        rewind_to(d, libraries, includes, queued);
    return code;
}

/* Where one source after another has to be preprocessed, the next ones are begun early. */
static void look_ahead(struct jig_discovery *d, size_t index)
{
    struct jig_plan *p = d->plan;
    if (d->ahead <= index)
        d->ahead = index + 1;
    while (d->streak > 1 && d->ahead < d->n && jig_runner_may_guess(p->runner)) {
        struct jig_discovery_source w = d->queue[d->ahead];
        struct jig_action *a = NULL;
        if (jig_discovery_preprocess(p, &w, false, &a, NULL) != JIG_OK ||
            !jig_runner_guess(p->runner, a, true, false))
            return;
        d->ahead++;
    }
}

/* Preprocesses a source until nothing is missing that a library has. */
static enum jig_code search(struct jig_discovery *d, size_t index, char **ret_found,
                            struct jig_err *reterr)
{
    struct jig_plan *p = d->plan;
    struct jig_discovery_source w = d->queue[index];
    struct jig_digest command = memo_command(p, &w);
    struct jig_strv found = {0};
    bool again = true;
    enum jig_code code = JIG_OK;
    while (code == JIG_OK && again) {
        struct jig_action *a = NULL;
        struct jig_job *job = NULL;
        int status = 0;
        code = jig_discovery_preprocess(p, &w, false, &a, reterr);
        look_ahead(d, index);
        if (code == JIG_OK)
            code = jig_runner_ask(p->runner, a, &job, &status, reterr);
        if (code != JIG_OK)
            break;
        d->streak = jig_job_reused(job) ? 0 : d->streak + 1;
        again = false;
        JIG_CLEANUP_FREE char *header = status != 0 ? missing_header(jig_job_errors(job)) : NULL;
        if (header != NULL)
            code = resolve(d, header, &again, reterr);
        if (again)
            jig_strv_append_take(
                &found, jig_strf("%s\t%s", header, p->libraries[p->library_count - 1].lib->path));
        else if (code == JIG_OK && status == 0 && !jig_job_reused(job))
            remember(p, w.source, &command, &found);
    }
    *ret_found = jig_strv_join(&found, "\n");
    jig_strv_release(&found);
    return code;
}

/* A source of the project is about to be compiled with the path that is there now, and its last
 * compile saw what its preprocessor did: then one look says of both that nothing changed. */
static bool is_implied(const struct jig_discovery *d, size_t index)
{
    struct jig_plan *p = d->plan;
    struct jig_discovery_runs r;
    bool implied = p->record->traces.count > 0 && jig_discovery_make_runs(p, &d->queue[index], &r);
    if (p->record->traces.count == 0)
        return false;
    if (implied)
        implied = r.alike ? jig_runner_is_current(p->runner, r.compile)
                          : jig_runner_is_implied(p->runner, r.preprocess, r.compile);
    jig_discovery_runs_release(&r);
    return implied;
}

static enum jig_code look_anew(struct jig_discovery *d, size_t index, char **ret_found,
                               struct jig_err *reterr)
{
    bool holds = false;
    enum jig_code code = recall(d, index, &holds, ret_found, reterr);
    if (code != JIG_OK || holds)
        return code;
    if (!is_implied(d, index))
        return search(d, index, ret_found, reterr);
    *ret_found = jig_xstrdup("");
    return JIG_OK;
}

static enum jig_code look_at(struct jig_discovery *d, size_t index, struct jig_err *reterr)
{
    struct jig_plan *p = d->plan;
    char *found = NULL;
    bool known = false;
    enum jig_code code = p->same ? jig_discovery_look_again(d, index, &known, reterr) : JIG_OK;
    if (code != JIG_OK || known)
        return code;
    const char *source = d->queue[index].source; /* the queue may move; its texts stay */
    code = look_anew(d, index, &found, reterr);
    if (code == JIG_OK) {
        p->same = p->same && jig_streq(jig_map_get(&p->record->found, source), found);
        jig_map_set(&p->record->found, source, jig_steal(&found));
    }
    free(found);
    return code;
}

static enum jig_code discover(struct jig_discovery *d, struct jig_err *reterr)
{
    struct jig_plan *p = d->plan;
    if (p->generated != NULL) {
        JIG_CLEANUP_FREE char *merged = jig_plan_merged_path(p);
        enqueue(d, merged, NULL, 0);
    }
    for (size_t i = 0; i < p->own_sources.n; i++) {
        if (!jig_streq(p->own_sources.v[i], p->generated))
            enqueue(d, p->own_sources.v[i], NULL, i + 1);
    }
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < d->n; i++) {
        code = look_at(d, i, reterr);
        if (i == 0)
            p->merged_includes = p->lib_includes.n;
    }
    return code;
}

/* It was not so: nothing of what was found is certain. */
static void start_over(struct jig_discovery *d)
{
    struct jig_plan *p = d->plan;
    release(d);
    *d = (struct jig_discovery){.plan = p};
    jig_map_init(&d->queued, NULL);
    while (p->library_count > 0)
        jig_precompiled_release(&p->libraries[--p->library_count].precompiled);
    jig_strv_clear(&p->lib_includes);
    jig_strv_clear(&p->missing_headers);
    p->same = false;
}

enum jig_code jig_plan_discover(struct jig_plan *p, struct jig_err *reterr)
{
    struct jig_discovery d = {.plan = p};
    jig_map_init(&d.queued, NULL);
    enum jig_code code = p->same ? discover(&d, reterr) : JIG_OK;
    if (p->same && code == JIG_OK && !jig_discovery_trials_go_well(&d))
        start_over(&d);
    if (!p->same) {
        jig_record_forget_found(p->record);
        if (d.n > 0)
            start_over(&d);
        code = discover(&d, reterr);
    }
    p->libraries_known = code == JIG_OK;
    if (code == JIG_OK)
        jig_map_set(&p->record->found, JIG_ALL_FOLDERS, jig_discovery_folders(p));
    release(&d);
    if (code == JIG_OK)
        jig_plan_remember_libraries(p);
    for (size_t i = 0; i < p->library_count; i++) {
        const struct jig_library *lib = p->libraries[i].lib;
        jig_strv_append_take(&p->result->libraries,
                             jig_strf("%s%s%s (%s)", lib->name, lib->version[0] != '\0' ? " " : "",
                                      lib->version, lib->path));
    }
    return code;
}
