#include "service/run/park.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/os/time.h"

#define STACK_BYTES (256 * 1024)

struct jig_park {
    pthread_mutex_t mu;
    pthread_cond_t changed;
    pthread_t thread;
    bool stopping; /* guarded by mu */
    /* A binary heap by at_ns; guarded by mu. */
    struct jig_parked **heap;
    size_t count;
    size_t cap;
};

static void place(struct jig_park *park, size_t i, struct jig_parked *p)
{
    park->heap[i] = p;
    p->timer = i + 1;
}

static void sift_up(struct jig_park *park, size_t i)
{
    struct jig_parked *p = park->heap[i];
    while (i > 0 && park->heap[(i - 1) / 2]->at_ns > p->at_ns) {
        place(park, i, park->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(park, i, p);
}

static void sift_down(struct jig_park *park, size_t i)
{
    struct jig_parked *p = park->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= park->count)
            break;
        if (child + 1 < park->count && park->heap[child + 1]->at_ns < park->heap[child]->at_ns)
            child++;
        if (park->heap[child]->at_ns >= p->at_ns)
            break;
        place(park, i, park->heap[child]);
        i = child;
    }
    place(park, i, p);
}

static void heap_add(struct jig_park *park, struct jig_parked *p)
{
    park->heap = jig_grow(park->heap, &park->cap, park->count, sizeof *park->heap);
    park->heap[park->count++] = p;
    sift_up(park, park->count - 1);
    if (p->timer == 1)
        pthread_cond_signal(&park->changed);
}

static void heap_remove(struct jig_park *park, struct jig_parked *p)
{
    size_t i = p->timer - 1;
    p->timer = 0;
    struct jig_parked *last = park->heap[--park->count];
    if (last == p)
        return;
    place(park, i, last);
    sift_down(park, i);
    sift_up(park, last->timer - 1);
}

/* From parked to free; mu is held. */
static void unlink_parked(struct jig_park *park, struct jig_parked *p)
{
    if (p->prev != NULL)
        p->prev->next = p->next;
    else
        p->list->first = p->next;
    if (p->next != NULL)
        p->next->prev = p->prev;
    if (p->timer != 0)
        heap_remove(park, p);
    p->list = NULL;
    p->next = NULL;
    p->prev = NULL;
}

static void sleep_until(struct jig_park *park, int64_t at_ns)
{
    struct timespec ts = {.tv_sec = (time_t)(at_ns / JIG_NS_PER_S),
                          .tv_nsec = (long)(at_ns % JIG_NS_PER_S)};
    pthread_cond_timedwait(&park->changed, &park->mu, &ts);
}

static void *keep_time(void *arg)
{
    struct jig_park *park = arg;
    pthread_setname_np(pthread_self(), "jigd-timer");
    pthread_mutex_lock(&park->mu);
    while (!park->stopping) {
        if (park->count == 0) {
            pthread_cond_wait(&park->changed, &park->mu);
            continue;
        }
        struct jig_parked *p = park->heap[0];
        if (jig_now_ns() < p->at_ns) {
            sleep_until(park, p->at_ns);
            continue;
        }
        unlink_parked(park, p);
        pthread_mutex_unlock(&park->mu);
        p->woken(p, true);
        pthread_mutex_lock(&park->mu);
    }
    pthread_mutex_unlock(&park->mu);
    return NULL;
}

static int start_thread(struct jig_park *park)
{
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);
    if (rc != 0)
        return rc;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    rc = pthread_create(&park->thread, &attr, keep_time, park);
    pthread_attr_destroy(&attr);
    return rc;
}

enum jig_code jig_park_new(struct jig_park **ret, struct jig_err *reterr)
{
    struct jig_park *park = jig_new(struct jig_park);
    pthread_mutex_init(&park->mu, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&park->changed, &attr);
    pthread_condattr_destroy(&attr);
    int rc = start_thread(park);
    if (rc != 0) {
        pthread_mutex_destroy(&park->mu);
        pthread_cond_destroy(&park->changed);
        free(park);
        return jig_err_sys(reterr, rc, "cannot start a thread");
    }
    *ret = park;
    return JIG_OK;
}

void jig_park_free(struct jig_park *park)
{
    if (park == NULL)
        return;
    pthread_mutex_lock(&park->mu);
    park->stopping = true;
    pthread_cond_signal(&park->changed);
    pthread_mutex_unlock(&park->mu);
    pthread_join(park->thread, NULL);
    pthread_mutex_destroy(&park->mu);
    pthread_cond_destroy(&park->changed);
    free(park->heap);
    free(park);
}

void jig_waitlist_init(struct jig_waitlist *list, struct jig_park *park)
{
    *list = (struct jig_waitlist){.park = park};
}

uint64_t jig_waitlist_ticket(struct jig_waitlist *list)
{
    pthread_mutex_lock(&list->park->mu);
    uint64_t ticket = list->wakes;
    pthread_mutex_unlock(&list->park->mu);
    return ticket;
}

void jig_waitlist_wake(struct jig_waitlist *list)
{
    struct jig_park *park = list->park;
    pthread_mutex_lock(&park->mu);
    list->wakes++;
    struct jig_parked *taken = NULL;
    while (list->first != NULL) {
        struct jig_parked *p = list->first;
        unlink_parked(park, p);
        p->next = taken;
        taken = p;
    }
    pthread_mutex_unlock(&park->mu);
    while (taken != NULL) {
        struct jig_parked *p = taken;
        taken = p->next;
        p->next = NULL;
        p->woken(p, false);
    }
}

bool jig_park_add(struct jig_waitlist *list, uint64_t ticket, struct jig_parked *parked,
                  int64_t at_ns)
{
    struct jig_park *park = list->park;
    assert(parked->list == NULL);
    pthread_mutex_lock(&park->mu);
    bool current = list->wakes == ticket;
    if (current) {
        parked->list = list;
        parked->prev = NULL;
        parked->next = list->first;
        if (list->first != NULL)
            list->first->prev = parked;
        list->first = parked;
        parked->at_ns = at_ns;
        if (at_ns != JIG_NO_DEADLINE)
            heap_add(park, parked);
    }
    pthread_mutex_unlock(&park->mu);
    return current;
}

bool jig_park_take(struct jig_park *park, struct jig_parked *parked)
{
    pthread_mutex_lock(&park->mu);
    bool was = parked->list != NULL;
    if (was)
        unlink_parked(park, parked);
    pthread_mutex_unlock(&park->mu);
    return was;
}
