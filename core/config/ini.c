#include "core/config/ini.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/pytext.h"

#define MOST_DEPTH      10 /* configparser.MAX_INTERPOLATION_DEPTH */
#define MOST_REFERENCES 10000
#define QUOTED_LENGTH   60 /* of a bad line in a message */

static void option_free(void *p)
{
    struct jig_ini_option *o = p;
    free(o->value);
    free(o->file);
    free(o);
}

static void section_release(struct jig_ini_section *s)
{
    free(s->name);
    free(s->file);
    jig_map_release(&s->options);
}

static void section_free(void *p)
{
    section_release(p);
    free(p);
}

static void section_init(struct jig_ini_section *s, const char *name, const char *file,
                         unsigned line)
{
    *s = (struct jig_ini_section){
        .name = jig_xstrdup(name), .file = jig_xstrdup(file), .line = line};
    jig_map_init(&s->options, option_free);
}

void jig_ini_init(struct jig_ini *ini)
{
    jig_map_init(&ini->sections, section_free);
    section_init(&ini->defaults, "DEFAULT", NULL, 0);
}

void jig_ini_release(struct jig_ini *ini)
{
    jig_map_release(&ini->sections);
    section_release(&ini->defaults);
}

const struct jig_ini_section *jig_ini_section(const struct jig_ini *ini, const char *name)
{
    return jig_map_get(&ini->sections, name);
}

const struct jig_ini_option *jig_ini_option(const struct jig_ini *ini,
                                            const struct jig_ini_section *section, const char *name)
{
    const struct jig_ini_option *own =
        section != NULL ? jig_map_get(&section->options, name) : NULL;
    return own != NULL ? own : jig_map_get(&ini->defaults.options, name);
}

/* --- reading --------------------------------------------------------------------------------- */

struct reader {
    struct jig_ini *ini;
    const char *file;
    unsigned line;
    struct jig_map seen; /* "[section]" and "[section]\noption" that this file has */
    struct jig_ini_section *section;
    struct jig_ini_option *option; /* that a deeper line continues */
    struct jig_buf value;          /* of `option` so far */
    size_t indent;                 /* of the line that began it, in characters */
    struct jig_err *reterr;
};

static enum jig_code bad_line(struct reader *r, const char *what, struct jig_slice text)
{
    bool cut = text.n > QUOTED_LENGTH;
    size_t n = cut ? QUOTED_LENGTH : text.n;
    while (cut && n > 0 && ((unsigned char)text.s[n] & 0xC0) == 0x80)
        n--;
    return jig_err_reason(r->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "%s:%u: %s '%.*s%s'", r->file, r->line, what, (int)n, text.s,
                          cut ? "..." : "");
}

/* Marks a thing as had by this file; false when it was there. */
static bool first_here(struct reader *r, const char *section, const char *option)
{
    JIG_CLEANUP_FREE char *key =
        jig_strf("[%s]%s%s", section, option != NULL ? "\n" : "", option != NULL ? option : "");
    if (jig_map_has(&r->seen, key))
        return false;
    jig_map_set(&r->seen, key, r);
    return true;
}

/* The value so far goes where it belongs, without white space at its end. */
static void end_option(struct reader *r)
{
    if (r->option == NULL)
        return;
    struct jig_slice whole = jig_py_rstrip((struct jig_slice){r->value.data, r->value.len});
    free(r->option->value);
    r->option->value = jig_xstrndup(whole.s, whole.n);
    r->option = NULL;
}

static enum jig_code begin_section(struct reader *r, struct jig_slice header)
{
    end_option(r);
    JIG_CLEANUP_FREE char *name = jig_xstrndup(header.s, header.n);
    if (strcmp(name, r->ini->defaults.name) == 0) {
        r->section = &r->ini->defaults;
        return JIG_OK;
    }
    if (!first_here(r, name, NULL))
        return bad_line(r, "this section is in the file twice:", header);
    r->section = jig_map_get(&r->ini->sections, name);
    if (r->section == NULL) {
        r->section = jig_new(struct jig_ini_section);
        section_init(r->section, name, r->file, r->line);
        jig_map_set(&r->ini->sections, name, r->section);
    }
    return JIG_OK;
}

static char *lower_name(struct jig_slice name)
{
    char *out = jig_xstrndup(name.s, name.n);
    for (char *p = out; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    }
    return out;
}

