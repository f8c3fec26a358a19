#include "service/warm.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"
#include "service/warm/impl.h"
#include "service/wire/event.h"
#include "service/wire/text.h"

#define RESULT_MAX_BYTES (16u << 20)
#define BURIED_MS        100 /* in which a build begins, and asks for its files to be watched anew */

/* ---- answers ---- */

void jig_warm_builds_release(struct jig_warm_builds *b)
{
    for (size_t i = 0; i < b->n; i++)
        jig__v1__build_result__free_unpacked(b->v[i], NULL);
    free(b->v);
    free(b->looks);
    free(b->subject);
    jig_strv_release(&b->warnings);
    jig_target_free(b->target);
    *b = (struct jig_warm_builds){0};
}

/* Without what was of that run alone. */
void jig_warm_builds_add(struct jig_warm_builds *b, const Jig__V1__BuildResult *result,
                         uint64_t look)
{
    struct jig_arena arena;
    jig_arena_init(&arena, RESULT_MAX_BYTES);
    Jig__V1__BuildResult lasting = *result;
    lasting.server_us = 0;
    lasting.n_phases = 0;
    lasting.n_reasons = 0;
    size_t n = 0;
    const ProtobufCMessage *clean = jig_wire_clean(&lasting.base, &arena);
    uint8_t *bytes = clean != NULL ? jig_wire_bytes(clean, &n) : NULL;
    Jig__V1__BuildResult *copy =
        bytes != NULL ? jig__v1__build_result__unpack(NULL, n, bytes) : NULL;
    free(bytes);
    jig_arena_release(&arena);
    if (copy == NULL)
        return;
    b->v = jig_xrealloc(b->v, b->n + 1, sizeof(Jig__V1__BuildResult *));
    b->looks = jig_xrealloc(b->looks, b->n + 1, sizeof *b->looks);
    b->looks[b->n] = look;
    b->v[b->n++] = copy;
}

struct jig_warm_answer *jig_warm_answer_new_take(struct jig_warm_builds *builds)
{
    struct jig_warm_answer *a = jig_new(struct jig_warm_answer);
    atomic_init(&a->refs, 1);
    a->builds = *builds;
    *builds = (struct jig_warm_builds){0};
    return a;
}

const struct jig_warm_builds *jig_warm_builds(const struct jig_warm_answer *a)
{
    return &a->builds;
}

static struct jig_warm_answer *ref(struct jig_warm_answer *a)
{
    atomic_fetch_add(&a->refs, 1);
    return a;
}

void jig_warm_unref(struct jig_warm_answer *a)
{
    if (a == NULL || atomic_fetch_sub(&a->refs, 1) != 1)
        return;
    jig_warm_builds_release(&a->builds);
    free(a);
}

/* ---- keys ---- */

struct jig_warm_key jig_warm_key_make(const struct jig_warm *w,
                                      const Jig__V1__ProjectSelector *selector)
{
    struct jig_warm_key key = {.n = 0};
    key.selector = jig_wire_bytes(&selector->base, &key.n);
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, w->salt);
    jig_sha256_field(h, key.selector, key.n);
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    jig_digest_hex(&d, key.hex);
    return key;
}

struct jig_warm_key jig_warm_key_copy(const struct jig_warm_key *key)
{
    struct jig_warm_key copy = *key;
    copy.selector = jig_xcalloc(key->n + 1, 1);
    memcpy(copy.selector, key->selector, key->n);
    return copy;
}

void jig_warm_key_release(struct jig_warm_key *key)
{
    free(key->selector);
    key->selector = NULL;
}

/* ---- the table ---- */

/* Under the lock. */
static void bury(void *p)
{
    struct jig_warm_live *live = p;
    struct jig_warm *w = live->warm;
    live->next = w->dead;
    w->dead = live;
    w->dead_count++;
    w->dead_due_ns = jig_deadline_in_ms(BURIED_MS);
    if (w->has_thread)
        pthread_cond_signal(&w->changed);
}

void jig_warm_free_dead(struct jig_warm_live *live)
{
    while (live != NULL) {
        struct jig_warm_live *next = live->next;
        jig_watch_free(live->watch);
        jig_warm_unref(live->answer);
        jig_warm_key_release(&live->key);
        free(live);
        live = next;
    }
}

struct jig_warm *jig_warm_new(const struct jig_warm_config *config)
{
    struct jig_warm *w = jig_new(struct jig_warm);
    struct jig_err err = JIG_ERR_INIT;
    if (config->cache_dir != NULL)
        w->dir = jig_path_join(config->cache_dir, "warm");
    w->salt = jig_xstrdup(config->salt);
    w->files = config->files;
    w->look = config->look;
    w->used = config->used;
    w->ctx = config->ctx;
    pthread_mutex_init(&w->mu, NULL);
    jig_map_init(&w->live, bury);
    jig_map_init(&w->refusals, free);
    if (jig_watcher_new(&w->watcher, &err) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "warm.no_watcher", "%s", err.message);
    jig_warm_prune(w);
    w->has_thread = jig_warm_start_thread(w);
    return w;
}

