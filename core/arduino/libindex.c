#include "core/arduino/libindex.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/arduino/board.h"
#include "core/arduino/libpoints.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"

/* What one folder held. Never changes but for its log, which the cache's lock guards. */
struct folder {
    atomic_uint refs;
    char *path;
    char *twin; /* NULL: none */
    enum jig_library_location location;
    bool single;
    struct jig_library **libs;
    size_t n;
    size_t cap;
    struct jig_strv faults;
    struct jig_readlog *log;
};

struct jig_libcache {
    pthread_mutex_t mu;
    struct folder **folders;     /* guarded by mu; the one used last is last */
    size_t n;                    /* guarded by mu */
    struct jig_memo_stats stats; /* guarded by mu */
};

/* The libraries that claim one header. */
struct claim {
    const struct jig_library **libs;
    size_t n;
    size_t cap;
};

struct jig_libindex {
    atomic_uint refs;
    struct folder **folders;
    size_t n;
    struct jig_map headers; /* name -> struct claim */
    struct jig_strv ignore;
    struct jig_strv faults;
};

/* --- folders ---------------------------------------------------------------------------------- */

static void folder_unref(struct folder *f)
{
    if (f == NULL || atomic_fetch_sub(&f->refs, 1) != 1)
        return;
    for (size_t i = 0; i < f->n; i++)
        jig_library_free(f->libs[i]);
    free(f->libs);
    free(f->path);
    free(f->twin);
    jig_strv_release(&f->faults);
    jig_readlog_free(f->log);
    free(f);
}

static enum jig_code load_one(struct folder *f, const char *path, const char *twin,
                              struct jig_err *reterr)
{
    struct jig_library *lib = NULL;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_library_load(path, twin, f->location, f->log, &lib, &err);
    if (code == JIG_OK) {
        if (f->n >= JIG_LIBRARIES_MAX) {
            jig_library_free(lib);
            return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s holds more than %d libraries",
                               f->path, JIG_LIBRARIES_MAX);
        }
        f->libs = jig_grow(f->libs, &f->cap, f->n, sizeof(struct jig_library *));
        f->libs[f->n++] = lib;
    } else if (code != JIG_NOT_FOUND) {
        jig_strv_append(&f->faults, err.message);
    }
    return JIG_OK;
}

/* The names in both folders, each once, sorted. */
static enum jig_code list_all(struct folder *f, struct jig_strv *names, struct jig_err *reterr)
{
    struct jig_strv more = {0};
    enum jig_code code = jig_readlog_list(f->log, f->path, names, reterr);
    if (code == JIG_OK && f->twin != NULL)
        code = jig_readlog_list(f->log, f->twin, &more, reterr);
    for (size_t i = 0; i < more.n; i++)
        jig_strv_add_unique(names, more.v[i]);
    if (more.n > 0)
        jig_strv_sort(names);
    jig_strv_release(&more);
    return code;
}

static enum jig_code load_all(struct folder *f, struct jig_err *reterr)
{
    if (f->single)
        return load_one(f, f->path, f->twin, reterr);
    struct jig_strv names = {0};
    enum jig_code code = list_all(f, &names, reterr);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        const char *name = names.v[i];
        if (name[0] == '.')
            continue;
        JIG_CLEANUP_FREE char *path = jig_path_join(f->path, name);
        JIG_CLEANUP_FREE char *twin = f->twin != NULL ? jig_path_join(f->twin, name) : NULL;
        bool has_own = jig_readlog_is_dir(f->log, path);
        bool has_twin = twin != NULL && jig_readlog_is_dir(f->log, twin);
        if (has_own || has_twin)
            code = load_one(f, has_own ? path : twin, has_own && has_twin ? twin : NULL, reterr);
    }
    jig_strv_release(&names);
    return code;
}

static enum jig_code folder_load(const struct jig_library_folder *spec, struct folder **ret,
                                 struct jig_err *reterr)
{
    struct folder *f = jig_new(struct folder);
    atomic_init(&f->refs, 1);
    f->path = jig_xstrdup(spec->path);
    f->twin = jig_xstrdup(spec->twin);
    f->location = spec->location;
    f->single = spec->single;
    f->log = jig_readlog_new();
    enum jig_code code = load_all(f, reterr);
    if (code == JIG_OK)
        *ret = f;
    else
        folder_unref(f);
    return code;
}

