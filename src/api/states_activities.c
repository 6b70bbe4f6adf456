// Activities as resources: create, describe, list, delete.

#include "api/states.h"
#include "runtime/activity_resource.h"

enum { ACTIVITIES_MAX = 100000 }; // Of a region.

// ---------------------------------------------------------------------------------------------
// CreateActivity

static const struct api_member create_members[] = {
    {.name = STR_INIT("name"), .type = API_MEMBER_STRING, .is_required = true, .min = 1, .max = 80},
    {.name = STR_INIT("tags"), .type = API_MEMBER_LIST, .item = &states_tag_item},
    STATES_ENCRYPTION_MEMBER,
};

struct creation {
    struct activity_fields fields;
    struct activity *activity; // Made, and kept by the change; or there before.
};

static enum states_plan plan_creation(struct api_request *request, void *context,
                                      struct states_change *change)
{
    struct creation *creation = context;
    const struct activity_fields *fields = &creation->fields;
    creation->activity = activity_find(&request->worker->runtime->catalog, fields->arn);
    if (creation->activity != NULL) {
        // Names alone make the same activity, but for the key: tags of a repeated call are ignored.
        if (json_equal(&creation->activity->encryption, &fields->encryption)) {
            return STATES_PLAN_MADE;
        }
        api_exception(request, STR("ActivityAlreadyExists"),
                      "Activity Already Exists: '%" STR_FORMAT "'", STR_ARGS(fields->arn));
        return STATES_PLAN_REPLIED;
    }
    if (states_is_full(request, STORE_KIND_ACTIVITY, ACTIVITIES_MAX)) {
        api_exception(request, STR("ActivityLimitExceeded"), "Activity Limit Exceeded: '%d'",
                      ACTIVITIES_MAX);
        return STATES_PLAN_REPLIED;
    }
    enum status status = activity_new(fields, &creation->activity);
    if (status == STATUS_OK) {
        states_change_add(change, NULL, &creation->activity->entry);
    } else {
        states_change_fail(change, status);
    }
    return STATES_PLAN_MADE;
}

static void on_created(struct api_request *request, void *context, enum status status)
{
    if (status != STATUS_OK) {
        states_reply_failure(request, status);
        return;
    }
    const struct creation *creation = context;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("activityArn"), creation->activity->arn);
    json_writer_timestamp_member(&writer, STR("creationDate"), creation->activity->created_unix_ms);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void create(struct api_request *request)
{
    struct creation *creation = ARENA_NEW(request->arena, struct creation);
    if (creation == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    struct activity_fields *fields = &creation->fields;
    *fields = (struct activity_fields){
        .name = api_member_str(&request->body, STR("name"), STR("")),
        .region = request->region,
        .created_unix_ms = clock_unix_ms(request->worker->api->clock),
        .encryption = json_null,
        .tags = json_empty_object,
    };
    if (!states_name_is_valid(fields->name)) {
        api_exception(request, STR("InvalidName"), "Invalid Name: '%" STR_FORMAT "'",
                      STR_ARGS(fields->name));
        return;
    }
    fields->arn = arena_printf(
        request->arena, "arn:aws:states:%" STR_FORMAT ":%" STR_FORMAT ":activity:%" STR_FORMAT,
        STR_ARGS(request->region), STR_ARGS(request->account), STR_ARGS(fields->name));
    if (!states_tags_read(request, &fields->tags) ||
        !states_encryption_read(request, &fields->encryption)) {
        return;
    }
    states_change(request, plan_creation, on_created, creation);
}

// ---------------------------------------------------------------------------------------------
// DescribeActivity

struct activity *states_find_activity(struct api_request *request, const struct states_arn *arn)
{
    struct activity *activity = activity_find(&request->worker->runtime->catalog, arn->text);
    if (activity == NULL) {
        api_exception(request, STR("ActivityDoesNotExist"),
                      "Activity Does Not Exist: '%" STR_FORMAT "'", STR_ARGS(arn->text));
    }
    return activity;
}

static const struct api_member arn_members[] = {STATES_ARN_MEMBER("activityArn")};

static void describe(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("activityArn"), "activity", &arn)) return;
    const struct activity *activity = states_find_activity(request, &arn);
    if (activity == NULL) return;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("activityArn"), activity->arn);
    json_writer_string_member(&writer, STR("name"), activity->name);
    json_writer_timestamp_member(&writer, STR("creationDate"), activity->created_unix_ms);
    states_encryption_write(&writer, &activity->encryption);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

// ---------------------------------------------------------------------------------------------
// ListActivities

static const struct api_member list_members[] = {STATES_MAX_RESULTS_MEMBER,
                                                 STATES_NEXT_TOKEN_MEMBER};

static void write_activity(struct json_writer *writer, struct catalog_entry *entry)
{
    const struct activity *activity = activity_of(entry);
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("activityArn"), activity->arn);
    json_writer_string_member(writer, STR("name"), activity->name);
    json_writer_timestamp_member(writer, STR("creationDate"), activity->created_unix_ms);
    json_writer_end_object(writer);
}

static void list(struct api_request *request)
{
    static const struct states_list shown = {
        .name = STR_INIT("activities"), .key = states_key_by_name, .write = write_activity};
    states_list_reply(request, &shown, STORE_KIND_ACTIVITY, STR(""));
}

// ---------------------------------------------------------------------------------------------
// DeleteActivity

static enum states_plan plan_deletion(struct api_request *request, void *context,
                                      struct states_change *change)
{
    const struct states_arn *arn = context;
    struct activity *activity = activity_find(&request->worker->runtime->catalog, arn->text);
    if (activity != NULL) states_change_add(change, &activity->entry, NULL);
    return STATES_PLAN_MADE; // Deleting what is not there succeeds.
}

static void delete_activity(struct api_request *request)
{
    struct states_arn *arn = ARENA_NEW(request->arena, struct states_arn);
    if (arn == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
    } else if (states_arn_read(request, STR("activityArn"), "activity", arn)) {
        states_change(request, plan_deletion, states_on_changed, arn);
    }
}

const struct states_operation states_activity_operations[] = {
    STATES_OPERATION("CreateActivity", create_members, create),
    STATES_OPERATION("DescribeActivity", arn_members, describe),
    STATES_OPERATION("ListActivities", list_members, list),
    STATES_OPERATION("DeleteActivity", arn_members, delete_activity),
};
const size_t states_activity_operation_count = ARRAY_COUNT(states_activity_operations);
