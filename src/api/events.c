// EventBridge: members of the operations, and the way to the events thread and back.

#include "api/events.h"

#include <string.h>

#include "events/operation.h"
#include "events/pattern.h"

// ---------------------------------------------------------------------------------------------
// Members

static bool is_name(struct str value)
{
    return value.size > 0 && str_is_alphanumeric(value, "._-");
}

static bool is_bus_name(struct str value)
{
    struct str rest = value;
    while (rest.size > 0) {
        if (!is_name(str_cut(&rest, '/'))) return false;
    }
    return value.size > 0;
}

static bool is_bus_name_or_arn(struct str value)
{
    return is_bus_name(str_starts_with(value, STR("arn:")) ? api_events_bus_name(value) : value);
}

#define NAME_MEMBER(text, limit)                                                                   \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_STRING, .is_required = true, .min = 1,          \
        .max = (limit), .pattern = "[\\.\\-_A-Za-z0-9]+", .matches = is_name                       \
    }
#define BUS_MEMBER(text, must)                                                                     \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_STRING, .is_required = (must), .min = 1,        \
        .max = 1600,                                                                               \
        .pattern = "(arn:aws[\\w-]*:events:[a-z]+-[a-z]+-[\\w-]+:[0-9]{12}:event-bus\\/)?"         \
                   "[/\\.\\-_A-Za-z0-9]+",                                                         \
        .matches = is_bus_name_or_arn                                                              \
    }
#define TEXT_MEMBER(text, must, limit)                                                             \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_STRING, .is_required = (must), .max = (limit)   \
    }
#define LIST_MEMBER(text, must, least, most)                                                       \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_LIST, .is_required = (must), .min = (least),    \
        .max = (most)                                                                              \
    }
#define PAGE_MEMBERS                                                                               \
    TEXT_MEMBER("NextToken", false, 2048),                                                         \
    {                                                                                              \
        .name = STR_INIT("Limit"), .type = API_MEMBER_INTEGER, .min = 1, .max = 100                \
    }

