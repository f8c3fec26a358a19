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

static void use(struct jig_trace **traces, size_t n)
{
    struct jig_buf again;
    jig_buf_init(&again, 1 << 20);
    jig_traces_write((const struct jig_trace *const *)traces, n, &again); /* what was read can be */
    jig_buf_release(&again);
    for (size_t i = 0; i < n; i++)
        jig_trace_free(traces[i]);
    free(traces);
}

/* The first byte says which reader: a container's checksum would keep the fuzzer out of the rest.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct jig_trace **traces = NULL;
    size_t n = 0;
    struct jig_strv words = {0};
    struct jig_diagnostics diagnostics = {0};
    char *text = jig_xstrndup((const char *)data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        if (jig_traces_decode(data + 1, size - 1, &traces, &n, NULL) == JIG_OK)
            use(traces, n);
        break;
    case 1:
        if (jig_traces_read(data + 1, size - 1, &traces, &n, NULL) == JIG_OK)
            use(traces, n);
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