static enum jig_code begin_option(struct reader *r, struct jig_slice text)
{
    size_t at = 0;
    while (at < text.n && text.s[at] != '=' && text.s[at] != ':')
        at++;
    struct jig_slice name = jig_py_rstrip((struct jig_slice){text.s, at});
    if (at == text.n || name.n == 0)
        return bad_line(r, "neither a [section], an 'option = value' nor the rest of one:", text);
    end_option(r);
    JIG_CLEANUP_FREE char *key = lower_name(name);
    if (!first_here(r, r->section->name, key)) {
        JIG_CLEANUP_FREE char *what = jig_strf("[%s] has this option twice:", r->section->name);
        return bad_line(r, what, name);
    }
    struct jig_ini_option *o = jig_map_get(&r->section->options, key);
    if (o == NULL) {
        o = jig_new(struct jig_ini_option);
        jig_map_set(&r->section->options, key, o);
    }
    free(o->file);
    o->file = jig_xstrdup(r->file);
    o->line = r->line;
    r->option = o;
    struct jig_slice value = {text.s + at + 1, text.n - at - 1};
    value = jig_py_strip(value);
    jig_buf_clear(&r->value);
    jig_buf_append(&r->value, value.s, value.n);
    return JIG_OK;
}

/* Where the comment starts, or the line's length. configparser looks for the next "#" and the next
 * ";" in turns, and stops at the first turn that finds one at the start or behind white space. */
static size_t comment_at(struct jig_slice line)
{
    static const char prefixes[] = {'#', ';'};
    size_t from[] = {0, 0};
    bool more[] = {true, true};
    size_t start = line.n;
    while (start == line.n && (more[0] || more[1])) {
        for (size_t i = 0; i < 2; i++) {
            if (!more[i])
                continue;
            const char *hit = memchr(line.s + from[i], prefixes[i], line.n - from[i]);
            more[i] = hit != NULL;
            if (hit == NULL)
                continue;
            size_t at = (size_t)(hit - line.s);
            if ((at == 0 || jig_py_space_before(line.s, hit) != 0) && at < start)
                start = at;
            from[i] = at + 1;
        }
    }
    struct jig_slice text = jig_py_strip(line);
    return text.n > 0 && (text.s[0] == '#' || text.s[0] == ';') ? 0 : start;
}

static enum jig_code read_line(struct reader *r, struct jig_slice line)
{
    size_t comment = comment_at(line);
    struct jig_slice text = jig_py_strip((struct jig_slice){line.s, comment});
    if (text.n == 0) {
        if (comment == line.n && r->option != NULL)
            jig_buf_putc(&r->value, '\n');
        return JIG_OK;
    }
    size_t indent = jig_py_indent(line);
    if (r->option != NULL && indent > r->indent) {
        jig_buf_putc(&r->value, '\n');
        jig_buf_append(&r->value, text.s, text.n);
        return JIG_OK;
    }
    r->indent = indent;
    const char *close = text.s[0] == '[' ? memrchr(text.s, ']', text.n) : NULL;
    if (close != NULL && close > text.s + 1)
        return begin_section(r, (struct jig_slice){text.s + 1, (size_t)(close - text.s) - 1});
    if (r->section == NULL)
        return bad_line(r, "there is no [section] before this line:", text);
    return begin_option(r, text);
}

/* The bytes up to the line's end, and past it. Python's universal newlines: \n, \r, \r\n. */
static struct jig_slice next_line(const char *text, size_t n, size_t *at)
{
    struct jig_slice line = {text + *at, 0};
    while (*at + line.n < n && line.s[line.n] != '\n' && line.s[line.n] != '\r')
        line.n++;
    *at += line.n;
    *at += *at + 1 < n && text[*at] == '\r' && text[*at + 1] == '\n' ? 2 : 1;
    return line;
}

