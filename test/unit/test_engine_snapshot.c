// Snapshots: what stands in one, what it costs, and that no text can do harm. That nothing shows of
// being put down is what test_engine_cases.c and test_engine_random.c find out.

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "engine/snapshot.h"
#include "test/lib/test.h"

static const int64_t start_unix_ms = INT64_C(1704067200000); // 2024-01-01T00:00:00Z

struct stage {
    struct arena machine_arena, arena, other_arena, step_arena;
    struct buffer text;
    struct engine_start start;
    struct engine_execution *execution;
    struct engine_update update;
};

static void feed(struct stage *stage, struct engine_event event, int64_t after_ms)
{
    event.now_unix_ms = start_unix_ms + after_ms;
    event.random_seed = 42;
    arena_reset(&stage->step_arena);
    CHECK(engine_step(stage->execution, &event, &stage->step_arena, &stage->update) == STATUS_OK);
}

// Parse, start, and run until it waits.
static void begin(struct stage *stage, const char *definition, const char *input)
{
    struct asl_diagnostics diagnostics;
    *stage = (struct stage){0};
    arena_init(&stage->machine_arena, MIB(16));
    arena_init(&stage->arena, MIB(256));
    arena_init(&stage->other_arena, MIB(256));
    arena_init(&stage->step_arena, MIB(64));
    buffer_init(&stage->text, MIB(64));
    asl_diagnostics_init(&diagnostics, &stage->machine_arena);
    stage->start = (struct engine_start){
        .execution_arn = STR("arn:aws:states:us-east-1:000000000000:execution:M:run"),
        .execution_name = STR("run"),
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:M"),
        .state_machine_name = STR("M"),
        .region = STR("us-east-1"),
        .input_text = str_from_c(input),
        .started_unix_ms = start_unix_ms,
        .history_mask = ENGINE_HISTORY_ALL,
    };
    REQUIRE(asl_machine_parse(str_from_c(definition), ASL_MACHINE_STANDARD, &diagnostics,
                              &stage->start.machine) == STATUS_OK);
    REQUIRE(json_parse(&stage->arena, stage->start.input_text, JSON_PARSE_COPY, &stage->start.input,
                       NULL) == STATUS_OK);
    REQUIRE(engine_execution_new(&stage->arena, &stage->start, &stage->execution) == STATUS_OK);
    feed(stage, (struct engine_event){.type = ENGINE_EVENT_START}, 0);
}

static void stage_release(struct stage *stage)
{
    asl_machine_unref(stage->start.machine);
    arena_release(&stage->machine_arena);
    arena_release(&stage->arena);
    arena_release(&stage->other_arena);
    arena_release(&stage->step_arena);
    buffer_release(&stage->text);
}

static void put_down(struct stage *stage)
{
    buffer_clear(&stage->text);
    REQUIRE(engine_execution_encode(stage->execution, &stage->text) == STATUS_OK);
}

static void put_down_and_bring_back(struct stage *stage)
{
    put_down(stage);
    arena_release(&stage->arena);
    stage->start.input = json_null;
    stage->start.input_text = (struct str){0};
    REQUIRE(engine_execution_decode(&stage->other_arena, &stage->start, buffer_str(&stage->text),
                                    &stage->execution) == STATUS_OK);
    memset(stage->text.data, '#', stage->text.size); // The text may go.
}

static enum status keep_wait(void *context, const struct engine_wait *wait)
{
    *(struct engine_wait *)context = *wait;
    return STATUS_OK;
}

static struct engine_wait last_wait(const struct stage *stage)
{
    struct engine_wait wait = {0};
    CHECK(engine_execution_each_wait(stage->execution, keep_wait, &wait) == STATUS_OK);
    return wait;
}

#define SLEEP                                                                                      \
    "{\"StartAt\":\"Sleep\",\"States\":{\"Sleep\":{\"Type\":\"Wait\",\"Seconds\":3600,\"End\":"    \
    "true}}}"

