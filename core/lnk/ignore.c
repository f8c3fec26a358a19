#include "core/lnk/ignore.h"

#include <ctype.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define MOST_STEPS 50000 /* of matching one pattern: "a*a*a*..." must not take for ever */

struct rule {
    char *pattern;
    char *folder; /* "src/"; "" for the root */
    bool excepts; /* ! */
    bool dirs_only;
    bool whole; /* of the path below the folder; else of the name alone */
};

struct jig_ignore {
    struct rule *rules;
    size_t n;
    size_t cap;
};

struct jig_ignore *jig_ignore_new(void)
{
    return jig_new(struct jig_ignore);
}

void jig_ignore_free(struct jig_ignore *g)
{
    if (g == NULL)
        return;
    jig_ignore_pop(g, 0);
    free(g->rules);
    free(g);
}

size_t jig_ignore_height(const struct jig_ignore *g)
{
    return g->n;
}

void jig_ignore_pop(struct jig_ignore *g, size_t height)
{
    while (g->n > height) {
        g->n--;
        free(g->rules[g->n].pattern);
        free(g->rules[g->n].folder);
    }
}

/* ---- reading ---- */

/* The line's length without the blanks at its end, unless a backslash keeps one. */
static size_t without_blanks(const char *line, size_t n)
{
    size_t end = 0;
    for (size_t i = 0; i < n; i++) {
        if (line[i] == '\\' && i + 1 < n)
            end = ++i + 1;
        else if (line[i] != ' ')
            end = i + 1;
    }
    return end;
}

static void add_rule(struct jig_ignore *g, const char *folder, const char *line, size_t n)
{
    struct rule r = {0};
    n = without_blanks(line, n);
    if (n > 0 && line[0] == '!') {
        r.excepts = true;
        line++;
        n--;
    }
    if (n > 0 && line[n - 1] == '/') {
        r.dirs_only = true;
        n--;
    }
    if (n == 0)
        return;
    r.whole = memchr(line, '/', n) != NULL;
    if (line[0] == '/') {
        line++;
        n--;
    }
    r.pattern = jig_xstrndup(line, n);
    r.folder = folder[0] != '\0' ? jig_strf("%s/", folder) : jig_xstrdup("");
    g->rules = jig_grow(g->rules, &g->cap, g->n, sizeof *g->rules);
    g->rules[g->n++] = r;
}

enum jig_code jig_ignore_push(struct jig_ignore *g, const char *folder, const char *text, size_t n,
                              struct jig_err *reterr)
{
    static const char bom[] = "\xef\xbb\xbf";
    const char *end = text + n;
    if (n >= 3 && memcmp(text, bom, 3) == 0)
        text += 3;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline != NULL ? newline : end;
        size_t length = (size_t)(stop - text);
        if (newline != NULL && length > 0 && text[length - 1] == '\r')
            length--;
        if (g->n == JIG_IGNORE_RULES)
            return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                               "the .gitignore files of the project have more than %d rules",
                               JIG_IGNORE_RULES);
        if (length > 0 && text[0] != '#' && memchr(text, '\0', length) == NULL)
            add_rule(g, folder, text, length);
        text = newline != NULL ? newline + 1 : end;
    }
    return JIG_OK;
}

enum jig_code jig_ignore_push_file(struct jig_ignore *g, const char *folder, const char *path,
                                   struct jig_err *reterr)
{
    struct jig_buf text;
    if (!jig_fs_is_file(path))
        return JIG_OK;
    jig_buf_init(&text, JIG_IGNORE_MAX);
    enum jig_code code = jig_fs_read(path, &text, reterr);
    if (code == JIG_OK)
        code = jig_ignore_push(g, folder, text.data, text.len, reterr);
    jig_buf_release(&text);
    return code;
}

/* ---- matching ---- */

struct match {
    size_t steps;
};

