/* What an upload tool prints, whole and in pieces: the same end either way, and always text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/flash/progress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(void *ctx, enum jig_stream stream, const char *text)
{
    (void)ctx;
    (void)stream;
    if (!jig_utf8_valid(text, strlen(text)))
        abort();
}

static void check_progress(void *ctx, const struct jig_flash_progress *p)
{
    (void)ctx;
    if (p->percent < -1 || p->percent > 100)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct jig_flash_watcher watcher = {.progress = check_progress, .line = check_line};
    static struct jig_progress whole, pieces;
    jig_progress_init(&whole, &watcher, 0);
    jig_progress_init(&pieces, &watcher, 0);
    jig_progress_feed(&whole, JIG_STDERR, (const char *)data, size);
    jig_progress_end(&whole);
    for (size_t i = 0; i < size; i++)
        jig_progress_feed(&pieces, JIG_STDERR, (const char *)data + i, 1);
    jig_progress_end(&pieces);
    if (whole.failure != pieces.failure || strcmp(whole.last, pieces.last) != 0)
        abort();
    return 0;
}