TEST(snapshot_of_a_sleeper_is_short_and_readable)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage, SLEEP, "{\"order\":7}");
    put_down(&stage);
    struct str expected =
        STR("{\"version\":1,\"history\":{\"count\":2},\"sequence\":1,\"deadline_unix_ms\":"
            "1735603200000,\"payload_bytes_max\":11,\"strands\":[{\"state\":\"Sleep\",\"wait\":"
            "\"TIME\",\"input\":{\"value\":0,\"size_bytes\":11,\"depth\":5},\"last_event_id\":2,"
            "\"entered_event_id\":2,\"entered_unix_ms\":1704067200000,"
            "\"timer_id\":16777216,\"timer_unix_ms\":1704070800000}],\"values\":[{\"order\":7}]}");
    CHECK_STR(buffer_str(&stage.text), expected);
}

TEST(sleeper_wakes_up_from_its_snapshot)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage, SLEEP, "{\"order\":7}");
    put_down_and_bring_back(&stage);
    struct engine_wait wait = last_wait(&stage);
    CHECK(wait.type == ENGINE_WAIT_TIMER && wait.at_unix_ms == start_unix_ms + 3600 * 1000);
    feed(&stage, (struct engine_event){.type = ENGINE_EVENT_TIMER_FIRED, .timer_id = wait.timer_id},
         3600 * 1000);
    CHECK(stage.update.status == ENGINE_SUCCEEDED);
    CHECK_STR(json_render_to_arena(&stage.step_arena, &stage.update.output), STR("{\"order\":7}"));
}

#define ACTIVITY                                                                                   \
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"                        \
    "\"arn:aws:states:us-east-1:000000000000:activity:a\",\"Parameters\":{\"in.$\":\"$\"},"        \
    "\"HeartbeatSeconds\":10,\"End\":true}}}"

TEST(activity_that_nobody_took_is_offered_again_with_its_input)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage, ACTIVITY, "[1]");
    struct engine_command command = stage.update.commands[0];
    struct str token = {0};
    REQUIRE(command.type == ENGINE_COMMAND_START_TASK);
    CHECK(arena_copy_str(&stage.machine_arena, command.task_token, &token));
    put_down_and_bring_back(&stage);
    struct engine_wait wait = last_wait(&stage);
    REQUIRE(wait.type == ENGINE_WAIT_TIMER || wait.type == ENGINE_WAIT_TASK);
    CHECK(wait.task_id == command.task_id && !wait.is_submitted);
    CHECK(str_equal(wait.task_token, token));
    CHECK_STR(json_render_to_arena(&stage.step_arena, &wait.parameters), STR("{\"in\":[1]}"));
    CHECK(wait.heartbeat_seconds == 10 && wait.deadline_unix_ms == INT64_MAX);
    CHECK(wait.heartbeat_unix_ms == INT64_MAX);
}

TEST(activity_that_somebody_took_is_not_offered_again)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage, ACTIVITY, "[1]");
    feed(&stage,
         (struct engine_event){.type = ENGINE_EVENT_TASK_STARTED,
                               .task_id = stage.update.commands[0].task_id},
         5);
    uint64_t task_id = last_wait(&stage).task_id;
    put_down_and_bring_back(&stage);
    struct engine_wait wait = last_wait(&stage); // The heartbeat's timer stands last.
    CHECK(wait.type == ENGINE_WAIT_TIMER && wait.at_unix_ms == start_unix_ms + 10005);
    CHECK(str_find(buffer_str(&stage.text), STR("parameters")) == SIZE_MAX && task_id == 0);
}

TEST(values_that_are_shared_stand_once)
{
    struct stage CLEANUP(stage_release) stage;
    begin(&stage,
          "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Pass\",\"Parameters\":{\"l.$\":"
          "\"States.ArrayRange(1,1000,1)\"},\"Next\":\"M\"},\"M\":{\"Type\":\"Map\","
          "\"ItemsPath\":\"$.l\",\"ItemSelector\":{\"all.$\":\"$.l\"},\"ItemProcessor\":{"
          "\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\",\"InputPath\":\"$.all\","
          "\"Next\":\"T\"},\"T\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}},"
          "\"End\":true}}}",
          "{}");
    put_down(&stage);
    // Forty iterations hold the same thousand numbers, four kilobytes of text.
    CHECK(stage.text.size < KIB(30));
    put_down_and_bring_back(&stage);
    CHECK(stage.other_arena.used_bytes < KIB(400));
}

