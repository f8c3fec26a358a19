#include "core/hash/sha1.h"

#include <openssl/evp.h>
#include <stdlib.h>

void jig_sha1_of(const void *data, size_t n, uint8_t digest[JIG_SHA1_BYTES])
{
    unsigned length = 0;
    if (EVP_Digest(data, n, digest, &length, EVP_sha1(), NULL) != 1 || length != JIG_SHA1_BYTES)
        abort(); /* out of memory, or an OpenSSL without SHA-1 */
}
