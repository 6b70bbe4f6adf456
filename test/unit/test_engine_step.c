// The step by itself: what it asks for, what it drops, and what it costs.

#include <stdlib.h>

#include "base/random.h"
#include "engine/engine.h"
#include "test/lib/test.h"

static const int64_t start_unix_ms = INT64_C(1700000000000);

struct stage {
    struct arena machine_arena, arena, step_arena;
    const struct asl_machine *machine;
    struct engine_execution *execution;
    struct engine_update update;
};

static void stage_init(struct stage *stage, const char *definition, enum asl_machine_type type,
                       uint64_t history_mask)
{
    struct asl_diagnostics diagnostics;
    *stage = (struct stage){0};
    arena_init(&stage->machine_arena, MIB(16));
    arena_init(&stage->arena, MIB(256));
    arena_init(&stage->step_arena, MIB(64));
    asl_diagnostics_init(&diagnostics, &stage->machine_arena);
    CHECK(asl_machine_parse(str_from_c(definition), type, &diagnostics, &stage->machine) ==
          STATUS_OK);
    struct engine_start start = {
        .machine = stage->machine,
        .execution_arn = STR("arn:aws:states:us-east-1:000000000000:execution:M:run"),
        .execution_name = STR("run"),
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:M"),
        .state_machine_name = STR("M"),
        .region = STR("us-east-1"),
        .input_text = STR("{\"k\":1}"),
        .started_unix_ms = start_unix_ms,
        .history_mask = history_mask,
    };
    CHECK(json_parse(&stage->machine_arena, start.input_text, 0, &start.input, NULL) == STATUS_OK);
    CHECK(engine_execution_new(&stage->arena, &start, &stage->execution) == STATUS_OK);
}

static void stage_release(struct stage *stage)
{
    asl_machine_unref(stage->machine);
    arena_release(&stage->machine_arena);
    arena_release(&stage->arena);
    arena_release(&stage->step_arena);
}

static enum status feed(struct stage *stage, struct engine_event event, int64_t after_ms)
{
    event.now_unix_ms = start_unix_ms + after_ms;
    event.random_seed = 42;
    arena_reset(&stage->step_arena);
    return engine_step(stage->execution, &event, &stage->step_arena, &stage->update);
}

static enum status start(struct stage *stage)
{
    return feed(stage, (struct engine_event){.type = ENGINE_EVENT_START}, 0);
}

static const struct engine_command *find_command(const struct stage *stage,
                                                 enum engine_command_type type)
{
    for (size_t i = 0; i < stage->update.command_count; i++) {
        if (stage->update.commands[i].type == type) return &stage->update.commands[i];
    }
    return NULL;
}

// Id of the task that was started; 0 when none was.
static uint64_t started_task(const struct stage *stage)
{
    const struct engine_command *command = find_command(stage, ENGINE_COMMAND_START_TASK);
    CHECK(command != NULL);
    return command == NULL ? 0 : command->task_id;
}

static const char lambda_task[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"TimeoutSeconds\":10,"
    "\"Resource\":\"arn:aws:lambda:us-east-1:000000000000:function:f\",\"End\":true}}}";

static const char callback_task[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"HeartbeatSeconds\":5,"
    "\"Resource\":\"arn:aws:states:::sqs:sendMessage.waitForTaskToken\",\"Parameters\":{"
    "\"QueueUrl\":\"q\",\"MessageBody\":{\"t.$\":\"$$.Task.Token\"}},\"End\":true}}}";

static const char two_passes[] =
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},"
    "\"B\":{\"Type\":\"Pass\",\"End\":true}}}";

TEST(step_without_history_makes_none_but_counts)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, two_passes, ASL_MACHINE_EXPRESS, ENGINE_HISTORY_NONE);
    CHECK(start(&stage) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_SUCCEEDED);
    CHECK(stage.update.history_event_count == 0 && stage.update.history_events == NULL);
    CHECK(stage.update.command_count == 0 && stage.update.commands == NULL);
    CHECK(stage.step_arena.used_bytes == 0); // The fast path does not touch it.
    CHECK(engine_execution_history_count(stage.execution) == 6);
    CHECK(stage.update.stopped_unix_ms == start_unix_ms);
    CHECK(engine_execution_payload_bytes_max(stage.execution) > 0);
}

