#include "core/arduino/sketch.h"

#include <string.h>

#include "core/arduino/sources.h"
#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define FOUND_SHOWN 8 /* tabs named in the message when the main one is missing */

static const char *const tab_extensions[] = {".ino", ".pde"};
static const char *const companion_extensions[] = {".h",   ".hh",   ".hpp", ".ipp",
                                                   ".tpp", ".adoc", ".md",  ".json"};

static bool ends_in_one_of(const char *name, const char *const *extensions, size_t n)
{
    const char *extension = jig_path_ext(name);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(extension, extensions[i]) == 0)
            return true;
    }
    return false;
}

static bool is_tab(const char *name)
{
    return ends_in_one_of(name, tab_extensions, JIG_COUNT(tab_extensions));
}

static bool is_additional(const char *name)
{
    return jig_is_source(name) ||
           ends_in_one_of(name, companion_extensions, JIG_COUNT(companion_extensions));
}

/* A folder that no source is looked for in: sources.h. */
static bool is_ignored(const char *name)
{
    return name[0] == '.' || strcmp(name, "CVS") == 0 || strcmp(name, "RCS") == 0;
}

bool jig_sketch_is_source(const char *relative)
{
    if (!jig_is_source(relative))
        return false;
    if (strchr(relative, '/') == NULL)
        return true;
    if (!jig_str_starts(relative, "src/"))
        return false;
    struct jig_strv parts = {0};
    jig_str_split(relative, "/", false, &parts);
    bool ignored = false;
    for (size_t i = 0; i < parts.n; i++)
        ignored = ignored || is_ignored(parts.v[i]);
    jig_strv_release(&parts);
    return !ignored;
}

static bool has_control_character(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    }
    return false;
}

static enum jig_code check_name(const char *folder, const char *name, struct jig_err *reterr)
{
    if (!has_control_character(name))
        return JIG_OK;
    jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                   "a file name in the sketch folder '%s' has a control character in it: '%s'",
                   folder, name);
    jig_err_hint(reterr, "rename the file; no compiler can be told of such a name");
    return JIG_INVALID_ARGUMENT;
}

void jig_sketch_free(struct jig_sketch *s)
{
    if (s == NULL)
        return;
    free(s->name);
    free(s->folder);
    free(s->twin);
    free(s->main_name);
    jig_strv_release(&s->tabs);
    jig_strv_release(&s->additional);
    free(s);
}

static void sketch_cleanup(struct jig_sketch **s)
{
    jig_sketch_free(*s);
}

struct collector {
    struct jig_sketch *sketch;
    struct jig_strv other_tabs;
    enum jig_code code;
    struct jig_err *reterr;
};

static bool is_build_folder(const struct jig_walk_entry *entry)
{
    static const char *const marks[] = {"build.options.json", "CACHEDIR.TAG"};
    if (strcmp(entry->relative, "build") == 0)
        return true;
    for (size_t i = 0; i < JIG_COUNT(marks); i++) {
        JIG_CLEANUP_FREE char *mark = jig_path_join(entry->path, marks[i]);
        if (jig_fs_exists(mark))
            return true;
    }
    return false;
}

/* The list that a file belongs to; NULL for files that the sketch does not know. */
static struct jig_strv *list_for(struct collector *c, const struct jig_walk_entry *entry)
{
    if (!is_tab(entry->name))
        return is_additional(entry->name) ? &c->sketch->additional : NULL;
    bool at_root = strchr(entry->relative, '/') == NULL;
    bool main = at_root && strcmp(entry->name, c->sketch->main_name) == 0;
    return at_root && !main ? &c->other_tabs : NULL;
}

static enum jig_walk collect(void *ctx, const struct jig_walk_entry *entry)
{
    struct collector *c = ctx;
    if (entry->name[0] == '.')
        return JIG_WALK_ON;
    if (entry->is_dir)
        return is_build_folder(entry) ? JIG_WALK_ON : JIG_WALK_INTO;
    struct jig_strv *list = entry->is_file ? list_for(c, entry) : NULL;
    if (list == NULL)
        return JIG_WALK_ON;
    c->code = check_name(c->sketch->folder, entry->relative, c->reterr);
    if (c->code == JIG_OK && c->other_tabs.n + c->sketch->additional.n >= JIG_SKETCH_MAX_FILES)
        c->code = jig_err_reason(c->reterr, JIG_RESOURCE_EXHAUSTED, JIG_REASON_BAD_PROJECT,
                                 "the sketch folder '%s' has more than %d source files",
                                 c->sketch->folder, JIG_SKETCH_MAX_FILES);
    if (c->code != JIG_OK)
        return JIG_WALK_STOP;
    jig_strv_append(list, entry->relative);
    return JIG_WALK_ON;
}

