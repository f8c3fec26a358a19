/*
 * warm.h - the answers to builds that would do nothing, for as long as nothing changed.
 *
 * A build that found everything up to date has looked at every file that its answer rests on
 * (core/watch/sightings.h). Its result is kept with that list, and answers the same request again
 * while a watch over the list holds (core/watch/watcher.h): one question to the kernel, and not a
 * single look at a file.
 *
 *                      a build was up to date, and its files can be watched
 *        (no answer) --------------------------------------------------------> LIVE
 *             ^  \                                                              |
 *             |   \ kept on disk by an earlier daemon,          a watched path  |  events were lost
 *             |    \ and every stamp is as it was                changed        |  or cannot be
 *             |     '-----> answered by a walk, LIVE soon       <---------------+  believed
 *             |                     ^                          (no answer)      |
 *             |                     '---------------------------- walk <--------'
 *             '-- a stamp differs: the build decides, by content
 *
 * An answer is for one request: the same selector in all its words, variables included; the same
 * configuration and the same jigd. What is on disk is in CACHE/warm, versioned and checksummed: a
 * file an answer, and a file of what its files hold (contents.c), which spares who has to look at
 * all of them the reading. A damaged one is none.
 *
 * Arming takes some microseconds a file, and is done by a thread of this module's own, after the
 * build was answered. So is the look that follows a build which did something, or an answer from
 * disk: jig_warm_config.look.
 *
 * An answer leases nothing and records no use of the cache, as that would take longer than the
 * answer. What the answers rest on is told of when an answer from disk is armed, before a
 * collection, and when the daemon ends: jig_warm_tell_used.
 *
 * The watch of an answer that holds no more is let go by that thread too, after the build that
 * follows: most of its files are watched again by then, and need not be watched anew. JIG_WARM_DEAD
 * of them may wait for that; past these, all go at once.
 *
 * Ceilings: JIG_WARM_MOST answers live; on disk JIG_WARM_KEPT files, of JIG_WARM_FILE_MAX bytes
 * each and JIG_WARM_KEPT_BYTES in all, the newest. Threads: any; it locks itself.
 */
#ifndef JIG_SERVICE_WARM_H
#define JIG_SERVICE_WARM_H

#include "core/os/cancel.h"
#include "core/watch/files.h"
#include "core/watch/watcher.h"
#include "service/target.h"
#include "service/wire/messages.h"

#define JIG_WARM_MOST       64
#define JIG_WARM_DEAD       4
#define JIG_WARM_KEPT       1024
#define JIG_WARM_FILE_MAX   (512u << 20)
#define JIG_WARM_KEPT_BYTES (UINT64_C(1) << 30)

struct jig_warm;
struct jig_warm_answer; /* counted */

/* What builds of a selector's environments came to. It does not change. */
struct jig_warm_builds {
    struct jig_target *target; /* NULL when it was not opened yet: the answer is from disk */
    Jig__V1__BuildResult **v;
    uint64_t *looks; /* likewise: which look found it (struct jig_build_result); 0: an earlier
                        daemon's */
    size_t n;
    char *subject;            /* of the operation */
    struct jig_strv warnings; /* about the project, told before the builds */
};

struct jig_warm_config {
    const char *cache_dir;   /* copied; NULL: nothing is kept on disk */
    const char *salt;        /* copied; whatever else an answer depends on: the configuration */
    struct jig_files *files; /* what changed is forgotten there */
    /* Does the work of a request up to the point where something would have to be done, and tells
     * `seen` of every look. False when something would. *ret is the caller's. */
    bool (*look)(void *ctx, const Jig__V1__ProjectSelector *selector, struct jig_sightings *seen,
                 const struct jig_until *until, struct jig_warm_builds *ret);
    /* What the request's answer rests on was used. `target` is NULL when it was not opened yet. May
     * be NULL. */
    void (*used)(void *ctx, const Jig__V1__ProjectSelector *selector,
                 const struct jig_target *target);
    void *ctx;
};

/* Where the system cannot watch, every answer is a walk. */
struct jig_warm *jig_warm_new(const struct jig_warm_config *config);

/* Ends the thread; `look` is not called any more. Answers that are held live on. */
void jig_warm_stop(struct jig_warm *w);
void jig_warm_free(struct jig_warm *w);

const struct jig_warm_builds *jig_warm_builds(const struct jig_warm_answer *a);
void jig_warm_unref(struct jig_warm_answer *a);

/* What a question found, for people and for the next step. */
struct jig_warm_said {
    char *why;     /* how the answer is known, or why there is none: "src/a.c changed"; owned */
    bool may_walk; /* no answer, but jig_warm_walk() may have one */
    struct jig_warm_answer *last; /* what the answer was until a watched file changed; or NULL */
    struct jig_watch_changes changes; /* since then */
};
void jig_warm_said_release(struct jig_warm_said *said);

/* The answer that a watch vouches for, in microseconds; does not block. NULL when there is none. */
struct jig_warm_answer *jig_warm_ask(struct jig_warm *w, const Jig__V1__ProjectSelector *selector,
                                     struct jig_warm_said *said);

/* After jig_warm_ask() found none and `may_walk`: an answer that was kept on disk, when every file
 * that it rests on has the stamp it had. One look a file. */
struct jig_warm_answer *jig_warm_walk(struct jig_warm *w, const Jig__V1__ProjectSelector *selector,
                                      struct jig_warm_said *said);

/* Keeps an answer that was just found, once its files are watched. `seen` and what is in `builds`
 * are taken; a list that cannot stand for what was seen is passed over. */
void jig_warm_offer_take(struct jig_warm *w, const Jig__V1__ProjectSelector *selector,
                         struct jig_sightings *seen, struct jig_warm_builds *builds);

/* A build did something: what comes of the next one is looked up ahead, in the background. */
void jig_warm_look_ahead(struct jig_warm *w, const Jig__V1__ProjectSelector *selector);

/* Calls `used` for every live answer that was given since it was last told of, in the order in
 * which they were asked for. */
void jig_warm_tell_used(struct jig_warm *w);

/* Around each build: what is looked at ahead waits until none runs, so that it takes no processor
 * from them. */
void jig_warm_build_begins(struct jig_warm *w);
void jig_warm_build_ended(struct jig_warm *w);

/* For what fills in `builds`. */
void jig_warm_builds_release(struct jig_warm_builds *b);
void jig_warm_builds_add(struct jig_warm_builds *b, const Jig__V1__BuildResult *result,
                         uint64_t look);

/* For poll(2), with jig_warm_pump(): keeps the kernel's queue short. Both are called each time: -1
 * where nothing is watched, and while the pump rests. It returns the deadline at which it wants to
 * be called again. */
int jig_warm_fd(struct jig_warm *w);
int64_t jig_warm_pump(struct jig_warm *w);

struct jig_warm_stats {
    uint64_t watched;    /* answers that a watch gave */
    uint64_t walked;     /* answers that a walk gave */
    uint64_t none;       /* questions without an answer */
    uint64_t lost;       /* of the walked: because events were lost or cannot be believed */
    uint64_t refused;    /* lists that could not be watched */
    uint64_t look_ahead; /* looks in the background */
    size_t live;
    size_t pending; /* to be armed */
    struct jig_watcher_stats watcher;
};
struct jig_warm_stats jig_warm_stats(struct jig_warm *w);

#endif
