/*
 * impl.h - what the files of service/packages share.
 */
#ifndef JIG_SERVICE_PACKAGES_IMPL_H
#define JIG_SERVICE_PACKAGES_IMPL_H

#include "core/base/arena.h"
#include "core/blob/hold.h"
#include "core/packages/indexes.h"
#include "core/packages/install.h"
#include "service/packages.h"

struct jig_packages {
    struct jig_cache *cache;
    struct jig_fetcher *fetcher;
    char *index_dir;
    struct jig_ledger *ledger;
    struct jig_strv urls;  /* of indexes */
    struct jig_strv roots; /* the first is the user's own */
    bool may_install;
    bool allow_file;
    struct jig_archive_limits limits;
};

/* What an operation says that it did, while it does it. */
struct jig_packages_report {
    struct jig_operation *op;
    struct jig_arena arena;
    Jig__V1__PackagesResult result;
    size_t package_cap;
    bool full;
};

void jig_packages_report_init(struct jig_packages_report *r, struct jig_operation *op);

/* Gives the operation its result; then everything is released. */
void jig_packages_report_end(struct jig_packages_report *r);
void jig_packages_report_release(struct jig_packages_report *r); /* without */

void jig_packages_report_package(struct jig_packages_report *r, const struct jig_package *p,
                                 Jig__V1__PackageChange__Outcome outcome, const char *path,
                                 const char *environment);
void jig_packages_report_indexes(struct jig_packages_report *r,
                                 const struct jig_index_updates *updates);

/* A hold in the operation's name. */
enum jig_code jig_packages_hold(struct jig_packages *p, struct jig_operation *op,
                                struct jig_hold **ret, struct jig_err *reterr) JIG_CHECKED;

/* These indexes, or those of them alone that were never fetched; told in `report`, which may be
 * NULL. */
enum jig_code jig_packages_fetch_indexes(struct jig_packages *p, struct jig_operation *op,
                                         const struct jig_strv *urls, bool only_missing,
                                         struct jig_packages_report *report,
                                         struct jig_err *reterr) JIG_CHECKED;

/* The plan for some wishes, of any kinds. Reads the indexes only when a wish is for something of
 * theirs, and fetches those first that never were. `more` are indexes beside those of the
 * configuration (NULL: none), which are asked for anew. */
enum jig_code jig_packages_plan(struct jig_packages *p, struct jig_operation *op,
                                const struct jig_wish *wishes, size_t n,
                                const struct jig_strv *more, struct jig_plan *plan,
                                struct jig_err *reterr) JIG_CHECKED;

/* Installs a plan and reports it; `environment` may be "". */
enum jig_code jig_packages_carry_out(struct jig_packages *p, struct jig_operation *op,
                                     const struct jig_plan *plan, const char *environment,
                                     struct jig_packages_report *report,
                                     struct jig_err *reterr) JIG_CHECKED;

#endif