TEST(step_makes_only_the_events_of_the_mask)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Fail\",\"Error\":\"E\"}}}",
               ASL_MACHINE_EXPRESS, engine_history_error_mask);
    CHECK(start(&stage) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_FAILED);
    REQUIRE(stage.update.history_event_count == 2);
    CHECK(stage.update.history_events[0].id == 2);
    CHECK(stage.update.history_events[1].type == ENGINE_HISTORY_EXECUTION_FAILED);
    CHECK_STR(stage.update.error.name, STR("E"));
}

TEST(step_starts_a_task_and_arms_its_timeout)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, lambda_task, ASL_MACHINE_STANDARD, ENGINE_HISTORY_ALL);
    CHECK(start(&stage) == STATUS_OK);
    const struct engine_command *task = find_command(&stage, ENGINE_COMMAND_START_TASK);
    const struct engine_command *timer = find_command(&stage, ENGINE_COMMAND_ARM_TIMER);
    REQUIRE(task != NULL && timer != NULL && stage.update.command_count == 2);
    CHECK(task->deadline_unix_ms == start_unix_ms + 10000);
    CHECK(timer->at_unix_ms == start_unix_ms + 10000);
    CHECK(task->task_token.size == 0);
    CHECK(JSON_FIND(&task->parameters, "k") != NULL);
    CHECK(task->resource->kind == ASL_RESOURCE_LAMBDA_FUNCTION);
}

TEST(step_drops_what_nobody_waits_for)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, lambda_task, ASL_MACHINE_STANDARD, ENGINE_HISTORY_ALL);
    struct engine_event answer = {.type = ENGINE_EVENT_TASK_SUCCEEDED, .output = json_null};
    CHECK(feed(&stage, answer, 0) == STATUS_NOT_FOUND); // Before the start.
    CHECK(start(&stage) == STATUS_OK);
    CHECK(start(&stage) == STATUS_NOT_FOUND);
    answer.task_id = started_task(&stage);
    struct engine_event stale = answer;
    stale.task_id += UINT64_C(1) << 30;
    CHECK(feed(&stage, stale, 1) == STATUS_NOT_FOUND);
    stale = answer;
    stale.type = ENGINE_EVENT_TASK_SUBMITTED; // A function does not say so.
    CHECK(feed(&stage, stale, 1) == STATUS_NOT_FOUND);
    CHECK(feed(&stage, (struct engine_event){.type = ENGINE_EVENT_CONTINUE}, 1) ==
          STATUS_NOT_FOUND);
    CHECK(feed(&stage, answer, 2) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_SUCCEEDED);
    CHECK(find_command(&stage, ENGINE_COMMAND_CANCEL_TIMER) != NULL);
    CHECK(find_command(&stage, ENGINE_COMMAND_CANCEL_TASK) == NULL);
    CHECK(feed(&stage, answer, 3) == STATUS_NOT_FOUND);
}

TEST(step_cancels_everything_at_a_stop)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, callback_task, ASL_MACHINE_STANDARD, ENGINE_HISTORY_ALL);
    CHECK(start(&stage) == STATUS_OK);
    uint64_t task_id = started_task(&stage);
    struct engine_event stop = {.type = ENGINE_EVENT_STOP, .error = {.name = STR("X")}};
    CHECK(feed(&stage, stop, 7) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_ABORTED);
    const struct engine_command *cancel = find_command(&stage, ENGINE_COMMAND_CANCEL_TASK);
    CHECK(cancel != NULL && cancel->task_id == task_id);
    CHECK(find_command(&stage, ENGINE_COMMAND_CANCEL_TIMER) != NULL); // The year of its life.
    CHECK(stage.update.stopped_unix_ms == start_unix_ms + 7);
}

