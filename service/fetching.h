/*
 * fetching.h - how this daemon downloads, by its configuration's [fetch].
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_SERVICE_FETCHING_H
#define JIG_SERVICE_FETCHING_H

#include "core/config/conf.h"
#include "core/fetch/archive.h"
#include "core/fetch/fetch.h"
#include "core/fetch/remote.h"

struct jig_fetcher *jig_fetching_new(const struct jig_conf *conf);

/* The remote cache that is configured, put to use by the fetcher; NULL when there is none. Freed
 * before fetcher and cache. */
enum jig_code jig_fetching_connect(const struct jig_conf *conf, struct jig_fetcher *fetcher,
                                   struct jig_remote **ret, struct jig_err *reterr) JIG_CHECKED;

/* Another way to the same remote cache, with limits of its own; NULL when there is none. */
enum jig_code jig_fetching_remote(const struct jig_conf *conf, struct jig_remote **ret,
                                  struct jig_err *reterr) JIG_CHECKED;

struct jig_archive_limits jig_fetching_limits(const struct jig_conf *conf);

#endif
