#include "core/build/last.h"

#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/trace.h"

#define LARGEST_LAST (1u << 20)
#define BUILT        "built"
#define FAILED       "failed"

/* The words that say whose build it was, in their order. */
enum whose { PROJECT, ENVIRONMENT, BOARD, WORDS };

static char *path_of(const struct jig_build_request *q)
{
    return jig_path_join(q->build_dir, ".jig-last");
}

static void set_whose(const struct jig_build_request *q, struct jig_strv *out)
{
    jig_strv_append(out, q->project->root);
    jig_strv_append(out, q->environment->name);
    jig_strv_append(out, q->board->fqbn_text);
}

static struct jig_trace *trace_of(const struct jig_build_request *q,
                                  const struct jig_build_result *r, const struct jig_err *failure)
{
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = jig_xstrdup(failure == NULL ? BUILT : FAILED);
    t->errors = jig_xstrdup(failure == NULL ? "" : failure->message);
    t->output = jig_strf("%lld", (long long)r->size.flash_bytes);
    set_whose(q, &t->argv);
    if (failure != NULL)
        return t;
    t->outputs = jig_xcalloc(r->artifact_count, sizeof *t->outputs);
    for (size_t i = 0; i < r->artifact_count; i++)
        t->outputs[t->output_count++] =
            jig_trace_file_make(q->build_dir, r->artifacts[i].path, &r->artifacts[i].sha256);
    return t;
}

enum jig_code jig_last_save(const struct jig_build_request *q, const struct jig_build_result *r,
                            const struct jig_err *failure, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = path_of(q);
    struct jig_trace *t = trace_of(q, r, failure);
    const struct jig_trace *all[] = {t};
    struct jig_buf file;
    jig_buf_init(&file, LARGEST_LAST);
    jig_traces_write(all, 1, &file);
    enum jig_code code = jig_buf_check(&file, path, reterr);
    if (code == JIG_OK)
        code = jig_fs_write_if_changed(path, file.data, file.len, 0644, reterr);
    if (code != JIG_OK &&
        jig_fs_remove_tree(path, NULL) != JIG_OK) /* better none than a wrong one */
        jig_log(JIG_LOG_DEBUG, "build.last_stays", "%s", path);
    jig_buf_release(&file);
    jig_trace_free(t);
    return code;
}

/* ---- reading ---- */

static enum jig_code refuse(struct jig_err *reterr, const char *fmt, ...) JIG_PRINTF(2, 3);

static enum jig_code refuse(struct jig_err *reterr, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    enum jig_code code = jig_err_setv(reterr, JIG_FAILED_PRECONDITION, fmt, ap);
    va_end(ap);
    if (reterr != NULL)
        reterr->reason = JIG_REASON_BAD_PROJECT;
    return code;
}

/* The one trace of the file, or NULL. */
static struct jig_trace *read_trace(const char *path)
{
    struct jig_buf file;
    struct jig_trace **traces = NULL;
    size_t n = 0;
    jig_buf_init(&file, LARGEST_LAST);
    enum jig_code code = jig_fs_read(path, &file, NULL);
    if (code == JIG_OK)
        code = jig_traces_read(file.data, file.len, &traces, &n, NULL);
    jig_buf_release(&file);
    struct jig_trace *first = code == JIG_OK && n > 0 ? traces[0] : NULL;
    for (size_t i = 1; i < n; i++)
        jig_trace_free(traces[i]);
    free(traces);
    return first;
}

static enum jig_code check_whose(const struct jig_build_request *q, const struct jig_trace *t,
                                 struct jig_err *reterr)
{
    struct jig_strv wanted = {0};
    set_whose(q, &wanted);
    bool same = t->argv.n == WORDS;
    for (size_t i = 0; same && i < WORDS; i++)
        same = strcmp(t->argv.v[i], wanted.v[i]) == 0;
    jig_strv_release(&wanted);
    if (same)
        return JIG_OK;
    if (t->argv.n != WORDS)
        return refuse(reterr, "%s holds the build of nobody knows what", q->build_dir);
    return refuse(reterr, "%s holds a build of another project: of %s, environment '%s', for %s",
                  q->build_dir, t->argv.v[PROJECT], t->argv.v[ENVIRONMENT], t->argv.v[BOARD]);
}

/* Adds the artifact if it is there and as it was left. */
static enum jig_code take_artifact(const struct jig_build_request *q, struct jig_files *files,
                                   const struct jig_trace_file *left, struct jig_build_result *r,
                                   struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_build_absolute(q->build_dir, left->path);
    struct jig_file_content now;
    enum jig_code code = jig_files_look(files, path, &now, reterr);
    if (code != JIG_OK && code != JIG_NOT_FOUND)
        return code;
    if (code == JIG_NOT_FOUND || !jig_digest_equal(&now.sha256, &left->sha256))
        return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                              "%s is not what the last build left there: it was %s since", path,
                              code == JIG_OK ? "changed" : "removed");
    r->artifacts =
        jig_grow(r->artifacts, &r->artifact_cap, r->artifact_count, sizeof *r->artifacts);
    r->artifacts[r->artifact_count++] =
        (struct jig_artifact){.kind = jig_xstrdup(jig_path_ext(path) + 1),
                              .path = jig_xstrdup(path),
                              .size_bytes = now.stamp.size,
                              .sha256 = now.sha256};
    return JIG_OK;
}

static enum jig_code take_all(const struct jig_build_request *q, struct jig_files *files,
                              const struct jig_trace *t, struct jig_build_result *result,
                              struct jig_err *reterr)
{
    enum jig_code code = check_whose(q, t, reterr);
    if (code == JIG_OK && strcmp(t->name, BUILT) != 0)
        code = refuse(reterr, "the last build of environment '%s' in %s failed: %s",
                      q->environment->name, q->build_dir, t->errors);
    for (size_t i = 0; code == JIG_OK && i < t->output_count; i++)
        code = take_artifact(q, files, &t->outputs[i], result, reterr);
    if (code == JIG_OK && !jig_parse_i64(t->output, &result->size.flash_bytes))
        result->size.flash_bytes = -1;
    return code;
}

enum jig_code jig_last_load(const struct jig_build_request *q, struct jig_files *files,
                            struct jig_build_result *result, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = path_of(q);
    struct jig_trace *t = read_trace(path);
    enum jig_code code = t != NULL
                             ? take_all(q, files, t, result, reterr)
                             : refuse(reterr, "there is no earlier build of environment '%s' in %s",
                                      q->environment->name, q->build_dir);
    jig_trace_free(t);
    if (code == JIG_FAILED_PRECONDITION || code == JIG_DATA_LOSS)
        jig_err_hint(reterr, "leave out --no-build, and it is built anew");
    return code;
}
