/*
 * map.h - strings to pointers, remembering the order of insertion.
 *
 * Open addressing over an entry array; an entry's place in the array is the order it was first set
 * in, which is also the order of iteration. A removed entry leaves a hole (key NULL) that iteration
 * skips and that a rehash closes.
 *
 *   for (size_t i = 0; i < map.used; i++) { if (map.entries[i].key != NULL) ... }
 *
 * The map owns its keys. Values are owned by the caller unless `free_value` was given.
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_BASE_MAP_H
#define JIG_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jig_map_entry {
    char *key; /* NULL: removed */
    void *value;
    uint64_t hash;
};

struct jig_map {
    struct jig_map_entry *entries;
    uint32_t *slots; /* index into entries plus 1; 0 is free, UINT32_MAX a tombstone */
    size_t used;     /* entries in use, holes included */
    size_t count;    /* live entries */
    size_t entry_cap;
    size_t slot_count; /* a power of two, or 0 */
    void (*free_value)(void *value);
};

void jig_map_init(struct jig_map *m, void (*free_value)(void *value));
void jig_map_release(struct jig_map *m);

/* Sets key to value; an old value is freed with free_value. An existing key keeps its place. */
void jig_map_set(struct jig_map *m, const char *key, void *value);
void *jig_map_get(const struct jig_map *m, const char *key); /* NULL when absent */
bool jig_map_has(const struct jig_map *m, const char *key);
bool jig_map_remove(struct jig_map *m, const char *key); /* false when absent */

#endif
