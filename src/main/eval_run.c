// `galop eval run`: a definition, its input and the answers of its tasks, one JSON line each way.
//
//     {"definition": {…} or TEXT, "input"?: …, "type"?: "EXPRESS", "context"?: {…}, "tasks"?: […],
//      "stop_after_seconds"?: N, "history"?: true,
//      "mock_config"?: {…} or TEXT, "state_machine"?: NAME, "test_case"?: NAME}
//     -> {"status", "output"?, "error"?, "cause"?, "history"?: […]}
//
// The execution runs in process and in virtual time. Each of `tasks` answers one task of a state:
//
//     {"state", "input"?, "output" or "error" and "cause" or neither, "submitted"?, "worker_name"?,
//      "takes_seconds"?, "heartbeat_seconds"?}
//
// They are taken in order; a task without an answer runs until its timeout. "mock_config" is a mock
// file (tasks/mock_file.h), asked before "tasks"; which of its state machines and test cases need
// only be said where there are several. "context" gives parts
// of the context object: Execution.Id, Name, RoleArn, StartTime, StateMachine.Id, Name.

#include "asl/machine.h"
#include "base/clock.h"
#include "engine/rehearsal.h"
#include "main/eval.h"
#include "tasks/mock_file.h"

enum {
    HISTORY_BYTES_MAX = 256 << 20,
    SECONDS_MAX = 1000000000,
};

static const int64_t start_unix_ms = INT64_C(1704067200000); // 2024-01-01T00:00:00Z

struct run {
    struct arena *arena;
    const struct json *request;
    const struct asl_machine *machine;
    struct rehearsal rehearsal;
    struct mock_file mock_file;
    struct rehearsal_answer mock_answer; // The last one of the mock file.
    struct buffer history;               // A JSON array.
};

// A request that cannot be run: says why.
static void refuse(struct json_writer *writer, struct str cause)
{
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("status"), STR("INVALID"));
    json_writer_string_member(writer, STR("cause"), cause);
    json_writer_end_object(writer);
}

// A number of seconds, fractions allowed, in milliseconds.
static int64_t seconds_member(const struct json *object, struct str name, int64_t absent)
{
    const struct json *value = json_find(object, name);
    if (value == NULL || !json_is_number(value)) return absent;
    double seconds = json_to_real(value);
    if (!(seconds >= 0)) return 0;
    return (int64_t)((seconds > SECONDS_MAX ? SECONDS_MAX : seconds) * 1000);
}

static enum status parse_machine(struct run *run, struct str *ret_problem)
{
    const struct json *definition = JSON_FIND(run->request, "definition");
    if (definition == NULL) {
        *ret_problem = STR("definition is missing");
        return STATUS_INVALID;
    }
    struct str text = json_is_string(definition) ? json_str(definition)
                                                 : json_render_to_arena(run->arena, definition);
    bool is_express = str_is(JSON_FIND_STR(run->request, "type"), "EXPRESS");
    enum asl_machine_type type = is_express ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD;
    struct asl_diagnostics diagnostics;
    asl_diagnostics_init(&diagnostics, run->arena);
    enum status status = asl_machine_parse(text, type, &diagnostics, &run->machine);
    if (status != STATUS_INVALID) return status;
    *ret_problem = asl_diagnostics_summary(&diagnostics, run->arena);
    // What runs here need not be a resource that the service knows.
    asl_diagnostics_init(&diagnostics, run->arena);
    return asl_machine_parse_by(ASL_RULES_LANGUAGE, text, type, &diagnostics, &run->machine);
}

