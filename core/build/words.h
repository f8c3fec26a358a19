/*
 * words.h - the files that a command line names.
 *
 *   /x.o                     a word
 *   @/x.rsp                  a response file
 *   -T/x.ld  -Wl,-T,/x.ld    within an option, in one word or in several
 *   -L/dir -lfoo             what a linker finds: libfoo.so, libfoo.a, in each folder in turn
 *   -L/dir -Tx.ld            a linker script, found like that; and those that it INCLUDEs
 *
 * Options that name what is written, and those that name folders or define macros, count as none.
 *
 * Source: GCC's manual, "Overall Options" and "Link Options"; GNU ld's, "-l", "-L", "-T",
 * "INCLUDE".
 * Threads: no state.
 */
#ifndef JIG_BUILD_WORDS_H
#define JIG_BUILD_WORDS_H

#include <stdbool.h>

#include "core/base/strv.h"

/* Appends every regular file that is named and there now, each once, in the order of the words. The
 * program itself and what is in `but` (may be NULL) are left out. Paths are absolute. */
void jig_words_files(const struct jig_strv *argv, const struct jig_strv *but, struct jig_strv *out);

/* Appends the folders in which a compiler looks for <x.h>, and those for "x.h" that no includer's
 * folder is, as they are spelled and in the order in which they are searched. Source: GCC's manual,
 * "Directory Options". */
void jig_words_include_path(const struct jig_strv *argv, struct jig_strv *out);

/* True when two runs of one compiler over one C++ source see the same text after preprocessing: but
 * for where they write, how far they go, and what they warn of, they have the same words in the
 * same order. Any word that is not known to be harmless counts. Source: GCC's manual, "Preprocessor
 * Options", "Overall Options", "Warning Options". */
bool jig_words_preprocess_alike(const struct jig_strv *a, const struct jig_strv *b);

#endif
