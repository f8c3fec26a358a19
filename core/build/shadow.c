#include "core/build/shadow.h"

#include <stdint.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/words.h"
#include "core/os/fs.h"

/* The names in one folder. */
struct listing {
    struct jig_digest digest;
    struct jig_map names;
};

struct jig_shadow {
    const char *build_dir;
    struct jig_files *files;
    struct jig_probes *probes;
    struct jig_map listings; /* folder -> struct listing */
};

static void free_listing(void *p)
{
    struct listing *l = p;
    jig_map_release(&l->names);
    free(l);
}

struct jig_shadow *jig_shadow_new(const char *build_dir, struct jig_files *files,
                                  struct jig_probes *probes)
{
    struct jig_shadow *s = jig_new(struct jig_shadow);
    s->build_dir = build_dir;
    s->files = files;
    s->probes = probes;
    jig_map_init(&s->listings, free_listing);
    return s;
}

void jig_shadow_free(struct jig_shadow *s)
{
    if (s == NULL)
        return;
    jig_map_release(&s->listings);
    free(s);
}

/* The folder's names now; NULL when it is not there. */
static const struct listing *names_in(struct jig_shadow *s, const char *dir)
{
    struct jig_file_content now;
    if (jig_files_look(s->files, dir, &now, NULL) != JIG_OK || !now.is_dir)
        return NULL;
    struct listing *l = jig_map_get(&s->listings, dir);
    if (l != NULL && jig_digest_equal(&l->digest, &now.sha256))
        return l;
    struct jig_strv names = {0};
    if (jig_fs_list(dir, &names, NULL) == JIG_OK) {
        l = jig_new(struct listing);
        l->digest = now.sha256;
        jig_map_init(&l->names, NULL);
        for (size_t i = 0; i < names.n; i++)
            jig_map_set(&l->names, names.v[i], s);
        jig_map_set(&s->listings, dir, l);
    } else {
        l = NULL;
    }
    jig_strv_release(&names);
    return l;
}

/* ---- one trace's search, laid open ---- */

/* A header's last name, and how many folders of the path are searched before the one that had it.
 */
struct wanted {
    const char *base; /* into an input's path */
    size_t before;
};

/* Headers that are called by the same folders: "" for x.h, "avr" for avr/io.h. */
struct group {
    char *prefix;
    struct wanted *items;
    size_t n;
    size_t cap;
};

struct search {
    struct jig_strv roots; /* the include path, then the other folders of includers */
    size_t path_count;     /* roots from here on are includers alone */
    struct jig_map includers;
    struct jig_strv inputs; /* absolute */
    struct jig_map is_input;
    struct jig_map groups; /* prefix -> struct group */
};

static void free_group(void *p)
{
    struct group *g = p;
    free(g->prefix);
    free(g->items);
    free(g);
}

static void search_release(struct search *q)
{
    jig_strv_release(&q->roots);
    jig_map_release(&q->includers);
    jig_strv_release(&q->inputs);
    jig_map_release(&q->is_input);
    jig_map_release(&q->groups);
}

/* The folders of the include path, absolute and in the order in which they are searched. */
static void read_path(const struct jig_trace *t, const char *build_dir, struct jig_strv *out)
{
    struct jig_strv dirs = {0};
    jig_words_include_path(&t->argv, &dirs);
    for (size_t i = 0; i < dirs.n; i++) {
        JIG_CLEANUP_FREE char *absolute = jig_build_absolute(build_dir, dirs.v[i]);
        for (size_t n = strlen(absolute); n > 1 && absolute[n - 1] == '/'; n--)
            absolute[n - 1] = '\0';
        if (absolute[0] == '/')
            jig_strv_add_unique(out, absolute);
    }
    jig_strv_release(&dirs);
}

static bool is_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* The group of what is called like that. */
static struct group *group_of(struct search *q, const char *spelled)
{
    const char *base = jig_path_base(spelled);
    JIG_CLEANUP_FREE char *prefix =
        jig_xstrndup(spelled, base > spelled ? (size_t)(base - spelled) - 1 : 0);
    struct group *g = jig_map_get(&q->groups, prefix);
    if (g == NULL) {
        g = jig_new(struct group);
        g->prefix = jig_xstrdup(prefix);
        jig_map_set(&q->groups, prefix, g);
    }
    return g;
}

/* The header is called `spelled`, a part of its path. */
static void want(struct search *q, const char *spelled, size_t before)
{
    const char *base = jig_path_base(spelled);
    struct group *g = group_of(q, spelled);
    g->items = jig_grow(g->items, &g->cap, g->n, sizeof *g->items);
    g->items[g->n++] = (struct wanted){base, before};
}

/* Where the spellings of a header begin that no folder of the path has: behind the last folder that
 * is called include or the like, as the compiler's own are; else three folders up. */
