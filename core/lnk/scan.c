#include "core/lnk/scan.h"

#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lnk/ignore.h"
#include "core/lnk/pointer.h"
#include "core/os/fs.h"

#define MOST_LEVELS  64
#define MOST_FOLDERS 200000

static const char *const never[] = {".git", ".hg", ".svn", ".jig", ".pio"};
static const char *const build_marks[] = {"CACHEDIR.TAG", "build.options.json"};

struct scan {
    struct jig_ignore *ignore;
    const char *outside; /* where the root stands in the rules' own root: "" or "sub/project" */
    struct jig_strv *out;
    size_t folders;
    struct jig_strv within; /* the real paths of the folders on the way, once links are met */
    struct jig_map linked;  /* the real folders that links led to */
    struct jig_err *reterr;
};

static enum jig_code scan_folder(struct scan *s, const char *path, const char *relative,
                                 size_t level);

/* "a/b" of "a" and "b", where either may be empty. */
static char *below(const char *folder, const char *name)
{
    return folder[0] == '\0' ? jig_xstrdup(name)
           : name[0] == '\0' ? jig_xstrdup(folder)
                             : jig_strf("%s/%s", folder, name);
}

static bool is_left_out(const struct scan *s, const char *relative, bool is_dir)
{
    JIG_CLEANUP_FREE char *path = below(s->outside, relative);
    return jig_ignore_has(s->ignore, path, is_dir);
}

static bool is_never(const char *name)
{
    for (size_t i = 0; i < JIG_COUNT(never); i++) {
        if (strcmp(name, never[i]) == 0)
            return true;
    }
    return false;
}

/* True for a link that would lead round, or to a folder that another link led to. */
static bool is_known(struct scan *s, const char *path, const char *parent)
{
    JIG_CLEANUP_FREE char *real = NULL;
    JIG_CLEANUP_FREE char *here = NULL;
    if (jig_fs_real(path, &real, NULL) != JIG_OK || jig_fs_real(parent, &here, NULL) != JIG_OK)
        return true;
    size_t n = strlen(real);
    bool above = strncmp(here, real, n) == 0 && (here[n] == '/' || here[n] == '\0' || n == 1);
    for (size_t i = 0; !above && i < s->within.n; i++)
        above = strncmp(s->within.v[i], real, n) == 0 &&
                (s->within.v[i][n] == '/' || s->within.v[i][n] == '\0');
    if (above || jig_map_has(&s->linked, real))
        return true;
    jig_map_set(&s->linked, real, s);
    jig_strv_append(&s->within, here); /* the way back, past the link */
    return false;
}

static enum jig_code scan_link(struct scan *s, const char *parent, const char *path,
                               const char *relative, size_t level)
{
    size_t n = s->within.n;
    if (!jig_fs_is_dir(path) || is_known(s, path, parent))
        return JIG_OK;
    enum jig_code code = scan_folder(s, path, relative, level);
    while (s->within.n > n)
        jig_strv_remove(&s->within, s->within.n - 1);
    return code;
}

static enum jig_code add_pointer(struct scan *s, const char *relative)
{
    if (s->out->n == JIG_LNK_MOST)
        return jig_err_set(s->reterr, JIG_RESOURCE_EXHAUSTED,
                           "the project has more than %d pointers", JIG_LNK_MOST);
    jig_strv_append(s->out, relative);
    return JIG_OK;
}

/* One marked name (jig_fs_list_marked) of a folder. */
static enum jig_code scan_entry(struct scan *s, const char *folder, const char *folder_relative,
                                const char *marked, size_t level)
{
    size_t n = strlen(marked);
    bool is_link = n > 2 && strcmp(marked + n - 2, "/@") == 0;
    bool is_dir = !is_link && n > 1 && marked[n - 1] == '/';
    size_t name_n = n - (is_link ? 2 : is_dir ? 1 : 0);
    bool named = name_n > strlen(JIG_POINTER_SUFFIX) &&
                 memcmp(marked + name_n - strlen(JIG_POINTER_SUFFIX), JIG_POINTER_SUFFIX,
                        strlen(JIG_POINTER_SUFFIX)) == 0;
    if (!is_link && !is_dir && !named)
        return JIG_OK;
    JIG_CLEANUP_FREE char *name = jig_xstrndup(marked, name_n);
    JIG_CLEANUP_FREE char *relative = below(folder_relative, name);
    /* To git a link is no folder. */
    if (is_never(name) || is_left_out(s, relative, is_dir))
        return JIG_OK;
    JIG_CLEANUP_FREE char *path = jig_path_join(folder, name);
    if (is_dir)
        return scan_folder(s, path, relative, level + 1);
    if (!is_link || (named && !jig_fs_is_dir(path)))
        return add_pointer(s, relative);
    return scan_link(s, folder, path, relative, level + 1);
}

