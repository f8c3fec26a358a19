/*
 * fetcher_impl.h - what the files of core/fetch share of a jig_fetcher. Private to core/fetch.
 *
 * A lane is one curl handle with the connections that it keeps open. Who makes a request holds one:
 * as many at once as the limits allow, others wait. A lane that was at the same host before is
 * taken first, for its connection.
 *
 * Threads: a held lane is its holder's; the rest is guarded by mu.
 */
#ifndef JIG_FETCH_FETCHER_IMPL_H
#define JIG_FETCH_FETCHER_IMPL_H

#include <pthread.h>

#include "core/fetch/curl_api.h"
#include "core/fetch/fetch.h"
#include "core/os/bell.h"

struct jig_lane {
    CURLM *multi;
    CURL *easy;
    char *host; /* "host:port" that it is or was at; NULL at first */
    bool held;
};

struct jig_flight; /* pull.c */

struct jig_fetcher {
    struct jig_fetcher_options options; /* with the defaults put in; strings are ours */
    struct jig_remote *remote;          /* borrowed; NULL */
    pthread_mutex_t mu;
    struct jig_bell bell;        /* rung when a lane is given back */
    struct jig_bell flight_bell; /* rung when a flight gets on */
    struct jig_flight *flights;  /* guarded by mu */
    struct jig_lane *lanes;      /* guarded by mu; at_once of them, made when first held */
};

/* Waits for a place within the limits. */
enum jig_code jig_lane_hold(struct jig_fetcher *f, const char *host, const struct jig_until *until,
                            struct jig_lane **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_lane_give_back(struct jig_fetcher *f, struct jig_lane *lane);

#endif
