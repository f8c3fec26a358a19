#include "core/arduino/recipe.h"

#include <stdint.h>
#include <string.h>

#include "core/arduino/toolpkg.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/proc.h"

bool jig_recipe_has(const struct jig_props *p, const char *key)
{
    return jig_props_get_or(p, key, "")[0] != '\0';
}

/* --- splitting ------------------------------------------------------------------------------ */

static void add_word(struct jig_strv *out, char *word)
{
    jig_props_unshield(word);
    if (word[strspn(word, " \t\r\n\v\f")] == '\0')
        free(word);
    else
        jig_strv_append_take(out, word);
}

/* The end of the quoted argument that starts at s (after its quote): the first place where `quote`
 * is followed by a blank or by the end. NULL when there is none. */
static const char *quoted_end(const char *s, char quote)
{
    for (; *s != '\0'; s++) {
        if (*s == quote && (s[1] == ' ' || s[1] == '\0'))
            return s;
    }
    return NULL;
}

static enum jig_code split(const char *text, const char *name, struct jig_strv *out,
                           struct jig_err *reterr)
{
    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        const char *end = text + strcspn(text, " ");
        if (*text != '"' && *text != '\'') {
            add_word(out, jig_xstrndup(text, (size_t)(end - text)));
            text = end;
            continue;
        }
        char quote = *text++;
        end = quoted_end(text, quote);
        if (end == NULL)
            return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                               "%s opens a quote (%c) and does not close it", name, quote);
        add_word(out, jig_xstrndup(text, (size_t)(end - text)));
        text = end + 1;
    }
    return JIG_OK;
}

enum jig_code jig_recipe_split(const struct jig_props *p, const struct jig_props *extra,
                               const char *name, const char *pattern, bool drop_unset,
                               struct jig_strv *out, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *line = NULL;
    enum jig_code code = jig_props_expand_shielded(p, extra, pattern, &line, reterr);
    if (code != JIG_OK) {
        jig_err_prefix(reterr, "%s", name);
        return code;
    }
    if (drop_unset)
        jig_props_drop_unexpanded(line);
    struct jig_strv words = {0};
    code = split(line, name, &words, reterr);
    if (code == JIG_OK && words.n == 0)
        code = jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s names no command", name);
    if (code == JIG_OK)
        jig_strv_extend(out, &words);
    jig_strv_release(&words);
    return code;
}

enum jig_code jig_recipe_argv(const struct jig_props *p, const struct jig_props *extra,
                              const char *key, bool drop_unset, struct jig_strv *out,
                              struct jig_err *reterr)
{
    const char *pattern = jig_props_get(p, key);
    if (extra != NULL && jig_props_has(extra, key))
        pattern = jig_props_get(extra, key);
    if (pattern == NULL || pattern[0] == '\0')
        return jig_err_set(reterr, JIG_NOT_FOUND, "the platform has no recipe %s", key);
    return jig_recipe_split(p, extra, key, pattern, drop_unset, out, reterr);
}

/* --- lists ---------------------------------------------------------------------------------- */

static void append_words(struct jig_buf *text, const char *prefix, const struct jig_strv *words)
{
    for (size_t i = 0; i < words->n; i++) {
        if (text->len > 0)
            jig_buf_putc(text, ' ');
        jig_props_shield(text, prefix);
        jig_props_shield(text, words->v[i]);
    }
}

void jig_recipe_set_words(struct jig_props *p, const char *key, const char *prefix,
                          const struct jig_strv *words)
{
    struct jig_buf text;
    jig_buf_init(&text, SIZE_MAX / 2); /* the expansion has the ceiling */
    append_words(&text, prefix, words);
    jig_props_set(p, key, text.data);
    jig_buf_release(&text);
}

void jig_recipe_append_words(struct jig_props *p, const char *key, const struct jig_strv *words)
{
    struct jig_buf text;
    jig_buf_init(&text, SIZE_MAX / 2);
    const char *now = jig_props_get_or(p, key, "");
    if (jig_props_is_literal(p, key))
        jig_props_shield(&text, now);
    else
        jig_buf_puts(&text, now);
    append_words(&text, "", words);
    jig_props_set(p, key, text.data);
    jig_buf_release(&text);
}

/* --- which recipes -------------------------------------------------------------------------- */

void jig_recipe_find(const struct jig_props *p, const char *prefix, struct jig_strv *out)
{
    struct jig_strv keys = {0};
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(p, &at, &key, &value);) {
        if (value[0] != '\0' && jig_str_starts(key, prefix) && jig_str_ends(key, ".pattern"))
            jig_strv_append(&keys, key);
    }
    jig_strv_sort(&keys);
    jig_strv_extend(out, &keys);
    jig_strv_release(&keys);
}

