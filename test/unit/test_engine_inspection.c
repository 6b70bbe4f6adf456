// Data cases of test/cases/inspection: a state alone, what stands in for its work, and all that is
// told of it. `expect` holds exactly what there is to tell.

#include "engine/engine.h"
#include "test/lib/cases.h"
#include "test/lib/test.h"

static const char *const stage_names[ENGINE_STAGE_COUNT] = {
    [ENGINE_AFTER_INPUT_PATH] = "after_input_path",
    [ENGINE_AFTER_PARAMETERS] = "after_parameters",
    [ENGINE_AFTER_ARGUMENTS] = "after_arguments",
    [ENGINE_AFTER_ITEMS_PATH] = "after_items_path",
    [ENGINE_AFTER_ITEM_SELECTOR] = "after_item_selector",
    [ENGINE_RESULT] = "result",
    [ENGINE_AFTER_RESULT_SELECTOR] = "after_result_selector",
    [ENGINE_AFTER_RESULT_PATH] = "after_result_path",
};

static struct json value_of(const struct json *object, struct str name)
{
    const struct json *value = json_find(object, name);
    return value == NULL ? json_null : *value;
}

static void read_case(const struct json *test_case, struct engine_inspection *inspection)
{
    const struct json *result = JSON_FIND(test_case, "mock_result");
    struct json failures = value_of(test_case, STR("map_failure_count"));
    struct json retries = value_of(test_case, STR("retry_count"));
    engine_inspection_init(inspection);
    inspection->variables = value_of(test_case, STR("variables"));
    inspection->context_object = value_of(test_case, STR("context"));
    inspection->reader_items = value_of(test_case, STR("reader_items"));
    inspection->mock_error.name = CASE_TEXT(test_case, "mock_error");
    inspection->mock_error.cause = CASE_TEXT(test_case, "mock_cause");
    if (inspection->mock_error.name.data != NULL) inspection->mock = ENGINE_MOCK_ERROR;
    if (result != NULL) {
        inspection->mock = ENGINE_MOCK_RESULT;
        inspection->mock_result = *result;
    }
    if (json_is_number(&failures)) inspection->map_failure_count = failures.integer;
    if (json_is_number(&retries)) inspection->retry_count = (uint32_t)retries.integer;
}

// Start it; a task that is started gets the case's `reply`.
static bool play(const struct json *test_case, const struct engine_start *start,
                 struct arena *arena, struct engine_update *ret_update)
{
    static struct arena step_arena;
    struct engine_execution *execution;
    struct engine_event event = {.type = ENGINE_EVENT_START, .now_unix_ms = start->started_unix_ms};
    arena_release(&step_arena);
    arena_init(&step_arena, MIB(64));
    if (engine_execution_new(arena, start, &execution) != STATUS_OK) return false;
    if (engine_step(execution, &event, &step_arena, ret_update) != STATUS_OK) return false;
    for (int i = 0; i < 3 && ret_update->status == ENGINE_RUNNING; i++) {
        const struct engine_command *command = NULL;
        for (size_t c = 0; c < ret_update->command_count; c++) {
            bool is_timer = ret_update->commands[c].type == ENGINE_COMMAND_ARM_TIMER;
            if (is_timer && event.type != ENGINE_EVENT_START) continue;
            if (command == NULL || !is_timer) command = &ret_update->commands[c];
        }
        if (command == NULL) return false;
        event = (struct engine_event){
            .type = ENGINE_EVENT_TIMER_FIRED,
            .timer_id = command->timer_id,
            .now_unix_ms = command->at_unix_ms,
        };
        if (command->type == ENGINE_COMMAND_START_TASK) {
            event.type = ENGINE_EVENT_TASK_SUCCEEDED;
            event.task_id = command->task_id;
            event.output = value_of(test_case, STR("reply"));
            event.now_unix_ms = start->started_unix_ms;
        }
        arena_reset(&step_arena);
        if (engine_step(execution, &event, &step_arena, ret_update) != STATUS_OK) return false;
    }
    return ret_update->status != ENGINE_RUNNING;
}

static void add_text(struct json_members *members, struct str name, struct str text)
{
    if (text.data != NULL) json_members_append(members, name, json_from_str(text));
}

