/*
 * attempt.h - one try at one URL of a fetch: redirects, ranges, what the sink gets. fetch.c decides
 * which URL is tried when. Private to core/fetch.
 *
 *   answer to our range --> begin(have) --.
 *   200 --------------------> begin(0) ---+--> write ... --> whole? --> end --> DONE
 *   304 --> DONE, not modified                    |                      '-- wrong --> OUT, or once
 *   3xx --> the next hop                          '-- cut --> AGAIN                    more from 0
 *   a range that was not asked for, 416 --> once more from 0
 *   408, 425, 429, 5xx --> AGAIN       anything else --> OUT
 *
 * Threads: as fetch.h.
 */
#ifndef JIG_FETCH_ATTEMPT_H
#define JIG_FETCH_ATTEMPT_H

#include "core/fetch/credentials.h"
#include "core/fetch/fetch.h"

#define JIG_REDIRECTS_MAX 10

/* One of the URLs. */
struct jig_candidate {
    const char *url;
    bool out;              /* not to be tried again */
    bool no_range;         /* its answers to ranges are not to be believed */
    int64_t not_before_ns; /* by Retry-After; 0: at any time */
    struct jig_err err;    /* why it did not do, last */
};

#define JIG_RATE_SAMPLES 16

struct jig_transfer {
    struct jig_fetcher *fetcher;
    const struct jig_fetch_spec *spec;
    const struct jig_until *until;
    struct jig_credentials credentials;
    struct jig_candidate *candidates;
    struct jig_candidate *at; /* that is being tried */
    uint64_t have;            /* bytes in the sink */
    uint64_t most_had;        /* ever, to see whether it gets on */
    int64_t total;            /* of the whole thing; -1 */
    uint32_t round;
    bool gave_up; /* after all rounds */
    /* What `have` came from, so that the rest can be asked for: */
    const struct jig_candidate *validated; /* NULL: nothing */
    char validator[JIG_FETCH_TAG_MAX];
    struct jig_fetch_result result;
    int64_t told_ns; /* when progress was told last */
    struct {
        int64_t at_ns;
        uint64_t received;
    } samples[JIG_RATE_SAMPLES];
    size_t n_samples;
};

enum jig_attempt {
    JIG_ATTEMPT_DONE,
    JIG_ATTEMPT_AGAIN, /* it may do in a while; the candidate's err says why not now */
    JIG_ATTEMPT_OUT,
    JIG_ATTEMPT_STOP, /* the fetch is over: cancelled, or the sink failed; err says it */
};

enum jig_attempt jig_attempt(struct jig_transfer *t, struct jig_candidate *c);

/* Tells how far it is; `always`, or when it is time again. */
void jig_transfer_tell(struct jig_transfer *t, bool always);

#endif
