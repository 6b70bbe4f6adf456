// Lambda's REST API: every operation becomes one JSON object of parameters, from the body, the path
// and the query string, and is carried out by src/lambda, which checks it.

#include "api/lambda.h"

#include "base/encoding.h"
#include "lambda/arn.h"
#include "lambda/lambda.h"

struct lambda_call {
    struct lambda_operation operation;
    struct api_request *request;
};

struct str api_lambda_query(struct api_request *request, struct str name)
{
    struct str value, decoded;
    if (!http_query_find(request->http->query, name, &value) ||
        !encoding_percent_decode(request->arena, value, true, &decoded))
        return STR("");
    return decoded;
}

static void on_done(struct lambda_operation *operation)
{
    struct lambda_call *call = CONTAINER_OF(operation, struct lambda_call, operation);
    struct api_request *request = call->request;
    const struct lambda_exception *exception = &operation->exception;
    net_loop_busy_end(request->worker->loop);
    if (lambda_exception_is_set(exception)) {
        api_exception_status(request, exception->http_status, exception->type, exception->message);
        return;
    }
    const struct http_header zip = {STR("Content-Type"), STR("application/zip")};
    bool is_zip = operation->kind == LAMBDA_GET_CODE;
    api_reply(request, operation->http_status, &zip, is_zip ? 1 : 0, operation->body);
}

// ---------------------------------------------------------------------------------------------
// Parameters

// Every "tagKeys" of the query string.
static struct json read_tag_keys(struct api_request *request)
{
    struct json_items keys;
    struct str rest = request->http->query;
    json_items_init(&keys, request->arena);
    while (rest.data != NULL && rest.size > 0) {
        struct str pair = str_cut(&rest, '&'), key;
        if (!str_is(str_cut(&pair, '='), "tagKeys")) continue;
        if (encoding_percent_decode(request->arena, pair, true, &key))
            json_items_append(&keys, json_from_str(key));
    }
    return json_items_finish(&keys);
}

static void add_query(struct api_request *request, struct json_members *members)
{
    static const char *const names[] = {"Qualifier",  "Marker",          "MaxItems",
                                        "RevisionId", "FunctionVersion", "MasterRegion"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        uint64_t number;
        struct str value = api_lambda_query(request, str_from_c(names[i]));
        if (value.size == 0) continue;
        bool is_number = str_is(str_from_c(names[i]), "MaxItems") && str_to_u64(value, &number) &&
                         number <= INT64_MAX;
        json_members_set(members, str_from_c(names[i]),
                         is_number ? json_from_integer((int64_t)number) : json_from_str(value));
    }
}

static void add_path(const struct api_lambda_route *route, struct json_members *members)
{
    bool is_tags = route->kind == LAMBDA_LIST_TAGS || route->kind == LAMBDA_TAG_RESOURCE ||
                   route->kind == LAMBDA_UNTAG_RESOURCE;
    if (route->resource.size > 0)
        json_members_set(members, is_tags ? STR("Resource") : STR("FunctionName"),
                         json_from_str(route->resource));
    if (route->item.size > 0)
        json_members_set(members,
                         route->kind == LAMBDA_REMOVE_PERMISSION ? STR("StatementId") : STR("Name"),
                         json_from_str(route->item));
}

// Body, query string and path as one object, into `request->body`. Returns false after replying.
static bool read_parameters(struct api_request *request, const struct api_lambda_route *route)
{
    struct json body = json_empty_object;
    struct json_error error;
    struct json_members members;
    if (request->http->body.size > 0) {
        enum status status = json_parse(request->arena, request->http->body, 0, &body, &error);
        if (status == STATUS_INVALID || (status == STATUS_OK && !json_is_object(&body))) {
            struct str message = status == STATUS_OK
                                     ? STR("Start of structure or map found where not expected.")
                                     : error.message;
            api_exception(request, STR("SerializationException"),
                          "Could not parse request body into json: %" STR_FORMAT,
                          STR_ARGS(message));
            return false;
        }
        if (status != STATUS_OK) {
            api_fault(request, status);
            return false;
        }
    }
    json_members_init(&members, request->arena);
    for (uint32_t i = 0; i < body.size; i++)
        json_members_append(&members, json_str(&body.members[i].name), body.members[i].value);
    add_query(request, &members);
    add_path(route, &members);
    if (route->kind == LAMBDA_UNTAG_RESOURCE)
        json_members_set(&members, STR("TagKeys"), read_tag_keys(request));
    request->body = json_members_finish(&members);
    return true;
}

