// Map runs as the engine sees them: what the driver is told, and what children are given.

#include "engine/map_run.h"
#include "engine/snapshot.h"
#include "test/lib/test.h"

struct stage {
    struct arena arena; // Of the machine's diagnostics and everything else.
    struct arena values;
    struct arena step_arena;
    const struct asl_machine *machine;
    struct engine_start start;
    struct engine_execution *execution;
    struct engine_update update;
    uint64_t task_id;
    struct engine_map_run run; // As the command told it.
};

static void stage_release(struct stage *stage)
{
    asl_machine_unref(stage->machine);
    arena_release(&stage->arena);
    arena_release(&stage->values);
    arena_release(&stage->step_arena);
}

static enum status feed(struct stage *stage, struct engine_event event)
{
    event.now_unix_ms = stage->start.started_unix_ms;
    event.random_seed = 7;
    arena_reset(&stage->step_arena);
    return engine_step(stage->execution, &event, &stage->step_arena, &stage->update);
}

// A machine that is one distributed Map with `fields`, started with `input`.
static void begin(struct stage *stage, const char *fields, const char *input)
{
    struct asl_diagnostics diagnostics;
    *stage = (struct stage){0};
    arena_init(&stage->arena, MIB(64));
    arena_init(&stage->values, MIB(64));
    arena_init(&stage->step_arena, MIB(64));
    asl_diagnostics_init(&diagnostics, &stage->arena);
    struct str definition = arena_printf(
        &stage->arena,
        "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"Label\":\"Lab\",%s"
        "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"
        "\"EXPRESS\"},\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\",\"End\":true}}},"
        "\"End\":true}}}",
        fields);
    enum status status =
        asl_machine_parse(definition, ASL_MACHINE_STANDARD, &diagnostics, &stage->machine);
    if (status != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%" STR_FORMAT,
                  STR_ARGS(asl_diagnostics_summary(&diagnostics, &stage->arena)));
    }
    REQUIRE(status == STATUS_OK);
    stage->start = (struct engine_start){
        .machine = stage->machine,
        .execution_arn = STR("arn:aws:states:us-east-1:000000000000:execution:M:run"),
        .execution_name = STR("run"),
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:M"),
        .state_machine_name = STR("M"),
        .role_arn = STR("arn:aws:iam::000000000000:role/r"),
        .region = STR("us-east-1"),
        .input_text = str_from_c(input),
        .started_unix_ms = INT64_C(1704067200000),
        .history_mask = ENGINE_HISTORY_ALL,
    };
    REQUIRE(json_parse(&stage->values, stage->start.input_text, 0, &stage->start.input, NULL) ==
            STATUS_OK);
    REQUIRE(engine_execution_new(&stage->values, &stage->start, &stage->execution) == STATUS_OK);
    REQUIRE(feed(stage, (struct engine_event){.type = ENGINE_EVENT_START}) == STATUS_OK);
    for (size_t i = 0; i < stage->update.command_count; i++) {
        const struct engine_command *command = &stage->update.commands[i];
        if (command->type != ENGINE_COMMAND_START_MAP_RUN) continue;
        stage->task_id = command->task_id;
        stage->run = *command->map_run;
    }
}

// The inputs of all children, as text, with the number of items of each.
static struct str inputs(struct stage *stage)
{
    struct buffer CLEANUP(buffer_release) text;
    struct str result = STR("");
    struct asl_error error;
    buffer_init(&text, MIB(16));
    uint32_t next = 0;
    while (next < stage->run.items.size) {
        struct engine_map_child child;
        struct engine_map_items items = {stage->run.items.items + next,
                                         stage->run.items.size - next, next, true};
        enum status status = engine_map_child_input(stage->execution, stage->task_id, &items, 7,
                                                    &stage->arena, &child, &error);
        if (status != STATUS_OK) return error.cause;
        buffer_printf(&text, "%u:", child.item_count);
        json_render(&text, &child.input);
        buffer_append_byte(&text, ' ');
        next += child.item_count;
    }
    CHECK(buffer_copy_to_arena(&text, &stage->arena, &result));
    return result;
}

