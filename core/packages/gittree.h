/*
 * gittree.h - what a commit of git's has in it, judged before any of it is written.
 *
 *   git ls-tree -r -l -z COMMIT               --jig_git_tree_feed--> how much it is, and where
 *                                                                    submodules belong
 *   git config -z --list --blob .gitmodules   --jig_git_modules--->  where each comes from
 *
 * All of it was written by a stranger. (git itself refuses paths that lead out of the tree, and any
 * that are its own: .git in every spelling.)
 *
 * Ceilings: those that a tree is begun with; 256 submodules a commit; 64 KiB a line.
 *
 * Source: git-ls-tree(1), gitmodules(5), git-config(1).
 * Threads: a tree is one thread's.
 */
#ifndef JIG_PACKAGES_GITTREE_H
#define JIG_PACKAGES_GITTREE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

#define JIG_GIT_SUBMODULES_MAX 256

struct jig_git_link {
    char *path;
    char commit[41];
};

struct jig_git_tree {
    uint64_t entries;
    uint64_t bytes;
    uint64_t most_entries;
    uint64_t most_bytes;
    struct jig_git_link *links; /* where submodules belong */
    size_t n;
    size_t cap;
    struct jig_buf line; /* one that has not come to its end */
    enum jig_code code;  /* of the first thing that was wrong */
    const char *wrong;   /* static storage */
};

void jig_git_tree_init(struct jig_git_tree *t, uint64_t most_entries, uint64_t most_bytes);
void jig_git_tree_release(struct jig_git_tree *t);

/* Some more of the listing. Past a ceiling nothing is kept any more. */
void jig_git_tree_feed(struct jig_git_tree *t, const char *data, size_t n);

/* At its end: RESOURCE_EXHAUSTED says which ceiling was passed, DATA_LOSS that it is no listing. */
enum jig_code jig_git_tree_end(const struct jig_git_tree *t, struct jig_err *reterr) JIG_CHECKED;

struct jig_git_module {
    char *name;
    char *path; /* NULL: not said */
    char *url;  /* NULL: not said */
};

struct jig_git_modules {
    struct jig_git_module *items;
    size_t n;
    size_t cap;
};

/* Whatever else there is in .gitmodules is nothing to us. RESOURCE_EXHAUSTED past the ceiling. */
enum jig_code jig_git_modules(const char *text, size_t n, struct jig_git_modules *ret,
                              struct jig_err *reterr) JIG_CHECKED;
void jig_git_modules_release(struct jig_git_modules *m);

/* Where the submodule at that path comes from; NULL when it is not said. */
const char *jig_git_module_url(const struct jig_git_modules *m, const char *path);

/* A submodule's URL: "../blue.git" begins at that of the repository that names it. The caller
 * frees. */
char *jig_git_url_join(const char *base, const char *url);

#endif
