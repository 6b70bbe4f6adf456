// Payloads: state data with what the engine knows about its size and depth.
//
// The service limits every input, result and output to 256 KiB of JSON text. Measuring a value
// means walking it, so a payload carries an estimate that survives sharing: a state that passes its
// input along costs nothing, and a value is measured exactly only when the estimate leaves doubt.
//
// Invariants:
//   1. The rendered text is never longer than PAYLOAD_ESTIMATE_FACTOR * size_bytes.
//   2. When is_within_limit is set, the rendered text is not longer than
//   ASL_PAYLOAD_SIZE_BYTES_MAX.
//   3. `value` is nested at most `depth` deep.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

struct payload {
    struct json value;
    size_t size_bytes; // Estimate, see above.
    uint32_t depth;    // 0 for scalars; an upper bound.
    bool is_within_limit;
};

enum {
    PAYLOAD_ESTIMATE_FACTOR = 6, // "\u0000" takes six bytes for one.
    PAYLOAD_DEPTH_MAX = 500,     // A little under JSON_DEPTH_MAX, for the envelopes around values.
};

// `value` walked once. A value nested deeper than PAYLOAD_DEPTH_MAX gets a greater `depth` and an
// estimate of what was seen.
struct payload payload_of(struct json value);

// `value`, which came as JSON text of `text_size_bytes`.
struct payload payload_of_text(struct json value, size_t text_size_bytes);

// A part of `whole`.
static inline struct payload payload_part(const struct payload *whole, struct json value)
{
    return (struct payload){
        .value = value,
        .size_bytes = whole->size_bytes,
        .depth = whole->depth,
        .is_within_limit = whole->is_within_limit,
    };
}

// Find out whether the payload keeps the limits of size and depth, exactly where the estimate does
// not tell, and remember it.
enum payload_verdict { PAYLOAD_FITS, PAYLOAD_TOO_LARGE, PAYLOAD_TOO_DEEP };
enum payload_verdict payload_check(struct payload *payload);
