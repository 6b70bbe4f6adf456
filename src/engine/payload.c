// The walk counts bytes as if nothing needed escaping, which keeps it from reading text.

#include "engine/payload.h"

#include <assert.h>

#include "asl/machine.h"

struct walk {
    size_t size_bytes;
    uint32_t depth;
};

// Estimates per scalar: the rendered text takes at most PAYLOAD_ESTIMATE_FACTOR times as much.
enum { ESTIMATE_INTEGER = 6, ESTIMATE_REAL = 8, ESTIMATE_WORD = 5, ESTIMATE_QUOTES = 2 };

// NOLINTNEXTLINE(misc-no-recursion): stops at PAYLOAD_DEPTH_MAX.
static void walk_value(struct walk *walk, const struct json *value, uint32_t depth)
{
    if (depth > walk->depth) walk->depth = depth;
    switch ((enum json_type)value->type) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: walk->size_bytes += ESTIMATE_WORD; break;
    case JSON_INTEGER: walk->size_bytes += ESTIMATE_INTEGER; break;
    case JSON_REAL: walk->size_bytes += ESTIMATE_REAL; break;
    case JSON_NUMBER_TEXT: walk->size_bytes += value->size; break;
    case JSON_STRING: walk->size_bytes += value->size + ESTIMATE_QUOTES; break;
    case JSON_ARRAY:
        walk->size_bytes += value->size + 2;
        if (depth > PAYLOAD_DEPTH_MAX) return;
        for (uint32_t i = 0; i < value->size; i++)
            walk_value(walk, &value->items[i], depth + 1);
        break;
    case JSON_OBJECT:
        walk->size_bytes += 2 + (size_t)value->size * (ESTIMATE_QUOTES + 2);
        if (depth > PAYLOAD_DEPTH_MAX) return;
        for (uint32_t i = 0; i < value->size; i++) {
            walk->size_bytes += value->members[i].name.size;
            walk_value(walk, &value->members[i].value, depth + 1);
        }
        break;
    }
}

static bool is_surely_within_limit(size_t size_bytes)
{
    return size_bytes <= ASL_PAYLOAD_SIZE_BYTES_MAX / PAYLOAD_ESTIMATE_FACTOR;
}

struct payload payload_of(struct json value)
{
    struct walk walk = {0};
    walk_value(&walk, &value, 0);
    assert(walk.size_bytes > 0);
    return (struct payload){
        .value = value,
        .size_bytes = walk.size_bytes,
        .depth = walk.depth,
        .is_within_limit =
            walk.depth <= PAYLOAD_DEPTH_MAX && is_surely_within_limit(walk.size_bytes),
    };
}

struct payload payload_of_text(struct json value, size_t text_size_bytes)
{
    // Rendering can lengthen a text: a number written 9e6 is shown as 9000000.0. The depth is not
    // known without a walk, but a short text cannot be deep.
    if (text_size_bytes == 0 || text_size_bytes > (size_t)2 * PAYLOAD_DEPTH_MAX) {
        return payload_of(value);
    }
    return (struct payload){
        .value = value,
        .size_bytes = text_size_bytes,
        .depth = (uint32_t)text_size_bytes / 2,
        .is_within_limit = is_surely_within_limit(text_size_bytes),
    };
}

enum payload_verdict payload_check(struct payload *payload)
{
    if (payload->depth > PAYLOAD_DEPTH_MAX) {
        struct payload exact = payload_of(payload->value);
        if (exact.depth > PAYLOAD_DEPTH_MAX) return PAYLOAD_TOO_DEEP;
        payload->depth = exact.depth;
    }
    if (payload->is_within_limit) return PAYLOAD_FITS;
    if (!is_surely_within_limit(payload->size_bytes)) {
        payload->size_bytes = json_rendered_size(&payload->value);
        if (payload->size_bytes > ASL_PAYLOAD_SIZE_BYTES_MAX) return PAYLOAD_TOO_LARGE;
    }
    payload->is_within_limit = true;
    assert(payload->depth <= PAYLOAD_DEPTH_MAX);
    return PAYLOAD_FITS;
}
