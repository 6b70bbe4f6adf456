// Map runs: describe, list, update. Those that have ended are told by the store; one that runs is
// asked itself, on the worker that drives it.

#include "api/states.h"
#include "runtime/map_run.h"

#define MAP_RUN_ARN_MEMBER                                                                         \
    {                                                                                              \
        .name = STR_INIT("mapRunArn"), .type = API_MEMBER_STRING, .is_required = true, .min = 1,   \
        .max = 2000                                                                                \
    }

struct map_run_read {
    struct states_read read;
    struct store_map_run row;
    struct str arn;
    struct runtime_map_run_question question;
};

static enum status run_read(struct states_read *read, struct store_tx *tx)
{
    struct map_run_read *map_run = CONTAINER_OF(read, struct map_run_read, read);
    return store_map_run_find(tx, map_run->arn, read->request->arena, &map_run->row);
}

static bool was_found(struct map_run_read *map_run, enum status status)
{
    if (status == STATUS_OK) return true;
    if (status == STATUS_NOT_FOUND) {
        states_refuse_unknown_resource(map_run->read.request, map_run->arn);
    } else {
        api_fault(map_run->read.request, status);
    }
    return false;
}

static void read_map_run(struct api_request *request,
                         void (*reply)(struct states_read *read, enum status status))
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("mapRunArn"), "mapRun", &arn)) return;
    struct map_run_read *map_run = ARENA_NEW(request->arena, struct map_run_read);
    if (map_run == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    *map_run = (struct map_run_read){.arn = arn.text};
    map_run->read = (struct states_read){.request = request, .run = run_read, .reply = reply};
    states_read_submit(&map_run->read);
}

static void ask(struct map_run_read *map_run, runtime_map_run_fn on_answer)
{
    map_run->question.arn = map_run->arn;
    map_run->question.execution_id = map_run->row.execution_id;
    map_run->question.on_answer = on_answer;
    runtime_map_run_ask(map_run->read.request->worker->runtime, &map_run->question);
}

// ---------------------------------------------------------------------------------------------
// DescribeMapRun

static const struct api_member describe_members[] = {MAP_RUN_ARN_MEMBER};

static void write_counts(struct json_writer *writer, struct str name,
                         const struct store_map_run_counts *counts)
{
    json_writer_name(writer, name);
    json_writer_begin_object(writer);
    json_writer_integer_member(writer, STR("pending"), counts->pending);
    json_writer_integer_member(writer, STR("running"), counts->running);
    json_writer_integer_member(writer, STR("succeeded"), counts->succeeded);
    json_writer_integer_member(writer, STR("failed"), counts->failed);
    json_writer_integer_member(writer, STR("timedOut"), counts->timed_out);
    json_writer_integer_member(writer, STR("aborted"), counts->aborted);
    json_writer_integer_member(writer, STR("total"), counts->total);
    json_writer_integer_member(writer, STR("resultsWritten"), counts->results_written);
    json_writer_end_object(writer);
}

