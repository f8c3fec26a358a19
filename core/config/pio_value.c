/*
 * pio_value.c - one option's value: found, overridden, interpolated, split and checked. See pio.h.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/pio.h"
#include "core/config/pytext.h"
#include "core/hash/sha1.h"
#include "core/os/sighting.h"

struct jig_pio_frame {
    const char *section;
    const char *name;
    const struct jig_pio_frame *up;
    int depth;
};

/* Where an option's text comes from, for messages. */
struct origin {
    const char *section; /* that was asked */
    const char *name;
    const char *file; /* NULL: a variable or a default */
    unsigned line;
    const char *written_in; /* the section it stands in; NULL likewise */
};

void jig_option_free(void *option)
{
    struct jig_option *o = option;
    if (o == NULL)
        return;
    free(o->name);
    jig_strv_release(&o->values);
    free(o->raw);
    free(o->section);
    free(o->file);
    free(o);
}

static enum jig_code bad_value(const struct origin *at, struct jig_err *reterr, const char *fmt,
                               ...) JIG_PRINTF(3, 4);

static enum jig_code bad_value(const struct origin *at, struct jig_err *reterr, const char *fmt,
                               ...)
{
    va_list ap;
    va_start(ap, fmt);
    jig_err_setv(reterr, JIG_INVALID_ARGUMENT, fmt, ap);
    va_end(ap);
    if (reterr != NULL)
        reterr->reason = JIG_REASON_BAD_PROJECT;
    jig_err_prefix(reterr, "'%s' of [%s]", at->name, at->section);
    if (at->file != NULL)
        jig_err_prefix(reterr, "%s:%u", at->file, at->line);
    return JIG_INVALID_ARGUMENT;
}

/* --- the text as it is written --------------------------------------------------------------- */

/* The first of a section's options, [DEFAULT]'s last, that answers to a known option's names. */
static const char *first_name(const struct jig_pio *pio, const struct jig_ini_section *section,
                              const struct jig_pio_option *known)
{
    const char *only = jig_ini_option(&pio->ini, section, known->name) != NULL ? known->name : NULL;
    size_t count = only != NULL;
    for (size_t i = 0; i < JIG_PIO_MOST_OLD_NAMES && known->old_names[i] != NULL; i++) {
        if (jig_ini_option(&pio->ini, section, known->old_names[i]) == NULL)
            continue;
        only = known->old_names[i];
        count++;
    }
    if (count < 2)
        return only;
    const struct jig_map *maps[] = {&section->options, &pio->ini.defaults.options};
    for (size_t m = 0; m < JIG_COUNT(maps); m++) {
        for (size_t i = 0; i < maps[m]->used; i++) {
            if (jig_pio_option_is(known, maps[m]->entries[i].key))
                return maps[m]->entries[i].key;
        }
    }
    return only;
}

/* *ret stays NULL when no section has it. */
static enum jig_code written_text(struct jig_pio *pio, const struct jig_pio_option *known,
                                  struct origin *at, char **ret, struct jig_err *reterr)
{
    const struct jig_pio_walk *walk;
    enum jig_code code = jig_pio_walk(pio, at->section, &walk, reterr);
    for (size_t i = 0; code == JIG_OK && i < walk->n; i++) {
        const char *name = known != NULL ? first_name(pio, walk->sections[i], known) : at->name;
        const struct jig_ini_option *o =
            name != NULL ? jig_ini_option(&pio->ini, walk->sections[i], name) : NULL;
        if (o == NULL)
            continue;
        at->file = o->file;
        at->line = o->line;
        at->written_in = walk->sections[i]->name;
        return jig_ini_value(&pio->ini, walk->sections[i], name, o, ret, reterr);
    }
    return code;
}

/* configparser's own get(): the name in any case, of the section itself or of [DEFAULT]. */
static enum jig_code text_by_any_case(struct jig_pio *pio, struct origin *at, char **ret,
                                      struct jig_err *reterr)
{
    const struct jig_ini_section *section = jig_ini_section(&pio->ini, at->section);
    if (section == NULL && strcmp(at->section, pio->ini.defaults.name) == 0)
        section = &pio->ini.defaults;
    if (section == NULL)
        return jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                              "there is no section [%s]", at->section);
    JIG_CLEANUP_FREE char *lower = jig_xstrdup(at->name);
    for (char *p = lower; *p != '\0'; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
    const struct jig_ini_option *o = jig_ini_option(&pio->ini, section, lower);
    if (o == NULL)
        return jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                              "[%s] has no option '%s'", at->section, at->name);
    at->file = o->file;
    at->line = o->line;
    at->written_in = section->name;
    return jig_ini_value(&pio->ini, section, lower, o, ret, reterr);
}