/* --- the cache -------------------------------------------------------------------------------- */

struct jig_libcache *jig_libcache_new(void)
{
    struct jig_libcache *c = jig_new(struct jig_libcache);
    pthread_mutex_init(&c->mu, NULL);
    c->folders = jig_xcalloc(JIG_LIBCACHE_FOLDERS_MAX, sizeof(struct folder *));
    return c;
}

void jig_libcache_free(struct jig_libcache *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n; i++)
        folder_unref(c->folders[i]);
    free(c->folders);
    pthread_mutex_destroy(&c->mu);
    free(c);
}

/* Takes a folder out of the list; the list's reference goes to the caller. Under mu. */
static struct folder *take_out(struct jig_libcache *c, const struct jig_library_folder *spec)
{
    for (size_t i = 0; i < c->n; i++) {
        struct folder *f = c->folders[i];
        if (f->location != spec->location || f->single != spec->single ||
            !jig_streq(f->path, spec->path) || !jig_streq(f->twin, spec->twin))
            continue;
        memmove(&c->folders[i], &c->folders[i + 1], (c->n - i - 1) * sizeof(struct folder *));
        c->n--;
        return f;
    }
    return NULL;
}

/* Puts a folder at the end, where the last used is; the oldest goes when there are too many. */
static void put_in(struct jig_libcache *c, struct folder *f)
{
    if (c->n == JIG_LIBCACHE_FOLDERS_MAX) {
        folder_unref(c->folders[0]);
        memmove(&c->folders[0], &c->folders[1], (c->n - 1) * sizeof(struct folder *));
        c->n--;
    }
    c->folders[c->n++] = f;
}

/* The folder as it is now, with a reference for the caller. Under mu. */
static enum jig_code current(struct jig_libcache *c, const struct jig_library_folder *spec,
                             struct folder **ret, struct jig_err *reterr)
{
    struct folder *f = take_out(c, spec);
    bool holds = f != NULL && !jig_readlog_changed(f->log);
    *(holds ? &c->stats.hits : f != NULL ? &c->stats.fallbacks : &c->stats.misses) += 1;
    if (!holds) {
        folder_unref(f);
        f = NULL;
    }
    if (f == NULL) {
        enum jig_code code = folder_load(spec, &f, reterr);
        if (code != JIG_OK)
            return code;
    }
    put_in(c, f);
    atomic_fetch_add(&f->refs, 1);
    *ret = f;
    return JIG_OK;
}

struct jig_memo_stats jig_libcache_stats(struct jig_libcache *c)
{
    pthread_mutex_lock(&c->mu);
    struct jig_memo_stats s = c->stats;
    s.entries = c->n;
    pthread_mutex_unlock(&c->mu);
    return s;
}

/* --- the index -------------------------------------------------------------------------------- */

static void claim_free(void *value)
{
    struct claim *c = value;
    free(c->libs);
    free(c);
}

static bool is_ignored(const struct jig_libindex *x, const struct jig_library *lib)
{
    return jig_strv_contains(&x->ignore, lib->name) || jig_strv_contains(&x->ignore, lib->dir_name);
}

static void add_claims(struct jig_libindex *x, const struct jig_library *lib)
{
    for (size_t i = 0; i < lib->headers.n; i++) {
        struct claim *c = jig_map_get(&x->headers, lib->headers.v[i]);
        if (c == NULL) {
            c = jig_new(struct claim);
            jig_map_set(&x->headers, lib->headers.v[i], c);
        }
        c->libs = jig_grow(c->libs, &c->cap, c->n, sizeof(struct jig_library *));
        c->libs[c->n++] = lib;
    }
}

static void add_folder(struct jig_libindex *x, struct folder *f)
{
    x->folders[x->n++] = f;
    for (size_t i = 0; i < f->n; i++) {
        if (!is_ignored(x, f->libs[i]))
            add_claims(x, f->libs[i]);
    }
    jig_strv_extend(&x->faults, &f->faults);
}

