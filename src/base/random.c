// xoshiro256** by Blackman and Vigna, seeded through splitmix64 as its authors advise.

#include "base/random.h"

#include <stdlib.h>
#include <unistd.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void random_init_seed(struct random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix(&seed);
}

void random_init_system(struct random *random)
{
    random_secret(random->state, sizeof(random->state));
    random->state[0] |= 1;
}

static uint64_t rotate(uint64_t x, int count)
{
    return (x << count) | (x >> (64 - count));
}

uint64_t random_u64(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double random_uniform(struct random *random)
{
    return (double)(random_u64(random) >> 11) * 0x1.0p-53;
}

// Eight hexadecimal digits: the nibbles are spread over the bytes of a word and made digits all at
// once.
static void put_hex(uint32_t value, char ret_digits[static 8])
{
    uint64_t x = value;
    x = ((x & UINT64_C(0xffff0000)) << 16) | (x & 0xffff);
    x = ((x & UINT64_C(0x0000ff000000ff00)) << 8) | (x & UINT64_C(0x000000ff000000ff));
    x = ((x & UINT64_C(0x00f000f000f000f0)) << 4) | (x & UINT64_C(0x000f000f000f000f));
    uint64_t is_letter = ((x + UINT64_C(0x0606060606060606)) >> 4) & UINT64_C(0x0101010101010101);
    x += UINT64_C(0x3030303030303030) + is_letter * ('a' - '0' - 10);
    for (int i = 7; i >= 0; i--, x >>= 8)
        ret_digits[i] = (char)x;
}

// Put the version and the variant of RFC 9562 into 128 bits and print them.
static void put_uuid(uint64_t high, uint64_t low, uint64_t version,
                     char ret_text[static RANDOM_UUID_SIZE])
{
    char hex[32];
    high = (high & ~UINT64_C(0xf000)) | version << 12;
    low = (low & ~(UINT64_C(3) << 62)) | (UINT64_C(2) << 62);
    put_hex((uint32_t)(high >> 32), hex);
    put_hex((uint32_t)high, hex + 8);
    put_hex((uint32_t)(low >> 32), hex + 16);
    put_hex((uint32_t)low, hex + 24);
    memcpy(ret_text, hex, 8);
    memcpy(ret_text + 9, hex + 8, 4);
    memcpy(ret_text + 14, hex + 12, 4);
    memcpy(ret_text + 19, hex + 16, 4);
    memcpy(ret_text + 24, hex + 20, 12);
    ret_text[8] = ret_text[13] = ret_text[18] = ret_text[23] = '-';
}

void random_uuid(struct random *random, char ret_text[static RANDOM_UUID_SIZE])
{
    uint64_t high = random_u64(random);
    put_uuid(high, random_u64(random), 4, ret_text);
}

void random_uuid_at(struct random *random, int64_t unix_ms, char ret_text[static RANDOM_UUID_SIZE])
{
    uint64_t high = (uint64_t)unix_ms << 16 | (random_u64(random) & 0xfff);
    put_uuid(high, random_u64(random), 7, ret_text);
}

void random_secret(void *ret_bytes, size_t size)
{
    if (getentropy(ret_bytes, size) != 0) abort();
}
