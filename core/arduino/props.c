#include "core/arduino/props.h"

#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"

#define OS_SUFFIX ".linux"

/* The first byte of a shielded pair. No line of a properties file may hold it. */
#define SHIELD '\x01'

struct jig_props {
    struct jig_map map; /* of struct value */
};

struct value {
    bool literal;
    char text[];
};

struct jig_props *jig_props_new(void)
{
    struct jig_props *p = jig_new(struct jig_props);
    jig_map_init(&p->map, free);
    return p;
}

void jig_props_free(struct jig_props *p)
{
    if (p == NULL)
        return;
    jig_map_release(&p->map);
    free(p);
}

void jig_cleanup_props(struct jig_props **p)
{
    jig_props_free(*p);
    *p = NULL;
}

struct jig_props *jig_props_clone(const struct jig_props *p)
{
    struct jig_props *copy = jig_props_new();
    jig_props_merge(copy, p);
    return copy;
}

static void set_value(struct jig_props *p, const char *key, const char *text, bool literal)
{
    size_t n = strlen(text) + 1;
    struct value *v = jig_xcalloc(1, sizeof(*v) + n);
    v->literal = literal;
    memcpy(v->text, text, n);
    jig_map_remove(&p->map, key); /* so that it moves to the end */
    jig_map_set(&p->map, key, v);
}

void jig_props_set(struct jig_props *p, const char *key, const char *value)
{
    set_value(p, key, value, false);
}

void jig_props_set_literal(struct jig_props *p, const char *key, const char *value)
{
    set_value(p, key, value, true);
}

bool jig_props_remove(struct jig_props *p, const char *key)
{
    return jig_map_remove(&p->map, key);
}

const char *jig_props_get(const struct jig_props *p, const char *key)
{
    const struct value *v = jig_map_get(&p->map, key);
    return v != NULL ? v->text : NULL;
}

const char *jig_props_get_or(const struct jig_props *p, const char *key, const char *otherwise)
{
    const char *text = jig_props_get(p, key);
    return text != NULL ? text : otherwise;
}

bool jig_props_has(const struct jig_props *p, const char *key)
{
    return jig_map_has(&p->map, key);
}

bool jig_props_is_literal(const struct jig_props *p, const char *key)
{
    const struct value *v = jig_map_get(&p->map, key);
    return v != NULL && v->literal;
}

bool jig_props_true(const struct jig_props *p, const char *key)
{
    return jig_streq(jig_props_get(p, key), "true");
}

size_t jig_props_count(const struct jig_props *p)
{
    return p->map.count;
}

bool jig_props_next(const struct jig_props *p, size_t *at, const char **ret_key,
                    const char **ret_value)
{
    while (*at < p->map.used && p->map.entries[*at].key == NULL)
        (*at)++;
    if (*at >= p->map.used)
        return false;
    const struct jig_map_entry *e = &p->map.entries[(*at)++];
    *ret_key = e->key;
    *ret_value = ((const struct value *)e->value)->text;
    return true;
}

void jig_props_merge(struct jig_props *p, const struct jig_props *from)
{
    for (size_t i = 0; i < from->map.used; i++) {
        const struct jig_map_entry *e = &from->map.entries[i];
        if (e->key == NULL)
            continue;
        const struct value *v = e->value;
        set_value(p, e->key, v->text, v->literal);
    }
}

struct jig_props *jig_props_subtree(const struct jig_props *p, const char *prefix)
{
    struct jig_props *out = jig_props_new();
    size_t n = strlen(prefix);
    for (size_t i = 0; i < p->map.used; i++) {
        const struct jig_map_entry *e = &p->map.entries[i];
        if (e->key == NULL || strncmp(e->key, prefix, n) != 0 || e->key[n] != '.')
            continue;
        const struct value *v = e->value;
        set_value(out, e->key + n + 1, v->text, v->literal);
    }
    return out;
}

