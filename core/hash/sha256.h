/*
 * sha256.h - SHA-256, for what is named or trusted by its content (OpenSSL's EVP).
 *
 * Threads: a jig_sha256 belongs to one thread at a time.
 */
#ifndef JIG_HASH_SHA256_H
#define JIG_HASH_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define JIG_SHA256_BYTES 32
#define JIG_SHA256_HEX   65 /* with the NUL */

struct jig_digest {
    uint8_t bytes[JIG_SHA256_BYTES];
};

struct jig_sha256; /* a running hash */

/* The first hash of a process starts OpenSSL, which reads its configuration and takes a
 * millisecond: for who wants to have that behind him. */
void jig_sha256_prepare(void);

struct jig_sha256 *jig_sha256_new(void);
void jig_sha256_free(struct jig_sha256 *h);
void jig_sha256_update(struct jig_sha256 *h, const void *data, size_t n);
/* Adds the length before the bytes, so that no two lists of fields run into one. */
void jig_sha256_field(struct jig_sha256 *h, const void *data, size_t n);
void jig_sha256_string(struct jig_sha256 *h, const char *s); /* a field; NULL differs from "" */
void jig_sha256_u64(struct jig_sha256 *h, uint64_t value);   /* little endian */
struct jig_digest jig_sha256_final(struct jig_sha256 *h);    /* h starts anew */

struct jig_digest jig_sha256_of(const void *data, size_t n);
enum jig_code jig_sha256_file(const char *path, struct jig_digest *ret,
                              struct jig_err *reterr) JIG_CHECKED;

void jig_digest_hex(const struct jig_digest *d, char out[JIG_SHA256_HEX]);
/* False unless s is exactly 64 lower- or upper-case hex digits. */
int jig_digest_parse(const char *s, struct jig_digest *ret);
int jig_digest_equal(const struct jig_digest *a, const struct jig_digest *b);

#endif
