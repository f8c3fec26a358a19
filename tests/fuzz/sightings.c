/* Lists of sightings as bytes: refused, or read and written again as the same list. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/watch/sightings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum jig_code decode(const void *data, size_t n, struct jig_sightings **ret)
{
    struct jig_buf bytes;
    jig_buf_init(&bytes, (size_t)64 << 20);
    jig_buf_append(&bytes, data, n);
    enum jig_code code = jig_sightings_decode(&bytes, 0, n, ret, NULL);
    jig_buf_release(&bytes);
    return code;
}

/* Rows that nobody wrote differ, before and after they were made into sightings. */
static void check(const struct jig_sightings *s)
{
    free(jig_sightings_differ(s));
    size_t n = jig_sightings_count(s);
    char *differs = jig_sightings_differ(s);
    if (jig_sightings_fault(s) != NULL && (n > 0 || differs == NULL))
        abort();
    free(differs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct jig_sightings *read = NULL;
    struct jig_sightings *again = NULL;
    if (decode(data, n, &read) != JIG_OK)
        return 0;
    check(read);
    struct jig_buf bytes;
    jig_buf_init(&bytes, (size_t)64 << 20);
    jig_sightings_encode(read, &bytes);
    if (!bytes.failed) {
        if (decode(bytes.data, bytes.len, &again) != JIG_OK ||
            jig_sightings_count(again) != jig_sightings_count(read) ||
            jig_sightings_fault(again) != NULL)
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
