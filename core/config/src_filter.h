/*
 * src_filter.h - build_src_filter: which files below a folder are sources.
 *
 * A filter is a row of "+<pattern>" and "-<pattern>", applied in turn to a set that starts empty;
 * anything else in the text is ignored. A pattern is a glob relative to the base folder: * and ?
 * and [seq] within one name, ** for any number of folders; names that start with a dot are matched
 * only by a pattern that starts with one. A match that is a folder stands for every file below it,
 * dotted ones included.
 *
 * Sources: platformio-core fs.match_src_files, Python's glob and fnmatch. Compared in
 * tests/differential.
 * Threads: a filter is read-only once made.
 */
#ifndef JIG_CONFIG_SRC_FILTER_H
#define JIG_CONFIG_SRC_FILTER_H

#include "core/base/err.h"
#include "core/base/strv.h"

struct jig_src_filter;

/* "+<*> -<.git/> -<.svn/>" for NULL or "". Never fails: what is not a rule is not one. */
struct jig_src_filter *jig_src_filter_new(const char *text);
void jig_src_filter_free(struct jig_src_filter *f);

/* The file name extensions that PlatformIO compiles (c, cpp, S, ...), NULL-terminated. */
const char *const *jig_src_filter_source_extensions(void);

/* Appends the paths, relative to base, sorted bytewise, of the files that pass and whose name ends
 * in one of `extensions` (NULL: any). A base that does not exist has no files.
 * RESOURCE_EXHAUSTED past 200,000 files. */
enum jig_code jig_src_filter_collect(const struct jig_src_filter *f, const char *base,
                                     const char *const *extensions, struct jig_strv *out,
                                     struct jig_err *reterr) JIG_CHECKED;

#endif
