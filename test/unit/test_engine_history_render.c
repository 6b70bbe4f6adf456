// History events as the API and the logs show them.

#include <stdlib.h>

#include "engine/history_event.h"
#include "test/lib/test.h"

static struct str render(const struct engine_history_event *event, bool includes_data,
                         struct buffer *buffer)
{
    buffer_clear(buffer);
    engine_history_event_render(event, includes_data, buffer);
    return buffer_str(buffer);
}

static struct str render_log(const struct engine_history_event *event, bool includes_data,
                             struct buffer *buffer)
{
    buffer_clear(buffer);
    engine_history_event_render_log(event, STR("arn:e"), includes_data, buffer);
    return buffer_str(buffer);
}

static struct engine_history_event event_of(enum engine_history_event_type type)
{
    return (struct engine_history_event){
        .type = type,
        .id = 2,
        .previous_event_id = 1,
        .unix_ms = INT64_C(1718021791123),
        .length = -1,
        .index = -1,
    };
}

TEST(history_render_shows_the_callers_input_verbatim)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, MIB(1));
    struct engine_history_event event = event_of(ENGINE_HISTORY_EXECUTION_STARTED);
    event.input_text = STR("[\"Hello\", \"World\"]");
    event.role_arn = STR("arn:r");
    event.alias_arn = STR("arn:a");
    event.version_arn = STR("arn:v");
    CHECK_STR(render(&event, true, &buffer),
              STR("{\"timestamp\":1718021791.123,\"type\":\"ExecutionStarted\",\"id\":2,"
                  "\"previousEventId\":1,\"executionStartedEventDetails\":{"
                  "\"input\":\"[\\\"Hello\\\", \\\"World\\\"]\","
                  "\"inputDetails\":{\"truncated\":false},\"roleArn\":\"arn:r\","
                  "\"stateMachineAliasArn\":\"arn:a\",\"stateMachineVersionArn\":\"arn:v\"}}"));
}

TEST(history_render_escapes_json_within_json)
{
    struct buffer CLEANUP(buffer_release) buffer;
    struct arena CLEANUP(arena_release) arena;
    struct json value;
    buffer_init(&buffer, MIB(1));
    arena_init(&arena, MIB(1));
    struct str text = STR("{\"a\\n\":\"\\\"\\\\é\\u0001\"}");
    REQUIRE(json_parse(&arena, text, 0, &value, NULL) == STATUS_OK);
    struct engine_history_event event = event_of(ENGINE_HISTORY_PASS_STATE_ENTERED);
    event.name = STR("A \"b\"");
    event.input = &value;
    struct json shown;
    struct str answer = render(&event, true, &buffer);
    REQUIRE(json_parse(&arena, answer, 0, &shown, NULL) == STATUS_OK);
    const struct json *details = JSON_FIND(&shown, "stateEnteredEventDetails");
    REQUIRE(details != NULL && JSON_FIND(details, "input") != NULL);
    CHECK_STR(json_str(JSON_FIND(details, "input")), json_render_to_arena(&arena, &value));
    CHECK_STR(json_str(JSON_FIND(details, "name")), event.name);
}

TEST(history_render_blanks_data_on_request)
{
    struct buffer CLEANUP(buffer_release) buffer;
    struct json value = json_from_integer(7);
    buffer_init(&buffer, MIB(1));
    struct engine_history_event event = event_of(ENGINE_HISTORY_PASS_STATE_EXITED);
    event.name = STR("A");
    event.output = &value;
    CHECK_STR(render(&event, false, &buffer),
              STR("{\"timestamp\":1718021791.123,\"type\":\"PassStateExited\",\"id\":2,"
                  "\"previousEventId\":1,\"stateExitedEventDetails\":{\"name\":\"A\"}}"));
    CHECK_STR(render_log(&event, false, &buffer),
              STR("{\"id\":\"2\",\"type\":\"PassStateExited\",\"details\":{\"name\":\"A\"},"
                  "\"previous_event_id\":\"1\",\"event_timestamp\":\"1718021791123\","
                  "\"execution_arn\":\"arn:e\",\"redrive_count\":\"0\"}"));
}

