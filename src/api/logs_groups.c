// CloudWatch Logs: groups, streams, retention and tags.

#include "api/logs.h"

static struct logs *logs_of(const struct logs_call *call)
{
    return call->request->worker->api->logs;
}

// ---------------------------------------------------------------------------------------------
// Groups

// The member `tags`, an object, as text; absent when it is.
static struct str tags_text(const struct logs_call *call)
{
    const struct json *tags = JSON_FIND(&call->request->body, "tags");
    if (tags == NULL || !json_is_object(tags)) return (struct str){0};
    return json_render_to_arena(call->request->arena, tags);
}

static void create_group(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, NULL);
    if (call == NULL) return;
    call->create_group.name = logs_call_str(call, "logGroupName");
    call->create_group.tags = tags_text(call);
    logs_create_group(logs_of(call), &call->create_group);
}

static void delete_group(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, NULL);
    if (call == NULL) return;
    call->delete_group.name = logs_call_str(call, "logGroupName");
    logs_delete_group(logs_of(call), &call->delete_group);
}

static void put_retention(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, NULL);
    if (call == NULL) return;
    call->put_retention.name = logs_call_str(call, "logGroupName");
    call->put_retention.days = logs_call_integer(call, "retentionInDays");
    call->put_retention.is_removal = str_is(request->operation, "DeleteRetentionPolicy");
    logs_put_retention(logs_of(call), &call->put_retention);
}

static void write_group(struct json_writer *writer, const struct logs_call *call,
                        const struct logs_group_item *item)
{
    struct arena *arena = call->request->arena;
    struct str arn = arena_printf(arena, "%" STR_FORMAT ":*", STR_ARGS(item->arn));
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("logGroupName"), item->name);
    json_writer_integer_member(writer, STR("creationTime"), item->created_unix_ms);
    json_writer_string_member(writer, STR("arn"), arn);
    json_writer_string_member(writer, STR("logGroupArn"), item->arn);
    json_writer_string_member(writer, STR("logGroupClass"), STR("STANDARD"));
    json_writer_integer_member(writer, STR("metricFilterCount"), 0);
    json_writer_integer_member(writer, STR("storedBytes"), item->stored_bytes);
    if (item->retention_days > 0) {
        json_writer_integer_member(writer, STR("retentionInDays"), item->retention_days);
    }
    json_writer_end_object(writer);
}

static void reply_groups(struct logs_call *call)
{
    const struct logs_describe_groups *result = &call->describe_groups;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(call->request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("logGroups"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < result->count; i++)
        write_group(&writer, call, &result->items[i]);
    json_writer_end_array(&writer);
    if (result->ret_next_token.data != NULL) {
        json_writer_string_member(&writer, STR("nextToken"), result->ret_next_token);
    }
    json_writer_end_object(&writer);
    api_reply_end(call->request);
}

static void describe_groups(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, reply_groups);
    if (call == NULL) return;
    struct logs_describe_groups *describe = &call->describe_groups;
    describe->prefix = logs_call_str(call, "logGroupNamePrefix");
    describe->pattern = logs_call_str(call, "logGroupNamePattern");
    describe->next_token = logs_call_str(call, "nextToken");
    describe->limit = logs_call_integer(call, "limit");
    logs_describe_groups(logs_of(call), describe);
}

// ---------------------------------------------------------------------------------------------
// Tags, in the newer form (resourceArn) and the older one (logGroupName)

static void reply_tags(struct logs_call *call)
{
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(call->request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("tags"));
    json_writer_raw(&writer, call->group_tags.tags);
    json_writer_end_object(&writer);
    api_reply_end(call->request);
}

static void name_tagged_group(struct logs_call *call)
{
    call->group_tags.group.name = logs_call_str(call, "logGroupName");
    call->group_tags.group.identifier = logs_call_str(call, "resourceArn");
}

static void list_tags(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, reply_tags);
    if (call == NULL) return;
    name_tagged_group(call);
    logs_group_tags(logs_of(call), &call->group_tags);
}

static void tag(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, NULL);
    if (call == NULL) return;
    name_tagged_group(call);
    call->group_tags.added = tags_text(call);
    logs_group_tags(logs_of(call), &call->group_tags);
}

static void untag(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, NULL);
    if (call == NULL) return;
    name_tagged_group(call);
    bool is_new_form = str_is(request->operation, "UntagResource");
    struct str *names;
    if (!logs_call_list(call, is_new_form ? "tagKeys" : "tags", &names,
                        &call->group_tags.removed_count)) {
        return;
    }
    call->group_tags.removed = names;
    logs_group_tags(logs_of(call), &call->group_tags);
}

// ---------------------------------------------------------------------------------------------
// Streams

static void create_stream(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, NULL);
    if (call == NULL) return;
    call->create_stream.group_name = logs_call_str(call, "logGroupName");
    call->create_stream.name = logs_call_str(call, "logStreamName");
    logs_create_stream(logs_of(call), &call->create_stream);
}

static void delete_stream(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, NULL);
    if (call == NULL) return;
    call->delete_stream.group_name = logs_call_str(call, "logGroupName");
    call->delete_stream.name = logs_call_str(call, "logStreamName");
    logs_delete_stream(logs_of(call), &call->delete_stream);
}

