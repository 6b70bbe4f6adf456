// Executions: describe, list, stop. What is known of them is in the store.

#include "api/states.h"
#include "runtime/letter.h"
#include "runtime/redrive.h"
#include "store/execution.h"

// ---------------------------------------------------------------------------------------------
// Reading the store

static enum status run_read(struct store_task *task, struct store_tx *tx)
{
    struct states_read *read = CONTAINER_OF(task, struct states_read, task);
    return read->run(read, tx);
}

static void reply_read(struct store_task *task, enum status status)
{
    struct states_read *read = CONTAINER_OF(task, struct states_read, task);
    net_loop_busy_end(read->request->worker->loop);
    read->reply(read, status);
}

void states_read_submit(struct states_read *read)
{
    struct api_worker *worker = read->request->worker;
    read->task = (struct store_task){
        .reply_to = net_loop_mailbox(worker->loop),
        .mode = STORE_READ,
        .run = run_read,
        .done = reply_read,
    };
    net_loop_busy_begin(worker->loop);
    store_submit(worker->api->store, &read->task);
}

bool states_execution_key_read(struct api_request *request, bool may_be_express,
                               struct states_execution_key *ret_key)
{
    struct states_arn arn;
    struct str given = api_member_str(&request->body, STR("executionArn"), STR(""));
    bool is_child = states_arn_parse(given, &arn) && arn.label.size > 0;
    const char *types = may_be_express && is_child ? "execution|express" : "execution";
    if (!states_arn_read(request, STR("executionArn"), types, &arn)) return false;
    ret_key->execution_arn = arn.text;
    if (runtime_execution_arn_split(request->arena, arn.text, &ret_key->state_machine_arn,
                                    &ret_key->name)) {
        return true;
    }
    return states_execution_was_found(request, STATUS_NOT_FOUND, arn.text);
}

bool states_execution_was_found(struct api_request *request, enum status status,
                                struct str execution_arn)
{
    if (status == STATUS_OK) return true;
    if (status == STATUS_NOT_FOUND) {
        api_exception(request, STR("ExecutionDoesNotExist"),
                      "Execution Does Not Exist: '%" STR_FORMAT "'", STR_ARGS(execution_arn));
    } else {
        api_fault(request, status);
    }
    return false;
}

// One execution's row.
struct row_read {
    struct states_read read;
    struct states_execution_key key;
    struct store_execution row;
};

static enum status run_row(struct states_read *read, struct store_tx *tx)
{
    struct row_read *row = CONTAINER_OF(read, struct row_read, read);
    return store_execution_find(tx, row->key.state_machine_arn, row->key.name, read->request->arena,
                                &row->row);
}

static void read_row(struct api_request *request, bool may_be_express,
                     void (*reply)(struct states_read *read, enum status status))
{
    struct row_read *row = ARENA_NEW(request->arena, struct row_read);
    if (row == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    row->read = (struct states_read){.request = request, .run = run_row, .reply = reply};
    if (states_execution_key_read(request, may_be_express, &row->key))
        states_read_submit(&row->read);
}

// ---------------------------------------------------------------------------------------------
// StopExecution

static const struct api_member stop_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    STATES_ERROR_MEMBER,
    STATES_CAUSE_MEMBER,
};

static void reply_stopped(struct api_request *request, int64_t stopped_unix_ms)
{
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("stopDate"), stopped_unix_ms);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void reply_row_stopped(struct states_read *read, enum status status)
{
    struct row_read *row = CONTAINER_OF(read, struct row_read, read);
    if (!states_execution_was_found(read->request, status, row->key.execution_arn)) return;
    if (str_is(row->row.status, "RUNNING")) { // Nobody drives it: the log says why.
        api_fault(read->request, STATUS_CORRUPT);
        return;
    }
    reply_stopped(read->request, row->row.stopped_unix_ms);
}

static void on_stopped(void *context, const struct runtime_letter *letter)
{
    struct row_read *row = context;
    if (letter->status == STATUS_OK) {
        reply_stopped(row->read.request, letter->stopped_unix_ms);
    } else if (letter->status == STATUS_NOT_FOUND) { // It ended in the meantime: when?
        row->read.reply = reply_row_stopped;
        states_read_submit(&row->read);
    } else {
        api_fault(row->read.request, letter->status);
    }
}

