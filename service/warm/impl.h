/*
 * impl.h - what the files of service/warm share: table.c has the table and the questions,
 * disk.c and contents.c what outlives the daemon, work.c the thread.
 */
#ifndef JIG_SERVICE_WARM_IMPL_H
#define JIG_SERVICE_WARM_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/map.h"
#include "core/hash/fingerprint.h"
#include "service/warm.h"

struct jig_warm_answer {
    atomic_uint refs;
    struct jig_warm_builds builds;
};

/* A selector as it came, and the digest that stands for it and for all that it does not say. */
struct jig_warm_key {
    char hex[JIG_SHA256_HEX];
    uint8_t *selector; /* packed */
    size_t n;
};

enum jig_warm_work_kind { JIG_WARM_ARM, JIG_WARM_LOOK };

struct jig_warm_work {
    enum jig_warm_work_kind kind;
    struct jig_warm_key key;
    int64_t due_ns;             /* monotonic */
    unsigned tries;             /* that were too early */
    struct jig_cancel cancel;   /* of a look */
    struct jig_sightings *seen; /* to be watched */
    struct jig_warm_answer *answer;
    bool is_kept;               /* the answer, by an earlier daemon: */
    struct jig_fingerprint sum; /* its own */
    struct jig_warm_work *next;
};

struct jig_warm {
    char *dir; /* NULL: nothing is kept */
    char *salt;
    struct jig_files *files;
    bool (*look)(void *ctx, const Jig__V1__ProjectSelector *selector, struct jig_sightings *seen,
                 const struct jig_until *until, struct jig_warm_builds *ret);
    void (*used)(void *ctx, const Jig__V1__ProjectSelector *selector,
                 const struct jig_target *target);
    void *ctx;
    struct jig_watcher *watcher; /* NULL where nothing can be watched */

    pthread_mutex_t mu;
    struct jig_map live; /* guarded by mu; key -> struct live */
    /* Guarded by mu: what holds no more. Letting 100,000 files go takes 20 ms, and most of them are
     * watched again after the build: then it takes less. So that is left to the thread. */
    struct jig_warm_live *dead;
    size_t dead_count;
    int64_t dead_due_ns;           /* not before, unless there are more than JIG_WARM_DEAD */
    uint64_t uses;                 /* guarded by mu; answers asked for, ever */
    struct jig_map refusals;       /* guarded by mu; key -> why its files cannot be watched */
    struct jig_warm_stats stats;   /* guarded by mu */
    struct jig_warm_work *queue;   /* guarded by mu; oldest first */
    struct jig_warm_work *at_work; /* guarded by mu */
    unsigned building;             /* guarded by mu; builds that run */
    bool ending;                   /* guarded by mu */
    pthread_cond_t changed;
    pthread_t thread;
    bool has_thread;
};

/* What is watched. */
struct jig_warm_live {
    struct jig_warm *warm;
    struct jig_warm_live *next; /* of those that hold no more */
    struct jig_warm_answer *answer;
    struct jig_watch *watch;
    struct jig_warm_key key;
    uint64_t used; /* the larger the later it was asked for */
    uint64_t told; /* `used` when that was last told of */
};

void jig_warm_free_dead(struct jig_warm_live *first); /* not under the lock */

void jig_warm_tell_of(struct jig_warm *w, const struct jig_warm_key *key,
                      const struct jig_warm_answer *answer);

/* Under the lock: the answer that nobody asked for the longest gives way, when there is no room for
 * one more under that key. */
void jig_warm_make_room(struct jig_warm *w, const char *key);

struct jig_warm_answer *jig_warm_answer_new_take(struct jig_warm_builds *builds);

struct jig_warm_key jig_warm_key_make(const struct jig_warm *w,
                                      const Jig__V1__ProjectSelector *selector);
struct jig_warm_key jig_warm_key_copy(const struct jig_warm_key *key);
void jig_warm_key_release(struct jig_warm_key *key);

char *jig_warm_path(const struct jig_warm *w, const struct jig_warm_key *key); /* w has a `dir` */
void jig_warm_save(const struct jig_warm *w, const struct jig_warm_key *key,
                   struct jig_sightings *seen, const struct jig_warm_builds *builds);
/* False when there is nothing for the key, or nothing that can be believed. *ret_sum is the
 * answer's own. */
bool jig_warm_load(const struct jig_warm *w, const struct jig_warm_key *key,
                   struct jig_sightings **ret_seen, struct jig_warm_builds *ret,
                   struct jig_fingerprint *ret_sum);

/* What the files of an answer hold, as far as it is known; they are in the order of its bytes. */
enum jig_code jig_warm_save_contents(const struct jig_warm *w, const char *answer,
                                     struct jig_fingerprint of, const struct jig_sightings *seen,
                                     struct jig_err *reterr) JIG_CHECKED;
/* Tells it to `files`, of an answer that was loaded. */
void jig_warm_teach(const struct jig_warm *w, const struct jig_warm_key *key,
                    struct jig_fingerprint of, const struct jig_sightings *seen);
void jig_warm_prune(const struct jig_warm *w);

/* Says in the log why a list cannot stand for what was seen. */
void jig_warm_tell_unusable(const struct jig_sightings *seen);

/* The work is taken. What waits for the same key is dropped, and what runs is cancelled. */
void jig_warm_submit_take(struct jig_warm *w, struct jig_warm_work *work);
void jig_warm_drop_work(struct jig_warm *w, const struct jig_warm_key *key);
bool jig_warm_start_thread(struct jig_warm *w);

#endif
