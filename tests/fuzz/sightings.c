/* Lists of sightings as bytes: refused, or read and written again as the same list. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/watch/sightings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct jig_sightings *read = NULL;
    struct jig_sightings *again = NULL;
    if (jig_sightings_decode(data, n, &read, NULL) != JIG_OK)
        return 0;
    struct jig_buf bytes;
    jig_buf_init(&bytes, (size_t)64 << 20);
    jig_sightings_encode(read, &bytes);
    if (!bytes.failed) {
        if (jig_sightings_decode(bytes.data, bytes.len, &again, NULL) != JIG_OK ||
            jig_sightings_count(again) != jig_sightings_count(read))
            abort();
        for (size_t i = 0; i < jig_sightings_count(again); i++) {
            if (jig_sightings_at(again, i)->path[0] != '/')
                abort();
        }
    }
    jig_sightings_free(again);
    jig_sightings_free(read);
    jig_buf_release(&bytes);
    return 0;
}
