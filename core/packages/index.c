#include "core/packages/index.h"

#include <string.h>
#include <strings.h>

#include "core/base/arena.h"
#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/packages/index_impl.h"

#define BLOCK (256u << 10)

/* Texts, packed one behind the other in blocks of an arena. */
struct jig_index_texts {
    struct jig_arena arena;
    char *at;
    size_t left;
    size_t tables; /* bytes that the tables take */
};

struct jig_index *jig_index_new(void)
{
    struct jig_index *x = jig_new(struct jig_index);
    x->texts = jig_new(struct jig_index_texts);
    jig_arena_init(&x->texts->arena, JIG_INDEX_MEMORY_MAX);
    return x;
}

void jig_index_free(struct jig_index *x)
{
    if (x == NULL)
        return;
    jig_arena_release(&x->texts->arena);
    free(x->texts);
    free(x->platforms);
    free(x->needs);
    free(x->tools);
    free(x->systems);
    free(x->libraries);
    free(x->dependencies);
    free(x);
}

const char *jig_index_text(struct jig_index *x, const char *s, size_t n)
{
    struct jig_index_texts *t = x->texts;
    if (n == 0)
        return "";
    if (t->left <= n) {
        size_t size = n + 1 > BLOCK ? n + 1 : BLOCK;
        t->left = 0;
        t->at = jig_arena_alloc(&t->arena, size);
        if (t->at == NULL)
            return NULL;
        t->left = size;
    }
    char *text = t->at;
    memcpy(text, s, n);
    text[n] = '\0';
    t->at += n + 1;
    t->left -= n + 1;
    return text;
}

/* One more item of a table. The table's place may change. */
static void *add(struct jig_index *x, void **table, size_t *count, size_t *cap, size_t size)
{
    size_t before = *cap;
    if (*count >= JIG_INDEX_RELEASES_MAX || x->texts->tables > (size_t)JIG_INDEX_MEMORY_MAX)
        return NULL;
    *table = jig_grow(*table, cap, *count, size);
    x->texts->tables += (*cap - before) * size;
    void *item = (char *)*table + (*count)++ * size;
    memset(item, 0, size);
    return item;
}

#define ADD(x, table, count, at)                                                                   \
    add(x, (void **)&(x)->table, &(x)->count, &(x)->caps[at], sizeof *(x)->table)

struct jig_index_platform *jig_index_add_platform(struct jig_index *x)
{
    return ADD(x, platforms, platform_count, 0);
}

void jig_index_source(struct jig_index *x, const char *source)
{
    x->source = jig_index_text(x, source, strlen(source));
}

static bool same_archive(const struct jig_archive_source *a, const struct jig_archive_source *b)
{
    return a->has_sha256 && b->has_sha256 && jig_digest_equal(&a->sha256, &b->sha256);
}

bool jig_index_platform_twins(const struct jig_index *x, const char *vendor, const char *arch,
                              const char *version, const char **ret_taken, const char **ret_passed)
{
    const struct jig_index_platform *first = NULL;
    for (size_t i = 0; i < x->platform_count; i++) {
        const struct jig_index_platform *p = &x->platforms[i];
        if (p->fault != NULL || !jig_streq(p->version, version) || !jig_streq(p->arch, arch) ||
            !jig_streq(p->vendor, vendor))
            continue;
        if (first != NULL && !same_archive(&first->archive, &p->archive)) {
            *ret_taken = first->source;
            *ret_passed = p->source;
            return true;
        }
        first = first != NULL ? first : p;
    }
    return false;
}

struct jig_index_need *jig_index_add_need(struct jig_index *x)
{
    return ADD(x, needs, need_count, 1);
}

struct jig_index_tool *jig_index_add_tool(struct jig_index *x)
{
    return ADD(x, tools, tool_count, 2);
}

struct jig_index_system *jig_index_add_system(struct jig_index *x)
{
    return ADD(x, systems, system_count, 3);
}

struct jig_index_library *jig_index_add_library(struct jig_index *x)
{
    struct jig_index_library *l = ADD(x, libraries, library_count, 4);
    if (l != NULL)
        l->order = (uint32_t)(x->library_count - 1);
    return l;
}

struct jig_index_dependency *jig_index_add_dependency(struct jig_index *x)
{
    return ADD(x, dependencies, dependency_count, 5);
}

/* ---- finding ---- */

/* The names of one library's releases are mostly one text. */
static int by_name(const void *a, const void *b)
{
    const struct jig_index_library *l = a;
    const struct jig_index_library *m = b;
    int c = l->name == m->name ? 0 : strcasecmp(l->name, m->name);
    if (c == 0 && l->name != m->name)
        c = strcmp(l->name, m->name);
    return c != 0 ? c : (l->order > m->order) - (l->order < m->order);
}

void jig_index_sort(struct jig_index *x)
{
    if (x->library_count > 1)
        qsort(x->libraries, x->library_count, sizeof *x->libraries, by_name);
}

/* The first library whose name is not before `name`, upper and lower case set aside. */
static size_t lower_bound(const struct jig_index *x, const char *name)
{
    size_t low = 0;
    size_t high = x->library_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcasecmp(x->libraries[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t run_of(const struct jig_index *x, size_t first)
{
    size_t n = 1;
    while (first + n < x->library_count &&
           jig_streq(x->libraries[first + n].name, x->libraries[first].name))
        n++;
    return n;
}

size_t jig_index_libraries(const struct jig_index *x, const char *name, size_t *ret_first)
{
    size_t begin = lower_bound(x, name);
    size_t end = begin;
    size_t names = 0;
    while (end < x->library_count && strcasecmp(x->libraries[end].name, name) == 0) {
        size_t n = run_of(x, end);
        if (jig_streq(x->libraries[end].name, name)) {
            *ret_first = end;
            return n;
        }
        names++;
        end += n;
    }
    if (names != 1)
        return 0;
    *ret_first = begin;
    return end - begin;
}

const struct jig_index_tool *jig_index_find_tool(const struct jig_index *x, const char *vendor,
                                                 const char *name, const char *version)
{
    for (size_t i = 0; i < x->tool_count; i++) {
        const struct jig_index_tool *t = &x->tools[i];
        if (jig_streq(t->name, name) && jig_streq(t->version, version) &&
            jig_streq(t->vendor, vendor))
            return t;
    }
    return NULL;
}

void jig_index_nearest(const struct jig_index *x, const char *name, struct jig_strv *out)
{
    struct jig_strv names = {0};
    for (size_t i = 0; i < x->library_count; i += run_of(x, i))
        jig_strv_append(&names, x->libraries[i].name);
    jig_nearest(name, &names, 3, out);
    jig_strv_release(&names);
}
