/*
 * hop.h - one request and its answer; redirects, retries and other URLs are its callers' business.
 * Private to core/fetch.
 *
 * Threads: as fetch.h.
 */
#ifndef JIG_FETCH_HOP_H
#define JIG_FETCH_HOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fetch/credentials.h"
#include "core/fetch/fetch.h"
#include "core/fetch/range.h"

enum jig_hop_method { JIG_HOP_GET, JIG_HOP_HEAD, JIG_HOP_PUT };

struct jig_hop_answer {
    int status;     /* of HTTP; 0 for file:// */
    int64_t length; /* of this answer's body; -1: not said */
    bool has_range; /* there is a Content-Range, and it makes sense */
    struct jig_content_range range;
    char etag[JIG_FETCH_TAG_MAX];
    char last_modified[64];
    int64_t retry_after_s; /* 0: not said */
    char *redirect;        /* absolute; NULL: none */
    bool may_pass;         /* of a failure: another try may do */
};

struct jig_hop {
    enum jig_hop_method method;
    const char *url;
    bool allow_file;
    /* May be told over plain http, too: the configuration itself names this host. */
    bool trust_plain;
    const struct jig_credentials *credentials;
    uint64_t range_from; /* 0: all of it */
    const char *if_range;
    const char *if_none_match;
    const char *if_modified_since;
    /* PUT: what is sent; read gives 0 at the end, and SIZE_MAX when it fails */
    int64_t upload_size;
    size_t (*read)(void *ctx, void *data, size_t n);
    /* What comes, when the head is known. Not for HEAD. NULL: it is thrown away. */
    enum jig_code (*body)(void *ctx, const struct jig_hop_answer *head, const void *data, size_t n,
                          struct jig_err *reterr);
    void (*tick)(void *ctx); /* now and then while it goes on; NULL */
    void *ctx;
};

/* OK when an answer came whole, whatever it says. `ret` is filled as far as it is known, also on
 * failure; release it. */
enum jig_code jig_hop_run(struct jig_fetcher *f, const struct jig_hop *hop,
                          const struct jig_until *until, struct jig_hop_answer *ret,
                          struct jig_err *reterr) JIG_CHECKED;
void jig_hop_answer_release(struct jig_hop_answer *a);

#endif