// The deployment package, from Code.ZipFile or ZipFile. Returns false after replying.
static bool read_zip(struct api_request *request, enum lambda_operation_kind kind,
                     struct str *ret_zip)
{
    *ret_zip = (struct str){NULL, 0};
    const struct json *holder =
        kind == LAMBDA_CREATE_FUNCTION ? JSON_FIND(&request->body, "Code") : &request->body;
    if (kind != LAMBDA_CREATE_FUNCTION && kind != LAMBDA_UPDATE_FUNCTION_CODE) return true;
    const struct json *text = holder == NULL ? NULL : JSON_FIND(holder, "ZipFile");
    if (text == NULL || json_is_null(text)) return true;
    if (json_is_string(text) && encoding_base64_decode(request->arena, json_str(text), ret_zip))
        return true;
    if (request->arena->is_exhausted) {
        api_exception_status(request, 413, STR("RequestEntityTooLargeException"),
                             STR("Request must be smaller than the server's limit."));
        return false;
    }
    api_exception(request, STR("SerializationException"), "ZipFile must be text in base64.");
    return false;
}

// A role that IAM knows must let Lambda assume it. Returns false after replying.
static bool check_role(struct api_request *request, enum lambda_operation_kind kind)
{
    const struct json *role = JSON_FIND(&request->body, "Role");
    if ((kind != LAMBDA_CREATE_FUNCTION && kind != LAMBDA_UPDATE_FUNCTION_CONFIGURATION) ||
        role == NULL || !json_is_string(role) || !lambda_role_arn_is_valid(json_str(role)))
        return true; // What is no role at all has its own exception.
    if (iam_role_trusts_service(&request->worker->iam_reader, json_str(role), STR("lambda"),
                                request->region, STR("")))
        return true;
    api_exception(request, STR("InvalidParameterValueException"),
                  "The role defined for the function cannot be assumed by Lambda.");
    return false;
}

static void handle(struct api_request *request)
{
    struct api_lambda_route route;
    struct str zip;
    if (!api_lambda_find_route(request->arena, request->http, &route)) {
        api_exception(request, STR("UnknownOperationException"),
                      "Galop does not serve %" STR_FORMAT " %" STR_FORMAT ".",
                      STR_ARGS(request->http->method), STR_ARGS(request->http->path));
        return;
    }
    request->operation = route.action;
    if (route.is_invocation) {
        api_lambda_invoke(request, &route);
        return;
    }
    if (!read_parameters(request, &route) || !read_zip(request, route.kind, &zip) ||
        !check_role(request, route.kind))
        return;
    struct lambda_call *call = ARENA_NEW(request->arena, struct lambda_call);
    if (call == NULL || request->arena->is_exhausted) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    call->request = request;
    call->operation = (struct lambda_operation){
        .reply_to = net_loop_mailbox(request->worker->loop),
        .done = on_done,
        .kind = route.kind,
        .arena = request->arena,
        .region = request->region,
        .parameters = request->body,
        .zip = zip,
    };
    net_loop_busy_begin(request->worker->loop);
    lambda_operate(request->worker->api->lambda, &call->operation);
}

const struct api_service api_lambda = {
    .name = STR_INIT("lambda"),
    .target_prefix = STR_INIT(""),
    .protocol = API_PROTOCOL_REST_JSON,
    .handle = handle,
};
