#include "core/build/toolid.h"

#include <pthread.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/proc.h"
#include "core/os/time.h"

#define ANSWER_MAX     4096
#define ASK_TIMEOUT_MS 10000

/* The programs behind one content of a driver. */
struct parts {
    struct jig_strv paths;
};

struct jig_toolids {
    pthread_mutex_t mu;
    struct jig_map by_driver; /* guarded by mu; "path sha256" -> struct parts */
};

static void free_parts(void *p)
{
    struct parts *parts = p;
    jig_strv_release(&parts->paths);
    free(parts);
}

struct jig_toolids *jig_toolids_new(void)
{
    struct jig_toolids *t = jig_new(struct jig_toolids);
    pthread_mutex_init(&t->mu, NULL);
    jig_map_init(&t->by_driver, free_parts);
    return t;
}

void jig_toolids_free(struct jig_toolids *t)
{
    if (t == NULL)
        return;
    jig_map_release(&t->by_driver);
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

/* What the driver answers to one question, when it is the path of a file. */
static void ask(const char *program, const char *question, const struct jig_until *until,
                struct jig_strv *out)
{
    struct jig_buf answer;
    jig_buf_init(&answer, ANSWER_MAX);
    char *argv[] = {(char *)program, (char *)question, NULL};
    struct jig_proc_spec spec = {.argv = argv, .output = keep_stdout, .ctx = &answer};
    struct jig_proc_result result;
    struct jig_until soon = jig_until_sooner(until, jig_deadline_in_ms(ASK_TIMEOUT_MS));
    if (jig_proc_run(&spec, &soon, &result, NULL) == JIG_OK && result.exit_status == 0) {
        char *path = jig_str_trim(answer.data);
        JIG_CLEANUP_FREE char *found = NULL;
        if (strchr(path, '/') != NULL && jig_fs_real(path, &found, NULL) == JIG_OK)
            jig_strv_add_unique(out, found);
        else if (path[0] != '\0' && jig_proc_find(path, &found, NULL) == JIG_OK)
            jig_strv_add_unique(out, found);
    }
    jig_buf_release(&answer);
}

static struct parts *find_parts(const char *program, const struct jig_until *until)
{
    static const char *const questions[] = {
        "-print-prog-name=cc1",         "-print-prog-name=cc1plus",
        "-print-prog-name=as",          "-print-prog-name=ld",
        "-print-prog-name=collect2",    "-print-prog-name=lto1",
        "-print-prog-name=lto-wrapper", "-print-file-name=liblto_plugin.so",
        "-print-libgcc-file-name",
    };
    struct parts *p = jig_new(struct parts);
    for (size_t i = 0; i < JIG_COUNT(questions); i++)
        ask(program, questions[i], until, &p->paths);
    return p;
}

/* Adds the contents of the driver's parts to h. */
static enum jig_code add_parts(struct jig_toolids *t, const char *program, const char *key,
                               struct jig_files *files, const struct jig_until *until,
                               struct jig_sha256 *h, struct jig_err *reterr)
{
    pthread_mutex_lock(&t->mu);
    struct parts *parts = jig_map_get(&t->by_driver, key);
    if (parts == NULL) {
        parts = find_parts(program, until);
        if (!jig_cancel_fired(until->cancel))
            jig_map_set(&t->by_driver, key, parts);
    }
    struct jig_strv paths = {0};
    jig_strv_extend(&paths, &parts->paths);
    if (jig_map_get(&t->by_driver, key) != parts)
        free_parts(parts);
    pthread_mutex_unlock(&t->mu);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < paths.n; i++) {
        struct jig_file_content content;
        code = jig_files_look(files, paths.v[i], &content, reterr);
        if (code == JIG_OK)
            jig_sha256_field(h, content.sha256.bytes, sizeof content.sha256.bytes);
    }
    jig_strv_release(&paths);
    return code;
}

enum jig_code jig_toolids_get(struct jig_toolids *t, const char *program, struct jig_files *files,
                              const struct jig_until *until, struct jig_digest *ret,
                              struct jig_err *reterr)
{
    struct jig_file_content content;
    enum jig_code code = jig_files_look(files, program, &content, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, jig_path_base(program));
    jig_sha256_field(h, content.sha256.bytes, sizeof content.sha256.bytes);
    if (jig_tool_is_driver(program)) {
        char hex[JIG_SHA256_HEX];
        jig_digest_hex(&content.sha256, hex);
        JIG_CLEANUP_FREE char *key = jig_strf("%s %s", program, hex);
        code = add_parts(t, program, key, files, until, h, reterr);
    }
    if (code == JIG_OK)
        *ret = jig_sha256_final(h);
    jig_sha256_free(h);
    return code;
}
