// Definitions and what is wrong with them: every case of test/cases/asl/*.json.
//
// A case says "about", "source", "definition", by which "rules" (service, or language) and for
// which "type" it is parsed, and what to "expect": result, and all diagnostics in order.

#include "asl/machine.h"
#include "test/lib/cases.h"
#include "test/lib/test.h"

static void check_diagnostic(struct str about, const struct json *expected,
                             const struct asl_diagnostic *actual, struct str definition)
{
    if (!str_equal(CASE_TEXT(expected, "code"), actual->code) ||
        !str_equal(CASE_TEXT(expected, "message"), actual->message) ||
        !str_equal(CASE_TEXT(expected, "location"), actual->location)) {
        test_fail(__FILE__, __LINE__,
                  "%" STR_FORMAT " Got %" STR_FORMAT ": %" STR_FORMAT " at %" STR_FORMAT,
                  STR_ARGS(about), STR_ARGS(actual->code), STR_ARGS(actual->message),
                  STR_ARGS(actual->location));
    }
    // The offset is that of a value.
    if (actual->location.data == NULL) return;
    CHECK(actual->offset < definition.size);
    if (actual->offset < definition.size)
        CHECK(strchr("{[\"-0123456789tfn", definition.data[actual->offset]) != NULL);
}

static void run_case(const char *path, const struct json *test_case)
{
    struct arena CLEANUP(arena_release) arena;
    struct asl_diagnostics diagnostics;
    arena_init(&arena, MIB(64));
    struct str about = CASE_TEXT(test_case, "about");
    const struct json *expect = JSON_FIND(test_case, "expect");
    const struct json *expected = JSON_FIND(expect, "diagnostics");
    struct str text = json_render_to_arena(&arena, JSON_FIND(test_case, "definition"));
    bool is_language = str_is(CASE_TEXT(test_case, "rules"), "language");
    bool is_express = str_is(CASE_TEXT(test_case, "type"), "EXPRESS");
    bool is_ok = str_is(CASE_TEXT(expect, "result"), "OK");
    const struct asl_machine *machine = NULL;
    asl_diagnostics_init(&diagnostics, &arena);
    enum status status = asl_machine_parse_by(
        is_language ? ASL_RULES_LANGUAGE : ASL_RULES_SERVICE, text,
        is_express ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD, &diagnostics, &machine);
    if (status != (is_ok ? STATUS_OK : STATUS_INVALID)) {
        test_fail(path, 0, "%" STR_FORMAT " Got %s", STR_ARGS(about), status_name(status));
    }
    if (diagnostics.count != expected->size) {
        test_fail(path, 0, "%" STR_FORMAT " Got %zu diagnostics", STR_ARGS(about),
                  diagnostics.count);
    }
    for (size_t i = 0; i < diagnostics.count && i < expected->size; i++) {
        check_diagnostic(about, &expected->items[i], &diagnostics.items[i], text);
    }
    asl_machine_unref(machine);
}

TEST(definitions_get_the_diagnostics_that_their_cases_expect)
{
    test_each_case("asl", 10, run_case);
}