void jig_props_first_level(const struct jig_props *p, struct jig_strv *out)
{
    struct jig_map seen;
    jig_map_init(&seen, NULL);
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(p, &at, &key, &value);) {
        JIG_CLEANUP_FREE char *first = jig_xstrndup(key, strcspn(key, "."));
        if (jig_map_has(&seen, first))
            continue;
        jig_map_set(&seen, first, out);
        jig_strv_append(out, first);
    }
    jig_map_release(&seen);
}

/* --- reading ------------------------------------------------------------------------------- */

/* Cuts the first ".linux" out of the key, in place. */
static void cut_os_suffix(char *key)
{
    char *at = strstr(key, OS_SUFFIX);
    if (at != NULL)
        memmove(at, at + strlen(OS_SUFFIX), strlen(at + strlen(OS_SUFFIX)) + 1);
}

/* The start of a line for a message, cut between two characters. The caller frees. */
static char *excerpt(const char *line)
{
    size_t n = strnlen(line, 60);
    while (n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80)
        n--;
    return jig_xstrndup(line, n);
}

static enum jig_code parse_line(struct jig_props *p, const char *name, size_t number, char *line,
                                struct jig_err *reterr)
{
    line = jig_str_trim(line);
    if (line[0] == '\0' || line[0] == '#')
        return JIG_OK;
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        JIG_CLEANUP_FREE char *start = excerpt(line);
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "%s:%zu: '%s' is not of the form key=value", name, number, start);
    }
    if (strchr(line, SHIELD) != NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "%s:%zu: the line holds a control character", name, number);
    *equals = '\0';
    char *key = jig_str_trim(line);
    cut_os_suffix(key);
    if (!jig_props_has(p, key) && jig_props_count(p) >= JIG_PROPS_MAX)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s:%zu: more than %u properties", name,
                           number, JIG_PROPS_MAX);
    jig_props_set(p, key, jig_str_trim(equals + 1));
    return JIG_OK;
}

/* ISO 8859-1 to UTF-8. */
static void append_latin1(struct jig_buf *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x80) {
            jig_buf_putc(out, (char)c);
        } else {
            jig_buf_putc(out, (char)(0xc0 | (c >> 6)));
            jig_buf_putc(out, (char)(0x80 | (c & 0x3f)));
        }
    }
}

static enum jig_code parse_lines(struct jig_props *p, const char *name, char *text, size_t n,
                                 struct jig_err *reterr)
{
    size_t number = 1;
    for (char *line = text, *end = text + n; line <= end; number++) {
        size_t length = strcspn(line, "\r\n");
        char *next = line + length;
        next += *next == '\r' && next[1] == '\n' ? 2 : 1;
        if (length > JIG_PROPS_LINE_MAX)
            return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                               "%s:%zu: the line is longer than %u bytes", name, number,
                               JIG_PROPS_LINE_MAX);
        line[length] = '\0';
        enum jig_code code = parse_line(p, name, number, line, reterr);
        if (code != JIG_OK)
            return code;
        line = next;
    }
    return JIG_OK;
}

enum jig_code jig_props_parse(struct jig_props *p, const char *name, const char *text, size_t n,
                              struct jig_err *reterr)
{
    if (n > JIG_PROPS_FILE_MAX)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "%s is larger than the limit of %u bytes", name, JIG_PROPS_FILE_MAX);
    if (memchr(text, '\0', n) != NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s is not a text file", name);
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    struct jig_buf copy;
    jig_buf_init(&copy, 2 * (size_t)JIG_PROPS_FILE_MAX);
    if (jig_utf8_valid(text, n))
        jig_buf_append(&copy, text, n);
    else
        append_latin1(&copy, text, n);
    enum jig_code code = jig_buf_check(&copy, name, reterr);
    if (code == JIG_OK)
        code = parse_lines(p, name, copy.data, copy.len, reterr);
    jig_buf_release(&copy);
    return code;
}

/* --- expansion ----------------------------------------------------------------------------- */

/* Each character that means something to the expansion or to the splitter, and its letter. */
static const char shielded[] = " \t\n\"'{}\x01";
static const char letters[] = "stndqoce";

