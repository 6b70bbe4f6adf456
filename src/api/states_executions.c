// Executions: start, start and wait, stop, describe, list, history.

#include "api/states.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

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
    {.name = STR_INIT("includedData"),
     .type = API_MEMBER_STRING,
     .enum_values = "[ALL_DATA, METADATA_ONLY]"},
};

// A new execution with its input parsed. Replies and returns NULL when that fails.
//
//   must_copy   the execution outlives the request
static struct runtime_execution *new_execution(struct api_request *request,
                                               struct state_machine *state_machine, bool must_copy)
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
        runtime_execution_new(request->worker->runtime, state_machine, name, &execution);
    if (status != STATUS_OK) {
        api_fault(request, status);
        return NULL;
    }
    if (must_copy && !arena_copy_str(&execution->arena, input, &input)) {
        status = STATUS_NO_MEMORY;
    } else {
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

// Standard: a name is taken for as long as its execution is known; the same start again while it
// runs is the same execution.
static void start_standard(struct api_request *request, struct runtime_execution *execution)
{
    const struct engine_start *start = &execution->start;
    struct execution_record existing;
    struct execution_record fields = {
        .arn = start->execution_arn,
        .name = start->execution_name,
        .state_machine_arn = start->state_machine_arn,
        .role_arn = start->role_arn,
        .state_machine = execution->state_machine,
        .input = start->input_text,
        .trace_header = api_member_str(&request->body, STR("traceHeader"), STR("")),
        .started_unix_ms = start->started_unix_ms,
        .worker = execution->worker,
    };
    enum status status = execution_table_insert(&request->worker->api->runtime->executions, &fields,
                                                request->arena, &existing);
    if (status == STATUS_OK) {
        struct str arn;
        int64_t started_unix_ms = start->started_unix_ms;
        execution->is_recorded = true;
        if (arena_copy_str(request->arena, start->execution_arn, &arn)) {
            status = runtime_execution_begin(execution, NULL, NULL);
        } else {
            status = STATUS_NO_MEMORY;
            runtime_execution_discard(execution);
        }
        if (status == STATUS_OK) {
            reply_started(request, arn, started_unix_ms);
        } else {
            api_fault(request, status);
        }
        return;
    }
    if (status != STATUS_CONFLICT) {
        api_fault(request, status);
    } else if (existing.status == ENGINE_RUNNING && str_equal(existing.input, fields.input)) {
        reply_started(request, existing.arn, existing.started_unix_ms);
    } else {
        api_exception(request, STR("ExecutionAlreadyExists"),
                      "Execution Already Exists: '%" STR_FORMAT "'", STR_ARGS(existing.arn));
    }
    runtime_execution_discard(execution);
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
    struct state_machine *state_machine = states_find_machine(request, &arn);
    if (state_machine == NULL) return;
    struct runtime_execution *execution = new_execution(request, state_machine, true);
    if (execution == NULL) return;
    if (state_machine->type == ASL_MACHINE_STANDARD) {
        start_standard(request, execution);
    } else {
        runtime_execution_begin_durable(execution, on_durable, request);
    }
}

// ---------------------------------------------------------------------------------------------
// StartSyncExecution

static void write_details(struct json_writer *writer, struct str name, bool is_included)
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
    bool has_data = !str_is(api_member_str(&request->body, STR("includedData"), STR("ALL_DATA")),
                            "METADATA_ONLY");
    if (has_data) {
        json_writer_string_member(writer, STR("input"), execution->start.input_text);
    }
    write_details(writer, STR("inputDetails"), has_data);
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
    write_details(writer, STR("outputDetails"), has_data);
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
    struct state_machine *state_machine = states_find_machine(request, &arn);
    if (state_machine == NULL) return;
    if (state_machine->type != ASL_MACHINE_EXPRESS) {
        api_exception(request, STR("StateMachineTypeNotSupported"),
                      "This operation is not supported by this type of state machine");
        return;
    }
    struct runtime_execution *execution = new_execution(request, state_machine, false);
    if (execution == NULL) return;
    enum status status = runtime_execution_begin(execution, on_end, request);
    if (status != STATUS_OK) api_fault(request, status);
}

// ---------------------------------------------------------------------------------------------
// StopExecution

static const struct api_member stop_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    {.name = STR_INIT("error"), .type = API_MEMBER_STRING, .max = 256},
    {.name = STR_INIT("cause"), .type = API_MEMBER_STRING, .max = 32768},
};

static void refuse_unknown(struct api_request *request, struct str arn)
{
    api_exception(request, STR("ExecutionDoesNotExist"),
                  "Execution Does Not Exist: '%" STR_FORMAT "'", STR_ARGS(arn));
}

