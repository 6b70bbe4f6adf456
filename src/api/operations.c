// Which action and resource each operation is, for servers that verify their callers.

#include "api/operations.h"

// "states:CreateStateMachine" on the first ARN that the request names, else "*".
static struct str resource_of_json(const struct api_request *request)
{
    static const char *const members[] = {"stateMachineArn", "executionArn", "resourceArn",
                                          "activityArn",     "mapRunArn",    "logGroupIdentifier"};
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        struct str arn = api_member_str(&request->body, str_from_c(members[i]), STR(""));
        if (str_starts_with(arn, STR("arn:"))) return arn;
    }
    return STR("*");
}

static struct str form_action(const struct http_request *http)
{
    struct str action;
    if (http_query_find(http->body, STR("Action"), &action)) return action;
    return http_query_find(http->query, STR("Action"), &action) ? action : STR("");
}

// Lambda's operations by method and path; enough to tell reading, changing and invoking apart.
static struct str lambda_action(const struct http_request *http)
{
    bool is_get = str_is(http->method, "GET") || str_is(http->method, "HEAD");
    if (str_ends_with(http->path, STR("/invocations"))) return STR("InvokeFunction");
    if (is_get) {
        return str_ends_with(http->path, STR("/functions")) ||
                       str_ends_with(http->path, STR("/functions/"))
                   ? STR("ListFunctions")
                   : STR("GetFunction");
    }
    if (str_is(http->method, "DELETE")) return STR("DeleteFunction");
    if (str_ends_with(http->path, STR("/functions"))) return STR("CreateFunction");
    if (str_ends_with(http->path, STR("/versions"))) return STR("PublishVersion");
    if (str_ends_with(http->path, STR("/configuration"))) return STR("UpdateFunctionConfiguration");
    return STR("UpdateFunctionCode");
}

// "/2015-03-31/functions/NAME/…" -> the function's ARN.
static struct str lambda_resource(struct api_request *request)
{
    struct str path = request->http->path;
    size_t at = str_find(path, STR("/functions/"));
    if (at == SIZE_MAX) return STR("*");
    struct str rest = str_skip(path, at + STR("/functions/").size);
    struct str name = str_cut(&rest, '/');
    if (name.size == 0) return STR("*");
    if (str_starts_with(name, STR("arn"))) return name;
    return arena_printf(request->arena,
                        "arn:aws:lambda:%" STR_FORMAT ":%" STR_FORMAT ":function:%" STR_FORMAT,
                        STR_ARGS(request->region), STR_ARGS(request->account), STR_ARGS(name));
}

bool api_operation_as_iam_request(struct api_request *request, struct iam_request *ret_question)
{
    struct str action = request->operation, resource = STR("*");
    switch (request->service->protocol) {
    case API_PROTOCOL_JSON_1_0:
    case API_PROTOCOL_JSON_1_1: resource = resource_of_json(request); break;
    case API_PROTOCOL_QUERY: action = form_action(request->http); break;
    case API_PROTOCOL_REST_JSON:
        action = lambda_action(request->http);
        resource = lambda_resource(request);
        break;
    }
    if (str_is(action, "GetCallerIdentity")) return false; // Everybody may ask who they are.
    *ret_question = (struct iam_request){
        .action = arena_printf(request->arena, "%" STR_FORMAT ":%" STR_FORMAT,
                               STR_ARGS(request->service->name), STR_ARGS(action)),
        .resource = resource,
        .now_unix_ms = clock_unix_ms(request->worker->api->clock),
    };
    return true;
}
