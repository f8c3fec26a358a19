/*
 * fetch.h - downloads over http and https (libcurl), into whatever the caller keeps them in.
 *
 * One call fetches one thing: from the first of its URLs that has it.
 *
 *   for each round: each URL that may still work, in order
 *       connect --> redirects (at most 10) --> the sink gets the body --> the sink judges it
 *          |             |                          |                        |
 *          |             |                          cut, stalled             wrong content
 *       may pass ------- may pass -----------------> next round goes on      this URL is out
 *       may not -------- may not  -----------------> where it stopped
 *       --> this URL is out
 *   between rounds: a pause that doubles, with chance in it; what Retry-After asks for, up to 60 s
 *
 * What may pass: answers 408, 425, 429, 500, 502, 503, 504, connections that cannot be made or that
 * break, bodies that are cut short, less than 1 KiB in 30 s. Anything else puts the URL out; so
 * does a host that is known to be down (outages.h).
 *
 * Going on where it stopped is by Range, and only when the server says the same thing is still
 * there (If-Range with a strong ETag or Last-Modified), or when the sink judges the content in the
 * end. An answer to a range that is not that range starts from the beginning.
 *
 * Credentials (credentials.h) are looked up for each host anew, so a redirect never takes them
 * along. They are sent over https, or to this machine, which is never asked by way of a proxy. A
 * redirect from https to http is refused, and so is one to anything but these.
 *
 * Nothing is unpacked on the way: what the sink gets is what the server sends.
 *
 * Threads: any number may fetch with one jig_fetcher; each call works in the thread that makes it.
 * The sink and the progress are called there, and must not fetch themselves. Fork safety: none.
 */
#ifndef JIG_FETCH_FETCH_H
#define JIG_FETCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/os/cancel.h"

/* Strings may be NULL, which stands for the default; so does 0. They are copied. */
struct jig_fetcher_options {
    const char *proxy;    /* a proxy's URL, or "none"; default: $https_proxy, $http_proxy, ... */
    const char *no_proxy; /* hosts, separated by commas, that need none; default $no_proxy */
    const char *ca_file;  /* certificates to trust; default: the system's */
    const char *netrc;    /* absolute paths; default: no such file */
    const char *tokens;
    bool allow_file; /* file:// */
    /* Credentials over plain http, too, to the hosts of the URLs themselves, not to those that they
     * redirect to: for hosts that are configured. */
    bool trust_plain;
    uint32_t connect_ms;    /* to make one connection; default 15,000 */
    uint32_t stall_ms;      /* default 30,000 */
    uint32_t stall_bytes;   /* fewer in stall_ms is a stall; default 1,024 */
    uint32_t rounds;        /* default 5 */
    uint32_t pause_ms;      /* before the second round; doubles; default 500 */
    uint32_t most_pause_ms; /* default 60,000 */
    uint32_t host_at_once;  /* requests to one host; default 6 */
    uint32_t at_once;       /* requests in all; default 16 */
};

struct jig_fetcher;

/* Cheap: nothing is opened or started before the first fetch. */
struct jig_fetcher *jig_fetcher_new(const struct jig_fetcher_options *options);
void jig_fetcher_free(struct jig_fetcher *f); /* NULL is fine; nobody may be fetching */

/* Before anything is pulled: a cache that pulls (pull.h) ask first and send to what they fetched.
 * Borrowed; NULL: none. */
struct jig_remote;
void jig_fetcher_set_remote(struct jig_fetcher *f, struct jig_remote *remote);

/* Where a body goes. A failure of the sink ends the fetch with just that failure, except for a
 * DATA_LOSS of `end`, which says that the content is wrong and puts the URL out. */
struct jig_fetch_sink {
    /* What follows belongs at `offset`: where it stopped, or 0, and then it starts anew. Called
     * before the first byte of every answer, also of an empty one. */
    enum jig_code (*begin)(void *ctx, uint64_t offset, struct jig_err *reterr);
    enum jig_code (*write)(void *ctx, const void *data, size_t n, struct jig_err *reterr);
    /* It is whole. NULL: whatever came is right. */
    enum jig_code (*end)(void *ctx, struct jig_err *reterr);
    void *ctx;
};

struct jig_fetch_progress {
    const char *url;      /* that is being fetched from */
    uint64_t received;    /* of the whole thing, with what was there before */
    int64_t total;        /* -1: not known */
    uint64_t bytes_per_s; /* over the last seconds */
    uint32_t round;       /* 1 at first */
    const char *trouble;  /* why the last try did not do; NULL */
};

#define JIG_FETCH_TICK_MS 200 /* progress is told no more often */

struct jig_outages; /* outages.h */

struct jig_fetch_spec {
    const char *const *urls; /* in the order in which they are tried */
    size_t n_urls;           /* at least 1 */
    int64_t size;            /* what it must be; -1: not known */
    uint64_t most;           /* a larger one is refused; 0: 16 GiB */
    uint64_t have;           /* bytes that the sink has from an earlier call; needs sink.end */
    /* What is there already, by an earlier answer: not fetched again while it is the same. */
    const char *if_none_match;
    const char *if_modified_since;
    struct jig_fetch_sink sink;
    void (*progress)(void *ctx, const struct jig_fetch_progress *p); /* NULL is fine */
    void *progress_ctx;
    struct jig_outages *outages; /* what fetches that belong to this one know of hosts; NULL */
};

#define JIG_FETCH_TAG_MAX 512 /* bytes of an ETag; a longer one counts as none */

struct jig_fetch_result {
    size_t url;                   /* which of them it was */
    bool not_modified;            /* the sink was not called */
    uint64_t size;                /* bytes of the whole thing */
    uint64_t received;            /* bytes that came now, with those that came in vain */
    char etag[JIG_FETCH_TAG_MAX]; /* "": none */
    char last_modified[64];
};

/*
 * NOT_FOUND       404, 410 everywhere            UNAUTHENTICATED     401, 407
 * UNAVAILABLE     what may pass, did not         PERMISSION_DENIED   403, a URL that is not allowed
 * DATA_LOSS       size or content are wrong      RESOURCE_EXHAUSTED  larger than allowed
 * FAILED_PRECONDITION  any other answer, certificates, redirects that are refused
 * CANCELLED, DEADLINE_EXCEEDED; and what the sink failed with. Wrong content goes before any other
 * of several URLs' failures, else it is the first URL's. `ret` may be NULL.
 */
enum jig_code jig_fetch(struct jig_fetcher *f, const struct jig_fetch_spec *spec,
                        const struct jig_until *until, struct jig_fetch_result *ret,
                        struct jig_err *reterr) JIG_CHECKED;

#endif
