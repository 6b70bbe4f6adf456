// Expressions and what they give: every case of test/cases/jsonata/*.json.
//
// A case says "about", perhaps a "source", "expression" and perhaps "input", and what to "expect":
// {"result": …}, {"undefined": true} or {"error": code}.

#include <glob.h>
#include <stdio.h>

#include "test/lib/test.h"
#include "test/unit/test_jsonata_support.h"

static struct arena arena;

// The folder of cases stands beside that of this file.
static struct str cases_pattern(void)
{
    struct str file = str_from_c(__FILE__);
    size_t end = str_find(file, STR("unit/test_jsonata_cases.c"));
    return arena_printf(&arena, "%" STR_FORMAT "cases/jsonata/*.json",
                        STR_ARGS(str_slice(file, 0, end)));
}

static struct str read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return (struct str){0};
    char *data = arena_alloc(&arena, MIB(1));
    size_t size = data == NULL ? 0 : fread(data, 1, MIB(1), file);
    fclose(file);
    return (struct str){data, size};
}

static struct str member(const struct json *object, const char *name)
{
    const struct json *value = json_find(object, str_from_c(name));
    return value == NULL ? (struct str){0} : json_str(value);
}

// As the answer of test_jsonata_support.h: JSON, "undefined" or a code.
static struct str expected_answer(const struct json *expect)
{
    if (JSON_FIND(expect, "undefined") != NULL) return STR("undefined");
    const struct json *result = JSON_FIND(expect, "result");
    return result == NULL ? member(expect, "error") : json_render_to_arena(&arena, result);
}

static void run_case(const struct json *test_case)
{
    struct arena CLEANUP(arena_release) own;
    arena_init(&own, MIB(64));
    const struct jsonata_environment environment = {
        .input = JSON_FIND(test_case, "input"),
        .now_unix_ms = 1540127100000,
    };
    struct str actual = answer_within(&own, member(test_case, "expression"), NULL, &environment);
    struct str expected = expected_answer(JSON_FIND(test_case, "expect"));
    struct json a, b;
    // Numbers count, not how they are written.
    bool is_same = str_equal(actual, expected) ||
                   (json_parse(&own, actual, 0, &a, NULL) == STATUS_OK &&
                    json_parse(&own, expected, 0, &b, NULL) == STATUS_OK && json_equal(&a, &b));
    if (!is_same) {
        test_fail(__FILE__, __LINE__, "%" STR_FORMAT " Got %" STR_FORMAT,
                  STR_ARGS(member(test_case, "about")), STR_ARGS(actual));
    }
}

TEST(expressions_give_what_their_cases_expect)
{
    arena_init(&arena, MIB(64));
    glob_t files = {0};
    REQUIRE(glob(cases_pattern().data, 0, NULL, &files) == 0);
    CHECK(files.gl_pathc >= 2);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct json cases;
        struct json_error error = {0};
        if (json_parse(&arena, read_file(files.gl_pathv[i]), 0, &cases, &error) != STATUS_OK) {
            test_fail(__FILE__, __LINE__, "%s: %" STR_FORMAT, files.gl_pathv[i],
                      STR_ARGS(error.message));
            continue;
        }
        for (uint32_t n = 0; n < cases.size; n++)
            run_case(&cases.items[n]);
    }
    globfree(&files);
    arena_release(&arena);
}
