/*
 * library_properties.c - library.properties, and how a library's name fits a header's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/arduino/libindex.h"
#include "core/arduino/libpoints.h"
#include "core/arduino/library.h"
#include "core/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_library *lib = jig_new(struct jig_library);
    JIG_CLEANUP_FREE char *text = jig_xstrndup((const char *)data, size);
    lib->dir_name = jig_xstrdup("Wire");
    lib->name = jig_xstrdup("Wire");
    lib->version = jig_xstrdup("");
    lib->ldflags = jig_xstrdup("");
    if (jig_library_parse(lib, "fuzz", (const char *)data, size, NULL) == JIG_OK) {
        for (size_t i = 0; i < lib->architectures.n; i++) {
            if (!jig_library_fits(lib, lib->architectures.v[i]))
                abort();
        }
        if (lib->precompiled_full && !lib->precompiled)
            abort();
    }
    int points = jig_library_points(lib, text, "avr");
    if (points < 0 || points > 1010 + 700)
        abort();
    (void)jig_library_shared_pairs(lib, text);
    JIG_CLEANUP_FREE char *simple = jig_library_simple_name(text);
    if (strlen(simple) > 64)
        abort();
    char *label = jig_library_label(lib);
    free(label);
    jig_library_free(lib);
    return 0;
}
