/* URLs: what is taken has a host, no credentials, and nothing that could end a request's line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/fetch/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JIG_CLEANUP_FREE char *text = jig_xstrndup((const char *)data, size);
    struct jig_url u;
    if (jig_url_parse(text, false, &u, NULL) != JIG_OK)
        return 0;
    if (u.host[0] == '\0' || u.port == 0 || u.is_file || strpbrk(text, " \r\n\t") != NULL ||
        strchr(u.host, '@') != NULL)
        abort();
    jig_url_release(&u);
    return 0;
}
