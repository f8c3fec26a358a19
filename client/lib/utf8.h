/*
 * utf8.h - text that others sent, made whole.
 */
#ifndef JIG_LIB_UTF8_H
#define JIG_LIB_UTF8_H

#include <stddef.h>

/* s with each byte that is not part of a UTF-8 character replaced by U+FFFD, malloc'ed. NULL when
 * memory is out. */
char *jig_utf8_mend(const char *s, size_t n);

#endif