static void stop_row(struct states_read *read, enum status status)
{
    struct row_read *row = CONTAINER_OF(read, struct row_read, read);
    struct api_request *request = read->request;
    if (!states_execution_was_found(request, status, row->key.execution_arn)) return;
    if (!str_is(row->row.status, "RUNNING")) {
        reply_stopped(request, row->row.stopped_unix_ms);
        return;
    }
    struct runtime_letter *letter = runtime_letter_new(row->row.id, ENGINE_EVENT_STOP);
    if (!states_letter_take_error(letter, request)) return;
    runtime_letter_send(request->worker->runtime, letter, on_stopped, row);
}

static void stop(struct api_request *request)
{
    read_row(request, false, stop_row);
}

// ---------------------------------------------------------------------------------------------
// DescribeExecution

static const struct api_member describe_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    STATES_INCLUDED_DATA_MEMBER,
};

static void write_redrive(struct json_writer *writer, const struct store_execution *row,
                          int64_t now_unix_ms)
{
    struct str obstacle = runtime_redrive_obstacle(row, now_unix_ms);
    bool is_redrivable = obstacle.size == 0;
    json_writer_integer_member(writer, STR("redriveCount"), row->redrive_count);
    if (row->redrive_count > 0) {
        json_writer_timestamp_member(writer, STR("redriveDate"), row->redriven_unix_ms);
    }
    bool is_child = row->map_run_arn.size > 0;
    json_writer_string_member(writer, STR("redriveStatus"),
                              !is_redrivable ? STR("NOT_REDRIVABLE")
                              : is_child     ? STR("REDRIVABLE_BY_MAP_RUN")
                                             : STR("REDRIVABLE"));
    if (!is_redrivable) {
        json_writer_string_member(writer, STR("redriveStatusReason"), obstacle);
    }
}

static void write_text(struct json_writer *writer, struct str name, struct str text)
{
    if (text.size > 0) json_writer_string_member(writer, name, text);
}

static void write_identity(struct json_writer *writer, struct arena *arena,
                           const struct store_execution *row)
{
    struct str arn =
        runtime_execution_arn(arena, row->state_machine_arn, row->name, row->is_express);
    json_writer_string_member(writer, STR("executionArn"), arn);
    json_writer_string_member(writer, STR("stateMachineArn"), row->state_machine_arn);
    json_writer_string_member(writer, STR("name"), row->name);
    json_writer_string_member(writer, STR("status"), row->status);
    json_writer_timestamp_member(writer, STR("startDate"), row->started_unix_ms);
    if (!str_is(row->status, "RUNNING")) {
        json_writer_timestamp_member(writer, STR("stopDate"), row->stopped_unix_ms);
    }
    write_text(writer, STR("mapRunArn"), row->map_run_arn);
    write_text(writer, STR("stateMachineVersionArn"), row->version_arn);
    write_text(writer, STR("stateMachineAliasArn"), row->alias_arn);
}

static void reply_description(struct states_read *read, enum status status)
{
    struct row_read *found = CONTAINER_OF(read, struct row_read, read);
    struct api_request *request = read->request;
    const struct store_execution *row = &found->row;
    if (!states_execution_was_found(request, status, found->key.execution_arn)) return;
    bool has_data = states_wants_data(request);
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    write_identity(&writer, request->arena, row);
    if (has_data) json_writer_string_member(&writer, STR("input"), row->input);
    states_write_data_details(&writer, STR("inputDetails"), has_data);
    if (row->output.data != NULL) {
        if (has_data) json_writer_string_member(&writer, STR("output"), row->output);
        states_write_data_details(&writer, STR("outputDetails"), has_data);
    }
    if (row->error.data != NULL) json_writer_string_member(&writer, STR("error"), row->error);
    if (row->cause.data != NULL) json_writer_string_member(&writer, STR("cause"), row->cause);
    write_text(&writer, STR("traceHeader"), row->trace_header);
    write_redrive(&writer, row, clock_unix_ms(request->worker->api->clock));
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void describe(struct api_request *request)
{
    read_row(request, true, reply_description);
}

// ---------------------------------------------------------------------------------------------
// RedriveExecution

static bool is_printable(struct str token)
{
    for (size_t i = 0; i < token.size; i++) {
        if (token.data[i] < '!' || token.data[i] > '~') return false;
    }
    return true;
}

static const struct api_member redrive_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    {.name = STR_INIT("clientToken"),
     .type = API_MEMBER_STRING,
     .min = 1,
     .max = 64,
     .pattern = "[!-~]+",
     .matches = is_printable},
};

