// HMAC by hand over one reused digest context. The cache is direct-mapped: whoever comes last
// stays. A failure inside OpenSSL means the library is broken and ends the process.

#include "net/sigv4_key.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/encoding.h"

bool sigv4_keys_init(struct sigv4_keys *keys)
{
    keys->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    keys->context = EVP_MD_CTX_new();
    if (keys->sha256 == NULL || keys->context == NULL) return false;
    return EVP_DigestInit_ex2(keys->context, keys->sha256, NULL) == 1;
}

void sigv4_keys_release(struct sigv4_keys *keys)
{
    EVP_MD_CTX_free(keys->context);
    EVP_MD_free(keys->sha256);
    OPENSSL_cleanse(keys, sizeof(*keys));
}

// SHA-256 of two pieces, of which the first may be empty.
static void digest(struct sigv4_keys *keys, struct str first, struct str second,
                   unsigned char ret_digest[static SIGV4_DIGEST_SIZE])
{
    unsigned int size = 0;
    // Initialising with no algorithm keeps the one the context has, without looking it up.
    if (EVP_DigestInit_ex2(keys->context, NULL, NULL) != 1 ||
        EVP_DigestUpdate(keys->context, first.data, first.size) != 1 ||
        EVP_DigestUpdate(keys->context, second.data, second.size) != 1 ||
        EVP_DigestFinal_ex(keys->context, ret_digest, &size) != 1 || size != SIGV4_DIGEST_SIZE) {
        abort();
    }
}

static struct str bytes_of(const unsigned char *bytes, size_t size)
{
    return (struct str){(const char *)bytes, size};
}

void sigv4_digest(struct sigv4_keys *keys, struct str bytes,
                  char ret_hex[static SIGV4_DIGEST_HEX_SIZE])
{
    unsigned char result[SIGV4_DIGEST_SIZE];
    digest(keys, STR(""), bytes, result);
    encoding_hex(bytes_of(result, sizeof(result)), ret_hex);
}

// RFC 2104.
static void set_key(struct sigv4_keys *keys, struct sigv4_hmac_key *key, struct str secret)
{
    unsigned char shortened[SIGV4_DIGEST_SIZE];
    if (secret.size > sizeof(key->inner)) {
        digest(keys, STR(""), secret, shortened);
        secret = bytes_of(shortened, sizeof(shortened));
    }
    for (size_t i = 0; i < sizeof(key->inner); i++) {
        unsigned char byte = i < secret.size ? (unsigned char)secret.data[i] : 0;
        key->inner[i] = byte ^ 0x36;
        key->outer[i] = byte ^ 0x5c;
    }
}

static void hmac(struct sigv4_keys *keys, const struct sigv4_hmac_key *key, struct str text,
                 unsigned char ret_digest[static SIGV4_DIGEST_SIZE])
{
    unsigned char inner[SIGV4_DIGEST_SIZE];
    digest(keys, bytes_of(key->inner, sizeof(key->inner)), text, inner);
    digest(keys, bytes_of(key->outer, sizeof(key->outer)), bytes_of(inner, sizeof(inner)),
           ret_digest);
}

void sigv4_key_sign(struct sigv4_keys *keys, const struct sigv4_hmac_key *key, struct str text,
                    char ret_hex[static SIGV4_DIGEST_HEX_SIZE])
{
    unsigned char result[SIGV4_DIGEST_SIZE];
    hmac(keys, key, text, result);
    encoding_hex(bytes_of(result, sizeof(result)), ret_hex);
}

static void derive(struct sigv4_keys *keys, const struct sigv4_scope *scope, struct str secret,
                   struct sigv4_hmac_key *key)
{
    const struct str steps[] = {scope->date, scope->region, scope->service, STR("aws4_request")};
    struct buffer first;
    buffer_init(&first, SIZE_MAX);
    buffer_append_str(&first, STR("AWS4"));
    buffer_append_str(&first, secret);
    if (first.is_failed) abort(); // A secret is a few dozen bytes.
    set_key(keys, key, buffer_str(&first));
    OPENSSL_cleanse(first.data, first.size);
    buffer_release(&first);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        unsigned char result[SIGV4_DIGEST_SIZE];
        hmac(keys, key, steps[i], result);
        set_key(keys, key, bytes_of(result, sizeof(result)));
    }
}

// Everything the key depends on, NUL-separated (no part contains one). 0 when too long.
static size_t cache_text(const struct sigv4_scope *scope, struct str secret,
                         char ret_text[static SIGV4_CACHED_TEXT_MAX])
{
    const struct str parts[] = {scope->date, scope->region, scope->service, secret};
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (parts[i].size + 1 > SIGV4_CACHED_TEXT_MAX - size) return 0;
        memcpy(ret_text + size, parts[i].data, parts[i].size);
        size += parts[i].size;
        ret_text[size++] = '\0';
    }
    return size;
}

const struct sigv4_hmac_key *sigv4_key_derive(struct sigv4_keys *keys,
                                              const struct sigv4_scope *scope, struct str secret)
{
    char text[SIGV4_CACHED_TEXT_MAX];
    size_t text_size = cache_text(scope, secret, text);
    uint64_t hash = text_size == 0 ? 0 : str_hash((struct str){text, text_size});
    struct sigv4_key_entry *entry = &keys->entries[hash % SIGV4_KEY_CACHE_SIZE];
    bool is_known =
        text_size > 0 && entry->text_size == text_size && memcmp(entry->text, text, text_size) == 0;
    if (!is_known) {
        derive(keys, scope, secret, &entry->key);
        if (text_size > 0) memcpy(entry->text, text, text_size);
        entry->text_size = text_size;
    }
    OPENSSL_cleanse(text, text_size);
    return &entry->key;
}
