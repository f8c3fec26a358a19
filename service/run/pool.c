#include "service/run/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"

/* Room for a build's walk of deep folders with paths on the stack; only what is touched costs. */
#define STACK_BYTES (1024 * 1024)

struct jig_pool {
    pthread_mutex_t mu;
    pthread_cond_t work;
    struct jig_job *first; /* guarded by mu */
    struct jig_job **last; /* guarded by mu */
    unsigned idle;         /* guarded by mu */
    unsigned queued;       /* guarded by mu */
    unsigned count;        /* guarded by mu: threads started */
    unsigned max;
    bool stopping; /* guarded by mu */
    bool joined;   /* the owner's */
    char name[16];
    pthread_t threads[];
};

static struct jig_job *pop(struct jig_pool *pool)
{
    struct jig_job *job = pool->first;
    pool->first = job->next;
    if (pool->first == NULL)
        pool->last = &pool->first;
    pool->queued--;
    job->next = NULL;
    return job;
}

static void *work(void *arg)
{
    struct jig_pool *pool = arg;
    pthread_setname_np(pthread_self(), pool->name);
    pthread_mutex_lock(&pool->mu);
    for (;;) {
        while (pool->first == NULL && !pool->stopping) {
            pool->idle++;
            pthread_cond_wait(&pool->work, &pool->mu);
            pool->idle--;
        }
        if (pool->first == NULL)
            break;
        struct jig_job *job = pop(pool);
        pthread_mutex_unlock(&pool->mu);
        job->run(job);
        pthread_mutex_lock(&pool->mu);
    }
    pthread_mutex_unlock(&pool->mu);
    return NULL;
}

/* mu is held. Returns an errno. */
static int start_thread(struct jig_pool *pool)
{
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);
    if (rc != 0)
        return rc;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    rc = pthread_create(&pool->threads[pool->count], &attr, work, pool);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        pool->count++;
    return rc;
}

enum jig_code jig_pool_new(const char *name, unsigned max_threads, struct jig_pool **ret,
                           struct jig_err *reterr)
{
    struct jig_pool *pool = jig_xcalloc(1, sizeof *pool + max_threads * sizeof pool->threads[0]);
    pthread_mutex_init(&pool->mu, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->last = &pool->first;
    pool->max = max_threads;
    snprintf(pool->name, sizeof pool->name, "%s", name);
    pthread_mutex_lock(&pool->mu);
    int rc = start_thread(pool);
    pthread_mutex_unlock(&pool->mu);
    if (rc != 0) {
        jig_pool_free(pool);
        return jig_err_sys(reterr, rc, "cannot start a thread");
    }
    *ret = pool;
    return JIG_OK;
}

void jig_pool_submit(struct jig_pool *pool, struct jig_job *job)
{
    pthread_mutex_lock(&pool->mu);
    if (pool->joined)
        abort();
    job->next = NULL;
    *pool->last = job;
    pool->last = &job->next;
    pool->queued++;
    /* One thread runs from the start, so a failure here costs speed only. */
    if (pool->queued > pool->idle && pool->count < pool->max && !pool->stopping)
        (void)start_thread(pool);
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->mu);
}

void jig_pool_stop(struct jig_pool *pool)
{
    if (pool->joined)
        return;
    pthread_mutex_lock(&pool->mu);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    unsigned count = pool->count;
    pthread_mutex_unlock(&pool->mu);
    for (unsigned i = 0; i < count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_mutex_lock(&pool->mu);
    pool->joined = true;
    pthread_mutex_unlock(&pool->mu);
}

void jig_pool_free(struct jig_pool *pool)
{
    if (pool == NULL)
        return;
    jig_pool_stop(pool);
    pthread_mutex_destroy(&pool->mu);
    pthread_cond_destroy(&pool->work);
    free(pool);
}
