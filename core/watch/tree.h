/*
 * tree.h - the names of what is watched, as a tree. Private to core/watch.
 *
 * A node is one name in one real folder: links are resolved before. Nodes live while something
 * below them or a set's item (refs) needs them.
 *
 * Threads: under the watcher's lock.
 */
#ifndef JIG_WATCH_TREE_H
#define JIG_WATCH_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jig_node {
    struct jig_node *parent; /* NULL: the root */
    struct jig_node *child;  /* the newest */
    struct jig_node *next;   /* sibling */
    struct jig_node *prev;
    struct jig_node *hash_next; /* by parent and name */
    struct jig_node *id_next;   /* by watch */
    uint64_t logged_at;         /* the end of the watcher's log after its newest entry for this */
    uint64_t written_at;        /* the end of the log when an event said that its content changed */
    uint32_t hash;
    uint32_t number; /* never used twice in one tree */
    uint32_t refs;
    uint32_t round;   /* of questions whether it is open, that it was asked in last */
    uint32_t open_at; /* place among those that may be open for writing, plus 1; 0: it is not */
    int watch;        /* -1: none of its own */
    uint8_t what;     /* of enum jig_notify_what, when it is watched */
    bool broken;      /* it or a folder above was replaced: nothing is known any more */
    bool settled;     /* it was seen closed once */
    bool foreign;     /* another user's, who is not asked */
    char name[];
};

struct jig_tree {
    struct jig_node *root;
    struct jig_node **by_name;
    struct jig_node **by_watch;
    size_t buckets; /* of each; a power of two */
    size_t count;
    size_t bytes; /* of nodes, names and buckets */
    uint32_t numbers;
};

void jig_tree_init(struct jig_tree *t);
void jig_tree_release(struct jig_tree *t);

struct jig_node *jig_tree_child(const struct jig_tree *t, const struct jig_node *parent,
                                const char *name, size_t n);
struct jig_node *jig_tree_make(struct jig_tree *t, struct jig_node *parent, const char *name,
                               size_t n);

/* Frees the node, and those above it that nobody needs any more; `gone` is told of each before. */
void jig_tree_prune(struct jig_tree *t, struct jig_node *node,
                    void (*gone)(void *ctx, struct jig_node *node), void *ctx);

void jig_tree_set_watch(struct jig_tree *t, struct jig_node *node, int watch); /* -1: none */

/* The first node with this watch, and the next one after `node`: two paths may lead to one inode.
 */
struct jig_node *jig_tree_watched(const struct jig_tree *t, int watch);
struct jig_node *jig_tree_watched_next(const struct jig_node *node);

/* Writes the node's path; false when it does not fit. */
bool jig_tree_node_path(const struct jig_node *node, char *out, size_t size);

/* The next node below `top` after `node`, depth first; NULL at the end. */
struct jig_node *jig_tree_next_below(const struct jig_node *top, struct jig_node *node);

#endif
