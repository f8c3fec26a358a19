/*
 * depfile.h - the prerequisites in a Make rule as compilers write it (-MMD, -MF).
 *
 * Reads "target: a b\<newline> c", with gcc's quoting: "\ " is a blank, "\#" a hash, "$$" a dollar,
 * "\\" before a blank a backslash (gcc libcpp/mkdeps.cc, munge). Several rules are read; rules
 * without prerequisites (-MP's phony targets) add nothing. No duplicates; the order is kept.
 */
#ifndef JIG_BUILD_DEPFILE_H
#define JIG_BUILD_DEPFILE_H

#include "core/base/err.h"
#include "core/base/strv.h"

/* Appends the prerequisites in `text` to out. DATA_LOSS when it isn't a rule (cut off, empty):
 * a compiler that gave no dependencies gives no reuse. RESOURCE_EXHAUSTED past 100,000 of them. */
enum jig_code jig_depfile_parse(const char *text, size_t n, struct jig_strv *out,
                                struct jig_err *reterr) JIG_CHECKED;

/* Reads the file (at most 16 MiB); `cwd` is put before paths that are relative. Nothing else is
 * changed: behind a link, "x/../y.h" is not y.h. */
enum jig_code jig_depfile_read(const char *path, const char *cwd, struct jig_strv *out,
                               struct jig_err *reterr) JIG_CHECKED;

#endif
