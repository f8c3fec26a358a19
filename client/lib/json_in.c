#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/base64.h"
#include "client/lib/json.h"
#include "client/lib/json_field.h"
#include "core/base/arena.h"
#include "core/base/nearest.h"

#define ARENA_MAX ((size_t)96 << 20)

/* Where in the JSON we are: "project.variables[2].name", built when an error needs it. */
struct path {
    const struct path *above;
    const char *name; /* NULL: an array's element */
    size_t index;
};

struct reading {
    struct jig_arena arena;
    struct jig_error *error;
};

static void path_text(const struct path *p, char *out, size_t size)
{
    if (p == NULL) {
        out[0] = '\0';
        return;
    }
    path_text(p->above, out, size);
    size_t used = strlen(out);
    if (p->name == NULL)
        snprintf(out + used, size - used, "[%zu]", p->index);
    else
        snprintf(out + used, size - used, "%s%s", used > 0 ? "." : "", p->name);
}

static bool wrong(struct reading *r, const struct path *at, const char *fmt, ...) JIG_PRINTF(3, 4);

static bool wrong(struct reading *r, const struct path *at, const char *fmt, ...)
{
    char where[512];
    char why[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    path_text(at, where, sizeof where);
    jig_error_cause(r->error, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE, "%s: %s",
                    where[0] != '\0' ? where : "the request", why);
    return false;
}

static bool no_memory(struct reading *r)
{
    jig_error_set(r->error, JIG_STATUS_RESOURCE_EXHAUSTED, "the request takes too much memory");
    return false;
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static bool wrong_kind(struct reading *r, const struct path *at, const char *wanted,
                       const json_t *value)
{
    return wrong(r, at, "needs %s, not %s", wanted, kind_of(value));
}

/* --- numbers --- */

/* Digits with a sign; nothing else. */
static bool parse_integer(const char *s, bool *negative, uint64_t *magnitude)
{
    *negative = s[0] == '-';
    s += *negative;
    if (*s == '\0')
        return false;
    uint64_t n = 0;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n))
            return false;
    }
    *magnitude = n;
    return *s == '\0';
}

/* The value as sign and magnitude: from a number, an integral real, or a string of digits. */
static bool integer_of(const json_t *value, bool *negative, uint64_t *magnitude)
{
    if (json_is_integer(value)) {
        json_int_t n = json_integer_value(value);
        *negative = n < 0;
        *magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
        return true;
    }
    if (json_is_real(value)) {
        double d = json_real_value(value);
        *negative = d < 0;
        if (!(fabs(d) < 18446744073709551616.0))
            return false;
        *magnitude = (uint64_t)fabs(d);
        return (double)*magnitude == fabs(d);
    }
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value) &&
           parse_integer(json_string_value(value), negative, magnitude);
}

static bool set_signed(struct reading *r, const struct path *at, const json_t *value, int bits,
                       void *to)
{
    bool negative;
    uint64_t magnitude;
    if (!json_is_number(value) && !json_is_string(value))
        return wrong_kind(r, at, "a whole number", value);
    if (!integer_of(value, &negative, &magnitude))
        return wrong(r, at, "is not a whole number of %d bits", bits);
    uint64_t limit = (UINT64_C(1) << (bits - 1)) - !negative;
    if (magnitude > limit)
        return wrong(r, at, "does not fit into %d bits", bits);
    int64_t n = (int64_t)(negative ? 0 - magnitude : magnitude);
    if (bits == 32)
        *(int32_t *)to = (int32_t)n;
    else
        *(int64_t *)to = n;
    return true;
}

static bool set_unsigned(struct reading *r, const struct path *at, const json_t *value, int bits,
                         void *to)
{
    bool negative;
    uint64_t magnitude;
    if (!json_is_number(value) && !json_is_string(value))
        return wrong_kind(r, at, "a whole number", value);
    if (!integer_of(value, &negative, &magnitude))
        return wrong(r, at, "is not a whole number of %d bits", bits);
    if (negative && magnitude > 0)
        return wrong(r, at, "must not be negative");
    if (bits == 32 && magnitude > UINT32_MAX)
        return wrong(r, at, "does not fit into 32 bits");
    if (bits == 32)
        *(uint32_t *)to = (uint32_t)magnitude;
    else
        *(uint64_t *)to = magnitude;
    return true;
}

