/*
 * sha1.h - SHA-1, for names that another tool makes with it; never for trust.
 */
#ifndef JIG_HASH_SHA1_H
#define JIG_HASH_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define JIG_SHA1_BYTES 20

void jig_sha1_of(const void *data, size_t n, uint8_t digest[JIG_SHA1_BYTES]);

#endif
