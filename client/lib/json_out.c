#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/base64.h"
#include "client/lib/json.h"
#include "client/lib/json_field.h"
#include "client/lib/utf8.h"

void jig_json_name(const char *field, char *out, size_t size)
{
    size_t n = 0;
    bool upper = false;
    for (; *field != '\0' && n + 1 < size; field++) {
        if (*field == '_') {
            upper = true;
            continue;
        }
        bool lower_case = *field >= 'a' && *field <= 'z';
        out[n++] = upper && lower_case ? (char)(*field - 'a' + 'A') : *field;
        upper = false;
    }
    out[n] = '\0';
}

/* Each of these gives a new value, or NULL when memory is out. */
static json_t *message_json(const ProtobufCMessage *m, int depth);

static json_t *text_json(const char *s)
{
    if (s == NULL)
        s = "";
    json_t *value = json_string(s);
    if (value != NULL)
        return value;
    char *mended = jig_utf8_mend(s, strlen(s));
    value = mended != NULL ? json_string(mended) : NULL;
    free(mended);
    return value;
}

static json_t *bytes_json(const ProtobufCBinaryData *data)
{
    char *text = malloc(jig_base64_size(data->len));
    if (text == NULL)
        return NULL;
    jig_base64_encode(data->data, data->len, text);
    json_t *value = json_string(text);
    free(text);
    return value;
}

static json_t *digits_json(bool is_signed, const void *at)
{
    char text[32];
    if (is_signed)
        snprintf(text, sizeof text, "%lld", (long long)*(const int64_t *)at);
    else
        snprintf(text, sizeof text, "%llu", (unsigned long long)*(const uint64_t *)at);
    return json_string(text);
}

static json_t *real_json(double d)
{
    if (isnan(d))
        return json_string("NaN");
    if (isinf(d))
        return json_string(d > 0 ? "Infinity" : "-Infinity");
    return json_real(d);
}

static json_t *enum_json(const ProtobufCFieldDescriptor *f, int number)
{
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(f->descriptor, number);
    return v != NULL ? json_string(v->name) : json_integer(number);
}

static json_t *value_json(const ProtobufCFieldDescriptor *f, const void *at, int depth)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return digits_json(true, at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return digits_json(false, at);
    case PROTOBUF_C_TYPE_FLOAT:
        return real_json((double)*(const float *)at);
    case PROTOBUF_C_TYPE_DOUBLE:
        return real_json(*(const double *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        return enum_json(f, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING:
        return text_json(*(char *const *)at);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_json(at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_json(*(ProtobufCMessage *const *)at, depth + 1);
    }
    return NULL;
}

static json_t *list_json(const ProtobufCFieldDescriptor *f, const char *items, size_t count,
                         int depth)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; i++) {
        /* takes the value; refuses NULL */
        if (json_array_append_new(array, value_json(f, items + i * jig_field_size(f), depth)) == 0)
            continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

/* The field has its default value, which proto3 does not tell from none. */
static bool is_default(const ProtobufCFieldDescriptor *f, const void *at)
{
    static const char zeros[sizeof(ProtobufCBinaryData)];
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return *(char *const *)at == NULL || (*(char *const *)at)[0] == '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)at)->len == 0;
    default:
        return memcmp(at, zeros, jig_field_size(f)) == 0;
    }
}

/* Whether the field is to be seen at all. */
static bool is_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    const void *at = jig_field_at(m, f->offset);
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return *(size_t *)jig_field_at(m, f->quantifier_offset) > 0;
    if (!jig_field_in_oneof(f))
        return !is_default(f, at);
    bool chosen = *(uint32_t *)jig_field_at(m, f->quantifier_offset) == f->id;
    bool empty = f->type == PROTOBUF_C_TYPE_MESSAGE && *(ProtobufCMessage *const *)at == NULL;
    return chosen && !empty;
}

static json_t *field_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, int depth)
{
    const void *at = jig_field_at(m, f->offset);
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return list_json(f, *(char *const *)at, *(size_t *)jig_field_at(m, f->quantifier_offset),
                         depth);
    return value_json(f, at, depth);
}

static json_t *message_json(const ProtobufCMessage *m, int depth)
{
    if (depth > JIG_JSON_DEPTH_MAX)
        return NULL;
    json_t *object = json_object();
    for (unsigned i = 0; object != NULL && i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        if (!is_present(m, f))
            continue;
        char name[128];
        jig_json_name(f->name, name, sizeof name);
        if (json_object_set_new(object, name, field_json(m, f, depth)) == 0)
            continue;
        json_decref(object);
        object = NULL;
    }
    return object;
}

enum jig_status jig_json_decode(const ProtobufCMessage *message, char **ret,
                                struct jig_error *reterr)
{
    json_t *root = message_json(message, 0);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (text == NULL)
        return jig_error_memory(reterr);
    *ret = text;
    return JIG_STATUS_OK;
}
