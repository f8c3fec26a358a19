#include "service/wire/text.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/str.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The length of the valid character at p, or 0. */
static size_t character(const char *p, size_t n)
{
    for (size_t len = 1; len <= 4 && len <= n; len++) {
        if (jig_utf8_valid(p, len))
            return len;
    }
    return 0;
}

/* Writes at most max bytes to out (which may be NULL to count) and returns how many. */
static size_t mend(const char *s, size_t n, size_t max, char *out)
{
    size_t used = 0;
    while (n > 0) {
        size_t len = character(s, n);
        const char *from = len > 0 ? s : REPLACEMENT;
        size_t size = len > 0 ? len : strlen(REPLACEMENT);
        if (size > max - used)
            break;
        if (out != NULL)
            memcpy(out + used, from, size);
        used += size;
        s += len > 0 ? len : 1;
        n -= len > 0 ? len : 1;
    }
    return used;
}

char *jig_wire_text(struct jig_arena *arena, const char *s, size_t n, size_t max)
{
    if (n <= max && jig_utf8_valid(s, n) && s[n] == '\0')
        return (char *)s;
    size_t size = mend(s, n, max, NULL);
    char *copy = jig_arena_alloc(arena, size + 1);
    if (copy == NULL)
        return NULL;
    mend(s, n, max, copy);
    copy[size] = '\0';
    return copy;
}

/* Calls fn for every string and message that is set in the message. */
typedef bool string_fn(void *ctx, char **string);

static bool each_string(const ProtobufCMessage *message, string_fn *fn, void *ctx);

static bool visit(const ProtobufCFieldDescriptor *field, void *member, string_fn *fn, void *ctx)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        char **string = member;
        return *string == NULL || fn(ctx, string);
    }
    ProtobufCMessage **inner = member;
    return *inner == NULL || each_string(*inner, fn, ctx);
}

static bool is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return true;
    uint32_t which;
    memcpy(&which, (const char *)message + field->quantifier_offset, sizeof which);
    return which == field->id;
}

static bool each_string(const ProtobufCMessage *message, string_fn *fn, void *ctx)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (!is_set(message, field))
            continue;
        char *member = (char *)message + field->offset;
        size_t count = 1;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            memcpy(&count, (const char *)message + field->quantifier_offset, sizeof count);
            char *vector;
            memcpy(&vector, member, sizeof vector);
            member = vector;
        }
        for (size_t k = 0; k < count; k++) {
            if (!visit(field, member + k * sizeof(void *), fn, ctx))
                return false;
        }
    }
    return true;
}

static bool is_valid(void *ctx, char **string)
{
    (void)ctx;
    return jig_utf8_valid(*string, strlen(*string));
}

static bool mend_string(void *ctx, char **string)
{
    size_t n = strlen(*string);
    *string = jig_wire_text(ctx, *string, n, 3 * n); /* a replacement has three bytes */
    return *string != NULL;
}

static void *take(void *ctx, size_t size)
{
    return jig_arena_alloc(ctx, size);
}

static void leave(void *ctx, void *p)
{
    (void)ctx;
    (void)p;
}

const ProtobufCMessage *jig_wire_clean(const ProtobufCMessage *message, struct jig_arena *arena)
{
    if (each_string(message, is_valid, NULL))
        return message;
    size_t n = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = jig_arena_alloc(arena, n);
    if (bytes == NULL)
        return NULL;
    protobuf_c_message_pack(message, bytes);
    ProtobufCAllocator allocator = {.alloc = take, .free = leave, .allocator_data = arena};
    ProtobufCMessage *copy = protobuf_c_message_unpack(message->descriptor, &allocator, n, bytes);
    if (copy == NULL || !each_string(copy, mend_string, arena))
        return NULL;
    return copy;
}