/* The first variable with something in it: the option's own, then those of its legacy names. */
static const char *override_of(struct jig_pio *pio, const struct jig_pio_option *known)
{
    if (known->variable == NULL)
        return NULL;
    const char *value = jig_pio_variable(pio, known->variable);
    for (size_t i = 0; i < JIG_PIO_MOST_OLD_NAMES && known->old_names[i] != NULL; i++) {
        if (value != NULL && value[0] != '\0')
            return value;
        JIG_CLEANUP_FREE char *name = jig_strf("PLATFORMIO_%s", known->old_names[i]);
        for (char *p = name; *p != '\0'; p++)
            *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
        value = jig_pio_variable(pio, name);
    }
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static char *fallback_of(struct jig_pio *pio, const struct jig_pio_option *known)
{
    if (jig_streq(known->fallback, JIG_PIO_FALLBACK_ROOT_NAME))
        return jig_xstrdup(jig_path_base(pio->root));
    if (!jig_streq(known->fallback, JIG_PIO_FALLBACK_CORE_DIR))
        return jig_xstrdup(known->fallback);
    return jig_pio_absolute(pio, "~/.platformio");
}

/* What is there before ${...}; *ret NULL for nothing at all. */
static enum jig_code raw_text(struct jig_pio *pio, const struct jig_pio_option *known,
                              struct origin *at, bool *ret_set, char **ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *text = NULL;
    enum jig_code code = written_text(pio, known, at, &text, reterr);
    if (code == JIG_OK && text == NULL && known == NULL)
        code = text_by_any_case(pio, at, &text, reterr);
    if (code != JIG_OK)
        return code;
    const char *override = known != NULL ? override_of(pio, known) : NULL;
    *ret_set = text != NULL || override != NULL;
    if (override != NULL && known->is_list && text != NULL) {
        *ret = jig_strf("%s%s%s", text, text[0] != '\0' ? "\n" : "", override);
    } else if (override != NULL) {
        *ret = jig_xstrdup(override);
        at->file = NULL;
        at->written_in = NULL;
    } else {
        *ret = text != NULL || known == NULL ? jig_steal(&text) : fallback_of(pio, known);
    }
    return JIG_OK;
}

/* --- ${...} ---------------------------------------------------------------------------------- */

/* PROJECT_HASH: the folder's name and ten digits of its path's SHA-1. */
static char *project_hash(const char *root)
{
    uint8_t digest[JIG_SHA1_BYTES];
    char hex[11];
    jig_sha1_of(root, strlen(root), digest);
    jig_hex(digest, 5, hex);
    return jig_strf("%s-%s", jig_path_base(root), hex);
}

/* ${NAME}: three are PlatformIO's; the rest is left for SCons. */
static void put_built_in(struct jig_pio *pio, const char *name, struct jig_buf *out)
{
    if (strcmp(name, "PROJECT_DIR") == 0) {
        jig_buf_puts(out, pio->root);
    } else if (strcmp(name, "PROJECT_HASH") == 0) {
        JIG_CLEANUP_FREE char *hash = project_hash(pio->root);
        jig_buf_puts(out, hash);
    } else if (strcmp(name, "UNIX_TIME") == 0) {
        pio->uses_unix_time = true;
        jig_observe_unsteady("the time of day");
        jig_buf_printf(out, "%lld", (long long)pio->how.unix_time_s);
    } else {
        jig_buf_printf(out, "${%s}", name);
    }
}

/* What a value looks like inside another: str() of it in Python. */
static void put_value(const struct jig_option *o, struct jig_buf *out)
{
    if (!o->is_list && o->values.n == 0) {
        jig_buf_puts(out, "None");
    } else if (!o->is_list && o->type == JIG_OPTION_BOOL) {
        jig_buf_puts(out, strcmp(o->values.v[0], "true") == 0 ? "True" : "False");
    } else {
        JIG_CLEANUP_FREE char *joined = jig_strv_join(&o->values, "\n");
        jig_buf_puts(out, joined);
    }
}

/* A reference that leads nowhere: the error names what it leads to, and now the reference too. */
static enum jig_code dangling(const struct origin *at, const char *section, const char *name,
                              struct jig_err *reterr)
{
    jig_err_prefix(reterr, "${%s.%s} in '%s' of [%s]", section, name, at->name, at->section);
    if (at->file != NULL)
        jig_err_prefix(reterr, "%s:%u", at->file, at->line);
    if (reterr != NULL)
        reterr->code = JIG_INVALID_ARGUMENT;
    return JIG_INVALID_ARGUMENT;
}

/* ${section.option} */
static enum jig_code put_reference(struct jig_pio *pio, const struct origin *at,
                                   const char *section, const char *name, struct jig_buf *out,
                                   struct jig_err *reterr)
{
    if (strcmp(section, "sysenv") == 0) {
        const char *value = jig_pio_variable(pio, name);
        jig_buf_puts(out, value != NULL ? value : "");
        return JIG_OK;
    }
    bool is_this = strcmp(section, "this") == 0;
    if (is_this && strcmp(name, "__env__") == 0) {
        if (!jig_str_starts(at->section, "env:"))
            return bad_value(at, reterr, "${this.__env__} has no meaning outside an environment");
        jig_buf_puts(out, at->section + 4);
        return JIG_OK;
    }
    struct jig_option *o = NULL;
    enum jig_code code = jig_pio_get(pio, is_this ? at->section : section, name, &o, reterr);
    if (code == JIG_OK)
        put_value(o, out);
    else if (code == JIG_NOT_FOUND)
        code = dangling(at, section, name, reterr);
    jig_option_free(o);
    return code;
}

/* The "${...}" that starts at text: what is between the braces, as "section" and "name"; the
 * section NULL for ${NAME}. False when it is none. */
static bool parse_reference(const char *text, char **section, char **name, size_t *length)
{
    const char *body = text + 2;
    size_t n = strcspn(body, "}");
    if (n == 0 || body[n] != '}')
        return false;
    size_t dot = strcspn(body, ".}()");
    bool dotted = dot > 0 && body[dot] == '.' && dot + 1 < n;
    *section = dotted ? jig_xstrndup(body, dot) : NULL;
    *name = dotted ? jig_xstrndup(body + dot + 1, n - dot - 1) : jig_xstrndup(body, n);
    *length = n + 3;
    return true;
}

/* $PROJECT_HASH without braces, which PlatformIO still takes, gets them, in place of *text. As
 * there, a dollar sign before one ends the search, and the first one's neighbour is the last. */
static void mend_legacy_hash(char **text)
{
    static const char legacy[] = "$PROJECT_HASH";
    char *p = *text;
    char before = p[0] != '\0' ? p[strlen(p) - 1] : '\0';
    struct jig_buf out;
    jig_buf_init(&out, 2 * strlen(p) + sizeof legacy);
    for (char *hit; (hit = strstr(p, legacy)) != NULL; p = hit + sizeof legacy - 1) {
        if (hit > p)
            before = hit[-1];
        if (before == '$')
            break;
        jig_buf_append(&out, p, (size_t)(hit - p));
        jig_buf_puts(&out, "${PROJECT_HASH}");
        before = '}';
    }
    if (p != *text) {
        jig_buf_puts(&out, p);
        free(*text);
        *text = jig_buf_steal(&out);
    }
    jig_buf_release(&out);
}

/* In place of *text. */
static enum jig_code interpolate(struct jig_pio *pio, const struct origin *at, char **text,
                                 struct jig_err *reterr)
{
    mend_legacy_hash(text);
    struct jig_buf out;
    jig_buf_init(&out, JIG_PIO_VALUE_MAX);
    enum jig_code code = JIG_OK;
    const char *p = *text;
    while (code == JIG_OK && !out.failed && *p != '\0') {
        const char *next = strstr(p, "${");
        size_t plain = next != NULL ? (size_t)(next - p) : strlen(p);
        jig_buf_append(&out, p, plain);
        p += plain;
        if (next == NULL)
            break;
        JIG_CLEANUP_FREE char *section = NULL;
        JIG_CLEANUP_FREE char *name = NULL;
        size_t length = 1;
        if (!parse_reference(p, &section, &name, &length))
            jig_buf_putc(&out, *p);
        else if (section == NULL)
            put_built_in(pio, name, &out);
        else
            code = put_reference(pio, at, section, name, &out, reterr);
        p += length;
    }
    if (code == JIG_OK && out.failed)
        code = bad_value(at, reterr, "with its references resolved it is longer than %u bytes",
                         JIG_PIO_VALUE_MAX);
    if (code == JIG_OK) {
        free(*text);
        *text = out.len > 0 ? jig_buf_steal(&out) : jig_xstrdup("");
    }
    jig_buf_release(&out);
    return code;
}

/* A value for a message: its first line, and not more than 60 bytes of it. */
struct shown {
    char text[72];
};

static struct shown shown(const char *value)
{
    struct shown s;
    size_t n = strcspn(value, "\n");
    bool cut = value[n] != '\0' || n > 60;
    n = n > 60 ? 60 : n;
    while (cut && n > 0 && ((unsigned char)value[n] & 0xC0) == 0x80)
        n--;
    snprintf(s.text, sizeof s.text, "%.*s%s", (int)n, value, cut ? "..." : "");
    return s;
}

/* --- kinds ----------------------------------------------------------------------------------- */

static enum jig_code cast_bool(const struct origin *at, const char *text, char **ret,
                               struct jig_err *reterr)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"1", true},      {"0", false}, {"yes", true},  {"no", false}, {"true", true},
        {"false", false}, {"on", true}, {"off", false}, {"t", true},   {"f", false},
        {"y", true},      {"n", false}, {"", false},
    };
    struct jig_slice s = jig_py_strip((struct jig_slice){text, strlen(text)});
    for (size_t i = 0; i < JIG_COUNT(words); i++) {
        if (strlen(words[i].word) != s.n || strncasecmp(words[i].word, s.s, s.n) != 0)
            continue;
        *ret = jig_xstrdup(words[i].value ? "true" : "false");
        return JIG_OK;
    }
    return bad_value(at, reterr, "'%s' is neither yes nor no", shown(text).text);
}