static void refuse_redrive(struct api_request *request, struct str arn, struct str obstacle)
{
    api_exception(request, STR("ExecutionNotRedrivable"),
                  "The execution '%" STR_FORMAT "' cannot be redriven: %" STR_FORMAT, STR_ARGS(arn),
                  STR_ARGS(obstacle));
}

static void on_redriven(void *context, enum status status, int64_t redriven_unix_ms)
{
    struct row_read *row = context;
    struct api_request *request = row->read.request;
    if (status == STATUS_CONFLICT) {
        refuse_redrive(request, row->key.execution_arn,
                       STR("Execution is RUNNING and cannot be redriven"));
        return;
    }
    if (!states_execution_was_found(request, status, row->key.execution_arn)) return;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_timestamp_member(&writer, STR("redriveDate"), redriven_unix_ms);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void redrive_row(struct states_read *read, enum status status)
{
    struct row_read *row = CONTAINER_OF(read, struct row_read, read);
    struct api_request *request = read->request;
    if (!states_execution_was_found(request, status, row->key.execution_arn)) return;
    struct str obstacle =
        runtime_redrive_obstacle(&row->row, clock_unix_ms(request->worker->api->clock));
    struct str token = api_member_str(&request->body, STR("clientToken"), STR(""));
    if (obstacle.size == 0 && row->row.map_run_arn.size > 0) { // UNCONFIRMED: the words.
        obstacle = STR("Execution was started by a Map Run, which redrives it");
    }
    // What runs may run because of this very token.
    bool may_be_repeated = token.size > 0 && row->row.redrive_count > 0;
    if (obstacle.size > 0 && !may_be_repeated) {
        refuse_redrive(request, row->key.execution_arn, obstacle);
        return;
    }
    runtime_redrive(request->worker->runtime, row->row.id, token, false, on_redriven, row);
}

static void redrive(struct api_request *request)
{
    read_row(request, false, redrive_row);
}

// ---------------------------------------------------------------------------------------------
// ListExecutions

static const struct api_member list_members[] = {
    {.name = STR_INIT("stateMachineArn"), .type = API_MEMBER_STRING, .min = 1, .max = 256},
    {.name = STR_INIT("statusFilter"),
     .type = API_MEMBER_STRING,
     .enum_values = "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"},
    STATES_MAX_RESULTS_MEMBER,
    {.name = STR_INIT("nextToken"), .type = API_MEMBER_STRING, .min = 1, .max = 3096},
    {.name = STR_INIT("mapRunArn"), .type = API_MEMBER_STRING, .min = 1, .max = 2000},
    {.name = STR_INIT("redriveFilter"),
     .type = API_MEMBER_STRING,
     .enum_values = "[REDRIVEN, NOT_REDRIVEN]"},
};

struct list_read {
    struct states_read read;
    struct store_execution_query query;
    struct states_page page;
    struct store_execution *rows; // One more than the page has, if there are as many.
    size_t count;
    int64_t next_before_id; // Where to go on when the store stopped looking.
};

static enum status collect_row(void *context, const struct store_execution *row)
{
    struct list_read *list = context;
    struct arena *arena = list->read.request->arena;
    if (list->count > list->page.size) return STATUS_NOT_FOUND; // Enough.
    struct store_execution *copy = &list->rows[list->count];
    *copy = *row;
    struct str *const texts[] = {&copy->state_machine_arn, &copy->name,      &copy->status,
                                 &copy->version_arn,       &copy->alias_arn, &copy->map_run_arn};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (!arena_copy_str(arena, *texts[i], texts[i])) return STATUS_NO_MEMORY;
    }
    list->count++;
    return STATUS_OK;
}

