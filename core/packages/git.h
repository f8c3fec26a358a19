/*
 * git.h - libraries out of git repositories, through the git program.
 *
 *   "main", "v1.2", "" --jig_git_resolve--> a commit --jig_git_export--> its files
 *
 * git runs without a terminal and without the user's hooks, attributes and credential helpers of
 * the repository; who needs a password has it in ~/.netrc or an ssh agent's key without one. Only
 * https, http, ssh and git are spoken, and file when allowed.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_PACKAGES_GIT_H
#define JIG_PACKAGES_GIT_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/os/cancel.h"

/* The commit that a tag, a branch, "" (the default branch) or 40 hexadecimal digits mean there now.
 * The caller frees. NOT_FOUND when the repository has no such ref; UNAVAILABLE with git's words. */
enum jig_code jig_git_resolve(const char *url, const char *ref, bool allow_file,
                              const struct jig_until *until, char **ret,
                              struct jig_err *reterr) JIG_CHECKED;

/* The commit's files into the folder `dest`, which is empty; submodules are left out. `ref` is what
 * resolved to the commit. DATA_LOSS when the repository does not have the commit any more. */
enum jig_code jig_git_export(const char *url, const char *ref, const char *commit, bool allow_file,
                             const char *dest, const struct jig_until *until,
                             struct jig_err *reterr) JIG_CHECKED;

#endif