static bool named_before(const struct jig_library_folder *folders, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (jig_streq(folders[i].path, folders[at].path))
            return true;
    }
    return false;
}

enum jig_code jig_libindex_open(struct jig_libcache *c, const struct jig_library_folder *folders,
                                size_t n, const struct jig_strv *ignore, struct jig_libindex **ret,
                                struct jig_err *reterr)
{
    if (n > JIG_LIBINDEX_FOLDERS_MAX)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "%zu folders of libraries are named; %d are looked into at most", n,
                           JIG_LIBINDEX_FOLDERS_MAX);
    struct jig_libindex *x = jig_new(struct jig_libindex);
    atomic_init(&x->refs, 1);
    jig_map_init(&x->headers, claim_free);
    x->folders = jig_xcalloc(n + 1, sizeof(struct folder *));
    if (ignore != NULL)
        jig_strv_extend(&x->ignore, ignore);
    enum jig_code code = JIG_OK;
    pthread_mutex_lock(&c->mu);
    for (size_t i = 0; i < n && code == JIG_OK; i++) {
        struct folder *f = NULL;
        if (named_before(folders, i))
            continue;
        code = current(c, &folders[i], &f, reterr);
        if (code == JIG_OK)
            add_folder(x, f);
    }
    pthread_mutex_unlock(&c->mu);
    if (code == JIG_OK)
        *ret = x;
    else
        jig_libindex_unref(x);
    return code;
}

struct jig_libindex *jig_libindex_ref(struct jig_libindex *x)
{
    atomic_fetch_add(&x->refs, 1);
    return x;
}

void jig_libindex_unref(struct jig_libindex *x)
{
    if (x == NULL || atomic_fetch_sub(&x->refs, 1) != 1)
        return;
    jig_map_release(&x->headers);
    for (size_t i = 0; i < x->n; i++)
        folder_unref(x->folders[i]);
    free(x->folders);
    jig_strv_release(&x->ignore);
    jig_strv_release(&x->faults);
    free(x);
}

size_t jig_libindex_board_folders(const struct jig_board_config *c, struct jig_strv *paths,
                                  struct jig_library_folder out[JIG_BOARD_FOLDERS_MAX])
{
    size_t n = 0;
    if (c->core_platform != c->platform) {
        jig_strv_append_take(paths, jig_path_join(c->core_platform->path, "libraries"));
        out[n++] =
            (struct jig_library_folder){paths->v[paths->n - 1], JIG_LIBRARY_REFERENCED, false};
    }
    jig_strv_append_take(paths, jig_path_join(c->platform->path, "libraries"));
    out[n++] = (struct jig_library_folder){paths->v[paths->n - 1], JIG_LIBRARY_PLATFORM, false};
    return n;
}

/* --- choosing --------------------------------------------------------------------------------- */

/* Which of two libraries with equal points: the more pairs, then the first by name, then by path.
 */
static bool breaks_tie(const struct jig_library *a, const struct jig_library *b, const char *header)
{
    size_t pa = jig_library_shared_pairs(a, header);
    size_t pb = jig_library_shared_pairs(b, header);
    if (pa != pb)
        return pa > pb;
    int c = strcmp(a->name, b->name);
    return c != 0 ? c < 0 : strcmp(a->path, b->path) < 0;
}

struct jig_library_match jig_libindex_find(const struct jig_libindex *x, const char *header,
                                           const char *arch)
{
    const struct claim *c = jig_map_get(&x->headers, header);
    if (c == NULL)
        return (struct jig_library_match){0};
    const struct jig_library *best = NULL;
    int most = 0;
    for (size_t i = 0; i < c->n; i++) {
        int points = jig_library_points(c->libs[i], header, arch);
        if (best == NULL || points > most ||
            (points == most && breaks_tie(c->libs[i], best, header))) {
            best = c->libs[i];
            most = points;
        }
    }
    return (struct jig_library_match){best, c->libs, c->n};
}

