#include "core/base/strv.h"

#include <string.h>

#include "core/base/mem.h"

void jig_strv_release(struct jig_strv *sv)
{
    jig_strv_clear(sv);
    free(sv->v);
    *sv = (struct jig_strv){0};
}

void jig_strv_clear(struct jig_strv *sv)
{
    for (size_t i = 0; i < sv->n; i++)
        free(sv->v[i]);
    sv->n = 0;
    if (sv->v != NULL)
        sv->v[0] = NULL;
}

void jig_strv_append_take(struct jig_strv *sv, char *s)
{
    sv->v = jig_grow(sv->v, &sv->cap, sv->n + 1, sizeof *sv->v);
    sv->v[sv->n++] = s;
    sv->v[sv->n] = NULL;
}

void jig_strv_append(struct jig_strv *sv, const char *s)
{
    jig_strv_append_take(sv, jig_xstrdup(s));
}

void jig_strv_append_n(struct jig_strv *sv, const char *s, size_t n)
{
    jig_strv_append_take(sv, jig_xstrndup(s, n));
}

void jig_strv_extend(struct jig_strv *sv, const struct jig_strv *more)
{
    for (size_t i = 0; i < more->n; i++)
        jig_strv_append(sv, more->v[i]);
}

void jig_strv_remove(struct jig_strv *sv, size_t at)
{
    free(sv->v[at]);
    memmove(sv->v + at, sv->v + at + 1, (sv->n - at) * sizeof *sv->v);
    sv->n--;
}

bool jig_strv_contains(const struct jig_strv *sv, const char *s)
{
    for (size_t i = 0; i < sv->n; i++) {
        if (strcmp(sv->v[i], s) == 0)
            return true;
    }
    return false;
}

bool jig_strv_add_unique(struct jig_strv *sv, const char *s)
{
    if (jig_strv_contains(sv, s))
        return false;
    jig_strv_append(sv, s);
    return true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void jig_strv_sort(struct jig_strv *sv)
{
    if (sv->n > 1)
        qsort(sv->v, sv->n, sizeof *sv->v, compare);
}

char *jig_strv_join(const struct jig_strv *sv, const char *separator)
{
    size_t len = 0;
    size_t gap = strlen(separator);
    for (size_t i = 0; i < sv->n; i++)
        len += strlen(sv->v[i]) + (i != 0 ? gap : 0);
    char *out = jig_xcalloc(len + 1, 1);
    char *at = out;
    for (size_t i = 0; i < sv->n; i++) {
        if (i != 0) {
            memcpy(at, separator, gap);
            at += gap;
        }
        size_t n = strlen(sv->v[i]);
        memcpy(at, sv->v[i], n);
        at += n;
    }
    return out;
}

char *const *jig_strv_argv(const struct jig_strv *sv)
{
    static char *const nothing[1] = {NULL};
    return sv->v != NULL ? sv->v : nothing;
}
