#include "service/run/times.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "service/run/histogram.h"

#define OTHER "other"

struct named {
    char name[JIG_TIMES_NAME_MAX];
    struct jig_histogram histogram;
};

struct jig_times {
    pthread_mutex_t mu;
    /* Guarded by mu; sorted by name: */
    struct named *items[JIG_TIMES_MAX];
    size_t count;
};

struct jig_times *jig_times_new(void)
{
    struct jig_times *t = jig_new(struct jig_times);
    pthread_mutex_init(&t->mu, NULL);
    return t;
}

void jig_times_free(struct jig_times *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->count; i++)
        free(t->items[i]);
    pthread_mutex_destroy(&t->mu);
    free(t);
}

/* Where the name is, or would be; mu is held. */
static size_t place_of(const struct jig_times *t, const char *name)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(t->items[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The last place is kept for what finds none. mu is held. */
static struct named *named(struct jig_times *t, const char *name)
{
    size_t i = place_of(t, name);
    if (i < t->count && strcmp(t->items[i]->name, name) == 0)
        return t->items[i];
    if (t->count >= JIG_TIMES_MAX - 1 && strcmp(name, OTHER) != 0)
        return named(t, OTHER);
    struct named *n = jig_new(struct named);
    snprintf(n->name, sizeof n->name, "%s", name);
    memmove(&t->items[i + 1], &t->items[i], (t->count - i) * sizeof t->items[0]);
    t->items[i] = n;
    t->count++;
    return n;
}

void jig_times_note(struct jig_times *t, const char *group, const char *name, int64_t us)
{
    char whole[JIG_TIMES_NAME_MAX];
    if (t == NULL)
        return;
    snprintf(whole, sizeof whole, "%s.%s", group, name);
    pthread_mutex_lock(&t->mu);
    jig_histogram_add(&named(t, whole)->histogram, us);
    pthread_mutex_unlock(&t->mu);
}

size_t jig_times_read(struct jig_times *t, struct jig_time out[JIG_TIMES_MAX])
{
    pthread_mutex_lock(&t->mu);
    size_t n = t->count;
    for (size_t i = 0; i < n; i++) {
        const struct jig_histogram *h = &t->items[i]->histogram;
        out[i] = (struct jig_time){.count = h->count,
                                   .sum_us = h->sum,
                                   .least_us = h->least,
                                   .p50_us = jig_histogram_quantile(h, 0.5),
                                   .p90_us = jig_histogram_quantile(h, 0.9),
                                   .p99_us = jig_histogram_quantile(h, 0.99),
                                   .most_us = h->most};
        memcpy(out[i].name, t->items[i]->name, sizeof out[i].name);
    }
    pthread_mutex_unlock(&t->mu);
    return n;
}
