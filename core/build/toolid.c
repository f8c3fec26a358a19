#include "core/build/toolid.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/trace.h"
#include "core/hash/fingerprint.h"
#include "core/os/proc.h"
#include "core/os/time.h"
#include "core/watch/files.h"

#define ANSWER_MAX     65536
#define ASK_TIMEOUT_MS 60000
#define MEMO_VERSION   "tools 1"
#define MEMO_MAX       ((size_t)1 << 20) /* bytes; some hundred tools */

/* A program or a part of one, as it was when it was read; or a folder that parts are looked for in.
 */
struct part {
    char *path;
    struct jig_stamp stamp; /* zero for a folder that is not there */
    struct jig_fingerprint content;
    bool racy; /* the stamp was too young to be believed */
};

/* What is known of one program. parts[0] is the program itself. */
struct tool {
    struct part *parts;
    size_t n;
    size_t cap;
    struct jig_digest identity;
};

struct jig_toolids {
    char *memo; /* the file, or NULL */
    pthread_mutex_t mu;
    bool loaded;                 /* guarded by mu */
    struct jig_map by_program;   /* guarded by mu; path -> struct tool */
    struct jig_memo_stats stats; /* guarded by mu */
};

static void free_tool(void *p)
{
    struct tool *tool = p;
    if (tool == NULL)
        return;
    for (size_t i = 0; i < tool->n; i++)
        free(tool->parts[i].path);
    free(tool->parts);
    free(tool);
}

static struct part *add_part(struct tool *tool, const char *path)
{
    tool->parts = jig_grow(tool->parts, &tool->cap, tool->n, sizeof *tool->parts);
    struct part *p = &tool->parts[tool->n++];
    *p = (struct part){.path = jig_xstrdup(path)};
    return p;
}

struct jig_toolids *jig_toolids_new(const char *memo)
{
    struct jig_toolids *t = jig_new(struct jig_toolids);
    t->memo = jig_xstrdup(memo);
    t->loaded = memo == NULL;
    pthread_mutex_init(&t->mu, NULL);
    jig_map_init(&t->by_program, free_tool);
    return t;
}

void jig_toolids_free(struct jig_toolids *t)
{
    if (t == NULL)
        return;
    jig_map_release(&t->by_program);
    pthread_mutex_destroy(&t->mu);
    free(t->memo);
    free(t);
}

/* ---- over restarts: a tool is a trace whose words are its parts ---- */

/* NULL when the part can't be kept. The caller frees. */
static char *part_text(const struct part *p)
{
    const struct jig_stamp *s = &p->stamp;
    if (p->racy)
        return NULL;
    return jig_strf("%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32 " %s",
                    s->dev, s->ino, s->size, s->mtime_ns, s->ctime_ns, s->mode, p->path);
}

static bool read_part(const char *text, struct tool *tool)
{
    struct jig_stamp s = {0};
    int at = 0;
    if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNu32 " %n",
               &s.dev, &s.ino, &s.size, &s.mtime_ns, &s.ctime_ns, &s.mode, &at) != 6 ||
        text[at] != '/')
        return false;
    add_part(tool, text + at)->stamp = s;
    return true;
}

static struct jig_trace *trace_of(const char *program, const struct tool *tool)
{
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = jig_xstrdup(program);
    t->tool = tool->identity;
    t->errors = jig_xstrdup("");
    t->output = jig_xstrdup(MEMO_VERSION);
    for (size_t i = 0; i < tool->n; i++) {
        char *text = part_text(&tool->parts[i]);
        if (text == NULL) {
            jig_trace_free(t);
            return NULL;
        }
        jig_strv_append_take(&t->argv, text);
    }
    return t;
}

static void take_trace(struct jig_toolids *t, const struct jig_trace *trace)
{
    struct tool *tool = jig_new(struct tool);
    tool->identity = trace->tool;
    bool whole = strcmp(trace->output, MEMO_VERSION) == 0 && trace->argv.n > 0;
    for (size_t i = 0; whole && i < trace->argv.n; i++)
        whole = read_part(trace->argv.v[i], tool);
    if (whole)
        jig_map_set(&t->by_program, trace->name, tool);
    else
        free_tool(tool);
}

/* Under the lock. What can't be read is asked for again. */
static void load(struct jig_toolids *t)
{
    struct jig_buf file;
    struct jig_trace **traces = NULL;
    size_t n = 0;
    t->loaded = true;
    jig_buf_init(&file, MEMO_MAX);
    if (jig_fs_read(t->memo, &file, NULL) == JIG_OK &&
        jig_traces_read(file.data, file.len, &traces, &n, NULL) == JIG_OK) {
        for (size_t i = 0; i < n; i++) {
            take_trace(t, traces[i]);
            jig_trace_free(traces[i]);
        }
        free(traces);
    }
    jig_buf_release(&file);
}

