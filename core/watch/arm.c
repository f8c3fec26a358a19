#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/watch/watcher_impl.h"

#define MOST_LINKS 40 /* of one path; as the kernel's own limit, path_resolution(7) */

/* A path on its way down. */
struct way {
    struct jig_watch *watch;
    struct jig_node *at;   /* a folder without links */
    struct jig_node *made; /* the newest node on the way */
    char rest[2 * JIG_WATCH_PATH_MAX];
    unsigned links;
    const struct jig_sighting *sighting;
};

static enum jig_code cannot(const struct jig_node *node, const char *why, struct jig_err *reterr)
{
    char path[JIG_WATCH_PATH_MAX];
    if (!jig_tree_node_path(node, path, sizeof path))
        path[0] = '\0';
    return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "%s cannot be watched: %s", path, why);
}

/* Watches a folder, or a file by itself, unless that is done. */
static enum jig_code watch_node(struct jig_watcher *w, struct jig_node *node, unsigned what,
                                struct jig_err *reterr)
{
    if (node->watch >= 0 && (node->what & what) == what)
        return JIG_OK;
    char path[JIG_WATCH_PATH_MAX];
    struct jig_err err = JIG_ERR_INIT;
    int id = -1;
    if (!jig_tree_node_path(node, path, sizeof path))
        return cannot(node, "the path is too long", reterr);
    const char *doubt = node->watch < 0 ? jig_notify_doubt(path) : NULL;
    if (doubt != NULL) {
        JIG_CLEANUP_FREE char *why =
            jig_strf("its filesystem (%s) does not tell all that happens", doubt);
        return cannot(node, why, reterr);
    }
    if (jig_notify_add(w->notify, path, what, &id, &err) != JIG_OK)
        return cannot(node, err.message, reterr);
    if (node->watch < 0)
        jig_tree_set_watch(&w->tree, node, id);
    node->what |= (uint8_t)what;
    return JIG_OK;
}

static void add_item(struct way *p, struct jig_node *node, enum jig_sighting_kind kind,
                     const struct jig_stamp *stamp)
{
    struct jig_watch *watch = p->watch;
    watch->items = jig_grow(watch->items, &watch->cap, watch->n, sizeof *watch->items);
    struct jig_watch_item *item = &watch->items[watch->n++];
    *item = (struct jig_watch_item){.node = node,
                                    .kind = (uint8_t)kind,
                                    .there = stamp != NULL,
                                    .checking = p->sighting->checking};
    if (stamp != NULL)
        item->stamp = *stamp;
    node->refs++;
}

/* A change of the node is a change of what the path means, however that is spelled. */
static void add_alias(struct way *p, const struct jig_node *node)
{
    struct jig_watch *watch = p->watch;
    char path[JIG_WATCH_PATH_MAX];
    if (jig_tree_node_path(node, path, sizeof path) && strcmp(path, p->sighting->path) == 0)
        return;
    watch->aliases =
        jig_grow(watch->aliases, &watch->alias_cap, watch->alias_count, sizeof *watch->aliases);
    watch->aliases[watch->alias_count++] =
        (struct jig_watch_alias){node->number, jig_xstrdup(p->sighting->path)};
    watch->alias_bytes += strlen(p->sighting->path) + 1;
}

/* Goes on with what a link says. The link itself is held against, too. */
static enum jig_code follow(struct way *p, struct jig_node *link, const struct jig_stamp *stamp,
                            struct jig_err *reterr)
{
    char path[JIG_WATCH_PATH_MAX];
    JIG_CLEANUP_FREE char *target = NULL;
    if (++p->links > MOST_LINKS || !jig_tree_node_path(link, path, sizeof path))
        return cannot(link, "too many links lead to it", reterr);
    enum jig_code code = jig_fs_link_target(path, &target, reterr);
    if (code != JIG_OK)
        return code;
    add_item(p, link, JIG_SAW_STAMP, stamp);
    p->watch->items[p->watch->n - 1].on_way = true;
    JIG_CLEANUP_FREE char *whole = jig_strf("%s/%s", target, p->rest);
    if (strlen(whole) >= sizeof p->rest)
        return cannot(link, "the path is too long", reterr);
    memcpy(p->rest, whole, strlen(whole) + 1);
    if (target[0] == '/')
        p->at = p->watch->watcher->tree.root;
    return JIG_OK;
}

