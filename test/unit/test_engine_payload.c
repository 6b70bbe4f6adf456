// Payloads are measured exactly where the estimate leaves doubt.

#include <stdlib.h>

#include "asl/machine.h"
#include "engine/payload.h"
#include "test/lib/test.h"

static struct json parse(struct arena *arena, struct str text)
{
    struct json value = json_null;
    CHECK(json_parse(arena, text, 0, &value, NULL) == STATUS_OK);
    return value;
}

// An array that is nested `depth` levels below itself.
static struct json nested(struct arena *arena, uint32_t depth)
{
    struct json value = json_empty_array;
    for (uint32_t i = 0; i < depth; i++) {
        const struct json *item = json_new(arena, value);
        if (item != NULL) value = json_from_items(item, 1);
    }
    return value;
}

static struct json text_of_size(struct arena *arena, size_t size, char byte)
{
    char *text = arena_alloc(arena, size);
    if (text == NULL) return json_null;
    memset(text, byte, size);
    return json_from_str((struct str){text, size});
}

TEST(payload_estimates_bound_the_rendered_text)
{
    static const char *const texts[] = {
        "null",
        "true",
        "-9223372036854775808",
        "123456789012345678901234567890",
        "1.7976931348623157e308",
        "-2.2250738585072014e-308",
        "9e6",
        "\"\"",
        "\"\\u0000\\u0001\\u0002\"",
        "[]",
        "{}",
        "[1,2,3,[4,[5]],{\"a\":{\"b\":null}}]",
        "{\"\\u0001\":\"\\u0001\",\"b\":[true,false]}",
    };
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct payload payload = payload_of(parse(&arena, str_from_c(texts[i])));
        size_t rendered = json_rendered_size(&payload.value);
        CHECK(payload.size_bytes * PAYLOAD_ESTIMATE_FACTOR >= rendered);
        CHECK(payload.is_within_limit);
        payload = payload_of_text(payload.value, strlen(texts[i]));
        CHECK(payload.size_bytes * PAYLOAD_ESTIMATE_FACTOR >= rendered);
    }
}

TEST(payload_at_the_limit_fits_and_one_byte_more_does_not)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(2));
    struct payload payload = payload_of(text_of_size(&arena, ASL_PAYLOAD_SIZE_BYTES_MAX - 2, 'a'));
    CHECK(!payload.is_within_limit);
    CHECK(payload_check(&payload) == PAYLOAD_FITS);
    CHECK(payload.is_within_limit && payload.size_bytes == ASL_PAYLOAD_SIZE_BYTES_MAX);
    payload = payload_of(text_of_size(&arena, ASL_PAYLOAD_SIZE_BYTES_MAX - 1, 'a'));
    CHECK(payload_check(&payload) == PAYLOAD_TOO_LARGE);
}

TEST(payload_counts_what_escaping_adds)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(2));
    // Sixty thousand control characters are rendered as six bytes each.
    struct payload payload = payload_of(text_of_size(&arena, 60000, '\x01'));
    CHECK(payload_check(&payload) == PAYLOAD_TOO_LARGE);
}

TEST(payload_knows_how_deep_it_is)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(2));
    CHECK(payload_of(json_empty_array).depth == 0);
    CHECK(payload_of(nested(&arena, 7)).depth == 7);
    struct payload payload = payload_of(nested(&arena, PAYLOAD_DEPTH_MAX));
    CHECK(payload_check(&payload) == PAYLOAD_FITS);
    payload = payload_of(nested(&arena, PAYLOAD_DEPTH_MAX + 1));
    CHECK(payload_check(&payload) == PAYLOAD_TOO_DEEP);
}

TEST(payload_whose_depth_is_overestimated_is_walked)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(2));
    struct payload payload = payload_of(nested(&arena, 3));
    payload.depth = PAYLOAD_DEPTH_MAX * 2;
    CHECK(payload_check(&payload) == PAYLOAD_FITS);
    CHECK(payload.depth == 3);
}
