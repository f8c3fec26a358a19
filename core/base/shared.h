/*
 * shared.h - a string with several owners: a path that a thousand lists hold is kept once.
 *
 * Threads: all owners of one string are in one thread at a time.
 */
#ifndef JIG_BASE_SHARED_H
#define JIG_BASE_SHARED_H

#include <stddef.h>

char *jig_shared_new(const char *s);
char *jig_shared_new_n(const char *s, size_t n);
char *jig_shared_ref(char *s);  /* one more owner; returns s */
void jig_shared_unref(char *s); /* one less; NULL is fine */

#endif