static const struct api_member create_bus_members[] = {
    {.name = STR_INIT("Name"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 256,
     .pattern = "[/\\.\\-_A-Za-z0-9]+",
     .matches = is_bus_name},
    TEXT_MEMBER("Description", false, 512),
    LIST_MEMBER("Tags", false, 0, 0),
};
static const struct api_member delete_bus_members[] = {BUS_MEMBER("Name", true)};
static const struct api_member describe_bus_members[] = {BUS_MEMBER("Name", false)};
static const struct api_member list_buses_members[] = {TEXT_MEMBER("NamePrefix", false, 256),
                                                       PAGE_MEMBERS};
static const struct api_member put_rule_members[] = {
    NAME_MEMBER("Name", 64),
    BUS_MEMBER("EventBusName", false),
    TEXT_MEMBER("EventPattern", false, EVENTS_PATTERN_SIZE_MAX),
    TEXT_MEMBER("ScheduleExpression", false, 256),
    TEXT_MEMBER("Description", false, 512),
    TEXT_MEMBER("RoleArn", false, 1600),
    {.name = STR_INIT("State"),
     .type = API_MEMBER_STRING,
     .enum_values = "[ENABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, DISABLED]"},
    LIST_MEMBER("Tags", false, 0, 0),
};
static const struct api_member rule_members[] = {NAME_MEMBER("Name", 64),
                                                 BUS_MEMBER("EventBusName", false)};
static const struct api_member list_rules_members[] = {
    TEXT_MEMBER("NamePrefix", false, 64), BUS_MEMBER("EventBusName", false), PAGE_MEMBERS};
static const struct api_member put_targets_members[] = {NAME_MEMBER("Rule", 64),
                                                        BUS_MEMBER("EventBusName", false),
                                                        LIST_MEMBER("Targets", true, 1, 100)};
static const struct api_member remove_targets_members[] = {
    NAME_MEMBER("Rule", 64), BUS_MEMBER("EventBusName", false), LIST_MEMBER("Ids", true, 1, 100)};
static const struct api_member list_targets_members[] = {
    NAME_MEMBER("Rule", 64), BUS_MEMBER("EventBusName", false), PAGE_MEMBERS};
static const struct api_member list_names_members[] = {
    TEXT_MEMBER("TargetArn", true, 1600), BUS_MEMBER("EventBusName", false), PAGE_MEMBERS};
static const struct api_member test_members[] = {
    TEXT_MEMBER("EventPattern", true, EVENTS_PATTERN_SIZE_MAX), TEXT_MEMBER("Event", true, 0)};
static const struct api_member list_tags_members[] = {TEXT_MEMBER("ResourceARN", true, 1600)};
static const struct api_member tag_members[] = {TEXT_MEMBER("ResourceARN", true, 1600),
                                                LIST_MEMBER("Tags", true, 0, 0)};
static const struct api_member untag_members[] = {TEXT_MEMBER("ResourceARN", true, 1600),
                                                  LIST_MEMBER("TagKeys", true, 0, 0)};

#define MEMBERS(table)                                                                             \
    {                                                                                              \
        (table), ARRAY_COUNT(table)                                                                \
    }
static const struct {
    const struct api_member *members;
    size_t count;
} members_of[EVENTS_OPERATION_COUNT] = {
    [EVENTS_CREATE_EVENT_BUS] = MEMBERS(create_bus_members),
    [EVENTS_DELETE_EVENT_BUS] = MEMBERS(delete_bus_members),
    [EVENTS_DESCRIBE_EVENT_BUS] = MEMBERS(describe_bus_members),
    [EVENTS_LIST_EVENT_BUSES] = MEMBERS(list_buses_members),
    [EVENTS_PUT_RULE] = MEMBERS(put_rule_members),
    [EVENTS_DELETE_RULE] = MEMBERS(rule_members),
    [EVENTS_DESCRIBE_RULE] = MEMBERS(rule_members),
    [EVENTS_LIST_RULES] = MEMBERS(list_rules_members),
    [EVENTS_ENABLE_RULE] = MEMBERS(rule_members),
    [EVENTS_DISABLE_RULE] = MEMBERS(rule_members),
    [EVENTS_PUT_TARGETS] = MEMBERS(put_targets_members),
    [EVENTS_REMOVE_TARGETS] = MEMBERS(remove_targets_members),
    [EVENTS_LIST_TARGETS_BY_RULE] = MEMBERS(list_targets_members),
    [EVENTS_LIST_RULE_NAMES_BY_TARGET] = MEMBERS(list_names_members),
    [EVENTS_TEST_EVENT_PATTERN] = MEMBERS(test_members),
    [EVENTS_TAG_RESOURCE] = MEMBERS(tag_members),
    [EVENTS_UNTAG_RESOURCE] = MEMBERS(untag_members),
    [EVENTS_LIST_TAGS_FOR_RESOURCE] = MEMBERS(list_tags_members),
};

struct str api_events_bus_name(struct str name_or_arn)
{
    if (name_or_arn.size == 0) return STR("default");
    if (!str_starts_with(name_or_arn, STR("arn:"))) return name_or_arn;
    str_cut(&name_or_arn, '/');
    return name_or_arn.data == NULL ? STR("") : name_or_arn;
}

// ---------------------------------------------------------------------------------------------
// Calls

struct events_call {
    struct events_operation operation;
    struct api_request *request;
};

static void on_done(struct events_operation *operation)
{
    struct events_call *call = CONTAINER_OF(operation, struct events_call, operation);
    struct api_request *request = call->request;
    net_loop_busy_end(request->worker->loop);
    if (operation->fault != STATUS_OK) {
        api_fault(request, operation->fault);
    } else if (operation->error.size > 0) {
        api_exception(request, operation->error, "%" STR_FORMAT, STR_ARGS(operation->message));
    } else {
        buffer_append_str(api_reply_begin(request), operation->body);
        api_reply_end(request);
    }
}

static void handle(struct api_request *request)
{
    enum events_operation_kind kind;
    if (str_is(request->operation, "PutEvents")) {
        api_events_put(request);
        return;
    }
    if (!events_operation_find(request->operation, &kind)) {
        api_exception(request, STR("UnknownOperationException"),
                      "The operation %" STR_FORMAT
                      " of EventBridge is not served by this version of Galop.",
                      STR_ARGS(request->operation));
        return;
    }
    if (!api_members_check(request, &request->body, members_of[kind].members,
                           members_of[kind].count)) {
        return;
    }
    struct events_call *call = ARENA_NEW(request->arena, struct events_call);
    if (call == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    call->request = request;
    call->operation = (struct events_operation){
        .reply_to = net_loop_mailbox(request->worker->loop),
        .done = on_done,
        .kind = kind,
        .arena = request->arena,
        .region = request->region,
        .parameters = request->body,
    };
    net_loop_busy_begin(request->worker->loop);
    events_operate(request->worker->api->events, &call->operation);
}

const struct api_service api_events = {
    .name = STR_INIT("events"),
    .target_prefix = STR_INIT("AWSEvents."),
    .protocol = API_PROTOCOL_JSON_1_1,
    .handle = handle,
};