static const char *outermost_spelling(const char *header)
{
    const char *start = NULL;
    for (const char *at = strstr(header, "include"); at != NULL; at = strstr(at + 1, "include")) {
        const char *slash = strchr(at, '/');
        start = slash != NULL ? slash + 1 : start;
    }
    if (start != NULL)
        return start;
    start = header + strlen(header);
    for (int folders = 0; start > header; start--) {
        if (start[-1] == '/' && ++folders == 3)
            break;
    }
    return start;
}

static void add_spellings(struct search *q, const char *header)
{
    bool on_path = false;
    for (size_t i = 0; i < q->path_count; i++) {
        if (!is_below(header, q->roots.v[i]))
            continue;
        want(q, header + strlen(q->roots.v[i]) + 1, i);
        on_path = true;
    }
    const char *at = on_path ? NULL : outermost_spelling(header);
    for (; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        want(q, at, q->path_count);
    }
}

/* The tool's own headers include each other; no project's file comes between them. They are below
 * the folder that the tool's bin/ is in. */
static bool is_the_tools_own(const struct search *q, const char *file, const char *tool_root)
{
    if (strcmp(tool_root, "/") == 0 || !is_below(file, tool_root))
        return false;
    for (size_t i = 0; i < q->path_count; i++) {
        if (is_below(file, q->roots.v[i]))
            return false;
    }
    return true;
}

static void add_includers(const struct jig_trace *t, struct search *q)
{
    JIG_CLEANUP_FREE char *bin = jig_path_dir(t->argv.n > 0 ? t->argv.v[0] : "/");
    JIG_CLEANUP_FREE char *tool_root = jig_path_dir(bin);
    struct jig_map on_path;
    jig_map_init(&on_path, NULL);
    for (size_t i = 0; i < q->path_count; i++)
        jig_map_set(&on_path, q->roots.v[i], q);
    for (size_t i = 0; i < q->inputs.n; i++) {
        JIG_CLEANUP_FREE char *dir = jig_path_dir(q->inputs.v[i]);
        bool stated = jig_strv_contains(&t->argv, t->inputs[i].path);
        if (jig_map_has(&q->includers, dir) ||
            (!stated && is_the_tools_own(q, q->inputs.v[i], tool_root)))
            continue;
        jig_map_set(&q->includers, dir, q);
        if (!jig_map_has(&on_path, dir))
            jig_strv_append(&q->roots, dir);
    }
    jig_map_release(&on_path);
}

/* A probe is the name in its brackets or quotes, behind the folder of the file that asks. */
static char *probe_name(const char *probe)
{
    const char *at = strpbrk(probe, "<\"");
    return at != NULL ? jig_xstrndup(at + 1, strlen(at + 1) - 1) : jig_xstrdup("");
}

static void search_init(struct search *q, const struct jig_trace *t, const char *build_dir)
{
    *q = (struct search){0};
    jig_map_init(&q->includers, NULL);
    jig_map_init(&q->is_input, NULL);
    jig_map_init(&q->groups, free_group);
    read_path(t, build_dir, &q->roots);
    q->path_count = q->roots.n;
    for (size_t i = 0; i < t->input_count; i++) {
        jig_strv_append_take(&q->inputs, jig_build_absolute(build_dir, t->inputs[i].path));
        jig_map_set(&q->is_input, q->inputs.v[i], q);
    }
    add_includers(t, q);
    for (size_t i = 0; i < q->inputs.n; i++)
        add_spellings(q, q->inputs.v[i]);
}

/* ---- __has_include ---- */

/* What the inputs ask for. */
static void find_probes(struct jig_shadow *s, struct search *q, struct jig_trace *t)
{
    for (size_t i = 0; i < t->input_count; i++) {
        struct jig_strv names = {0};
        jig_probes_find(s->probes, q->inputs.v[i], &t->inputs[i].sha256, &names, &t->opaque);
        JIG_CLEANUP_FREE char *dir = jig_path_dir(t->inputs[i].path);
        for (size_t k = 0; k < names.n; k++) {
            JIG_CLEANUP_FREE char *probe =
                jig_strf("%s%s", names.v[k][0] == '"' ? dir : "", names.v[k]);
            jig_strv_add_unique(&t->probes, probe);
        }
        jig_strv_release(&names);
    }
}

/* Looks in one folder; *ret_young when that changed since. */
static char *probe_in(const char *root, const char *name, int64_t since_clock_ns, bool *ret_young)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(root, name);
    JIG_CLEANUP_FREE char *folder = jig_path_dir(path);
    struct jig_stamp s;
    if (jig_fs_stamp(folder, &s, NULL) == JIG_OK && !jig_stamp_predates(&s, since_clock_ns))
        *ret_young = true;
    return jig_fs_is_file(path) ? jig_steal(&path) : NULL;
}

