#include "core/flash/ihex.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define RECORD_BYTES 16
#define MOST_IN_ONE  255 /* data bytes of a record: its length is one byte */

enum record_type {
    RECORD_DATA = 0,
    RECORD_END = 1,
    RECORD_SEGMENT = 2, /* bits 4-19 of what follows */
    RECORD_START_SEGMENT = 3,
    RECORD_LINEAR = 4, /* bits 16-31 of what follows */
    RECORD_START_LINEAR = 5,
};

void jig_segments_release(struct jig_segments *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i].data);
    free(s->v);
    *s = (struct jig_segments){0};
}

static void append(struct jig_segment *seg, const uint8_t *data, size_t n)
{
    if (seg->n + n > seg->cap) {
        size_t cap = seg->cap * 2;
        if (cap < seg->n + n)
            cap = seg->n + n;
        seg->data = jig_xrealloc(seg->data, cap, 1);
        seg->cap = cap;
    }
    memcpy(seg->data + seg->n, data, n);
    seg->n += n;
}

static uint64_t end_of(const struct jig_segment *seg)
{
    return (uint64_t)seg->address + seg->n;
}

enum jig_code jig_segments_add(struct jig_segments *s, uint32_t address, const uint8_t *data,
                               size_t n, const char *from, struct jig_err *reterr)
{
    if (n == 0)
        return JIG_OK;
    if (n - 1 > UINT32_MAX - address)
        return jig_err_set(reterr, JIG_OUT_OF_RANGE,
                           "%zu bytes at 0x%x go past the end of 32-bit addresses", n, address);
    if (n > JIG_IMAGE_MAX_BYTES || s->bytes + n > JIG_IMAGE_MAX_BYTES)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "an image may have %u bytes at most",
                           JIG_IMAGE_MAX_BYTES);
    struct jig_segment *last = s->n > 0 ? &s->v[s->n - 1] : NULL;
    if (last == NULL || end_of(last) != address || last->from != from) {
        if (s->n >= JIG_IMAGE_MAX_SEGMENTS)
            return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                               "an image may have %d pieces at most", JIG_IMAGE_MAX_SEGMENTS);
        s->v = jig_grow(s->v, &s->cap, s->n, sizeof *s->v);
        last = &s->v[s->n++];
        *last = (struct jig_segment){.address = address, .from = from};
    }
    append(last, data, n);
    s->bytes += n;
    return JIG_OK;
}

static int by_address(const void *a, const void *b)
{
    const struct jig_segment *x = a;
    const struct jig_segment *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

static enum jig_code twice(const struct jig_segment *a, const struct jig_segment *b,
                           struct jig_err *reterr)
{
    if (a->from == b->from)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s has two bytes for the address 0x%x",
                           a->from, b->address);
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                       "%s and %s both have a byte for the address 0x%x", a->from, b->from,
                       b->address);
}

enum jig_code jig_segments_seal(struct jig_segments *s, struct jig_err *reterr)
{
    if (s->n == 0)
        return JIG_OK;
    qsort(s->v, s->n, sizeof *s->v, by_address);
    for (size_t i = 1; i < s->n; i++) {
        if (s->v[i].address < end_of(&s->v[i - 1]))
            return twice(&s->v[i - 1], &s->v[i], reterr);
    }
    size_t last = 0;
    for (size_t i = 1; i < s->n; i++) {
        if (s->v[i].address == end_of(&s->v[last])) {
            append(&s->v[last], s->v[i].data, s->v[i].n);
            free(s->v[i].data);
        } else {
            s->v[++last] = s->v[i];
        }
    }
    s->n = last + 1;
    return JIG_OK;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

struct record {
    uint8_t type;
    uint16_t address;
    uint8_t n;
    uint8_t data[MOST_IN_ONE];
};

/* A line without its end. NULL, or what is wrong with it. */
static const char *read_record(const char *line, size_t n, struct record *ret)
{
    uint8_t bytes[MOST_IN_ONE + 5];
    if (n < 1 || line[0] != ':')
        return "does not begin with ':'";
    if (n % 2 == 0 || (n - 1) / 2 > sizeof bytes)
        return "has a wrong length";
    size_t count = (n - 1) / 2;
    uint8_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        int high = nibble(line[1 + 2 * i]);
        int low = nibble(line[2 + 2 * i]);
        if (high < 0 || low < 0)
            return "has a character that is no hexadecimal digit";
        bytes[i] = (uint8_t)(high << 4 | low);
        sum = (uint8_t)(sum + bytes[i]);
    }
    if (count < 5 || count != (size_t)bytes[0] + 5)
        return "has a wrong length";
    if (sum != 0)
        return "has a wrong checksum";
    *ret = (struct record){
        .type = bytes[3], .address = (uint16_t)(bytes[1] << 8 | bytes[2]), .n = bytes[0]};
    memcpy(ret->data, bytes + 4, ret->n);
    return NULL;
}

