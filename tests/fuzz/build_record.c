/*
 * build_record.c - fuzzes what is read back from a build folder and the object cache: traces in a
 * container, dependency files, and what compilers print.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/build/depfile.h"
#include "core/build/diagnostics.h"
#include "core/build/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_traces(const uint8_t *at, const uint8_t *end)
{
    struct jig_trace *t = NULL;
    while (at < end && jig_trace_decode(&at, end, &t, NULL) == JIG_OK) {
        struct jig_buf again;
        jig_buf_init(&again, 1 << 20);
        jig_trace_encode(t, &again); /* what was read can be written */
        jig_buf_release(&again);
        jig_trace_free(t);
    }
}

/* The first byte says which reader: a container's checksum would keep the fuzzer out of the rest.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint64_t count = 0;
    const uint8_t *at = NULL;
    const uint8_t *end = NULL;
    struct jig_strv words = {0};
    struct jig_diagnostics diagnostics = {0};
    char *text = jig_xstrndup((const char *)data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        read_traces(data + 1, data + size);
        break;
    case 1:
        if (jig_traces_open(data + 1, size - 1, &count, &at, &end, NULL) == JIG_OK)
            read_traces(at, end);
        break;
    case 2:
        if (jig_depfile_parse((const char *)data + 1, size - 1, &words, NULL) != JIG_OK)
            jig_strv_clear(&words);
        break;
    default:
        jig_diagnostics_parse(text, &diagnostics);
    }
    jig_diagnostics_release(&diagnostics);
    jig_strv_release(&words);
    free(text);
    return 0;
}
