/*
 * strv.h - a list of owned strings, NULL-terminated at all times so that `v` serves as an argv.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_BASE_STRV_H
#define JIG_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

struct jig_strv {
    char **v; /* NULL while empty and never appended to; see jig_strv_argv() */
    size_t n;
    size_t cap;
};

void jig_strv_release(struct jig_strv *sv);
void jig_strv_clear(struct jig_strv *sv);
void jig_strv_append(struct jig_strv *sv, const char *s);             /* copies */
void jig_strv_append_n(struct jig_strv *sv, const char *s, size_t n); /* copies n bytes */
void jig_strv_append_take(struct jig_strv *sv, char *s);              /* owns s from now on */
void jig_strv_extend(struct jig_strv *sv, const struct jig_strv *more);
void jig_strv_remove(struct jig_strv *sv, size_t at);
bool jig_strv_contains(const struct jig_strv *sv, const char *s);
bool jig_strv_add_unique(struct jig_strv *sv, const char *s); /* false when it was there */
void jig_strv_sort(struct jig_strv *sv);                      /* by strcmp */

/* "a, b, c"; "" when empty. The caller frees. */
char *jig_strv_join(const struct jig_strv *sv, const char *separator);

/* The NULL-terminated vector, never NULL. Borrowed. */
char *const *jig_strv_argv(const struct jig_strv *sv);

#endif