void jig_warm_free(struct jig_warm *w)
{
    if (w == NULL)
        return;
    jig_warm_stop(w);
    jig_map_release(&w->live);
    jig_warm_free_dead(w->dead);
    jig_map_release(&w->refusals);
    jig_watcher_free(w->watcher);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mu);
    free(w->dir);
    free(w->salt);
    free(w);
}

void jig_warm_said_release(struct jig_warm_said *said)
{
    free(said->why);
    jig_warm_unref(said->last);
    jig_watch_changes_release(&said->changes);
    *said = (struct jig_warm_said){0};
}

static void say(struct jig_warm_said *said, char *why, bool may_walk)
{
    free(said->why);
    said->why = why;
    said->may_walk = may_walk;
}

void jig_warm_make_room(struct jig_warm *w, const char *key)
{
    const char *oldest = NULL;
    uint64_t used = UINT64_MAX;
    if (w->live.count < JIG_WARM_MOST || jig_map_has(&w->live, key))
        return;
    for (size_t i = 0; i < w->live.used; i++) {
        const struct jig_warm_live *live = w->live.entries[i].value;
        if (w->live.entries[i].key == NULL || live->used >= used)
            continue;
        oldest = w->live.entries[i].key;
        used = live->used;
    }
    JIG_CLEANUP_FREE char *gone = jig_xstrdup(oldest);
    jig_map_remove(&w->live, gone);
}

/* Under the lock. What does not hold any more is dropped. */
static struct jig_warm_answer *ask_watch(struct jig_warm *w, const char *key,
                                         struct jig_warm_live *live, struct jig_warm_said *said)
{
    char *why = NULL;
    live->used = ++w->uses;
    enum jig_watch_answer answer = jig_watch_ask(live->watch, &said->changes, &why);
    if (answer == JIG_WATCH_HOLDS) {
        w->stats.watched++;
        say(said, jig_xstrdup("no file that it rests on changed"), false);
        return ref(live->answer);
    }
    for (size_t i = 0; i < said->changes.files.n; i++)
        jig_files_forget(w->files, said->changes.files.v[i]);
    if (said->changes.whole)
        said->last = ref(live->answer);
    w->stats.lost += answer == JIG_WATCH_LOST;
    w->stats.none += answer != JIG_WATCH_LOST; /* no walk would find one either */
    say(said, jig_steal(&why), answer == JIG_WATCH_LOST);
    jig_map_remove(&w->live, key);
    return NULL;
}

struct jig_warm_answer *jig_warm_ask(struct jig_warm *w, const Jig__V1__ProjectSelector *selector,
                                     struct jig_warm_said *said)
{
    struct jig_warm_key key = jig_warm_key_make(w, selector);
    struct jig_warm_answer *answer = NULL;
    pthread_mutex_lock(&w->mu);
    struct jig_warm_live *live = jig_map_get(&w->live, key.hex);
    const char *refusal = jig_map_get(&w->refusals, key.hex);
    if (live != NULL)
        answer = ask_watch(w, key.hex, live, said);
    else
        say(said, jig_xstrdup(refusal != NULL ? refusal : "no file was watched until now"), true);
    pthread_mutex_unlock(&w->mu);
    if (answer == NULL)
        jig_warm_drop_work(w, &key);
    jig_warm_key_release(&key);
    return answer;
}

void jig_warm_tell_of(struct jig_warm *w, const struct jig_warm_key *key,
                      const struct jig_warm_answer *answer)
{
    if (w->used == NULL)
        return;
    Jig__V1__ProjectSelector *selector =
        jig__v1__project_selector__unpack(NULL, key->n, key->selector);
    if (selector != NULL)
        w->used(w->ctx, selector, answer->builds.target);
    jig__v1__project_selector__free_unpacked(selector, NULL);
}

struct given {
    struct jig_warm_key key;
    struct jig_warm_answer *answer;
    uint64_t used;
};

static int first_asked_first(const void *va, const void *vb)
{
    const struct given *a = va;
    const struct given *b = vb;
    return a->used < b->used ? -1 : a->used > b->used;
}