// The record of the execution that the request names. Replies and returns false when there is none.
static bool find_record(struct api_request *request, struct execution_record *ret_record)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("executionArn"), "execution", &arn)) return false;
    enum status status = execution_table_find(&request->worker->api->runtime->executions, arn.text,
                                              request->arena, ret_record);
    if (status == STATUS_OK) return true;
    if (status == STATUS_NOT_FOUND) {
        refuse_unknown(request, arn.text);
    } else {
        api_fault(request, status);
    }
    return false;
}

static void on_stopped(void *context, enum status status)
{
    struct api_request *request = context;
    struct execution_record record;
    if (status != STATUS_OK) {
        api_fault(request, status);
        return;
    }
    if (!find_record(request, &record)) return;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("stopDate"), record.stopped_unix_ms);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void stop(struct api_request *request)
{
    struct execution_record record;
    if (!find_record(request, &record)) return;
    const struct str absent = {NULL, 0};
    struct asl_error error = {
        .name = api_member_str(&request->body, STR("error"), absent),
        .cause = api_member_str(&request->body, STR("cause"), absent),
    };
    enum status status =
        runtime_stop(request->worker->runtime, record.arn, error, on_stopped, request);
    if (status == STATUS_NOT_FOUND) {
        refuse_unknown(request, record.arn);
    } else if (status != STATUS_OK) {
        api_fault(request, status);
    }
}

// ---------------------------------------------------------------------------------------------
// DescribeExecution

static const struct api_member describe_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    {.name = STR_INIT("includedData"),
     .type = API_MEMBER_STRING,
     .enum_values = "[ALL_DATA, METADATA_ONLY]"},
};

static void write_redrive(struct json_writer *writer, const struct execution_record *record)
{
    bool is_redrivable = record->status != ENGINE_RUNNING && record->status != ENGINE_SUCCEEDED;
    json_writer_integer_member(writer, STR("redriveCount"), 0);
    json_writer_string_member(writer, STR("redriveStatus"),
                              is_redrivable ? STR("REDRIVABLE") : STR("NOT_REDRIVABLE"));
    if (!is_redrivable) {
        json_writer_string_member(writer, STR("redriveStatusReason"),
                                  record->status == ENGINE_RUNNING
                                      ? STR("Execution is RUNNING and cannot be redriven")
                                      : STR("Execution is SUCCEEDED and cannot be redriven"));
    }
}

static void write_identity(struct json_writer *writer, const struct execution_record *record)
{
    json_writer_string_member(writer, STR("executionArn"), record->arn);
    json_writer_string_member(writer, STR("stateMachineArn"), record->state_machine_arn);
    json_writer_string_member(writer, STR("name"), record->name);
    json_writer_string_member(writer, STR("status"),
                              str_from_c(engine_status_name(record->status)));
    json_writer_timestamp_member(writer, STR("startDate"), record->started_unix_ms);
    if (record->status != ENGINE_RUNNING) {
        json_writer_timestamp_member(writer, STR("stopDate"), record->stopped_unix_ms);
    }
    if (record->version_arn.size > 0) {
        json_writer_string_member(writer, STR("stateMachineVersionArn"), record->version_arn);
    }
    if (record->alias_arn.size > 0) {
        json_writer_string_member(writer, STR("stateMachineAliasArn"), record->alias_arn);
    }
}

