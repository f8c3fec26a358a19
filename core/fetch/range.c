#include "core/fetch/range.h"

#include <string.h>
#include <strings.h>

/* Digits alone, at least one, in range. */
static bool take_number(const char **at, int64_t *ret)
{
    const char *p = *at;
    int64_t value = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (*p - '0');
    }
    if (p == *at)
        return false;
    *at = p;
    *ret = value;
    return true;
}

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool take_total(const char **at, int64_t *ret)
{
    *ret = -1;
    if (!take(at, '/') || (!take(at, '*') && !take_number(at, ret)))
        return false;
    return (*at)[strspn(*at, " \t")] == '\0';
}

bool jig_content_range_parse(const char *text, struct jig_content_range *ret)
{
    struct jig_content_range r = {.first = -1, .last = -1, .total = -1};
    const char *at = text + strspn(text, " \t");
    if (strncasecmp(at, "bytes", 5) != 0)
        return false;
    at += 5;
    size_t blanks = strspn(at, " \t");
    at += blanks;
    if (blanks == 0)
        return false;
    if (!take(&at, '*')) {
        if (!take_number(&at, &r.first) || !take(&at, '-') || !take_number(&at, &r.last))
            return false;
    }
    if (!take_total(&at, &r.total) || r.last < r.first || (r.first < 0 && r.total < 0))
        return false;
    if (r.total >= 0 && r.last >= r.total)
        return false;
    *ret = r;
    return true;
}
