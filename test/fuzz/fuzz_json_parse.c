// Fuzzes the JSON parser, renderers and comparison (src/json) with texts.
//
// Needs: json, base (json_dep).
//
// What is accepted must render, parse again and be equal; what is refused must have a place inside
// of the text and a message in UTF-8. The first byte chooses an arena limit, so that memory runs
// out at any place.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/encoding.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct json *value)
{
    struct arena CLEANUP(arena_release) arena;
    struct buffer CLEANUP(buffer_release) pretty;
    arena_init(&arena, MIB(64));
    buffer_init(&pretty, MIB(16));
    struct str text = json_render_to_arena(&arena, value);
    assert(!arena.is_exhausted && text.size > 0);
    assert(encoding_utf8_check(text) == SIZE_MAX);
    struct json again, copy;
    enum status status = json_parse(&arena, text, 0, &again, NULL);
    assert(status == STATUS_OK);
    assert(json_equal(value, &again) && json_equal(&again, value));
    assert(str_equal(json_render_to_arena(&arena, &again), text));

    bool is_copied = json_copy(&arena, value, &copy);
    assert(is_copied && json_equal(&copy, value));

    json_render_pretty(&pretty, value);
    assert(!pretty.is_failed);
    status = json_parse(&arena, buffer_str(&pretty), JSON_PARSE_COPY, &again, NULL);
    assert(status == STATUS_OK && json_equal(value, &again));
}

static void check_refusal(const struct json_error *error, size_t size)
{
    assert(error->offset <= size);
    assert(error->line >= 1 && error->column >= 1);
    assert(error->message.size > 0 && encoding_utf8_check(error->message) == SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    size_t limit = data[0] < 128 ? MIB(16) : (size_t)(data[0] - 128) * 64;
    struct str text = {(const char *)data + 1, size - 1};
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, limit);
    struct json value;
    struct json_error error;
    enum status status =
        json_parse(&arena, text, (data[0] & 1) != 0 ? JSON_PARSE_COPY : 0, &value, &error);
    assert(status == STATUS_OK || status == STATUS_INVALID || status == STATUS_NO_MEMORY);
    if (status == STATUS_OK) check_round_trip(&value);
    if (status == STATUS_INVALID) check_refusal(&error, text.size);
    return 0;
}
