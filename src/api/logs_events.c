// CloudWatch Logs: writing, getting and filtering events.

#include "api/logs.h"

static struct logs *logs_of(const struct logs_call *call)
{
    return call->request->worker->api->logs;
}

// ---------------------------------------------------------------------------------------------
// PutLogEvents

static void reply_put(struct logs_call *call)
{
    const struct logs_put_events *result = &call->put_events;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(call->request));
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("nextSequenceToken"), result->next_sequence_token);
    bool has_rejected = result->too_new_start_index != LOGS_ABSENT ||
                        result->too_old_end_index != LOGS_ABSENT ||
                        result->expired_end_index != LOGS_ABSENT;
    if (has_rejected) {
        json_writer_name(&writer, STR("rejectedLogEventsInfo"));
        json_writer_begin_object(&writer);
        if (result->too_new_start_index != LOGS_ABSENT) {
            json_writer_integer_member(&writer, STR("tooNewLogEventStartIndex"),
                                       result->too_new_start_index);
        }
        if (result->too_old_end_index != LOGS_ABSENT) {
            json_writer_integer_member(&writer, STR("tooOldLogEventEndIndex"),
                                       result->too_old_end_index);
        }
        if (result->expired_end_index != LOGS_ABSENT) {
            json_writer_integer_member(&writer, STR("expiredLogEventEndIndex"),
                                       result->expired_end_index);
        }
        json_writer_end_object(&writer);
    }
    json_writer_end_object(&writer);
    api_reply_end(call->request);
}

static const struct api_member input_event_members[] = {
    LOGS_MEMBER("timestamp", API_MEMBER_INTEGER),
    LOGS_MEMBER("message", API_MEMBER_STRING),
};

// One of `logEvents`. Returns false after replying.
static bool read_event(struct api_request *request, const struct json *item, uint32_t index,
                       struct logs_input_event *ret_event)
{
    if (!json_is_object(item)) {
        api_exception(request, STR("SerializationException"),
                      "Expected a structure in 'logEvents', but found a %s.", json_type_name(item));
        return false;
    }
    if (!api_members_check(request, item, input_event_members, ARRAY_COUNT(input_event_members))) {
        return false;
    }
    static const char *const required[] = {"timestamp", "message"};
    for (size_t i = 0; i < ARRAY_COUNT(required); i++) {
        if (api_member_is_present(item, str_from_c(required[i]))) continue;
        api_exception(request, STR("InvalidParameterException"),
                      "1 validation error detected: Value null at 'logEvents.%u.member.%s' failed "
                      "to satisfy constraint: Member must not be null",
                      index + 1, required[i]);
        return false;
    }
    *ret_event = (struct logs_input_event){
        .timestamp_unix_ms = api_member_integer(item, STR("timestamp"), 0),
        .message = api_member_str(item, STR("message"), STR("")),
    };
    return true;
}

static void put_events(struct api_request *request)
{
    const struct json *list = JSON_FIND(&request->body, "logEvents");
    uint32_t count = list == NULL || !json_is_array(list) ? 0 : list->size;
    struct logs_input_event *events = arena_alloc_array(request->arena, count, sizeof(*events));
    if (events == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_event(request, &list->items[i], i, &events[i])) return;
    }
    struct logs_call *call = logs_call_new(request, reply_put);
    if (call == NULL) return;
    call->put_events.group_name = logs_call_str(call, "logGroupName");
    call->put_events.stream_name = logs_call_str(call, "logStreamName");
    call->put_events.events = events;
    call->put_events.count = count;
    logs_put_events(logs_of(call), &call->put_events);
}

// ---------------------------------------------------------------------------------------------
// GetLogEvents, FilterLogEvents

static void write_events(struct json_writer *writer, const struct logs_output_event *events,
                         size_t count)
{
    json_writer_name(writer, STR("events"));
    json_writer_begin_array(writer);
    for (size_t i = 0; i < count; i++) {
        const struct logs_output_event *event = &events[i];
        json_writer_begin_object(writer);
        if (event->event_id.size > 0) {
            json_writer_string_member(writer, STR("logStreamName"), event->stream_name);
        }
        json_writer_integer_member(writer, STR("timestamp"), event->timestamp_unix_ms);
        json_writer_string_member(writer, STR("message"), event->message);
        json_writer_integer_member(writer, STR("ingestionTime"), event->ingestion_unix_ms);
        if (event->event_id.size > 0) {
            json_writer_string_member(writer, STR("eventId"), event->event_id);
        }
        json_writer_end_object(writer);
    }
    json_writer_end_array(writer);
}

