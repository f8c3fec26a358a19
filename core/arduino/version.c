#include "core/arduino/version.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* A run of digits as a number of any length; leading zeros do not count. */
struct digits {
    const char *p;
    size_t n;
};

static struct digits digits_at(const char *s)
{
    struct digits d = {s, strspn(s, "0123456789")};
    while (d.n > 0 && *d.p == '0') {
        d.p++;
        d.n--;
    }
    return d;
}

static int compare_digits(struct digits a, struct digits b)
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n == 0 ? 0 : memcmp(a.p, b.p, a.n);
}

/* major, minor and patch; the rest starts at the returned place. NULL when it is no proper one. */
static const char *parse(const char *v, struct digits part[3])
{
    for (int i = 0; i < 3; i++)
        part[i] = (struct digits){"", 0};
    for (int i = 0; i < 3; i++) {
        size_t n = strspn(v, "0123456789");
        if (n == 0)
            return NULL;
        part[i] = digits_at(v);
        v += n;
        if (*v != '.')
            break;
        if (i < 2)
            v++;
    }
    if (*v != '\0' && *v != '-' && *v != '+')
        return NULL;
    if (*v == '-' && (v[1] == '\0' || v[1] == '+'))
        return NULL;
    for (const char *c = v; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr(".-+", *c) == NULL)
            return NULL;
    }
    return v;
}

bool jig_version_is_proper(const char *v)
{
    struct digits part[3];
    return parse(v, part) != NULL;
}

/* One dot-separated word of a pre-release against another. */
static int compare_word(const char *a, size_t n, const char *b, size_t m)
{
    bool a_number = strspn(a, "0123456789") >= n;
    bool b_number = strspn(b, "0123456789") >= m;
    if (a_number != b_number)
        return a_number ? -1 : 1;
    if (a_number)
        return compare_digits(digits_at(a), digits_at(b));
    int c = memcmp(a, b, n < m ? n : m);
    return c != 0 ? c : (n > m) - (n < m);
}

static int compare_prerelease(const char *a, const char *b)
{
    bool has_a = *a == '-';
    bool has_b = *b == '-';
    if (!has_a || !has_b)
        return has_b - has_a;
    for (;;) {
        a++;
        b++;
        size_t n = strcspn(a, ".+");
        size_t m = strcspn(b, ".+");
        int c = compare_word(a, n, b, m);
        if (c != 0)
            return c;
        a += n;
        b += m;
        if (*a != '.' || *b != '.')
            return (*a == '.') - (*b == '.');
    }
}

int jig_version_compare(const char *a, const char *b)
{
    struct digits va[3];
    struct digits vb[3];
    const char *rest_a = parse(a, va);
    const char *rest_b = parse(b, vb);
    if (rest_a == NULL || rest_b == NULL) {
        if (rest_a == NULL && rest_b == NULL)
            return strcmp(a, b);
        return rest_a == NULL ? -1 : 1;
    }
    for (int i = 0; i < 3; i++) {
        int c = compare_digits(va[i], vb[i]);
        if (c != 0)
            return c;
    }
    return compare_prerelease(rest_a, rest_b);
}
