#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/os/time.h"
#include "service/operation.h"
#include "service/operation/impl.h"

#define ENDING "cancelled because jigd is ending"

/* ---- the list ---- */

/* mu is held. */
static void link_youngest(struct jig_operations *ops, struct jig_operation *op)
{
    op->older = ops->youngest;
    if (ops->youngest != NULL)
        ops->youngest->younger = op;
    else
        ops->oldest = op;
    ops->youngest = op;
}

/* mu is held. */
static void unlink_operation(struct jig_operations *ops, struct jig_operation *op)
{
    if (op->older != NULL)
        op->older->younger = op->younger;
    else
        ops->oldest = op->younger;
    if (op->younger != NULL)
        op->younger->older = op->older;
    else
        ops->youngest = op->older;
    op->older = NULL;
    op->younger = NULL;
}

/* It is forgotten; mu is held. */
static void drop(struct jig_operations *ops, struct jig_operation *op, struct jig_operation **taken)
{
    unlink_operation(ops, op);
    ops->kept--;
    ops->kept_bytes -= op->kept_bytes;
    op->older = *taken;
    *taken = op;
}

static bool too_many(const struct jig_operations *ops)
{
    return ops->kept > ops->options.kept_max ||
           (ops->kept > 1 && ops->kept_bytes > JIG_OPERATIONS_KEPT_BYTES);
}

/* The oldest of those that have ended, while there are too many; and, when all are looked at, those
 * that ended long ago. mu is held. The chain of those that were taken out is by `older`. */
static struct jig_operation *take_surplus(struct jig_operations *ops, bool all)
{
    struct jig_operation *taken = NULL;
    int64_t long_ago = jig_now_ns() - JIG_OPERATIONS_KEPT_MS * JIG_NS_PER_MS;
    struct jig_operation *next;
    for (struct jig_operation *op = ops->oldest; op != NULL && (all || too_many(ops)); op = next) {
        next = op->younger;
        if (op->kept && (too_many(ops) || op->kept_since_ns < long_ago))
            drop(ops, op, &taken);
    }
    return taken;
}

static void expire(struct jig_operations *ops, bool all)
{
    pthread_mutex_lock(&ops->mu);
    struct jig_operation *taken = take_surplus(ops, all);
    pthread_mutex_unlock(&ops->mu);
    while (taken != NULL) {
        struct jig_operation *next = taken->older;
        taken->older = NULL;
        jig_operation_unref(taken);
        taken = next;
    }
}

void jig_operations_expire(struct jig_operations *ops)
{
    expire(ops, true);
}

void jig_operations_note_end(struct jig_operation *op, bool waited)
{
    struct jig_operations *ops = op->table;
    size_t bytes = jig_operation_weight(op);
    pthread_mutex_lock(&ops->mu);
    ops->active--;
    if (waited)
        ops->queued--;
    ops->last_end_ns = jig_now_ns();
    op->kept = true;
    op->kept_bytes = bytes;
    op->kept_since_ns = ops->last_end_ns;
    ops->kept++;
    ops->kept_bytes += bytes;
    if (ops->active == 0)
        pthread_cond_broadcast(&ops->ended);
    pthread_mutex_unlock(&ops->mu);
}

/* ---- running ---- */

static void note_begin(struct jig_operations *ops)
{
    pthread_mutex_lock(&ops->mu);
    ops->queued--;
    pthread_mutex_unlock(&ops->mu);
}

/* The work, when it `runs`; and what is to be done in any case. */
static void carry_out(struct jig_operation *op, bool runs)
{
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = JIG_OK;
    if (runs)
        code = op->run(op, op->ctx, &err);
    jig_owner_forget(op->table->owners, op->tied);
    op->tied = NULL;
    if (op->free_ctx != NULL)
        op->free_ctx(op->ctx);
    if (runs)
        jig_operation_finish(op, code, &err);
}

static void work(struct jig_job *job)
{
    struct jig_operation *op =
        (struct jig_operation *)((char *)job - offsetof(struct jig_operation, job));
    bool runs = jig_operation_begin(op);
    if (runs)
        note_begin(op->table);
    carry_out(op, runs);
    jig_operation_unref(op);
}

static void owner_gone(void *ctx)
{
    struct jig_operation *op = ctx;
    char why[96];
    snprintf(why, sizeof why, "cancelled because its owner, process %lld, is gone",
             (long long)op->owner_pid);
    jig_operation_fire(op, why);
}

/* ---- starting ---- */

