#include "core/arduino/sources.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define DEPTH_MAX 64

static bool has_suffix(const char *name, const char *const *suffixes)
{
    for (; *suffixes != NULL; suffixes++) {
        if (jig_str_ends(name, *suffixes))
            return true;
    }
    return false;
}

bool jig_is_source(const char *name)
{
    static const char *const suffixes[] = {".c", ".cpp", ".cxx", ".cc", ".S", NULL};
    return has_suffix(name, suffixes);
}

bool jig_is_header(const char *name)
{
    static const char *const suffixes[] = {".h", ".hpp", ".hh", NULL};
    return has_suffix(name, suffixes);
}

/* What starts with a dot is left out before this is asked. */
static bool left_out(const char *name)
{
    return name[0] == '.' || jig_streq(name, "CVS") || jig_streq(name, "RCS");
}

struct finder {
    struct jig_readlog *log;
    struct jig_sources *out;
    bool recurse;
    struct jig_err *reterr;
};

static enum jig_code add(struct finder *f, char *path, const char *below, const char *name)
{
    struct jig_sources *out = f->out;
    if (out->n >= JIG_SOURCES_MAX) {
        jig_err_set(f->reterr, JIG_RESOURCE_EXHAUSTED, "%s: there are more than %d source files",
                    path, JIG_SOURCES_MAX);
        free(path);
        return JIG_RESOURCE_EXHAUSTED;
    }
    out->items = jig_grow(out->items, &out->cap, out->n, sizeof *out->items);
    out->items[out->n++] = (struct jig_source){path, jig_strf("%s%s.o", below, name)};
    return JIG_OK;
}

static bool is_dir(struct finder *f, const char *path)
{
    return f->log != NULL ? jig_readlog_is_dir(f->log, path) : jig_fs_is_dir(path);
}

static enum jig_code list(struct finder *f, const char *dir, struct jig_strv *names)
{
    if (f->log != NULL)
        return jig_readlog_list(f->log, dir, names, f->reterr);
    return jig_fs_is_dir(dir) ? jig_fs_list(dir, names, f->reterr) : JIG_OK;
}

static enum jig_code find(struct finder *f, const char *dir, const char *below, int depth)
{
    if (depth > DEPTH_MAX)
        return jig_err_set(
            f->reterr, JIG_RESOURCE_EXHAUSTED,
            "%s: the folders are more than %d levels deep; is there a loop of links?", dir,
            DEPTH_MAX);
    struct jig_strv names = {0};
    enum jig_code code = list(f, dir, &names);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        const char *name = names.v[i];
        if (left_out(name))
            continue;
        /* A name with a source's ending is seldom a folder's: it is asked only then. */
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
        bool source = jig_is_source(name);
        bool folder = (source || f->recurse) && is_dir(f, path);
        if (source && !folder)
            code = add(f, jig_steal(&path), below, name);
        else if (folder && f->recurse) {
            JIG_CLEANUP_FREE char *deeper = jig_strf("%s%s/", below, name);
            code = find(f, path, deeper, depth + 1);
        }
    }
    jig_strv_release(&names);
    return code;
}

enum jig_code jig_sources_find(const char *dir, bool recurse, const char *below,
                               struct jig_readlog *log, struct jig_sources *out,
                               struct jig_err *reterr)
{
    struct finder f = {log, out, recurse, reterr};
    return find(&f, dir, below, 0);
}

static int by_object(const void *a, const void *b)
{
    const struct jig_source *x = a;
    const struct jig_source *y = b;
    return strcmp(x->object, y->object);
}

/* One name in a folder against another: a source's, without the object's ending, or a folder's. */
static int compare_names(const char *a, size_t na, const char *b, size_t nb)
{
    int c = memcmp(a, b, na < nb ? na : nb);
    return c != 0 ? c : na < nb ? -1 : na > nb;
}

static int by_walk(const void *va, const void *vb)
{
    const char *a = ((const struct jig_source *)va)->object;
    const char *b = ((const struct jig_source *)vb)->object;
    for (;;) {
        size_t na = strcspn(a, "/");
        size_t nb = strcspn(b, "/");
        size_t ending = strlen(".o");
        int c =
            compare_names(a, a[na] == '/' ? na : na - ending, b, b[nb] == '/' ? nb : nb - ending);
        if (c != 0 || a[na] != '/' || b[nb] != '/')
            return c;
        a += na + 1;
        b += nb + 1;
    }
}

enum jig_code jig_sources_join_take(struct jig_sources *out, size_t from, struct jig_sources *more,
                                    struct jig_err *reterr)
{
    struct jig_map there;
    jig_map_init(&there, NULL);
    for (size_t i = from; i < out->n; i++)
        jig_map_set(&there, out->items[i].object, out);
    if (out->n + more->n > JIG_SOURCES_MAX) {
        jig_map_release(&there);
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "%s: there are more than %d source files", more->items[0].path,
                           JIG_SOURCES_MAX);
    }
    for (size_t i = 0; i < more->n; i++) {
        if (jig_map_has(&there, more->items[i].object))
            continue;
        out->items = jig_grow(out->items, &out->cap, out->n, sizeof *out->items);
        out->items[out->n++] = more->items[i];
        more->items[i] = (struct jig_source){0};
    }
    if (out->n > from + 1)
        qsort(out->items + from, out->n - from, sizeof *out->items, by_walk);
    jig_map_release(&there);
    jig_sources_release(more);
    return JIG_OK;
}

void jig_sources_sort(struct jig_sources *s, size_t from)
{
    if (s->n > from + 1)
        qsort(s->items + from, s->n - from, sizeof *s->items, by_object);
}

void jig_sources_release(struct jig_sources *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->items[i].path);
        free(s->items[i].object);
    }
    free(s->items);
    *s = (struct jig_sources){0};
}