static bool real_of(const json_t *value, double *ret)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    if (json_is_number(value)) {
        *ret = json_number_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, text) == 0) {
            *ret = words[i].value;
            return true;
        }
    }
    char *end;
    *ret = strtod(text, &end);
    return *end == '\0' && strspn(text, "0123456789+-.eE") == strlen(text) && isfinite(*ret);
}

static bool set_real(struct reading *r, const struct path *at, const json_t *value, bool single,
                     void *to)
{
    double d;
    if (!real_of(value, &d))
        return wrong(r, at, "needs a number, not %s",
                     json_is_string(value) ? "this text" : kind_of(value));
    if (single && isfinite(d) && !isfinite((float)d))
        return wrong(r, at, "does not fit into a float");
    if (single)
        *(float *)to = (float)d;
    else
        *(double *)to = d;
    return true;
}

/* --- text, bytes, enums --- */

static bool set_text(struct reading *r, const struct path *at, const json_t *value, void *to)
{
    if (!json_is_string(value))
        return wrong_kind(r, at, "text", value);
    size_t n = json_string_length(value);
    if (strlen(json_string_value(value)) != n)
        return wrong(r, at, "holds a NUL character, which text must not");
    char *copy = jig_arena_alloc(&r->arena, n + 1);
    if (copy == NULL)
        return no_memory(r);
    memcpy(copy, json_string_value(value), n);
    *(char **)to = copy;
    return true;
}

static bool set_bytes(struct reading *r, const struct path *at, const json_t *value, void *to)
{
    if (!json_is_string(value))
        return wrong_kind(r, at, "bytes as base64", value);
    size_t n = json_string_length(value);
    ProtobufCBinaryData *data = to;
    data->data = jig_arena_alloc(&r->arena, n / 4 * 3 + 3);
    if (data->data == NULL)
        return no_memory(r);
    if (!jig_base64_decode(json_string_value(value), n, data->data, &data->len))
        return wrong(r, at, "is not base64");
    return true;
}

static bool unknown_word(struct reading *r, const struct path *at,
                         const ProtobufCEnumDescriptor *type, const char *word)
{
    const char *best = NULL;
    size_t least = (strlen(word) + 1) / 2 + 1;
    for (unsigned i = 0; i < type->n_values; i++) {
        size_t d = jig_edit_distance(word, type->values[i].name);
        if (d < least) {
            least = d;
            best = type->values[i].name;
        }
    }
    return wrong(r, at, "'%.100s' is no %s%s%s%s", word, type->short_name,
                 best != NULL ? "; did you mean " : "", best != NULL ? best : "",
                 best != NULL ? "?" : "");
}

static bool set_enum(struct reading *r, const struct path *at, const ProtobufCFieldDescriptor *f,
                     const json_t *value, void *to)
{
    const ProtobufCEnumDescriptor *type = f->descriptor;
    if (json_is_string(value)) {
        const char *word = json_string_value(value);
        const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value_by_name(type, word);
        if (v == NULL)
            return unknown_word(r, at, type, word);
        *(int *)to = v->value;
        return true;
    }
    int32_t number = 0;
    if (!json_is_number(value))
        return wrong_kind(r, at, "a name or a number", value);
    if (!set_signed(r, at, value, 32, &number))
        return false;
    *(int *)to = number;
    return true;
}

/* --- messages --- */

static bool read_message(struct reading *r, const struct path *at,
                         const ProtobufCMessageDescriptor *type, const json_t *value, int depth,
                         ProtobufCMessage **ret);

