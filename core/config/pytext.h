/*
 * pytext.h - text as Python's str sees it, where PlatformIO's meaning depends on that.
 *
 * White space is what str.isspace() says, Unicode's included, on UTF-8 that has been checked.
 * Source: Python 3.11, Objects/unicodetype_db.h (_PyUnicode_IsWhitespace).
 */
#ifndef JIG_CONFIG_PYTEXT_H
#define JIG_CONFIG_PYTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/strv.h"

/* A piece of somebody else's text. */
struct jig_slice {
    const char *s;
    size_t n;
};

/* Bytes of the white-space character that starts at p (before end), or that ends at p; else 0. */
size_t jig_py_space_at(const char *p, const char *end);
size_t jig_py_space_before(const char *start, const char *p);

struct jig_slice jig_py_strip(struct jig_slice s);  /* str.strip() */
struct jig_slice jig_py_rstrip(struct jig_slice s); /* str.rstrip() */

/* How many characters (not bytes) of white space the text starts with. */
size_t jig_py_indent(struct jig_slice s);

/* int(text): blanks around, a sign, single underscores between digits. False when it is not one or
 * does not fit. */
bool jig_py_int(const char *text, int64_t *ret);

/* What PlatformIO makes of an option that holds a list (ProjectConfigBase.parse_multi_values): its
 * lines, or when there is one line only the parts between ", "; stripped, without empty ones and
 * those that start with ; or #, and without what follows a blank and a semicolon. */
void jig_py_multi_values(const char *text, struct jig_strv *out);

#endif
