#include "core/watch/watcher_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"

#define A_BITE          256  /* sightings that are placed before others may have the lock */
#define MOST_MORE       1024 /* files that are opened while a question is answered */
#define FIRST_SETTLE_NS (20 * JIG_NS_PER_MS)
#define SETTLE_MOST_NS  (3600 * JIG_NS_PER_S)
#define REST_NS         (10 * JIG_NS_PER_MS) /* in which no queue of the usual length overflows */
#define MOST_SAME       64 /* paths of one inode */

enum jig_code jig_watcher_new(struct jig_watcher **ret, struct jig_err *reterr)
{
    struct jig_watcher *w = jig_new(struct jig_watcher);
    enum jig_code code = jig_notify_new(&w->notify, reterr);
    if (code != JIG_OK) {
        free(w);
        return code;
    }
    pthread_mutex_init(&w->mu, NULL);
    jig_tree_init(&w->tree);
    w->settle_every_ns = FIRST_SETTLE_NS;
    w->log = jig_xcalloc(JIG_WATCH_LOG, sizeof *w->log);
    jig_watcher_check_mounts(w);
    *ret = w;
    return JIG_OK;
}

void jig_watcher_free(struct jig_watcher *w)
{
    if (w == NULL)
        return;
    jig_notify_free(w->notify);
    jig_tree_release(&w->tree);
    jig_strv_release(&w->mounts);
    free(w->log);
    free(w->open);
    pthread_mutex_destroy(&w->mu);
    free(w);
}

int jig_watcher_fd(struct jig_watcher *w)
{
    pthread_mutex_lock(&w->mu);
    bool rests = w->rests_until_ns > jig_now_ns();
    pthread_mutex_unlock(&w->mu);
    return rests ? -1 : jig_notify_fd(w->notify);
}

/* ---- events ---- */

/* Once is enough while nobody has read the log past that place. */
void jig_watcher_log(struct jig_watcher *w, struct jig_node *node)
{
    if (node->logged_at > w->read_to)
        return;
    w->log[w->log_end++ % JIG_WATCH_LOG] = node->number;
    node->logged_at = w->log_end;
}

/* The kernel's watch goes when the last node that has it does. */
static void stop_watching(struct jig_watcher *w, struct jig_node *node)
{
    int id = node->watch;
    jig_tree_set_watch(&w->tree, node, -1);
    if (id >= 0 && jig_tree_watched(&w->tree, id) == NULL)
        jig_notify_remove(w->notify, id);
}

void jig_watcher_break(struct jig_watcher *w, struct jig_node *top)
{
    for (struct jig_node *node = top; node != NULL; node = jig_tree_next_below(top, node)) {
        stop_watching(w, node);
        node->broken = true;
        node->settled = false;
        node->foreign = false;
        jig_watcher_log(w, node);
    }
}

/* Its stamp may be the same, and its content not. */
static void written(struct jig_watcher *w, struct jig_node *node)
{
    jig_watcher_log(w, node);
    node->written_at = w->log_end;
}

static void entry_event(struct jig_watcher *w, struct jig_node *folder,
                        const struct jig_notify_event *e)
{
    struct jig_node *node = jig_tree_child(&w->tree, folder, e->name, strlen(e->name));
    bool comes_or_goes = e->kind == JIG_NOTIFY_APPEARED || e->kind == JIG_NOTIFY_GONE;
    if (comes_or_goes)
        written(w, folder);
    if (node == NULL)
        return;
    if (e->kind == JIG_NOTIFY_OPENED) {
        jig_watcher_maybe_open(w, node);
        return;
    }
    if (comes_or_goes || e->is_dir)
        jig_watcher_break(w, node);
    else
        written(w, node);
    if (comes_or_goes && node->child == NULL) /* what is there is looked at: it is not lost */
        node->broken = false;
    if (e->kind == JIG_NOTIFY_APPEARED && !e->is_dir)
        jig_watcher_maybe_open(w, node); /* under its former name */
}

static void node_event(struct jig_watcher *w, struct jig_node *node,
                       const struct jig_notify_event *e)
{
    if (e->kind == JIG_NOTIFY_ENDED)
        jig_watcher_break(w, node);
    else if (e->kind == JIG_NOTIFY_OPENED && e->is_dir)
        return; /* nobody writes a folder through a descriptor */
    else if (e->name[0] != '\0')
        entry_event(w, node, e);
    else if (e->kind == JIG_NOTIFY_OPENED)
        jig_watcher_maybe_open(w, node);
    else
        written(w, node);
}

