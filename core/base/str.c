#include "core/base/str.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

static const char blanks[] = " \t\r\n\v\f";

bool jig_str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool jig_str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s);
    size_t m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

char *jig_strf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *out = NULL;
    int n = vasprintf(&out, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    return out;
}

char *jig_path_join(const char *dir, const char *name)
{
    if (name[0] == '/' || dir[0] == '\0')
        return jig_xstrdup(name);
    size_t n = strlen(dir);
    return jig_strf("%s%s%s", dir, dir[n - 1] == '/' || name[0] == '\0' ? "" : "/", name);
}

const char *jig_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

char *jig_path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return jig_xstrdup(".");
    return jig_xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *jig_path_ext(const char *path)
{
    const char *base = jig_path_base(path);
    const char *dot = strrchr(base, '.');
    return dot != NULL && dot != base ? dot : base + strlen(base);
}

char *jig_str_trim(char *s)
{
    s += strspn(s, blanks);
    size_t n = strlen(s);
    while (n > 0 && strchr(blanks, s[n - 1]) != NULL)
        n--;
    s[n] = '\0';
    return s;
}

void jig_str_split(const char *s, const char *separators, bool keep_empty, struct jig_strv *out)
{
    for (;;) {
        size_t n = strcspn(s, separators);
        if (n > 0 || keep_empty)
            jig_strv_append_n(out, s, n);
        if (s[n] == '\0')
            return;
        s += n + 1;
    }
}

/* One word of a shell line, from *at. Leaves *at behind it. */
static bool shell_word(const char **at, struct jig_buf *word)
{
    const char *p = *at;
    char quote = '\0';
    for (; *p != '\0'; p++) {
        if (quote == '\0' && strchr(blanks, *p) != NULL)
            break;
        if (quote == '\0' && (*p == '\'' || *p == '"')) {
            quote = *p;
        } else if (quote != '\0' && *p == quote) {
            quote = '\0';
        } else if (*p == '\\' && quote != '\'') {
            if (p[1] == '\0')
                return false;
            if (quote == '"' && p[1] != '"' && p[1] != '\\')
                jig_buf_putc(word, '\\');
            jig_buf_putc(word, *++p);
        } else {
            jig_buf_putc(word, *p);
        }
    }
    *at = p;
    return quote == '\0';
}

enum jig_code jig_shell_split(const char *s, struct jig_strv *out, struct jig_err *reterr)
{
    const char *p = s + strspn(s, blanks);
    while (*p != '\0') {
        struct jig_buf word;
        jig_buf_init(&word, strlen(p) + 1);
        bool closed = shell_word(&p, &word);
        if (!closed) {
            jig_buf_release(&word);
            return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "no closing quotation in '%s'", s);
        }
        jig_strv_append_take(out, jig_buf_steal(&word));
        p += strspn(p, blanks);
    }
    return JIG_OK;
}

static bool shell_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./-_";
    return word[0] != '\0' && word[strspn(word, plain)] == '\0';
}

char *jig_shell_join(const struct jig_strv *words)
{
    struct jig_buf line;
    jig_buf_init(&line, SIZE_MAX / 2);
    for (size_t i = 0; i < words->n; i++) {
        if (i != 0)
            jig_buf_putc(&line, ' ');
        if (shell_plain(words->v[i])) {
            jig_buf_puts(&line, words->v[i]);
            continue;
        }
        jig_buf_putc(&line, '\'');
        for (const char *p = words->v[i]; *p != '\0'; p++) {
            if (*p == '\'')
                jig_buf_puts(&line, "'\"'\"'");
            else
                jig_buf_putc(&line, *p);
        }
        jig_buf_putc(&line, '\'');
    }
    return jig_buf_steal(&line);
}

static int base_of(const char *s)
{
    if (*s == '-' || *s == '+')
        s++;
    return s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10;
}

bool jig_parse_i64(const char *s, int64_t *ret)
{
    if (s == NULL || s[0] == '\0' || strchr(blanks, s[0]) != NULL)
        return false;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(s, &end, base_of(s));
    if (errno != 0 || end == s || *end != '\0')
        return false;
    *ret = value;
    return true;
}

bool jig_parse_u64(const char *s, uint64_t *ret)
{
    if (s == NULL || s[0] == '\0' || s[0] == '-' || strchr(blanks, s[0]) != NULL)
        return false;
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(s, &end, base_of(s));
    if (errno != 0 || end == s || *end != '\0')
        return false;
    *ret = value;
    return true;
}

bool jig_parse_size(const char *s, uint64_t *ret_bytes)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1024.0},
        {"kib", 1024.0},
        {"m", 1048576.0},
        {"mib", 1048576.0},
        {"g", 1073741824.0},
        {"gib", 1073741824.0},
        {"t", 1099511627776.0},
        {"tib", 1099511627776.0},
        {"kb", 1e3},
        {"mb", 1e6},
        {"gb", 1e9},
        {"tb", 1e12},
    };
    if (s == NULL || s[0] < '0' || s[0] > '9')
        return false;
    char *end = NULL;
    double value = strtod(s, &end);
    end += strspn(end, " ");
    for (size_t i = 0; i < JIG_COUNT(units); i++) {
        if (strcasecmp(end, units[i].unit) != 0)
            continue;
        double bytes = value * units[i].factor;
        if (!isfinite(bytes) || bytes >= 9.2e18)
            return false;
        *ret_bytes = (uint64_t)bytes;
        return true;
    }
    return false;
}

/* How many bytes the well-formed UTF-8 character at p has (of n), or 0. Source: Unicode table 3-7.
 */
static size_t utf8_char(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return p[0] != 0 ? 1 : 0;
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] > 0x9F;
    bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : len;
}

bool jig_utf8_valid(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    while (n > 0) {
        size_t len = utf8_char(p, n);
        if (len == 0)
            return false;
        p += len;
        n -= len;
    }
    return true;
}

void jig_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}