static enum jig_code cast_int(const struct origin *at, const struct jig_pio_option *known,
                              const char *text, char **ret, struct jig_err *reterr)
{
    int64_t value;
    if (!jig_py_int(text, &value))
        return bad_value(at, reterr, "'%s' is not a whole number", shown(text).text);
    if (known->is_zero_or_one && value != 0 && value != 1)
        return bad_value(at, reterr, "%lld is neither 0 nor 1", (long long)value);
    *ret = jig_strf("%lld", (long long)value);
    return JIG_OK;
}

static enum jig_code cast_choice(const struct origin *at, const struct jig_pio_option *known,
                                 const char *text, char **ret, struct jig_err *reterr)
{
    struct jig_strv choices = {0};
    bool found = false;
    for (size_t i = 0; i < JIG_PIO_MOST_CHOICES && known->choices[i] != NULL; i++) {
        jig_strv_append(&choices, known->choices[i]);
        found = found || strcmp(known->choices[i], text) == 0;
    }
    JIG_CLEANUP_FREE char *list = jig_strv_join(&choices, ", ");
    jig_strv_release(&choices);
    if (!found)
        return bad_value(at, reterr, "'%s' is not one of: %s", shown(text).text, list);
    *ret = jig_xstrdup(text);
    return JIG_OK;
}

