// Random numbers: a small seeded generator, and identifiers made from it.
//
// A generator is seeded from the system for the server and from a number for tests and replay; the
// same seed gives the same sequence. Not for secrets: those come from random_secret().

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct random {
    uint64_t state[4]; // xoshiro256**, never all zero.
};

void random_init_seed(struct random *random, uint64_t seed);
void random_init_system(struct random *random);

uint64_t random_u64(struct random *random);

// In [0, 1), 53 bits.
double random_uniform(struct random *random);

// A version 4 UUID in lower case, 36 bytes without a NUL.
enum { RANDOM_UUID_SIZE = 36 };
void random_uuid(struct random *random, char ret_text[static RANDOM_UUID_SIZE]);

// A version 7 UUID likewise: later times sort later.
void random_uuid_at(struct random *random, int64_t unix_ms, char ret_text[static RANDOM_UUID_SIZE]);

// Bytes fit for keys and tokens, from the kernel. Ends the process when the kernel has none.
void random_secret(void *ret_bytes, size_t size);
