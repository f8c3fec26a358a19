/*
 * caching.h - the daemon's disk cache, and the collections that keep it within its budgets.
 *
 * Collections run in a thread of a pool, one at a time and at most one a minute, when something
 * came in that makes one worth while (jig_gc_is_due); nobody waits for them.
 *
 * Threads: jig_caching_tend and jig_caching_configure from the owner's; the others from any.
 */
#ifndef JIG_SERVICE_CACHING_H
#define JIG_SERVICE_CACHING_H

#include "core/blob/cache.h"
#include "core/blob/gc.h"
#include "core/config/conf.h"
#include "service/run/pool.h"

struct jig_caching;

enum jig_code jig_caching_new(const struct jig_conf *conf, const char *cache_dir,
                              struct jig_caching **ret, struct jig_err *reterr) JIG_CHECKED;

/* Ends a collection that runs. Before the pool is stopped; idempotent. */
void jig_caching_stop(struct jig_caching *c);
void jig_caching_free(struct jig_caching *c); /* after the pool; NULL is fine */

/* Takes the budgets of another configuration. Where the cache is stays as it was. */
void jig_caching_configure(struct jig_caching *c, const struct jig_conf *conf);

/* `tell` is called before each collection, in its thread: what it leases and lets go (hold.h)
 * counts as used. Before the first collection. */
void jig_caching_set_users(struct jig_caching *c, void (*tell)(void *ctx), void *ctx);

/* As jig_gc_run, for this cache; what is in use though nobody leases it is told of before. */
enum jig_code jig_caching_collect(struct jig_caching *c, const struct jig_gc_options *options,
                                  const struct jig_until *until, struct jig_gc_result *ret,
                                  struct jig_err *reterr) JIG_CHECKED;

/* Starts a collection in the pool if one is due and none runs. Costs nothing otherwise. */
void jig_caching_tend(struct jig_caching *c, struct jig_pool *pool);

struct jig_cache *jig_caching_cache(struct jig_caching *c); /* borrowed */

/* The configured budgets. */
struct jig_gc_options jig_caching_budgets(struct jig_caching *c);

#endif