void jig_props_shield(struct jig_buf *out, const char *word)
{
    for (; *word != '\0'; word++) {
        const char *at = strchr(shielded, *word);
        if (at == NULL) {
            jig_buf_putc(out, *word);
            continue;
        }
        jig_buf_putc(out, SHIELD);
        jig_buf_putc(out, letters[at - shielded]);
    }
}

void jig_props_unshield(char *word)
{
    char *to = word;
    for (const char *from = word; *from != '\0'; from++) {
        const char *at = from[0] == SHIELD && from[1] != '\0' ? strchr(letters, from[1]) : NULL;
        *to++ = at != NULL ? shielded[at - letters] : *from;
        from += at != NULL;
    }
    *to = '\0';
}

static const struct value *look_up(const struct jig_props *p, const struct jig_props *extra,
                                   const char *key)
{
    const struct value *v = extra != NULL ? jig_map_get(&extra->map, key) : NULL;
    return v != NULL || p == NULL ? v : jig_map_get(&p->map, key);
}

/* One round: every innermost {key} with a value is replaced. False when none was. */
static bool expand_once(const struct jig_props *p, const struct jig_props *extra, const char *text,
                        struct jig_buf *out)
{
    bool changed = false;
    while (*text != '\0') {
        size_t plain = strcspn(text, "{");
        jig_buf_append(out, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        size_t n = 1 + strcspn(text + 1, "{}");
        const struct value *v = NULL;
        if (text[n] == '}') {
            JIG_CLEANUP_FREE char *key = jig_xstrndup(text + 1, n - 1);
            v = look_up(p, extra, key);
        }
        if (v == NULL) {
            jig_buf_append(out, text, n);
            text += n;
            continue;
        }
        if (v->literal)
            jig_props_shield(out, v->text);
        else
            jig_buf_puts(out, v->text);
        text += n + 1;
        changed = true;
    }
    return changed;
}

enum jig_code jig_props_expand_shielded(const struct jig_props *p, const struct jig_props *extra,
                                        const char *text, char **ret, struct jig_err *reterr)
{
    struct jig_buf now;
    struct jig_buf next;
    jig_buf_init(&now, JIG_PROPS_EXPAND_MAX);
    jig_buf_init(&next, JIG_PROPS_EXPAND_MAX);
    jig_buf_puts(&now, text);
    for (int round = 0; round < JIG_PROPS_ROUNDS && !now.failed; round++) {
        jig_buf_clear(&next);
        bool changed = expand_once(p, extra, now.data, &next);
        struct jig_buf swap = now;
        now = next;
        next = swap;
        if (!changed)
            break;
    }
    jig_buf_release(&next);
    JIG_CLEANUP_FREE char *start = excerpt(text);
    JIG_CLEANUP_FREE char *what = jig_strf("the expansion of '%s'", start);
    enum jig_code code = jig_buf_check(&now, what, reterr);
    if (code == JIG_OK)
        *ret = jig_buf_steal(&now);
    jig_buf_release(&now);
    return code;
}

enum jig_code jig_props_expand(const struct jig_props *p, const struct jig_props *extra,
                               const char *text, char **ret, struct jig_err *reterr)
{
    enum jig_code code = jig_props_expand_shielded(p, extra, text, ret, reterr);
    if (code == JIG_OK)
        jig_props_unshield(*ret);
    return code;
}

enum jig_code jig_props_expand_key(const struct jig_props *p, const char *key, char **ret,
                                   struct jig_err *reterr)
{
    const struct value *v = jig_map_get(&p->map, key);
    if (v != NULL && v->literal) {
        *ret = jig_xstrdup(v->text);
        return JIG_OK;
    }
    return jig_props_expand(p, NULL, v != NULL ? v->text : "", ret, reterr);
}

void jig_props_drop_unexpanded(char *text)
{
    char *to = text;
    while (*text != '\0') {
        /* Go's {.+?}: at least one character between the braces. */
        char *end =
            text[0] == '{' && text[1] != '\0' && text[1] != '\n' ? strchr(text + 2, '}') : NULL;
        if (end != NULL && memchr(text, '\n', (size_t)(end - text)) == NULL)
            text = end + 1;
        else
            *to++ = *text++;
    }
    *to = '\0';
}