static enum status run_list(struct states_read *read, struct store_tx *tx)
{
    struct list_read *list = CONTAINER_OF(read, struct list_read, read);
    list->query.ret_next_before_id = &list->next_before_id;
    enum status status = store_execution_list(tx, &list->query, collect_row, list);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void write_item(struct json_writer *writer, struct arena *arena,
                       const struct store_execution *row)
{
    json_writer_begin_object(writer);
    write_identity(writer, arena, row);
    json_writer_integer_member(writer, STR("redriveCount"), row->redrive_count);
    if (row->redrive_count > 0) {
        json_writer_timestamp_member(writer, STR("redriveDate"), row->redriven_unix_ms);
    }
    if (row->item_count >= 0) {
        json_writer_integer_member(writer, STR("itemCount"), row->item_count);
    }
    json_writer_end_object(writer);
}

static void reply_list(struct states_read *read, enum status status)
{
    struct list_read *list = CONTAINER_OF(read, struct list_read, read);
    struct api_request *request = read->request;
    if (status != STATUS_OK) {
        api_fault(request, status);
        return;
    }
    size_t count = list->count > list->page.size ? list->page.size : list->count;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("executions"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        write_item(&writer, request->arena, &list->rows[i]);
    json_writer_end_array(&writer);
    int64_t next = list->count > count ? list->rows[count - 1].id : list->next_before_id;
    if (next != 0) {
        states_page_write_number(&writer, request, &list->page, next);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

// Whose executions. Replies and returns false when that cannot be told.
static bool read_whose(struct list_read *list)
{
    struct api_request *request = list->read.request;
    struct states_arn arn;
    bool has_map_run = api_member_is_present(&request->body, STR("mapRunArn"));
    if (has_map_run == api_member_is_present(&request->body, STR("stateMachineArn"))) {
        api_exception(request, STR("ValidationException"),
                      "Must provide a State Machine ARN or Map Run ARN");
        return false;
    }
    if (has_map_run) {
        if (!states_arn_read(request, STR("mapRunArn"), "mapRun", &arn)) return false;
        list->query.map_run_arn = arn.text;
        return true;
    }
    if (!states_arn_read(request, STR("stateMachineArn"), "stateMachine", &arn)) return false;
    struct states_target target;
    if (!states_find_target(request, &arn, &target)) return false;
    if (target.state_machine->type != ASL_MACHINE_STANDARD) {
        api_exception(request, STR("StateMachineTypeNotSupported"),
                      "This operation is not supported by this type of state machine");
        return false;
    }
    list->query.state_machine_arn = target.state_machine->arn;
    enum states_qualifier qualifier = states_arn_qualifier(&arn);
    if (qualifier == STATES_VERSION) list->query.version_arn = arn.text;
    if (qualifier == STATES_ALIAS) list->query.alias_arn = arn.text;
    return true;
}

// Which of them, and which page. Replies and returns false when that is refused.
static bool read_filters(struct list_read *list)
{
    struct api_request *request = list->read.request;
    struct store_execution_query *query = &list->query;
    query->status = api_member_str(&request->body, STR("statusFilter"), STR(""));
    struct str redriven = api_member_str(&request->body, STR("redriveFilter"), STR(""));
    query->redriven = str_is(redriven, "REDRIVEN") ? 1 : str_is(redriven, "NOT_REDRIVEN") ? -1 : 0;
    if (query->map_run_arn.size == 0 && str_is(query->status, "PENDING_REDRIVE")) {
        api_exception(request, STR("ValidationException"),
                      "The status filter PENDING_REDRIVE needs a Map Run ARN");
        return false;
    }
    struct str subject = arena_printf(
        request->arena,
        "%" STR_FORMAT "%" STR_FORMAT "%" STR_FORMAT "%" STR_FORMAT " %" STR_FORMAT " %d",
        STR_ARGS(query->state_machine_arn), STR_ARGS(query->version_arn),
        STR_ARGS(query->alias_arn), STR_ARGS(query->map_run_arn), STR_ARGS(query->status),
        query->redriven);
    // A page goes on below an id.
    return states_page_read_number(request, subject, INT64_MAX, &list->page, &query->before_id);
}

static void list(struct api_request *request)
{
    struct list_read *list = ARENA_NEW(request->arena, struct list_read);
    if (list == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    list->read = (struct states_read){.request = request, .run = run_list, .reply = reply_list};
    if (!read_whose(list) || !read_filters(list)) return;
    list->rows = arena_alloc_array(request->arena, list->page.size + 1, sizeof(*list->rows));
    if (list->rows == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    states_read_submit(&list->read);
}

const struct states_operation states_execution_operations[] = {
    STATES_OPERATION("StopExecution", stop_members, stop),
    STATES_OPERATION("DescribeExecution", describe_members, describe),
    STATES_OPERATION("ListExecutions", list_members, list),
    STATES_OPERATION("RedriveExecution", redrive_members, redrive),
};
const size_t states_execution_operation_count = ARRAY_COUNT(states_execution_operations);
