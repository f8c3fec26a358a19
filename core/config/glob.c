#include "core/config/glob.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define MOST_LEVELS 64

/* --- one name -------------------------------------------------------------------------------- */

/* The character at p and its length; a byte that is not UTF-8 stands for itself. */
static uint32_t character(const char *p, size_t *length)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t n = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : u[0] >= 0xC2 ? 2 : 1;
    *length = 1;
    if (n == 1 || !jig_utf8_valid(p, strnlen(p, n)) || strnlen(p, n) < n)
        return u[0] < 0x80 ? u[0] : 0xDC00u + u[0]; /* Python's surrogateescape */
    *length = n;
    uint32_t c = u[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (u[i] & 0x3Fu);
    return c;
}

/* The end of the set whose "[" is at p, or NULL when it is not closed. */
static const char *set_end(const char *p)
{
    p++;
    if (*p == '!')
        p++;
    if (*p == ']')
        p++;
    return strchr(p, ']');
}

/* Whether c is in the set [p, end): characters and ranges. A range upside down is empty; a hyphen
 * first, last, or right behind a range stands for itself. */
static bool in_set(const char *p, const char *end, uint32_t c)
{
    while (p < end) {
        size_t n;
        uint32_t low = character(p, &n);
        p += n;
        if (p + 1 >= end || *p != '-') {
            if (c == low)
                return true;
            continue;
        }
        uint32_t high = character(p + 1, &n);
        p += 1 + n;
        if (low <= c && c <= high)
            return true;
    }
    return false;
}

/* Whether the single-character pattern at p fits c. */
static bool fits_one(const char *p, const char *end_of_set, uint32_t c)
{
    if (*p == '?')
        return true;
    if (end_of_set == NULL) {
        size_t n;
        return character(p, &n) == c;
    }
    bool negated = p[1] == '!';
    return in_set(p + 1 + negated, end_of_set, c) != negated;
}

bool jig_fnmatch(const char *pattern, const char *name)
{
    const char *star = NULL; /* behind the last *, and the name from where it is tried */
    const char *retry = NULL;
    while (*name != '\0' || *pattern != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            retry = name;
            continue;
        }
        size_t width = 0;
        uint32_t c = *name != '\0' ? character(name, &width) : 0;
        if (*pattern != '\0' && *name != '\0') {
            const char *end = *pattern == '[' ? set_end(pattern) : NULL;
            size_t step = 1;
            if (end != NULL)
                step = (size_t)(end - pattern) + 1;
            else
                character(pattern, &step);
            if (fits_one(pattern, end, c)) {
                pattern += step;
                name += width;
                continue;
            }
        }
        if (star == NULL || *retry == '\0')
            return false;
        character(retry, &width);
        retry += width;
        name = retry;
        pattern = star;
    }
    return true;
}

bool jig_glob_has_magic(const char *pattern)
{
    return strpbrk(pattern, "*?[") != NULL;
}

char *jig_glob_escape(const char *text)
{
    struct jig_buf out;
    jig_buf_init(&out, 4 * strlen(text) + 1);
    for (; *text != '\0'; text++) {
        char piece[] = {'[', *text, ']', '\0'};
        if (strchr("*?[", *text) != NULL)
            jig_buf_puts(&out, piece);
        else
            jig_buf_putc(&out, *text);
    }
    return out.len > 0 ? jig_buf_steal(&out) : jig_xstrdup("");
}

/* --- paths ----------------------------------------------------------------------------------- */

struct globbing {
    const char *cwd;
    struct jig_strv *listed;
    size_t looked_at;
    size_t level;
    struct {
        dev_t dev;
        ino_t ino;
    } above[MOST_LEVELS]; /* the folders that ** is in, to see loops of links */
    enum jig_code code;
    struct jig_err *reterr;
};

static char *real_path(const struct globbing *g, const char *path)
{
    return jig_path_join(g->cwd, path);
}

static bool is_dir(const struct globbing *g, const char *path)
{
    JIG_CLEANUP_FREE char *real = real_path(g, path);
    return jig_fs_is_dir(real);
}

static bool is_there(const struct globbing *g, const char *path)
{
    JIG_CLEANUP_FREE char *real = real_path(g, path);
    return jig_fs_is_there(real);
}

/* os.path.split(): *head without its last slashes, unless it is nothing else. */
static void split(const char *path, char **head, const char **tail)
{
    const char *slash = strrchr(path, '/');
    *tail = slash != NULL ? slash + 1 : path;
    size_t n = (size_t)(*tail - path);
    size_t kept = n;
    while (kept > 0 && path[kept - 1] == '/')
        kept--;
    *head = jig_xstrndup(path, kept > 0 ? kept : n);
}

/* os.path.join() for names that are relative: an empty name leaves a slash at the end. */
static char *joined(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    return jig_strf("%s%s%s", dir, n == 0 || dir[n - 1] == '/' ? "" : "/", name);
}

