#include "client/lib/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"

char *jig_utf8_mend(const char *s, size_t n)
{
    if (n > ((size_t)1 << 30))
        return NULL;
    char *out = malloc(3 * n + 1);
    if (out == NULL)
        return NULL;
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        size_t size = 1;
        while (size <= 4 && i + size <= n && !jig_utf8_valid(s + i, size))
            size++;
        if (size > 4 || i + size > n) {
            memcpy(out + used, "\xef\xbf\xbd", 3);
            used += 3;
            i++;
        } else {
            memcpy(out + used, s + i, size);
            used += size;
            i += size;
        }
    }
    out[used] = '\0';
    return out;
}