struct parser {
    struct jig_segments *out;
    const char *name;
    uint32_t base;
    bool segmented; /* offsets wrap within 64 KiB */
    bool ended;
};

static enum jig_code add_data(struct parser *p, const struct record *r, struct jig_err *reterr)
{
    uint32_t at = p->base + r->address;
    size_t left = 0x10000u - r->address; /* up to where a segment's offset wraps */
    if (!p->segmented || r->n <= left) {
        if (!p->segmented && at < p->base)
            return jig_err_set(reterr, JIG_OUT_OF_RANGE, "goes past the end of 32-bit addresses");
        return jig_segments_add(p->out, at, r->data, r->n, p->name, reterr);
    }
    enum jig_code code = jig_segments_add(p->out, at, r->data, left, p->name, reterr);
    if (code == JIG_OK)
        code = jig_segments_add(p->out, p->base, r->data + left, r->n - left, p->name, reterr);
    return code;
}

static enum jig_code take_record(struct parser *p, const struct record *r, struct jig_err *reterr)
{
    static const int sizes[] = {
        [RECORD_DATA] = -1,         [RECORD_END] = 0,    [RECORD_SEGMENT] = 2,
        [RECORD_START_SEGMENT] = 4, [RECORD_LINEAR] = 2, [RECORD_START_LINEAR] = 4,
    };
    if (r->type >= JIG_COUNT(sizes))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "has the unknown type %d", r->type);
    if (sizes[r->type] >= 0 && sizes[r->type] != r->n)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "has a wrong length for its type");
    uint32_t value = (uint32_t)r->data[0] << 8 | r->data[1];
    switch (r->type) {
    case RECORD_DATA:
        return add_data(p, r, reterr);
    case RECORD_END:
        p->ended = true;
        break;
    case RECORD_SEGMENT:
        p->base = value << 4;
        p->segmented = true;
        break;
    case RECORD_LINEAR:
        p->base = value << 16;
        p->segmented = false;
        break;
    default: /* where to start: flashing does not care */
        break;
    }
    return JIG_OK;
}

static enum jig_code take_line(struct parser *p, const char *line, size_t n, struct jig_err *reterr)
{
    while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
        n--;
    if (n == 0)
        return JIG_OK;
    struct record r;
    const char *wrong = p->ended ? "comes after the end record" : read_record(line, n, &r);
    if (wrong != NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s", wrong);
    return take_record(p, &r, reterr);
}

enum jig_code jig_ihex_parse(const char *text, size_t n, const char *name, struct jig_segments *out,
                             struct jig_err *reterr)
{
    struct parser p = {.out = out, .name = name};
    size_t line = 0;
    for (size_t at = 0; at < n;) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t length = end != NULL ? (size_t)(end - (text + at)) : n - at;
        line++;
        enum jig_code code = take_line(&p, text + at, length, reterr);
        if (code != JIG_OK) {
            jig_err_prefix(reterr, "%s: line %zu", name, line);
            return code;
        }
        at += length + 1;
    }
    if (!p.ended)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s: the end record is missing", name);
    return JIG_OK;
}

static char *put_byte(char *at, uint8_t byte, uint8_t *sum)
{
    static const char digits[] = "0123456789ABCDEF";
    *sum = (uint8_t)(*sum + byte);
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 15];
    return at;
}

static void put_record(struct jig_buf *out, enum record_type type, uint16_t address,
                       const uint8_t *data, size_t n)
{
    char line[1 + 2 * (4 + RECORD_BYTES + 1) + 1];
    uint8_t sum = 0;
    char *at = line;
    *at++ = ':';
    at = put_byte(at, (uint8_t)n, &sum);
    at = put_byte(at, (uint8_t)(address >> 8), &sum);
    at = put_byte(at, (uint8_t)address, &sum);
    at = put_byte(at, (uint8_t)type, &sum);
    for (size_t i = 0; i < n; i++)
        at = put_byte(at, data[i], &sum);
    at = put_byte(at, (uint8_t)(0x100 - sum), &sum);
    *at++ = '\n';
    jig_buf_append(out, line, (size_t)(at - line));
}

void jig_ihex_write(const struct jig_segments *s, struct jig_buf *out)
{
    uint32_t base = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct jig_segment *seg = &s->v[i];
        for (size_t at = 0; at < seg->n;) {
            uint32_t address = seg->address + (uint32_t)at;
            if (address >> 16 != base) {
                base = address >> 16;
                uint8_t upper[] = {(uint8_t)(base >> 8), (uint8_t)base};
                put_record(out, RECORD_LINEAR, 0, upper, sizeof upper);
            }
            size_t n = seg->n - at < RECORD_BYTES ? seg->n - at : RECORD_BYTES;
            size_t left = 0x10000u - (address & 0xffff); /* no record crosses 64 KiB */
            n = n < left ? n : left;
            put_record(out, RECORD_DATA, (uint16_t)address, seg->data + at, n);
            at += n;
        }
    }
    put_record(out, RECORD_END, 0, NULL, 0);
}
