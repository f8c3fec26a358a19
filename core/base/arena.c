#include "core/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE    4096 /* of the first; each has twice the room of the one before, up to */
#define LARGEST_BLOCK (256 << 10)
#define ALIGNMENT     16

struct jig_arena_block {
    struct jig_arena_block *next;
    size_t used;
    size_t size;
    alignas(ALIGNMENT) unsigned char bytes[];
};

void jig_arena_init(struct jig_arena *a, size_t max_bytes)
{
    *a = (struct jig_arena){.max = max_bytes};
}

void jig_arena_release(struct jig_arena *a)
{
    while (a->blocks != NULL) {
        struct jig_arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->spent = 0;
}

static struct jig_arena_block *add_block(struct jig_arena *a, size_t size)
{
    size_t room = a->blocks == NULL ? BLOCK_SIZE : 2 * a->blocks->size;
    if (room > LARGEST_BLOCK)
        room = LARGEST_BLOCK;
    if (room < size)
        room = size;
    struct jig_arena_block *b = calloc(1, sizeof *b + room);
    if (b == NULL)
        return NULL;
    b->size = room;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *jig_arena_alloc(struct jig_arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    size_t need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (need > a->max - a->spent)
        return NULL;
    struct jig_arena_block *b = a->blocks;
    if (b == NULL || b->size - b->used < need) {
        b = add_block(a, need);
        if (b == NULL)
            return NULL;
    }
    void *p = b->bytes + b->used;
    b->used += need;
    a->spent += need;
    return p;
}

char *jig_arena_strdup(struct jig_arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = jig_arena_alloc(a, n);
    return p != NULL ? memcpy(p, s, n) : NULL;
}
