// Templates: what they evaluate to, what they share, and what errors say.

#include "asl/machine.h"
#include "test/lib/test.h"

static struct arena arena;
static struct asl_diagnostics diagnostics;

// A machine of one Pass state with the given fields.
static const struct asl_machine *pass_with(const char *fields)
{
    struct str text = arena_printf(
        &arena, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true,%s}}}",
        fields);
    const struct asl_machine *machine = NULL;
    asl_diagnostics_init(&diagnostics, &arena);
    enum status status = asl_machine_parse(text, ASL_MACHINE_STANDARD, &diagnostics, &machine);
    if (status != STATUS_OK) test_fail(__FILE__, __LINE__, "%s", fields);
    return machine;
}

static struct json value_of(const char *text)
{
    struct json value = json_null;
    if (json_parse(&arena, str_from_c(text), 0, &value, NULL) != STATUS_OK)
        test_fail(__FILE__, __LINE__, "%s", text);
    return value;
}

// What `template` gives for the data; the cause of the error when it gives none.
static struct str evaluate(const char *template, const char *data)
{
    struct str fields = arena_printf(&arena, "\"Parameters\":%s", template);
    const struct asl_machine *machine = pass_with(fields.data);
    if (machine == NULL) return STR("");
    struct json input = value_of(data), context = value_of("{\"State\":{\"Name\":\"A\"}}");
    struct asl_variables outer = {.values = value_of("{\"x\":1,\"y\":2}")};
    struct asl_variables inner = {.outer = &outer, .values = value_of("{\"x\":[10,20]}")};
    struct asl_environment environment = {
        .data = &input, .context_object = &context, .variables = &inner};
    struct json result;
    struct asl_error error = {0};
    enum status status =
        asl_template_evaluate(machine->states[0].parameters, &environment, &arena, &result, &error);
    if (status == STATUS_INVALID) CHECK_STR(error.name, STR("States.Runtime"));
    struct str text = status == STATUS_OK ? json_render_to_arena(&arena, &result) : error.cause;
    asl_machine_unref(machine);
    return text;
}

TEST(templates_evaluate)
{
    static const struct {
        const char *template, *data, *result;
    } cases[] = {
        {"{\"a\":1}", "{}", "{\"a\":1}"},
        {"{\"a.$\":\"$.x\",\"b\":2}", "{\"x\":[7]}", "{\"a\":[7],\"b\":2}"},
        {"[1,{\"a.$\":\"$\"},[{\"b\":[{\"c.$\":\"$.x\"}]}]]", "{\"x\":null}",
         "[1,{\"a\":{\"x\":null}},[{\"b\":[{\"c\":null}]}]]"},
        {"{\"a.$\":\"$$.State.Name\"}", "{}", "{\"a\":\"A\"}"},
        {"{\"a.$\":\"$x[1]\",\"b.$\":\"$y\"}", "{}", "{\"a\":20,\"b\":2}"},
        {"{\"a\":\"$.x\"}", "{}", "{\"a\":\"$.x\"}"},
        {"{\".$\":\"kept\"}", "{}", "{\".$\":\"kept\"}"},
        {"\"text\"", "{}", "\"text\""},
    };
    arena_init(&arena, MIB(8));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        CHECK_STR(evaluate(cases[i].template, cases[i].data), str_from_c(cases[i].result));
    arena_release(&arena);
}

TEST(values_that_are_not_there_are_reported_with_the_field)
{
    arena_init(&arena, MIB(8));
    CHECK_STR(evaluate("{\"p\":{\"a.$\":\"$.b.c\"}}", "{\"d\": 1}"),
              STR("The JSONPath '$.b.c' specified for the field 'a.$' could not be found in the "
                  "input '{\"d\":1}'"));
    CHECK_STR(evaluate("{\"a.$\":\"$$.Task.Token\"}", "{}"),
              STR("The JSONPath '$$.Task.Token' specified for the field 'a.$' could not be found "
                  "in the input '{}'"));
    CHECK_STR(evaluate("{\"a.$\":\"$nope\"}", "{}"),
              STR("The JSONPath '$nope' specified for the field 'a.$' could not be found in the "
                  "input '{}'"));
    arena_release(&arena);
}

