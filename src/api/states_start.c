// Executions: start, and start and wait.

#include "api/states.h"
#include "store/execution.h"

// ---------------------------------------------------------------------------------------------
// Starting

static const struct api_member start_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    {.name = STR_INIT("name"), .type = API_MEMBER_STRING, .min = 1, .max = 80},
    {.name = STR_INIT("input"), .type = API_MEMBER_STRING, .max = 262144},
    {.name = STR_INIT("traceHeader"), .type = API_MEMBER_STRING, .max = 256},
};

static const struct api_member start_sync_members[] = {
    STATES_ARN_MEMBER("stateMachineArn"),
    {.name = STR_INIT("name"), .type = API_MEMBER_STRING, .min = 1, .max = 80},
    {.name = STR_INIT("input"), .type = API_MEMBER_STRING, .max = 262144},
    {.name = STR_INIT("traceHeader"), .type = API_MEMBER_STRING, .max = 256},
    STATES_INCLUDED_DATA_MEMBER,
};

// A new execution with its input parsed. Replies and returns NULL when that fails.
//
//   must_copy   the execution outlives the request
static struct runtime_execution *new_execution(struct api_request *request,
                                               const struct states_target *target, bool must_copy)
{
    struct str name = api_member_str(&request->body, STR("name"), STR(""));
    struct str input = api_member_str(&request->body, STR("input"), STR("{}"));
    struct runtime_execution *execution;
    struct json_error error;
    if (name.size > 0 && !states_name_is_valid(name)) {
        api_exception(request, STR("InvalidName"), "Invalid Name: '%" STR_FORMAT "'",
                      STR_ARGS(name));
        return NULL;
    }
    if (input.size > ASL_PAYLOAD_SIZE_BYTES_MAX) {
        api_exception(request, STR("InvalidExecutionInput"),
                      "Invalid State Machine Execution Input: 'The input is longer than 262144 "
                      "bytes.'");
        return NULL;
    }
    enum status status =
        runtime_execution_new(request->worker->runtime, target->state_machine, name, &execution);
    if (status != STATUS_OK) {
        api_fault(request, status);
        return NULL;
    }
    struct str alias_arn = target->alias_arn;
    if (must_copy && (!arena_copy_str(&execution->arena, input, &input) ||
                      !arena_copy_str(&execution->arena, alias_arn, &alias_arn))) {
        status = STATUS_NO_MEMORY;
    } else {
        execution->start.alias_arn = alias_arn;
        execution->start.input_text = input;
        status = json_parse(&execution->arena, input, 0, &execution->start.input, &error);
    }
    if (status == STATUS_OK) return execution;
    if (status == STATUS_INVALID) {
        struct str why = input.size == 0 ? STR("Invalid execution input.") : error.message;
        api_exception(request, STR("InvalidExecutionInput"),
                      "Invalid State Machine Execution Input: '%" STR_FORMAT "'", STR_ARGS(why));
    } else {
        api_fault(request, status);
    }
    runtime_execution_discard(execution);
    return NULL;
}

static void reply_started(struct api_request *request, struct str execution_arn,
                          int64_t started_unix_ms)
{
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("executionArn"), execution_arn);
    json_writer_timestamp_member(&writer, STR("startDate"), started_unix_ms);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static bool is_same_start(const struct store_execution *existing, struct str input)
{
    return str_is(existing->status, "RUNNING") && str_equal(existing->input, input);
}

// A name is taken for as long as its execution is kept; the same start again while it runs is the
// same execution.
static void on_started(void *context, struct runtime_execution *execution, enum status status,
                       const struct store_execution *existing)
{
    struct api_request *request = context;
    const struct engine_start *start = &execution->start;
    if (status == STATUS_OK) {
        reply_started(request, start->execution_arn, start->started_unix_ms);
    } else if (status != STATUS_CONFLICT) {
        api_fault(request, status);
    } else if (is_same_start(existing, start->input_text)) {
        reply_started(request, start->execution_arn, existing->started_unix_ms);
    } else {
        api_exception(request, STR("ExecutionAlreadyExists"),
                      "Execution Already Exists: '%" STR_FORMAT "'",
                      STR_ARGS(start->execution_arn));
    }
}

