#include "core/base/map.h"

#include <string.h>

#include "core/base/mem.h"

#define TOMBSTONE UINT32_MAX

/* FNV-1a, 64 bits: keys are short, and the tables are small. */
static uint64_t hash_of(const char *key)
{
    uint64_t h = 14695981039346656037u;
    for (const unsigned char *p = (const unsigned char *)key; *p != '\0'; p++)
        h = (h ^ *p) * 1099511628211u;
    return h;
}

void jig_map_init(struct jig_map *m, void (*free_value)(void *value))
{
    *m = (struct jig_map){.free_value = free_value};
}

void jig_map_release(struct jig_map *m)
{
    for (size_t i = 0; i < m->used; i++) {
        if (m->entries[i].key == NULL)
            continue;
        free(m->entries[i].key);
        if (m->free_value != NULL)
            m->free_value(m->entries[i].value);
    }
    free(m->entries);
    free(m->slots);
    jig_map_init(m, m->free_value);
}

/* The slot that holds key, or SIZE_MAX. */
static size_t find(const struct jig_map *m, const char *key, uint64_t hash)
{
    if (m->slot_count == 0)
        return SIZE_MAX;
    size_t mask = m->slot_count - 1;
    for (size_t at = hash & mask; m->slots[at] != 0; at = (at + 1) & mask) {
        if (m->slots[at] == TOMBSTONE)
            continue;
        const struct jig_map_entry *e = &m->entries[m->slots[at] - 1];
        if (e->hash == hash && strcmp(e->key, key) == 0)
            return at;
    }
    return SIZE_MAX;
}

static void place(struct jig_map *m, size_t index)
{
    size_t mask = m->slot_count - 1;
    size_t at = m->entries[index].hash & mask;
    while (m->slots[at] != 0 && m->slots[at] != TOMBSTONE)
        at = (at + 1) & mask;
    m->slots[at] = (uint32_t)(index + 1);
}

/* Closes the holes and gives the table at least twice as many slots as live entries. */
static void rehash(struct jig_map *m)
{
    size_t live = 0;
    for (size_t i = 0; i < m->used; i++) {
        if (m->entries[i].key != NULL)
            m->entries[live++] = m->entries[i];
    }
    m->used = live;
    size_t want = 16;
    while (want < (live + 1) * 2)
        want *= 2;
    free(m->slots);
    m->slots = jig_xcalloc(want, sizeof *m->slots);
    m->slot_count = want;
    for (size_t i = 0; i < live; i++)
        place(m, i);
}

void jig_map_set(struct jig_map *m, const char *key, void *value)
{
    uint64_t hash = hash_of(key);
    size_t at = find(m, key, hash);
    if (at != SIZE_MAX) {
        struct jig_map_entry *e = &m->entries[m->slots[at] - 1];
        if (m->free_value != NULL && e->value != value)
            m->free_value(e->value);
        e->value = value;
        return;
    }
    if ((m->used + 1) * 4 > m->slot_count * 3)
        rehash(m);
    m->entries = jig_grow(m->entries, &m->entry_cap, m->used, sizeof *m->entries);
    m->entries[m->used] = (struct jig_map_entry){jig_xstrdup(key), value, hash};
    place(m, m->used);
    m->used++;
    m->count++;
}

void *jig_map_get(const struct jig_map *m, const char *key)
{
    size_t at = find(m, key, hash_of(key));
    return at != SIZE_MAX ? m->entries[m->slots[at] - 1].value : NULL;
}

bool jig_map_has(const struct jig_map *m, const char *key)
{
    return find(m, key, hash_of(key)) != SIZE_MAX;
}

bool jig_map_remove(struct jig_map *m, const char *key)
{
    size_t at = find(m, key, hash_of(key));
    if (at == SIZE_MAX)
        return false;
    struct jig_map_entry *e = &m->entries[m->slots[at] - 1];
    free(e->key);
    if (m->free_value != NULL)
        m->free_value(e->value);
    *e = (struct jig_map_entry){0};
    m->slots[at] = TOMBSTONE;
    m->count--;
    return true;
}