static void add_number(struct json_members *members, struct str name, int64_t number)
{
    if (number >= 0) json_members_append(members, name, json_from_integer(number));
}

static struct json tell(const struct engine_inspection *inspection,
                        const struct engine_update *update, struct arena *arena)
{
    static const char *const verdicts[] = {
        [ENGINE_VERDICT_NONE] = "NONE",           [ENGINE_VERDICT_SUCCEEDED] = "SUCCEEDED",
        [ENGINE_VERDICT_FAILED] = "FAILED",       [ENGINE_VERDICT_RETRIABLE] = "RETRIABLE",
        [ENGINE_VERDICT_CAUGHT] = "CAUGHT_ERROR", [ENGINE_VERDICT_TOO_MANY_FAILURES] = "TOO_MANY",
    };
    struct json_members told;
    json_members_init(&told, arena);
    add_text(&told, STR("verdict"), str_from_c(verdicts[inspection->verdict]));
    if (update->status == ENGINE_SUCCEEDED) {
        json_members_append(&told, STR("output"), update->output);
    }
    add_text(&told, STR("error"), inspection->error.name);
    add_text(&told, STR("cause"), inspection->error.cause);
    if (inspection->next_state.size > 0) add_text(&told, STR("next"), inspection->next_state);
    for (size_t i = 0; i < ENGINE_STAGE_COUNT; i++) {
        if (!inspection->has_stage[i]) continue;
        json_members_append(&told, str_from_c(stage_names[i]), inspection->stages[i]);
    }
    if (!json_is_null(&inspection->variables_after)) {
        json_members_append(&told, STR("variables"), inspection->variables_after);
    }
    add_number(&told, STR("retry_index"), inspection->retry_index);
    add_number(&told, STR("retry_delay_seconds"), inspection->retry_delay_seconds);
    add_number(&told, STR("catch_index"), inspection->catch_index);
    add_number(&told, STR("max_concurrency"), inspection->max_concurrency);
    add_number(&told, STR("tolerated_failure_count"), inspection->tolerated_failure_count);
    if (inspection->tolerated_failure_percentage >= 0) {
        json_members_append(&told, STR("tolerated_failure_percentage"),
                            json_from_real(inspection->tolerated_failure_percentage));
    }
    return json_members_finish(&told);
}

static void run_case(const char *path, const struct json *test_case)
{
    struct arena CLEANUP(arena_release) arena;
    struct asl_diagnostics diagnostics;
    const struct asl_machine *machine;
    struct engine_inspection inspection;
    struct engine_update update = {0};
    struct str about = CASE_TEXT(test_case, "about");
    arena_init(&arena, MIB(64));
    asl_diagnostics_init(&diagnostics, &arena);
    if (asl_machine_parse_state(json_render_to_arena(&arena, JSON_FIND(test_case, "state")),
                                ASL_JSONPATH, &diagnostics, &machine) != STATUS_OK) {
        struct str summary = asl_diagnostics_summary(&diagnostics, &arena);
        test_fail(path, 0, "%" STR_FORMAT ": %" STR_FORMAT, STR_ARGS(about), STR_ARGS(summary));
        return;
    }
    read_case(test_case, &inspection);
    struct engine_start start = {
        .machine = machine,
        .execution_arn = STR("arn:aws:states:us-east-1:000000000000:express:Test:run"),
        .execution_name = STR("run"),
        .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:Test"),
        .state_machine_name = STR("Test"),
        .region = STR("us-east-1"),
        .input = value_of(test_case, STR("input")),
        .started_unix_ms = INT64_C(1704067200000),
        .inspection = &inspection,
    };
    if (!play(test_case, &start, &arena, &update)) {
        test_fail(path, 0, "%" STR_FORMAT ": did not end", STR_ARGS(about));
    } else {
        struct json told = tell(&inspection, &update, &arena);
        const struct json *expected = JSON_FIND(test_case, "expect");
        struct str text = json_render_to_arena(&arena, &told);
        if (!json_equal(&told, expected)) {
            test_fail(path, 0, "%" STR_FORMAT "\n#   tells %" STR_FORMAT, STR_ARGS(about),
                      STR_ARGS(text));
        }
    }
    asl_machine_unref(machine);
}

TEST(inspections_tell_what_cases_expect)
{
    test_each_case("inspection", 1, run_case);
}
