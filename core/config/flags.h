/*
 * flags.h - build_flags and its kin, taken apart the way PlatformIO (through SCons) does it.
 *
 * Each item (a line of the option) is split like a shell line; its words are then sorted by what
 * they are for. On the way a word passes three more stages, all of which projects rely on:
 *   - a macro's value: quotes are protected, "007" becomes 7 and "1.10" becomes 1.1 (PlatformIO
 *     turns digits into numbers);
 *   - $NAME and ${NAME}: SCons variables ($PROJECT_DIR, $PIOENV, $UNIX_TIME ...), from a callback;
 *     one that is unknown is empty, and a warning says so; $$ is a dollar sign;
 *   - the shell that SCons hands the line to takes quotes and backslashes off once more, so that
 *     `-D NAME=\"x\"` and `'-DNAME="x"'` define the string "x". Expansions of that shell (globs,
 *     backticks, ;, &) are not performed: such characters stay as they are.
 * So what comes out are final argv words: no shell is to see them again.
 *
 * An item that starts with "!" is a command whose output PlatformIO would take; it is not run, and
 * a warning names it.
 *
 * Sources: platformio-core 6.2 builder/tools/piobuild.py (ParseFlagsExtended, ProcessUnFlags),
 * SCons 4.11 Environment.ParseFlags, Subst.py, as tests/differential compares them. Differences: a
 * ${...} that is a Python expression counts as unknown; so does $NAME.attribute.
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_CONFIG_FLAGS_H
#define JIG_CONFIG_FLAGS_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/map.h"
#include "core/base/strv.h"
#include "core/config/project.h"
#include "core/config/src_filter.h"

struct jig_flags {
    struct jig_strv defines;      /* "NAME" or "NAME=VALUE", without -D */
    struct jig_strv undefines;    /* "NAME": -U cancels an earlier -D and goes after all of them */
    struct jig_strv include_dirs; /* absolute */
    struct jig_strv cc;           /* words for C, C++ and .S: -Os, -include x, -Wa,... Paths of
                                   * -include and its kin are absolute where the file exists */
    struct jig_strv c;            /* -std=gnu11 */
    struct jig_strv cxx;          /* -std=gnu++17 */
    struct jig_strv as;           /* what -Wa, carried, for a bare assembler */
    struct jig_strv cpp;          /* -Wp,... */
    struct jig_strv link;         /* -Wl,... and what concerns both stages (-fsanitize, -pthread) */
    struct jig_strv lib_dirs;     /* -L */
    struct jig_strv libs;         /* "m" of -lm, or a file's absolute path */
    struct jig_strv rpaths;       /* -Wl,-rpath= */
    struct jig_strv frameworks;   /* -framework, -F: kept, of no use to embedded toolchains */
    bool uses_unix_time;          /* $UNIX_TIME was expanded: each load differs */
};

enum jig_flags_language { JIG_FLAGS_C, JIG_FLAGS_CXX, JIG_FLAGS_ASM };

struct jig_flags_context {
    const char *root; /* absolute; relative paths are taken from here */
    const char *what; /* for messages: "build_flags in [env:uno] (platformio.ini:7)" */
    /* The value of a SCons variable, NULL when unknown. Borrowed until the next call. NULL: none
     * is known. */
    const char *(*variable)(void *ctx, const char *name);
    void *ctx;
};

void jig_flags_release(struct jig_flags *f);

/* Appends the meaning of `items` to f. INVALID_ARGUMENT (JIG_REASON_BAD_PROJECT) for an open quote;
 * f is then to be released. Sentences go to warnings, which may be NULL. */
enum jig_code jig_flags_parse(const struct jig_strv *items, const struct jig_flags_context *context,
                              struct jig_flags *f, struct jig_strv *warnings,
                              struct jig_err *reterr) JIG_CHECKED;

/* The same for an option of an environment (build_flags, build_unflags, build_src_flags,
 * debug_build_flags), with the variables that PlatformIO gives: PROJECT_DIR, PROJECT_SRC_DIR and
 * its kin, PIOENV, PIOPLATFORM, PIOFRAMEWORK, BOARD, BOARD_MCU, BOARD_F_CPU, BUILD_TYPE, UNIX_TIME,
 * BUILD_DIR and some more (flags_env.c has the list). `variables` (name -> char *) may add to these
 * or replace them, or be NULL. */
enum jig_code jig_environment_flags(const struct jig_project *p, const struct jig_environment *e,
                                    const char *option, const struct jig_map *variables,
                                    struct jig_flags *f, struct jig_strv *warnings,
                                    struct jig_err *reterr) JIG_CHECKED;

/* $NAME and ${NAME} in any text, as above. The caller frees. */
char *jig_environment_expand(const struct jig_project *p, const struct jig_environment *e,
                             const struct jig_map *variables, const char *text);

/* build_src_filter of the environment, with the same variables. The caller frees it. */
struct jig_src_filter *jig_environment_src_filter(const struct jig_project *p,
                                                  const struct jig_environment *e,
                                                  const struct jig_map *variables);

/* $NAME, ${NAME} and $$ in a text; unknown names are empty and appended to `unknown` (may be NULL).
 * The caller frees. */
char *jig_flags_expand(const struct jig_flags_context *context, const char *text,
                       struct jig_strv *unknown);

/* Takes out of f what build_unflags names: equal words anywhere, and a macro by its name alone. */
void jig_flags_remove(struct jig_flags *f, const struct jig_flags *unflags);

/* Whether a word of a compiler's line ("-Os", "-DF_CPU=16000000L", "-std=gnu++11") is named by
 * build_unflags, for words that come from a platform's recipe. */
bool jig_flags_match(const struct jig_flags *unflags, const char *word);

/* Appends the words for a compile of that language, or for the link (libraries apart), in
 * PlatformIO's order. */
void jig_flags_compile_words(const struct jig_flags *f, enum jig_flags_language language,
                             struct jig_strv *out);
void jig_flags_link_words(const struct jig_flags *f, struct jig_strv *out);
void jig_flags_library_words(const struct jig_flags *f, struct jig_strv *out); /* -L..., -l... */

#endif
