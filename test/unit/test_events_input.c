// What targets are given: constants, parts of the event, templates.

#include "events/input.h"
#include "test/lib/test.h"

static const char event_text[] =
    "{\"source\":\"shop\",\"detail\":{\"name\":\"a \\\"b\\\"\",\"n\":3,\"o\":{\"k\":\"v\"},"
    "\"l\":[1,\"x\"]}}";

static void check_input(const char *target_text, const char *expected)
{
    struct arena CLEANUP(arena_release) arena;
    struct buffer CLEANUP(buffer_release) buffer;
    struct json target, event;
    struct events_input input;
    struct str message = STR("");
    const struct events_input_facts facts = {STR("arn:rule"), STR("r"),
                                             STR("2026-01-31T12:00:00.000Z")};
    arena_init(&arena, MIB(1));
    buffer_init(&buffer, MIB(1));
    CHECK(json_parse(&arena, str_from_c(target_text), 0, &target, NULL) == STATUS_OK);
    CHECK(json_parse(&arena, str_from_c(event_text), 0, &event, NULL) == STATUS_OK);
    enum status status = events_input_compile(&arena, &target, &input, &message);
    struct str result = message;
    if (status == STATUS_OK) {
        events_input_render(&input, &event, str_from_c(event_text), &facts, &arena, &buffer);
        CHECK(!buffer.is_failed);
        result = buffer_str(&buffer);
    }
    if (!str_is(result, expected)) {
        test_fail(__FILE__, __LINE__, "%s: %.*s", target_text, STR_ARGS(result));
    }
}

TEST(a_target_is_given_the_event_a_constant_or_a_part)
{
    check_input("{\"Id\":\"1\"}", event_text);
    check_input("{\"Id\":\"1\",\"Input\":\"{\\\"a\\\": 1}\"}", "{\"a\": 1}");
    check_input("{\"Id\":\"1\",\"InputPath\":\"$.detail.o\"}", "{\"k\":\"v\"}");
    check_input("{\"Id\":\"1\",\"InputPath\":\"$.detail.missing\"}", "null");
}

TEST(templates_show_values_as_json_outside_quotes_and_as_text_inside)
{
    check_input("{\"Id\":\"1\",\"InputTransformer\":{\"InputPathsMap\":{\"n\":\"$.detail.n\","
                "\"name\":\"$.detail.name\",\"o\":\"$.detail.o\",\"gone\":\"$.gone\"},"
                "\"InputTemplate\":\"{\\\"n\\\": <n>, \\\"t\\\": \\\"<n> of <name>\\\", \\\"v\\\": "
                "<name>, \\\"o\\\": <o>, \\\"g\\\": <gone>, \\\"h\\\": \\\"<gone>\\\"}\"}}",
                "{\"n\": 3, \"t\": \"3 of a \\\"b\\\"\", \"v\": \"a \\\"b\\\"\", \"o\": "
                "{\"k\":\"v\"}, \"g\": null, \"h\": \"\"}");
    check_input("{\"Id\":\"1\",\"InputTransformer\":{\"InputPathsMap\":{\"o\":\"$.detail.l\"},"
                "\"InputTemplate\":\"\\\"list <o> <unknown> 1 < 2\\\"\"}}",
                "\"list [1,\\\"x\\\"] <unknown> 1 < 2\"");
}

TEST(reserved_names_stand_for_the_rule_and_the_event)
{
    check_input("{\"Id\":\"1\",\"InputTransformer\":{\"InputTemplate\":\"{\\\"r\\\": "
                "<aws.events.rule-name>, \\\"a\\\": \\\"<aws.events.rule-arn>\\\", \\\"t\\\": "
                "<aws.events.event.ingestion-time>}\"}}",
                "{\"r\": \"r\", \"a\": \"arn:rule\", \"t\": \"2026-01-31T12:00:00.000Z\"}");
    check_input("{\"Id\":\"1\",\"InputTransformer\":{\"InputTemplate\":\"<aws.events.event>\"}}",
                event_text);
}

TEST(what_cannot_be_an_input_is_refused)
{
    check_input("{\"Id\":\"1\",\"Input\":\"{\"}", "JSON syntax error in input for target 1.");
    check_input("{\"Id\":\"1\",\"InputPath\":\"detail\"}",
                "Invalid JSON path provided for target 1.");
    check_input("{\"Id\":\"1\",\"Input\":\"1\",\"InputPath\":\"$\"}",
                "Only one of Input, InputPath, or InputTransformer must be provided for target 1.");
    check_input("{\"Id\":\"1\",\"InputTransformer\":{}}",
                "InputTransformer of target 1 needs InputTemplate.");
}