/* The names in a folder; one that cannot be listed has none. */
static void list(struct globbing *g, const char *dir, bool only_dirs, struct jig_strv *names)
{
    JIG_CLEANUP_FREE char *real = real_path(g, dir);
    if (g->listed != NULL && jig_fs_is_dir(real))
        jig_strv_append(g->listed, real);
    struct jig_strv all = {0};
    if (jig_fs_list(real, &all, NULL) != JIG_OK)
        jig_strv_clear(&all);
    g->looked_at += all.n;
    if (g->looked_at > JIG_GLOB_MOST && g->code == JIG_OK)
        g->code = jig_err_set(g->reterr, JIG_RESOURCE_EXHAUSTED, "%s has more than %d files", real,
                              JIG_GLOB_MOST);
    for (size_t i = 0; i < all.n && g->code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *path = joined(dir, all.v[i]);
        if (!only_dirs || is_dir(g, path))
            jig_strv_append(names, all.v[i]);
    }
    jig_strv_release(&all);
}

static bool enter(struct globbing *g, const char *dir)
{
    JIG_CLEANUP_FREE char *real = real_path(g, dir);
    struct jig_stamp st;
    if (jig_fs_stamp(real, &st, NULL) != JIG_OK || !S_ISDIR(st.mode))
        return false;
    for (size_t i = 0; i < g->level; i++) {
        if (g->above[i].dev == st.dev && g->above[i].ino == st.ino)
            return false;
    }
    if (g->level == MOST_LEVELS) {
        g->code = jig_err_set(g->reterr, JIG_RESOURCE_EXHAUSTED, "%s is more than %d folders deep",
                              real, MOST_LEVELS);
        return false;
    }
    g->above[g->level].dev = st.dev;
    g->above[g->level].ino = st.ino;
    g->level++;
    return true;
}

/* What ** stands for below dir, in `out` as paths that start with dir. */
static void everything_below(struct globbing *g, const char *dir, bool only_dirs,
                             struct jig_strv *out)
{
    if (!enter(g, dir))
        return;
    struct jig_strv names = {0};
    list(g, dir, only_dirs, &names);
    for (size_t i = 0; i < names.n && g->code == JIG_OK; i++) {
        if (names.v[i][0] == '.')
            continue;
        char *path = joined(dir, names.v[i]);
        jig_strv_append_take(out, path);
        everything_below(g, path, only_dirs, out);
    }
    jig_strv_release(&names);
    g->level--;
}

/* What the last part of a pattern stands for in dir. */
static void in_folder(struct globbing *g, const char *dir, const char *tail, bool only_dirs,
                      struct jig_strv *out)
{
    if (strcmp(tail, "**") == 0) {
        jig_strv_append_take(out, joined(dir, ""));
        everything_below(g, dir, only_dirs, out);
        return;
    }
    if (!jig_glob_has_magic(tail)) {
        JIG_CLEANUP_FREE char *path = joined(dir, tail);
        if (tail[0] != '\0' ? is_there(g, path) : is_dir(g, dir))
            jig_strv_append_take(out, jig_steal(&path));
        return;
    }
    struct jig_strv names = {0};
    list(g, dir, only_dirs, &names);
    for (size_t i = 0; i < names.n; i++) {
        bool hidden = names.v[i][0] == '.' && tail[0] != '.';
        if (!hidden && jig_fnmatch(tail, names.v[i]))
            jig_strv_append_take(out, joined(dir, names.v[i]));
    }
    jig_strv_release(&names);
}

static void expand(struct globbing *g, const char *pattern, bool only_dirs, struct jig_strv *out)
{
    JIG_CLEANUP_FREE char *head = NULL;
    const char *tail;
    split(pattern, &head, &tail);
    if (!jig_glob_has_magic(pattern)) {
        if (tail[0] != '\0' ? is_there(g, pattern) : is_dir(g, head))
            jig_strv_append(out, pattern);
        return;
    }
    struct jig_strv dirs = {0};
    if (strcmp(head, pattern) != 0 && jig_glob_has_magic(head))
        expand(g, head, true, &dirs);
    else
        jig_strv_append(&dirs, head);
    for (size_t i = 0; i < dirs.n && g->code == JIG_OK; i++)
        in_folder(g, dirs.v[i], tail, only_dirs, out);
    jig_strv_release(&dirs);
}

enum jig_code jig_glob(const char *cwd, const char *pattern, struct jig_strv *out,
                       struct jig_strv *listed, struct jig_err *reterr)
{
    struct globbing g = {.cwd = cwd, .listed = listed, .reterr = reterr};
    size_t before = out->n;
    expand(&g, pattern, false, out);
    /* A pattern that is "**" from the start yields "" first, which Python leaves out. */
    if (out->n > before && out->v[before][0] == '\0')
        jig_strv_remove(out, before);
    return g.code;
}
