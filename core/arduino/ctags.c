#include "core/arduino/ctags.h"

#include <jansson.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/proc.h"

/* Debian's universal-ctags installs the first; `ctags` may be another project's program. */
static const char *const programs[] = {"ctags-universal", "universal-ctags", "ctags"};

#define STDERR_SHOWN 600 /* bytes of its complaint that an error repeats */

struct capture {
    struct jig_buf *out;
    struct jig_buf said;
};

static void take_output(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    struct capture *c = ctx;
    if (stream == JIG_STDOUT)
        jig_buf_append(c->out, data, n);
    else
        jig_buf_append(&c->said, data,
                       n < STDERR_SHOWN - c->said.len ? n : STDERR_SHOWN - c->said.len);
}

enum jig_code jig_ctags_find(char **ret, struct jig_err *reterr)
{
    for (size_t i = 0; i < JIG_COUNT(programs); i++) {
        if (jig_proc_find(programs[i], ret, NULL) == JIG_OK)
            return JIG_OK;
    }
    jig_err_set(reterr, JIG_NOT_FOUND,
                "universal-ctags is not installed; it finds the functions of .ino files");
    jig_err_hint(reterr, "on Debian: apt-get install universal-ctags");
    return JIG_NOT_FOUND;
}

static enum jig_code judge(const struct jig_proc_result *result, struct capture *c,
                           struct jig_err *reterr)
{
    enum jig_code code = jig_buf_check(c->out, "what ctags found", reterr);
    if (code != JIG_OK)
        return code;
    if (result->exit_status == 0)
        return JIG_OK;
    jig_buf_putc(&c->said, '\0');
    const char *said = jig_str_trim(c->said.data);
    if (result->signal != 0)
        return jig_err_set(reterr, JIG_INTERNAL, "ctags was ended by signal %d: %s", result->signal,
                           said);
    jig_err_set(reterr, JIG_INTERNAL, "ctags failed with status %d: %s", result->exit_status, said);
    jig_err_hint(reterr,
                 "it has to be universal-ctags (on Debian: apt-get install universal-ctags)");
    return JIG_INTERNAL;
}

enum jig_code jig_ctags_run(const char *path, const struct jig_until *until, struct jig_buf *out,
                            struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *program = NULL;
    enum jig_code code = jig_ctags_find(&program, reterr);
    if (code != JIG_OK)
        return code;
    /* --options=NONE: nobody's ~/.ctags.d decides what is compiled. */
    char *const argv[] = {
        program,
        "--options=NONE",
        "--quiet",
        "--sort=no",
        "--language-force=C++",
        "--output-format=json",
        "--kinds-C++=fp",
        "--fields={name}{line}{kind}{scope}{signature}{typeref}",
        "-f",
        "-",
        (char *)path,
        NULL,
    };
    struct capture c = {.out = out};
    jig_buf_init(&c.said, STDERR_SHOWN + 1);
    const struct jig_proc_spec spec = {
        .argv = argv, .writes = JIG_WRITES_NOTHING, .output = take_output, .ctx = &c};
    struct jig_proc_result result;
    code = jig_proc_run(&spec, until, &result, reterr);
    if (code == JIG_OK)
        code = judge(&result, &c, reterr);
    jig_buf_release(&c.said);
    return code;
}

static char *string_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return jig_xstrdup(value != NULL ? value : "");
}

/* Only functions are kept; what else there is says nothing here. */
static void keep(struct jig_tags *tags, const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "_type"));
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *name = json_string_value(json_object_get(object, "name"));
    json_int_t line = json_integer_value(json_object_get(object, "line"));
    if (!jig_streq(type, "tag") || kind == NULL || name == NULL || line < 1)
        return;
    bool declared = strcmp(kind, "prototype") == 0;
    if (!declared && strcmp(kind, "function") != 0)
        return;
    tags->v = jig_grow(tags->v, &tags->cap, tags->n + 1, sizeof(*tags->v));
    tags->v[tags->n++] = (struct jig_tag){
        .name = jig_xstrdup(name),
        .signature = string_of(object, "signature"),
        .typeref = string_of(object, "typeref"),
        .line = (size_t)line,
        .declared = declared,
        .scoped = json_object_get(object, "scope") != NULL,
    };
}

/* ctags copies the bytes of the source, which need not be UTF-8, and JSON has to be. */
static void make_utf8(char *line, size_t n)
{
    if (jig_utf8_valid(line, n))
        return;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)line[i] >= 0x80)
            line[i] = '?';
    }
}

static enum jig_code parse_line(char *line, size_t n, size_t number, struct jig_tags *tags,
                                struct jig_err *reterr)
{
    make_utf8(line, n);
    json_error_t error;
    json_t *object = json_loadb(line, n, 0, &error);
    if (object == NULL || !json_is_object(object)) {
        json_decref(object);
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "line %zu of what ctags found is no JSON object: %s", number,
                           object == NULL ? error.text : "another type");
    }
    keep(tags, object);
    json_decref(object);
    if (tags->n > JIG_CTAGS_TAGS_MAX)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "ctags found more than %d functions",
                           JIG_CTAGS_TAGS_MAX);
    return JIG_OK;
}

enum jig_code jig_ctags_parse(const char *text, size_t len, struct jig_tags *ret,
                              struct jig_err *reterr)
{
    struct jig_tags tags = {0};
    JIG_CLEANUP_FREE char *copy = jig_xcalloc(1, len + 1);
    memcpy(copy, text, len);
    enum jig_code code = JIG_OK;
    size_t number = 1;
    for (char *at = copy, *end = copy + len; at < end && code == JIG_OK; number++) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *stop = newline != NULL ? newline : end;
        if (stop > at)
            code = parse_line(at, (size_t)(stop - at), number, &tags, reterr);
        at = stop + 1;
    }
    if (code != JIG_OK) {
        jig_tags_release(&tags);
        return code;
    }
    *ret = tags;
    return JIG_OK;
}

void jig_tags_release(struct jig_tags *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->v[i].name);
        free(t->v[i].signature);
        free(t->v[i].typeref);
    }
    free(t->v);
    *t = (struct jig_tags){0};
}