/* The folders that probes look into are searched ones as well. */
static void add_probe_groups(struct search *q, const struct jig_trace *t)
{
    for (size_t i = 0; i < t->probes.n; i++) {
        JIG_CLEANUP_FREE char *name = probe_name(t->probes.v[i]);
        group_of(q, name);
    }
}

/* Where a probe leads, "" when to nothing that the project could change. The caller frees. */
static char *resolve_probe(const struct jig_shadow *s, const struct search *q, const char *probe,
                           int64_t since_clock_ns, bool *ret_young)
{
    JIG_CLEANUP_FREE char *name = probe_name(probe);
    const char *quote = strchr(probe, '"');
    char *found = NULL;
    if (quote != NULL) {
        JIG_CLEANUP_FREE char *relative = jig_xstrndup(probe, (size_t)(quote - probe));
        JIG_CLEANUP_FREE char *dir = jig_build_absolute(s->build_dir, relative);
        found = probe_in(dir, name, since_clock_ns, ret_young);
    }
    for (size_t i = 0; found == NULL && i < q->path_count; i++)
        found = probe_in(q->roots.v[i], name, since_clock_ns, ret_young);
    JIG_CLEANUP_FREE char *absolute = found;
    return absolute != NULL ? jig_build_relative(s->build_dir, absolute) : jig_xstrdup("");
}

/* NULL, or a file that was asked for and is new or gone. */
static char *changed_probe(struct jig_shadow *s, const struct search *q, const struct jig_trace *t)
{
    for (size_t i = 0; i < t->probes.n; i++) {
        bool young = false;
        JIG_CLEANUP_FREE char *now = resolve_probe(s, q, t->probes.v[i], INT64_MAX, &young);
        if (strcmp(now, t->probed.v[i]) != 0)
            return jig_build_absolute(s->build_dir, now[0] != '\0' ? now : t->probed.v[i]);
    }
    return NULL;
}

/* ---- what is in the way ---- */

typedef bool found_fn(void *ctx, const char *path); /* false ends the scan */

static bool scan_folder(const struct search *q, const struct group *g, size_t root,
                        const char *folder, const struct listing *names, found_fn *found, void *ctx)
{
    bool includer = jig_map_has(&q->includers, q->roots.v[root]);
    for (size_t i = 0; i < g->n; i++) {
        bool earlier = root < g->items[i].before && root < q->path_count;
        if ((!earlier && !includer) || !jig_map_has(&names->names, g->items[i].base))
            continue;
        JIG_CLEANUP_FREE char *path = jig_path_join(folder, g->items[i].base);
        if (!jig_map_has(&q->is_input, path) && jig_fs_is_file(path) && !found(ctx, path))
            return false;
    }
    return true;
}

/* Calls found with each file that stands where a header could be found before the one that was. */
static void scan(struct jig_shadow *s, const struct search *q, found_fn *found, void *ctx)
{
    bool on = true;
    for (size_t k = 0; on && k < q->groups.used; k++) {
        const struct group *g = q->groups.entries[k].value;
        for (size_t root = 0; on && root < q->roots.n; root++) {
            JIG_CLEANUP_FREE char *folder = g->prefix[0] != '\0'
                                                ? jig_path_join(q->roots.v[root], g->prefix)
                                                : jig_xstrdup(q->roots.v[root]);
            const struct listing *names = names_in(s, folder);
            on = names == NULL || scan_folder(q, g, root, folder, names, found, ctx);
        }
    }
}

/* ---- the searched ones ---- */

struct searched {
    struct jig_shadow *shadow;
    struct jig_trace_file *items;
    size_t n;
    size_t cap;
    struct jig_map seen; /* by absolute path */
};

/* With its digest now; zero when there is nothing. */
static void add(struct searched *a, const char *path, bool even_absent)
{
    struct jig_file_content now = {0};
    if (jig_map_has(&a->seen, path))
        return;
    if (jig_files_look(a->shadow->files, path, &now, NULL) != JIG_OK && !even_absent)
        return;
    jig_map_set(&a->seen, path, a);
    a->items = jig_grow(a->items, &a->cap, a->n, sizeof *a->items);
    a->items[a->n++] = jig_trace_file_make(a->shadow->build_dir, path, &now.sha256);
}

/* The folder `prefix` below a root, and those on the way to it as far as they are there: when one
 * of them appears, its parent changes. */
static void add_way(struct searched *a, const char *root, const char *prefix)
{
    for (const char *end = prefix; end != NULL && *prefix != '\0';) {
        end = strchr(end, '/');
        JIG_CLEANUP_FREE char *folder = jig_strf(
            "%s/%.*s", root, (int)(end != NULL ? end - prefix : (long)strlen(prefix)), prefix);
        if (!jig_fs_is_dir(folder))
            return;
        add(a, folder, false);
        end = end != NULL ? end + 1 : NULL;
    }
}

