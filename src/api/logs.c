// Amazon CloudWatch Logs: dispatch, and the way of a call to the store thread and back.

#include "api/logs.h"

// ---------------------------------------------------------------------------------------------
// Calls

static void on_done(struct logs_operation *operation, enum status status)
{
    struct logs_call *call = CONTAINER_OF(operation, struct logs_call, operation);
    struct api_request *request = call->request;
    net_loop_busy_end(request->worker->loop);
    if (operation->error_code != NULL) {
        api_exception(request, str_from_c(operation->error_code), "%" STR_FORMAT,
                      STR_ARGS(operation->error_message));
    } else if (status != STATUS_OK) {
        api_fault(request, status);
    } else if (call->reply == NULL) {
        api_reply_empty(request);
    } else {
        call->reply(call);
    }
}

struct logs_call *logs_call_new(struct api_request *request, void (*reply)(struct logs_call *call))
{
    struct logs_call *call = ARENA_NEW(request->arena, struct logs_call);
    if (call == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return NULL;
    }
    call->request = request;
    call->reply = reply;
    logs_operation_init(&call->operation, request->arena, net_loop_mailbox(request->worker->loop),
                        request->region, on_done);
    net_loop_busy_begin(request->worker->loop);
    return call;
}

struct str logs_call_str(const struct logs_call *call, const char *name)
{
    return api_member_str(&call->request->body, str_from_c(name), (struct str){0});
}

int64_t logs_call_integer(const struct logs_call *call, const char *name)
{
    return api_member_integer(&call->request->body, str_from_c(name), LOGS_ABSENT);
}

struct logs_group_name logs_call_group(const struct logs_call *call)
{
    return (struct logs_group_name){
        .name = logs_call_str(call, "logGroupName"),
        .identifier = logs_call_str(call, "logGroupIdentifier"),
    };
}

bool logs_call_list(struct logs_call *call, const char *name, struct str **ret_items,
                    size_t *ret_count)
{
    struct api_request *request = call->request;
    const struct json *list = json_find(&request->body, str_from_c(name));
    uint32_t count = list == NULL || !json_is_array(list) ? 0 : list->size;
    struct str *items = arena_alloc_array(request->arena, count, sizeof(*items));
    bool is_good = items != NULL;
    for (uint32_t i = 0; is_good && i < count; i++) {
        is_good = json_is_string(&list->items[i]);
        if (is_good) items[i] = json_str(&list->items[i]);
    }
    if (is_good) {
        *ret_items = items;
        *ret_count = count;
        return true;
    }
    net_loop_busy_end(request->worker->loop);
    if (items == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
    } else {
        api_exception(request, STR("SerializationException"), "Expected strings in '%s'.", name);
    }
    return false;
}

// ---------------------------------------------------------------------------------------------
// Dispatch

static const struct logs_api_operation *find_in(const struct logs_api_operation *operations,
                                                size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(operations[i].name, name)) return &operations[i];
    }
    return NULL;
}

static void handle(struct api_request *request)
{
    const struct logs_api_operation *operation =
        find_in(logs_event_operations, logs_event_operation_count, request->operation);
    if (operation == NULL) {
        operation = find_in(logs_group_operations, logs_group_operation_count, request->operation);
    }
    if (operation == NULL) {
        api_exception(request, STR("UnknownOperationException"),
                      "The operation %" STR_FORMAT
                      " of CloudWatch Logs is not served by this version of Galop.",
                      STR_ARGS(request->operation));
        return;
    }
    if (!api_members_check(request, &request->body, operation->members, operation->member_count)) {
        return;
    }
    operation->handle(request);
}

const struct api_service api_logs = {
    .name = STR_INIT("logs"),
    .target_prefix = STR_INIT("Logs_20140328."),
    .protocol = API_PROTOCOL_JSON_1_1,
    .handle = handle,
};