TEST(step_gives_a_callback_its_token_and_the_same_one_to_its_parameters)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, callback_task, ASL_MACHINE_STANDARD, ENGINE_HISTORY_ALL);
    CHECK(start(&stage) == STATUS_OK);
    const struct engine_command *task = find_command(&stage, ENGINE_COMMAND_START_TASK);
    REQUIRE(task != NULL);
    CHECK(task->task_token.size == 96);
    const struct json *body = JSON_FIND(&task->parameters, "MessageBody");
    const struct json *token = body == NULL ? NULL : JSON_FIND(body, "t");
    REQUIRE(token != NULL);
    CHECK_STR(json_str(token), task->task_token);
    CHECK(task->heartbeat_seconds == 5);
}

TEST(step_holds_an_answer_that_is_faster_than_the_submission)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, callback_task, ASL_MACHINE_STANDARD, ENGINE_HISTORY_ALL);
    CHECK(start(&stage) == STATUS_OK);
    struct engine_event event = {
        .type = ENGINE_EVENT_TASK_SUCCEEDED,
        .task_id = started_task(&stage),
        .output = json_from_integer(5),
    };
    CHECK(feed(&stage, event, 1) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_RUNNING && stage.update.history_event_count == 0);
    CHECK(feed(&stage, event, 2) == STATUS_NOT_FOUND);
    event.type = ENGINE_EVENT_TASK_SUBMITTED;
    event.output = json_empty_object;
    CHECK(feed(&stage, event, 3) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_SUCCEEDED);
    CHECK(stage.update.output.integer == 5);
    REQUIRE(stage.update.history_event_count == 4);
    CHECK(stage.update.history_events[0].type == ENGINE_HISTORY_TASK_SUBMITTED);
    CHECK(stage.update.history_events[1].type == ENGINE_HISTORY_TASK_SUCCEEDED);
}

TEST(step_refuses_a_result_over_the_limit)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, lambda_task, ASL_MACHINE_STANDARD, ENGINE_HISTORY_ALL);
    CHECK(start(&stage) == STATUS_OK);
    char *text = calloc(1, 300000);
    REQUIRE(text != NULL);
    memset(text, 'x', 300000);
    struct engine_event answer = {
        .type = ENGINE_EVENT_TASK_SUCCEEDED,
        .task_id = started_task(&stage),
        .output = json_from_str((struct str){text, 300000}),
        .output_size_bytes = 300002,
    };
    CHECK(feed(&stage, answer, 1) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_FAILED);
    CHECK_STR(stage.update.error.name, STR("States.DataLimitExceeded"));
    CHECK_STR(stage.update.error.cause,
              STR("The state/task 'arn:aws:lambda:us-east-1:000000000000:function:f' returned a "
                  "result with a size exceeding the maximum number of bytes service limit."));
    CHECK(stage.update.history_events[0].type == ENGINE_HISTORY_LAMBDA_FUNCTION_FAILED);
    free(text);
}

TEST(step_refuses_an_output_that_grew_over_the_limit)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage,
               "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Parameters\":{"
               "\"a.$\":\"$\",\"b.$\":\"$\"},\"Next\":\"A2\"},"
               "\"A2\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.no\",\"IsPresent\":true,"
               "\"Next\":\"Z\"}],\"Default\":\"A\"},\"Z\":{\"Type\":\"Succeed\"}}}",
               ASL_MACHINE_EXPRESS, ENGINE_HISTORY_NONE);
    CHECK(start(&stage) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_FAILED);
    CHECK_STR(stage.update.error.name, STR("States.DataLimitExceeded"));
    CHECK_STR(stage.update.error.cause,
              STR("The state/task 'A' returned a result with a size exceeding the maximum number "
                  "of bytes service limit."));
}