/* The path has ended at a node that is there. */
static enum jig_code arrive(struct way *p, struct jig_node *node, const struct jig_sighting *s,
                            const struct jig_stamp *now, uint64_t names, struct jig_err *reterr)
{
    struct jig_watcher *w = p->watch->watcher;
    add_item(p, node, s->kind, s->kind == JIG_SAW_REAL ? now : &s->stamp);
    if (s->kind != JIG_SAW_STAMP)
        return JIG_OK;
    add_alias(p, node);
    if (S_ISDIR(now->mode))
        return watch_node(w, node, JIG_NOTIFY_NAMES, reterr);
    enum jig_code code = watch_node(w, node->parent, JIG_NOTIFY_CONTENTS, reterr);
    if (code == JIG_OK && names > 1)
        code = watch_node(w, node, JIG_NOTIFY_CONTENTS, reterr);
    if (!node->settled && S_ISREG(now->mode))
        jig_watcher_maybe_open(w, node);
    return code;
}

/* One word of the path. *ret_ended: it led to the node that the path means. */
static enum jig_code step(struct way *p, const struct jig_sighting *s, const char *word, size_t n,
                          bool last, bool *ret_ended, struct jig_err *reterr)
{
    struct jig_watcher *w = p->watch->watcher;
    enum jig_code code = watch_node(w, p->at, JIG_NOTIFY_NAMES, reterr);
    if (code != JIG_OK)
        return code;
    if (w->tree.count >= JIG_WATCHER_MOST_NODES)
        return cannot(p->at, "too many names are watched", reterr);
    struct jig_node *node = jig_tree_make(&w->tree, p->at, word, n);
    node->broken = false;
    p->made = node;
    if (node->watch >= 0 && (node->what & JIG_NOTIFY_NAMES) != 0 && !last) {
        p->at = node; /* a folder, as an earlier path found */
        return JIG_OK;
    }
    char path[JIG_WATCH_PATH_MAX];
    struct jig_stamp now;
    uint64_t names = 0;
    if (!jig_tree_node_path(node, path, sizeof path))
        return cannot(p->at, "the path is too long", reterr);
    *ret_ended = true;
    if (jig_fs_stamp_names(path, &now, &names) != JIG_OK ||
        (!last && !S_ISDIR(now.mode) && !S_ISLNK(now.mode))) {
        add_item(p, node, JIG_SAW_TYPE, names > 0 ? &now : NULL);
        return s->there ? jig_err_set(reterr, JIG_ABORTED, "%s is gone", s->path) : JIG_OK;
    }
    if (S_ISLNK(now.mode) && (!last || s->follow)) {
        if (p->links == MOST_LINKS && !s->there) /* a ring of links, and all of them are held */
            return JIG_OK;
        *ret_ended = false;
        return follow(p, node, &now, reterr);
    }
    if (last)
        return s->there ? arrive(p, node, s, &now, names, reterr)
                        : jig_err_set(reterr, JIG_ABORTED, "%s is new", s->path);
    *ret_ended = false;
    p->at = node;
    return JIG_OK;
}

static enum jig_code walk(struct way *p, const struct jig_sighting *s, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    bool ended = false;
    while (code == JIG_OK && !ended) {
        char word[JIG_WATCH_PATH_MAX];
        size_t skip = strspn(p->rest, "/");
        size_t n = strcspn(p->rest + skip, "/");
        size_t after = skip + n + strspn(p->rest + skip + n, "/");
        if (n >= sizeof word)
            return cannot(p->at, "a name is too long", reterr);
        memcpy(word, p->rest + skip, n);
        word[n] = '\0';
        memmove(p->rest, p->rest + after, strlen(p->rest + after) + 1);
        if (n == 0 || strcmp(word, ".") == 0 || strcmp(word, "..") == 0) {
            if (n == 2 && p->at->parent != NULL)
                p->at = p->at->parent;
            if (p->rest[0] != '\0')
                continue;
            ended = true; /* at a folder that is known to be there */
            code = watch_node(p->watch->watcher, p->at, JIG_NOTIFY_NAMES, reterr);
            add_item(p, p->at, s->kind == JIG_SAW_STAMP ? s->kind : JIG_SAW_REAL, &s->stamp);
            continue;
        }
        code = step(p, s, word, n, p->rest[0] == '\0', &ended, reterr);
    }
    return code;
}

enum jig_code jig_watcher_place(struct jig_watch *watch, const struct jig_sighting *s,
                                struct jig_err *reterr)
{
    struct jig_watcher *w = watch->watcher;
    struct way p = {.watch = watch, .at = w->tree.root, .sighting = s};
    size_t n = strlen(s->path);
    if (n >= JIG_WATCH_PATH_MAX)
        return cannot(p.at, "a path below is too long", reterr);
    memcpy(p.rest, s->path, n + 1);
    enum jig_code code = walk(&p, s, reterr);
    if (code != JIG_OK) /* nobody needs the way any more */
        jig_tree_prune(&w->tree, p.made != NULL ? p.made : p.at, jig_watcher_forget_node, w);
    return code;
}
