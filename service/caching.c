#include "service/caching.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define PAUSE_MS (60 * 1000)
#define SECOND   "/var/cache/jig" /* the system's daemon's */

struct jig_caching {
    struct jig_job job; /* first: the pool hands this back */
    struct jig_cache *cache;
    void (*tell)(void *ctx); /* or NULL */
    void *tell_ctx;
    struct jig_cancel cancel;
    pthread_mutex_t mu;
    struct jig_gc_options budgets; /* guarded by mu */
    int64_t not_before_ns;         /* the owner's: monotonic */
    atomic_bool running;           /* the job is the pool's */
};

void jig_caching_configure(struct jig_caching *c, const struct jig_conf *conf)
{
    pthread_mutex_lock(&c->mu);
    c->budgets =
        (struct jig_gc_options){.archives = {conf->cache_archives, conf->cache_archives_low},
                                .installed = {conf->cache_installed, conf->cache_installed_low},
                                .objects = {conf->cache_objects, 0}};
    pthread_mutex_unlock(&c->mu);
}

enum jig_code jig_caching_new(const struct jig_conf *conf, const char *cache_dir,
                              struct jig_caching **ret, struct jig_err *reterr)
{
    const char *second = conf->cache_second != NULL ? conf->cache_second : SECOND;
    struct jig_cache_options options = {.root = cache_dir,
                                        .second = jig_fs_is_dir(second) ? second : NULL};
    struct jig_caching *c = jig_new(struct jig_caching);
    pthread_mutex_init(&c->mu, NULL);
    jig_caching_configure(c, conf);
    enum jig_code code = jig_cancel_init(&c->cancel, reterr);
    if (code != JIG_OK) {
        pthread_mutex_destroy(&c->mu);
        free(c);
        return code;
    }
    code = jig_cache_open(&options, &c->cache, reterr);
    if (code == JIG_OK)
        *ret = c;
    else
        jig_caching_free(c);
    return code;
}

void jig_caching_stop(struct jig_caching *c)
{
    if (c != NULL)
        jig_cancel_fire(&c->cancel);
}

void jig_caching_free(struct jig_caching *c)
{
    if (c == NULL)
        return;
    jig_cache_close(c->cache);
    jig_cancel_release(&c->cancel);
    pthread_mutex_destroy(&c->mu);
    free(c);
}

static void say(const struct jig_gc_result *r)
{
    const struct jig_gc_share *shares[] = {&r->archives, &r->installed, &r->objects};
    unsigned long long removed = 0, bytes = 0;
    for (size_t i = 0; i < JIG_COUNT(shares); i++) {
        removed += shares[i]->removed;
        bytes += shares[i]->removed_bytes;
    }
    if (removed > 0 || r->leftovers > 0)
        jig_log(JIG_LOG_INFO, "cache.collected",
                "%llu entries of %llu bytes were removed, and %llu that others left unfinished",
                removed, bytes, (unsigned long long)r->leftovers);
}

void jig_caching_set_users(struct jig_caching *c, void (*tell)(void *ctx), void *ctx)
{
    c->tell = tell;
    c->tell_ctx = ctx;
}

enum jig_code jig_caching_collect(struct jig_caching *c, const struct jig_gc_options *options,
                                  const struct jig_until *until, struct jig_gc_result *ret,
                                  struct jig_err *reterr)
{
    if (c->tell != NULL)
        c->tell(c->tell_ctx);
    return jig_gc_run(c->cache, options, until, ret, reterr);
}

/* In the pool's thread. Somebody else's collection will do as well. */
static void collect(struct jig_job *job)
{
    struct jig_caching *c = (struct jig_caching *)((char *)job - offsetof(struct jig_caching, job));
    struct jig_gc_options options = jig_caching_budgets(c);
    struct jig_until until = {.cancel = &c->cancel, .deadline_ns = JIG_NO_DEADLINE};
    struct jig_gc_result result;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_caching_collect(c, &options, &until, &result, &err);
    if (code == JIG_OK)
        say(&result);
    else if (code != JIG_ABORTED && code != JIG_CANCELLED)
        jig_log(JIG_LOG_WARNING, "cache.not_collected", "%s", err.message);
    atomic_store(&c->running, false);
}

void jig_caching_tend(struct jig_caching *c, struct jig_pool *pool)
{
    if (atomic_load(&c->running) || !jig_gc_is_due(c->cache) || jig_now_ns() < c->not_before_ns)
        return;
    c->not_before_ns = jig_deadline_in_ms(PAUSE_MS);
    atomic_store(&c->running, true);
    c->job.run = collect;
    jig_pool_submit(pool, &c->job);
}

struct jig_cache *jig_caching_cache(struct jig_caching *c)
{
    return c->cache;
}

struct jig_gc_options jig_caching_budgets(struct jig_caching *c)
{
    pthread_mutex_lock(&c->mu);
    struct jig_gc_options budgets = c->budgets;
    pthread_mutex_unlock(&c->mu);
    return budgets;
}
