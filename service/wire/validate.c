#include "service/wire/validate.h"

#include <stdbool.h>

#include "core/base/str.h"

#define FIELD_NUMBER_MAX 536870911u /* 2^29 - 1; protobuf.dev/programming-guides/encoding */

struct walk {
    const ProtobufCMessageDescriptor *type;
    const uint8_t *at;
    const uint8_t *end;
    size_t *fields; /* seen so far, in the whole message */
    int depth;
    struct jig_err *reterr;
};

static enum jig_code malformed(const struct walk *w, const char *what)
{
    return jig_err_set(w->reterr, JIG_INVALID_ARGUMENT, "the bytes are not a %s: %s", w->type->name,
                       what);
}

static enum jig_code wrong(const struct walk *w, const ProtobufCFieldDescriptor *field,
                           const char *what)
{
    return jig_err_set(w->reterr, JIG_INVALID_ARGUMENT, "the bytes are not a %s: field '%s' %s",
                       w->type->name, field->name, what);
}

static bool varint(struct walk *w, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && w->at < w->end; shift += 7) {
        uint8_t byte = *w->at++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool skip(struct walk *w, size_t n)
{
    if (n > (size_t)(w->end - w->at))
        return false;
    w->at += n;
    return true;
}

static ProtobufCWireType wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PROTOBUF_C_WIRE_TYPE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    default:
        return PROTOBUF_C_WIRE_TYPE_VARINT;
    }
}

/* Past one value that is not length-prefixed. */
static bool skip_scalar(struct walk *w, ProtobufCWireType wire)
{
    uint64_t ignored;
    switch (wire) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return varint(w, &ignored);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        return skip(w, 8);
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        return skip(w, 4);
    default:
        return false;
    }
}

static enum jig_code count_field(struct walk *w)
{
    if (++*w->fields > JIG_FIELDS_MAX)
        return jig_err_set(w->reterr, JIG_RESOURCE_EXHAUSTED,
                           "a %s may have at most %d fields and elements in all", w->type->name,
                           JIG_FIELDS_MAX);
    return JIG_OK;
}

static enum jig_code packed(struct walk *w, const ProtobufCFieldDescriptor *field,
                            const uint8_t *bytes, size_t n)
{
    struct walk inner = *w;
    inner.at = bytes;
    inner.end = bytes + n;
    while (inner.at < inner.end) {
        if (!skip_scalar(&inner, wire_type_of(field->type)))
            return wrong(w, field, "has a broken packed element");
        enum jig_code code = count_field(w);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

static enum jig_code message(struct walk *w);

static enum jig_code length_prefixed(struct walk *w, const ProtobufCFieldDescriptor *field,
                                     const uint8_t *bytes, size_t n)
{
    struct walk inner = *w;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return jig_utf8_valid((const char *)bytes, n)
                   ? JIG_OK
                   : wrong(w, field, "is not valid UTF-8, or holds a NUL");
    case PROTOBUF_C_TYPE_BYTES:
        return JIG_OK;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (w->depth + 1 > JIG_NESTING_MAX)
            return jig_err_set(w->reterr, JIG_RESOURCE_EXHAUSTED,
                               "a message may be nested at most %d deep", JIG_NESTING_MAX);
        inner.type = field->descriptor;
        inner.at = bytes;
        inner.end = bytes + n;
        inner.depth++;
        return message(&inner);
    default:
        if (field->label != PROTOBUF_C_LABEL_REPEATED)
            return wrong(w, field, "has the wrong wire type");
        return packed(w, field, bytes, n);
    }
}

static enum jig_code value(struct walk *w, uint32_t number, ProtobufCWireType wire)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(w->type, number);
    if (wire != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
        if (field != NULL && wire != wire_type_of(field->type))
            return wrong(w, field, "has the wrong wire type");
        return skip_scalar(w, wire) ? JIG_OK : malformed(w, "a field is cut short or malformed");
    }
    uint64_t n;
    if (!varint(w, &n) || n > (size_t)(w->end - w->at))
        return field != NULL ? wrong(w, field, "is cut short")
                             : malformed(w, "a field is cut short");
    const uint8_t *bytes = w->at;
    w->at += n;
    return field != NULL ? length_prefixed(w, field, bytes, (size_t)n) : JIG_OK;
}

static enum jig_code message(struct walk *w)
{
    while (w->at < w->end) {
        uint64_t tag;
        if (!varint(w, &tag))
            return malformed(w, "a field's tag is cut short or malformed");
        uint64_t number = tag >> 3;
        if (number == 0 || number > FIELD_NUMBER_MAX)
            return malformed(w, "a field number is out of range");
        enum jig_code code = count_field(w);
        if (code == JIG_OK)
            code = value(w, (uint32_t)number, (ProtobufCWireType)(tag & 7));
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

enum jig_code jig_wire_validate(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                                size_t n, struct jig_err *reterr)
{
    static const uint8_t nothing[1];
    size_t fields = 0;
    if (bytes == NULL) /* an empty message may have no bytes to point to */
        bytes = nothing;
    struct walk w = {
        .type = type, .at = bytes, .end = bytes + n, .fields = &fields, .reterr = reterr};
    return message(&w);
}
