#include "service/wire/decode.h"

#include <stdbool.h>

#include "service/wire/validate.h"

/* protobuf-c keeps 48 bytes for each field while it scans, and a decoded empty message of ours
 * takes at most some 150 bytes (x86-64): JIG_FIELDS_MAX of them are within the first term. */
#define SMALL_PARTS (32u * 1024 * 1024)

struct source {
    struct jig_arena *arena;
    bool full;
};

static void *take(void *ctx, size_t size)
{
    struct source *source = ctx;
    void *p = jig_arena_alloc(source->arena, size);
    if (p == NULL)
        source->full = true;
    return p;
}

static void leave(void *ctx, void *p)
{
    (void)ctx;
    (void)p;
}

size_t jig_wire_decode_ceiling(size_t n)
{
    return SMALL_PARTS + 2 * n;
}

enum jig_code jig_wire_decode(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                              size_t n, struct jig_arena *arena, ProtobufCMessage **ret,
                              struct jig_err *reterr)
{
    enum jig_code code = jig_wire_validate(type, bytes, n, reterr);
    if (code != JIG_OK)
        return code;
    struct source source = {.arena = arena};
    ProtobufCAllocator allocator = {.alloc = take, .free = leave, .allocator_data = &source};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, n, bytes);
    if (message == NULL && source.full)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "a %s of %zu bytes takes more than %zu bytes of memory", type->name, n,
                           arena->max);
    if (message == NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the bytes are not a %s", type->name);
    *ret = message;
    return JIG_OK;
}
