/*
 * pull.h - what is wanted, by its hash: from the cache, or downloaded into it.
 *
 *   in the cache? -- yes --> leased, CACHED
 *      | no
 *   somebody is downloading it? -- yes --> wait for them; if they fail at the same URLs, fail alike
 *      | no                                (of another process: try ourselves)
 *   download, going on with what an earlier try left --> hash and size are right --> FETCHED
 *
 * With a remote cache (remote.h) that is asked before any URL, and given what came from one; what
 * becomes of that is nobody's failure.
 *
 * A blob is known by its hash alone, so which URL it once came from does not matter here. Which one
 * it came from now is said; who wants to know whether another gives just that asks jig_pull_prove.
 *
 * What is broken off, by the line, a cancel or a killed process, is kept in part, and gone on with
 * by whoever pulls the same hash next. Of what turns out wrong, or does not fit on the disk,
 * nothing is kept.
 *
 * Threads: any number at once. Progress is called in the thread that pulls.
 */
#ifndef JIG_FETCH_PULL_H
#define JIG_FETCH_PULL_H

#include "core/blob/blob.h"
#include "core/fetch/fetch.h"

struct jig_want {
    struct jig_digest sha256;
    int64_t size; /* -1: not known */
    const char *const *urls;
    size_t n_urls; /* 0: it is in the cache, here or remote, or NOT_FOUND */
    enum jig_cache_kind kind;
    uint64_t most;               /* bytes; 0: 16 GiB */
    struct jig_outages *outages; /* outages.h; NULL: each download finds out for itself */
};

typedef void jig_pull_progress_fn(void *ctx, const struct jig_fetch_progress *p);

struct jig_pulled {
    struct jig_blob blob; /* leased by the hold; the caller frees blob.path */
    bool fetched;         /* by us or by whom we waited for, not found in the cache */
    bool remote;          /* the remote cache gave it */
    const char *url; /* the want's that gave it, or NULL: it was there, or is another's doing */
};

/* DATA_LOSS when hash or size are wrong, also when a blob in the cache does not have `size`; else
 * as jig_fetch. */
enum jig_code jig_pull(struct jig_fetcher *f, struct jig_cache *cache, struct jig_hold *hold,
                       const struct jig_want *want, jig_pull_progress_fn *progress, void *ctx,
                       const struct jig_until *until, struct jig_pulled *ret,
                       struct jig_err *reterr) JIG_CHECKED;

/* Downloads what has no known hash yet; ret_sha256 says it. want->sha256 is not looked at. */
enum jig_code jig_pull_any(struct jig_fetcher *f, struct jig_cache *cache, struct jig_hold *hold,
                           const struct jig_want *want, jig_pull_progress_fn *progress, void *ctx,
                           const struct jig_until *until, struct jig_digest *ret_sha256,
                           struct jig_pulled *ret, struct jig_err *reterr) JIG_CHECKED;

/* Downloads from want->urls[0] to look whether it is what it should be; nothing is kept. */
enum jig_code jig_pull_prove(struct jig_fetcher *f, const struct jig_want *want,
                             jig_pull_progress_fn *progress, void *ctx,
                             const struct jig_until *until, struct jig_err *reterr) JIG_CHECKED;

/* Many at once. `at_once` threads (0: 8) pull; `done` is told each one's end, in the order in which
 * they end, one call at a time. `progress` gets which of them it is about, several at a time. All
 * are tried, whatever becomes of the others. */
struct jig_pull_many {
    const struct jig_want *wants;
    size_t n;
    uint32_t at_once;
    void (*progress)(void *ctx, size_t index,
                     const struct jig_fetch_progress *p); /* NULL is fine */
    /* `pulled` is NULL and `err` says why, or the other way round; what is in `pulled` is done's.
     */
    void (*done)(void *ctx, size_t index, struct jig_pulled *pulled, const struct jig_err *err);
    void *ctx;
};

/* CANCELLED and DEADLINE_EXCEEDED as of `until`, after those that were begun have ended; else OK,
 * and `done` knows about failures. */
enum jig_code jig_pull_all(struct jig_fetcher *f, struct jig_cache *cache, struct jig_hold *hold,
                           const struct jig_pull_many *many, const struct jig_until *until,
                           struct jig_err *reterr) JIG_CHECKED;

#endif
