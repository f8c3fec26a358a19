/* The file of tokens: what is taken makes a header of one line, and is refused with a sentence
 * else. */
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
    struct jig_err err = JIG_ERR_INIT;
    if (jig_credentials_read_tokens(&c, "tokens", text, &err) != JIG_OK && err.message[0] == '\0')
        abort();
    for (size_t i = 0; i < c.n; i++) {
        JIG_CLEANUP_FREE char *value = jig_credential_authorization(&c.v[i]);
        if (strpbrk(value, "\r\n") != NULL || c.v[i].login != NULL)
            abort();
    }
    jig_credentials_release(&c);
    return 0;
}
