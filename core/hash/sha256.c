#include "core/hash/sha256.h"

#include <openssl/evp.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

struct jig_sha256 {
    EVP_MD_CTX *ctx;
};

/* EVP fails here only when memory is out or SHA-256 was configured away: neither can be mended. */
static void must(int ok)
{
    if (ok != 1)
        abort();
}

void jig_sha256_prepare(void)
{
    jig_sha256_free(jig_sha256_new());
}

struct jig_sha256 *jig_sha256_new(void)
{
    struct jig_sha256 *h = jig_new(struct jig_sha256);
    h->ctx = EVP_MD_CTX_new();
    must(h->ctx != NULL);
    must(EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL));
    return h;
}

void jig_sha256_free(struct jig_sha256 *h)
{
    if (h == NULL)
        return;
    EVP_MD_CTX_free(h->ctx);
    free(h);
}

void jig_sha256_update(struct jig_sha256 *h, const void *data, size_t n)
{
    must(EVP_DigestUpdate(h->ctx, data, n));
}

void jig_sha256_u64(struct jig_sha256 *h, uint64_t value)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    jig_sha256_update(h, bytes, sizeof bytes);
}

void jig_sha256_field(struct jig_sha256 *h, const void *data, size_t n)
{
    jig_sha256_u64(h, n);
    jig_sha256_update(h, data, n);
}

void jig_sha256_string(struct jig_sha256 *h, const char *s)
{
    if (s == NULL)
        jig_sha256_u64(h, UINT64_MAX);
    else
        jig_sha256_field(h, s, strlen(s));
}

struct jig_digest jig_sha256_final(struct jig_sha256 *h)
{
    struct jig_digest d;
    must(EVP_DigestFinal_ex(h->ctx, d.bytes, NULL));
    must(EVP_DigestInit_ex(h->ctx, NULL, NULL));
    return d;
}

struct jig_digest jig_sha256_of(const void *data, size_t n)
{
    struct jig_digest d;
    must(EVP_Digest(data, n, d.bytes, NULL, EVP_sha256(), NULL));
    return d;
}

static void consume(void *h, const void *data, size_t n)
{
    jig_sha256_update(h, data, n);
}

enum jig_code jig_sha256_file(const char *path, struct jig_digest *ret, struct jig_err *reterr)
{
    struct jig_sha256 *h = jig_sha256_new();
    enum jig_code code = jig_fs_stream(path, consume, h, reterr);
    if (code == JIG_OK)
        *ret = jig_sha256_final(h);
    jig_sha256_free(h);
    return code;
}

void jig_digest_hex(const struct jig_digest *d, char out[JIG_SHA256_HEX])
{
    jig_hex(d->bytes, sizeof d->bytes, out);
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int jig_digest_parse(const char *s, struct jig_digest *ret)
{
    struct jig_digest d;
    if (strlen(s) != 2 * JIG_SHA256_BYTES)
        return 0;
    for (size_t i = 0; i < JIG_SHA256_BYTES; i++) {
        int high = nibble(s[2 * i]);
        int low = nibble(s[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        d.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret = d;
    return 1;
}

int jig_digest_equal(const struct jig_digest *a, const struct jig_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
