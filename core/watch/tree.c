#include "core/watch/tree.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define FEWEST_BUCKETS 64

static uint32_t hash_name(const struct jig_node *parent, const char *name, size_t n)
{
    uint32_t h = 2166136261u ^ (parent != NULL ? parent->number * 0x9e3779b9u : 0);
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u; /* FNV-1a */
    return h ^ (h >> 15);
}

static size_t node_bytes(size_t name)
{
    return sizeof(struct jig_node) + name + 1;
}

static struct jig_node *new_node(struct jig_tree *t, struct jig_node *parent, const char *name,
                                 size_t n)
{
    struct jig_node *node = jig_xcalloc(1, node_bytes(n));
    memcpy(node->name, name, n);
    node->parent = parent;
    node->watch = -1;
    node->number = ++t->numbers;
    node->hash = hash_name(parent, name, n);
    t->count++;
    t->bytes += node_bytes(n);
    return node;
}

void jig_tree_init(struct jig_tree *t)
{
    *t = (struct jig_tree){.buckets = FEWEST_BUCKETS};
    t->by_name = jig_xcalloc(t->buckets, sizeof *t->by_name);
    t->by_watch = jig_xcalloc(t->buckets, sizeof *t->by_watch);
    t->bytes = 2 * t->buckets * sizeof *t->by_name;
    t->root = new_node(t, NULL, "", 0);
}

struct jig_node *jig_tree_next_below(const struct jig_node *top, struct jig_node *node)
{
    if (node->child != NULL)
        return node->child;
    while (node != top && node->next == NULL)
        node = node->parent;
    return node != top ? node->next : NULL;
}

void jig_tree_release(struct jig_tree *t)
{
    struct jig_node *node = t->root;
    while (node != NULL) { /* leaves first */
        while (node->child != NULL)
            node = node->child;
        struct jig_node *parent = node->parent;
        if (parent != NULL)
            parent->child = node->next;
        free(node);
        node = parent;
    }
    free(t->by_name);
    free(t->by_watch);
    *t = (struct jig_tree){0};
}

static struct jig_node **name_bucket(const struct jig_tree *t, uint32_t hash)
{
    return &t->by_name[hash & (t->buckets - 1)];
}

static struct jig_node **watch_bucket(const struct jig_tree *t, int watch)
{
    return &t->by_watch[(uint32_t)watch & (t->buckets - 1)];
}

static void link_watch(struct jig_tree *t, struct jig_node *node)
{
    struct jig_node **at = watch_bucket(t, node->watch);
    node->id_next = *at;
    *at = node;
}

static void grow(struct jig_tree *t)
{
    struct jig_node **old_names = t->by_name, **old_watches = t->by_watch;
    size_t old = t->buckets;
    t->buckets *= 2;
    t->bytes += 2 * old * sizeof *old_names;
    t->by_name = jig_xcalloc(t->buckets, sizeof *t->by_name);
    t->by_watch = jig_xcalloc(t->buckets, sizeof *t->by_watch);
    for (size_t i = 0; i < old; i++) {
        for (struct jig_node *n = old_names[i], *next; n != NULL; n = next) {
            struct jig_node **at = name_bucket(t, n->hash);
            next = n->hash_next;
            n->hash_next = *at;
            *at = n;
        }
        for (struct jig_node *n = old_watches[i], *next; n != NULL; n = next) {
            next = n->id_next;
            link_watch(t, n);
        }
    }
    free(old_names);
    free(old_watches);
}

struct jig_node *jig_tree_child(const struct jig_tree *t, const struct jig_node *parent,
                                const char *name, size_t n)
{
    uint32_t hash = hash_name(parent, name, n);
    for (struct jig_node *node = *name_bucket(t, hash); node != NULL; node = node->hash_next) {
        if (node->hash == hash && node->parent == parent && strncmp(node->name, name, n) == 0 &&
            node->name[n] == '\0')
            return node;
    }
    return NULL;
}

struct jig_node *jig_tree_make(struct jig_tree *t, struct jig_node *parent, const char *name,
                               size_t n)
{
    struct jig_node *node = jig_tree_child(t, parent, name, n);
    if (node != NULL)
        return node;
    if (t->count >= t->buckets)
        grow(t);
    node = new_node(t, parent, name, n);
    node->next = parent->child;
    if (node->next != NULL)
        node->next->prev = node;
    parent->child = node;
    struct jig_node **at = name_bucket(t, node->hash);
    node->hash_next = *at;
    *at = node;
    return node;
}

static void unlink_from(struct jig_node **at, struct jig_node *node, bool names)
{
    while (*at != node)
        at = names ? &(*at)->hash_next : &(*at)->id_next;
    *at = names ? node->hash_next : node->id_next;
}

void jig_tree_set_watch(struct jig_tree *t, struct jig_node *node, int watch)
{
    if (node->watch >= 0)
        unlink_from(watch_bucket(t, node->watch), node, false);
    node->watch = watch;
    if (watch >= 0)
        link_watch(t, node);
    else
        node->what = 0;
}

static void remove_node(struct jig_tree *t, struct jig_node *node)
{
    if (node->prev != NULL)
        node->prev->next = node->next;
    else
        node->parent->child = node->next;
    if (node->next != NULL)
        node->next->prev = node->prev;
    unlink_from(name_bucket(t, node->hash), node, true);
    t->count--;
    t->bytes -= node_bytes(strlen(node->name));
    free(node);
}

void jig_tree_prune(struct jig_tree *t, struct jig_node *node,
                    void (*gone)(void *ctx, struct jig_node *node), void *ctx)
{
    while (node != t->root && node->refs == 0 && node->child == NULL) {
        struct jig_node *parent = node->parent;
        gone(ctx, node);
        jig_tree_set_watch(t, node, -1);
        remove_node(t, node);
        node = parent;
    }
}

struct jig_node *jig_tree_watched(const struct jig_tree *t, int watch)
{
    struct jig_node *node = watch >= 0 ? *watch_bucket(t, watch) : NULL;
    while (node != NULL && node->watch != watch)
        node = node->id_next;
    return node;
}

struct jig_node *jig_tree_watched_next(const struct jig_node *node)
{
    struct jig_node *next = node->id_next;
    while (next != NULL && next->watch != node->watch)
        next = next->id_next;
    return next;
}

bool jig_tree_node_path(const struct jig_node *node, char *out, size_t size)
{
    char *at = out + size - 1;
    *at = '\0';
    if (node->parent == NULL)
        *--at = '/';
    for (; node->parent != NULL; node = node->parent) {
        size_t n = strlen(node->name);
        if ((size_t)(at - out) < n + 1)
            return false;
        at -= n;
        memcpy(at, node->name, n);
        *--at = '/';
    }
    memmove(out, at, (size_t)(out + size - at));
    return true;
}