TEST(values_as_deep_as_can_be_come_back)
{
    static char output[2 * JSON_DEPTH_MAX + 1];
    struct stage CLEANUP(stage_release) stage;
    struct buffer CLEANUP(buffer_release) before;
    memset(output, '[', JSON_DEPTH_MAX);
    memset(output + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    begin(&stage,
          "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::"
          "sqs:sendMessage.waitForTaskToken\",\"Parameters\":{\"QueueUrl\":\"q\",\"MessageBody.$\":"
          "\"$$.Task.Token\"},\"End\":true}}}",
          "{}");
    struct engine_event event = {
        .type = ENGINE_EVENT_TASK_SUCCEEDED, // Before its submission: the answer is held.
        .task_id = stage.update.commands[0].task_id,
    };
    REQUIRE(json_parse(&stage.arena, str_from_c(output), 0, &event.output, NULL) == STATUS_OK);
    feed(&stage, event, 1);
    put_down(&stage);
    buffer_init(&before, MIB(1));
    buffer_append_str(&before, buffer_str(&stage.text));
    CHECK(str_find(buffer_str(&before), STR("\"deep_values\":[{\"value\":")) != SIZE_MAX);
    put_down_and_bring_back(&stage);
    CHECK(last_wait(&stage).has_early_result);
    put_down(&stage);
    CHECK(str_equal(buffer_str(&stage.text), buffer_str(&before)));
}

// ---------------------------------------------------------------------------------------------
// Texts that are no snapshots

#define RICH                                                                                       \
    "{\"StartAt\":\"V\",\"States\":{\"V\":{\"Type\":\"Pass\",\"Assign\":{\"a\":[1,2.5,null]},"     \
    "\"Next\":\"P\"},\"P\":{\"Type\":\"Parallel\",\"Branches\":[{\"StartAt\":\"M\",\"States\":{"   \
    "\"M\":{\"Type\":\"Map\",\"ItemsPath\":\"$.l\",\"MaxConcurrency\":2,\"ItemProcessor\":{"       \
    "\"ProcessorConfig\":{\"Mode\":\"INLINE\"},\"StartAt\":"                                       \
    "\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"SecondsPath\":\"$\",\"End\":true}}},"            \
    "\"End\":true}}},{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"        \
    "\"arn:aws:states:us-east-1:000000000000:activity:a\",\"TimeoutSeconds\":50,\"Retry\":[{"      \
    "\"ErrorEquals\":[\"States.ALL\"]}],\"End\":true}}}],\"End\":true}}}"

static void begin_rich(struct stage *stage)
{
    begin(stage, RICH, "{\"l\":[0,600,700,5]}");
    feed(stage,
         (struct engine_event){.type = ENGINE_EVENT_TIMER_FIRED,
                               .timer_id = last_wait(stage).timer_id},
         50 * 1000); // The task has timed out and waits for its next attempt.
    put_down(stage);
}

// Whatever comes back from `text` must be able to go on.
static enum status try_text(struct stage *stage, struct str text)
{
    struct engine_execution *execution;
    struct buffer CLEANUP(buffer_release) again;
    arena_reset(&stage->other_arena);
    buffer_init(&again, MIB(1));
    enum status status =
        engine_execution_decode(&stage->other_arena, &stage->start, text, &execution);
    if (status != STATUS_OK) return status;
    struct engine_event stop = {.type = ENGINE_EVENT_STOP, .now_unix_ms = start_unix_ms + 99999};
    CHECK(engine_execution_encode(execution, &again) == STATUS_OK);
    arena_reset(&stage->step_arena);
    CHECK(engine_step(execution, &stop, &stage->step_arena, &stage->update) == STATUS_OK);
    return STATUS_OK;
}

// The snapshot with one part put in another's place.
static enum status try_change(struct stage *stage, const char *old, const char *new)
{
    struct buffer CLEANUP(buffer_release) changed;
    struct str text = buffer_str(&stage->text);
    size_t at = str_find(text, str_from_c(old));
    buffer_init(&changed, MIB(1));
    if (at == SIZE_MAX) {
        test_fail(__FILE__, __LINE__, "no %s in %" STR_FORMAT, old, STR_ARGS(text));
        return STATUS_OK;
    }
    buffer_append_str(&changed, str_slice(text, 0, at));
    buffer_append_str(&changed, str_from_c(new));
    buffer_append_str(&changed, str_skip(text, at + strlen(old)));
    return try_text(stage, buffer_str(&changed));
}

TEST(snapshots_that_do_not_fit_are_refused)
{
    static const char *const changes[][2] = {
        {"\"version\":1", "\"version\":2"},
        {"\"version\":1,", ""},
        {"\"state\":\"P\"", "\"state\":\"Q\""},
        {"\"state\":\"P\"", "\"state\":\"T\""},
        {"\"state\":\"T\"", "\"state\":\"W\""},
        {"\"wait\":\"RETRY\"", "\"wait\":\"TASK\""},
        {"\"wait\":\"RETRY\"", "\"wait\":\"READY\",\"action\":\"ENTERS\""},
        {"\"wait\":\"CHILDREN\"", "\"wait\":\"TIME\""},
        {"\"slot\":1", "\"slot\":2"},
        {"\"slot\":1", "\"slot\":0"},
        {"\"slot\":1", "\"slot\":1000000000"},
        {"\"parent\":0", "\"parent\":3"},
        {"\"parent\":0,", ""},
        {"\"sequence\":", "\"sequence\":0,\"x\":"},
        {"\"next_index\":2", "\"next_index\":1"},
        {"\"value\":0", "\"value\":-1"},
        {"\"value\":0", "\"value\":99"},
        {"\"values\":[", "\"values\":7,\"x\":["},
        {"\"attempts\":[1]", "\"attempts\":[1,2]"},
        {"\"attempts\":[1]", "\"attempts\":[-1]"},
        {"\"fan_out\":", "\"x\":"},
        {"\"strands\":[", "\"strands\":[1,"},
        {"\"last_event_id\":", "\"last_event_id\":100,\"x\":"},
        {"\"entered_unix_ms\":17", "\"entered_unix_ms\":999999999999917"},
        {"\"strands\"", "\"free_slots\":[1],\"strands\""},
        {"\"strands\"", "\"free_slots\":[5,5],\"strands\""},
        {"\"strands\"", "\"ready\":[0],\"strands\""},
    };
    struct stage CLEANUP(stage_release) stage;
    begin_rich(&stage);
    CHECK(try_text(&stage, buffer_str(&stage.text)) == STATUS_OK);
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        if (try_change(&stage, changes[i][0], changes[i][1]) == STATUS_CORRUPT) continue;
        test_fail(__FILE__, __LINE__, "%s is taken for %s", changes[i][1], changes[i][0]);
    }
}

