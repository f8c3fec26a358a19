#include <pthread.h>
#include <stdatomic.h>

#include "core/base/mem.h"
#include "core/fetch/pull.h"

#define DEFAULT_AT_ONCE 8
#define MOST_AT_ONCE    64

struct crew {
    struct jig_fetcher *fetcher;
    struct jig_cache *cache;
    struct jig_hold *hold;
    const struct jig_pull_many *many;
    const struct jig_until *until;
    atomic_size_t next;
    pthread_mutex_t mu; /* held while `done` is called */
};

struct one {
    const struct crew *crew;
    size_t index;
};

static void progress(void *ctx, const struct jig_fetch_progress *p)
{
    const struct one *one = ctx;
    const struct jig_pull_many *many = one->crew->many;
    if (many->progress != NULL)
        many->progress(many->ctx, one->index, p);
}

static void pull_one(struct crew *c, size_t index)
{
    struct one one = {.crew = c, .index = index};
    struct jig_pulled pulled;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_pull(c->fetcher, c->cache, c->hold, &c->many->wants[index], progress,
                                  &one, c->until, &pulled, &err);
    pthread_mutex_lock(&c->mu);
    c->many->done(c->many->ctx, index, code == JIG_OK ? &pulled : NULL, &err);
    pthread_mutex_unlock(&c->mu);
}

static void *work(void *ctx)
{
    struct crew *c = ctx;
    for (;;) {
        size_t index = atomic_fetch_add(&c->next, 1);
        if (index >= c->many->n || jig_until_check(c->until, NULL) != JIG_OK)
            return NULL;
        pull_one(c, index);
    }
}

enum jig_code jig_pull_all(struct jig_fetcher *f, struct jig_cache *cache, struct jig_hold *hold,
                           const struct jig_pull_many *many, const struct jig_until *until,
                           struct jig_err *reterr)
{
    struct crew c = {.fetcher = f, .cache = cache, .hold = hold, .many = many, .until = until};
    pthread_t threads[MOST_AT_ONCE];
    size_t wanted = many->at_once == 0 ? DEFAULT_AT_ONCE : many->at_once;
    size_t started = 0;
    if (wanted > many->n)
        wanted = many->n;
    if (wanted > MOST_AT_ONCE)
        wanted = MOST_AT_ONCE;
    pthread_mutex_init(&c.mu, NULL);
    /* The caller's thread is one of them, so it goes on even where no other can be started. */
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, &c) == 0)
        started++;
    work(&c);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&c.mu);
    return jig_until_check(until, reterr);
}
