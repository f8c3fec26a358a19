/*
 * buf.h - a byte buffer that grows up to a ceiling and then refuses.
 *
 * data is always NUL-terminated (the NUL is not counted in len), also when empty. An append that
 * would pass `max` adds nothing and sets `failed`; every later append is then ignored, so a writer
 * appends freely and asks once at the end: jig_buf_check(). (curl's dynbuf works like this.)
 *
 * Threads: none of its own; a buf belongs to one thread at a time.
 */
#ifndef JIG_BASE_BUF_H
#define JIG_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

struct jig_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max; /* bytes; set once */
    bool failed;
};

void jig_buf_init(struct jig_buf *b, size_t max);
void jig_buf_release(struct jig_buf *b);
void jig_buf_clear(struct jig_buf *b); /* empty and usable again, memory kept */

void jig_buf_append(struct jig_buf *b, const void *p, size_t n);
void jig_buf_puts(struct jig_buf *b, const char *s);
void jig_buf_putc(struct jig_buf *b, char c);
void jig_buf_printf(struct jig_buf *b, const char *fmt, ...) JIG_PRINTF(2, 3);
void jig_buf_vprintf(struct jig_buf *b, const char *fmt, va_list ap) JIG_PRINTF(2, 0);

/* Removes the first n bytes (n <= len). */
void jig_buf_drop_front(struct jig_buf *b, size_t n);

/* Room for n more bytes at data+len, or NULL when that passes max (failed is set). The caller
 * writes there and then adds to len. */
char *jig_buf_reserve(struct jig_buf *b, size_t n);

/* The string, owned by the caller (free()); the buf is empty afterwards. NULL when it failed. */
char *jig_buf_steal(struct jig_buf *b);

/* RESOURCE_EXHAUSTED when something did not fit; `what` names the thing in the message. */
enum jig_code jig_buf_check(const struct jig_buf *b, const char *what,
                            struct jig_err *reterr) JIG_CHECKED;

#endif
