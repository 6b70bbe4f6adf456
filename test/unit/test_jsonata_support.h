// Evaluating an expression over a JSON text, for tests: the answer is JSON, "undefined" or a code.

#pragma once

#include "jsonata/jsonata.h"

static inline struct str answer_within(struct arena *arena, struct str expression,
                                       const char *input, const struct jsonata_environment *limits)
{
    const struct jsonata *jsonata;
    struct jsonata_error error;
    struct json value, result;
    struct jsonata_environment environment = *limits;
    if (input != NULL) {
        if (json_parse(arena, str_from_c(input), 0, &value, NULL) != STATUS_OK)
            return STR("bad input");
        environment.input = &value;
    }
    enum status status = jsonata_compile(arena, expression, &jsonata, &error);
    if (status == STATUS_OK)
        status = jsonata_evaluate(jsonata, &environment, arena, &result, &error);
    if (status == STATUS_INVALID) {
        static char code[JSONATA_CODE_SIZE + 1]; // The arena may be full.
        memcpy(code, error.code, sizeof(code));
        return str_from_c(code);
    }
    if (status == STATUS_NOT_FOUND) return STR("undefined");
    return status == STATUS_OK ? json_render_to_arena(arena, &result) : STR("fault");
}

static inline struct str answer(struct arena *arena, const char *expression, const char *input)
{
    const struct jsonata_environment environment = {.now_unix_ms = 1540127100000};
    return answer_within(arena, str_from_c(expression), input, &environment);
}

// A test that evaluates: CHECK_ANSWER("1+1", NULL, "2").
#define CHECK_ANSWER(expression, input, expected)                                                  \
    do {                                                                                           \
        struct arena CLEANUP(arena_release) arena;                                                 \
        arena_init(&arena, MIB(64));                                                               \
        CHECK_STR(answer(&arena, (expression), (input)), STR(expected));                           \
    } while (0)
