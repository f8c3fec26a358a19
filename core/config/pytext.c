#include "core/config/pytext.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"

/* White space of two and three bytes in UTF-8; E2 80 80 to E2 80 8A is tested apart. */
static const char *const wide_spaces[] = {"\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80",
                                          "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF",
                                          "\xE2\x81\x9F", "\xE3\x80\x80"};

static bool ascii_space(unsigned char c)
{
    return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
}

static bool is_en_quad_to_hair(const char *p)
{
    return p[0] == '\xE2' && p[1] == '\x80' && (unsigned char)p[2] >= 0x80 &&
           (unsigned char)p[2] <= 0x8A;
}

size_t jig_py_space_at(const char *p, const char *end)
{
    if (p >= end)
        return 0;
    if ((unsigned char)*p < 0x80)
        return ascii_space((unsigned char)*p) ? 1 : 0;
    size_t room = (size_t)(end - p);
    if (room >= 3 && is_en_quad_to_hair(p))
        return 3;
    for (size_t i = 0; i < JIG_COUNT(wide_spaces); i++) {
        size_t n = strlen(wide_spaces[i]);
        if (room >= n && memcmp(p, wide_spaces[i], n) == 0)
            return n;
    }
    return 0;
}

size_t jig_py_space_before(const char *start, const char *p)
{
    for (size_t n = 1; n <= 3 && n <= (size_t)(p - start); n++) {
        if (jig_py_space_at(p - n, p) == n)
            return n;
    }
    return 0;
}

struct jig_slice jig_py_rstrip(struct jig_slice s)
{
    size_t n;
    while ((n = jig_py_space_before(s.s, s.s + s.n)) != 0)
        s.n -= n;
    return s;
}

struct jig_slice jig_py_strip(struct jig_slice s)
{
    size_t n;
    while ((n = jig_py_space_at(s.s, s.s + s.n)) != 0) {
        s.s += n;
        s.n -= n;
    }
    return jig_py_rstrip(s);
}

size_t jig_py_indent(struct jig_slice s)
{
    size_t count = 0;
    size_t n;
    for (const char *p = s.s; (n = jig_py_space_at(p, s.s + s.n)) != 0; p += n)
        count++;
    return count;
}

bool jig_py_int(const char *text, int64_t *ret)
{
    struct jig_slice s = jig_py_strip((struct jig_slice){text, strlen(text)});
    bool minus = s.n > 0 && s.s[0] == '-';
    bool after_digit = false;
    int64_t value = 0; /* kept below zero, where there is room for one more */
    for (size_t i = s.n > 0 && (minus || s.s[0] == '+'); i < s.n; i++) {
        char c = s.s[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(c == '_' && after_digit))
            return false;
        after_digit = digit;
        if (digit && (__builtin_mul_overflow(value, 10, &value) ||
                      __builtin_sub_overflow(value, c - '0', &value)))
            return false;
    }
    if (!after_digit || (!minus && value == INT64_MIN))
        return false;
    *ret = minus ? value : -value;
    return true;
}

/* re.sub(r"\s+;.*$", "", item): cuts at the first run of blanks that a semicolon follows. */
static struct jig_slice without_comment(struct jig_slice s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.s[i] != ';' || jig_py_space_before(s.s, s.s + i) == 0)
            continue;
        return jig_py_rstrip((struct jig_slice){s.s, i});
    }
    return s;
}

static void add_item(struct jig_slice item, struct jig_strv *out)
{
    item = jig_py_strip(item);
    if (item.n == 0 || item.s[0] == ';' || item.s[0] == '#')
        return;
    item = without_comment(item);
    jig_strv_append_n(out, item.s, item.n);
}

void jig_py_multi_values(const char *text, struct jig_strv *out)
{
    const char *separator = strchr(text, '\n') != NULL ? "\n" : ", ";
    size_t gap = strlen(separator);
    for (const char *p = text;;) {
        const char *next = strstr(p, separator);
        size_t n = next != NULL ? (size_t)(next - p) : strlen(p);
        add_item((struct jig_slice){p, n}, out);
        if (next == NULL)
            return;
        p = next + gap;
    }
}
