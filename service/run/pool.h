/*
 * pool.h - a bounded number of threads that run jobs, first in, first out.
 *
 * A job is part of what it works on, so that submitting one cannot fail for want of memory; what
 * bounds the queue is the number of such things. Threads are started as they are needed, up to the
 * limit, and stay.
 *
 * Threads: submit from any; stop from the owner, once, after which submitting aborts.
 */
#ifndef JIG_SERVICE_RUN_POOL_H
#define JIG_SERVICE_RUN_POOL_H

#include "core/base/err.h"

struct jig_pool;

struct jig_job {
    struct jig_job *next; /* the pool's, while queued */
    void (*run)(struct jig_job *job);
};

/* `name` shows in ps and gdb; at most 15 characters. */
enum jig_code jig_pool_new(const char *name, unsigned max_threads, struct jig_pool **ret,
                           struct jig_err *reterr) JIG_CHECKED;
void jig_pool_submit(struct jig_pool *pool, struct jig_job *job);

/* Runs what is queued, waits for what runs. Idempotent. */
void jig_pool_stop(struct jig_pool *pool);
void jig_pool_free(struct jig_pool *pool); /* stops it first; NULL is fine */

#endif