/* Under the lock. */
static void save(const struct jig_toolids *t)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_trace **traces = jig_xcalloc(t->by_program.used, sizeof *traces);
    size_t n = 0;
    for (size_t i = 0; i < t->by_program.used; i++) {
        const struct jig_map_entry *e = &t->by_program.entries[i];
        struct jig_trace *trace = e->key != NULL ? trace_of(e->key, e->value) : NULL;
        if (trace != NULL)
            traces[n++] = trace;
    }
    struct jig_buf file;
    jig_buf_init(&file, MEMO_MAX);
    jig_traces_write((const struct jig_trace *const *)traces, n, &file);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(t->memo);
    enum jig_code code = jig_buf_check(&file, t->memo, &err);
    if (code == JIG_OK)
        code = jig_fs_mkdirs(dir, 0700, &err);
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(t->memo, file.data, file.len, 0600, &err);
    if (code != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "tools.not_kept", "%s", err.message);
    jig_buf_release(&file);
    for (size_t i = 0; i < n; i++)
        jig_trace_free(traces[i]);
    free(traces);
}

/* ---- reading a tool ---- */

bool jig_tool_is_driver(const char *program)
{
    static const char *const drivers[] = {"gcc", "g++", "cc", "c++", "clang", "clang++"};
    const char *base = jig_path_base(program);
    for (size_t i = 0; i < JIG_COUNT(drivers); i++) {
        size_t n = strlen(drivers[i]);
        size_t m = strlen(base);
        bool ends = m >= n && strcmp(base + m - n, drivers[i]) == 0;
        if (ends && (m == n || base[m - n - 1] == '-'))
            return true;
    }
    return false;
}

static void keep_stdout(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    if (stream == JIG_STDOUT)
        jig_buf_append(ctx, data, n);
}

/* The driver's answer to -print-search-dirs: "programs: =DIR:DIR..." and "libraries: =DIR:DIR...".
 * One that gives none is known by its own content alone. */
static enum jig_code ask_search_dirs(const char *program, const struct jig_until *until,
                                     struct jig_buf *answer, struct jig_err *reterr)
{
    char *argv[] = {(char *)program, (char *)"-print-search-dirs", NULL};
    struct jig_proc_spec spec = {
        .argv = argv, .writes = JIG_WRITES_NOTHING, .output = keep_stdout, .ctx = answer};
    struct jig_proc_result result = {.exit_status = -1};
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until soon = jig_until_sooner(until, jig_deadline_in_ms(ASK_TIMEOUT_MS));
    enum jig_code code = jig_proc_run(&spec, &soon, &result, &err);
    if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED) /* half an answer is none */
        return jig_err_set(reterr, code, "asking %s where its parts are: %s", program, err.message);
    if (code != JIG_OK || result.exit_status != 0)
        jig_buf_clear(answer);
    return JIG_OK;
}

/* The folder may get a part that is found before another, or lose one. */
static void add_folder(struct tool *tool, const char *path)
{
    for (size_t i = 0; i < tool->n; i++) {
        if (strcmp(tool->parts[i].path, path) == 0)
            return;
    }
    struct part *p = add_part(tool, path);
    if (jig_fs_stamp(path, &p->stamp, NULL) == JIG_OK)
        p->racy = jig_stamp_is_racy(&p->stamp, jig_stamp_clock_ns());
}

static enum jig_code add_file(struct tool *tool, const char *path, struct jig_sha256 *h,
                              struct jig_err *reterr)
{
    struct part *p = add_part(tool, path);
    enum jig_code code = jig_fs_stamp(path, &p->stamp, reterr);
    if (code != JIG_OK)
        return code;
    p->racy = jig_stamp_is_racy(&p->stamp, jig_stamp_clock_ns());
    code = jig_fingerprint_file(path, &p->content, reterr);
    jig_sha256_u64(h, p->content.high);
    jig_sha256_u64(h, p->content.low);
    return code;
}

/* The folders on the line of the answer that begins with `label`. */
static void folders_of(const char *answer, const char *label, struct jig_strv *out)
{
    const char *line = strstr(answer, label);
    if (line == NULL)
        return;
    line += strlen(label);
    JIG_CLEANUP_FREE char *list = jig_xstrndup(line, strcspn(line, "\n"));
    jig_str_split(list, ":", false, out);
}

