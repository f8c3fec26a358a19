/*
 * diagnostics.h - what compilers and linkers print, taken apart.
 *
 * Knows gcc's and clang's "file:line:column: severity: message [-Woption]" with what belongs to it:
 * the "In file included from" and "In function" lines before, the source excerpt and the indented
 * lines after; and the linker's "file:line: undefined reference to ..." and "region `text'
 * overflowed by N bytes". Lines that fit nothing belong to the diagnostic before them, or are left
 * out. A note is a diagnostic of its own.
 */
#ifndef JIG_BUILD_DIAGNOSTICS_H
#define JIG_BUILD_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jig_severity { JIG_SEVERITY_NOTE = 1, JIG_SEVERITY_WARNING = 2, JIG_SEVERITY_ERROR = 3 };

struct jig_diagnostic {
    char *file;      /* "" when none was named */
    uint32_t line;   /* from 1; 0 when unknown */
    uint32_t column; /* from 1, in bytes; 0 when unknown */
    enum jig_severity severity;
    char *message;
    char *option;   /* "-Wunused-variable", or "" */
    char *rendered; /* every line of it, each ended by a newline */
};

struct jig_diagnostics {
    struct jig_diagnostic *items;
    size_t n;
    size_t cap;
};

#define JIG_MOST_DIAGNOSTICS 1000 /* for each tool run; further ones are dropped */

/* Appends what `text` (a tool's stderr, NUL-terminated) says. */
void jig_diagnostics_parse(const char *text, struct jig_diagnostics *out);

/* Appends all of `text`, which says nothing of a place, as one diagnostic: an error when the tool
 * failed, else a note. Nothing that a tool says is lost. */
void jig_diagnostics_whole(const char *text, bool failed, struct jig_diagnostics *out);

void jig_diagnostics_release(struct jig_diagnostics *d);

#endif
