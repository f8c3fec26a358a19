/*
 * base64.h - bytes as text and back (RFC 4648, sections 4 and 5).
 *
 * Threads: no state.
 */
#ifndef JIG_LIB_BASE64_H
#define JIG_LIB_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of text for n bytes, its NUL included. */
size_t jig_base64_size(size_t n);
void jig_base64_encode(const void *bytes, size_t n, char *out);

/* Either alphabet, padding or none. `out` has room for 3 bytes for each 4 characters begun. False
 * when the text is not base64; bits that say nothing must be zero. */
bool jig_base64_decode(const char *text, size_t n, void *out, size_t *ret_n);

#endif