static void reply_get(struct logs_call *call)
{
    const struct logs_get_events *result = &call->get_events;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(call->request));
    json_writer_begin_object(&writer);
    write_events(&writer, result->events, result->count);
    json_writer_string_member(&writer, STR("nextForwardToken"), result->next_forward_token);
    json_writer_string_member(&writer, STR("nextBackwardToken"), result->next_backward_token);
    json_writer_end_object(&writer);
    api_reply_end(call->request);
}

static void get_events(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, reply_get);
    if (call == NULL) return;
    struct logs_get_events *get = &call->get_events;
    get->group = logs_call_group(call);
    get->stream_name = logs_call_str(call, "logStreamName");
    get->start_unix_ms = logs_call_integer(call, "startTime");
    get->end_unix_ms = logs_call_integer(call, "endTime");
    get->is_from_head = api_member_bool(&request->body, STR("startFromHead"), false);
    get->next_token = logs_call_str(call, "nextToken");
    get->limit = logs_call_integer(call, "limit");
    logs_get_events(logs_of(call), get);
}

static void reply_filter(struct logs_call *call)
{
    const struct logs_filter_events *result = &call->filter_events;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(call->request));
    json_writer_begin_object(&writer);
    write_events(&writer, result->events, result->count);
    json_writer_name(&writer, STR("searchedLogStreams"));
    json_writer_begin_array(&writer);
    json_writer_end_array(&writer);
    if (result->ret_next_token.data != NULL) {
        json_writer_string_member(&writer, STR("nextToken"), result->ret_next_token);
    }
    json_writer_end_object(&writer);
    api_reply_end(call->request);
}

static void filter_events(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, reply_filter);
    if (call == NULL) return;
    struct logs_filter_events *filter = &call->filter_events;
    struct str *stream_names;
    if (!logs_call_list(call, "logStreamNames", &stream_names, &filter->stream_name_count)) return;
    filter->stream_names = stream_names;
    filter->group = logs_call_group(call);
    filter->stream_name_prefix = logs_call_str(call, "logStreamNamePrefix");
    filter->start_unix_ms = logs_call_integer(call, "startTime");
    filter->end_unix_ms = logs_call_integer(call, "endTime");
    filter->filter_pattern = logs_call_str(call, "filterPattern");
    filter->next_token = logs_call_str(call, "nextToken");
    filter->limit = logs_call_integer(call, "limit");
    logs_filter_events(logs_of(call), filter);
}

// ---------------------------------------------------------------------------------------------
// Members

static const struct api_member put_members[] = {
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("logStreamName", API_MEMBER_STRING),
    LOGS_MEMBER("logEvents", API_MEMBER_LIST),
    LOGS_MEMBER("sequenceToken", API_MEMBER_STRING),
};
static const struct api_member get_members[] = {
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("logGroupIdentifier", API_MEMBER_STRING),
    LOGS_MEMBER("logStreamName", API_MEMBER_STRING),
    LOGS_MEMBER("startTime", API_MEMBER_INTEGER),
    LOGS_MEMBER("endTime", API_MEMBER_INTEGER),
    LOGS_MEMBER("startFromHead", API_MEMBER_BOOLEAN),
    LOGS_MEMBER("nextToken", API_MEMBER_STRING),
    LOGS_MEMBER("limit", API_MEMBER_INTEGER),
};
static const struct api_member filter_members[] = {
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("logGroupIdentifier", API_MEMBER_STRING),
    LOGS_MEMBER("logStreamNames", API_MEMBER_LIST),
    LOGS_MEMBER("logStreamNamePrefix", API_MEMBER_STRING),
    LOGS_MEMBER("startTime", API_MEMBER_INTEGER),
    LOGS_MEMBER("endTime", API_MEMBER_INTEGER),
    LOGS_MEMBER("filterPattern", API_MEMBER_STRING),
    LOGS_MEMBER("nextToken", API_MEMBER_STRING),
    LOGS_MEMBER("limit", API_MEMBER_INTEGER),
};

const struct logs_api_operation logs_event_operations[] = {
    LOGS_OPERATION("PutLogEvents", put_members, put_events),
    LOGS_OPERATION("GetLogEvents", get_members, get_events),
    LOGS_OPERATION("FilterLogEvents", filter_members, filter_events),
};
const size_t logs_event_operation_count = ARRAY_COUNT(logs_event_operations);