static void on_event(void *ctx, const struct jig_notify_event *e)
{
    struct jig_watcher *w = ctx;
    struct jig_node *same[MOST_SAME];
    size_t n = 0;
    w->stats.events++;
    if (e->kind == JIG_NOTIFY_LOST) {
        w->stats.overflows++;
        w->epoch++;
        return;
    }
    struct jig_node *node = jig_tree_watched(&w->tree, e->id);
    for (; node != NULL && n < MOST_SAME; node = jig_tree_watched_next(node))
        same[n++] = node;
    if (node != NULL)
        w->epoch++; /* more paths than anybody has */
    for (size_t i = 0; i < n; i++)
        node_event(w, same[i], e);
}

void jig_watcher_drain(struct jig_watcher *w)
{
    jig_notify_drain(w->notify, on_event, w);
}

/* ---- arming ---- */

static int by_number(const void *va, const void *vb)
{
    const struct jig_watch_item *a = va;
    const struct jig_watch_item *b = vb;
    if (a->node->number != b->node->number)
        return a->node->number < b->node->number ? -1 : 1;
    return (int)a->kind - (int)b->kind; /* stamps first: they say all that the others do */
}

static int by_alias_number(const void *va, const void *vb)
{
    const struct jig_watch_alias *a = va;
    const struct jig_watch_alias *b = vb;
    return a->number != b->number ? (a->number < b->number ? -1 : 1) : strcmp(a->path, b->path);
}

static size_t bytes_of(const struct jig_watch *watch)
{
    return watch->cap * sizeof *watch->items + watch->alias_cap * sizeof *watch->aliases +
           watch->alias_bytes;
}

/* Sorts the items, and keeps of those of one node what says most. */
static void tidy(struct jig_watch *watch)
{
    size_t kept = 0;
    if (watch->n > 1)
        qsort(watch->items, watch->n, sizeof *watch->items, by_number);
    for (size_t i = 0; i < watch->n; i++) {
        const struct jig_watch_item *item = &watch->items[i];
        const struct jig_watch_item *last = kept > 0 ? &watch->items[kept - 1] : NULL;
        if (last == NULL || last->node != item->node || last->there != item->there) {
            watch->items[kept++] = *item;
            continue;
        }
        item->node->refs--;
        if (item->kind == JIG_SAW_STAMP) {
            watch->items[kept - 1].checking &= item->checking;
            watch->items[kept - 1].on_way |= item->on_way;
        }
    }
    watch->n = kept;
    if (watch->alias_count > 1)
        qsort(watch->aliases, watch->alias_count, sizeof *watch->aliases, by_alias_number);
    if (kept > 0)
        watch->items = jig_xrealloc(watch->items, kept, sizeof *watch->items);
    watch->cap = kept;
    watch->watcher->item_bytes += bytes_of(watch);
}

static enum jig_code place_all(struct jig_watch *watch, const struct jig_sightings *seen,
                               struct jig_err *reterr)
{
    struct jig_watcher *w = watch->watcher;
    enum jig_code code = JIG_OK;
    size_t n = jig_sightings_count(seen);
    for (size_t i = 0; code == JIG_OK && i < n;) {
        pthread_mutex_lock(&w->mu);
        for (size_t k = 0; code == JIG_OK && i < n && k < A_BITE; k++, i++)
            code = jig_watcher_place(watch, jig_sightings_at(seen, i), reterr);
        pthread_mutex_unlock(&w->mu);
    }
    return code;
}

/* Finds the files closed that nobody has open, a bite at a time. */
static void settle_all(struct jig_watcher *w)
{
    for (size_t left = SIZE_MAX, now = 0; now < left;) {
        pthread_mutex_lock(&w->mu);
        left = w->open_count;
        jig_watcher_drain(w);
        jig_watcher_settle(w, A_BITE);
        now = w->open_count;
        pthread_mutex_unlock(&w->mu);
    }
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
        settle_all(w);
    pthread_mutex_lock(&w->mu);
    int64_t next = JIG_NO_DEADLINE;
    if (w->rests_until_ns > now_ns)
        next = w->rests_until_ns;
    else if (w->open_count > 0)
        next = later(w->settle_at_ns, busy ? now_ns + FIRST_SETTLE_NS : 0);
    pthread_mutex_unlock(&w->mu);
    return next;
}

/* Under the lock, before everything is looked at: from here on the watch listens. What was written
 * since it was armed may have its stamp still. */