static void check_text(struct str actual, const char *expected)
{
    if (str_is(actual, expected)) return;
    test_fail(__FILE__, __LINE__, "%" STR_FORMAT "\n# not %s", STR_ARGS(actual), expected);
}

TEST(driver_is_told_what_the_fields_came_to)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage,
          "\"ItemsPath\":\"$.l\",\"MaxConcurrencyPath\":\"$.c\",\"ToleratedFailureCount\":3,"
          "\"ToleratedFailurePercentagePath\":\"$.p\",",
          "{\"l\":[1,2],\"c\":5,\"p\":12.5}");
    REQUIRE(stage.task_id != 0);
    CHECK(stage.run.max_concurrency == 5 && stage.run.failure_count_max == 3);
    CHECK(stage.run.failure_percent_max > 12.4 && stage.run.failure_percent_max < 12.6);
    CHECK(stage.run.items.size == 2 && !stage.run.has_batches);
    CHECK(str_is(stage.run.label, "Lab"));
    CHECK(
        str_starts_with(stage.run.arn, STR("arn:aws:states:us-east-1:000000000000:mapRun:M/Lab:")));
    struct str machine =
        engine_map_child_machine_arn(&stage.arena, stage.start.state_machine_arn, stage.run.label);
    check_text(machine, "arn:aws:states:us-east-1:000000000000:stateMachine:M/Lab");
    // A child's own Map runs belong to the same state machine.
    machine = engine_map_child_machine_arn(&stage.arena, machine, STR("In"));
    check_text(machine, "arn:aws:states:us-east-1:000000000000:stateMachine:M/In");
}

TEST(item_selector_sees_item_and_state_input)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage,
          "\"ItemsPath\":\"$.l\",\"ItemSelector\":{\"i.$\":\"$$.Map.Item.Index\",\"v.$\":"
          "\"$$.Map.Item.Value\",\"k.$\":\"$.k\"},",
          "{\"l\":[\"a\",\"b\"],\"k\":7}");
    check_text(inputs(&stage), "1:{\"i\":0,\"v\":\"a\",\"k\":7} 1:{\"i\":1,\"v\":\"b\",\"k\":7} ");
}

TEST(batches_keep_their_limit_of_items)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage,
          "\"ItemsPath\":\"$.l\",\"ItemBatcher\":{\"MaxItemsPerBatch\":2,\"BatchInput\":{\"k.$\":"
          "\"$.k\"}},",
          "{\"l\":[1,2,3],\"k\":7}");
    check_text(inputs(&stage), "2:{\"BatchInput\":{\"k\":7},\"Items\":[1,2]} "
                               "1:{\"BatchInput\":{\"k\":7},\"Items\":[3]} ");
}

TEST(batches_keep_their_limit_of_bytes)
{
    struct stage CLEANUP(stage_release) stage;
    // {"Items":[10,20]} has 17 bytes.
    begin(&stage, "\"ItemBatcher\":{\"MaxInputBytesPerBatch\":17},", "[10,20,30,400,50]");
    check_text(inputs(&stage),
               "2:{\"Items\":[10,20]} 1:{\"Items\":[30]} 1:{\"Items\":[400]} 1:{\"Items\":[50]} ");
}

TEST(batch_that_could_take_more_says_so)
{
    struct stage CLEANUP(stage_release) stage;
    struct engine_map_child child;
    struct asl_error error;
    begin(&stage, "\"ItemBatcher\":{\"MaxItemsPerBatch\":3},", "[1,2,3,4]");
    struct engine_map_items items = {stage.run.items.items, 2, 0, false};
    CHECK(engine_map_child_input(stage.execution, stage.task_id, &items, 7, &stage.arena, &child,
                                 &error) == STATUS_OK);
    CHECK(child.item_count == 2 && child.has_room);
    items.count = 4;
    CHECK(engine_map_child_input(stage.execution, stage.task_id, &items, 7, &stage.arena, &child,
                                 &error) == STATUS_OK);
    CHECK(child.item_count == 3 && !child.has_room);
}