char *jig_library_match_notice(const struct jig_library_match *m, const char *header)
{
    if (m->best == NULL || m->n < 2)
        return NULL;
    struct jig_strv others = {0};
    for (size_t i = 0; i < m->n; i++) {
        if (m->candidates[i] != m->best)
            jig_strv_append(&others, m->candidates[i]->path);
    }
    JIG_CLEANUP_FREE char *list = jig_strv_join(&others, ", ");
    jig_strv_release(&others);
    return jig_strf("multiple libraries were found for \"%s\"; used: %s; not used: %s", header,
                    m->best->path, list);
}

char *jig_library_arch_notice(const struct jig_library *lib, const char *arch,
                              const struct jig_props *board)
{
    struct jig_strv archs = {0};
    jig_strv_append(&archs, arch);
    jig_str_split(jig_props_get_or(board, "architecture.override_check", ""), ",", false, &archs);
    bool fits = false;
    for (size_t i = 0; i < archs.n; i++)
        fits = fits || jig_streq(archs.v[i], "*") || jig_library_fits(lib, archs.v[i]);
    char *notice = NULL;
    if (!fits) {
        JIG_CLEANUP_FREE char *says = jig_strv_join(&lib->architectures, ", ");
        JIG_CLEANUP_FREE char *is = jig_strv_join(&archs, ", ");
        notice = jig_strf("the library %s says that it runs on %s; it may not run on this board, "
                          "which is %s",
                          lib->name, says, is);
    }
    jig_strv_release(&archs);
    return notice;
}

/* Headers that differ in case, or by a slip or two: ".h" makes all short names look alike. */
static char *like_named(const struct jig_libindex *x, const char *header)
{
    struct jig_strv names = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < x->headers.used; i++) {
        const char *name = x->headers.entries[i].key;
        if (name != NULL && jig_edit_distance(header, name) <= 1 + strlen(header) / 10)
            jig_strv_append(&names, name);
    }
    jig_nearest(header, &names, 3, &near);
    char *list = jig_strv_join(&near, ", ");
    jig_strv_release(&names);
    jig_strv_release(&near);
    return list;
}

char *jig_libindex_missing_hint(const struct jig_libindex *x, const char *header)
{
    JIG_CLEANUP_FREE char *like = like_named(x, header);
    JIG_CLEANUP_FREE char *faults = jig_strv_join(&x->faults, "; ");
    if (like[0] == '\0' && faults[0] == '\0')
        return NULL;
    return jig_strf("%s%s%s%s%s", like[0] != '\0' ? "libraries have: " : "", like,
                    like[0] != '\0' && faults[0] != '\0' ? "; " : "",
                    faults[0] != '\0' ? "left out, since they are damaged: " : "", faults);
}

const struct jig_library *jig_libindex_by_name(const struct jig_libindex *x, const char *name)
{
    const struct jig_library *best = NULL;
    for (size_t i = 0; i < x->n; i++) {
        for (size_t k = 0; k < x->folders[i]->n; k++) {
            const struct jig_library *lib = x->folders[i]->libs[k];
            if (is_ignored(x, lib) ||
                (!jig_streq(lib->name, name) && !jig_streq(lib->dir_name, name)))
                continue;
            if (best == NULL || lib->location > best->location)
                best = lib;
        }
    }
    return best;
}

void jig_libindex_names(const struct jig_libindex *x, struct jig_strv *out)
{
    struct jig_map seen;
    jig_map_init(&seen, NULL);
    struct jig_strv names = {0};
    for (size_t i = 0; i < x->n; i++) {
        for (size_t k = 0; k < x->folders[i]->n; k++) {
            const struct jig_library *lib = x->folders[i]->libs[k];
            if (is_ignored(x, lib) || jig_map_has(&seen, lib->name))
                continue;
            jig_map_set(&seen, lib->name, x->folders[i]);
            jig_strv_append(&names, lib->name);
        }
    }
    jig_strv_sort(&names);
    jig_strv_extend(out, &names);
    jig_strv_release(&names);
    jig_map_release(&seen);
}

const struct jig_strv *jig_libindex_faults(const struct jig_libindex *x)
{
    return &x->faults;
}
