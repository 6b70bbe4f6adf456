// Digests and HMAC by OpenSSL: MD5, SHA-1, SHA-256, SHA-384, SHA-512.

#pragma once

#include <stddef.h>

#include "base/attributes.h"
#include "base/str.h"

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };

enum { DIGEST_SIZE_MAX = 64, DIGEST_SHA256_SIZE = 32 };

// By the name that the States Language uses: "MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512".
MUST_USE bool digest_algorithm_find(struct str name, enum digest_algorithm *ret_algorithm);

// Returns the digest's size; `ret_bytes` takes up to DIGEST_SIZE_MAX.
size_t digest_compute(enum digest_algorithm algorithm, struct str bytes,
                      unsigned char ret_bytes[static DIGEST_SIZE_MAX]);

void digest_hmac_sha256(struct str key, struct str bytes,
                        unsigned char ret_bytes[static DIGEST_SHA256_SIZE]);
