/*
 * git.h - libraries out of git repositories, through the git program.
 *
 *   "main", "v1.2", "" --jig_git_resolve--> a commit --jig_git_export--> its files
 *
 *   export: fetch the commit --> what is in it? (gittree.h) --> check out --> its submodules, alike
 *                                     '-- too much: nothing is written
 *
 * git runs without a terminal and asks nobody; who needs a password has it in ~/.netrc or an ssh
 * agent's key without one. No hooks, and none of what .gitattributes would have done to a file on
 * its way (filters, ends of lines, keywords): what is written is what the commit has. Only https,
 * http, ssh and git are spoken, and file when allowed, also by submodules.
 *
 * Ceilings: the limits given, for a repository and all its submodules together, and (for what comes
 * over the network) for each of them; 8 levels of submodules, 256 in all; 30 minutes.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_PACKAGES_GIT_H
#define JIG_PACKAGES_GIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/os/cancel.h"

#define JIG_GIT_ENTRIES 500000       /* by default */
#define JIG_GIT_BYTES   (4ull << 30) /* by default */
#define JIG_GIT_LEVELS  8            /* of submodules */

/* What a tag, a branch, "" (the default branch) or 40 hexadecimal digits mean there now. *ret is
 * the commit, which the caller frees; ret_tag (may be NULL) says whether it is by a tag. NOT_FOUND
 * when the repository has no such ref; UNAVAILABLE with git's words. */
enum jig_code jig_git_resolve(const char *url, const char *ref, bool allow_file,
                              const struct jig_until *until, char **ret, bool *ret_tag,
                              struct jig_err *reterr) JIG_CHECKED;

struct jig_git_spec {
    const char *url;
    const char *ref; /* what resolved to the commit */
    const char *commit;
    const char *dest; /* a folder that is empty */
    bool allow_file;
    uint64_t entries; /* files; 0: the default */
    uint64_t bytes;   /* 0: the default */
};

/* The commit's files, and those of its submodules. RESOURCE_EXHAUSTED past a ceiling, DATA_LOSS
 * when the repository does not have the commit any more, INVALID_ARGUMENT for a submodule whose URL
 * is none. After a failure there may be a part of it in dest. */
enum jig_code jig_git_export(const struct jig_git_spec *spec, const struct jig_until *until,
                             struct jig_err *reterr) JIG_CHECKED;

#endif