static bool is_build_folder(const struct jig_strv *names)
{
    for (size_t i = 0; i < JIG_COUNT(build_marks); i++) {
        if (jig_strv_contains(names, build_marks[i]))
            return true;
    }
    return false;
}

static enum jig_code scan_names(struct scan *s, const char *path, const char *relative,
                                const struct jig_strv *names, size_t level)
{
    size_t height = jig_ignore_height(s->ignore);
    enum jig_code code = JIG_OK;
    if (jig_strv_contains(names, ".gitignore")) {
        JIG_CLEANUP_FREE char *rules = jig_path_join(path, ".gitignore");
        JIG_CLEANUP_FREE char *folder = below(s->outside, relative);
        code = jig_ignore_push_file(s->ignore, folder, rules, s->reterr);
    }
    for (size_t i = 0; code == JIG_OK && i < names->n; i++)
        code = scan_entry(s, path, relative, names->v[i], level);
    jig_ignore_pop(s->ignore, height);
    return code;
}

static enum jig_code scan_folder(struct scan *s, const char *path, const char *relative,
                                 size_t level)
{
    struct jig_strv names = {0};
    if (level > MOST_LEVELS)
        return JIG_OK;
    if (++s->folders > MOST_FOLDERS)
        return jig_err_set(s->reterr, JIG_RESOURCE_EXHAUSTED,
                           "the project has more than %d folders to look for pointers in",
                           MOST_FOLDERS);
    enum jig_code code = jig_fs_list_marked(path, &names, s->reterr);
    if ((code == JIG_NOT_FOUND || code == JIG_PERMISSION_DENIED) && level > 0)
        code = JIG_OK; /* gone meanwhile, or none of ours */
    if (code == JIG_OK && (level == 0 || !is_build_folder(&names)))
        code = scan_names(s, path, relative, &names, level);
    jig_strv_release(&names);
    return code;
}

/* ---- the repository's rules ---- */

/* The nearest folder at or above `root` that has a .git. NULL when there is none. */
static char *find_repository(const char *root)
{
    char *folder = jig_xstrdup(root);
    for (;;) {
        JIG_CLEANUP_FREE char *git = jig_path_join(folder, ".git");
        if (jig_fs_exists(git))
            return folder;
        char *parent = jig_path_dir(folder);
        bool at_top = strcmp(parent, folder) == 0;
        free(folder);
        folder = parent;
        if (at_top)
            break;
    }
    free(folder);
    return NULL;
}

/* The rules of the folders from the repository down to the one above the project. *ret_out: these
 * leave the project itself out. */
static enum jig_code push_outer(struct scan *s, const char *repository, const char *inner,
                                bool *ret_out)
{
    JIG_CLEANUP_FREE char *exclude = jig_path_join(repository, ".git/info/exclude");
    enum jig_code code = jig_ignore_push_file(s->ignore, "", exclude, s->reterr);
    *ret_out = false;
    for (const char *p = inner; code == JIG_OK && *p != '\0';) {
        JIG_CLEANUP_FREE char *folder =
            p == inner ? jig_xstrdup("") : jig_xstrndup(inner, (size_t)(p - inner) - 1);
        JIG_CLEANUP_FREE char *path = jig_path_join(repository, folder);
        JIG_CLEANUP_FREE char *rules = jig_path_join(path, ".gitignore");
        code = jig_ignore_push_file(s->ignore, folder, rules, s->reterr);
        p += strcspn(p, "/");
        JIG_CLEANUP_FREE char *next = jig_xstrndup(inner, (size_t)(p - inner));
        *ret_out = *ret_out || jig_ignore_has(s->ignore, next, true);
        p += *p == '/';
    }
    return code;
}

enum jig_code jig_lnk_scan(const char *root, struct jig_strv *out, struct jig_err *reterr)
{
    struct scan s = {.ignore = jig_ignore_new(), .outside = "", .out = out, .reterr = reterr};
    JIG_CLEANUP_FREE char *repository = find_repository(root);
    enum jig_code code = JIG_OK;
    jig_map_init(&s.linked, NULL);
    if (repository != NULL) {
        bool left_out = false;
        const char *inner = root + strlen(repository);
        s.outside = inner + (*inner == '/');
        code = push_outer(&s, repository, s.outside, &left_out);
        if (left_out)
            jig_ignore_pop(s.ignore, 0);
    }
    if (code == JIG_OK)
        code = scan_folder(&s, root, "", 0);
    jig_strv_sort(out);
    jig_strv_release(&s.within);
    jig_map_release(&s.linked);
    jig_ignore_free(s.ignore);
    return code;
}
