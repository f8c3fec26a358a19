/*
 * shadow.h - would a new file be found before one that was read?
 *
 * A compiler looks for "x.h" in the folder of the file that includes it, and then along its include
 * path. A header that appears in a folder searched earlier changes what the same command makes,
 * though every file that it read is as it was. So a trace also keeps the folders that were
 * searched, each with the digest of its names (zero for one that is not there). While those digests
 * hold, nothing new can be in the way, and that costs one stat a folder. When one changed, every
 * place where a header could now be found first is looked at; if there is nothing, the digests are
 * brought up to date, so an unrelated file costs one such look and no build.
 *
 * What the includer was is not known (depfiles do not say), nor how it called the header. So every
 * folder that something was read from counts as an includer's, and every way to spell a header's
 * path counts. What was there and could have been in the way when the tool ran was not, and is kept
 * among the searched ones by its own name: only what is new counts.
 *
 * __has_include is a search too, and one that may find nothing (probes.h): a trace keeps what its
 * inputs ask for, and where it led.
 *
 * Source of the search order: GCC's manual, "Directory Options": the includer's folder, -iquote,
 * -I, -isystem, the system's own, -idirafter; each in command line order.
 *
 * Threads: a jig_shadow belongs to one thread at a time; its files are any number's.
 */
#ifndef JIG_BUILD_SHADOW_H
#define JIG_BUILD_SHADOW_H

#include "core/build/probes.h"
#include "core/build/trace.h"
#include "core/watch/files.h"

/* What is known of folders within one build. */
struct jig_shadow;

/* All are borrowed, and outlive it. `probes` may be NULL. */
struct jig_shadow *jig_shadow_new(const char *build_dir, struct jig_files *files,
                                  struct jig_probes *probes);
void jig_shadow_free(struct jig_shadow *s);

/* Fills t->searched, probes, probed and opaque from t->argv and t->inputs, after a run that began
 * at `since_clock_ns` (jig_stamp_clock_ns). NULL when that went well; else the path of a file that
 * may have come into the way while the tool ran, so that the trace is worth nothing (the caller
 * frees). */
char *jig_shadow_record(struct jig_shadow *s, struct jig_trace *t, int64_t since_clock_ns);

/* NULL when nothing is in the way; else the path of the file that would be found first, or of one
 * that __has_include would not find any more (the caller frees). *ret_updated is set when the
 * digests were brought up to date. */
char *jig_shadow_find(struct jig_shadow *s, struct jig_trace *t, bool *ret_updated);

#endif