static enum jig_code tie(struct jig_operations *ops, struct jig_operation *op,
                         struct jig_err *reterr)
{
    if (op->owner_pid <= 0 || op->owner_pid > INT32_MAX)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "cancel_with_owner needs the owner's process id");
    return jig_owner_watch(ops->owners, (pid_t)op->owner_pid, op->uid, owner_gone, op, &op->tied,
                           reterr);
}

/* mu is held. `now`: it will not wait for a worker. */
static enum jig_code check_room(struct jig_operations *ops, bool now, struct jig_err *reterr)
{
    if (ops->stopping)
        return jig_err_set(reterr, JIG_UNAVAILABLE, "jigd is ending");
    if (now || ops->queued < ops->options.queue_max)
        return JIG_OK;
    enum jig_code code = jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                                     "%u operations wait for a worker already", ops->queued);
    jig_err_hint(reterr, "see them with 'jig ops list', or raise [daemon] operations in jigd.conf");
    return code;
}

static enum jig_code reserve(struct jig_operations *ops, bool now, struct jig_err *reterr)
{
    pthread_mutex_lock(&ops->mu);
    enum jig_code code = check_room(ops, now, reterr);
    if (code == JIG_OK) {
        ops->active++;
        ops->queued += now ? 0 : 1;
    }
    pthread_mutex_unlock(&ops->mu);
    return code;
}

static void give_back(struct jig_operations *ops, bool now)
{
    pthread_mutex_lock(&ops->mu);
    ops->active--;
    ops->queued -= now ? 0 : 1;
    pthread_mutex_unlock(&ops->mu);
}

/* It is counted, and its owner may have ended it already. From here on others find it. */
static void show(struct jig_operations *ops, struct jig_operation *op)
{
    jig_operation_ref(op); /* the table's */
    pthread_mutex_lock(&ops->mu);
    link_youngest(ops, op);
    bool stopping = ops->stopping;
    pthread_mutex_unlock(&ops->mu);
    if (stopping)
        jig_operation_fire(op, ENDING);
}

static enum jig_code make(struct jig_operations *ops, const struct jig_operation_spec *spec,
                          const struct jig_operation_owner *owner, bool now,
                          struct jig_operation **ret, struct jig_err *reterr)
{
    struct jig_operation *op = NULL;
    enum jig_code code = jig_operation_new(ops, spec, owner, &op, reterr);
    if (code == JIG_OK && spec->cancel_with_owner && !now)
        code = tie(ops, op, reterr);
    if (code == JIG_OK)
        *ret = op;
    else
        jig_operation_unref(op);
    return code;
}

static void queue(struct jig_operations *ops, struct jig_operation *op)
{
    jig_log(JIG_LOG_INFO, "operation.started", "%s %s for %s", op->id, op->subject, op->owner);
    show(ops, op);
    jig_operation_ref(op); /* the worker's */
    op->job.run = work;
    jig_pool_submit(ops->pool, &op->job);
}

/* It runs before anybody finds it: who cancels one that waits would end it in its worker's place.
 * Nobody waits for its events yet. */
static void run_now(struct jig_operations *ops, struct jig_operation *op)
{
    jig_stats_add(ops->options.stats, JIG_STAT_OPERATIONS_AT_ONCE, 1);
    op->at_once = true;
    bool runs = jig_operation_begin(op);
    show(ops, op);
    carry_out(op, runs);
}