TEST(members_of_later_versions_are_passed_over)
{
    struct stage CLEANUP(stage_release) stage;
    begin_rich(&stage);
    CHECK(try_change(&stage, "\"version\":1", "\"version\":1,\"later\":{\"a\":1}") == STATUS_OK);
    CHECK(try_change(&stage, "\"state\":\"P\"", "\"state\":\"P\",\"later\":[]") == STATUS_OK);
}

TEST(other_definitions_snapshots_are_refused)
{
    struct stage CLEANUP(stage_release) stage, other;
    begin_rich(&stage);
    begin(&other, SLEEP, "{}");
    CHECK(try_text(&other, buffer_str(&stage.text)) == STATUS_CORRUPT);
    put_down(&other);
    CHECK(try_text(&stage, buffer_str(&other.text)) == STATUS_CORRUPT);
}

TEST(no_text_does_harm)
{
    struct stage CLEANUP(stage_release) stage;
    struct buffer CLEANUP(buffer_release) text;
    struct random random;
    begin_rich(&stage);
    buffer_init(&text, MIB(1));
    random_init_seed(&random, 3);
    for (size_t size = 0; size < stage.text.size; size++)
        CHECK(try_text(&stage, str_slice(buffer_str(&stage.text), 0, size)) == STATUS_CORRUPT);
    for (int i = 0; i < 20000; i++) {
        buffer_clear(&text);
        buffer_append_str(&text, buffer_str(&stage.text));
        for (uint64_t changes = 1 + random_u64(&random) % 2; changes > 0; changes--) {
            char digit = (char)('0' + random_u64(&random) % 11);
            size_t at = random_u64(&random) % text.size;
            if (text.data[at] >= '0' && text.data[at] <= '9') text.data[at] = digit;
        }
        enum status status = try_text(&stage, buffer_str(&text));
        CHECK(status == STATUS_OK || status == STATUS_CORRUPT);
    }
}