TEST(literal_parts_are_shared_with_the_machine)
{
    arena_init(&arena, MIB(8));
    const struct asl_machine *machine =
        pass_with("\"Parameters\":{\"a\":{\"big\":[1,2,3]},\"b.$\":\"$.x\"}");
    REQUIRE(machine != NULL);
    const struct asl_template *template = machine->states[0].parameters;
    REQUIRE(template->kind == ASL_TEMPLATE_OBJECT && template->count == 2);
    CHECK(template->members[0].value.kind == ASL_TEMPLATE_LITERAL);
    struct json data = value_of("{\"x\":[4]}"), result;
    struct asl_environment environment = {.data = &data};
    struct asl_error error;
    REQUIRE(asl_template_evaluate(template, &environment, &arena, &result, &error) == STATUS_OK);
    CHECK(result.members[0].value.members == template->members[0].value.literal.members);
    CHECK(result.members[1].value.items == data.members[0].value.items);
    asl_machine_unref(machine);
    arena_release(&arena);
}

TEST(paths_say_where_they_end)
{
    arena_init(&arena, MIB(8));
    static const struct {
        const char *path, *data, *cause;
    } cases[] = {
        {"$.p", "{}", "Invalid path '$.p' : No results for path: $['p']"},
        {"$.a.b.c", "{}", "Invalid path '$.a.b.c' : Missing property in path $['a']"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct asl_machine *machine =
            pass_with(arena_printf(&arena, "\"InputPath\":\"%s\"", cases[i].path).data);
        REQUIRE(machine != NULL);
        struct json data = value_of(cases[i].data), result;
        struct asl_environment environment = {.data = &data};
        struct asl_error error = {0};
        CHECK(asl_path_evaluate(machine->states[0].input_path.path, &environment, &arena, &result,
                                &error) == STATUS_INVALID);
        CHECK_STR(error.cause, str_from_c(cases[i].cause));
        asl_machine_unref(machine);
    }
    arena_release(&arena);
}

TEST(path_fields_have_words_of_their_own)
{
    arena_init(&arena, MIB(8));
    static const struct {
        const char *state, *cause;
    } cases[] = {
        {"{\"Type\":\"Wait\",\"End\":true,\"SecondsPath\":\"$.p\"}",
         "The SecondsPath parameter does not reference an input value: $.p"},
        {"{\"Type\":\"Wait\",\"End\":true,\"TimestampPath\":\"$.p\"}",
         "The TimestampPath parameter does not reference an input value: $.p"},
        {"{\"Type\":\"Fail\",\"ErrorPath\":\"$.p\"}",
         "The JSONPath '$.p' specified for the field 'ErrorPath' could not be found in the input "
         "'{}'"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct str text =
            arena_printf(&arena, "{\"StartAt\":\"A\",\"States\":{\"A\":%s}}", cases[i].state);
        const struct asl_machine *machine = NULL;
        asl_diagnostics_init(&diagnostics, &arena);
        REQUIRE(asl_machine_parse(text, ASL_MACHINE_STANDARD, &diagnostics, &machine) == STATUS_OK);
        const struct asl_state *state = &machine->states[0];
        struct asl_environment environment = {.data = &json_empty_object};
        struct asl_error error = {0};
        struct json result;
        CHECK(asl_template_evaluate(state->type == ASL_STATE_WAIT ? state->wait.value
                                                                  : state->fail.error,
                                    &environment, &arena, &result, &error) == STATUS_INVALID);
        CHECK_STR(error.cause, str_from_c(cases[i].cause));
        asl_machine_unref(machine);
    }
    arena_release(&arena);
}

TEST(evaluation_stops_when_the_arena_is_full)
{
    arena_init(&arena, MIB(8));
    const struct asl_machine *machine =
        pass_with("\"Parameters\":{\"a\":[{\"b.$\":\"$\"},1,2,3,4,5,6,7,8,9]}");
    REQUIRE(machine != NULL);
    struct arena small;
    arena_init(&small, 64);
    struct asl_environment environment = {.data = &json_empty_object};
    struct asl_error error = {0};
    struct json result;
    CHECK(asl_template_evaluate(machine->states[0].parameters, &environment, &small, &result,
                                &error) == STATUS_NO_MEMORY);
    arena_release(&small);
    asl_machine_unref(machine);
    arena_release(&arena);
}
