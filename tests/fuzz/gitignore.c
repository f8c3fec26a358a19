/*
 * Rules of a .gitignore, and a path to try them on: the first line is the path.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/lnk/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *newline = memchr(text, '\n', size);
    size_t n = newline != NULL ? (size_t)(newline - text) : 0;
    if (n == 0 || n > 300 || size > 4000 || memchr(text, '\0', n) != NULL)
        return 0;
    JIG_CLEANUP_FREE char *path = jig_xstrndup(text, n);
    struct jig_ignore *g = jig_ignore_new();
    if (jig_ignore_push(g, "", text + n + 1, size - n - 1, NULL) != JIG_OK)
        abort();
    bool before = jig_ignore_has(g, path, false);
    size_t height = jig_ignore_height(g);
    if (jig_ignore_push(g, "nowhere/at/all", text, size, NULL) != JIG_OK)
        abort();
    jig_ignore_pop(g, height);
    if (jig_ignore_has(g, path, false) != before)
        abort();
    jig_ignore_free(g);
    return 0;
}
