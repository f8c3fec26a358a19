/*
 * words.h - the files that a command line names.
 *
 *   /x.o                     a word
 *   @/x.rsp                  a response file
 *   -T/x.ld  -Wl,-T,/x.ld    within an option, in one word or in several
 *   -L/dir -lfoo             what a linker finds: libfoo.so, libfoo.a, in each folder in turn
 *   -L/dir -Tx.ld            a linker script, found like that
 *
 * Options that name what is written, and those that name folders or define macros, count as none.
 *
 * Source: GCC's manual, "Overall Options" and "Link Options"; GNU ld's, "-l", "-L", "-T".
 * Threads: no state.
 */
#ifndef JIG_BUILD_WORDS_H
#define JIG_BUILD_WORDS_H

#include "core/base/strv.h"

/* Appends every regular file that is named and there now, each once, in the order of the words. The
 * program itself and what is in `but` (may be NULL) are left out. Paths are absolute. */
void jig_words_files(const struct jig_strv *argv, const struct jig_strv *but, struct jig_strv *out);

#endif
