/*
 * What a watch answers, and what is done ahead so that there is little left to do for an answer.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"
#include "core/watch/watcher_impl.h"

#define MOST_MORE      1024 /* files that are opened while a question is answered */
#define SETTLE_MOST_NS (3600 * JIG_NS_PER_S)
#define REST_NS        (10 * JIG_NS_PER_MS) /* in which no queue of the usual length overflows */

static bool holds(const struct jig_watch_item *item, const char *path)
{
    bool is_there = item->kind == JIG_SAW_REAL;
    struct jig_sighting s = {.kind = is_there ? JIG_SAW_TYPE : (enum jig_sighting_kind)item->kind,
                             .path = path,
                             .there = item->there != 0,
                             .stamp = item->stamp};
    return jig_sighting_holds(&s);
}

/* What one question finds. */
struct finding {
    struct jig_watch *watch;
    enum jig_watch_answer answer;
    char *why;
    struct jig_watch_changes *changes;
};

static void found_lost(struct finding *f, const char *path, const char *why)
{
    if (f->answer != JIG_WATCH_LOST) {
        free(f->why);
        f->why = jig_strf("%s%s", path, why);
    }
    f->answer = JIG_WATCH_LOST;
}

/* Every way in which the node was spelled. */
static void add_spellings(struct finding *f, const struct jig_watch_item *item, const char *path)
{
    const struct jig_watch *watch = f->watch;
    size_t low = 0, high = watch->alias_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (watch->aliases[mid].number < item->node->number)
            low = mid + 1;
        else
            high = mid;
    }
    jig_strv_add_unique(&f->changes->files, path);
    for (; low < watch->alias_count && watch->aliases[low].number == item->node->number; low++)
        jig_strv_add_unique(&f->changes->files, watch->aliases[low].path);
}

/* A file that is one still can only have another content; anything else may matter to more than
 * those who read it. */
static bool is_content_alone(const struct jig_watch_item *item, const char *path)
{
    struct jig_stamp now;
    return item->kind == JIG_SAW_STAMP && item->there != 0 && item->on_way == 0 &&
           S_ISREG(item->stamp.mode) && jig_fs_stamp_link(path, &now, NULL) == JIG_OK &&
           now.mode == item->stamp.mode;
}

static void found_changed(struct finding *f, const struct jig_watch_item *item, const char *path,
                          const char *why)
{
    struct jig_watch_changes *changes = f->changes;
    add_spellings(f, item, path);
    changes->whole = changes->whole && is_content_alone(item, path);
    changes->plain = changes->plain && item->checking != 0;
    if (f->answer != JIG_WATCH_HOLDS)
        return;
    f->answer = JIG_WATCH_CHANGED;
    f->why = jig_strf("%s %s", path, why);
}

static bool is_content(const struct jig_watch_item *item)
{
    return item->kind == JIG_SAW_STAMP && item->there != 0;
}

/* Its stamp may be the same all the same. */
static bool is_written(const struct jig_watch *watch, const struct jig_watch_item *item)
{
    return is_content(item) && item->node->written_at > watch->armed_at;
}