/* [:name:] at p; its length, or 0. */
static size_t class_at(const char *p, unsigned char c, bool *ret_fits)
{
    static const struct {
        const char *name;
        int (*is)(int c);
    } classes[] = {
        {"[:alnum:]", isalnum}, {"[:alpha:]", isalpha}, {"[:blank:]", isblank},
        {"[:cntrl:]", iscntrl}, {"[:digit:]", isdigit}, {"[:graph:]", isgraph},
        {"[:lower:]", islower}, {"[:print:]", isprint}, {"[:punct:]", ispunct},
        {"[:space:]", isspace}, {"[:upper:]", isupper}, {"[:xdigit:]", isxdigit},
    };
    for (size_t i = 0; i < JIG_COUNT(classes); i++) {
        size_t n = strlen(classes[i].name);
        if (strncmp(p, classes[i].name, n) == 0) {
            *ret_fits = c < 0x80 && classes[i].is(c) != 0;
            return n;
        }
    }
    return 0;
}

/* One character of a set, a backslash taken off; moves *p past it. 0 at the pattern's end. */
static unsigned char set_char(const char **p)
{
    if (**p == '\\')
        (*p)++;
    unsigned char c = (unsigned char)**p;
    if (c != '\0')
        (*p)++;
    return c;
}

/* A set that begins at p ('['): where it ends, or NULL when it does not. */
static const char *match_set(const char *p, unsigned char c, bool *ret_fits)
{
    bool negated = p[1] == '!' || p[1] == '^';
    bool fits = false;
    p += negated ? 2 : 1;
    for (bool first = true; first || *p != ']'; first = false) {
        bool in_class = false;
        size_t n = *p == '[' ? class_at(p, c, &in_class) : 0;
        if (n > 0) {
            fits = fits || in_class;
            p += n;
            continue;
        }
        unsigned char low = set_char(&p);
        if (low == '\0')
            return NULL;
        unsigned char high = low;
        if (p[0] == '-' && p[1] != ']' && p[1] != '\0') {
            p++;
            high = set_char(&p);
            if (high == '\0')
                return NULL;
        }
        fits = fits || (low <= c && c <= high);
    }
    *ret_fits = fits != negated && c != '/';
    return p + 1;
}

static bool fits(struct match *m, const char *begin, const char *p, const char *s);

/* Stars at p: how they go on. */
static bool fits_stars(struct match *m, const char *begin, const char *p, const char *s)
{
    const char *after = p + strspn(p, "*");
    bool at_start = p == begin || p[-1] == '/';
    bool deep = after - p >= 2 && at_start && (*after == '/' || *after == '\0');
    if (deep && *after == '\0')
        return true; /* "x/" before it: everything below */
    if (deep) {      /* any number of folders, none as well */
        for (const char *t = s;; t++) {
            if ((t == s || t[-1] == '/') && fits(m, begin, after + 1, t))
                return true;
            if (*t == '\0')
                return false;
        }
    }
    for (const char *t = s;; t++) {
        if (fits(m, begin, after, t))
            return true;
        if (*t == '\0' || *t == '/')
            return false;
    }
}

/* Whether pattern p fits all of s. */
static bool fits(struct match *m, const char *begin, const char *p, const char *s)
{
    for (; *p != '\0'; s++) {
        bool in_set = false;
        if (++m->steps > MOST_STEPS)
            return false;
        if (*p == '*')
            return fits_stars(m, begin, p, s);
        if (*s == '\0')
            return false;
        const char *after = *p == '[' ? match_set(p, (unsigned char)*s, &in_set) : NULL;
        if (*p == '[' && after == NULL)
            return false; /* a set without an end fits nothing */
        if (*p == '[' && !in_set)
            return false;
        if (*p == '[') {
            p = after;
            continue;
        }
        if (*p == '?' && *s == '/')
            return false;
        if (*p == '\\' && p[1] == '\0')
            return false;
        if (*p != '?' && *(*p == '\\' ? ++p : p) != *s)
            return false;
        p++;
    }
    return *s == '\0';
}

static bool rule_fits(const struct rule *r, const char *path, const char *name, bool is_dir)
{
    size_t n = strlen(r->folder);
    if ((r->dirs_only && !is_dir) || strncmp(path, r->folder, n) != 0)
        return false;
    struct match m = {0};
    return fits(&m, r->pattern, r->pattern, r->whole ? path + n : name);
}

bool jig_ignore_has(const struct jig_ignore *g, const char *path, bool is_dir)
{
    const char *name = jig_path_base(path);
    for (size_t i = g->n; i > 0; i--) {
        if (rule_fits(&g->rules[i - 1], path, name, is_dir))
            return !g->rules[i - 1].excepts;
    }
    return false;
}
