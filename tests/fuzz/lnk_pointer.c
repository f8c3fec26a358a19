/*
 * A .lnk file: what is read is written in one way, and reads as the same again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/lnk/pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_text(const struct jig_pointer *p, struct jig_buf *out)
{
    jig_buf_init(out, 64 * JIG_POINTER_MAX);
    jig_pointer_write(p, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_pointer p, again;
    struct jig_buf once, twice;
    if (size > JIG_POINTER_MAX ||
        jig_pointer_parse((const char *)data, size, "x.lnk", &p, NULL) != JIG_OK)
        return 0;
    if (jig_pointer_check_url(p.url, "url", NULL) != JIG_OK || p.size < -1)
        abort();
    write_text(&p, &once);
    if (jig_pointer_parse(once.data, once.len, "x.lnk", &again, NULL) != JIG_OK)
        abort();
    write_text(&again, &twice);
    if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
        abort();
    jig_buf_release(&once);
    jig_buf_release(&twice);
    jig_pointer_release(&p);
    jig_pointer_release(&again);
    return 0;
}
