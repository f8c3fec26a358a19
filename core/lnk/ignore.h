/*
 * ignore.h - what git would leave out, by the rules of .gitignore files.
 *
 * A pile of rule files: those of outer folders lie below those of inner ones, and within a file a
 * later line outweighs an earlier one; the last rule that fits a path decides. A path in a folder
 * that is left out is left out, whatever is said of it; who walks does not enter such a folder.
 *
 * Rules as gitignore(5) has them: comments, ! for exceptions, a slash at the end for folders alone,
 * a slash elsewhere ties a rule to its file's folder, * and ? and [...] stay within one name, **
 * goes through folders, a backslash takes the next character as it is. Trailing blanks do not count
 * unless escaped; CR LF ends a line, too. The same answers as git's are tested by comparison.
 *
 * Ceilings: JIG_IGNORE_MAX bytes a file, JIG_IGNORE_RULES rules in all.
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_LNK_IGNORE_H
#define JIG_LNK_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define JIG_IGNORE_MAX   ((size_t)1 << 20)
#define JIG_IGNORE_RULES 100000

struct jig_ignore;

struct jig_ignore *jig_ignore_new(void);
void jig_ignore_free(struct jig_ignore *g);

/* Lays the rules of one text on the pile. Paths are relative to one root of the caller's choice;
 * `folder` is where the rules' file stands there, "" for the root itself. */
enum jig_code jig_ignore_push(struct jig_ignore *g, const char *folder, const char *text, size_t n,
                              struct jig_err *reterr) JIG_CHECKED;

/* The same of a file; one that is not there has no rules. */
enum jig_code jig_ignore_push_file(struct jig_ignore *g, const char *folder, const char *path,
                                   struct jig_err *reterr) JIG_CHECKED;

/* How much lies there; jig_ignore_pop() takes away what was laid on since. */
size_t jig_ignore_height(const struct jig_ignore *g);
void jig_ignore_pop(struct jig_ignore *g, size_t height);

/* Whether the rules leave a path out, the folders above it aside. */
bool jig_ignore_has(const struct jig_ignore *g, const char *path, bool is_dir);

#endif