/* Refuses what is not text. */
static enum jig_code check_text(const char *file, const char *text, size_t n,
                                struct jig_err *reterr)
{
    if (n > JIG_INI_FILE_MAX)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s is larger than %u bytes", file, JIG_INI_FILE_MAX);
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        enum jig_code code =
            jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                           "%s:1: the file begins with a byte order mark, which PlatformIO takes "
                           "for text before the first [section]",
                           file);
        jig_err_hint(reterr, "save it as UTF-8 without a byte order mark");
        return code;
    }
    unsigned line = 0;
    for (size_t at = 0; at < n;) {
        struct jig_slice bytes = next_line(text, n, &at);
        line++;
        if (jig_utf8_valid(bytes.s, bytes.n))
            continue;
        bool nul = memchr(bytes.s, '\0', bytes.n) != NULL;
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT, "%s:%u: %s",
                              file, line,
                              nul ? "there is a NUL byte in this line" : "this line is not UTF-8");
    }
    return JIG_OK;
}

enum jig_code jig_ini_parse(struct jig_ini *ini, const char *file, const char *text, size_t n,
                            struct jig_err *reterr)
{
    enum jig_code code = check_text(file, text, n, reterr);
    if (code != JIG_OK)
        return code;
    struct reader r = {.ini = ini, .file = file, .reterr = reterr};
    jig_map_init(&r.seen, NULL);
    jig_buf_init(&r.value, 2 * (size_t)JIG_INI_FILE_MAX);
    for (size_t at = 0; at < n && code == JIG_OK;) {
        struct jig_slice line = next_line(text, n, &at);
        r.line++;
        code = read_line(&r, line);
    }
    end_option(&r);
    jig_buf_release(&r.value);
    jig_map_release(&r.seen);
    return code;
}

/* --- %(name)s -------------------------------------------------------------------------------- */

struct expansion {
    const struct jig_ini *ini;
    const struct jig_ini_section *section;
    const char *name;                    /* of the option that was asked for */
    const struct jig_ini_option *option; /* likewise: for messages */
    struct jig_buf out;
    unsigned references; /* followed so far */
    struct jig_err *reterr;
};

static enum jig_code bad_percent(struct expansion *x, const char *what)
{
    enum jig_code code = jig_err_reason(x->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                                        "%s:%u: %s in '%s' of [%s]", x->option->file,
                                        x->option->line, what, x->name, x->section->name);
    jig_err_hint(x->reterr, "a percent sign is written %%%%; %%(name)s stands for the section's "
                            "option of that name");
    return code;
}

static enum jig_code expand(struct expansion *x, const char *text, int depth);

/* *at is at "%(". */
static enum jig_code expand_reference(struct expansion *x, const char **at, int depth)
{
    const char *name = *at + 2;
    size_t n = strcspn(name, ")");
    if (n == 0 || name[n] != ')' || name[n + 1] != 's')
        return bad_percent(x, "a %(name)s that is not complete");
    JIG_CLEANUP_FREE char *key = lower_name((struct jig_slice){name, n});
    const struct jig_ini_option *o = jig_ini_option(x->ini, x->section, key);
    if (o == NULL) {
        JIG_CLEANUP_FREE char *what = jig_strf("no option for %%(%s)s", key);
        return bad_percent(x, what);
    }
    if (++x->references > MOST_REFERENCES)
        return bad_percent(x, "too many references");
    *at = name + n + 2;
    return expand(x, o->value, depth + 1);
}

static enum jig_code expand(struct expansion *x, const char *text, int depth)
{
    if (depth > MOST_DEPTH && strchr(text, '%') != NULL)
        return bad_percent(x, "references nested more than ten deep");
    enum jig_code code = JIG_OK;
    while (code == JIG_OK && *text != '\0') {
        size_t plain = strcspn(text, "%");
        jig_buf_append(&x->out, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        if (text[1] == '(') {
            code = expand_reference(x, &text, depth);
        } else if (text[1] == '%') {
            jig_buf_putc(&x->out, '%');
            text += 2;
        } else {
            code = bad_percent(x, "a lone %");
        }
    }
    if (code == JIG_OK && x->out.failed)
        code = bad_percent(x, "more than a megabyte of text");
    return code;
}

enum jig_code jig_ini_value(const struct jig_ini *ini, const struct jig_ini_section *section,
                            const char *name, const struct jig_ini_option *option, char **ret,
                            struct jig_err *reterr)
{
    struct expansion x = {
        .ini = ini, .section = section, .name = name, .option = option, .reterr = reterr};
    jig_buf_init(&x.out, JIG_INI_VALUE_MAX);
    enum jig_code code = expand(&x, option->value, 1);
    if (code == JIG_OK)
        *ret = jig_buf_steal(&x.out);
    jig_buf_release(&x.out);
    return code;
}
