/*
 * glob.h - file name patterns as Python's glob (recursive) and fnmatch have them.
 *
 * PlatformIO finds extra configuration files and sources with these, and its projects are written
 * for their rules: * ? [seq] [!seq] within one name, ** for any number of folders, names that begin
 * with a dot only for a pattern that begins with one, links to folders followed. Names come out
 * sorted, where Python gives them in the folder's order.
 *
 * Source: Python 3.11 Lib/glob.py, Lib/fnmatch.py.
 * Threads: no state; any thread.
 */
#ifndef JIG_CONFIG_GLOB_H
#define JIG_CONFIG_GLOB_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/strv.h"

#define JIG_GLOB_MOST 200000 /* names that one pattern may look at */

/* Whether the pattern fits the whole name. */
bool jig_fnmatch(const char *pattern, const char *name);

bool jig_glob_has_magic(const char *pattern);

/* Appends what fits, in the pattern's own words: relative patterns, which are taken from `cwd`
 * (absolute), give relative paths. The folders that were listed are appended to `listed` (some may
 * be there twice), which may be NULL. RESOURCE_EXHAUSTED past JIG_GLOB_MOST names or 64 levels. */
enum jig_code jig_glob(const char *cwd, const char *pattern, struct jig_strv *out,
                       struct jig_strv *listed, struct jig_err *reterr) JIG_CHECKED;

/* The text as a pattern that fits only itself. The caller frees. */
char *jig_glob_escape(const char *text);

#endif