static enum jig_code cast_file(struct jig_pio *pio, const struct origin *at, const char *text,
                               char **ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(pio->root, text);
    if (text[0] != '\0')
        jig_inputs_file(&pio->inputs, path);
    if (text[0] == '\0' || !jig_fs_exists(path))
        return bad_value(at, reterr, "there is no file '%s'", shown(text).text);
    if (jig_fs_is_dir(path))
        return bad_value(at, reterr, "'%s' is a folder", shown(text).text);
    *ret = jig_xstrdup(text);
    return JIG_OK;
}

static enum jig_code cast(struct jig_pio *pio, const struct origin *at,
                          const struct jig_pio_option *known, const char *text, char **ret,
                          struct jig_err *reterr)
{
    switch (known->type) {
    case JIG_OPTION_BOOL:
        return cast_bool(at, text, ret, reterr);
    case JIG_OPTION_INT:
        return cast_int(at, known, text, ret, reterr);
    case JIG_OPTION_CHOICE:
        return cast_choice(at, known, text, ret, reterr);
    case JIG_OPTION_FILE:
        return cast_file(pio, at, text, ret, reterr);
    case JIG_OPTION_DIR: {
        bool open = strstr(text, "${") != NULL && strchr(text, '}') != NULL;
        *ret = text[0] == '\0' || open ? jig_xstrdup(text) : jig_pio_absolute(pio, text);
        return JIG_OK;
    }
    case JIG_OPTION_STRING:
        break;
    }
    *ret = jig_xstrdup(text);
    return JIG_OK;
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum jig_code fill(struct jig_pio *pio, const struct origin *at,
                          const struct jig_pio_option *known, struct jig_option *o,
                          struct jig_err *reterr)
{
    struct jig_strv items = {0};
    if (o->raw != NULL && known != NULL && known->is_list)
        jig_py_multi_values(o->raw, &items);
    else if (o->raw != NULL)
        jig_strv_append(&items, o->raw);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < items.n; i++) {
        char *value = NULL;
        if (known == NULL)
            value = jig_xstrdup(items.v[i]);
        else
            code = cast(pio, at, known, items.v[i], &value, reterr);
        if (code == JIG_OK)
            jig_strv_append_take(&o->values, value);
    }
    jig_strv_release(&items);
    return code;
}

