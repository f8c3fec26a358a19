/*
 * shadow.h - would a new file be found before one that was read?
 *
 * A compiler looks for "x.h" in the folder of the file that includes it, and then along its include
 * path. A header that appears in a folder searched earlier changes what the same command makes,
 * though every file that it read is as it was. So a trace also keeps the folders that were
 * searched, each with the digest of its names. While those digests hold, nothing new can be in the
 * way, and that costs one stat a folder. When one changed, every place where a header could now be
 * found first is looked at; if there is nothing, the digests are brought up to date, so an
 * unrelated file costs one such look and no build.
 *
 * What the includer was is not known (depfiles do not say), so every folder that a header was read
 * from counts as one: the test may find a shadow where there is none, never the other way.
 *
 * Threads: as the trace.
 */
#ifndef JIG_BUILD_SHADOW_H
#define JIG_BUILD_SHADOW_H

#include "core/build/trace.h"
#include "core/watch/files.h"

/* Fills t->searched from t->argv and t->inputs. */
void jig_shadow_record(struct jig_trace *t, const char *build_dir, struct jig_files *files);

/* NULL when nothing is in the way; else the path of the file that would be found first (the caller
 * frees). *ret_updated is set when the digests were brought up to date. */
char *jig_shadow_find(struct jig_trace *t, const char *build_dir, struct jig_files *files,
                      bool *ret_updated);

#endif
