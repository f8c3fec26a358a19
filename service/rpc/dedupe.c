#include "service/rpc/dedupe.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define BUCKETS 1024 /* a power of two */

struct jig_repeat {
    struct jig_dedupe *dedupe;
    uid_t uid;
    uint8_t id[JIG_REPEAT_ID_BYTES];
    struct jig_fingerprint what;
    struct jig_waitlist ended;
    /* All guarded by the dedupe's mu: */
    unsigned refs; /* the table's included */
    bool done;
    void *reply; /* NULL: none, or forgotten */
    size_t reply_bytes;
    int64_t expires_ns;
    struct jig_repeat *next_in_bucket;
    struct jig_repeat *younger; /* in its queue */
};

/* Calls that are done, by age. */
struct queue {
    struct jig_repeat *oldest;
    struct jig_repeat *youngest;
    struct jig_repeat *oldest_kept; /* the oldest whose reply was not forgotten */
    size_t count;
};

struct jig_dedupe {
    pthread_mutex_t mu;
    struct jig_park *park;
    struct jig_clock clock;
    /* All guarded by mu: */
    struct jig_repeat *buckets[BUCKETS];
    struct queue lasting;
    struct queue harmless;
    size_t count;
    size_t bytes;
};

struct jig_dedupe *jig_dedupe_new(struct jig_park *park, const struct jig_clock *clock)
{
    struct jig_dedupe *d = jig_new(struct jig_dedupe);
    pthread_mutex_init(&d->mu, NULL);
    d->park = park;
    d->clock = *clock;
    return d;
}

static struct jig_repeat **bucket_of(struct jig_dedupe *d, uid_t uid, const uint8_t *id)
{
    uint64_t hash; /* ids are random */
    memcpy(&hash, id, sizeof hash);
    return &d->buckets[(hash ^ uid) & (BUCKETS - 1)];
}

static void unref(struct jig_repeat *r)
{
    if (--r->refs > 0)
        return;
    free(r->reply);
    free(r);
}

static void forget_reply(struct jig_dedupe *d, struct jig_repeat *r)
{
    d->bytes -= r->reply_bytes;
    free(r->reply);
    r->reply = NULL;
    r->reply_bytes = 0;
}

static void remove_oldest(struct jig_dedupe *d, struct queue *q)
{
    struct jig_repeat *r = q->oldest;
    struct jig_repeat **at = bucket_of(d, r->uid, r->id);
    while (*at != r)
        at = &(*at)->next_in_bucket;
    *at = r->next_in_bucket;
    if (q->oldest_kept == r)
        q->oldest_kept = r->younger;
    q->oldest = r->younger;
    if (q->oldest == NULL)
        q->youngest = NULL;
    q->count--;
    d->count--;
    forget_reply(d, r);
    unref(r);
}

static void expire(struct jig_dedupe *d)
{
    int64_t now = d->clock.monotonic_ns(d->clock.ctx);
    struct queue *queues[] = {&d->lasting, &d->harmless};
    for (size_t i = 0; i < JIG_COUNT(queues); i++) {
        while (queues[i]->oldest != NULL && queues[i]->oldest->expires_ns <= now)
            remove_oldest(d, queues[i]);
    }
}

void jig_dedupe_expire(struct jig_dedupe *d)
{
    pthread_mutex_lock(&d->mu);
    expire(d);
    pthread_mutex_unlock(&d->mu);
}

void jig_dedupe_free(struct jig_dedupe *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (d->buckets[i] != NULL) {
            struct jig_repeat *r = d->buckets[i];
            d->buckets[i] = r->next_in_bucket;
            unref(r);
        }
    }
    pthread_mutex_destroy(&d->mu);
    free(d);
}

static struct jig_repeat *find(struct jig_dedupe *d, uid_t uid, const uint8_t *id)
{
    struct jig_repeat *r = *bucket_of(d, uid, id);
    while (r != NULL && (r->uid != uid || memcmp(r->id, id, JIG_REPEAT_ID_BYTES) != 0))
        r = r->next_in_bucket;
    return r;
}

