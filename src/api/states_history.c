// GetExecutionHistory: pages of events out of the steps that the store keeps.

#include "api/states.h"
#include "store/execution.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

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

struct history_read {
    struct states_read read;
    struct states_execution_key key;
    struct str purpose;
    bool is_reversed;
    size_t count_max;
    int64_t first_id;
    struct str *events; // One more than asked for, if there are as many: the next page's first.
    size_t event_count;
    int64_t next_id; // Of the last of them.
};

// The next element of an array that this program wrote; false at its end.
static bool take_element(struct str *rest, struct str *ret_element)
{
    size_t depth = 0;
    bool is_string = false;
    for (size_t i = 0; i < rest->size; i++) {
        char c = rest->data[i];
        if (is_string) {
            if (c == '\\') i++;
            if (c == '"') is_string = false;
            continue;
        }
        if (c == '"') is_string = true;
        if (c == '{') depth++;
        if (c != '}' || --depth > 0) continue;
        size_t begin = str_find_byte(*rest, '{');
        *ret_element = str_slice(*rest, begin, i + 1 - begin);
        *rest = str_skip(*rest, i + 1);
        return true;
    }
    return false;
}

// Take over the events of a step that belong to the page.
static enum status collect_step(void *context, const struct store_step *step)
{
    struct history_read *read = context;
    struct arena *arena = read->read.request->arena;
    size_t count = (size_t)step->event_count;
    struct str *elements = arena_alloc_array(arena, count, sizeof(*elements));
    struct str rest = step->events;
    if (elements == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (!take_element(&rest, &elements[i])) return STATUS_CORRUPT;
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = read->is_reversed ? count - 1 - i : i;
        int64_t id = step->first_event_id + (int64_t)at;
        if (read->is_reversed ? id > read->first_id : id < read->first_id) continue;
        if (read->event_count > read->count_max) return STATUS_NOT_FOUND; // Enough.
        struct str *event = &read->events[read->event_count];
        if (!arena_copy_str(arena, elements[at], event)) return STATUS_NO_MEMORY;
        read->next_id = id;
        read->event_count++;
    }
    return STATUS_OK;
}

static enum status run_history(struct states_read *read, struct store_tx *tx)
{
    struct history_read *history = CONTAINER_OF(read, struct history_read, read);
    struct store_execution row;
    enum status status = store_execution_find(tx, history->key.state_machine_arn, history->key.name,
                                              read->request->arena, &row);
    if (status != STATUS_OK) return status;
    status = store_step_each_history(tx, row.id, history->first_id, history->is_reversed,
                                     collect_step, history);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void reply_history(struct states_read *read, enum status status)
{
    struct history_read *history = CONTAINER_OF(read, struct history_read, read);
    struct api_request *request = read->request;
    if (!states_execution_was_found(request, status, history->key.execution_arn)) return;
    bool has_data = api_member_bool(&request->body, STR("includeExecutionData"), true);
    size_t count = history->event_count;
    if (count > history->count_max) count = history->count_max;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("events"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        if (has_data) {
            json_writer_raw(&writer, history->events[i]);
        } else {
            write_event_without_data(&writer, request->arena, history->events[i]);
        }
    }
    json_writer_end_array(&writer);
    if (history->event_count > count) {
        struct str position = arena_printf(request->arena, "%lld", (long long)history->next_id);
        json_writer_string_member(&writer, STR("nextToken"),
                                  api_page_token(request->arena, history->purpose, position));
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static bool read_position(struct history_read *history)
{
    struct api_request *request = history->read.request;
    struct str token = api_member_str(&request->body, STR("nextToken"), STR(""));
    struct str position;
    uint64_t first;
    history->first_id = history->is_reversed ? INT64_MAX : 1;
    if (token.size == 0) return true;
    if (!api_page_position(request->arena, history->purpose, token, &position) ||
        !str_to_u64(position, &first) || first > INT64_MAX) {
        api_exception(request, STR("InvalidToken"), "Invalid Token: 'Invalid token'");
        return false;
    }
    history->first_id = (int64_t)first;
    return true;
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
    history->purpose = arena_printf(request->arena, "GetExecutionHistory %" STR_FORMAT " %d",
                                    STR_ARGS(history->key.execution_arn), history->is_reversed);
    if (!read_position(history)) return;
    int64_t page = api_member_integer(&request->body, STR("maxResults"), 0);
    history->count_max = page == 0 ? PAGE_DEFAULT : (size_t)page;
    history->events = arena_alloc_array(request->arena, history->count_max + 1, sizeof(struct str));
    if (history->events == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    states_read_submit(&history->read);
}

const struct states_operation states_history_operations[] = {
    STATES_OPERATION("GetExecutionHistory", history_members, history),
};
const size_t states_history_operation_count = ARRAY_COUNT(states_history_operations);
