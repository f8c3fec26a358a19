/*
 * watcher.h - whether all that was seen still holds, without looking at it again.
 *
 * A watch is armed for a list of sightings: the folder of each path, every folder above it (one may
 * be moved away, another one take its place), every link on the way, and what is not there yet.
 * Folders that several watches need are watched once. Asked, it takes the kernel's events first;
 * they are in the queue when the system call that caused them has returned, so no thread needs to
 * have run in between.
 *
 *              arm: watch, then look at everything once more
 *    (nothing) ---------------------------------------------> HOLDS --ask--> HOLDS
 *        |                                                      |
 *        | something differs, or cannot be watched              |-- a file that an event named
 *        v                                                      |   differs --> CHANGED
 *     refused                                                   |
 *                                                               '-- events were lost, a folder on
 *                                                                   the way was replaced, the
 *                                                                   mounts changed --> LOST
 *
 * CHANGED and LOST are final: look at everything anew and arm another one. CHANGED says that a path
 * is to be read anew, whatever its stamp says; whether anything has become of it is for who reads
 * it to say.
 *
 * A write through a mapping gives no event and, but for the first to a page, no stamp. So a file
 * that somebody has open for writing counts as changed each time; whether one is, is told by a
 * lease (core/os/notify.h). A file with several names is watched itself.
 *
 * What stays open: a second name made after arming, in a folder that nobody watches, through which
 * a file is written. `--walk` sees it.
 *
 * Ceilings: JIG_WATCHER_MOST_NODES names, and the system's fs.inotify limits.
 * Threads: any; it locks itself.
 */
#ifndef JIG_WATCH_WATCHER_H
#define JIG_WATCH_WATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/watch/sightings.h"

#define JIG_WATCHER_MOST_NODES 2000000

struct jig_watcher;
struct jig_watch;

enum jig_code jig_watcher_new(struct jig_watcher **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_watcher_free(struct jig_watcher *w); /* after its watches */

/* For poll(2), asked for each time: -1 while the pump rests. jig_watcher_pump() takes what is
 * there, so that the queue stays short; and unless the processors are busy with better things, it
 * asks ahead of a question which files are open, and looks at those that something happened to.
 * Nothing needs it to be called, but who does calls it again at the deadline that it returns
 * (JIG_NO_DEADLINE: when there are events). */
int jig_watcher_fd(struct jig_watcher *w);
int64_t jig_watcher_pump(struct jig_watcher *w, bool busy);

/* What was seen is not young (jig_sightings_young), or a change may be missed. ABORTED when
 * something is not as it was seen: look again. FAILED_PRECONDITION when it cannot be watched, and
 * the message says what and why. Takes some microseconds a file. */
enum jig_code jig_watcher_arm(struct jig_watcher *w, const struct jig_sightings *seen,
                              struct jig_watch **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_watch_free(struct jig_watch *watch);

enum jig_watch_answer { JIG_WATCH_HOLDS, JIG_WATCH_CHANGED, JIG_WATCH_LOST };

/* What became of the files of a watch. */
struct jig_watch_changes {
    struct jig_strv files; /* that are to be read anew, by each path by which they were looked at */
    bool whole;            /* CHANGED, and nothing changed but the content of these files */
    bool plain;            /* whole, and these were looked at by checks alone (sightings.h) */
};
void jig_watch_changes_release(struct jig_watch_changes *c);

/* *ret_why says what changed, the first of it ("/x/a.h was written"), or why events cannot be
 * believed; the caller frees. Untouched while it holds. *ret_changes is set in any case, and
 * released by the caller. */
enum jig_watch_answer jig_watch_ask(struct jig_watch *watch, struct jig_watch_changes *ret_changes,
                                    char **ret_why);

struct jig_watcher_stats {
    uint64_t asks;
    uint64_t holds;
    uint64_t changed;
    uint64_t lost;
    uint64_t overflows; /* of the kernel's queue */
    uint64_t events;
    size_t watches; /* armed lists */
    size_t folders; /* and files, that the kernel watches */
    size_t names;
    size_t maybe_open; /* files that are looked at each time */
    size_t bytes;      /* of all this */
};
struct jig_watcher_stats jig_watcher_stats(struct jig_watcher *w);

#endif
