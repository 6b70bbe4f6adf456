// Fuzzes jsonata_compile() and jsonata_evaluate(). Needs the libraries jsonata, json and base.
//
// The bytes are an expression, evaluated over a fixed document under small limits. Whatever it is,
// both end in one of their documented ways; a result is JSON that renders and parses again.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "jsonata/jsonata.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char document[] =
    "{\"a\":1,\"b\":[1,2.5,-3],\"c\":{\"d\":\"text\",\"e\":null,\"f\":[[1],[2,[3]]]},"
    "\"items\":[{\"price\":2,\"qty\":3,\"tags\":[\"x\",\"y\"]},{\"price\":4,\"qty\":1,\"tags\":[]}]"
    ","
    "\"s\":\"2018-10-21T13:05:00Z\",\"t\":true,\"big\":1e300,\"\":0}";

static void check_result(struct arena *arena, const struct json *value)
{
    struct json again;
    struct str text = json_render_to_arena(arena, value);
    if (arena->is_exhausted) return;
    assert(json_parse(arena, text, 0, &again, NULL) != STATUS_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena CLEANUP(arena_release) compile_arena;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&compile_arena, MIB(16));
    arena_init(&arena, MIB(8));
    const struct jsonata *jsonata;
    struct jsonata_error error;
    struct json input, value;
    struct str text = {(const char *)bytes, size};
    if (json_parse(&arena, str_from_c(document), 0, &input, NULL) != STATUS_OK) return 0;
    enum status status = jsonata_compile(&compile_arena, text, &jsonata, &error);
    if (status != STATUS_OK) {
        assert(status == STATUS_INVALID || status == STATUS_NO_MEMORY);
        return 0;
    }
    struct jsonata_binding binding = {STR("x"), input};
    struct jsonata_environment environment = {
        .input = &input,
        .bindings = &binding,
        .binding_count = 1,
        .now_unix_ms = 1540127100000,
        .depth_max = 500,
        .steps_max = 200000,
        .time_max_ms = 500,
    };
    status = jsonata_evaluate(jsonata, &environment, &arena, &value, &error);
    if (status == STATUS_OK)
        check_result(&arena, &value);
    else
        assert(status == STATUS_NOT_FOUND || status == STATUS_INVALID);
    return 0;
}
