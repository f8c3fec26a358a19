#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"
#include "service/warm/impl.h"

/* A build's own outputs are young when it ends: files.h says for how long. */
#define GROWN_OLD_MS 30
#define MOST_TRIES   20 /* of a look at files that keep changing: over some five minutes */
#define MOST_DOUBLED 10
#define MOST_QUEUED  64
#define MOST_REFUSED 1000

static void work_free(struct jig_warm_work *work)
{
    if (work == NULL)
        return;
    if (work->kind == JIG_WARM_LOOK)
        jig_cancel_release(&work->cancel);
    jig_warm_key_release(&work->key);
    jig_sightings_free(work->seen);
    jig_warm_unref(work->answer);
    free(work);
}

/* ---- the queue ---- */

/* Under the lock. */
static struct jig_warm_work *take_out(struct jig_warm *w, const char *key)
{
    struct jig_warm_work *taken = NULL;
    for (struct jig_warm_work **at = &w->queue; *at != NULL;) {
        struct jig_warm_work *work = *at;
        if (key == NULL || strcmp(work->key.hex, key) == 0) {
            *at = work->next;
            work->next = taken;
            taken = work;
        } else {
            at = &work->next;
        }
    }
    return taken;
}

static void free_list(struct jig_warm_work *work)
{
    while (work != NULL) {
        struct jig_warm_work *next = work->next;
        work_free(work);
        work = next;
    }
}

static void cancel_look(struct jig_warm *w, const char *key)
{
    struct jig_warm_work *now = w->at_work;
    if (now != NULL && now->kind == JIG_WARM_LOOK &&
        (key == NULL || strcmp(now->key.hex, key) == 0))
        jig_cancel_fire(&now->cancel);
}

void jig_warm_drop_work(struct jig_warm *w, const struct jig_warm_key *key)
{
    pthread_mutex_lock(&w->mu);
    cancel_look(w, key->hex);
    struct jig_warm_work *taken = take_out(w, key->hex);
    pthread_mutex_unlock(&w->mu);
    free_list(taken);
}

void jig_warm_submit_take(struct jig_warm *w, struct jig_warm_work *work)
{
    size_t n = 0;
    pthread_mutex_lock(&w->mu);
    struct jig_warm_work *old = take_out(w, work->key.hex);
    struct jig_warm_work **end = &w->queue;
    for (; *end != NULL; end = &(*end)->next)
        n++;
    if (w->has_thread && !w->ending && n < MOST_QUEUED) {
        *end = work;
        work = NULL;
        pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->mu);
    free_list(old);
    work_free(work);
}

/* Each try waits twice as long as the one before. */
static void look_at_key(struct jig_warm *w, const struct jig_warm_key *key, unsigned tries)
{
    unsigned doubled = tries < MOST_DOUBLED ? tries : MOST_DOUBLED;
    struct jig_warm_work *work = jig_new(struct jig_warm_work);
    *work = (struct jig_warm_work){.kind = JIG_WARM_LOOK,
                                   .key = jig_warm_key_copy(key),
                                   .due_ns = jig_deadline_in_ms(GROWN_OLD_MS << doubled),
                                   .tries = tries};
    if (jig_cancel_init(&work->cancel, NULL) == JIG_OK) {
        jig_warm_submit_take(w, work);
        return;
    }
    jig_warm_key_release(&work->key);
    free(work);
}

void jig_warm_look_ahead(struct jig_warm *w, const Jig__V1__ProjectSelector *selector)
{
    struct jig_warm_key key = jig_warm_key_make(w, selector);
    look_at_key(w, &key, 0);
    jig_warm_key_release(&key);
}

void jig_warm_build_begins(struct jig_warm *w)
{
    pthread_mutex_lock(&w->mu);
    w->building++;
    pthread_mutex_unlock(&w->mu);
}

void jig_warm_build_ended(struct jig_warm *w)
{
    pthread_mutex_lock(&w->mu);
    if (--w->building == 0)
        pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->mu);
}

/* ---- the work ---- */

static void publish(struct jig_warm *w, const struct jig_warm_work *work, struct jig_watch *watch)
{
    struct jig_warm_live *live = jig_new(struct jig_warm_live);
    atomic_fetch_add(&work->answer->refs, 1);
    pthread_mutex_lock(&w->mu);
    *live = (struct jig_warm_live){
        .warm = w, .answer = work->answer, .watch = watch, .key = jig_warm_key_copy(&work->key)};
    live->used = live->told = ++w->uses;
    jig_warm_make_room(w, work->key.hex);
    jig_map_set(&w->live, work->key.hex, live);
    jig_map_remove(&w->refusals, work->key.hex);
    pthread_mutex_unlock(&w->mu);
}

static void refuse(struct jig_warm *w, const char *key, const char *why)
{
    pthread_mutex_lock(&w->mu);
    w->stats.refused++;
    if (w->refusals.count < MOST_REFUSED || jig_map_has(&w->refusals, key))
        jig_map_set(&w->refusals, key, jig_xstrdup(why));
    pthread_mutex_unlock(&w->mu);
    jig_log(JIG_LOG_DEBUG, "warm.not_watched", "%s", why);
}

/* What cannot be watched is kept all the same: a walk will tell. False when something changed since
 * it was seen. */
