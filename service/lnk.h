/*
 * lnk.h - pulling, checking and making pointers within operations.
 *
 * What a pull does is told as steps ("data/x.bin.lnk", done and total), as progress in bytes over
 * all downloads, and as notices.
 *
 * Threads: any function from any operation's worker.
 */
#ifndef JIG_SERVICE_LNK_H
#define JIG_SERVICE_LNK_H

#include "core/blob/cache.h"
#include "core/fetch/archive.h"
#include "core/fetch/fetch.h"
#include "core/lnk/pointer.h"
#include "service/operation.h"
#include "service/run/pool.h"
#include "service/wire/messages.h"

struct jig_lnks;

struct jig_lnks_config {
    struct jig_cache *cache; /* borrowed for its life, as is the next */
    struct jig_fetcher *fetcher;
    struct jig_archive_limits limits;
    const char *cache_dir; /* where the ledger is (core/fetch/ledger.h) */
    struct jig_pool *pool; /* for what nobody waits for; borrowed, stopped before; may be NULL */
};

struct jig_lnks *jig_lnks_new(const struct jig_lnks_config *config);
void jig_lnks_free(struct jig_lnks *l);

struct jig_lnks_request {
    const char *root;
    const char *base;
    uint32_t jobs;
    bool prove;       /* a pull: also asks URLs that an earlier build could not ask */
    bool deep;        /* a check */
    bool tell_result; /* the operation's result is what became of the pointers */
    bool news_only;   /* without those that were in their places already */
};

/* From run(): pulls what a project's pointers stand for. A source that cannot be reached is
 * FAILED_PRECONDITION: what is UNAVAILABLE to a caller is the daemon. */
enum jig_code jig_lnks_pull(struct jig_lnks *l, struct jig_operation *op,
                            const struct jig_lnks_request *request,
                            struct jig_err *reterr) JIG_CHECKED;

/* From run(): how they stand. */
enum jig_code jig_lnks_check(struct jig_lnks *l, struct jig_operation *op,
                             const struct jig_lnks_request *request,
                             struct jig_err *reterr) JIG_CHECKED;

/* From run(): downloads once and writes the pointer. ALREADY_EXISTS when something else is there.
 * `extract` NULL: what a pointer that is there says, else the bytes as they are. */
enum jig_code jig_lnks_add(struct jig_lnks *l, struct jig_operation *op, const char *url,
                           const char *path, const enum jig_pointer_extract *extract,
                           struct jig_err *reterr) JIG_CHECKED;

#endif