static enum jig_code collect_files(struct jig_sketch *s, struct jig_err *reterr)
{
    struct collector c = {.sketch = s, .code = JIG_OK, .reterr = reterr};
    enum jig_code code = jig_fs_walk(s->folder, true, collect, &c, reterr);
    if (code == JIG_OK)
        code = c.code;
    jig_strv_sort(&c.other_tabs);
    jig_strv_sort(&s->additional);
    jig_strv_append(&s->tabs, s->main_name);
    jig_strv_extend(&s->tabs, &c.other_tabs);
    jig_strv_release(&c.other_tabs);
    return code;
}

char *jig_sketch_path(const struct jig_sketch *s, const char *relative)
{
    char *own = jig_path_join(s->folder, relative);
    JIG_CLEANUP_FREE char *twin = s->twin != NULL ? jig_path_join(s->twin, relative) : NULL;
    if (twin == NULL || jig_fs_exists(own) || !jig_fs_exists(twin))
        return own;
    free(own);
    return jig_steal(&twin);
}

static enum jig_code two_main_tabs(const struct jig_sketch *s, struct jig_err *reterr)
{
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "the sketch '%s' has two main files: %s.ino and %s.pde", s->folder,
                          s->name, s->name);
}

/* Tabs of the twin's; the main one stays the first. */
static enum jig_code add_tabs(struct jig_sketch *s, const struct jig_strv *tabs,
                              struct jig_err *reterr)
{
    for (size_t i = 0; i < tabs->n; i++) {
        const char *tab = tabs->v[i];
        size_t n = strlen(tab) - strlen(jig_path_ext(tab));
        if (strlen(s->name) == n && strncmp(tab, s->name, n) == 0)
            return two_main_tabs(s, reterr);
        jig_strv_add_unique(&s->tabs, tab);
    }
    struct jig_strv others = {.v = s->tabs.v + 1, .n = s->tabs.n - 1};
    if (others.n > 1)
        jig_strv_sort(&others);
    return JIG_OK;
}

enum jig_code jig_sketch_add_twin(struct jig_sketch *s, const char *folder, struct jig_err *reterr)
{
    struct jig_sketch other = {.folder = (char *)folder, .main_name = s->main_name};
    struct collector c = {.sketch = &other, .code = JIG_OK, .reterr = reterr};
    if (!jig_fs_is_dir(folder))
        return JIG_OK;
    s->twin = jig_xstrdup(folder);
    enum jig_code code = jig_fs_walk(folder, true, collect, &c, reterr);
    if (code == JIG_OK)
        code = c.code;
    if (code == JIG_OK)
        code = add_tabs(s, &c.other_tabs, reterr);
    for (size_t i = 0; code == JIG_OK && i < other.additional.n; i++)
        jig_strv_add_unique(&s->additional, other.additional.v[i]);
    jig_strv_sort(&s->additional);
    jig_strv_release(&c.other_tabs);
    jig_strv_release(&other.additional);
    return code;
}

/* "Blink.ino" when folder holds it; the .pde spelling otherwise; NULL when there is neither. */
static char *main_tab_in(const char *folder, const char *name, bool *ret_both)
{
    char *found = NULL;
    *ret_both = false;
    for (size_t i = 0; i < JIG_COUNT(tab_extensions); i++) {
        JIG_CLEANUP_FREE char *file = jig_strf("%s%s", name, tab_extensions[i]);
        JIG_CLEANUP_FREE char *path = jig_path_join(folder, file);
        if (!jig_fs_is_file(path))
            continue;
        if (found != NULL)
            *ret_both = true;
        else
            found = jig_steal(&file);
    }
    return found;
}

bool jig_sketch_is_folder(const char *folder)
{
    JIG_CLEANUP_FREE char *real = NULL;
    bool both;
    if (jig_fs_real(folder, &real, NULL) != JIG_OK)
        return false;
    JIG_CLEANUP_FREE char *main_name = main_tab_in(real, jig_path_base(real), &both);
    return main_name != NULL;
}

static enum jig_code no_main_tab(const struct jig_sketch *s, struct jig_err *reterr)
{
    struct jig_strv names = {0}, tabs = {0};
    enum jig_code code = jig_fs_list(s->folder, &names, reterr);
    for (size_t i = 0; i < names.n && tabs.n < FOUND_SHOWN; i++) {
        if (is_tab(names.v[i]) && names.v[i][0] != '.')
            jig_strv_append(&tabs, names.v[i]);
    }
    JIG_CLEANUP_FREE char *found = jig_strv_join(&tabs, ", ");
    if (code == JIG_OK) {
        code = jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                              "'%s' is not a sketch: it has no %s.ino%s%s", s->folder, s->name,
                              tabs.n > 0 ? "; it has: " : "", found);
        if (tabs.n > 0)
            jig_err_hint(reterr,
                         "a sketch's main file is named like its folder: rename one of them");
    }
    jig_strv_release(&names);
    jig_strv_release(&tabs);
    return code;
}