static bool set_value(struct reading *r, const struct path *at, const ProtobufCFieldDescriptor *f,
                      const json_t *value, int depth, void *to)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return set_signed(r, at, value, 32, to);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return set_signed(r, at, value, 64, to);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return set_unsigned(r, at, value, 32, to);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return set_unsigned(r, at, value, 64, to);
    case PROTOBUF_C_TYPE_FLOAT:
        return set_real(r, at, value, true, to);
    case PROTOBUF_C_TYPE_DOUBLE:
        return set_real(r, at, value, false, to);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(value))
            return wrong_kind(r, at, "true or false", value);
        *(protobuf_c_boolean *)to = json_is_true(value);
        return true;
    case PROTOBUF_C_TYPE_ENUM:
        return set_enum(r, at, f, value, to);
    case PROTOBUF_C_TYPE_STRING:
        return set_text(r, at, value, to);
    case PROTOBUF_C_TYPE_BYTES:
        return set_bytes(r, at, value, to);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(r, at, f->descriptor, value, depth + 1, to);
    }
    return wrong(r, at, "has a type that jig does not know");
}

static bool set_repeated(struct reading *r, const struct path *at,
                         const ProtobufCFieldDescriptor *f, const json_t *value, int depth,
                         ProtobufCMessage *m)
{
    if (!json_is_array(value))
        return wrong_kind(r, at, "a list", value);
    size_t count = json_array_size(value);
    if (count == 0)
        return true;
    size_t size = jig_field_size(f);
    char *items = jig_arena_alloc(&r->arena, count * size);
    if (items == NULL)
        return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        struct path here = {.above = at, .index = i};
        const json_t *item = json_array_get(value, i);
        if (json_is_null(item))
            return wrong(r, &here, "must not be null");
        if (!set_value(r, &here, f, item, depth, items + i * size))
            return false;
    }
    *(size_t *)jig_field_at(m, f->quantifier_offset) = count;
    *(void **)jig_field_at(m, f->offset) = items;
    return true;
}

static const char *field_name_by_number(const ProtobufCMessageDescriptor *type, uint32_t number)
{
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(type, number);
    return f != NULL ? f->name : "?";
}

static bool set_field(struct reading *r, const struct path *at, const ProtobufCFieldDescriptor *f,
                      const json_t *value, int depth, ProtobufCMessage *m)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return set_repeated(r, at, f, value, depth, m);
    if (jig_field_in_oneof(f)) {
        uint32_t *chosen = jig_field_at(m, f->quantifier_offset);
        if (*chosen != 0)
            return wrong(r, at, "excludes %s, which was given too",
                         field_name_by_number(m->descriptor, *chosen));
        *chosen = f->id;
    }
    return set_value(r, at, f, value, depth, jig_field_at(m, f->offset));
}

static bool unknown_field(struct reading *r, const struct path *at,
                          const ProtobufCMessageDescriptor *type, const char *name)
{
    char best[128] = "";
    size_t least = (strlen(name) + 1) / 2 + 1;
    for (unsigned i = 0; i < type->n_fields; i++) {
        char camel[128];
        jig_json_name(type->fields[i].name, camel, sizeof camel);
        size_t d = jig_edit_distance(name, camel);
        size_t plain = jig_edit_distance(name, type->fields[i].name);
        d = plain < d ? plain : d;
        if (d < least) {
            least = d;
            memcpy(best, camel, sizeof best);
        }
    }
    return wrong(r, at, "unknown field%s%s%s", best[0] != '\0' ? "; did you mean " : "", best,
                 best[0] != '\0' ? "?" : "");
}

/* The field's place among the type's fields, or n_fields. */
static unsigned find_field(const ProtobufCMessageDescriptor *type, const char *name)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        char camel[128];
        if (strcmp(type->fields[i].name, name) == 0)
            return i;
        jig_json_name(type->fields[i].name, camel, sizeof camel);
        if (strcmp(camel, name) == 0)
            return i;
    }
    return type->n_fields;
}

