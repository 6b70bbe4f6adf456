// GetExecutionHistory: pages of events out of the steps that the store keeps.

#include "api/states.h"
#include "base/log.h"
#include "runtime/step_record.h"
#include "store/execution.h"

enum { PAGE_MAX = 1000 };

static const struct api_member history_members[] = {
    STATES_ARN_MEMBER("executionArn"),
    {.name = STR_INIT("maxResults"), .type = API_MEMBER_INTEGER, .max = PAGE_MAX},
    {.name = STR_INIT("reverseOrder"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("nextToken"), .type = API_MEMBER_STRING, .min = 1, .max = 1024},
    {.name = STR_INIT("includeExecutionData"), .type = API_MEMBER_BOOLEAN},
};

// A page is read in two turns: the store's thread copies the steps that hold it, and the worker
// makes events of them.
struct history_read {
    struct states_read read;
    struct states_execution_key key;
    struct states_page page;
    bool is_reversed;
    int64_t first_id; // Of the page: the smallest, or the largest in reverse.
    struct store_execution row;
    struct step_list steps;
    size_t event_count; // In these steps, on this page or behind it.
};

static enum status collect_step(void *context, const struct store_step *step)
{
    struct history_read *history = context;
    struct arena *arena = history->read.request->arena;
    if (history->event_count > history->page.size) return STATUS_NOT_FOUND; // Enough.
    enum status status = step_list_add(&history->steps, arena, step);
    if (status != STATUS_OK) return status;
    int64_t last_id = step->first_event_id + step->event_count - 1;
    int64_t begin = history->is_reversed ? step->first_event_id : history->first_id;
    int64_t end = history->is_reversed ? history->first_id : last_id;
    if (begin < step->first_event_id) begin = step->first_event_id;
    if (end > last_id) end = last_id;
    if (end >= begin) history->event_count += (size_t)(end - begin + 1);
    return STATUS_OK;
}

static enum status run_history(struct states_read *read, struct store_tx *tx)
{
    struct history_read *history = CONTAINER_OF(read, struct history_read, read);
    enum status status = store_execution_find(tx, history->key.state_machine_arn, history->key.name,
                                              read->request->arena, &history->row);
    if (status != STATUS_OK) return status;
    status = store_step_each_history(tx, history->row.id, history->first_id, history->is_reversed,
                                     collect_step, history);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// The events of all steps that were copied, an array for each.
static enum status read_events(struct history_read *history,
                               struct engine_history_event ***ret_events)
{
    struct arena *arena = history->read.request->arena;
    struct history_reader reader = {
        .arena = arena,
        .input_text = history->row.input,
        .output_text = history->row.output,
    };
    struct engine_history_event **events =
        arena_alloc_array(arena, history->steps.count, sizeof(struct engine_history_event *));
    if (events == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < history->steps.count; i++) {
        enum status status = history_reader_read(&reader, &history->steps.items[i], &events[i]);
        if (status != STATUS_OK) return status;
    }
    *ret_events = events;
    return STATUS_OK;
}

// Write the events of the page. Returns the id of the first one behind it, or 0.
static int64_t write_page(const struct history_read *history, struct engine_history_event **events,
                          struct json_writer *writer)
{
    struct api_request *request = history->read.request;
    bool has_data = api_member_bool(&request->body, STR("includeExecutionData"), true);
    size_t written_count = 0;
    for (size_t i = 0; i < history->steps.count; i++) {
        const struct store_step *step = &history->steps.items[i];
        for (int64_t k = 0; k < step->event_count; k++) {
            int64_t at = history->is_reversed ? step->event_count - 1 - k : k;
            int64_t id = step->first_event_id + at;
            if (history->is_reversed ? id > history->first_id : id < history->first_id) continue;
            if (written_count++ == history->page.size) return id;
            json_writer_raw(writer, STR("")); // The comma, if one is due.
            engine_history_event_render(&events[i][at], has_data, writer->buffer);
        }
    }
    return 0;
}

static void reply_history(struct states_read *read, enum status status)
{
    struct history_read *history = CONTAINER_OF(read, struct history_read, read);
    struct api_request *request = read->request;
    if (!states_execution_was_found(request, status, history->key.execution_arn)) return;
    struct engine_history_event **events;
    status = read_events(history, &events);
    if (status != STATUS_OK) {
        log_error("the history of %" STR_FORMAT " cannot be read: %s",
                  STR_ARGS(history->key.execution_arn), status_name(status));
        api_fault(request, status);
        return;
    }
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("events"));
    json_writer_begin_array(&writer);
    int64_t next_id = write_page(history, events, &writer);
    json_writer_end_array(&writer);
    if (next_id != 0) states_page_write_number(&writer, request, &history->page, next_id);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void history(struct api_request *request)
{
    struct history_read *history = ARENA_NEW(request->arena, struct history_read);
    if (history == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    history->read =
        (struct states_read){.request = request, .run = run_history, .reply = reply_history};
    if (!states_execution_key_read(request, false, &history->key)) return;
    history->is_reversed = api_member_bool(&request->body, STR("reverseOrder"), false);
    struct str subject = arena_printf(request->arena, "%" STR_FORMAT " %d",
                                      STR_ARGS(history->key.execution_arn), history->is_reversed);
    int64_t first_id = history->is_reversed ? INT64_MAX : 1;
    if (!states_page_read_number(request, subject, first_id, &history->page, &history->first_id)) {
        return;
    }
    states_read_submit(&history->read);
}

const struct states_operation states_history_operations[] = {
    STATES_OPERATION("GetExecutionHistory", history_members, history),
};
const size_t states_history_operation_count = ARRAY_COUNT(states_history_operations);
