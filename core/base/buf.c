#include "core/base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

static char empty[1] = "";

void jig_buf_init(struct jig_buf *b, size_t max)
{
    *b = (struct jig_buf){.data = empty, .max = max};
}

void jig_buf_release(struct jig_buf *b)
{
    if (b->cap != 0)
        free(b->data);
    *b = (struct jig_buf){.data = empty, .max = b->max};
}

void jig_buf_clear(struct jig_buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->cap != 0)
        b->data[0] = '\0';
}

char *jig_buf_reserve(struct jig_buf *b, size_t n)
{
    if (b->failed || n > b->max || b->len > b->max - n) {
        b->failed = true;
        return NULL;
    }
    if (b->len + n + 1 > b->cap) {
        size_t want = b->cap < 64 ? 64 : b->cap * 2;
        if (want < b->len + n + 1)
            want = b->len + n + 1;
        if (want > b->max + 1)
            want = b->max + 1;
        char *fresh = realloc(b->cap != 0 ? b->data : NULL, want);
        if (fresh == NULL) {
            b->failed = true;
            return NULL;
        }
        b->data = fresh;
        b->cap = want;
        b->data[b->len] = '\0'; /* the caller may find that there is nothing to write */
    }
    return b->data + b->len;
}

void jig_buf_append(struct jig_buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    char *at = jig_buf_reserve(b, n);
    if (at == NULL)
        return;
    memcpy(at, p, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void jig_buf_puts(struct jig_buf *b, const char *s)
{
    jig_buf_append(b, s, strlen(s));
}

void jig_buf_putc(struct jig_buf *b, char c)
{
    jig_buf_append(b, &c, 1);
}

void jig_buf_vprintf(struct jig_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        b->failed = true;
        return;
    }
    char *at = jig_buf_reserve(b, (size_t)n);
    if (at == NULL)
        return;
    if (n > 0) {
        vsnprintf(at, (size_t)n + 1, fmt, ap);
        b->len += (size_t)n;
    }
}

void jig_buf_printf(struct jig_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    jig_buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void jig_buf_drop_front(struct jig_buf *b, size_t n)
{
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n + 1);
    b->len -= n;
}

char *jig_buf_steal(struct jig_buf *b)
{
    if (b->failed)
        return NULL;
    char *s = b->cap != 0 ? b->data : jig_xstrdup("");
    *b = (struct jig_buf){.data = empty, .max = b->max};
    return s;
}

enum jig_code jig_buf_check(const struct jig_buf *b, const char *what, struct jig_err *reterr)
{
    if (!b->failed)
        return JIG_OK;
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s is larger than the limit of %zu bytes",
                       what, b->max);
}
