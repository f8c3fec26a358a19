#include "client/lib/result.h"

#include <stdint.h>
#include <stdlib.h>

#include <jig/client.h>

/* Padded so that the struct behind it is aligned for anything. */
union header {
    struct jig_arena arena;
    max_align_t align;
    unsigned char room[64];
};

void *jig_result_new(size_t size)
{
    union header *h = calloc(1, sizeof *h + size);
    if (h == NULL)
        return NULL;
    jig_arena_init(&h->arena, JIG_RESULT_MAX);
    return h + 1;
}

struct jig_arena *jig_result_arena(void *result)
{
    return &((union header *)result - 1)->arena;
}

void jig_client_free(const void *result)
{
    if (result == NULL)
        return;
    union header *h = (union header *)(uintptr_t)result - 1;
    jig_arena_release(&h->arena);
    free(h);
}

void *jig_result_items(struct jig_arena *arena, size_t count, size_t item_size)
{
    size_t size;
    if (count == 0 || __builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return jig_arena_alloc(arena, size);
}

static void *arena_alloc(void *arena, size_t size)
{
    return jig_arena_alloc(arena, size);
}

static void arena_free(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

ProtobufCMessage *jig_result_decode(struct jig_arena *arena, const ProtobufCMessageDescriptor *type,
                                    const void *bytes, size_t size)
{
    ProtobufCAllocator allocator = {
        .alloc = arena_alloc,
        .free = arena_free,
        .allocator_data = arena,
    };
    return protobuf_c_message_unpack(type, &allocator, size, bytes);
}
