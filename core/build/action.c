#include "core/build/action.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"

#define BUILD_TOKEN "{build}"

/* Changes whenever what goes into a key does: old keys then match nothing. */
#define KEY_VERSION "jig action 1"

struct jig_action *jig_action_new(const char *phase, const char *step)
{
    struct jig_action *a = jig_new(struct jig_action);
    a->phase = jig_xstrdup(phase);
    a->step = jig_xstrdup(step);
    return a;
}

void jig_action_free(struct jig_action *a)
{
    if (a == NULL)
        return;
    free(a->step);
    free(a->phase);
    jig_strv_release(&a->argv);
    free(a->cwd);
    jig_strv_release(&a->inputs);
    jig_strv_release(&a->known);
    jig_strv_release(&a->outputs);
    free(a->depfile);
    free(a->name);
    free(a->like);
    free(a);
}

/* Every occurrence of the build folder, for paths inside options: "-L/b", "-Wl,-Map,/b/x.map". */
static char *replace_build_dir(const char *build_dir, const char *text)
{
    size_t n = strlen(build_dir);
    struct jig_buf out;
    jig_buf_init(&out, SIZE_MAX / 2);
    for (const char *at = strstr(text, build_dir); at != NULL; at = strstr(text, build_dir)) {
        char after = at[n];
        bool whole = after == '/' || after == '\0' || strchr("\"',:;", after) != NULL;
        jig_buf_append(&out, text, (size_t)(at - text));
        jig_buf_puts(&out, whole ? BUILD_TOKEN : build_dir);
        text = at + n;
    }
    jig_buf_puts(&out, text);
    return jig_buf_steal(&out);
}

char *jig_build_relative(const char *build_dir, const char *path)
{
    size_t n = strlen(build_dir);
    if (strncmp(path, build_dir, n) == 0 && path[n] == '/')
        return jig_strf(BUILD_TOKEN "%s", path + n);
    return jig_xstrdup(path);
}

char *jig_build_absolute(const char *build_dir, const char *path)
{
    if (jig_str_starts(path, BUILD_TOKEN "/"))
        return jig_strf("%s%s", build_dir, path + strlen(BUILD_TOKEN));
    return jig_xstrdup(path);
}

static void hash_word(struct jig_sha256 *h, const char *build_dir, const char *word)
{
    JIG_CLEANUP_FREE char *plain = replace_build_dir(build_dir, word);
    jig_sha256_string(h, plain);
}

struct jig_digest jig_action_command(const struct jig_action *a, const char *build_dir,
                                     const struct jig_digest *tool)
{
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, KEY_VERSION);
    jig_sha256_field(h, tool->bytes, sizeof tool->bytes);
    hash_word(h, build_dir, a->cwd);
    jig_sha256_u64(h, a->argv.n);
    for (size_t i = 0; i < a->argv.n; i++)
        hash_word(h, build_dir, a->argv.v[i]);
    jig_sha256_u64(h, a->outputs.n);
    for (size_t i = 0; i < a->outputs.n; i++)
        hash_word(h, build_dir, a->outputs.v[i]);
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    return d;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct jig_trace_file *)a)->path,
                  ((const struct jig_trace_file *)b)->path);
}

struct jig_digest jig_action_key(const struct jig_digest *command, struct jig_trace_file *inputs,
                                 size_t n)
{
    if (n > 1)
        qsort(inputs, n, sizeof *inputs, by_path);
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_field(h, command->bytes, sizeof command->bytes);
    jig_sha256_u64(h, n);
    for (size_t i = 0; i < n; i++) {
        jig_sha256_string(h, inputs[i].path);
        jig_sha256_field(h, inputs[i].sha256.bytes, sizeof inputs[i].sha256.bytes);
    }
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    return d;
}