static enum jig_code resolve(struct jig_pio *pio, struct origin *at, struct jig_option *o,
                             struct jig_err *reterr)
{
    const struct jig_pio_option *known = jig_pio_option_find(at->section, at->name);
    o->type = known != NULL ? known->type : JIG_OPTION_STRING;
    o->is_list = known != NULL && known->is_list;
    enum jig_code code = raw_text(pio, known, at, &o->is_set, &o->raw, reterr);
    if (code == JIG_OK && o->raw != NULL)
        code = interpolate(pio, at, &o->raw, reterr);
    if (code == JIG_OK)
        code = fill(pio, at, known, o, reterr);
    if (code != JIG_OK)
        return code;
    o->section = jig_xstrdup(at->written_in);
    o->file = at->file != NULL ? jig_path_join(pio->root, at->file) : NULL;
    o->line = at->file != NULL ? at->line : 0;
    return JIG_OK;
}

static enum jig_code guard(struct jig_pio *pio, const struct jig_pio_frame *frame,
                           struct jig_err *reterr)
{
    for (const struct jig_pio_frame *f = frame->up; f != NULL; f = f->up) {
        if (strcmp(f->section, frame->section) == 0 && strcmp(f->name, frame->name) == 0)
            return jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                                  "'%s' of [%s] refers to itself through ${...}", frame->name,
                                  frame->section);
    }
    if (frame->depth > JIG_PIO_MOST_DEPTH)
        return jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                              "'%s' of [%s]: ${...} is nested more than %d deep", frame->name,
                              frame->section, JIG_PIO_MOST_DEPTH);
    return jig_pio_step(pio, reterr);
}

enum jig_code jig_pio_get(struct jig_pio *pio, const char *section, const char *name,
                          struct jig_option **ret, struct jig_err *reterr)
{
    struct jig_pio_frame frame = {.section = section,
                                  .name = name,
                                  .up = pio->frame,
                                  .depth = pio->frame != NULL ? pio->frame->depth + 1 : 1};
    enum jig_code code = guard(pio, &frame, reterr);
    if (code != JIG_OK)
        return code;
    struct origin at = {.section = section, .name = name};
    struct jig_option *o = jig_new(struct jig_option);
    o->name = jig_xstrdup(name);
    pio->frame = &frame;
    code = resolve(pio, &at, o, reterr);
    pio->frame = frame.up;
    if (code != JIG_OK) {
        jig_option_free(o);
        return code;
    }
    *ret = o;
    return JIG_OK;
}