TEST(history_render_shows_assigned_variables_as_text)
{
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_member member = {json_from_str(STR("x")), json_from_str(STR("y"))};
    struct json variables = json_from_members(&member, 1), output = json_null;
    buffer_init(&buffer, MIB(1));
    struct engine_history_event event = event_of(ENGINE_HISTORY_PASS_STATE_EXITED);
    event.name = STR("A");
    event.output = &output;
    event.assigned_variables = &variables;
    CHECK_STR(render(&event, true, &buffer),
              STR("{\"timestamp\":1718021791.123,\"type\":\"PassStateExited\",\"id\":2,"
                  "\"previousEventId\":1,\"stateExitedEventDetails\":{\"name\":\"A\","
                  "\"output\":\"null\",\"outputDetails\":{\"truncated\":false},"
                  "\"assignedVariables\":{\"x\":\"\\\"y\\\"\"},"
                  "\"assignedVariablesDetails\":{\"truncated\":false}}}"));
}

TEST(history_render_leaves_out_details_that_a_type_does_not_have)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, MIB(1));
    struct engine_history_event event = event_of(ENGINE_HISTORY_MAP_STATE_SUCCEEDED);
    CHECK_STR(render(&event, true, &buffer),
              STR("{\"timestamp\":1718021791.123,\"type\":\"MapStateSucceeded\",\"id\":2,"
                  "\"previousEventId\":1}"));
    event = event_of(ENGINE_HISTORY_ACTIVITY_STARTED);
    CHECK_STR(render(&event, true, &buffer),
              STR("{\"timestamp\":1718021791.123,\"type\":\"ActivityStarted\",\"id\":2,"
                  "\"previousEventId\":1,\"activityStartedEventDetails\":{}}"));
    event = event_of(ENGINE_HISTORY_MAP_STATE_STARTED);
    event.length = 0;
    CHECK_STR(render(&event, true, &buffer),
              STR("{\"timestamp\":1718021791.123,\"type\":\"MapStateStarted\",\"id\":2,"
                  "\"previousEventId\":1,\"mapStateStartedEventDetails\":{\"length\":0}}"));
}

TEST(history_render_log_truncates_long_data_at_a_character)
{
    struct buffer CLEANUP(buffer_release) buffer;
    struct arena CLEANUP(arena_release) arena;
    buffer_init(&buffer, MIB(2));
    arena_init(&arena, MIB(4));
    char *text = arena_alloc(&arena, 300000);
    REQUIRE(text != NULL);
    for (size_t i = 0; i < 300000; i += 3)
        memcpy(text + i, i % 2 ? "\"\\x" : "€", 3);
    struct json value = json_from_str((struct str){text, 300000}), shown;
    struct engine_history_event event = event_of(ENGINE_HISTORY_PASS_STATE_ENTERED);
    event.name = STR("A");
    event.input = &value;
    REQUIRE(json_parse(&arena, render_log(&event, true, &buffer), JSON_PARSE_COPY, &shown, NULL) ==
            STATUS_OK);
    const struct json *details = JSON_FIND(&shown, "details");
    const struct json *input_details = JSON_FIND(details, "inputDetails");
    CHECK(JSON_FIND(input_details, "truncated")->type == JSON_TRUE);
    CHECK(buffer.size < KIB(248) + 400);
    CHECK(buffer.size > KIB(248) - 10);
    // The API shows all of it.
    REQUIRE(json_parse(&arena, render(&event, true, &buffer), JSON_PARSE_COPY, &shown, NULL) ==
            STATUS_OK);
    details = JSON_FIND(&shown, "stateEnteredEventDetails");
    CHECK(JSON_FIND(JSON_FIND(details, "inputDetails"), "truncated")->type == JSON_FALSE);
}

TEST(history_masks_follow_the_log_levels)
{
    CHECK((engine_history_fatal_mask & ~engine_history_error_mask) == 0);
    CHECK(engine_history_fatal_mask == (ENGINE_HISTORY_BIT(ENGINE_HISTORY_EXECUTION_FAILED) |
                                        ENGINE_HISTORY_BIT(ENGINE_HISTORY_EXECUTION_ABORTED) |
                                        ENGINE_HISTORY_BIT(ENGINE_HISTORY_EXECUTION_TIMED_OUT)));
    CHECK(engine_history_error_mask & ENGINE_HISTORY_BIT(ENGINE_HISTORY_FAIL_STATE_ENTERED));
    CHECK(!(engine_history_error_mask & ENGINE_HISTORY_BIT(ENGINE_HISTORY_PASS_STATE_ENTERED)));
    CHECK(str_is(STR("WaitStateExited"),
                 engine_history_event_type_name(ENGINE_HISTORY_WAIT_STATE_EXITED)));
}
