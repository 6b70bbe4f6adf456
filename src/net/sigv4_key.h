// Hashes and derived keys of Signature V4. Internal to sigv4.c.
//
// OpenSSL's contexts are made once and reused, and the derived key of a (key, date, region,
// service) is kept in the form in which HMAC starts with it, since each costs more than the
// hashing itself.

#pragma once

#include <openssl/evp.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/str.h"
#include "net/sigv4.h"

enum {
    SIGV4_DIGEST_SIZE = 32,
    SIGV4_DIGEST_HEX_SIZE = 64,
    SIGV4_KEY_CACHE_SIZE = 64,   // Entries; a power of two.
    SIGV4_CACHED_TEXT_MAX = 224, // Of scope and secret together; longer ones are not cached.
};

// A key as HMAC-SHA256 uses it: one block each, XORed with its pad.
struct sigv4_hmac_key {
    unsigned char inner[64];
    unsigned char outer[64];
};

struct sigv4_key_entry {
    size_t text_size; // 0: free.
    char text[SIGV4_CACHED_TEXT_MAX];
    struct sigv4_hmac_key key;
};

struct sigv4_keys {
    EVP_MD *sha256;
    EVP_MD_CTX *context;
    struct sigv4_key_entry entries[SIGV4_KEY_CACHE_SIZE];
};

MUST_USE bool sigv4_keys_init(struct sigv4_keys *keys);
void sigv4_keys_release(struct sigv4_keys *keys);

// Lower-case hexadecimal SHA-256.
void sigv4_digest(struct sigv4_keys *keys, struct str bytes,
                  char ret_hex[static SIGV4_DIGEST_HEX_SIZE]);

// The key that requests of `scope` are signed with. Valid until the next call.
//
//     kDate = HMAC("AWS4" + secret, date); kRegion = HMAC(kDate, region); kService =
//     HMAC(kRegion, service); kSigning = HMAC(kService, "aws4_request")
const struct sigv4_hmac_key *sigv4_key_derive(struct sigv4_keys *keys,
                                              const struct sigv4_scope *scope, struct str secret);

// Lower-case hexadecimal HMAC-SHA256 of `text`.
void sigv4_key_sign(struct sigv4_keys *keys, const struct sigv4_hmac_key *key, struct str text,
                    char ret_hex[static SIGV4_DIGEST_HEX_SIZE]);
