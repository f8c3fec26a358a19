/*
 * install.h - from a plan to what is installed (installed.h), and away with it.
 *
 *   for each package:  there already, from the archive that the plan means? ------------> present
 *                          | no
 *                      its archive: the cache has it, else one download (core/fetch/pull.h),
 *                          |        several packages' at once
 *                      unpacked in a folder beside, judged, its record written -- all of it or
 *                          |                                                      nothing
 *                      visible under its name, complete --------------------------------> installed
 *
 * Archives are as hostile as any (core/fetch/archive.h); hash and size are checked before anything
 * is unpacked, and without a hash nothing is installed. Whoever installs the same at the same time
 * downloads it once, and the first tree stands. A process that is killed leaves nothing that could
 * be taken for a package.
 *
 * Everything installed or found is leased by the hold.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_PACKAGES_INSTALL_H
#define JIG_PACKAGES_INSTALL_H

#include "core/blob/tree.h"
#include "core/fetch/archive.h"
#include "core/fetch/fetch.h"
#include "core/fetch/ledger.h"
#include "core/packages/installed.h"

struct jig_install_spec {
    struct jig_cache *cache;
    struct jig_hold *hold;
    struct jig_fetcher *fetcher;
    struct jig_archive_limits limits;
    bool allow_file; /* git repositories by file:// */
    /* Which URLs gave which archives. An archive that the cache has, of an URL that was never seen
     * to give it, is proven by one fetch; while that cannot be had, `unproven` is told why, and it
     * is installed all the same. NULL: nothing is proven. */
    struct jig_ledger *ledger;
    void (*unproven)(void *ctx, const struct jig_package *p, const struct jig_err *why);
    /* A package is about to be downloaded, unpacked, or is done: at + 1 of the plan's. */
    void (*step)(void *ctx, const struct jig_package *p, const char *what, size_t at, size_t total);
    /* Also from several threads at once. */
    void (*progress)(void *ctx, const struct jig_package *p, const struct jig_fetch_progress *f);
    void *ctx;
};

/* *ret_new (may be NULL) gets, for each package of the plan, whether it was not there before; the
 * caller frees. Packages before the one that failed stay installed: each is complete. */
enum jig_code jig_install(const struct jig_install_spec *spec, const struct jig_plan *plan,
                          const struct jig_until *until, bool **ret_new,
                          struct jig_err *reterr) JIG_CHECKED;

/* Adds what a wish for an archive or a repository means, with a version that says which: the
 * commit, or the start of the hash and of that of the URL. Asks the repository what a branch is
 * now. FAILED_PRECONDITION for an archive without a hash. */
enum jig_code jig_install_plan_url(struct jig_plan *plan, const struct jig_wish *wish,
                                   bool allow_file, const struct jig_until *until,
                                   struct jig_err *reterr) JIG_CHECKED;

/* The package's folder, leased by the hold; the caller frees it. NOT_FOUND when it is not there. */
enum jig_code jig_installed_lease(struct jig_cache *cache, struct jig_hold *hold,
                                  const struct jig_installed *one, char **ret,
                                  struct jig_err *reterr) JIG_CHECKED;

/* Removes one installed package. As jig_tree_remove. */
enum jig_code jig_uninstall(struct jig_cache *cache, const struct jig_installed *one,
                            struct jig_err *reterr) JIG_CHECKED;

/* Adds to `out` the tools that the platform `going` needs and no other one in `platforms` does. */
void jig_install_unneeded(const struct jig_installed_list *platforms,
                          const struct jig_installed *going, struct jig_strv *out);

#endif
