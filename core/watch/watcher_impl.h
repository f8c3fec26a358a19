/*
 * watcher_impl.h - what the files of the watcher share. Private to core/watch.
 *
 * watcher.c has the events and the arming, arm.c the way from a path to its nodes, ask.c the
 * answers, settle.c the files that may be open, mounts.c the mount table.
 *
 * Threads: everything under w->mu.
 */
#ifndef JIG_WATCH_WATCHER_IMPL_H
#define JIG_WATCH_WATCHER_IMPL_H

#include <pthread.h>

#include "core/base/strv.h"
#include "core/os/notify.h"
#include "core/watch/tree.h"
#include "core/watch/watcher.h"

#define JIG_WATCH_PATH_MAX 4096
#define JIG_WATCH_LOG      16384 /* names; who is further behind has lost them */
#define JIG_WATCH_BITE     256   /* items that are worked on before others may have the lock */

/* The pause before files are asked about without a question, at first. */
#define JIG_WATCH_SETTLE_NS (20 * JIG_NS_PER_MS)

struct jig_watcher {
    pthread_mutex_t mu;
    struct jig_notify *notify;
    struct jig_tree tree;
    uint32_t *log; /* numbers of nodes that something happened to; a ring */
    uint64_t log_end;
    uint64_t read_to;       /* no watch has read further in the log */
    uint64_t epoch;         /* goes up when events were lost */
    uint32_t round;         /* of jig_watcher_settle() */
    struct jig_node **open; /* files that may be open for writing */
    size_t open_count;
    size_t open_cap;
    int64_t rests_until_ns;  /* the pump, from events; monotonic */
    int64_t settle_at_ns;    /* the next round without a question, not before; monotonic */
    int64_t settle_every_ns; /* what the one after that waits */
    size_t item_bytes;       /* of all watches */
    struct jig_strv mounts;  /* sorted */
    struct jig_watch *watches;
    struct jig_watcher_stats stats;
};

/* What is held against a node. */
struct jig_watch_item {
    struct jig_node *node;
    struct jig_stamp stamp;
    uint8_t kind;     /* enum jig_sighting_kind; JIG_SAW_REAL: that it is there */
    uint8_t there;    /* else: that it is not */
    uint8_t checking; /* as jig_sighting.checking */
    uint8_t on_way;   /* a link that leads to what was looked at */
};

/* Another path than the node's own by which it was looked at. */
struct jig_watch_alias {
    uint32_t number; /* of the node */
    char *path;
};

struct jig_watch {
    struct jig_watcher *watcher;
    struct jig_watch *next; /* of the watcher's that listen; both NULL for any other */
    struct jig_watch *before;
    struct jig_watch_item *items; /* by node number */
    size_t n;
    size_t cap;
    struct jig_watch_alias *aliases; /* by node number */
    size_t alias_count;
    size_t alias_cap;
    size_t alias_bytes;
    uint64_t armed_at; /* in the log */
    uint64_t cursor;   /* likewise: what is before was looked at */
    bool waits;        /* something differs there: that is for a question */
    uint64_t epoch;
    enum jig_watch_answer answer; /* to the last question */
};

/* Before a node goes (jig_tree_prune). */
void jig_watcher_forget_node(void *ctx, struct jig_node *node);

/* Takes the kernel's events. */
void jig_watcher_drain(struct jig_watcher *w);

void jig_watcher_log(struct jig_watcher *w, struct jig_node *node);

/* Nothing is known any more of the node and what is below. */
void jig_watcher_break(struct jig_watcher *w, struct jig_node *node);

/* Watches what one sighting rests on and adds the items. */
enum jig_code jig_watcher_place(struct jig_watch *watch, const struct jig_sighting *s,
                                struct jig_err *reterr) JIG_CHECKED;

void jig_watcher_maybe_open(struct jig_watcher *w, struct jig_node *node);
void jig_watcher_not_open(struct jig_watcher *w, struct jig_node *node);

/* Asks of up to about `most` files whether they are open; those that are not are logged, to be
 * looked at once more. */
void jig_watcher_settle(struct jig_watcher *w, size_t most);

/* Not under the lock: finds the files closed that nobody has open, a bite at a time. */
void jig_watcher_settle_all(struct jig_watcher *w);

/* Breaks what was mounted or unmounted since the last call. */
void jig_watcher_check_mounts(struct jig_watcher *w);

#endif
