#include "core/fetch/flight.h"

#include "core/base/mem.h"
#include "core/fetch/fetcher_impl.h"

struct jig_flight {
    struct jig_flight *next;
    struct jig_cache *cache;
    struct jig_digest sha256;
    struct jig_digest asks; /* of URLs and size: who asks alike fails alike */
    int users;
    bool over;
    bool private_end;
    enum jig_code code;
    bool remote;
    size_t url; /* of those asked for; SIZE_MAX: not known */
    struct jig_err err;
    struct jig_fetch_progress progress; /* strings are not kept */
};

static struct jig_digest digest_of(const struct jig_want *want)
{
    struct jig_sha256 *h = jig_sha256_new();
    for (size_t i = 0; i < want->n_urls; i++)
        jig_sha256_string(h, want->urls[i]);
    jig_sha256_u64(h, (uint64_t)want->size);
    jig_sha256_u64(h, want->most);
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    return d;
}

struct jig_flight *jig_flight_join(struct jig_fetcher *f, struct jig_cache *cache,
                                   const struct jig_want *want, bool *ret_leads)
{
    pthread_mutex_lock(&f->mu);
    struct jig_flight *flight = f->flights;
    while (flight != NULL &&
           (flight->cache != cache || !jig_digest_equal(&flight->sha256, &want->sha256)))
        flight = flight->next;
    *ret_leads = flight == NULL;
    if (flight == NULL) {
        flight = jig_new(struct jig_flight);
        flight->cache = cache;
        flight->sha256 = want->sha256;
        flight->asks = digest_of(want);
        flight->progress.total = -1;
        flight->next = f->flights;
        f->flights = flight;
    }
    flight->users++;
    pthread_mutex_unlock(&f->mu);
    return flight;
}

void jig_flight_leave(struct jig_fetcher *f, struct jig_flight *flight)
{
    pthread_mutex_lock(&f->mu);
    bool last = --flight->users == 0;
    pthread_mutex_unlock(&f->mu);
    if (last)
        free(flight);
}

void jig_flight_tell(struct jig_fetcher *f, struct jig_flight *flight,
                     const struct jig_fetch_progress *p)
{
    pthread_mutex_lock(&f->mu);
    flight->progress = *p;
    bool heard = flight->users > 1;
    pthread_mutex_unlock(&f->mu);
    if (heard)
        jig_bell_ring(&f->flight_bell);
}

/* Out of the list first: who comes now finds the blob, or leads anew. */
static size_t index_of(const struct jig_want *want, const char *url)
{
    for (size_t i = 0; url != NULL && i < want->n_urls; i++) {
        if (want->urls[i] == url)
            return i;
    }
    return SIZE_MAX;
}

void jig_flight_end(struct jig_fetcher *f, struct jig_flight *flight, enum jig_code code,
                    bool private_end, const struct jig_want *want, const struct jig_pulled *pulled,
                    const struct jig_err *err)
{
    pthread_mutex_lock(&f->mu);
    struct jig_flight **at = &f->flights;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    flight->over = true;
    flight->private_end = private_end || code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED;
    flight->code = code;
    flight->remote = pulled->remote;
    flight->url = index_of(want, pulled->url);
    flight->err = *err;
    pthread_mutex_unlock(&f->mu);
    jig_bell_ring(&f->flight_bell);
    jig_flight_leave(f, flight);
}

/* A copy of how it stands; false when it is over. */
static bool look(struct jig_fetcher *f, const struct jig_flight *flight,
                 struct jig_fetch_progress *ret)
{
    pthread_mutex_lock(&f->mu);
    *ret = flight->progress;
    bool over = flight->over;
    pthread_mutex_unlock(&f->mu);
    ret->trouble = NULL;
    return !over;
}

enum jig_code jig_flight_follow(struct jig_fetcher *f, struct jig_flight *flight,
                                const struct jig_want *want, jig_pull_progress_fn *progress,
                                void *ctx, const struct jig_until *until, bool *ret_alike,
                                struct jig_pulled *ret, struct jig_err *reterr)
{
    for (;;) {
        uint64_t seen = jig_bell_count(&f->flight_bell);
        struct jig_fetch_progress p;
        if (!look(f, flight, &p))
            break;
        p.url = want->n_urls == 0 ? "" : want->urls[0];
        if (progress != NULL && p.received > 0)
            progress(ctx, &p);
        *ret_alike = true;
        enum jig_code code = jig_bell_wait(&f->flight_bell, seen, -1, until, reterr);
        if (code != JIG_OK)
            return code;
    }
    struct jig_digest asks = digest_of(want);
    *ret_alike = !flight->private_end && jig_digest_equal(&asks, &flight->asks);
    if (flight->code == JIG_OK && *ret_alike) {
        ret->remote = flight->remote;
        ret->url = flight->url < want->n_urls ? want->urls[flight->url] : NULL;
    }
    if (flight->code != JIG_OK && reterr != NULL)
        *reterr = flight->err;
    return flight->code;
}
