/* What people and libraries write of versions: ranges, and whole lib_deps entries. */
#include <stdint.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/packages/wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JIG_CLEANUP_FREE char *text = jig_xstrndup((const char *)data, size);
    struct jig_range *r = NULL;
    struct jig_wish w;
    if (jig_range_parse(text, &r, NULL) == JIG_OK) {
        (void)jig_range_matches(r, "1.2.3");
        (void)jig_range_matches(r, text);
        if (jig_range_better(r, "1.0", "1.0"))
            abort();
    }
    jig_range_free(r);
    if (jig_wish_library(text, &w, NULL) == JIG_OK)
        jig_wish_release(&w);
    if (jig_wish_platform(text, &w, NULL) == JIG_OK)
        jig_wish_release(&w);
    return 0;
}