static void reply_described(struct map_run_read *map_run)
{
    struct api_request *request = map_run->read.request;
    const struct store_map_run *row = &map_run->row;
    struct json percentage =
        json_from_real(row->failure_percent_max < 0 ? 0 : row->failure_percent_max);
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("mapRunArn"), map_run->arn);
    json_writer_string_member(&writer, STR("executionArn"),
                              runtime_execution_arn(request->arena, row->parent_state_machine_arn,
                                                    row->parent_name, false));
    json_writer_string_member(&writer, STR("status"), row->status);
    json_writer_timestamp_member(&writer, STR("startDate"), row->started_unix_ms);
    if (!str_is(row->status, "RUNNING")) {
        json_writer_timestamp_member(&writer, STR("stopDate"), row->stopped_unix_ms);
    }
    json_writer_integer_member(&writer, STR("maxConcurrency"), row->max_concurrency);
    json_writer_value_member(&writer, STR("toleratedFailurePercentage"), &percentage);
    json_writer_integer_member(&writer, STR("toleratedFailureCount"),
                               row->failure_count_max < 0 ? 0 : row->failure_count_max);
    write_counts(&writer, STR("itemCounts"), &row->items);
    write_counts(&writer, STR("executionCounts"), &row->executions);
    json_writer_integer_member(&writer, STR("redriveCount"), row->redrive_count);
    if (row->redrive_count > 0) {
        json_writer_timestamp_member(&writer, STR("redriveDate"), row->redriven_unix_ms);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void reply_read_again(struct states_read *read, enum status status)
{
    struct map_run_read *map_run = CONTAINER_OF(read, struct map_run_read, read);
    if (was_found(map_run, status)) reply_described(map_run);
}

static void on_told(struct runtime_map_run_question *question, enum status status)
{
    struct map_run_read *map_run = CONTAINER_OF(question, struct map_run_read, question);
    if (status == STATUS_NOT_FOUND) { // It has ended in the meantime.
        map_run->read.reply = reply_read_again;
        states_read_submit(&map_run->read);
        return;
    }
    if (status != STATUS_OK) {
        api_fault(map_run->read.request, status);
        return;
    }
    struct store_map_run told = question->row;
    told.status = map_run->row.status; // RUNNING, and the parent as it was read.
    told.parent_state_machine_arn = map_run->row.parent_state_machine_arn;
    told.parent_name = map_run->row.parent_name;
    map_run->row = told;
    reply_described(map_run);
}

static void reply_description(struct states_read *read, enum status status)
{
    struct map_run_read *map_run = CONTAINER_OF(read, struct map_run_read, read);
    if (!was_found(map_run, status)) return;
    if (str_is(map_run->row.status, "RUNNING")) {
        ask(map_run, on_told);
    } else {
        reply_described(map_run);
    }
}

static void describe(struct api_request *request)
{
    read_map_run(request, reply_description);
}

// ---------------------------------------------------------------------------------------------
// UpdateMapRun

static const struct api_member update_members[] = {
    MAP_RUN_ARN_MEMBER,
    {.name = STR_INIT("maxConcurrency"), .type = API_MEMBER_INTEGER, .max = UINT32_MAX},
    {.name = STR_INIT("toleratedFailurePercentage"), .type = API_MEMBER_NUMBER, .max = 100},
    {.name = STR_INIT("toleratedFailureCount"), .type = API_MEMBER_INTEGER, .max = INT64_MAX},
};

static void refuse_ended(struct api_request *request)
{
    api_exception_member(request, STR("ValidationException"),
                         STR("Map Run is already completed and cannot be updated"), STR("reason"),
                         STR("CANNOT_UPDATE_COMPLETED_MAP_RUN"));
}

static void on_updated(struct runtime_map_run_question *question, enum status status)
{
    struct map_run_read *map_run = CONTAINER_OF(question, struct map_run_read, question);
    struct api_request *request = map_run->read.request;
    if (status == STATUS_OK) {
        api_reply_empty(request);
    } else if (status == STATUS_NOT_FOUND) {
        refuse_ended(request);
    } else {
        api_fault(request, status);
    }
}

static void update_read(struct states_read *read, enum status status)
{
    struct map_run_read *map_run = CONTAINER_OF(read, struct map_run_read, read);
    struct api_request *request = read->request;
    const struct json *percentage = JSON_FIND(&request->body, "toleratedFailurePercentage");
    if (!was_found(map_run, status)) return;
    if (!str_is(map_run->row.status, "RUNNING")) {
        refuse_ended(request);
        return;
    }
    bool has_percentage = percentage != NULL && json_is_number(percentage);
    map_run->question.is_update = true;
    map_run->question.max_concurrency =
        api_member_integer(&request->body, STR("maxConcurrency"), -1);
    map_run->question.failure_count_max =
        api_member_integer(&request->body, STR("toleratedFailureCount"), -1);
    map_run->question.failure_percent_max = has_percentage ? json_to_real(percentage) : -1;
    ask(map_run, on_updated);
}

static void update(struct api_request *request)
{
    static const struct str names[] = {
        STR_INIT("maxConcurrency"),
        STR_INIT("toleratedFailurePercentage"),
        STR_INIT("toleratedFailureCount"),
    };
    bool has_any = false;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        has_any = has_any || api_member_is_present(&request->body, names[i]);
    if (!has_any) {
        api_exception_member(request, STR("ValidationException"),
                             STR("At least one of maxConcurrency, toleratedFailurePercentage and "
                                 "toleratedFailureCount must be given"),
                             STR("reason"), STR("MISSING_REQUIRED_PARAMETER"));
        return;
    }
    read_map_run(request, update_read);
}

// ---------------------------------------------------------------------------------------------
// ListMapRuns

static const struct api_member list_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    STATES_MAX_RESULTS_MEMBER,
    STATES_NEXT_TOKEN_MEMBER,
};

