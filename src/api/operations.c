// Which action and resource each operation is, for servers that verify their callers.

#include "api/operations.h"

#include "api/lambda.h"
#include "lambda/arn.h"

// "states:CreateStateMachine" on the first ARN that the request names, else "*".
static struct str resource_of_json(const struct api_request *request)
{
    static const char *const members[] = {"stateMachineArn", "executionArn", "resourceArn",
                                          "activityArn",     "mapRunArn",    "logGroupIdentifier"};
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        struct str arn = api_member_str(&request->body, str_from_c(members[i]), STR(""));
        if (str_starts_with(arn, STR("arn:"))) return arn;
    }
    struct str log_group = api_member_str(&request->body, STR("logGroupName"), STR(""));
    if (log_group.size == 0) return STR("*");
    struct str log_stream = api_member_str(&request->body, STR("logStreamName"), STR("*"));
    return arena_printf(request->arena,
                        "arn:aws:logs:%" STR_FORMAT ":%" STR_FORMAT ":log-group:%" STR_FORMAT
                        ":log-stream:%" STR_FORMAT,
                        STR_ARGS(request->region), STR_ARGS(request->account), STR_ARGS(log_group),
                        STR_ARGS(log_stream));
}

// Action and resource of Lambda's operations, by method and path.
static struct str lambda_action(struct api_request *request, struct str *ret_resource)
{
    struct api_lambda_route route;
    *ret_resource = STR("*");
    if (!api_lambda_find_route(request->arena, request->http, &route)) return STR("Unknown");
    struct lambda_reference reference;
    struct str qualifier = api_lambda_query(request, STR("Qualifier"));
    if (lambda_reference_parse(route.resource, &reference))
        *ret_resource = lambda_arn_render(
            request->arena, reference.region.size > 0 ? reference.region : request->region,
            reference.account.size > 0 ? reference.account : request->account, reference.name,
            qualifier.size > 0 ? qualifier : reference.qualifier);
    return route.action;
}

bool api_operation_as_iam_request(struct api_request *request, struct iam_request *ret_question)
{
    struct str action = request->operation, resource = STR("*"), service = request->service->name;
    bool is_cloudwatch = str_is(service, "monitoring");
    if (is_cloudwatch) service = STR("cloudwatch"); // What policies call it.
    switch (request->service->protocol) {
    case API_PROTOCOL_JSON_1_0:
    case API_PROTOCOL_JSON_1_1: resource = resource_of_json(request); break;
    case API_PROTOCOL_QUERY:
        if (!is_cloudwatch) resource = api_iam_resource(request);
        break;
    case API_PROTOCOL_CBOR: break;
    case API_PROTOCOL_REST_JSON: action = lambda_action(request, &resource); break;
    }
    if (str_is(action, "GetCallerIdentity")) return false; // Everybody may ask who they are.
    *ret_question = (struct iam_request){
        .action = arena_printf(request->arena, "%" STR_FORMAT ":%" STR_FORMAT, STR_ARGS(service),
                               STR_ARGS(action)),
        .resource = resource,
        .now_unix_ms = clock_unix_ms(request->worker->api->clock),
    };
    return true;
}
