/*
 * arena.h - memory that is freed all at once, with a ceiling in bytes.
 *
 * For what a message or a file is decoded into: jig_arena_alloc gives NULL once the ceiling is
 * reached, and never before, so a hostile input costs at most the ceiling. Blocks are zeroed and
 * aligned to 16 bytes.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_BASE_ARENA_H
#define JIG_BASE_ARENA_H

#include <stddef.h>

struct jig_arena_block;

struct jig_arena {
    struct jig_arena_block *blocks;
    size_t spent; /* bytes handed out and lost to alignment */
    size_t max;
};

void jig_arena_init(struct jig_arena *a, size_t max_bytes);
void jig_arena_release(struct jig_arena *a);
void *jig_arena_alloc(struct jig_arena *a, size_t size);
char *jig_arena_strdup(struct jig_arena *a, const char *s);

#endif
