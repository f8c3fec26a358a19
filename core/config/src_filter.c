#include "core/config/src_filter.h"

#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/glob.h"
#include "core/os/fs.h"

#define DEFAULT_FILTER "+<*> -<.git/> -<.svn/>"
#define MOST_FILES     200000
#define MOST_LOOKED_AT 2000000 /* over all rules */
#define MOST_LEVELS    64

struct rule {
    bool add;
    char *pattern;
};

struct jig_src_filter {
    struct rule *rules;
    size_t n;
    size_t cap;
};

/* The rule that starts at text: re "(\+|\-)<([^>]+)>". Its length, or 0. */
static size_t parse_rule(const char *text, struct rule *ret)
{
    if ((text[0] != '+' && text[0] != '-') || text[1] != '<')
        return 0;
    size_t n = strcspn(text + 2, ">");
    if (n == 0 || text[2 + n] != '>')
        return 0;
    ret->add = text[0] == '+';
    ret->pattern = jig_xstrndup(text + 2, n);
    for (char *p = ret->pattern; *p != '\0'; p++)
        *p = (char)(*p == '\\' ? '/' : *p);
    return n + 3;
}

struct jig_src_filter *jig_src_filter_new(const char *text)
{
    struct jig_src_filter *f = jig_new(struct jig_src_filter);
    const char *p = text != NULL && text[0] != '\0' ? text : DEFAULT_FILTER;
    while (*p != '\0') {
        struct rule rule;
        size_t n = parse_rule(p, &rule);
        if (n > 0) {
            f->rules = jig_grow(f->rules, &f->cap, f->n, sizeof *f->rules);
            f->rules[f->n++] = rule;
        }
        p += n > 0 ? n : 1;
    }
    return f;
}

void jig_src_filter_free(struct jig_src_filter *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        free(f->rules[i].pattern);
    free(f->rules);
    free(f);
}

const char *const *jig_src_filter_source_extensions(void)
{
    /* SRC_BUILD_EXT in platformio-core's builder/tools/piobuild.py */
    static const char *const extensions[] = {"c",   "cc", "cpp", "cxx", "c++", "S", "spp",
                                             "SPP", "sx", "s",   "asm", "ASM", NULL};
    return extensions;
}

/* --- collecting ------------------------------------------------------------------------------ */

struct collecting {
    const char *base;
    const char *const *extensions;
    const struct rule *rule;
    struct jig_map files; /* relative path -> anything */
    size_t looked_at;
    enum jig_code code;
    struct jig_err *reterr;
};

static bool has_extension(const char *path, const char *const *extensions)
{
    bool any = extensions == NULL;
    for (; !any && *extensions != NULL; extensions++) {
        size_t n = strlen(path);
        size_t m = strlen(*extensions);
        any = n > m && path[n - m - 1] == '.' && strcmp(path + n - m, *extensions) == 0;
    }
    return any;
}

/* os.path.relpath() of two absolute paths. The caller frees. */
static char *relative_to(const char *base, const char *path)
{
    size_t n = strlen(base);
    bool plain = strstr(path, "/.") == NULL && strstr(path, "//") == NULL;
    if (plain && jig_str_starts(path, base) && path[n] == '/')
        return jig_xstrdup(path + n + 1);
    struct jig_strv from = {0};
    struct jig_strv to = {0};
    struct jig_strv out = {0};
    JIG_CLEANUP_FREE char *clean_base = jig_path_absolute("/", base);
    JIG_CLEANUP_FREE char *clean_path = jig_path_absolute("/", path);
    jig_str_split(clean_base, "/", false, &from);
    jig_str_split(clean_path, "/", false, &to);
    size_t same = 0;
    while (same < from.n && same < to.n && strcmp(from.v[same], to.v[same]) == 0)
        same++;
    for (size_t i = same; i < from.n; i++)
        jig_strv_append(&out, "..");
    for (size_t i = same; i < to.n; i++)
        jig_strv_append(&out, to.v[i]);
    char *joined = jig_strv_join(&out, "/");
    jig_strv_release(&from);
    jig_strv_release(&to);
    jig_strv_release(&out);
    return joined;
}