static void read_start(struct run *run)
{
    struct engine_start *start = &run->rehearsal.start;
    const struct json *context = JSON_FIND(run->request, "context");
    const struct json *execution = context == NULL ? NULL : JSON_FIND(context, "Execution");
    const struct json *machine = context == NULL ? NULL : JSON_FIND(context, "StateMachine");
    const struct json *input = JSON_FIND(run->request, "input");
    if (execution == NULL) execution = &json_empty_object;
    if (machine == NULL) machine = &json_empty_object;
    bool is_express = run->machine->type == ASL_MACHINE_EXPRESS;
    *start = (struct engine_start){
        .machine = run->machine,
        .execution_arn = json_find_str(
            execution, STR("Id"),
            is_express ? STR("arn:aws:states:us-east-1:000000000000:express:Rehearsal:run:run")
                       : STR("arn:aws:states:us-east-1:000000000000:execution:Rehearsal:run")),
        .execution_name = json_find_str(execution, STR("Name"), STR("run")),
        .role_arn = json_find_str(execution, STR("RoleArn"),
                                  STR("arn:aws:iam::000000000000:role/Rehearsal")),
        .state_machine_arn =
            json_find_str(machine, STR("Id"),
                          STR("arn:aws:states:us-east-1:000000000000:stateMachine:Rehearsal")),
        .state_machine_name = json_find_str(machine, STR("Name"), STR("Rehearsal")),
        .region = STR("us-east-1"),
        .input = input == NULL ? json_empty_object : *input,
        .started_unix_ms = start_unix_ms,
        .history_mask = ENGINE_HISTORY_NONE,
    };
    start->input_text = json_render_to_arena(run->arena, &start->input);
    struct str start_time = JSON_FIND_STR(execution, "StartTime");
    int64_t unix_ms;
    if (clock_parse_rfc3339(start_time, &unix_ms, NULL)) start->started_unix_ms = unix_ms;
    const struct json *history = JSON_FIND(run->request, "history");
    if (history != NULL && history->type == JSON_TRUE) start->history_mask = ENGINE_HISTORY_ALL;
}

static bool read_answer(const struct json *task, struct rehearsal_answer *ret_answer)
{
    const struct json *output = JSON_FIND(task, "output");
    const struct json *error = JSON_FIND(task, "error");
    struct str state = JSON_FIND_STR(task, "state");
    if (state.size == 0) return false;
    if (error != NULL && !json_is_string(error)) return false;
    *ret_answer = (struct rehearsal_answer){
        .state = state,
        .input = JSON_FIND(task, "input"),
        .output = error == NULL ? output : NULL,
        .submitted = JSON_FIND(task, "submitted"),
        .worker_name = JSON_FIND_STR(task, "worker_name"),
        .takes_ms = seconds_member(task, STR("takes_seconds"), 0),
        .heartbeat_ms = seconds_member(task, STR("heartbeat_seconds"), 0),
    };
    if (error == NULL) return true;
    ret_answer->error.name = json_str(error);
    ret_answer->error.cause = json_find_str(task, STR("cause"), (struct str){0});
    return true;
}

static enum status read_answers(struct run *run, struct str *ret_problem)
{
    const struct json *tasks = JSON_FIND(run->request, "tasks");
    if (tasks == NULL) return STATUS_OK;
    *ret_problem = STR("tasks must be an array of objects with a state each");
    if (!json_is_array(tasks)) return STATUS_INVALID;
    struct rehearsal_answer *answers = arena_alloc_array(run->arena, tasks->size, sizeof(*answers));
    if (answers == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < tasks->size; i++) {
        if (!read_answer(&tasks->items[i], &answers[i])) return STATUS_INVALID;
    }
    run->rehearsal.answers = answers;
    run->rehearsal.answer_count = tasks->size;
    return STATUS_OK;
}

static enum status read_mocks(struct run *run, struct str *ret_problem)
{
    const struct json *config = JSON_FIND(run->request, "mock_config");
    if (config == NULL || json_is_null(config)) return STATUS_OK;
    enum status status =
        json_is_string(config)
            ? mock_file_parse(run->arena, json_str(config), &run->mock_file, ret_problem)
            : mock_file_read(run->arena, config, &run->mock_file, ret_problem);
    if (status == STATUS_OK) {
        status = mock_file_choose(&run->mock_file, JSON_FIND_STR(run->request, "state_machine"),
                                  JSON_FIND_STR(run->request, "test_case"), ret_problem);
    }
    return status == STATUS_NOT_FOUND ? STATUS_INVALID : status;
}

