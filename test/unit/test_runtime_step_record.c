// What steps hold comes back as it was, from the present format and from older ones.

#include "runtime/step_record.h"
#include "test/lib/test.h"

static const struct json_member member = {{.type = JSON_STRING, .size = 1, .text = "a"},
                                          {.type = JSON_INTEGER, .integer = 7}};
static const struct json input = {.type = JSON_OBJECT, .size = 1, .members = &member};
static const struct json_member variable_members[] = {
    {{.type = JSON_STRING, .size = 1, .text = "x"}, {.type = JSON_STRING, .size = 1, .text = "y"}},
    {{.type = JSON_STRING, .size = 1, .text = "i"}, {.type = JSON_TRUE}},
};
static const struct json variables = {.type = JSON_OBJECT, .size = 2, .members = variable_members};

// All members that an event can have, with values told apart by `seed`.
static struct engine_history_event full_event(enum engine_history_event_type type, uint64_t id,
                                              const struct json *value)
{
    return (struct engine_history_event){
        .type = type,
        .id = id,
        .previous_event_id = id % 3 == 0 ? 0 : id - 1,
        .unix_ms = INT64_C(1700000000000) + (int64_t)id / 2,
        .name = STR("Charge \"it\"\n"),
        .input = type == ENGINE_HISTORY_EXECUTION_STARTED ? NULL : &input,
        .input_text =
            type == ENGINE_HISTORY_EXECUTION_STARTED ? STR("{ \"a\" : 7 }") : (struct str){0},
        .output = value,
        .parameters = value,
        .assigned_variables = &variables,
        .resource = STR("invoke"),
        .resource_type = STR("lambda"),
        .region = STR("us-east-1"),
        .error = STR(""),
        .cause = STR("because"),
        .role_arn = STR("arn:role"),
        .version_arn = STR("arn:version"),
        .alias_arn = STR("arn:alias"),
        .worker_name = STR("worker"),
        .state = STR("state"),
        .location = STR("location"),
        .credentials_role_arn = STR("arn:other"),
        .map_run_arn = STR("arn:run"),
        .timeout_seconds = 5,
        .heartbeat_seconds = 6,
        .length = 0,
        .index = 3,
        .redrive_count = 2,
        .map_run_redrive_count = type == ENGINE_HISTORY_MAP_RUN_REDRIVEN ? 4 : 0,
    };
}

static struct engine_history_event bare_event(enum engine_history_event_type type, uint64_t id)
{
    return (struct engine_history_event){
        .type = type,
        .id = id,
        .previous_event_id = id - 1,
        .unix_ms = INT64_C(1700000000000) + (int64_t)id / 2,
        .input_text =
            type == ENGINE_HISTORY_EXECUTION_STARTED ? STR("{ \"a\" : 7 }") : (struct str){0},
        .length = -1,
        .index = -1,
    };
}

static struct step_writer *begin(void)
{
    static struct step_writer writer;
    step_writer_init(&writer);
    step_writer_begin(&writer, 1, &input);
    return &writer;
}

static struct store_step end(struct step_writer *writer)
{
    struct store_step step = {.execution_id = 1, .number = 1};
    CHECK(step_writer_end(writer, &step) == STATUS_OK);
    return step;
}

static void render(const struct engine_history_event *events, size_t count, struct buffer *buffer)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_byte(buffer, i == 0 ? '[' : ',');
        engine_history_event_render(&events[i], true, buffer);
    }
    buffer_append_byte(buffer, ']');
}

static enum status read(struct arena *arena, const struct store_step *step,
                        struct engine_history_event **ret_events)
{
    struct history_reader reader = {
        .arena = arena, .input_text = STR("{ \"a\" : 7 }"), .output_text = STR("\"out\"")};
    return history_reader_read(&reader, step, ret_events);
}

TEST(events_of_every_type_come_back_from_both_formats)
{
    enum { COUNT = 2 * ENGINE_HISTORY_EVENT_TYPE_COUNT };
    struct arena CLEANUP(arena_release) arena;
    struct buffer CLEANUP(buffer_release) wanted, found;
    arena_init(&arena, MIB(16));
    buffer_init(&wanted, MIB(4));
    buffer_init(&found, MIB(4));
    static struct json values[COUNT];
    static struct engine_history_event events[COUNT];
    struct step_writer *writer = begin();
    for (uint32_t i = 0; i < COUNT; i++) {
        enum engine_history_event_type type = i / 2;
        values[i] = json_from_integer(i / 3); // Some come again, some much later.
        events[i] = i % 2 == 0 ? full_event(type, i + 1, &values[i]) : bare_event(type, i + 1);
        step_writer_add_event(writer, &events[i]);
    }
    struct store_step step = end(writer);
    CHECK(step.event_count == COUNT && step.first_event_id == 1);
    render(events, COUNT, &wanted);
    struct engine_history_event *read_events;
    REQUIRE(read(&arena, &step, &read_events) == STATUS_OK);
    render(read_events, COUNT, &found);
    CHECK_STR(buffer_str(&found), buffer_str(&wanted));
    // The older format: what the API shows.
    struct store_step old = {.causes = STR("[]"), .first_event_id = 1, .event_count = COUNT};
    old.events = buffer_str(&wanted);
    REQUIRE(read(&arena, &old, &read_events) == STATUS_OK);
    buffer_clear(&found);
    render(read_events, COUNT, &found);
    CHECK_STR(buffer_str(&found), buffer_str(&wanted));
    step_writer_release(writer);
}