static void add_folders(struct searched *a, const struct search *q)
{
    for (size_t i = 0; i < q->roots.n; i++) {
        add(a, q->roots.v[i], true);
        for (size_t k = 0; k < q->groups.used; k++) {
            const struct group *g = q->groups.entries[k].value;
            add_way(a, q->roots.v[i], g->prefix);
        }
    }
}

static void free_searched(struct searched *a)
{
    jig_trace_files_free(a->items, a->n);
    jig_map_release(&a->seen);
}

static void put_searched(struct jig_trace *t, struct searched *a)
{
    jig_trace_files_free(t->searched, t->searched_count);
    t->searched = a->items;
    t->searched_count = a->n;
    t->way = JIG_TRACE_UNREAD;
    jig_map_release(&a->seen);
}

struct recording {
    struct searched *searched;
    int64_t since_clock_ns;
    char *young;
};

/* It was there and was not read, so it is not in the way; unless it came only meanwhile. */
static bool keep_known(void *ctx, const char *path)
{
    struct recording *r = ctx;
    struct jig_stamp s;
    if (jig_fs_stamp_link(path, &s, NULL) != JIG_OK || !jig_stamp_predates(&s, r->since_clock_ns)) {
        r->young = jig_xstrdup(path);
        return false;
    }
    add(r->searched, path, false);
    return true;
}

/* Where the probes lead; the first that may have led elsewhere while the tool ran. */
static char *record_probes(struct jig_shadow *s, const struct search *q, struct jig_trace *t,
                           int64_t since_clock_ns)
{
    bool young = false;
    char *first = NULL;
    for (size_t i = 0; i < t->probes.n; i++) {
        jig_strv_append_take(&t->probed,
                             resolve_probe(s, q, t->probes.v[i], since_clock_ns, &young));
        if (young && first == NULL)
            first = probe_name(t->probes.v[i]);
    }
    return first;
}

char *jig_shadow_record(struct jig_shadow *s, struct jig_trace *t, int64_t since_clock_ns)
{
    struct search q;
    struct searched a = {.shadow = s};
    jig_map_init(&a.seen, NULL);
    search_init(&q, t, s->build_dir);
    find_probes(s, &q, t);
    add_probe_groups(&q, t);
    add_folders(&a, &q);
    struct recording r = {.searched = &a, .since_clock_ns = since_clock_ns};
    r.young = record_probes(s, &q, t, since_clock_ns);
    if (r.young == NULL)
        scan(s, &q, keep_known, &r);
    put_searched(t, &a);
    search_release(&q);
    return r.young;
}

struct finding {
    struct jig_map known; /* absolute paths of what was there when the tool ran */
    char *shadow;
};

static bool is_it_new(void *ctx, const char *path)
{
    struct finding *f = ctx;
    if (jig_map_has(&f->known, path))
        return true;
    f->shadow = jig_xstrdup(path);
    return false;
}

/* Digests first: what appears behind the look is a change for the next one. */
static char *look_everywhere(struct jig_shadow *s, struct jig_trace *t)
{
    struct search q;
    struct searched a = {.shadow = s};
    struct finding f = {.shadow = NULL};
    jig_map_init(&a.seen, NULL);
    jig_map_init(&f.known, NULL);
    search_init(&q, t, s->build_dir);
    add_probe_groups(&q, t);
    add_folders(&a, &q);
    for (size_t i = 0; i < t->searched_count; i++) {
        JIG_CLEANUP_FREE char *path = jig_build_absolute(s->build_dir, t->searched[i].path);
        jig_map_set(&f.known, path, s);
        if (jig_fs_is_file(path))
            add(&a, path, false);
    }
    f.shadow = changed_probe(s, &q, t);
    if (f.shadow == NULL)
        scan(s, &q, is_it_new, &f);
    if (f.shadow != NULL) /* who asks again hears the same */
        free_searched(&a);
    else
        put_searched(t, &a);
    jig_map_release(&f.known);
    search_release(&q);
    return f.shadow;
}

char *jig_shadow_find(struct jig_shadow *s, struct jig_trace *t, bool *ret_updated)
{
    bool changed = false;
    for (size_t i = 0; !changed && i < t->searched_count; i++) {
        JIG_CLEANUP_FREE char *path = jig_build_absolute(s->build_dir, t->searched[i].path);
        struct jig_file_content now = {0};
        if (jig_files_look(s->files, path, &now, NULL) != JIG_OK)
            now.sha256 = (struct jig_digest){{0}};
        changed = !jig_digest_equal(&now.sha256, &t->searched[i].sha256);
    }
    char *shadow = changed ? look_everywhere(s, t) : NULL;
    *ret_updated = changed && shadow == NULL;
    return shadow;
}
