// One-shot calls into OpenSSL. A failure there means the library is broken: the process ends.

#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

static const struct {
    struct str name;
    const EVP_MD *(*find)(void);
} algorithms[] = {
    [DIGEST_MD5] = {STR_INIT("MD5"), EVP_md5},
    [DIGEST_SHA1] = {STR_INIT("SHA-1"), EVP_sha1},
    [DIGEST_SHA256] = {STR_INIT("SHA-256"), EVP_sha256},
    [DIGEST_SHA384] = {STR_INIT("SHA-384"), EVP_sha384},
    [DIGEST_SHA512] = {STR_INIT("SHA-512"), EVP_sha512},
};

bool digest_algorithm_find(struct str name, enum digest_algorithm *ret_algorithm)
{
    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        if (str_equal(algorithms[i].name, name)) {
            *ret_algorithm = (enum digest_algorithm)i;
            return true;
        }
    }
    return false;
}

size_t digest_compute(enum digest_algorithm algorithm, struct str bytes,
                      unsigned char ret_bytes[static DIGEST_SIZE_MAX])
{
    unsigned int size = 0;
    if (EVP_Digest(bytes.data, bytes.size, ret_bytes, &size, algorithms[algorithm].find(), NULL) !=
        1) {
        abort();
    }
    return size;
}

void digest_hmac_sha256(struct str key, struct str bytes,
                        unsigned char ret_bytes[static DIGEST_SHA256_SIZE])
{
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), key.data, (int)key.size, (const unsigned char *)bytes.data, bytes.size,
             ret_bytes, &size) == NULL) {
        abort();
    }
}