/* The first of the folders that has the file. Its name is kept, links and all: another target makes
 * another compiler. */
static enum jig_code add_first(struct tool *tool, const struct jig_strv *folders, const char *name,
                               struct jig_sha256 *h, struct jig_err *reterr)
{
    for (size_t i = 0; i < folders->n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(folders->v[i], name);
        if (jig_fs_is_file(path))
            return add_file(tool, path, h, reterr);
    }
    return JIG_OK;
}

/* What a driver runs or loads. */
static enum jig_code add_parts_of_driver(struct tool *tool, const char *answer,
                                         struct jig_sha256 *h, struct jig_err *reterr)
{
    static const struct {
        const char *label;
        const char *names[9];
    } rows[] = {
        {"programs: =",
         {"cc1", "cc1plus", "lto1", "as", "collect2", "ld", "lto-wrapper", "liblto_plugin.so"}},
        {"libraries: =", {"libgcc.a"}},
    };
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_strv folders = {0};
        folders_of(answer, rows[i].label, &folders);
        for (size_t k = 0; k < folders.n; k++) /* before they are looked into */
            add_folder(tool, folders.v[k]);
        for (size_t k = 0; code == JIG_OK && rows[i].names[k] != NULL; k++)
            code = add_first(tool, &folders, rows[i].names[k], h, reterr);
        jig_strv_release(&folders);
    }
    return code;
}

static enum jig_code read_tool(const char *program, const struct jig_until *until,
                               struct tool **ret, struct jig_err *reterr)
{
    struct tool *tool = jig_new(struct tool);
    struct jig_sha256 *h = jig_sha256_new();
    struct jig_buf answer;
    jig_buf_init(&answer, ANSWER_MAX);
    jig_sha256_string(h, jig_path_base(program));
    enum jig_code code = add_file(tool, program, h, reterr);
    if (code == JIG_OK && jig_tool_is_driver(program))
        code = ask_search_dirs(program, until, &answer, reterr);
    if (code == JIG_OK)
        code = add_parts_of_driver(tool, answer.data, h, reterr);
    tool->identity = jig_sha256_final(h);
    jig_sha256_free(h);
    jig_buf_release(&answer);
    if (code == JIG_OK)
        *ret = tool;
    else
        free_tool(tool);
    return code;
}

static bool is_as_it_was(const struct tool *tool)
{
    for (size_t i = 0; i < tool->n; i++) {
        struct jig_stamp now = {0};
        if (jig_fs_stamp(tool->parts[i].path, &now, NULL) != JIG_OK)
            now = (struct jig_stamp){0};
        if (tool->parts[i].racy || !jig_stamp_equal(&now, &tool->parts[i].stamp))
            return false;
    }
    return true;
}

/* Not under the lock: a tool that takes its time to answer must not keep other builds, nor their
 * cancels. Two who read the same one at the same time read the same. */
static enum jig_code read_and_keep(struct jig_toolids *t, const char *program,
                                   const struct jig_until *until, struct jig_digest *ret,
                                   struct jig_err *reterr)
{
    struct tool *tool = NULL;
    enum jig_code code = read_tool(program, until, &tool, reterr);
    if (code != JIG_OK)
        return code;
    *ret = tool->identity;
    pthread_mutex_lock(&t->mu);
    jig_map_set(&t->by_program, program, tool);
    if (t->memo != NULL)
        save(t);
    pthread_mutex_unlock(&t->mu);
    return JIG_OK;
}

enum jig_code jig_toolids_get(struct jig_toolids *t, const char *program,
                              const struct jig_until *until, struct jig_digest *ret,
                              struct jig_err *reterr)
{
    pthread_mutex_lock(&t->mu);
    if (!t->loaded)
        load(t);
    const struct tool *tool = jig_map_get(&t->by_program, program);
    bool known = tool != NULL && is_as_it_was(tool);
    if (known)
        *ret = tool->identity;
    *(known ? &t->stats.hits : tool != NULL ? &t->stats.fallbacks : &t->stats.misses) += 1;
    pthread_mutex_unlock(&t->mu);
    return known ? JIG_OK : read_and_keep(t, program, until, ret, reterr);
}

struct jig_memo_stats jig_toolids_stats(struct jig_toolids *t)
{
    pthread_mutex_lock(&t->mu);
    struct jig_memo_stats s = t->stats;
    s.entries = t->by_program.count;
    pthread_mutex_unlock(&t->mu);
    return s;
}
