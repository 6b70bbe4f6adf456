// Definitions and what is wrong with them: every case of test/cases/asl/*.json.
//
// A case says "about", "source", "definition", by which "rules" (service, or language) and for
// which "type" it is parsed, and what to "expect": result, and all diagnostics in order.

#include <glob.h>
#include <stdio.h>

#include "asl/machine.h"
#include "test/lib/test.h"

static struct arena arena;
static struct asl_diagnostics diagnostics;

// The folder of cases stands beside that of this file.
static struct str cases_pattern(void)
{
    struct str file = str_from_c(__FILE__);
    size_t end = str_find(file, STR("unit/test_asl_cases.c"));
    return arena_printf(&arena, "%" STR_FORMAT "cases/asl/*.json",
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

static void check_diagnostic(struct str about, const struct json *expected,
                             const struct asl_diagnostic *actual, struct str definition)
{
    if (!str_equal(member(expected, "code"), actual->code) ||
        !str_equal(member(expected, "message"), actual->message) ||
        !str_equal(member(expected, "location"), actual->location)) {
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

static void run_case(const struct json *test_case)
{
    struct str about = member(test_case, "about");
    const struct json *expect = JSON_FIND(test_case, "expect");
    const struct json *expected = JSON_FIND(expect, "diagnostics");
    struct str text = json_render_to_arena(&arena, JSON_FIND(test_case, "definition"));
    bool is_language = str_is(member(test_case, "rules"), "language");
    bool is_express = str_is(member(test_case, "type"), "EXPRESS");
    bool is_ok = str_is(member(expect, "result"), "OK");
    const struct asl_machine *machine = NULL;
    asl_diagnostics_init(&diagnostics, &arena);
    enum status status = asl_machine_parse_by(
        is_language ? ASL_RULES_LANGUAGE : ASL_RULES_SERVICE, text,
        is_express ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD, &diagnostics, &machine);
    if (status != (is_ok ? STATUS_OK : STATUS_INVALID)) {
        test_fail(__FILE__, __LINE__, "%" STR_FORMAT " Got %s", STR_ARGS(about),
                  status_name(status));
    }
    if (diagnostics.count != expected->size) {
        test_fail(__FILE__, __LINE__, "%" STR_FORMAT " Got %zu diagnostics", STR_ARGS(about),
                  diagnostics.count);
    }
    for (size_t i = 0; i < diagnostics.count && i < expected->size; i++) {
        check_diagnostic(about, &expected->items[i], &diagnostics.items[i], text);
    }
    asl_machine_unref(machine);
}

TEST(definitions_get_the_diagnostics_that_their_cases_expect)
{
    arena_init(&arena, MIB(64));
    glob_t files = {0};
    REQUIRE(glob(cases_pattern().data, 0, NULL, &files) == 0);
    CHECK(files.gl_pathc >= 10);
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
