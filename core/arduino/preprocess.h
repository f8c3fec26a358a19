/*
 * preprocess.h - from .ino tabs to the C++ file that is compiled.
 *
 *   jig_preprocess_merge   puts the tabs one after the other, each behind a #line
 *        |                 -> write it to <build>/sketch/<main_name>.cpp
 *   the caller             finds libraries by its includes, then runs recipe.preproc.macros over it
 *        |
 *   jig_preprocess_finish  finds functions in what the preprocessor made, by universal-ctags, and
 *                          puts their prototypes into the merged text -> write it over the first
 *
 * Merged text (arduino-cli 1.0.4): `#include <Arduino.h>` on top unless the main tab has it, then
 * for each tab `#line 1 "<absolute path>"`, its bytes and a newline. Beyond that, and without
 * effect on what arduino-cli can build: a UTF-8 byte order mark is left out (the compiler refuses
 * it in mid-file) and CR LF and CR end a line like LF.
 *
 * Prototypes go where arduino-cli puts them: before the first function of the main tab. Which ones,
 * and where else, is told in prototypes.h. Everything that arduino-cli builds builds here too and
 * gives the same machine code; what only its old ctags fails at builds as well.
 *
 * Ceilings: JIG_TAB_MAX a tab, JIG_MERGED_MAX for all, JIG_PREPROCESSED_MAX for what the
 * preprocessor made. Passing one is RESOURCE_EXHAUSTED and names the file.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_ARDUINO_PREPROCESS_H
#define JIG_ARDUINO_PREPROCESS_H

#include <stddef.h>

#include "core/arduino/sketch.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/os/cancel.h"

#define JIG_MERGED_MAX       ((size_t)16 << 20) /* bytes */
#define JIG_PREPROCESSED_MAX ((size_t)64 << 20) /* bytes */

struct jig_merged_tab {
    char *path;        /* absolute, as its #line has it before escaping */
    size_t first_line; /* of the merged text, from 1: where the tab's line 1 stands */
    size_t lines;      /* how many lines the tab has, the one that its newline opens included */
};

struct jig_merged {
    char *text; /* NUL-terminated; NULs inside a tab are an error */
    size_t len;
    struct jig_merged_tab *tabs;
    size_t n_tabs;
};

/* Reads the tabs and merges them. */
enum jig_code jig_preprocess_merge(const struct jig_sketch *sketch, struct jig_merged **ret,
                                   struct jig_err *reterr) JIG_CHECKED;

/* The same over contents that the caller has: n texts for n absolute paths, the main one first. */
struct jig_tab_text {
    const char *path;
    const char *text;
    size_t len;
};
enum jig_code jig_preprocess_merge_texts(const struct jig_tab_text *tabs, size_t n,
                                         struct jig_merged **ret,
                                         struct jig_err *reterr) JIG_CHECKED;

void jig_merged_free(struct jig_merged *m);

/* What is compiled in place of an additional file: `#line 1 "<absolute path>"` and its bytes. */
enum jig_code jig_preprocess_additional(const char *path, struct jig_buf *out,
                                        struct jig_err *reterr) JIG_CHECKED;

/* The final text of <main_name>.cpp. `preprocessed_path` is what recipe.preproc.macros made of the
 * merged text; `work_path` is a file of the caller's that is overwritten (what ctags reads).
 * NOT_FOUND when universal-ctags is not installed. */
enum jig_code jig_preprocess_finish(const struct jig_merged *merged, const char *preprocessed_path,
                                    const char *work_path, const struct jig_until *until,
                                    struct jig_buf *out, struct jig_err *reterr) JIG_CHECKED;

/* What jig_preprocess_finish will most likely make of the merged text, in far less time: macros are
 * not expanded, conditionals not followed, and functions are told by their looks. For who begins
 * with that and looks at the real one before it counts. */
enum jig_code jig_preprocess_guess(const struct jig_merged *merged, struct jig_buf *out,
                                   struct jig_err *reterr) JIG_CHECKED;

/* A string as #line and the like want it: in double quotes, with \ before \ and ". */
void jig_cpp_quote(const char *s, struct jig_buf *out);

#endif
