/*
 * ctags' JSON lines.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/arduino/ctags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_tags tags = {0};
    if (jig_ctags_parse((const char *)data, size, &tags, NULL) != JIG_OK)
        return 0;
    for (size_t i = 0; i < tags.n; i++) {
        if (tags.v[i].line < 1 || tags.v[i].name == NULL || tags.v[i].signature == NULL)
            abort();
    }
    jig_tags_release(&tags);
    return 0;
}
