// Expressions and what they give: every case of test/cases/jsonata/*.json.
//
// A case says "about", perhaps a "source", "expression" and perhaps "input", and what to "expect":
// {"result": …}, {"undefined": true} or {"error": code}.

#include "test/lib/cases.h"
#include "test/lib/test.h"
#include "test/unit/test_jsonata_support.h"

// As the answer of test_jsonata_support.h: JSON, "undefined" or a code.
static struct str expected_answer(struct arena *arena, const struct json *expect)
{
    if (JSON_FIND(expect, "undefined") != NULL) return STR("undefined");
    const struct json *result = JSON_FIND(expect, "result");
    return result == NULL ? CASE_TEXT(expect, "error") : json_render_to_arena(arena, result);
}

static void run_case(const char *path, const struct json *test_case)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(64));
    const struct jsonata_environment environment = {
        .input = JSON_FIND(test_case, "input"),
        .now_unix_ms = 1540127100000,
    };
    struct str actual =
        answer_within(&arena, CASE_TEXT(test_case, "expression"), NULL, &environment);
    struct str expected = expected_answer(&arena, JSON_FIND(test_case, "expect"));
    struct json a, b;
    // Numbers count, not how they are written.
    bool is_same = str_equal(actual, expected) ||
                   (json_parse(&arena, actual, 0, &a, NULL) == STATUS_OK &&
                    json_parse(&arena, expected, 0, &b, NULL) == STATUS_OK && json_equal(&a, &b));
    if (!is_same) {
        test_fail(path, 0, "%" STR_FORMAT " Got %" STR_FORMAT,
                  STR_ARGS(CASE_TEXT(test_case, "about")), STR_ARGS(actual));
    }
}

TEST(expressions_give_what_their_cases_expect)
{
    test_each_case("jsonata", 2, run_case);
}
