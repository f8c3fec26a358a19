/*
 * packages.h - package indexes, installs, removals and lock files, as operations.
 *
 *   update   every index of the configuration is asked for, if it changed (core/packages/indexes.h)
 *   install  wishes --indexes, git--> plan --> installed (core/packages/install.h)
 *   remove   what fits a wish goes, and the tools of a core that no other one needs
 *   provide  what a project's build misses, when the configuration has `install = yes`
 *   sync     what a project needs is installed and written into its jig.lock
 *
 * The indexes are read for each plan and not kept: they are tens of megabytes, and a plan takes
 * less than half a second. Indexes that were never fetched are fetched by the first install.
 *
 * Threads: from any operation's worker; jig_packages_list from any thread that may block.
 */
#ifndef JIG_SERVICE_PACKAGES_H
#define JIG_SERVICE_PACKAGES_H

#include "core/base/strv.h"
#include "core/blob/cache.h"
#include "core/config/conf.h"
#include "core/fetch/archive.h"
#include "core/fetch/fetch.h"
#include "core/packages/plan.h"
#include "service/operation.h"
#include "service/wire/messages.h"

struct jig_packages;

/* `cache` and `fetcher` are borrowed for its life, `conf` for the call. */
struct jig_packages *jig_packages_new(const struct jig_conf *conf, struct jig_cache *cache,
                                      struct jig_fetcher *fetcher,
                                      const struct jig_archive_limits *limits);
void jig_packages_free(struct jig_packages *p);

/* The folders in which packages are installed: what jig_installed_read() takes. Borrowed. */
const struct jig_strv *jig_packages_roots(const struct jig_packages *p);

/* The configuration lets builds install what they miss. */
bool jig_packages_may_install(const struct jig_packages *p);

/* What is installed, of one kind or (0) of all. `out`'s parts live in the arena. */
enum jig_code jig_packages_list(struct jig_packages *p, enum jig_package_kind kind,
                                struct jig_arena *arena, Jig__V1__ListPackagesResponse *out,
                                struct jig_err *reterr) JIG_CHECKED;

/* From run(): each sets the operation's result. */
enum jig_code jig_packages_update(struct jig_packages *p, struct jig_operation *op,
                                  struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_packages_install(struct jig_packages *p, struct jig_operation *op,
                                   enum jig_package_kind kind, const struct jig_strv *names,
                                   struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_packages_remove(struct jig_packages *p, struct jig_operation *op,
                                  enum jig_package_kind kind, const struct jig_strv *names,
                                  struct jig_err *reterr) JIG_CHECKED;

/* From run(): tells of tags that mean another commit at their repositories now than in `locked`,
 * each once; `told` keeps which. A repository that does not answer is passed over. */
enum jig_code jig_packages_tell_moved(struct jig_packages *p, struct jig_operation *op,
                                      const struct jig_plan *locked, struct jig_strv *told,
                                      struct jig_err *reterr) JIG_CHECKED;

/* From run(): installs what something misses: wishes for platforms and libraries (out of `indexes`,
 * too, which the project names beside those of the configuration), and packages of a lock file,
 * which need no index. The operation's result stays as it is. ALREADY_EXISTS when
 * all of it was there already. */
enum jig_code jig_packages_provide(struct jig_packages *p, struct jig_operation *op,
                                   const struct jig_strv *platforms,
                                   const struct jig_strv *libraries, const struct jig_strv *indexes,
                                   const struct jig_plan *locked,
                                   struct jig_err *reterr) JIG_CHECKED;

#endif
