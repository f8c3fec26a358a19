/*
 * pull.h - gets what a project's pointers stand for, and puts it in its place.
 *
 *   look.h --> stale content is removed
 *          --> each pointer whose content is not there as it is to be:
 *                the cache has it --------------------------------.
 *                else it is fetched, hash and size are checked ---+--> made (make.h) --> state.h
 *          --> each URL that was never seen to give its hash (core/fetch/ledger.h): one fetch
 * proves it, or it is flagged when nothing can be fetched, or a mirror gives what the URL does not
 *
 * One pointer's failure does not keep the others from being pulled; the failure that the whole ends
 * with is the first one's by path, and says how many there were. What failed is not in its place:
 * an old content never stands for a new pointer.
 *
 * Threads: any number of pulls; two of one base wait for each other, and for builds that use what
 * is there (state.h's lock).
 */
#ifndef JIG_LNK_PULL_H
#define JIG_LNK_PULL_H

#include "core/blob/blob.h"
#include "core/fetch/archive.h"
#include "core/fetch/ledger.h"
#include "core/lnk/look.h"
#include "core/os/cancel.h"

#define JIG_LNK_JOBS     8 /* pointers at once, when nobody says */
#define JIG_LNK_JOBS_MAX 64

/* The numbers are those of jig.v1.PointerState. */
enum jig_lnk_outcome {
    JIG_LNK_CACHED = 1,   /* nothing had to be fetched */
    JIG_LNK_FETCHED = 2,  /* it was fetched now */
    JIG_LNK_OK = 3,       /* check: a pull would need no network */
    JIG_LNK_MISSING = 4,  /* check: a pull would have to fetch it */
    JIG_LNK_MISMATCH = 5, /* hash or size are wrong */
    JIG_LNK_INVALID = 6,  /* it is no pointer */
    JIG_LNK_FAILED = 7,   /* it could not be fetched, extracted or put in its place */
};

/* What became of one pointer. */
struct jig_lnk_verdict {
    char *path; /* relative to the project */
    enum jig_lnk_outcome outcome;
    bool is_known;            /* the two that follow say something */
    struct jig_digest sha256; /* as the pointer says */
    int64_t size;             /* bytes; -1: not known */
    char *materialized;       /* absolute; NULL: it is not in its place */
    struct jig_err *err;      /* NULL: none */
    bool unproven;            /* its URL was never seen to give its hash (core/fetch/ledger.h) */
    uint64_t received;        /* bytes that came over the network */
};

struct jig_lnk_report {
    struct jig_lnk_verdict *items; /* sorted by path */
    size_t n;
    size_t removed; /* stale ones */
    bool changed;   /* something is there that was not, or the other way round */
    bool as_was;    /* one look was all: everything is in its place, and proven */
};
void jig_lnk_report_release(struct jig_lnk_report *r);

/* Who gave it. */
struct jig_lnk_origin {
    const char *url; /* the one of the pointer's; NULL: not known, or */
    bool remote;     /* a remote cache, which is there so that URLs need not be asked */
    uint64_t bytes;  /* that came over the network */
};

/* Where content comes from that the cache does not have. Called by several threads at once. */
struct jig_lnk_source {
    /* As a blob in the cache, leased by the hold; hash and size are checked. */
    enum jig_code (*pull)(void *ctx, const struct jig_lnk_item *item, struct jig_hold *hold,
                          const struct jig_until *until, struct jig_blob *ret,
                          struct jig_lnk_origin *ret_origin, struct jig_err *reterr);
    /* Whether the pointer's own URL gives what the pointer says: DATA_LOSS (INTEGRITY), with both
     * values, when it does not; anything else when it cannot be asked. */
    enum jig_code (*prove)(void *ctx, const struct jig_pointer *p, const struct jig_until *until,
                           struct jig_err *reterr);
    void *ctx;
};

/* Called by one thread at a time. All may be NULL. */
struct jig_lnk_events {
    void *ctx;
    /* A pointer is done: not told of those that were in their places. */
    void (*pointer)(void *ctx, const struct jig_lnk_verdict *v, size_t done, size_t total);
    void (*notice)(void *ctx, const char *id, const char *text);
    void (*waits)(void *ctx, const char *holder); /* another pull is at work, or builds are */
};

struct jig_lnk_pull_spec {
    const char *root; /* the project, absolute */
    const char *base; /* of its build folders, absolute */
    const char *holder;
    struct jig_cache *cache;
    struct jig_hold *hold;
    struct jig_ledger *ledger;
    const struct jig_lnk_source *source; /* NULL: nothing can be fetched */
    struct jig_archive_limits limits;
    bool prove;  /* also what was flagged before; a build does not, or it would ask each time */
    size_t jobs; /* 0: JIG_LNK_JOBS */
    struct jig_until until;
    const struct jig_lnk_events *events; /* may be NULL */
};

/* `ret` is filled, and to be released, as far as the pull came, also when it fails. */
enum jig_code jig_lnk_pull(const struct jig_lnk_pull_spec *spec, struct jig_lnk_report *ret,
                           struct jig_err *reterr) JIG_CHECKED;

/* Says how things stand, fetching and changing nothing: `deep` hashes all that is there. OK only
 * when all is well; else NOT_FOUND, DATA_LOSS (INTEGRITY) or INVALID_ARGUMENT (BAD_PROJECT), the
 * worst of them; one whose URL is not proven is well and says so. `source` and `jobs` of the spec
 * do not count. */
enum jig_code jig_lnk_check(const struct jig_lnk_pull_spec *spec, bool deep,
                            struct jig_lnk_report *ret, struct jig_err *reterr) JIG_CHECKED;

#endif
