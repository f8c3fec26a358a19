/*
 * remote.h - a cache on another machine, over HTTP: bazel-remote's protocol, which any WebDAV
 * server speaks as well.
 *
 *   GET, HEAD, PUT  <url>/cas/<sha256>   bytes by their hash
 *   GET, PUT        <url>/ac/<hex>       what a key stands for
 * Source: github.com/buchgr/bazel-remote, README.md, "HTTP/1.1 REST API". bazel-remote itself takes
 * nothing but ActionResult messages under ac/, unless it runs with --disable_http_ac_validation; it
 * adds who wrote them, and gives none whose outputs are not in cas/ any more (server/http.go,
 * cache/disk/disk.go).
 *
 * It may be slow, gone or wrong, and nobody waits for that:
 *   - a connection is made in a second or it is not made; less than 4 KiB in 3 s ends a request
 *   - after a failure it is not asked for 30 s ("down")
 *   - what is sent to it goes from a thread of its own, out of a queue of 1,000; more is dropped
 *   - once it has refused a PUT, nothing more is sent; unless it says that one is too large
 *   - what it gives is hashed like anything else
 *
 * Credentials are those of the fetcher's netrc and tokens for its host, also over plain http: the
 * configuration names it.
 *
 * Threads: any; free when nobody uses it.
 */
#ifndef JIG_FETCH_REMOTE_H
#define JIG_FETCH_REMOTE_H

#include "core/base/buf.h"
#include "core/blob/blob.h"
#include "core/fetch/fetch.h"

#define JIG_REMOTE_QUEUE_MAX 1000

struct jig_remote_options {
    const char *url;                    /* with or without a final '/' */
    bool read_only;                     /* nothing is sent */
    uint32_t down_ms;                   /* default 30,000 */
    struct jig_fetcher_options fetcher; /* proxies, certificates and credentials of it count */
};

struct jig_remote;

/* INVALID_ARGUMENT for a URL that is none of http or https. Strings are copied. */
enum jig_code jig_remote_new(const struct jig_remote_options *options, struct jig_remote **ret,
                             struct jig_err *reterr) JIG_CHECKED;

/* What is still in the queue is dropped; a request that runs is broken off. NULL is fine. */
void jig_remote_free(struct jig_remote *r);

/* Fetches cas/<sha256> into the sink. NOT_FOUND when it is not there; UNAVAILABLE at once while it
 * is down. */
enum jig_code jig_remote_fetch(struct jig_remote *r, const struct jig_digest *sha256,
                               const struct jig_fetch_spec *spec, const struct jig_until *until,
                               struct jig_err *reterr) JIG_CHECKED;

/* Sends a blob of the cache, unless it is there: now, and in a thread of its own. */
enum jig_code jig_remote_send(struct jig_remote *r, struct jig_cache *cache,
                              const struct jig_digest *sha256, const struct jig_until *until,
                              struct jig_err *reterr) JIG_CHECKED;
void jig_remote_send_later(struct jig_remote *r, struct jig_cache *cache,
                           const struct jig_digest *sha256);

/* Waits until the queue is empty. */
enum jig_code jig_remote_flush(struct jig_remote *r, const struct jig_until *until,
                               struct jig_err *reterr) JIG_CHECKED;

/* What the key stands for, as it was put; appended to out. NOT_FOUND, UNAVAILABLE as above. */
enum jig_code jig_remote_get_action(struct jig_remote *r, const struct jig_digest *key,
                                    struct jig_buf *out, const struct jig_until *until,
                                    struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_remote_put_action(struct jig_remote *r, const struct jig_digest *key,
                                    const void *data, size_t n, const struct jig_until *until,
                                    struct jig_err *reterr) JIG_CHECKED;

/* As jig_remote_send, of bytes in memory, which have this hash. */
enum jig_code jig_remote_put_blob(struct jig_remote *r, const struct jig_digest *sha256,
                                  const void *data, size_t n, const struct jig_until *until,
                                  struct jig_err *reterr) JIG_CHECKED;

/* False while sending is of no use: it is read only, down, or has refused a PUT. */
bool jig_remote_takes(struct jig_remote *r);

/* For who finds that what it gave makes no sense, or comes too slowly: it is down for a while. */
void jig_remote_blame(struct jig_remote *r);

const char *jig_remote_url(const struct jig_remote *r); /* without a final '/'; borrowed */

struct jig_remote_stats {
    bool read_only;
    uint64_t hits;
    uint64_t misses;
    uint64_t failures; /* each makes it "down" */
    uint64_t sent;
    uint64_t dropped; /* the queue was full, or it was down */
    bool is_down;
};
struct jig_remote_stats jig_remote_stats(struct jig_remote *r);

#endif