static void start_standard(struct api_request *request, struct runtime_execution *execution)
{
    struct str trace_header = api_member_str(&request->body, STR("traceHeader"), STR(""));
    if (!arena_copy_str(&execution->arena, trace_header, &execution->trace_header)) {
        runtime_execution_discard(execution);
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    runtime_execution_begin_standard(execution, on_started, request);
}

static void on_durable(void *context, struct runtime_execution *execution, enum status status)
{
    struct api_request *request = context;
    if (status == STATUS_OK) {
        reply_started(request, execution->start.execution_arn, execution->start.started_unix_ms);
    } else {
        api_fault(request, status);
    }
}

static void start(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    struct states_target target;
    if (!states_find_target(request, &arn, &target)) return;
    struct runtime_execution *execution = new_execution(request, &target, true);
    if (execution == NULL) return;
    if (target.state_machine->type == ASL_MACHINE_STANDARD) {
        start_standard(request, execution);
    } else {
        runtime_execution_begin_durable(execution, on_durable, request);
    }
}

// ---------------------------------------------------------------------------------------------
// StartSyncExecution

bool states_wants_data(const struct api_request *request)
{
    struct str included = api_member_str(&request->body, STR("includedData"), STR("ALL_DATA"));
    return !str_is(included, "METADATA_ONLY");
}

void states_write_data_details(struct json_writer *writer, struct str name, bool is_included)
{
    json_writer_name(writer, name);
    json_writer_begin_object(writer);
    json_writer_bool_member(writer, STR("included"), is_included);
    json_writer_end_object(writer);
}

// The value as JSON text in a JSON string, rendered by way of the worker's scratch buffer.
static void write_payload(struct api_request *request, struct json_writer *writer, struct str name,
                          const struct json *value)
{
    struct buffer *scratch = &request->worker->runtime->scratch;
    buffer_clear(scratch);
    json_render(scratch, value);
    if (scratch->is_failed) writer->buffer->is_failed = true;
    json_writer_string_member(writer, name, buffer_str(scratch));
}

static void write_sync_result(struct api_request *request, struct json_writer *writer,
                              const struct runtime_execution *execution,
                              const struct engine_update *update)
{
    bool has_data = states_wants_data(request);
    if (has_data) {
        json_writer_string_member(writer, STR("input"), execution->start.input_text);
    }
    states_write_data_details(writer, STR("inputDetails"), has_data);
    if (update->status == ENGINE_SUCCEEDED) {
        if (has_data) write_payload(request, writer, STR("output"), &update->output);
    } else {
        struct asl_error error = update->error;
        if (error.name.data != NULL) {
            json_writer_string_member(writer, STR("error"), error.name);
        } else if (update->status == ENGINE_TIMED_OUT) {
            json_writer_string_member(writer, STR("error"), ASL_ERROR_TIMEOUT);
        }
        if (error.cause.data != NULL) {
            json_writer_string_member(writer, STR("cause"), error.cause);
        }
    }
    states_write_data_details(writer, STR("outputDetails"), has_data);
}

static void on_end(struct runtime_execution *execution, const struct engine_update *update)
{
    struct api_request *request = execution->context;
    const struct engine_start *start = &execution->start;
    struct runtime_billing billing = runtime_execution_billing(execution, update->stopped_unix_ms);
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("billingDetails"));
    json_writer_begin_object(&writer);
    json_writer_integer_member(&writer, STR("billedDurationInMilliseconds"), billing.duration_ms);
    json_writer_integer_member(&writer, STR("billedMemoryUsedInMB"), billing.memory_mb);
    json_writer_end_object(&writer);
    json_writer_string_member(&writer, STR("executionArn"), start->execution_arn);
    json_writer_string_member(&writer, STR("name"), start->execution_name);
    json_writer_timestamp_member(&writer, STR("startDate"), start->started_unix_ms);
    json_writer_string_member(&writer, STR("stateMachineArn"), start->state_machine_arn);
    // A synchronous execution is never ABORTED: nobody can stop it.
    json_writer_string_member(&writer, STR("status"),
                              str_from_c(engine_status_name(update->status)));
    json_writer_timestamp_member(&writer, STR("stopDate"), update->stopped_unix_ms);
    write_sync_result(request, &writer, execution, update);
    struct str trace_header = api_member_str(&request->body, STR("traceHeader"), STR(""));
    if (trace_header.size > 0) {
        json_writer_string_member(&writer, STR("traceHeader"), trace_header);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void start_sync(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    struct states_target target;
    if (!states_find_target(request, &arn, &target)) return;
    if (target.state_machine->type != ASL_MACHINE_EXPRESS) {
        api_exception(request, STR("StateMachineTypeNotSupported"),
                      "This operation is not supported by this type of state machine");
        return;
    }
    struct runtime_execution *execution = new_execution(request, &target, false);
    if (execution == NULL) return;
    enum status status = runtime_execution_begin(execution, on_end, request);
    if (status != STATUS_OK) api_fault(request, status);
}

const struct states_operation states_start_operations[] = {
    STATES_OPERATION("StartSyncExecution", start_sync_members, start_sync),
    STATES_OPERATION("StartExecution", start_members, start),
};
const size_t states_start_operation_count = ARRAY_COUNT(states_start_operations);