enum jig_code jig_operations_start(struct jig_operations *ops,
                                   const struct jig_operation_spec *spec,
                                   const struct jig_operation_owner *owner,
                                   struct jig_operation **ret, struct jig_err *reterr)
{
    expire(ops, false);
    bool now = spec->try_now != NULL && spec->try_now(spec->ctx);
    enum jig_code code = reserve(ops, now, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_operation *op = NULL;
    code = make(ops, spec, owner, now, &op, reterr);
    if (code != JIG_OK) {
        give_back(ops, now);
        return code;
    }
    jig_stats_add(ops->options.stats, JIG_STAT_OPERATIONS_STARTED, 1);
    if (now)
        run_now(ops, op);
    else
        queue(ops, op);
    *ret = op;
    return JIG_OK;
}

/* ---- finding ---- */

enum jig_code jig_operations_find(struct jig_operations *ops, const char *id,
                                  struct jig_operation **ret, struct jig_err *reterr)
{
    pthread_mutex_lock(&ops->mu);
    struct jig_operation *op = ops->youngest;
    while (op != NULL && strcmp(op->id, id) != 0)
        op = op->older;
    if (op != NULL)
        jig_operation_ref(op);
    pthread_mutex_unlock(&ops->mu);
    if (op == NULL) {
        enum jig_code code =
            jig_err_set(reterr, JIG_NOT_FOUND, "there is no operation '%.40s'", id);
        jig_err_hint(reterr, "jigd forgets operations some time after they have ended; see 'jig "
                             "ops list'");
        return code;
    }
    *ret = op;
    return JIG_OK;
}

size_t jig_operations_list(struct jig_operations *ops, bool active_only, size_t max,
                           struct jig_operation **out)
{
    size_t n = 0;
    pthread_mutex_lock(&ops->mu);
    for (struct jig_operation *op = ops->youngest; op != NULL && n < max; op = op->older) {
        if (active_only && jig_operation_has_ended(op))
            continue;
        jig_operation_ref(op);
        out[n++] = op;
    }
    pthread_mutex_unlock(&ops->mu);
    return n;
}

unsigned jig_operations_active(struct jig_operations *ops)
{
    pthread_mutex_lock(&ops->mu);
    unsigned n = ops->active;
    pthread_mutex_unlock(&ops->mu);
    return n;
}

int64_t jig_operations_last_end_ns(struct jig_operations *ops)
{
    pthread_mutex_lock(&ops->mu);
    int64_t at = ops->last_end_ns;
    pthread_mutex_unlock(&ops->mu);
    return at;
}

/* ---- the table's own life ---- */

static void set_defaults(struct jig_operations_options *o)
{
    if (o->queue_max == 0)
        o->queue_max = JIG_OPERATIONS_QUEUED;
    if (o->events_max == 0)
        o->events_max = JIG_OPERATION_EVENTS_MAX;
    if (o->bytes_max == 0)
        o->bytes_max = JIG_OPERATION_BYTES_MAX;
    if (o->kept_max == 0)
        o->kept_max = JIG_OPERATIONS_KEPT;
}

enum jig_code jig_operations_new(const struct jig_operations_options *options,
                                 struct jig_operations **ret, struct jig_err *reterr)
{
    struct jig_operations *ops = jig_new(struct jig_operations);
    ops->options = *options;
    set_defaults(&ops->options);
    pthread_mutex_init(&ops->mu, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&ops->ended, &attr);
    pthread_condattr_destroy(&attr);
    enum jig_code code = jig_owners_new(&ops->owners, reterr);
    if (code == JIG_OK)
        code = jig_pool_new("jigd-work", options->workers, &ops->pool, reterr);
    if (code != JIG_OK) {
        jig_operations_free(ops);
        return code;
    }
    *ret = ops;
    return JIG_OK;
}

/* All that have not ended, referenced; the caller frees the vector. */
static struct jig_operation **active_ones(struct jig_operations *ops, size_t *ret_n)
{
    pthread_mutex_lock(&ops->mu);
    ops->stopping = true;
    size_t room = ops->active;
    pthread_mutex_unlock(&ops->mu);
    struct jig_operation **v = jig_xcalloc(room + 1, sizeof(*v));
    *ret_n = jig_operations_list(ops, true, room, v);
    return v;
}

bool jig_operations_stop(struct jig_operations *ops, int64_t deadline_ns)
{
    size_t n;
    struct jig_operation **active = active_ones(ops, &n);
    for (size_t i = 0; i < n; i++) {
        jig_operation_fire(active[i], ENDING);
        jig_operation_unref(active[i]);
    }
    free(active);
    struct timespec until = {.tv_sec = (time_t)(deadline_ns / JIG_NS_PER_S),
                             .tv_nsec = (long)(deadline_ns % JIG_NS_PER_S)};
    pthread_mutex_lock(&ops->mu);
    int rc = 0;
    while (ops->active > 0 && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&ops->ended, &ops->mu, &until);
    bool all = ops->active == 0;
    pthread_mutex_unlock(&ops->mu);
    return all;
}

void jig_operations_free(struct jig_operations *ops)
{
    if (ops == NULL)
        return;
    jig_pool_free(ops->pool);
    while (ops->youngest != NULL) {
        struct jig_operation *op = ops->youngest;
        unlink_operation(ops, op);
        jig_operation_unref(op);
    }
    jig_owners_free(ops->owners);
    pthread_mutex_destroy(&ops->mu);
    pthread_cond_destroy(&ops->ended);
    free(ops);
}