static struct jig_repeat *add(struct jig_dedupe *d, uid_t uid, const uint8_t *id,
                              struct jig_fingerprint what)
{
    struct jig_repeat *r = jig_new(struct jig_repeat);
    r->dedupe = d;
    r->uid = uid;
    memcpy(r->id, id, JIG_REPEAT_ID_BYTES);
    r->what = what;
    r->refs = 1;
    jig_waitlist_init(&r->ended, d->park);
    struct jig_repeat **bucket = bucket_of(d, uid, id);
    r->next_in_bucket = *bucket;
    *bucket = r;
    d->count++;
    return r;
}

enum jig_repeat_state jig_dedupe_begin(struct jig_dedupe *d, uid_t uid,
                                       const uint8_t id[JIG_REPEAT_ID_BYTES],
                                       struct jig_fingerprint what, struct jig_repeat **ret)
{
    enum jig_repeat_state state = JIG_REPEAT_AGAIN;
    pthread_mutex_lock(&d->mu);
    expire(d);
    struct jig_repeat *r = find(d, uid, id);
    if (r != NULL && !jig_fingerprint_equal(r->what, what)) {
        state = JIG_REPEAT_MISMATCH;
    } else if (r == NULL && d->count >= JIG_REPEATS_MAX) {
        state = JIG_REPEAT_FULL;
    } else {
        if (r == NULL) {
            r = add(d, uid, id, what);
            state = JIG_REPEAT_FIRST;
        }
        r->refs++;
        *ret = r;
    }
    pthread_mutex_unlock(&d->mu);
    return state;
}

static void keep(struct jig_dedupe *d, struct jig_repeat *r, const void *reply, size_t n)
{
    if (n == 0 || n > JIG_REPEATS_BYTES_MAX / 2)
        return;
    r->reply = malloc(n);
    if (r->reply == NULL)
        return;
    memcpy(r->reply, reply, n);
    r->reply_bytes = n;
    d->bytes += n;
}

static void make_room(struct jig_dedupe *d)
{
    while (d->harmless.oldest != NULL &&
           (d->harmless.count > JIG_REPEATS_HARMLESS_MAX || d->bytes > JIG_REPEATS_BYTES_MAX))
        remove_oldest(d, &d->harmless);
    while (d->bytes > JIG_REPEATS_BYTES_MAX) {
        forget_reply(d, d->lasting.oldest_kept);
        d->lasting.oldest_kept = d->lasting.oldest_kept->younger;
    }
}

void jig_repeat_end(struct jig_repeat *r, const void *reply, size_t n, bool harmless)
{
    struct jig_dedupe *d = r->dedupe;
    struct queue *q = harmless ? &d->harmless : &d->lasting;
    pthread_mutex_lock(&d->mu);
    keep(d, r, reply, n);
    r->done = true;
    r->expires_ns = d->clock.monotonic_ns(d->clock.ctx) + JIG_REPEATS_KEPT_MS * JIG_NS_PER_MS;
    if (q->youngest != NULL)
        q->youngest->younger = r;
    else
        q->oldest = r;
    q->youngest = r;
    q->count++;
    if (q->oldest_kept == NULL)
        q->oldest_kept = r;
    make_room(d);
    pthread_mutex_unlock(&d->mu);
    jig_waitlist_wake(&r->ended);
}

struct jig_waitlist *jig_repeat_waitlist(struct jig_repeat *r)
{
    return &r->ended;
}

enum jig_repeat_reply jig_repeat_reply(struct jig_repeat *r,
                                       void (*copy)(void *ctx, const void *reply, size_t n),
                                       void *ctx)
{
    enum jig_repeat_reply state = JIG_REPLY_PENDING;
    pthread_mutex_lock(&r->dedupe->mu);
    if (r->done && r->reply != NULL) {
        copy(ctx, r->reply, r->reply_bytes);
        state = JIG_REPLY_SENT;
    } else if (r->done) {
        state = JIG_REPLY_FORGOTTEN;
    }
    pthread_mutex_unlock(&r->dedupe->mu);
    return state;
}

void jig_repeat_unref(void *repeat)
{
    struct jig_repeat *r = repeat;
    if (r == NULL)
        return;
    struct jig_dedupe *d = r->dedupe;
    pthread_mutex_lock(&d->mu);
    unref(r);
    pthread_mutex_unlock(&d->mu);
}
