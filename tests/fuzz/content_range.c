/* Content-Range: what is taken makes sense. */
#include <stdint.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/fetch/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JIG_CLEANUP_FREE char *text = jig_xstrndup((const char *)data, size);
    struct jig_content_range r;
    if (!jig_content_range_parse(text, &r))
        return 0;
    if (r.first < -1 || r.last < r.first || (r.total >= 0 && r.last >= r.total) ||
        (r.first < 0 && r.total < 0))
        abort();
    return 0;
}
