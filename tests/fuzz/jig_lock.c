/* A lock file that somebody else wrote. */
#include <stdint.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/packages/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_lockfile l;
    struct jig_package p;
    if (size <= 65536 && jig_lockfile_parse("fuzz", (const char *)data, size, &l, NULL) == JIG_OK)
        jig_lockfile_release(&l);
    if (size > 65536 || jig_package_parse("fuzz", (const char *)data, size, &p, NULL) != JIG_OK)
        return 0;
    JIG_CLEANUP_FREE char *text = jig_package_text(&p);
    JIG_CLEANUP_FREE char *index = jig_package_installed_json(&p);
    jig_package_release(&p);
    if (index[0] != '{' || text[0] != '{')
        abort();
    return 0;
}
