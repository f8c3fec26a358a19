#include "core/base/mem.h"
#include "core/watch/watcher_impl.h"

#define A_BATCH 64 /* leases held at once, for some microseconds */

void jig_watcher_maybe_open(struct jig_watcher *w, struct jig_node *node)
{
    if (node->open_at != 0)
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

/* Nobody can write it now: what anybody did before shows in its stamp, what comes gives an event.
 */
static void found_closed(struct jig_watcher *w, struct jig_node *node)
{
    jig_watcher_not_open(w, node);
    node->settled = true;
    jig_watcher_log(w, node);
}

/* Events that come while the leases are held are of opens that cannot write, our own among them. */
static size_t settle_batch(struct jig_watcher *w, size_t from, size_t n)
{
    struct jig_node *nodes[A_BATCH];
    struct jig_quiet leases[A_BATCH];
    struct jig_node *foreign[A_BATCH];
    size_t held = 0, closed = 0;
    char path[JIG_WATCH_PATH_MAX];
    for (size_t i = from; i < from + n; i++) {
        struct jig_node *node = w->open[i];
        if (!jig_tree_path(node, path, sizeof path))
            continue;
        enum jig_quiet_answer answer = jig_quiet_begin(&leases[held], path);
        if (answer == JIG_QUIET)
            nodes[held++] = node;
        else if (answer == JIG_QUIET_CANNOT_ASK) /* another user's: nobody of ours has it open */
            foreign[closed++] = node;
    }
    jig_watcher_drain(w);
    for (size_t i = 0; i < held; i++)
        found_closed(w, nodes[i]);
    for (size_t i = 0; i < closed; i++)
        found_closed(w, foreign[i]);
    for (size_t i = 0; i < held; i++)
        jig_quiet_end(&leases[i]);
    return held + closed;
}

/* From the end, so that what is taken out does not move what is still to be asked. */
bool jig_watcher_settle(struct jig_watcher *w, size_t most)
{
    size_t closed = 0;
    for (size_t end = w->open_count; end > 0 && most > 0;) {
        size_t n = end < A_BATCH ? end : A_BATCH;
        if (n > most)
            n = most;
        end -= n;
        most -= n;
        closed += settle_batch(w, end, n);
    }
    return closed > 0;
}