static enum jig_code begin_to_listen(struct jig_watch *watch, struct jig_err *reterr)
{
    struct jig_watcher *w = watch->watcher;
    jig_watcher_drain(w);
    if (watch->epoch != w->epoch)
        return jig_err_set(reterr, JIG_ABORTED, "events were lost while files were being watched");
    for (size_t i = 0; i < watch->n; i++) {
        const struct jig_watch_item *item = &watch->items[i];
        char path[JIG_WATCH_PATH_MAX] = "";
        if (item->kind != JIG_SAW_STAMP || item->node->written_at <= watch->armed_at)
            continue;
        jig_tree_node_path(item->node, path, sizeof path);
        return jig_err_set(reterr, JIG_ABORTED, "%s was written while it was being watched", path);
    }
    watch->armed_at = w->log_end;
    watch->cursor = w->log_end;
    w->read_to = w->log_end;
    return JIG_OK;
}

static void begin_to_arm(struct jig_watch *watch)
{
    struct jig_watcher *w = watch->watcher;
    pthread_mutex_lock(&w->mu);
    jig_watcher_drain(w);
    jig_watcher_check_mounts(w);
    watch->armed_at = w->log_end;
    watch->epoch = w->epoch;
    w->read_to = w->log_end;
    w->stats.watches++;
    pthread_mutex_unlock(&w->mu);
}

enum jig_code jig_watcher_arm(struct jig_watcher *w, const struct jig_sightings *seen,
                              struct jig_watch **ret, struct jig_err *reterr)
{
    struct jig_watch *watch = jig_new(struct jig_watch);
    watch->watcher = w;
    begin_to_arm(watch);
    enum jig_code code = place_all(watch, seen, reterr);
    if (code == JIG_OK)
        settle_all(w);
    pthread_mutex_lock(&w->mu);
    tidy(watch);
    if (code == JIG_OK)
        code = begin_to_listen(watch, reterr);
    pthread_mutex_unlock(&w->mu);
    JIG_CLEANUP_FREE char *differs = code == JIG_OK ? jig_sightings_differ(seen) : NULL;
    if (differs != NULL)
        code = jig_err_set(reterr, JIG_ABORTED, "%s is not as it was seen", differs);
    if (code == JIG_OK)
        *ret = watch;
    else
        jig_watch_free(watch);
    return code;
}

void jig_watcher_forget_node(void *ctx, struct jig_node *node)
{
    struct jig_watcher *w = ctx;
    jig_watcher_not_open(w, node);
    stop_watching(w, node);
}

/* Items of one node lie side by side: the last of them lets it go. */
static void let_go(struct jig_watch *watch, size_t i)
{
    struct jig_watcher *w = watch->watcher;
    struct jig_node *node = watch->items[i].node;
    node->refs--;
    if (i + 1 == watch->n || watch->items[i + 1].node != node)
        jig_tree_prune(&w->tree, node, jig_watcher_forget_node, w);
}

void jig_watch_free(struct jig_watch *watch)
{
    if (watch == NULL)
        return;
    struct jig_watcher *w = watch->watcher;
    for (size_t i = 0; i < watch->n;) {
        pthread_mutex_lock(&w->mu);
        for (size_t k = 0; i < watch->n && k < A_BITE; k++, i++)
            let_go(watch, i);
        pthread_mutex_unlock(&w->mu);
    }
    pthread_mutex_lock(&w->mu);
    w->item_bytes -= bytes_of(watch);
    w->stats.watches--;
    pthread_mutex_unlock(&w->mu);
    for (size_t i = 0; i < watch->alias_count; i++)
        free(watch->aliases[i].path);
    free(watch->aliases);
    free(watch->items);
    free(watch);
}

/* ---- answers ---- */

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
        bool content = item->kind == JIG_SAW_STAMP && item->there != 0;
        if (content && open)
            found_changed(f, item, path, "is open for writing");
        else if (content && item->node->written_at > watch->armed_at)
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
    w->settle_every_ns = FIRST_SETTLE_NS;
    w->settle_at_ns = jig_now_ns() + FIRST_SETTLE_NS;
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

void jig_watch_changes_release(struct jig_watch_changes *c)
{
    jig_strv_release(&c->files);
    *c = (struct jig_watch_changes){.whole = false};
}

struct jig_watcher_stats jig_watcher_stats(struct jig_watcher *w)
{
    pthread_mutex_lock(&w->mu);
    jig_watcher_drain(w); /* the pump may be resting */
    struct jig_watcher_stats s = w->stats;
    s.names = w->tree.count;
    s.maybe_open = w->open_count;
    s.bytes = w->tree.bytes + w->item_bytes + JIG_WATCH_LOG * sizeof *w->log +
              w->open_cap * sizeof(void *);
    for (size_t i = 0; i < w->tree.buckets; i++) {
        for (const struct jig_node *n = w->tree.by_watch[i]; n != NULL; n = n->id_next)
            s.folders++;
    }
    pthread_mutex_unlock(&w->mu);
    return s;
}
