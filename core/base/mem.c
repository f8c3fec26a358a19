#include "core/base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *or_abort(void *p)
{
    if (p == NULL) {
        static const char text[] = "jig: out of memory\n";
        ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
        abort();
    }
    return p;
}

void *jig_xcalloc(size_t count, size_t size)
{
    return or_abort(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *jig_xrealloc(void *p, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        abort();
    return or_abort(realloc(p, total != 0 ? total : 1));
}

char *jig_xstrdup(const char *s)
{
    return s != NULL ? or_abort(strdup(s)) : NULL;
}

char *jig_xstrndup(const char *s, size_t n)
{
    return or_abort(strndup(s, n));
}

void *jig_grow(void *items, size_t *cap, size_t count, size_t item_size)
{
    if (count < *cap)
        return items;
    size_t want = *cap != 0 ? *cap * 2 : 8;
    if (want <= count)
        want = count + 1;
    items = jig_xrealloc(items, want, item_size);
    *cap = want;
    return items;
}

void jig_cleanup_free(void *pp)
{
    free(*(void **)pp);
}

void jig_cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