static size_t first_item(const struct jig_watch *watch, uint32_t number)
{
    size_t low = 0, high = watch->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (watch->items[mid].node->number < number)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Looks at what is held against one node. `open`: its stamp says nothing. */
static void look(struct finding *f, uint32_t number, bool open)
{
    const struct jig_watch *watch = f->watch;
    for (size_t i = first_item(watch, number);
         i < watch->n && watch->items[i].node->number == number; i++) {
        const struct jig_watch_item *item = &watch->items[i];
        char path[JIG_WATCH_PATH_MAX];
        if (!jig_tree_node_path(item->node, path, sizeof path) || item->node->broken) {
            found_lost(f, path, ", or a folder above it, was moved, removed or mounted");
            continue;
        }
        if (is_content(item) && open)
            found_changed(f, item, path, "is open for writing");
        else if (is_written(watch, item))
            found_changed(f, item, path, "was written");
        else if (!holds(item, path))
            found_changed(f, item, path, item->there ? "changed" : "is new");
    }
}

static void answer(struct finding *f)
{
    struct jig_watch *watch = f->watch;
    struct jig_watcher *w = watch->watcher;
    if (watch->epoch != w->epoch || w->log_end - watch->cursor > JIG_WATCH_LOG) {
        found_lost(f, "", "more happened to files than the system's queue holds");
        return;
    }
    for (; watch->cursor < w->log_end; watch->cursor++)
        look(f, w->log[watch->cursor % JIG_WATCH_LOG], false);
    w->read_to = w->log_end;
    watch->waits = false;
    for (size_t i = 0; i < w->open_count; i++)
        look(f, w->open[i]->number, true);
}

enum jig_watch_answer jig_watch_ask(struct jig_watch *watch, struct jig_watch_changes *changes,
                                    char **ret_why)
{
    struct jig_watcher *w = watch->watcher;
    struct finding f = {.watch = watch, .answer = watch->answer, .changes = changes};
    *changes = (struct jig_watch_changes){.whole = false};
    if (f.answer != JIG_WATCH_HOLDS) {
        *ret_why = jig_xstrdup("it was so before");
        return f.answer;
    }
    changes->whole = changes->plain = true;
    pthread_mutex_lock(&w->mu);
    jig_watcher_drain(w);
    jig_watcher_check_mounts(w);
    w->settle_every_ns = JIG_WATCH_SETTLE_NS;
    w->settle_at_ns = jig_now_ns() + JIG_WATCH_SETTLE_NS;
    if (w->open_count > 0)
        jig_watcher_settle(w, 2 * w->open_count + MOST_MORE);
    answer(&f);
    watch->answer = f.answer;
    w->stats.asks++;
    w->stats.holds += f.answer == JIG_WATCH_HOLDS;
    w->stats.changed += f.answer == JIG_WATCH_CHANGED;
    w->stats.lost += f.answer == JIG_WATCH_LOST;
    pthread_mutex_unlock(&w->mu);
    changes->whole = changes->whole && f.answer == JIG_WATCH_CHANGED;
    changes->plain = changes->plain && changes->whole;
    if (f.why != NULL)
        *ret_why = f.why;
    return f.answer;
}

/* ---- without a question ---- */

/* Whether all that is held against one node is as it was. */
static bool node_holds(const struct jig_watch *watch, uint32_t number)
{
    bool hold = true;
    for (size_t i = first_item(watch, number);
         hold && i < watch->n && watch->items[i].node->number == number; i++) {
        const struct jig_watch_item *item = &watch->items[i];
        char path[JIG_WATCH_PATH_MAX];
        hold = jig_tree_node_path(item->node, path, sizeof path) && !item->node->broken &&
               !is_written(watch, item) && holds(item, path);
    }
    return hold;
}

/* A watch that has not looked at all that happened, and could. */
static struct jig_watch *behind(const struct jig_watcher *w)
{
    struct jig_watch *watch = w->watches;
    while (watch != NULL &&
           (watch->cursor == w->log_end || watch->waits || watch->answer != JIG_WATCH_HOLDS ||
            watch->epoch != w->epoch || w->log_end - watch->cursor > JIG_WATCH_LOG))
        watch = watch->next;
    return watch;
}

/* Looks at some of what happened to files, so that a question finds little left to look at: files
 * that were opened, and not written, by compilers and editors. */
static void catch_up(struct jig_watcher *w)
{
    pthread_mutex_lock(&w->mu);
    jig_watcher_check_mounts(w); /* what is mounted over a file hides it for a while */
    struct jig_watch *watch = behind(w);
    for (size_t k = 0; watch != NULL && k < JIG_WATCH_BITE && watch->cursor < w->log_end; k++) {
        watch->waits = !node_holds(watch, w->log[watch->cursor % JIG_WATCH_LOG]);
        if (watch->waits)
            break;
        watch->cursor++;
    }
    if (watch != NULL && watch->cursor > w->read_to)
        w->read_to = watch->cursor;
    pthread_mutex_unlock(&w->mu);
}

/* ---- the pump ---- */

int jig_watcher_fd(struct jig_watcher *w)
{
    pthread_mutex_lock(&w->mu);
    bool rests = w->rests_until_ns > jig_now_ns();
    pthread_mutex_unlock(&w->mu);
    return rests ? -1 : jig_notify_fd(w->notify);
}

/* Under the lock. A compiler opens a thousand files: that wakes nobody a thousand times. */
static void drain_and_rest(struct jig_watcher *w, int64_t now_ns)
{
    uint64_t before = w->stats.events;
    if (now_ns < w->rests_until_ns)
        return;
    jig_watcher_drain(w);
    if (w->stats.events != before)
        w->rests_until_ns = now_ns + REST_NS;
}

/* Under the lock. Asking whether files are open opens them, which another daemon that watches them
 * hears and asks in turn. So each round waits twice as long as the one before, until somebody has a
 * question. */
static bool is_time_to_settle(struct jig_watcher *w, int64_t now_ns)
{
    if (w->open_count == 0 || now_ns < w->settle_at_ns)
        return false;
    w->settle_every_ns =
        2 * w->settle_every_ns < SETTLE_MOST_NS ? 2 * w->settle_every_ns : SETTLE_MOST_NS;
    w->settle_at_ns = now_ns + w->settle_every_ns;
    return true;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t jig_watcher_pump(struct jig_watcher *w, bool busy)
{
    int64_t now_ns = jig_now_ns();
    pthread_mutex_lock(&w->mu);
    drain_and_rest(w, now_ns);
    bool settles = !busy && is_time_to_settle(w, now_ns);
    pthread_mutex_unlock(&w->mu);
    if (settles)
        jig_watcher_settle_all(w);
    if (!busy)
        catch_up(w);
    pthread_mutex_lock(&w->mu);
    int64_t next = JIG_NO_DEADLINE;
    int64_t soon = busy ? now_ns + JIG_WATCH_SETTLE_NS : now_ns;
    if (behind(w) != NULL) /* one bite a call: a question does not wait for the rest of them */
        next = soon;
    else if (w->rests_until_ns > now_ns)
        next = w->rests_until_ns;
    else if (w->open_count > 0)
        next = later(w->settle_at_ns, soon);
    pthread_mutex_unlock(&w->mu);
    return next;
}