static bool read_fields(struct reading *r, const struct path *at, const json_t *object, int depth,
                        ProtobufCMessage *m)
{
    const ProtobufCMessageDescriptor *type = m->descriptor;
    bool *seen = jig_arena_alloc(&r->arena, type->n_fields + 1);
    if (seen == NULL)
        return no_memory(r);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        struct path here = {.above = at, .name = key};
        unsigned i = find_field(type, key);
        if (i == type->n_fields)
            return unknown_field(r, &here, type, key);
        if (seen[i])
            return wrong(r, &here, "is given twice, under both its names");
        seen[i] = true;
        if (!json_is_null(value) && !set_field(r, &here, &type->fields[i], value, depth, m))
            return false;
    }
    return true;
}

static bool read_message(struct reading *r, const struct path *at,
                         const ProtobufCMessageDescriptor *type, const json_t *value, int depth,
                         ProtobufCMessage **ret)
{
    if (!json_is_object(value))
        return wrong_kind(r, at, "an object", value);
    if (depth > JIG_JSON_DEPTH_MAX)
        return wrong(r, at, "is nested too deeply");
    ProtobufCMessage *m = jig_arena_alloc(&r->arena, type->sizeof_message);
    if (m == NULL)
        return no_memory(r);
    protobuf_c_message_init(type, m);
    *ret = m;
    return read_fields(r, at, value, depth, m);
}

/* --- the whole --- */

static enum jig_status bad_json(const json_error_t *e, struct jig_error *reterr)
{
    /* jansson says nothing at all when its first allocations fail. */
    if (json_error_code(e) == json_error_out_of_memory || e->text[0] == '\0')
        return jig_error_memory(reterr);
    jig_error_cause(reterr, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                    "the request is not JSON: line %d, column %d: %s", e->line, e->column, e->text);
    if (json_error_code(e) == json_error_numeric_overflow)
        jig_error_hint(reterr, "give a number past 2^63-1 as a string: \"18446744073709551615\"");
    return JIG_STATUS_INVALID_ARGUMENT;
}

/* How many values the JSON has, at most: what opens one or parts two, outside of strings. Counted
 * before parsing, since each costs the parser a hundred times its length. */
static size_t count_values(const char *json, size_t size)
{
    size_t count = 1;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = json[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[' || c == ','))
            count++;
    }
    return count;
}

static enum jig_status pack(const ProtobufCMessage *m, void **ret, size_t *ret_size,
                            struct jig_error *reterr)
{
    size_t size = protobuf_c_message_get_packed_size(m);
    void *bytes = malloc(size + 1);
    if (bytes == NULL)
        return jig_error_memory(reterr);
    protobuf_c_message_pack(m, bytes);
    *ret = bytes;
    *ret_size = size;
    return JIG_STATUS_OK;
}

enum jig_status jig_json_encode(const ProtobufCMessageDescriptor *type, const char *json,
                                size_t size, void **ret, size_t *ret_size, struct jig_error *reterr)
{
    if (size > JIG_JSON_INPUT_MAX)
        return jig_error_set(reterr, JIG_STATUS_RESOURCE_EXHAUSTED,
                             "the request of %zu bytes is larger than the limit of %zu", size,
                             JIG_JSON_INPUT_MAX);
    if (count_values(json, size) > JIG_JSON_VALUES_MAX)
        return jig_error_set(reterr, JIG_STATUS_RESOURCE_EXHAUSTED,
                             "the request has more than %d values", JIG_JSON_VALUES_MAX);
    json_error_t e;
    json_t *root =
        size == 0
            ? json_object()
            : json_loadb(json, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
    if (root == NULL)
        return size == 0 ? jig_error_memory(reterr) : bad_json(&e, reterr);
    struct jig_error error = {.status = JIG_STATUS_OK};
    struct reading r = {.error = &error};
    jig_arena_init(&r.arena, ARENA_MAX);
    ProtobufCMessage *m = NULL;
    enum jig_status status = JIG_STATUS_OK;
    if (read_message(&r, NULL, type, root, 0, &m))
        status = pack(m, ret, ret_size, &error);
    else
        status = error.status;
    jig_arena_release(&r.arena);
    json_decref(root);
    if (status != JIG_STATUS_OK && reterr != NULL)
        *reterr = error;
    return status;
}