static void too_much(struct collecting *c, const char *what, int most)
{
    if (c->code == JIG_OK)
        c->code =
            jig_err_set(c->reterr, JIG_RESOURCE_EXHAUSTED, "%s has %s %d", c->base, what, most);
}

static void take(struct collecting *c, const char *path)
{
    if (!has_extension(path, c->extensions))
        return;
    JIG_CLEANUP_FREE char *relative = relative_to(c->base, path);
    if (c->rule->add)
        jig_map_set(&c->files, relative, c);
    else
        jig_map_remove(&c->files, relative);
    if (c->files.count > MOST_FILES)
        too_much(c, "more source files than", MOST_FILES);
}

/* Every file below a folder, links to folders followed once, dangling links taken for files: what
 * os.walk(followlinks=True) lists. `up` is the row of folders being walked. */
struct level {
    dev_t dev;
    ino_t ino;
    int depth;
    const struct level *up;
};

static void take_tree(struct collecting *c, const char *dir, const struct level *up)
{
    struct jig_stamp st;
    if (jig_fs_stamp(dir, &st, NULL) != JIG_OK)
        return;
    for (const struct level *l = up; l != NULL; l = l->up) {
        if (l->dev == st.dev && l->ino == st.ino)
            return;
    }
    struct level here = {st.dev, st.ino, up != NULL ? up->depth + 1 : 1, up};
    if (here.depth > MOST_LEVELS) {
        too_much(c, "more folders inside each other than", MOST_LEVELS);
        return;
    }
    struct jig_strv names = {0};
    enum jig_code code = jig_fs_list(dir, &names, c->reterr);
    c->code = c->code == JIG_OK ? code : c->code;
    c->looked_at += names.n;
    if (c->looked_at > MOST_LOOKED_AT)
        too_much(c, "more files to look at than", MOST_LOOKED_AT);
    for (size_t i = 0; i < names.n && c->code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        if (jig_fs_is_dir(path))
            take_tree(c, path, &here);
        else
            take(c, path);
    }
    jig_strv_release(&names);
}

static void apply(struct collecting *c, const struct rule *rule)
{
    c->rule = rule;
    JIG_CLEANUP_FREE char *escaped = jig_glob_escape(c->base);
    JIG_CLEANUP_FREE char *pattern = jig_path_join(escaped, rule->pattern);
    struct jig_strv found = {0};
    c->code = jig_glob("/", pattern, &found, NULL, c->reterr);
    c->looked_at += found.n;
    for (size_t i = 0; i < found.n && c->code == JIG_OK; i++) {
        if (jig_fs_is_dir(found.v[i]))
            take_tree(c, found.v[i], NULL);
        else
            take(c, found.v[i]);
    }
    jig_strv_release(&found);
}

enum jig_code jig_src_filter_collect(const struct jig_src_filter *f, const char *base,
                                     const char *const *extensions, struct jig_strv *out,
                                     struct jig_err *reterr)
{
    struct collecting c = {.base = base, .extensions = extensions, .reterr = reterr};
    struct jig_strv found = {0};
    jig_map_init(&c.files, NULL);
    for (size_t i = 0; i < f->n && c.code == JIG_OK; i++)
        apply(&c, &f->rules[i]);
    for (size_t i = 0; i < c.files.used && c.code == JIG_OK; i++) {
        if (c.files.entries[i].key != NULL)
            jig_strv_append(&found, c.files.entries[i].key);
    }
    jig_strv_sort(&found);
    if (c.code == JIG_OK)
        jig_strv_extend(out, &found);
    jig_strv_release(&found);
    jig_map_release(&c.files);
    return c.code;
}
