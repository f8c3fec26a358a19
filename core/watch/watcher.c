#include "core/watch/watcher_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"

#define MOST_SAME 64 /* paths of one inode */

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
    w->settle_every_ns = JIG_WATCH_SETTLE_NS;
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
        for (size_t k = 0; code == JIG_OK && i < n && k < JIG_WATCH_BITE; k++, i++)
            code = jig_watcher_place(watch, jig_sightings_at(seen, i), reterr);
        pthread_mutex_unlock(&w->mu);
    }
    return code;
}

/* Under the lock. */
static void join(struct jig_watch *watch)
{
    struct jig_watcher *w = watch->watcher;
    watch->next = w->watches;
    if (w->watches != NULL)
        w->watches->before = watch;
    w->watches = watch;
}

static void leave(const struct jig_watch *watch)
{
    struct jig_watcher *w = watch->watcher;
    if (watch->next != NULL)
        watch->next->before = watch->before;
    if (watch->before != NULL)
        watch->before->next = watch->next;
    else if (w->watches == watch)
        w->watches = watch->next;
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
    join(watch);
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
        jig_watcher_settle_all(w);
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
    pthread_mutex_lock(&w->mu);
    leave(watch);
    pthread_mutex_unlock(&w->mu);
    for (size_t i = 0; i < watch->n;) {
        pthread_mutex_lock(&w->mu);
        for (size_t k = 0; i < watch->n && k < JIG_WATCH_BITE; k++, i++)
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