/* The folder of a sketch that is named by its folder or by one of its tabs. */
static enum jig_code find_folder(const char *path, char **ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *real = NULL;
    enum jig_code code = jig_fs_real(path, &real, reterr);
    if (code != JIG_OK)
        return code;
    if (jig_fs_is_dir(real)) {
        *ret = jig_steal(&real);
        return JIG_OK;
    }
    if (!is_tab(real))
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "'%s' is neither a sketch folder nor an .ino file", path);
    *ret = jig_path_dir(real);
    return JIG_OK;
}

enum jig_code jig_sketch_load(const char *path, struct jig_sketch **ret, struct jig_err *reterr)
{
    JIG_CLEANUP(sketch_cleanup) struct jig_sketch *s = jig_new(struct jig_sketch);
    enum jig_code code = find_folder(path, &s->folder, reterr);
    if (code != JIG_OK)
        return code;
    code = check_name(s->folder, s->folder, reterr);
    if (code != JIG_OK)
        return code;
    s->name = jig_xstrdup(jig_path_base(s->folder));
    bool both;
    s->main_name = main_tab_in(s->folder, s->name, &both);
    if (s->main_name == NULL)
        return no_main_tab(s, reterr);
    if (both)
        return two_main_tabs(s, reterr);
    code = collect_files(s, reterr);
    if (code != JIG_OK)
        return code;
    *ret = jig_steal(&s);
    return JIG_OK;
}

/* Whether the text defines or declares setup() or loop(): PlatformIO's notion of a main tab. */
static bool has_entry_point(const char *text)
{
    static const char *const names[] = {"setup", "loop"};
    for (const char *at = strstr(text, "void"); at != NULL; at = strstr(at + 1, "void")) {
        const char *name = at + strlen("void");
        size_t blanks = strspn(name, " \t\r\n");
        name += blanks;
        for (size_t i = 0; blanks > 0 && i < JIG_COUNT(names); i++) {
            if (!jig_str_starts(name, names[i]))
                continue;
            const char *after = name + strlen(names[i]);
            if (after[strspn(after, " \t\r\n")] == '(')
                return true;
        }
    }
    return false;
}

static enum jig_code find_main(const struct jig_sketch *s, size_t *ret, struct jig_err *reterr)
{
    *ret = 0;
    for (size_t i = 0; i < s->tabs.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_sketch_path(s, s->tabs.v[i]);
        struct jig_buf text;
        jig_buf_init(&text, JIG_TAB_MAX);
        enum jig_code code = jig_fs_read(path, &text, reterr);
        bool found = code == JIG_OK && has_entry_point(text.data);
        jig_buf_release(&text);
        if (code != JIG_OK)
            return code;
        if (found) {
            *ret = i;
            return JIG_OK;
        }
    }
    return JIG_OK;
}

static enum jig_code check_tabs(const struct jig_sketch *s, struct jig_err *reterr)
{
    if (s->tabs.n == 0)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "there is no .ino file in '%s'", s->folder);
    if (s->tabs.n > JIG_SKETCH_MAX_FILES)
        return jig_err_reason(reterr, JIG_RESOURCE_EXHAUSTED, JIG_REASON_BAD_PROJECT,
                              "'%s' has more than %d .ino files", s->folder, JIG_SKETCH_MAX_FILES);
    enum jig_code code = check_name(s->folder, s->folder, reterr);
    for (size_t i = 0; i < s->tabs.n && code == JIG_OK; i++)
        code = check_name(s->folder, s->tabs.v[i], reterr);
    return code;
}

enum jig_code jig_sketch_from_tabs(const char *folder, const char *twin,
                                   const struct jig_strv *tabs, struct jig_sketch **ret,
                                   struct jig_err *reterr)
{
    JIG_CLEANUP(sketch_cleanup) struct jig_sketch *s = jig_new(struct jig_sketch);
    enum jig_code code = jig_fs_real(folder, &s->folder, reterr);
    s->twin = jig_xstrdup(twin);
    if (code != JIG_OK)
        return code;
    jig_strv_extend(&s->tabs, tabs);
    code = check_tabs(s, reterr);
    if (code != JIG_OK)
        return code;
    size_t main;
    code = find_main(s, &main, reterr);
    if (code != JIG_OK)
        return code;
    char *first = s->tabs.v[main];
    memmove(s->tabs.v + 1, s->tabs.v, main * sizeof(*s->tabs.v));
    s->tabs.v[0] = first;
    s->main_name = jig_xstrdup(jig_path_base(first));
    s->name = jig_xstrndup(s->main_name, strlen(s->main_name) - strlen(jig_path_ext(s->main_name)));
    *ret = jig_steal(&s);
    return JIG_OK;
}