struct list_read {
    struct states_read read;
    struct states_execution_key key;
    struct states_page page;
    int64_t first; // How many stand on the pages before.
    int64_t seen;
    struct store_map_run *rows; // One more than the page has, if there are as many.
    size_t count;
};

static enum status collect(void *context, const struct store_map_run *row)
{
    struct list_read *list = context;
    struct arena *arena = list->read.request->arena;
    if (list->seen++ < list->first) return STATUS_OK;
    if (list->count > list->page.size) return STATUS_NOT_FOUND; // Enough.
    struct store_map_run *copy = &list->rows[list->count];
    *copy = *row;
    if (!arena_copy_str(arena, row->arn, &copy->arn) ||
        !arena_copy_str(arena, row->status, &copy->status)) {
        return STATUS_NO_MEMORY;
    }
    list->count++;
    return STATUS_OK;
}

static enum status run_list(struct states_read *read, struct store_tx *tx)
{
    struct list_read *list = CONTAINER_OF(read, struct list_read, read);
    struct store_execution execution;
    enum status status = store_execution_find(tx, list->key.state_machine_arn, list->key.name,
                                              read->request->arena, &execution);
    if (status != STATUS_OK) return status;
    status = store_map_run_each(tx, execution.id, collect, list);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// "…:mapRun:NAME/LABEL:UUID" belongs to "…:stateMachine:NAME/LABEL".
static struct str machine_arn(struct arena *arena, struct str map_run_arn)
{
    static const struct str kind = STR_INIT(":mapRun:");
    size_t at = str_find(map_run_arn, kind);
    if (at == SIZE_MAX) return STR("");
    struct str rest = str_skip(map_run_arn, at + kind.size);
    struct str name = str_cut(&rest, ':');
    return arena_printf(arena, "%" STR_FORMAT ":stateMachine:%" STR_FORMAT,
                        STR_ARGS(str_slice(map_run_arn, 0, at)), STR_ARGS(name));
}

static void write_item(struct json_writer *writer, const struct list_read *list,
                       const struct store_map_run *row)
{
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("executionArn"), list->key.execution_arn);
    json_writer_string_member(writer, STR("mapRunArn"), row->arn);
    json_writer_string_member(writer, STR("stateMachineArn"),
                              machine_arn(list->read.request->arena, row->arn));
    json_writer_timestamp_member(writer, STR("startDate"), row->started_unix_ms);
    if (!str_is(row->status, "RUNNING")) {
        json_writer_timestamp_member(writer, STR("stopDate"), row->stopped_unix_ms);
    }
    json_writer_end_object(writer);
}

static void reply_list(struct states_read *read, enum status status)
{
    struct list_read *list = CONTAINER_OF(read, struct list_read, read);
    struct api_request *request = read->request;
    if (!states_execution_was_found(request, status, list->key.execution_arn)) return;
    size_t count = list->count > list->page.size ? list->page.size : list->count;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("mapRuns"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        write_item(&writer, list, &list->rows[i]);
    json_writer_end_array(&writer);
    if (list->count > count) {
        states_page_write_number(&writer, request, &list->page, list->first + (int64_t)count);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void list(struct api_request *request)
{
    struct list_read *list = ARENA_NEW(request->arena, struct list_read);
    if (list == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    *list = (struct list_read){0};
    list->read = (struct states_read){.request = request, .run = run_list, .reply = reply_list};
    if (!states_execution_key_read(request, false, &list->key)) return;
    if (!states_page_read_number(request, list->key.execution_arn, 0, &list->page, &list->first))
        return;
    list->rows = arena_alloc_array(request->arena, list->page.size + 1, sizeof(*list->rows));
    if (list->rows == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    states_read_submit(&list->read);
}

const struct states_operation states_map_run_operations[] = {
    STATES_OPERATION("DescribeMapRun", describe_members, describe),
    STATES_OPERATION("UpdateMapRun", update_members, update),
    STATES_OPERATION("ListMapRuns", list_members, list),
};
const size_t states_map_run_operation_count = ARRAY_COUNT(states_map_run_operations);
