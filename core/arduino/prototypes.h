/*
 * prototypes.h - the prototypes that a sketch's author left to the builder.
 *
 * Given the lines of the tabs as the preprocessor left them, and ctags' list of the functions
 * there, says which prototypes to write, and before which line of the merged text.
 *
 * Which: a function at the outermost level (or in extern "C") that is defined here and not declared
 * the same way already. Its prototype is its own head: attributes and default arguments left out,
 * everything else (static, inline, constexpr, template<>, noexcept, trailing return types, the
 * extern "C" of a block around it) kept.
 *
 * A plain one is what arduino-cli 1.0.4 would write a prototype for as well: found by ctags, no
 * default argument or other = in it, no comment or attribute inside the head. It is written whether
 * needed or not, so that the same text is compiled. Any other is written only when the function's
 * name occurs before its definition: without a prototype such a sketch cannot be built, and with an
 * unneeded one others might not.
 *
 * Where: before the first function of the main tab; when it has none, before the first use or the
 * first function of another tab. Earlier, before the statement that uses the function, when that
 * comes first. Later, when a type in the head is declared only later: behind that type.
 *
 * A prototype is put before a line on which a statement begins, never inside a statement, a block
 * or extern "C".
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_ARDUINO_PROTOTYPES_H
#define JIG_ARDUINO_PROTOTYPES_H

#include <stddef.h>
#include <stdint.h>

#include "core/arduino/ctags.h"
#include "core/arduino/preprocess.h"
#include "core/base/err.h"

/* Where a line of the tabs' text comes from. */
struct jig_tab_line {
    uint32_t tab;  /* index into jig_merged.tabs */
    uint32_t line; /* of the tab, from 1 */
};

/* Text between the tabs' lines: what an #include brought. */
struct jig_header_span {
    const char *at; /* into the preprocessed text */
    size_t len;
    size_t before; /* the line of the tabs' text that follows it, from 1 */
};

/* The lines of the tabs out of preprocessed text, without line markers. */
struct jig_tabs_text {
    char *text;
    size_t len;
    struct jig_tab_line *lines; /* lines[k] is line k + 1 of text */
    size_t n_lines;
    size_t lines_cap;
    struct jig_header_span *spans;
    size_t n_spans;
    size_t spans_cap;
};

/* `preprocessed` is borrowed for as long as ret lives. */
enum jig_code jig_tabs_text_make(const struct jig_merged *merged, const char *preprocessed,
                                 size_t len, struct jig_tabs_text *ret,
                                 struct jig_err *reterr) JIG_CHECKED;
void jig_tabs_text_release(struct jig_tabs_text *t);

struct jig_prototype {
    char *text;                  /* "void toggle(int ms);" */
    struct jig_tab_line defined; /* where the definition begins */
    struct jig_tab_line before;  /* the line that it is put before */
};

struct jig_prototypes {
    struct jig_prototype *v; /* by place, then by definition */
    size_t n;
    size_t cap;
};

enum jig_code jig_prototypes_make(const struct jig_merged *merged, const struct jig_tabs_text *text,
                                  const struct jig_tags *tags, struct jig_prototypes *ret,
                                  struct jig_err *reterr) JIG_CHECKED;
void jig_prototypes_release(struct jig_prototypes *p);

/* The merged text with the prototypes in it, each behind a #line that names its definition. */
enum jig_code jig_prototypes_insert(const struct jig_merged *merged,
                                    const struct jig_prototypes *prototypes, struct jig_buf *out,
                                    struct jig_err *reterr) JIG_CHECKED;

#endif