static void describe(struct api_request *request)
{
    struct execution_record record;
    if (!find_record(request, &record)) return;
    bool has_data = !str_is(api_member_str(&request->body, STR("includedData"), STR("ALL_DATA")),
                            "METADATA_ONLY");
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    write_identity(&writer, &record);
    if (has_data) json_writer_string_member(&writer, STR("input"), record.input);
    write_details(&writer, STR("inputDetails"), has_data);
    if (record.status == ENGINE_SUCCEEDED) {
        if (has_data) json_writer_string_member(&writer, STR("output"), record.output);
        write_details(&writer, STR("outputDetails"), has_data);
    }
    if (record.error.data != NULL) {
        json_writer_string_member(&writer, STR("error"), record.error);
    }
    if (record.cause.data != NULL) {
        json_writer_string_member(&writer, STR("cause"), record.cause);
    }
    if (record.trace_header.size > 0) {
        json_writer_string_member(&writer, STR("traceHeader"), record.trace_header);
    }
    write_redrive(&writer, &record);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

// ---------------------------------------------------------------------------------------------
// ListExecutions

static const struct api_member list_members[] = {
    {.name = STR_INIT("stateMachineArn"), .type = API_MEMBER_STRING, .min = 1, .max = 256},
    {.name = STR_INIT("statusFilter"),
     .type = API_MEMBER_STRING,
     .enum_values = "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"},
    {.name = STR_INIT("maxResults"), .type = API_MEMBER_INTEGER, .max = PAGE_MAX},
    {.name = STR_INIT("nextToken"), .type = API_MEMBER_STRING, .min = 1, .max = 3096},
    {.name = STR_INIT("mapRunArn"), .type = API_MEMBER_STRING, .min = 1, .max = 2000},
    {.name = STR_INIT("redriveFilter"),
     .type = API_MEMBER_STRING,
     .enum_values = "[REDRIVEN, NOT_REDRIVEN]"},
};

static bool find_status(struct str name, enum engine_status *ret_status)
{
    for (int status = ENGINE_RUNNING; status <= ENGINE_ABORTED; status++) {
        if (str_is(name, engine_status_name((enum engine_status)status))) {
            *ret_status = (enum engine_status)status;
            return true;
        }
    }
    return false;
}

// A page goes on after "START_UNIX_MS ARN". Replies and returns false when the token is bad.
static bool read_position(struct api_request *request, struct str purpose,
                          struct execution_table_query *query)
{
    struct str token = api_member_str(&request->body, STR("nextToken"), STR(""));
    struct str position;
    uint64_t unix_ms;
    query->before_unix_ms = INT64_MAX;
    if (token.size == 0) return true;
    if (!api_page_position(request->arena, purpose, token, &position) ||
        !str_to_u64(str_cut(&position, ' '), &unix_ms) || unix_ms > INT64_MAX) {
        api_exception(request, STR("InvalidToken"), "Invalid Token: 'Invalid token'");
        return false;
    }
    query->before_unix_ms = (int64_t)unix_ms;
    query->before_arn = position;
    return true;
}

static void write_item(struct json_writer *writer, const struct execution_record *record)
{
    json_writer_begin_object(writer);
    write_identity(writer, record);
    json_writer_integer_member(writer, STR("redriveCount"), 0);
    json_writer_end_object(writer);
}

static void reply_list(struct api_request *request, struct str purpose,
                       const struct execution_record *records, size_t count, bool has_more)
{
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("executions"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        write_item(&writer, &records[i]);
    json_writer_end_array(&writer);
    if (has_more && count > 0) {
        const struct execution_record *last = &records[count - 1];
        struct str position = arena_printf(request->arena, "%lld %" STR_FORMAT,
                                           (long long)last->started_unix_ms, STR_ARGS(last->arn));
        json_writer_string_member(&writer, STR("nextToken"),
                                  api_page_token(request->arena, purpose, position));
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void list(struct api_request *request)
{
    struct states_arn arn;
    if (api_member_is_present(&request->body, STR("mapRunArn")) ||
        !api_member_is_present(&request->body, STR("stateMachineArn"))) {
        api_exception(request, STR("ValidationException"),
                      "Must provide a State Machine ARN or Map Run ARN (this version of Galop has "
                      "no Map Runs)");
        return;
    }
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return;
    struct state_machine *state_machine = states_find_machine(request, &arn);
    if (state_machine == NULL) return;
    if (state_machine->type != ASL_MACHINE_STANDARD) {
        api_exception(request, STR("StateMachineTypeNotSupported"),
                      "This operation is not supported by this type of state machine");
        return;
    }
    struct execution_table_query query = {.state_machine_arn = arn.text};
    struct str filter = api_member_str(&request->body, STR("statusFilter"), STR(""));
    if (filter.size > 0) {
        query.has_status = true;
        if (!find_status(filter, &query.status)) { // PENDING_REDRIVE
            api_exception(request, STR("ValidationException"),
                          "The status filter PENDING_REDRIVE needs a Map Run ARN");
            return;
        }
    }
    struct str purpose = arena_printf(request->arena, "ListExecutions %" STR_FORMAT " %" STR_FORMAT,
                                      STR_ARGS(arn.text), STR_ARGS(filter));
    if (!read_position(request, purpose, &query)) return;
    query.count_max = (size_t)api_member_integer(&request->body, STR("maxResults"), 0);
    if (query.count_max == 0) query.count_max = PAGE_DEFAULT;
    struct execution_record *records;
    size_t count;
    bool has_more;
    enum status status = execution_table_list(&request->worker->api->runtime->executions, &query,
                                              request->arena, &records, &count, &has_more);
    if (status == STATUS_OK) {
        reply_list(request, purpose, records, count, has_more);
    } else {
        api_fault(request, status);
    }
}

// ---------------------------------------------------------------------------------------------
// GetExecutionHistory

static const struct api_member history_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    {.name = STR_INIT("maxResults"), .type = API_MEMBER_INTEGER, .max = PAGE_MAX},
    {.name = STR_INIT("reverseOrder"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("nextToken"), .type = API_MEMBER_STRING, .min = 1, .max = 1024},
    {.name = STR_INIT("includeExecutionData"), .type = API_MEMBER_BOOLEAN},
};

static bool is_data_member(struct str name)
{
    static const char *const names[] = {"input",
                                        "output",
                                        "inputDetails",
                                        "outputDetails",
                                        "parameters",
                                        "assignedVariables",
                                        "assignedVariablesDetails"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (str_is(name, names[i])) return true;
    }
    return false;
}

// An event as it was recorded, less what includeExecutionData=false leaves out. The parameters of a
// scheduled task must be there: they are blanked.
static void write_event_without_data(struct json_writer *writer, struct arena *arena,
                                     struct str text)
{
    struct json event;
    if (json_parse(arena, text, 0, &event, NULL) != STATUS_OK) {
        writer->buffer->is_failed = true; // Our own rendering: only memory can be the reason.
        return;
    }
    json_writer_begin_object(writer);
    for (uint32_t i = 0; i < event.size; i++) {
        const struct json_member *member = &event.members[i];
        json_writer_name(writer, json_str(&member->name));
        if (!json_is_object(&member->value)) {
            json_writer_value(writer, &member->value);
            continue;
        }
        json_writer_begin_object(writer);
        for (uint32_t k = 0; k < member->value.size; k++) {
            const struct json_member *detail = &member->value.members[k];
            struct str name = json_str(&detail->name);
            if (!is_data_member(name)) {
                json_writer_value_member(writer, name, &detail->value);
            } else if (str_is(name, "parameters")) {
                json_writer_string_member(writer, name, STR(""));
            }
        }
        json_writer_end_object(writer);
    }
    json_writer_end_object(writer);
}

static void reply_history(struct api_request *request, struct str purpose, struct str *events,
                          size_t count, size_t next, size_t total)
{
    bool has_data = api_member_bool(&request->body, STR("includeExecutionData"), true);
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("events"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        if (has_data) {
            json_writer_raw(&writer, events[i]);
        } else {
            write_event_without_data(&writer, request->arena, events[i]);
        }
    }
    json_writer_end_array(&writer);
    if (next < total) {
        struct str position = arena_printf(request->arena, "%zu", next);
        json_writer_string_member(&writer, STR("nextToken"),
                                  api_page_token(request->arena, purpose, position));
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void history(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("executionArn"), "execution", &arn)) return;
    bool is_reversed = api_member_bool(&request->body, STR("reverseOrder"), false);
    struct str purpose = arena_printf(request->arena, "GetExecutionHistory %" STR_FORMAT " %d",
                                      STR_ARGS(arn.text), is_reversed);
    struct str token = api_member_str(&request->body, STR("nextToken"), STR(""));
    uint64_t first = 0;
    struct str position;
    if (token.size > 0 && (!api_page_position(request->arena, purpose, token, &position) ||
                           !str_to_u64(position, &first))) {
        api_exception(request, STR("InvalidToken"), "Invalid Token: 'Invalid token'");
        return;
    }
    size_t page = (size_t)api_member_integer(&request->body, STR("maxResults"), 0);
    struct str *events;
    size_t count, total;
    enum status status = execution_table_history(
        &request->worker->api->runtime->executions, arn.text, (size_t)first,
        page == 0 ? PAGE_DEFAULT : page, is_reversed, request->arena, &events, &count, &total);
    if (status == STATUS_OK) {
        reply_history(request, purpose, events, count, (size_t)first + count, total);
    } else if (status == STATUS_NOT_FOUND) {
        refuse_unknown(request, arn.text);
    } else {
        api_fault(request, status);
    }
}

const struct states_operation states_execution_operations[] = {
    STATES_OPERATION("StartSyncExecution", start_sync_members, start_sync),
    STATES_OPERATION("StartExecution", start_members, start),
    STATES_OPERATION("StopExecution", stop_members, stop),
    STATES_OPERATION("DescribeExecution", describe_members, describe),
    STATES_OPERATION("ListExecutions", list_members, list),
    STATES_OPERATION("GetExecutionHistory", history_members, history),
};
const size_t states_execution_operation_count = ARRAY_COUNT(states_execution_operations);