static void write_stream(struct json_writer *writer, const struct logs_stream_item *item)
{
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("logStreamName"), item->name);
    json_writer_integer_member(writer, STR("creationTime"), item->created_unix_ms);
    if (item->has_events) {
        json_writer_integer_member(writer, STR("firstEventTimestamp"), item->first_event_unix_ms);
        json_writer_integer_member(writer, STR("lastEventTimestamp"), item->last_event_unix_ms);
        json_writer_integer_member(writer, STR("lastIngestionTime"), item->last_ingestion_unix_ms);
    }
    json_writer_string_member(writer, STR("uploadSequenceToken"), item->upload_sequence_token);
    json_writer_string_member(writer, STR("arn"), item->arn);
    json_writer_integer_member(writer, STR("storedBytes"), 0); // As the service has since 2019.
    json_writer_end_object(writer);
}

static void reply_streams(struct logs_call *call)
{
    const struct logs_describe_streams *result = &call->describe_streams;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(call->request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, STR("logStreams"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < result->count; i++)
        write_stream(&writer, &result->items[i]);
    json_writer_end_array(&writer);
    if (result->ret_next_token.data != NULL) {
        json_writer_string_member(&writer, STR("nextToken"), result->ret_next_token);
    }
    json_writer_end_object(&writer);
    api_reply_end(call->request);
}

static void describe_streams(struct api_request *request)
{
    struct logs_call *call = logs_call_new(request, reply_streams);
    if (call == NULL) return;
    struct logs_describe_streams *describe = &call->describe_streams;
    describe->group = logs_call_group(call);
    describe->prefix = logs_call_str(call, "logStreamNamePrefix");
    describe->order_by = logs_call_str(call, "orderBy");
    describe->is_descending = api_member_bool(&request->body, STR("descending"), false);
    describe->next_token = logs_call_str(call, "nextToken");
    describe->limit = logs_call_integer(call, "limit");
    logs_describe_streams(logs_of(call), describe);
}

// ---------------------------------------------------------------------------------------------
// Members

static const struct api_member create_group_members[] = {
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("tags", API_MEMBER_OBJECT),
};
static const struct api_member group_members[] = {
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("retentionInDays", API_MEMBER_INTEGER),
};
static const struct api_member describe_group_members[] = {
    LOGS_MEMBER("logGroupNamePrefix", API_MEMBER_STRING),
    LOGS_MEMBER("logGroupNamePattern", API_MEMBER_STRING),
    LOGS_MEMBER("nextToken", API_MEMBER_STRING),
    LOGS_MEMBER("limit", API_MEMBER_INTEGER),
};
static const struct api_member stream_members[] = {
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("logStreamName", API_MEMBER_STRING),
};
static const struct api_member describe_stream_members[] = {
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("logGroupIdentifier", API_MEMBER_STRING),
    LOGS_MEMBER("logStreamNamePrefix", API_MEMBER_STRING),
    LOGS_MEMBER("orderBy", API_MEMBER_STRING),
    LOGS_MEMBER("descending", API_MEMBER_BOOLEAN),
    LOGS_MEMBER("nextToken", API_MEMBER_STRING),
    LOGS_MEMBER("limit", API_MEMBER_INTEGER),
};
static const struct api_member tag_members[] = {
    LOGS_MEMBER("resourceArn", API_MEMBER_STRING),
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("tags", API_MEMBER_OBJECT),
};
static const struct api_member untag_members[] = {
    LOGS_MEMBER("resourceArn", API_MEMBER_STRING),
    LOGS_MEMBER("tagKeys", API_MEMBER_LIST),
};
static const struct api_member untag_group_members[] = {
    LOGS_MEMBER("logGroupName", API_MEMBER_STRING),
    LOGS_MEMBER("tags", API_MEMBER_LIST),
};

const struct logs_api_operation logs_group_operations[] = {
    LOGS_OPERATION("CreateLogGroup", create_group_members, create_group),
    LOGS_OPERATION("DeleteLogGroup", group_members, delete_group),
    LOGS_OPERATION("DescribeLogGroups", describe_group_members, describe_groups),
    LOGS_OPERATION("PutRetentionPolicy", group_members, put_retention),
    LOGS_OPERATION("DeleteRetentionPolicy", group_members, put_retention),
    LOGS_OPERATION("CreateLogStream", stream_members, create_stream),
    LOGS_OPERATION("DeleteLogStream", stream_members, delete_stream),
    LOGS_OPERATION("DescribeLogStreams", describe_stream_members, describe_streams),
    LOGS_OPERATION("ListTagsForResource", tag_members, list_tags),
    LOGS_OPERATION("TagResource", tag_members, tag),
    LOGS_OPERATION("UntagResource", untag_members, untag),
    LOGS_OPERATION("ListTagsLogGroup", tag_members, list_tags),
    LOGS_OPERATION("TagLogGroup", tag_members, tag),
    LOGS_OPERATION("UntagLogGroup", untag_group_members, untag),
};
const size_t logs_group_operation_count = ARRAY_COUNT(logs_group_operations);