void jig_warm_tell_used(struct jig_warm *w)
{
    struct given all[JIG_WARM_MOST];
    size_t n = 0;
    pthread_mutex_lock(&w->mu);
    for (size_t i = 0; i < w->live.used && n < JIG_WARM_MOST; i++) {
        struct jig_warm_live *live = w->live.entries[i].value;
        if (w->live.entries[i].key == NULL || live->told == live->used)
            continue;
        live->told = live->used;
        all[n++] = (struct given){jig_warm_key_copy(&live->key), ref(live->answer), live->used};
    }
    pthread_mutex_unlock(&w->mu);
    qsort(all, n, sizeof *all, first_asked_first);
    for (size_t i = 0; i < n; i++) {
        jig_warm_tell_of(w, &all[i].key, all[i].answer);
        jig_warm_key_release(&all[i].key);
        jig_warm_unref(all[i].answer);
    }
}

/* The list holds: it is watched from now on. */
static struct jig_warm_answer *answer_by_walk(struct jig_warm *w, const struct jig_warm_key *key,
                                              struct jig_sightings *seen,
                                              struct jig_warm_builds *builds,
                                              struct jig_fingerprint sum)
{
    struct jig_warm_answer *answer = jig_warm_answer_new_take(builds);
    struct jig_warm_work *work = jig_new(struct jig_warm_work);
    *work = (struct jig_warm_work){.kind = JIG_WARM_ARM,
                                   .key = jig_warm_key_copy(key),
                                   .seen = seen,
                                   .answer = ref(answer),
                                   .is_kept = true,
                                   .sum = sum};
    jig_warm_submit_take(w, work);
    return answer;
}

static void count_walk(struct jig_warm *w, bool answered)
{
    pthread_mutex_lock(&w->mu);
    w->stats.walked += answered;
    w->stats.none += !answered;
    pthread_mutex_unlock(&w->mu);
}

struct jig_warm_answer *jig_warm_walk(struct jig_warm *w, const Jig__V1__ProjectSelector *selector,
                                      struct jig_warm_said *said)
{
    struct jig_sightings *seen = NULL;
    struct jig_warm_builds builds = {0};
    struct jig_warm_answer *answer = NULL;
    if (!said->may_walk)
        return NULL;
    struct jig_fingerprint sum;
    struct jig_warm_key key = jig_warm_key_make(w, selector);
    if (jig_warm_load(w, &key, &seen, &builds, &sum)) {
        JIG_CLEANUP_FREE char *differs = jig_sightings_differ(seen);
        if (differs == NULL) {
            answer = answer_by_walk(w, &key, jig_steal(&seen), &builds, sum);
            say(said, jig_strf("every file that it rests on was looked at: %s", said->why), false);
        } else {
            say(said, jig_strf("%s changed", differs), false);
            jig_warm_teach(w, &key, sum, seen);
        }
    } else {
        say(said, jig_xstrdup("nothing is known of an earlier build"), false);
    }
    jig_sightings_free(seen);
    jig_warm_builds_release(&builds);
    count_walk(w, answer != NULL);
    jig_warm_key_release(&key);
    return answer;
}

void jig_warm_tell_unusable(const struct jig_sightings *seen)
{
    const char *fault = jig_sightings_fault(seen);
    jig_log(JIG_LOG_DEBUG, "warm.unusable", "%s",
            fault != NULL ? fault : "a file changed a moment before it was looked at");
}

void jig_warm_offer_take(struct jig_warm *w, const Jig__V1__ProjectSelector *selector,
                         struct jig_sightings *seen, struct jig_warm_builds *builds)
{
    if (jig_sightings_fault(seen) != NULL || jig_sightings_young(seen)) {
        jig_warm_tell_unusable(seen);
        jig_warm_look_ahead(w, selector);
        jig_sightings_free(seen);
        jig_warm_builds_release(builds);
        return;
    }
    struct jig_warm_work *work = jig_new(struct jig_warm_work);
    *work = (struct jig_warm_work){.kind = JIG_WARM_ARM,
                                   .key = jig_warm_key_make(w, selector),
                                   .seen = seen,
                                   .answer = jig_warm_answer_new_take(builds)};
    jig_warm_submit_take(w, work);
}

int jig_warm_fd(struct jig_warm *w)
{
    return w->watcher != NULL ? jig_watcher_fd(w->watcher) : -1;
}

int64_t jig_warm_pump(struct jig_warm *w)
{
    if (w->watcher == NULL)
        return JIG_NO_DEADLINE;
    pthread_mutex_lock(&w->mu);
    bool busy = w->building > 0;
    pthread_mutex_unlock(&w->mu);
    return jig_watcher_pump(w->watcher, busy);
}

struct jig_warm_stats jig_warm_stats(struct jig_warm *w)
{
    pthread_mutex_lock(&w->mu);
    struct jig_warm_stats s = w->stats;
    s.live = w->live.count;
    s.pending = (w->at_work != NULL) + (w->dead != NULL);
    for (const struct jig_warm_work *work = w->queue; work != NULL; work = work->next)
        s.pending++;
    pthread_mutex_unlock(&w->mu);
    if (w->watcher != NULL)
        s.watcher = jig_watcher_stats(w->watcher);
    return s;
}
