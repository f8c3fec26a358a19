#include <errno.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/sighting.h"

#define MOST_LEVELS  64
#define MOST_ENTRIES 1000000

struct walk {
    bool follow;
    bool stopped;
    jig_walk_fn *visit;
    void *ctx;
    size_t entries;
    size_t depth;
    struct {
        dev_t dev;
        ino_t ino;
    } above[MOST_LEVELS]; /* the folders being walked, to see loops */
};

static enum jig_code walk_folder(struct walk *w, const char *path, const char *relative,
                                 const struct stat *st, struct jig_err *reterr);

static void tell(const char *path, bool follow, const struct stat *st)
{
    const struct jig_observer *o = jig_observer();
    struct jig_sighting s = {
        .kind = JIG_SAW_TYPE, .path = path, .follow = follow, .there = st != NULL};
    if (st != NULL)
        s.stamp.mode = st->st_mode;
    if (o != NULL)
        o->saw(o->ctx, &s);
}

static bool is_loop(const struct walk *w, const struct stat *st)
{
    for (size_t i = 0; i < w->depth; i++) {
        if (w->above[i].dev == st->st_dev && w->above[i].ino == st->st_ino)
            return true;
    }
    return false;
}

static enum jig_code walk_entry(struct walk *w, const char *dir, const char *dir_relative,
                                const char *name, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    JIG_CLEANUP_FREE char *relative = jig_path_join(dir_relative, name);
    struct stat st;
    int failed = w->follow ? stat(path, &st) : lstat(path, &st);
    tell(path, w->follow, failed == 0 ? &st : NULL);
    if (failed != 0)
        return JIG_OK; /* gone meanwhile, or a dangling link */
    if (++w->entries > MOST_ENTRIES)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s has more than %d files", dir,
                           MOST_ENTRIES);
    struct jig_walk_entry entry = {.relative = relative,
                                   .path = path,
                                   .name = name,
                                   .is_dir = S_ISDIR(st.st_mode),
                                   .is_file = S_ISREG(st.st_mode)};
    enum jig_walk answer = w->visit(w->ctx, &entry);
    if (answer == JIG_WALK_STOP)
        w->stopped = true;
    if (answer != JIG_WALK_INTO || !entry.is_dir || is_loop(w, &st))
        return JIG_OK;
    return walk_folder(w, path, relative, &st, reterr);
}

static enum jig_code walk_folder(struct walk *w, const char *path, const char *relative,
                                 const struct stat *st, struct jig_err *reterr)
{
    if (w->depth == MOST_LEVELS)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s is more than %d folders deep", path,
                           MOST_LEVELS);
    w->above[w->depth].dev = st->st_dev;
    w->above[w->depth].ino = st->st_ino;
    w->depth++;
    struct jig_strv names = {0};
    enum jig_code code = jig_fs_list(path, &names, reterr);
    for (size_t i = 0; code == JIG_OK && !w->stopped && i < names.n; i++)
        code = walk_entry(w, path, relative, names.v[i], reterr);
    jig_strv_release(&names);
    w->depth--;
    return code;
}

enum jig_code jig_fs_walk(const char *root, bool follow, jig_walk_fn *visit, void *ctx,
                          struct jig_err *reterr)
{
    struct stat st;
    int failed = stat(root, &st) != 0 ? errno : 0;
    tell(root, true, failed == 0 ? &st : NULL);
    if (failed != 0)
        return jig_err_sys(reterr, failed, "cannot look at %s", root);
    struct walk w = {.follow = follow, .visit = visit, .ctx = ctx};
    return walk_folder(&w, root, "", &st, reterr);
}
