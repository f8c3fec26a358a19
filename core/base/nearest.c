#include "core/base/nearest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define LONGEST 64

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

size_t jig_edit_distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *now = rows[2];
    size_t n = strnlen(a, LONGEST);
    size_t m = strnlen(b, LONGEST);
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            int ca = tolower((unsigned char)a[i - 1]);
            int cb = tolower((unsigned char)b[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (ca != cb));
            bool swapped = i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                           cb == tolower((unsigned char)a[i - 2]);
            if (swapped && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

struct candidate {
    const char *name;
    size_t distance;
    size_t order;
};

static int compare(const void *va, const void *vb)
{
    const struct candidate *a = va;
    const struct candidate *b = vb;
    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void jig_nearest(const char *wanted, const struct jig_strv *names, size_t most,
                 struct jig_strv *out)
{
    struct candidate *found = jig_xcalloc(names->n, sizeof *found);
    size_t count = 0;
    size_t limit = strlen(wanted) / 2 + 1;
    for (size_t i = 0; i < names->n; i++) {
        size_t distance = jig_edit_distance(wanted, names->v[i]);
        if (distance > limit && strcasestr(names->v[i], wanted) == NULL)
            continue;
        found[count++] = (struct candidate){names->v[i], distance, i};
    }
    qsort(found, count, sizeof *found, compare);
    for (size_t i = 0; i < count && i < most; i++)
        jig_strv_append(out, found[i].name);
    free(found);
}