static const struct rehearsal_answer *on_task(void *context, const struct asl_state *state)
{
    struct run *run = context;
    struct rehearsal_answer *answer = &run->mock_answer;
    struct mock_answer mock;
    struct str why;
    enum status status = mock_file_answer(&run->mock_file, state->name, &mock, &why);
    if (status == STATUS_NOT_FOUND) return NULL;
    *answer = (struct rehearsal_answer){0};
    if (status != STATUS_OK) {
        answer->error = (struct asl_error){.name = ASL_ERROR_RUNTIME, .cause = why};
    } else if (mock.result == NULL) {
        answer->error = (struct asl_error){.name = mock.error, .cause = mock.cause};
    } else if (state->task.resource.kind == ASL_RESOURCE_LAMBDA_FUNCTION) {
        answer->output = mock_function_result(mock.result);
    } else {
        answer->output = mock.result;
    }
    return answer;
}

static void on_update(void *context, const struct engine_update *update)
{
    struct run *run = context;
    for (size_t i = 0; i < update->history_event_count; i++) {
        if (run->history.size > 1) buffer_append_byte(&run->history, ',');
        engine_history_event_render(&update->history_events[i], true, &run->history);
    }
}

static void write_result(const struct run *run, const struct rehearsal_result *result,
                         struct json_writer *writer)
{
    json_writer_begin_object(writer);
    const char *status = engine_status_name(result->status);
    if (result->end == REHEARSAL_UNEXPECTED) status = "UNEXPECTED";
    json_writer_string_member(writer, STR("status"), str_from_c(status));
    if (result->status == ENGINE_SUCCEEDED) {
        json_writer_value_member(writer, STR("output"), &result->output);
    }
    if (result->error.name.data != NULL) {
        json_writer_string_member(writer, STR("error"), result->error.name);
    }
    if (result->error.cause.data != NULL) {
        json_writer_string_member(writer, STR("cause"), result->error.cause);
    }
    if (result->end == REHEARSAL_UNEXPECTED) {
        json_writer_string_member(writer, STR("state"), result->unexpected_state);
        json_writer_value_member(writer, STR("input"), &result->unexpected_input);
    }
    if (run->rehearsal.start.history_mask != ENGINE_HISTORY_NONE) {
        json_writer_name(writer, STR("history"));
        json_writer_raw(writer, buffer_str(&run->history));
    }
    json_writer_end_object(writer);
}

static enum status run_request(struct run *run, struct json_writer *writer)
{
    struct str problem = STR("the request is not understood");
    struct rehearsal_result result;
    enum status status = parse_machine(run, &problem);
    if (status == STATUS_OK) {
        read_start(run);
        status = read_answers(run, &problem);
    }
    if (status == STATUS_OK) status = read_mocks(run, &problem);
    if (status == STATUS_INVALID) {
        refuse(writer, problem);
        return STATUS_OK;
    }
    if (status != STATUS_OK) return status;
    run->rehearsal.seed = 1;
    run->rehearsal.stop_after_ms = seconds_member(run->request, STR("stop_after_seconds"), -1);
    if (run->mock_file.states != NULL) run->rehearsal.on_task = on_task;
    run->rehearsal.on_update = on_update;
    run->rehearsal.context = run;
    status = rehearsal_run(&run->rehearsal, run->arena, &result);
    buffer_append_byte(&run->history, ']');
    if (status == STATUS_OK && run->history.is_failed) status = STATUS_NO_MEMORY;
    if (status == STATUS_OK) write_result(run, &result, writer);
    return status;
}

static void answer(struct json_writer *writer, struct arena *arena, const struct json *request)
{
    struct run run = {.arena = arena, .request = request};
    buffer_init(&run.history, HISTORY_BYTES_MAX);
    buffer_append_byte(&run.history, '[');
    enum status status = run_request(&run, writer);
    if (status != STATUS_OK) refuse(writer, str_from_c(status_name(status)));
    buffer_release(&run.history);
    asl_machine_unref(run.machine);
}

int eval_run(int argc, char **argv)
{
    return eval_lines(argc, argv, answer);
}
