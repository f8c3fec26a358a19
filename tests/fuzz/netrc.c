/* netrc: anything may be in it; what is found has a host, a name and a password, and makes a header
 * of one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/fetch/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JIG_CLEANUP_FREE char *text = jig_xstrndup((const char *)data, size);
    struct jig_credentials c = {0};
    jig_credentials_read_netrc(&c, text);
    for (size_t i = 0; i < c.n; i++) {
        const struct jig_credential *one = &c.v[i];
        if (one->host[0] == '\0' || one->login == NULL || one->secret == NULL ||
            jig_credentials_for(&c, one->host, 80) == NULL)
            abort();
        JIG_CLEANUP_FREE char *value = jig_credential_authorization(one);
        if (strpbrk(value, "\r\n") != NULL)
            abort();
    }
    jig_credentials_release(&c);
    return 0;
}
