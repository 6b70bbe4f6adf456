// Powers of ten as 128-bit fractions, for reading and printing reals.
//
// An entry is the smallest 128-bit integer g with its top bit set such that g * 2^s >= 10^exponent,
// where s = floor(log2(10^exponent)) - 127. It is exact for exponents from 0 to 55, and otherwise
// too large by less than 1.

#pragma once

#include <assert.h>
#include <stdint.h>

enum { POWER_FIRST = -342, POWER_LAST = 324, POWER_EXACT_LAST = 55 };

struct power {
    uint64_t high;
    uint64_t low;
};

extern const struct power json_powers[POWER_LAST - POWER_FIRST + 1];

static inline const struct power *power_of_ten(int exponent)
{
    assert(exponent >= POWER_FIRST && exponent <= POWER_LAST);
    return &json_powers[exponent - POWER_FIRST];
}

// floor(log2(10^exponent)); the constant is log2(10) in 2^-19, close enough for |exponent| < 1000.
static inline int power_floor_log2(int exponent)
{
    return (exponent * 1741647) >> 19;
}

__extension__ typedef unsigned __int128 power_wide;