TEST(input_that_cannot_be_made_fails_with_the_words_of_the_state)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage, "\"ItemSelector\":{\"v.$\":\"$.none\"},", "[1]");
    struct str cause = inputs(&stage);
    CHECK(str_starts_with(cause, STR("An error occurred while executing the state 'M' (entered at "
                                     "the event id #2).")));
}

TEST(ended_run_gives_the_output)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage, "", "[1]");
    struct engine_event event = {.type = ENGINE_EVENT_MAP_RUN_ENDED, .task_id = stage.task_id + 1};
    CHECK(feed(&stage, event) == STATUS_NOT_FOUND);
    event.type = ENGINE_EVENT_TASK_SUCCEEDED;
    event.task_id = stage.task_id;
    CHECK(feed(&stage, event) == STATUS_NOT_FOUND);
    event.type = ENGINE_EVENT_MAP_RUN_ENDED;
    event.output = json_true;
    CHECK(feed(&stage, event) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_SUCCEEDED && stage.update.output.type == JSON_TRUE);
    CHECK(engine_map_run_find(stage.execution, stage.task_id) == NULL);
}

TEST(run_that_gives_too_much_fails_the_state)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage, "", "[1]");
    struct engine_event event = {.type = ENGINE_EVENT_MAP_RUN_ENDED,
                                 .task_id = stage.task_id,
                                 .error = engine_map_run_size_error()};
    CHECK(feed(&stage, event) == STATUS_OK);
    check_text(stage.update.error.name, "States.DataLimitExceeded");
    check_text(stage.update.error.cause,
               "The state/task 'M' returned a result with a size exceeding the maximum number of "
               "bytes service limit.");
}

TEST(stop_cancels_the_run)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage, "", "[1]");
    CHECK(feed(&stage, (struct engine_event){.type = ENGINE_EVENT_STOP}) == STATUS_OK);
    bool is_cancelled = false;
    for (size_t i = 0; i < stage.update.command_count; i++) {
        const struct engine_command *command = &stage.update.commands[i];
        if (command->type == ENGINE_COMMAND_CANCEL_MAP_RUN && command->task_id == stage.task_id) {
            is_cancelled = true;
        }
    }
    CHECK(is_cancelled);
}

TEST(names_lead_back_to_children)
{
    struct engine_map_run run = {.arn = STR("arn:mapRun:M/L:1"), .started_unix_ms = 1704067200000};
    struct engine_map_run other = {.arn = STR("arn:mapRun:M/L:2"),
                                   .started_unix_ms = 1704067200000};
    static const uint32_t indices[] = {0, 1, 255, 10000, 99999999, UINT32_MAX};
    char last[RANDOM_UUID_SIZE] = "", text[RANDOM_UUID_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(indices); i++) {
        uint32_t index;
        struct str name = {text, RANDOM_UUID_SIZE};
        engine_map_child_name(&run, indices[i], text);
        CHECK(engine_map_child_index(&run, name, &index) && index == indices[i]);
        CHECK(!engine_map_child_index(&other, name, &index));
        CHECK(memcmp(last, text, RANDOM_UUID_SIZE) < 0);
        memcpy(last, text, RANDOM_UUID_SIZE);
    }
    uint32_t index;
    CHECK(!engine_map_child_index(&run, STR("not-a-uuid"), &index));
    CHECK(!engine_map_child_index(&run, STR("zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz"), &index));
}

TEST(either_tolerance_may_be_exceeded)
{
    CHECK(!engine_map_run_is_exceeded(-1, -1, 0, 10));
    CHECK(engine_map_run_is_exceeded(-1, -1, 1, 10));
    CHECK(!engine_map_run_is_exceeded(2, -1, 2, 10));
    CHECK(engine_map_run_is_exceeded(2, -1, 3, 10));
    CHECK(!engine_map_run_is_exceeded(-1, 20, 2, 10));
    CHECK(engine_map_run_is_exceeded(-1, 20, 3, 10));
    CHECK(engine_map_run_is_exceeded(2, 90, 3, 10));
    CHECK(engine_map_run_is_exceeded(9, 20, 3, 10));
}