TEST(step_refuses_data_that_nests_without_end)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage,
               "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Parameters\":{"
               "\"a.$\":\"$\"},\"Next\":\"A2\"},"
               "\"A2\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.no\",\"IsPresent\":true,"
               "\"Next\":\"Z\"}],\"Default\":\"A\"},\"Z\":{\"Type\":\"Succeed\"}}}",
               ASL_MACHINE_EXPRESS, ENGINE_HISTORY_NONE);
    CHECK(start(&stage) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_FAILED);
    CHECK_STR(stage.update.error.name, STR("States.Runtime"));
}

TEST(step_yields_from_a_loop_and_goes_on_when_asked)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage,
               "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},"
               "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.no\",\"IsPresent\":true,"
               "\"Next\":\"Z\"}],\"Default\":\"A\"},\"Z\":{\"Type\":\"Succeed\"}}}",
               ASL_MACHINE_EXPRESS, ENGINE_HISTORY_NONE);
    CHECK(start(&stage) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_RUNNING);
    CHECK(find_command(&stage, ENGINE_COMMAND_CONTINUE) != NULL);
    uint64_t count = engine_execution_history_count(stage.execution);
    CHECK(count > ENGINE_STEP_STATES_MAX);
    CHECK(feed(&stage, (struct engine_event){.type = ENGINE_EVENT_CONTINUE}, 10) == STATUS_OK);
    CHECK(engine_execution_history_count(stage.execution) > count);
    CHECK(find_command(&stage, ENGINE_COMMAND_CONTINUE) != NULL);
    CHECK(feed(&stage, (struct engine_event){.type = ENGINE_EVENT_STOP}, 20) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_ABORTED);
}

TEST(step_that_runs_out_of_memory_says_so)
{
    struct stage CLEANUP(stage_release) stage;
    stage_init(&stage, callback_task, ASL_MACHINE_STANDARD, ENGINE_HISTORY_ALL);
    stage.step_arena.limit_bytes = 64;
    CHECK(start(&stage) == STATUS_NO_MEMORY);
}

TEST(moved_execution_keeps_only_what_it_needs)
{
    struct stage CLEANUP(stage_release) stage;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(16));
    stage_init(&stage, lambda_task, ASL_MACHINE_STANDARD, ENGINE_HISTORY_ALL);
    CHECK(start(&stage) == STATUS_OK);
    uint64_t task_id = started_task(&stage);
    REQUIRE(engine_execution_move(stage.execution, &arena, &stage.execution) == STATUS_OK);
    CHECK(engine_execution_arena(stage.execution) == &arena);
    arena_release(&stage.arena);
    CHECK((size_t)(arena.next - (char *)arena.block) < KIB(2));
    struct engine_event answer = {
        .type = ENGINE_EVENT_TASK_SUCCEEDED, .task_id = task_id, .output = json_true};
    CHECK(feed(&stage, answer, 1) == STATUS_OK);
    CHECK(stage.update.status == ENGINE_SUCCEEDED);
}

TEST(moved_execution_shares_what_was_shared)
{
    struct stage CLEANUP(stage_release) stage;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(16));
    stage_init(&stage,
               "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Pass\",\"Parameters\":{\"l.$\":"
               "\"States.ArrayRange(1,1000,1)\"},\"Next\":\"M\"},\"M\":{\"Type\":\"Map\","
               "\"ItemsPath\":\"$.l\",\"ItemSelector\":{\"all.$\":\"$.l\"},\"ItemProcessor\":{"
               "\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\",\"InputPath\":\"$.all\","
               "\"Next\":\"T\"},\"T\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}},"
               "\"End\":true}}}",
               ASL_MACHINE_STANDARD, ENGINE_HISTORY_NONE);
    CHECK(start(&stage) == STATUS_OK);
    REQUIRE(engine_execution_move(stage.execution, &arena, &stage.execution) == STATUS_OK);
    // Forty iterations hold the same thousand numbers: sixteen kilobytes, once or twice.
    CHECK(arena.used_bytes < KIB(200));
}

TEST(status_names_are_the_services)
{
    CHECK(str_is(STR("RUNNING"), engine_status_name(ENGINE_RUNNING)));
    CHECK(str_is(STR("TIMED_OUT"), engine_status_name(ENGINE_TIMED_OUT)));
}
