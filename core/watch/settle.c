#include "core/base/mem.h"
#include "core/watch/watcher_impl.h"

#define A_BATCH 64 /* leases held at once, for some microseconds */

void jig_watcher_maybe_open(struct jig_watcher *w, struct jig_node *node)
{
    if (node->open_at != 0 || node->foreign)
        return;
    w->open = jig_grow(w->open, &w->open_cap, w->open_count, sizeof(struct jig_node *));
    w->open[w->open_count++] = node;
    node->open_at = (uint32_t)w->open_count;
}

void jig_watcher_not_open(struct jig_watcher *w, struct jig_node *node)
{
    if (node->open_at == 0)
        return;
    struct jig_node *last = w->open[--w->open_count];
    w->open[node->open_at - 1] = last;
    last->open_at = node->open_at;
    node->open_at = 0;
}

static void close_one(struct jig_watcher *w, struct jig_node *node)
{
    jig_watcher_not_open(w, node);
    node->settled = true;
    node->round = 0; /* opened again, it is asked again */
    jig_watcher_log(w, node);
}

/* Nobody can write it now: what anybody did before shows in its stamp, what comes gives an event.
 * Our own open was told under each name by which the file itself is watched: one lease is for all.
 */
static void found_closed(struct jig_watcher *w, struct jig_node *node)
{
    close_one(w, node);
    struct jig_node *same = jig_tree_watched(&w->tree, node->watch);
    for (; same != NULL; same = jig_tree_watched_next(same))
        close_one(w, same);
}

/* Takes leases on what was not asked yet in this round. Events that come while they are held are of
 * opens that cannot write, our own among them. Returns how many were asked. */
static size_t settle_batch(struct jig_watcher *w)
{
    struct jig_node *quiet[A_BATCH];
    struct jig_quiet leases[A_BATCH];
    struct jig_node *foreign[A_BATCH];
    size_t held = 0, strangers = 0, asked = 0;
    char path[JIG_WATCH_PATH_MAX];
    for (size_t i = w->open_count; i > 0 && asked < A_BATCH; i--) {
        struct jig_node *node = w->open[i - 1];
        if (node->round == w->round || !jig_tree_node_path(node, path, sizeof path))
            continue;
        node->round = w->round;
        asked++;
        enum jig_quiet_answer answer = jig_quiet_begin(&leases[held], path);
        if (answer == JIG_QUIET)
            quiet[held++] = node;
        else if (answer == JIG_QUIET_CANNOT_ASK) /* another user's: nobody of ours has it open */
            foreign[strangers++] = node;
    }
    jig_watcher_drain(w);
    for (size_t i = 0; i < held; i++)
        found_closed(w, quiet[i]);
    for (size_t i = 0; i < strangers; i++) {
        found_closed(w, foreign[i]);
        foreign[i]->foreign = true;
    }
    for (size_t i = 0; i < held; i++)
        jig_quiet_end(&leases[i]);
    return asked;
}

/* Others open files meanwhile (another daemon asks as we do), so there is a limit. */
void jig_watcher_settle(struct jig_watcher *w, size_t most)
{
    w->round++;
    for (size_t asked = 0; w->open_count > 0 && asked < most;) {
        size_t n = settle_batch(w);
        if (n == 0)
            return; /* those that are left are being written */
        asked += n;
    }
}

void jig_watcher_settle_all(struct jig_watcher *w)
{
    for (size_t left = SIZE_MAX, now = 0; now < left;) {
        pthread_mutex_lock(&w->mu);
        left = w->open_count;
        jig_watcher_drain(w);
        jig_watcher_settle(w, JIG_WATCH_BITE);
        now = w->open_count;
        pthread_mutex_unlock(&w->mu);
    }
}