TEST(a_value_that_several_events_show_is_kept_once)
{
    struct json item = json_from_integer(1), output = json_from_str(STR("out"));
    struct json list = json_from_items(&item, 1), same = list;
    struct engine_history_event events[] = {
        bare_event(ENGINE_HISTORY_EXECUTION_STARTED, 1),
        bare_event(ENGINE_HISTORY_PASS_STATE_ENTERED, 2),
        bare_event(ENGINE_HISTORY_PASS_STATE_EXITED, 3),
        bare_event(ENGINE_HISTORY_PASS_STATE_ENTERED, 4),
        bare_event(ENGINE_HISTORY_PASS_STATE_EXITED, 5),
    };
    for (size_t i = 0; i < ARRAY_COUNT(events); i++)
        events[i].unix_ms = 9;
    events[1].previous_event_id = 0;
    events[1].input = &input;
    events[2].output = &list;
    events[3].input = &same;
    events[4].output = &output;
    struct engine_update update = {
        .status = ENGINE_SUCCEEDED,
        .output = output,
        .history_events = events,
        .history_event_count = ARRAY_COUNT(events),
    };
    struct engine_event cause = {.type = ENGINE_EVENT_START, .now_unix_ms = 9, .random_seed = 3};
    struct step_writer *writer = begin();
    step_writer_add(writer, &cause, &update);
    struct store_step step = end(writer);
    CHECK_STR(step.causes, STR("[{\"type\":\"START\",\"at\":9,\"seed\":3}]"));
    CHECK_STR(step.events,
              STR("[{\"type\":\"ExecutionStarted\",\"at\":9},"
                  "{\"type\":\"PassStateEntered\",\"previousEventId\":0,\"input\":\"$input\"},"
                  "{\"type\":\"PassStateExited\",\"output\":0},"
                  "{\"type\":\"PassStateEntered\",\"input\":0},"
                  "{\"type\":\"PassStateExited\",\"output\":\"$output\"}]"));
    CHECK_STR(step.data, STR("[[1]]"));
    step_writer_release(writer);
}

TEST(a_task_s_output_stands_in_its_cause)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct json item = json_from_integer(1), result = json_from_items(&item, 1);
    struct engine_history_event events[] = {
        bare_event(ENGINE_HISTORY_TASK_SUCCEEDED, 1),
        bare_event(ENGINE_HISTORY_TASK_STATE_EXITED, 2),
    };
    events[0].output = events[1].output = &result;
    struct engine_update update = {.history_events = events, .history_event_count = 2};
    struct engine_event cause = {.type = ENGINE_EVENT_TASK_SUCCEEDED, .output = result};
    struct step_writer *writer = begin();
    step_writer_add(writer, &(struct engine_event){.type = ENGINE_EVENT_CONTINUE},
                    &(struct engine_update){0});
    step_writer_add(writer, &cause, &update);
    struct store_step step = end(writer);
    CHECK(step.data.size == 0);
    CHECK(str_find(step.causes, STR("\"output\":[1]")) != SIZE_MAX);
    CHECK(str_find(step.events, STR("\"output\":\"$1\"")) != SIZE_MAX);
    struct engine_history_event *read_events;
    REQUIRE(read(&arena, &step, &read_events) == STATUS_OK);
    CHECK(json_equal(read_events[0].output, &result) && json_equal(read_events[1].output, &result));
    step_writer_release(writer);
}

static void append_brackets(struct buffer *buffer, char bracket)
{
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buffer_append_byte(buffer, bracket);
}

