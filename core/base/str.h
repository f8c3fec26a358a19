/*
 * str.h - small things with strings that libc lacks. Nothing here keeps state.
 */
#ifndef JIG_BASE_STR_H
#define JIG_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/strv.h"

static inline bool jig_streq(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && __builtin_strcmp(a, b) == 0);
}

bool jig_str_starts(const char *s, const char *prefix);
bool jig_str_ends(const char *s, const char *suffix);

/* A formatted string that the caller frees. Aborts when memory is out (see mem.h). */
char *jig_strf(const char *fmt, ...) JIG_PRINTF(1, 2);

/* "dir/name" without a doubled slash; an absolute name stands alone. The caller frees. */
char *jig_path_join(const char *dir, const char *name);
const char *jig_path_base(const char *path); /* what follows the last '/'; borrowed */
char *jig_path_dir(const char *path);        /* what precedes it ("." when none, "/" at the root) */
const char *jig_path_ext(const char *path);  /* ".cpp", or "" ; borrowed; ".x" alone has none */

/* Cuts white space (space, tab, CR, LF, VT, FF) from both ends, in place. Returns the new start. */
char *jig_str_trim(char *s);

/* Appends the fields of s between any of `separators` to out; empty fields are kept or not. */
void jig_str_split(const char *s, const char *separators, bool keep_empty, struct jig_strv *out);

/* Splits a command line as a POSIX shell would, without expansion: blanks separate, '...' is
 * literal, "..." knows backslash before \ and ", a bare backslash takes the next character.
 * INVALID_ARGUMENT on an open quote. (Python's shlex.split in POSIX mode.) */
enum jig_code jig_shell_split(const char *s, struct jig_strv *out,
                              struct jig_err *reterr) JIG_CHECKED;

/* The words as one line that a POSIX shell would split back into them. The caller frees. */
char *jig_shell_join(const struct jig_strv *words);

/* Whole-string number; false when s is empty, has other characters, or is out of range.
 * Base 10, or 16 after "0x". */
bool jig_parse_i64(const char *s, int64_t *ret);
bool jig_parse_u64(const char *s, uint64_t *ret);

/* "15", "64k", "1.5 GiB", "10 MB": bytes (k, M, G, T are powers of 1024; KB, MB... of 1000). */
bool jig_parse_size(const char *s, uint64_t *ret_bytes);

/* True when s is valid UTF-8 without NUL, n bytes long. */
bool jig_utf8_valid(const char *s, size_t n);

/* Lower-case hex of n bytes into out[2n+1]. */
void jig_hex(const uint8_t *bytes, size_t n, char *out);

#endif
