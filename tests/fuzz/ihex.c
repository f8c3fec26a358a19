/* Intel HEX: what is accepted, written and read again is the same image. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/flash/ihex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_segments once = {0};
    struct jig_segments twice = {0};
    if (jig_ihex_parse((const char *)data, size, "input", &once, NULL) == JIG_OK &&
        jig_segments_seal(&once, NULL) == JIG_OK) {
        struct jig_buf text;
        jig_buf_init(&text, 64 << 20);
        jig_ihex_write(&once, &text);
        if (text.failed || jig_ihex_parse(text.data, text.len, "output", &twice, NULL) != JIG_OK ||
            jig_segments_seal(&twice, NULL) != JIG_OK || once.n != twice.n ||
            once.bytes != twice.bytes)
            abort();
        for (size_t i = 0; i < once.n; i++) {
            if (once.v[i].address != twice.v[i].address || once.v[i].n != twice.v[i].n ||
                memcmp(once.v[i].data, twice.v[i].data, once.v[i].n) != 0)
                abort();
        }
        jig_buf_release(&text);
    }
    jig_segments_release(&once);
    jig_segments_release(&twice);
    return 0;
}
