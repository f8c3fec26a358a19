#include "core/build/toolid.h"

#include <pthread.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/hash/fingerprint.h"
#include "core/os/proc.h"
#include "core/os/time.h"
#include "core/watch/files.h"

#define ANSWER_MAX     65536
#define ASK_TIMEOUT_MS 10000

/* A program, or a part of one, as it was when it was read. */
struct part {
    char *path;
    struct jig_stamp stamp;
    struct jig_fingerprint content;
    bool racy; /* the stamp was too young to be believed */
};

/* What is known of one program. parts[0] is the program itself. */
struct tool {
    struct part *parts;
    size_t n;
    struct jig_digest identity;
};

struct jig_toolids {
    pthread_mutex_t mu;
    struct jig_map by_program; /* guarded by mu; path -> struct tool */
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

struct jig_toolids *jig_toolids_new(void)
{
    struct jig_toolids *t = jig_new(struct jig_toolids);
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
    free(t);
}

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
 */
static void ask_search_dirs(const char *program, const struct jig_until *until,
                            struct jig_buf *answer)
{
    char *argv[] = {(char *)program, (char *)"-print-search-dirs", NULL};
    struct jig_proc_spec spec = {.argv = argv, .output = keep_stdout, .ctx = answer};
    struct jig_proc_result result = {.exit_status = -1};
    struct jig_until soon = jig_until_sooner(until, jig_deadline_in_ms(ASK_TIMEOUT_MS));
    if (jig_proc_run(&spec, &soon, &result, NULL) != JIG_OK || result.exit_status != 0)
        jig_buf_clear(answer); /* not one that answers: it is known by its own content alone */
}

/* The first of the folders on the line that begins with `label` which has the file. */
static void add_from(const char *answer, const char *label, const char *name, struct jig_strv *out)
{
    const char *line = strstr(answer, label);
    if (line == NULL)
        return;
    struct jig_strv dirs = {0};
    JIG_CLEANUP_FREE char *list =
        jig_xstrndup(line + strlen(label), strcspn(line + strlen(label), "\n"));
    jig_str_split(list, ":", false, &dirs);
    for (size_t i = 0; i < dirs.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dirs.v[i], name);
        JIG_CLEANUP_FREE char *real = NULL;
        if (!jig_fs_is_file(path) || jig_fs_real(path, &real, NULL) != JIG_OK)
            continue;
        jig_strv_add_unique(out, real);
        break;
    }
    jig_strv_release(&dirs);
}

/* The program, and what it runs or loads. */
static void find_parts(const char *program, const struct jig_until *until, struct jig_strv *out)
{
    static const char *const programs[] = {
        "cc1", "cc1plus", "lto1", "as", "collect2", "ld", "lto-wrapper", "liblto_plugin.so"};
    jig_strv_append(out, program);
    if (!jig_tool_is_driver(program))
        return;
    struct jig_buf answer;
    jig_buf_init(&answer, ANSWER_MAX);
    ask_search_dirs(program, until, &answer);
    for (size_t i = 0; i < JIG_COUNT(programs); i++)
        add_from(answer.data, "programs: =", programs[i], out);
    add_from(answer.data, "libraries: =", "libgcc.a", out);
    jig_buf_release(&answer);
}

static enum jig_code read_part(const char *path, struct part *ret, struct jig_err *reterr)
{
    struct part p = {0};
    enum jig_code code = jig_fs_stamp(path, &p.stamp, reterr);
    p.racy = jig_stamp_is_racy(&p.stamp, jig_stamp_clock_ns());
    if (code == JIG_OK)
        code = jig_fingerprint_file(path, &p.content, reterr);
    if (code != JIG_OK)
        return code;
    p.path = jig_xstrdup(path);
    *ret = p;
    return JIG_OK;
}

static enum jig_code read_tool(const char *program, const struct jig_until *until,
                               struct tool **ret, struct jig_err *reterr)
{
    struct jig_strv paths = {0};
    find_parts(program, until, &paths);
    struct tool *tool = jig_new(struct tool);
    tool->parts = jig_xcalloc(paths.n, sizeof *tool->parts);
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, jig_path_base(program));
    enum jig_code code = jig_until_check(until, reterr); /* cut-off answers must not be kept */
    for (size_t i = 0; code == JIG_OK && i < paths.n; i++) {
        code = read_part(paths.v[i], &tool->parts[i], reterr);
        if (code != JIG_OK)
            break;
        tool->n++;
        jig_sha256_u64(h, tool->parts[i].content.high);
        jig_sha256_u64(h, tool->parts[i].content.low);
    }
    tool->identity = jig_sha256_final(h);
    jig_sha256_free(h);
    jig_strv_release(&paths);
    if (code == JIG_OK)
        *ret = tool;
    else
        free_tool(tool);
    return code;
}

static bool is_as_it_was(const struct tool *tool)
{
    for (size_t i = 0; i < tool->n; i++) {
        struct jig_stamp now;
        if (tool->parts[i].racy || jig_fs_stamp(tool->parts[i].path, &now, NULL) != JIG_OK ||
            !jig_stamp_equal(&now, &tool->parts[i].stamp))
            return false;
    }
    return true;
}

enum jig_code jig_toolids_get(struct jig_toolids *t, const char *program,
                              const struct jig_until *until, struct jig_digest *ret,
                              struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    pthread_mutex_lock(&t->mu);
    struct tool *tool = jig_map_get(&t->by_program, program);
    if (tool == NULL || !is_as_it_was(tool)) {
        code = read_tool(program, until, &tool, reterr);
        if (code == JIG_OK)
            jig_map_set(&t->by_program, program, tool);
    }
    if (code == JIG_OK)
        *ret = tool->identity;
    pthread_mutex_unlock(&t->mu);
    return code;
}
