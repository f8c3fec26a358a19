/*
 * probes.h - what a source asks of the disk that no dependency file tells.
 *
 *   __has_include(<x.h>)   the answer changes with a file that was not read
 *   .incbin "x"            the assembler reads a file, and says so to nobody
 *   .include "x"           likewise
 *
 * Found by looking at the text, comments and strings included, so there may be too many. A name
 * made by a macro is not seen.
 *
 * What a text asks is remembered by the digest of the text. Ceilings: 1000 probes a file and 16 MiB
 * of text (past them it cannot be known what it reads), 100,000 files (then the memo starts anew).
 *
 * Source: GCC's manual of the preprocessor, "__has_include"; GNU as, ".incbin", ".include".
 * Threads: any; it locks itself.
 */
#ifndef JIG_BUILD_PROBES_H
#define JIG_BUILD_PROBES_H

#include <stdbool.h>

#include "core/base/memo.h"
#include "core/base/strv.h"
#include "core/hash/sha256.h"

struct jig_probes;

struct jig_probes *jig_probes_new(void);
void jig_probes_free(struct jig_probes *p);

/* Appends the names in the file's __has_include, as "<x.h>" or "\"x.h\"". *ret_opaque is set when
 * it reads what cannot be known; also when the file is not the one of that digest any
 * more, or cannot be read. Without p nothing is remembered. */
void jig_probes_find(struct jig_probes *p, const char *path, const struct jig_digest *digest,
                     struct jig_strv *out, bool *ret_opaque);

/* An entry is a text. What a text asks never changes, so there are no fallbacks. */
struct jig_memo_stats jig_probes_stats(struct jig_probes *p);

/* The same for a text; for tests. */
void jig_probes_in_text(const char *text, size_t n, struct jig_strv *out, bool *ret_opaque);

#endif