const char *jig_recipe_for_source(const struct jig_props *p, const char *ext)
{
    static const struct {
        const char *ext;
        const char *recipe;
        const char *otherwise;
    } rows[] = {
        {".c", "recipe.c.o.pattern", NULL},
        {".cpp", "recipe.cpp.o.pattern", NULL},
        {".S", "recipe.S.o.pattern", NULL},
        {".cxx", "recipe.cxx.o.pattern", "recipe.cpp.o.pattern"},
        {".cc", "recipe.cc.o.pattern", "recipe.cpp.o.pattern"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        if (jig_streq(ext, rows[i].ext))
            return rows[i].otherwise == NULL || jig_props_has(p, rows[i].recipe)
                       ? rows[i].recipe
                       : rows[i].otherwise;
    }
    return NULL;
}

/* `text` with every `what` replaced. The caller frees. */
static char *replace_all(const char *text, const char *what, const char *by)
{
    struct jig_buf out;
    jig_buf_init(&out, SIZE_MAX / 2);
    for (const char *at; (at = strstr(text, what)) != NULL; text = at + strlen(what)) {
        jig_buf_append(&out, text, (size_t)(at - text));
        jig_buf_puts(&out, by);
    }
    jig_buf_puts(&out, text);
    return jig_buf_steal(&out);
}

enum jig_code jig_recipe_preproc(struct jig_props *p, struct jig_err *reterr)
{
    if (!jig_props_has(p, "preproc.macros.flags"))
        jig_props_set(p, "preproc.macros.flags", "-w -x c++ -E -CC");
    if (jig_recipe_has(p, "recipe.preproc.macros"))
        return JIG_OK;
    const char *compile = jig_props_get_or(p, "recipe.cpp.o.pattern", "");
    if (compile[0] == '\0')
        return jig_err_set(reterr, JIG_NOT_FOUND, "the platform has no recipe %s",
                           "recipe.cpp.o.pattern");
    JIG_CLEANUP_FREE char *flags =
        replace_all(compile, "{compiler.cpp.flags}", "{compiler.cpp.flags} {preproc.macros.flags}");
    JIG_CLEANUP_FREE char *recipe = replace_all(flags, "{object_file}", "{preprocessed_file_path}");
    jig_props_set(p, "recipe.preproc.macros", recipe);
    return JIG_OK;
}

/* --- the tool ------------------------------------------------------------------------------- */

/* "{runtime.tools.NAME.path}/bin/x" is a tool of the Boards Manager that is not installed. */
static char *missing_package_tool(const char *word)
{
    static const char before[] = "{runtime.tools.";
    const char *at = strstr(word, before);
    const char *end = at != NULL ? strstr(at, ".path}") : NULL;
    if (end == NULL)
        return NULL;
    at += strlen(before);
    return jig_xstrndup(at, (size_t)(end - at));
}

static enum jig_code no_tool(const char *word, const char *key, enum jig_code code,
                             struct jig_err *reterr)
{
    const char *program = jig_path_base(word);
    JIG_CLEANUP_FREE char *tool = missing_package_tool(word);
    if (tool != NULL)
        jig_err_set(reterr, JIG_NOT_FOUND,
                    "%s needs the program %s of the tool '%s', which is not installed", key,
                    program, tool);
    else if (code == JIG_PERMISSION_DENIED)
        jig_err_set(reterr, code, "%s needs the program %s, which may not be run", key, word);
    else
        jig_err_set(reterr, code, "%s needs the program %s, which is not installed", key, word);
    const char *package = jig_package_of_tool(word);
    if (package != NULL)
        jig_err_hint(reterr, "install the Debian package %s", package);
    return code;
}

enum jig_code jig_recipe_find_tool(struct jig_strv *argv, const char *key, struct jig_err *reterr)
{
    if (argv->n == 0)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s names no command", key);
    const char *word = argv->v[0];
    if (word[0] == '/') {
        if (jig_fs_is_executable(word))
            return JIG_OK;
        return no_tool(word, key, jig_fs_is_file(word) ? JIG_PERMISSION_DENIED : JIG_NOT_FOUND,
                       reterr);
    }
    char *path = NULL;
    if (strchr(word, '/') != NULL || jig_proc_find(word, &path, NULL) != JIG_OK)
        return no_tool(word, key, JIG_NOT_FOUND, reterr);
    free(argv->v[0]);
    argv->v[0] = path;
    return JIG_OK;
}