TEST(causes_come_back_with_values_as_deep_as_any)
{
    struct arena CLEANUP(arena_release) arena;
    struct buffer CLEANUP(buffer_release) text;
    arena_init(&arena, MIB(1));
    buffer_init(&text, MIB(1));
    append_brackets(&text, '[');
    append_brackets(&text, ']');
    struct json deep, read_value;
    REQUIRE(json_parse(&arena, buffer_str(&text), 0, &deep, NULL) == STATUS_OK);
    // One is the input, but the causes do not need the execution's row.
    struct json values[] = {deep, input, json_null, json_from_str(STR("$input"))};
    struct engine_update update = {0};
    struct step_writer *writer = begin();
    for (uint32_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct engine_event cause = {
            .type = ENGINE_EVENT_TASK_SUCCEEDED,
            .now_unix_ms = 8,
            .random_seed = UINT64_MAX - 1,
            .task_id = i,
            .output = values[i],
            .output_size_bytes = 1000,
        };
        step_writer_add(writer, &cause, &update);
    }
    struct engine_event failed = {
        .type = ENGINE_EVENT_TASK_FAILED,
        .timer_id = 5,
        .error = {.name = STR(""), .cause = STR("c")},
        .worker_name = STR("w"),
        .redrive_count = 3,
    };
    step_writer_add(writer, &failed, &update);
    struct store_step step = end(writer);
    struct engine_event *events;
    size_t count = 0;
    REQUIRE(step_record_read_causes(&arena, &step, &events, &count) == STATUS_OK);
    REQUIRE(count == ARRAY_COUNT(values) + 1);
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        CHECK(events[i].type == ENGINE_EVENT_TASK_SUCCEEDED && events[i].task_id == i);
        CHECK(events[i].now_unix_ms == 8 && events[i].random_seed == UINT64_MAX - 1);
        CHECK(json_equal(&events[i].output, &values[i]) && events[i].output_size_bytes == 1000);
    }
    const struct engine_event *last = &events[count - 1];
    CHECK(last->type == ENGINE_EVENT_TASK_FAILED && last->timer_id == 5);
    CHECK(last->error.name.data != NULL && last->error.name.size == 0 && last->redrive_count == 3);
    CHECK_STR(last->worker_name, STR("w"));
    CHECK(step.data.size == 0);
    CHECK(json_parse(&arena, step.causes, 0, &read_value, NULL) == STATUS_INVALID);
    step_writer_release(writer);
}

TEST(causes_of_older_steps_hold_their_value)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct store_step step = {
        .causes = STR("[{\"type\":\"TASK_SUCCEEDED\",\"at\":1,\"seed\":2,\"output\":[3]}]")};
    struct engine_event *events;
    size_t count = 0;
    REQUIRE(step_record_read_causes(&arena, &step, &events, &count) == STATUS_OK && count == 1);
    CHECK(json_is_array(&events[0].output) && events[0].output.size == 1);
}

TEST(what_is_damaged_is_refused)
{
    static const struct {
        const char *causes, *events, *data;
    } cases[] = {
        {"[", "[]", ""},
        {"{}", "[]", ""},
        {"[{\"type\":\"WHAT\"}]", "[]", ""},
        {"[]", "[{\"type\":\"TaskStarted\",\"input\":-1}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"input\":\"$0\"}]", "[1]"},
        {"[{\"type\":\"START\"}]", "[{\"type\":\"TaskStarted\",\"input\":\"$0\"}]", ""},
        {"[]", "[{\"type\":\"TaskStarted\",\"input\":\"$\"}]", "[1]"},
        {"[]", "[{}]", "{}"},
        {"[]", "[{}]", "[1"},
        {"[]", "[]", ""},
        {"[]", "{}", ""},
        {"[]", "[7]", ""},
        {"[]", "[{}]", ""},
        {"[]", "[{\"type\":\"What\"}]", ""},
        {"[]", "[{\"type\":\"TaskStarted\",\"previousEventId\":1}]", ""},
        {"[]", "[{\"type\":\"TaskStarted\",\"previousEventId\":-1}]", ""},
        {"[]", "[{\"type\":\"TaskStarted\",\"at\":\"1\"}]", ""},
        {"[]", "[{\"type\":\"TaskStarted\",\"input\":1}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"input\":null}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"input\":\"{\"}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"name\":1}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"index\":\"1\"}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"assignedVariables\":[]}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"assignedVariables\":{\"a\":9}}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"taskCredentials\":1}]", "[1]"},
        {"[]", "[{\"type\":\"TaskStarted\",\"taskStartedEventDetails\":1}]", "[1]"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, MIB(1));
        struct store_step step = {
            .causes = str_from_c(cases[i].causes),
            .first_event_id = 1,
            .event_count = 1,
            .events = str_from_c(cases[i].events),
            .data = str_from_c(cases[i].data),
        };
        struct engine_event *causes;
        struct engine_history_event *events;
        size_t count;
        bool is_refused =
            step_record_read_causes(&arena, &step, &causes, &count) == STATUS_CORRUPT ||
            read(&arena, &step, &events) == STATUS_CORRUPT;
        CHECK(is_refused);
        if (!is_refused) printf("# case %zu\n", i);
    }
}