static bool arm(struct jig_warm *w, const struct jig_warm_work *work)
{
    struct jig_watch *watch = NULL;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = JIG_FAILED_PRECONDITION;
    if (w->watcher != NULL)
        code = jig_watcher_arm(w->watcher, work->seen, &watch, &err);
    else
        jig_err_set(&err, code, "the system does not let jigd watch files");
    if (code == JIG_OK)
        publish(w, work, watch);
    else if (code == JIG_FAILED_PRECONDITION)
        refuse(w, work->key.hex, err.message);
    else
        jig_log(JIG_LOG_DEBUG, "warm.not_armed", "%s", err.message);
    bool held = code == JIG_OK || code == JIG_FAILED_PRECONDITION;
    if (held && !work->is_kept)
        jig_warm_save(w, &work->key, work->seen, &work->answer->builds);
    if (held && work->answer->builds.target == NULL) /* no build told of it */
        jig_warm_tell_of(w, &work->key, work->answer);
    return held;
}

/* An answer that an earlier daemon kept is watched by now. Nothing else of the project is in memory
 * yet: a look ahead takes care of that, so that the first edit finds it there. */
static void follow_up(struct jig_warm *w, const struct jig_warm_work *work)
{
    jig_warm_teach(w, &work->key, work->sum, work->seen);
    look_at_key(w, &work->key, 0);
}

/* True when it is to be tried again: the files were young, or one changed or is being written. A
 * build's first look often changes what the build folder knows of files that came and do not
 * matter. */
static bool look_ahead(struct jig_warm *w, struct jig_warm_work *work)
{
    Jig__V1__ProjectSelector *selector =
        jig__v1__project_selector__unpack(NULL, work->key.n, work->key.selector);
    struct jig_warm_builds builds = {0};
    struct jig_until until = {.cancel = &work->cancel, .deadline_ns = JIG_NO_DEADLINE};
    struct jig_sightings *seen = jig_sightings_new();
    bool nothing_to_do = selector != NULL && w->look(w->ctx, selector, seen, &until, &builds);
    jig__v1__project_selector__free_unpacked(selector, NULL);
    bool usable = nothing_to_do && !jig_sightings_young(seen) && jig_sightings_fault(seen) == NULL;
    bool again = nothing_to_do && jig_sightings_may_settle(seen);
    if (usable) {
        work->seen = jig_steal(&seen);
        work->answer = jig_warm_answer_new_take(&builds);
        again = !arm(w, work);
    } else if (nothing_to_do) {
        jig_warm_tell_unusable(seen);
    }
    jig_sightings_free(seen);
    jig_warm_builds_release(&builds);
    return again && !jig_cancel_fired(&work->cancel);
}

/* Under the lock: the first that is due; else *ret_due is when the next one is. */
static struct jig_warm_work *next_due(struct jig_warm *w, int64_t *ret_due)
{
    int64_t now = jig_now_ns();
    *ret_due = JIG_NO_DEADLINE;
    for (struct jig_warm_work **at = &w->queue; *at != NULL; at = &(*at)->next) {
        struct jig_warm_work *work = *at;
        if (work->kind == JIG_WARM_LOOK && w->building > 0)
            continue;
        if (work->due_ns <= now) {
            *at = work->next;
            work->next = NULL;
            return work;
        }
        if (work->due_ns < *ret_due)
            *ret_due = work->due_ns;
    }
    return NULL;
}

static void wait_until(struct jig_warm *w, int64_t due_ns)
{
    struct timespec due = {due_ns / JIG_NS_PER_S, due_ns % JIG_NS_PER_S};
    if (due_ns == JIG_NO_DEADLINE)
        pthread_cond_wait(&w->changed, &w->mu);
    else
        pthread_cond_timedwait(&w->changed, &w->mu, &due);
}

static void do_work(struct jig_warm *w, struct jig_warm_work *work)
{
    bool again = work->kind == JIG_WARM_ARM ? !arm(w, work) : look_ahead(w, work);
    if (again && ++work->tries < MOST_TRIES)
        look_at_key(w, &work->key, work->tries);
    else if (work->is_kept)
        follow_up(w, work);
    pthread_mutex_lock(&w->mu);
    w->stats.look_ahead += work->kind == JIG_WARM_LOOK;
    w->at_work = NULL;
    pthread_mutex_unlock(&w->mu);
    work_free(work);
}

/* Under the lock, which it lets go meanwhile. False when nothing may go yet: *due is earlier, when
 * only time is wanting. */
static bool free_dead(struct jig_warm *w, int64_t *due)
{
    bool many = w->dead_count > JIG_WARM_DEAD;
    if (w->dead == NULL || (!many && (w->queue != NULL || w->building > 0)))
        return false;
    if (!many && jig_now_ns() < w->dead_due_ns) {
        *due = w->dead_due_ns;
        return false;
    }
    struct jig_warm_live *dead = jig_steal(&w->dead);
    w->dead_count = 0;
    pthread_mutex_unlock(&w->mu);
    jig_warm_free_dead(dead);
    pthread_mutex_lock(&w->mu);
    return true;
}

static void *run(void *ctx)
{
    struct jig_warm *w = ctx;
    pthread_mutex_lock(&w->mu);
    while (!w->ending) {
        int64_t due = 0;
        struct jig_warm_work *work = next_due(w, &due);
        if (work == NULL) {
            if (!free_dead(w, &due))
                wait_until(w, due);
            continue;
        }
        w->at_work = work;
        pthread_mutex_unlock(&w->mu);
        do_work(w, work);
        pthread_mutex_lock(&w->mu);
    }
    pthread_mutex_unlock(&w->mu);
    return NULL;
}

bool jig_warm_start_thread(struct jig_warm *w)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    return pthread_create(&w->thread, NULL, run, w) == 0;
}

void jig_warm_stop(struct jig_warm *w)
{
    if (!w->has_thread)
        return;
    pthread_mutex_lock(&w->mu);
    w->ending = true;
    cancel_look(w, NULL);
    struct jig_warm_work *left = take_out(w, NULL);
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->mu);
    free_list(left);
    pthread_join(w->thread, NULL);
    w->has_thread = false;
}
