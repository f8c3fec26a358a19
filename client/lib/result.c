#include "client/lib/result.h"

#include <stdbool.h>
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

struct decoding {
    struct jig_arena *arena;
    bool full;
};

static void *decoding_alloc(void *context, size_t size)
{
    struct decoding *d = context;
    void *p = jig_arena_alloc(d->arena, size);
    d->full = d->full || p == NULL;
    return p;
}

static void decoding_free(void *context, void *p)
{
    (void)context;
    (void)p;
}

enum jig_status jig_result_decode(struct jig_arena *arena, const ProtobufCMessageDescriptor *type,
                                  const void *bytes, size_t size, ProtobufCMessage **ret)
{
    struct decoding d = {.arena = arena};
    ProtobufCAllocator allocator = {
        .alloc = decoding_alloc,
        .free = decoding_free,
        .allocator_data = &d,
    };
    ProtobufCMessage *m = protobuf_c_message_unpack(type, &allocator, size, bytes);
    if (m == NULL)
        return d.full ? JIG_STATUS_RESOURCE_EXHAUSTED : JIG_STATUS_INTERNAL;
    *ret = m;
    return JIG_STATUS_OK;
}
