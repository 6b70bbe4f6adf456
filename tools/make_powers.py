#!/usr/bin/env python3
"""Print src/json/powers.c: powers of ten as 128-bit fractions, rounded up."""

FIRST, LAST = -342, 324


def ceiling_of_power(exponent):
    """The smallest 128-bit integer with its top bit set that is at least 10^exponent * 2^shift."""
    if exponent >= 0:
        value = 10 ** exponent
        shift = value.bit_length() - 128
        return value << -shift if shift <= 0 else -(-value >> shift)
    divisor = 10 ** -exponent
    shift = 127 + divisor.bit_length()
    quotient = -(-(1 << shift) // divisor)
    while quotient.bit_length() > 128:
        shift -= 1
        quotient = -(-(1 << shift) // divisor)
    return quotient


print('// Powers of ten for reading and printing reals. Made by tools/make_powers.py; do not edit.')
print()
print('#include "json/powers.h"')
print()
print('const struct power json_powers[POWER_LAST - POWER_FIRST + 1] = {')
for exponent in range(FIRST, LAST + 1):
    bits = ceiling_of_power(exponent)
    print(f'    {{0x{bits >> 64:016x}, 0x{bits & (1 << 64) - 1:016x}}}, // {exponent}')
print('};')
