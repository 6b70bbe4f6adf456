// Lambda functions as tasks: by their own ARN, where the result is the function's, and by
// lambda:invoke, where it comes in the envelope of the API's answer.
//
// Errors reach the workflow as AWS's do: a function's error by its errorType with the JSON text as
// the cause, a refusal of the service as Lambda.<Exception> with the text of the Java SDK.

#include "lambda/lambda.h"

#include <string.h>

#include "base/encoding.h"
#include "lambda/arn.h"
#include "tasks/call.h"

enum { HTTP_OK = 200 };

static void on_done(struct lambda_invocation *invocation);

// ---------------------------------------------------------------------------------------------
// Calling

// A parameter that must be a string. Returns false, with the call refused, when it is something
// else; the empty string when it is absent.
static bool str_parameter(struct tasks_call *call, struct str name, struct str *ret_value)
{
    const struct json *value = json_find(&call->request.parameters, name);
    *ret_value = STR("");
    if (value == NULL || json_is_null(value)) return true;
    if (json_is_string(value)) {
        *ret_value = json_str(value);
        return true;
    }
    struct arena *arena = call->request.arena;
    struct str parameters = json_render_to_arena(arena, &call->request.parameters);
    tasks_call_refuse(call, STR("States.Runtime"),
                      arena_printf(arena,
                                   "The Parameters '%" STR_FORMAT
                                   "' could not be used to start the Task: [The value of the field "
                                   "'%" STR_FORMAT "' has an invalid format]",
                                   STR_ARGS(parameters), STR_ARGS(name)));
    return false;
}

// The parameters of lambda:invoke.
static bool read_parameters(struct tasks_call *call, struct lambda_invocation_request *request)
{
    struct str type, log_type, client_context;
    if (!str_parameter(call, STR("FunctionName"), &request->function) ||
        !str_parameter(call, STR("Qualifier"), &request->qualifier) ||
        !str_parameter(call, STR("InvocationType"), &type) ||
        !str_parameter(call, STR("LogType"), &log_type) ||
        !str_parameter(call, STR("ClientContext"), &client_context)) {
        return false;
    }
    if (str_is(type, "Event")) request->type = LAMBDA_EVENT;
    if (str_is(type, "DryRun")) request->type = LAMBDA_DRY_RUN;
    request->wants_log_tail = str_is(log_type, "Tail");
    if (client_context.size > 0 &&
        !encoding_base64_decode(call->request.arena, client_context, &request->client_context)) {
        tasks_call_refuse(call, STR("Lambda.InvalidRequestContentException"),
                          STR("Client context must be a valid Base64-encoded JSON object."));
        return false;
    }
    const struct json *payload = JSON_FIND(&call->request.parameters, "Payload");
    // A null arrives as an empty object: recorded from the service.
    request->payload = payload == NULL || json_is_null(payload)
                           ? STR("{}")
                           : json_render_to_arena(call->request.arena, payload);
    return true;
}

// ARN that policies are asked about: with the qualifier if one is named.
static bool find_arn(struct tasks_call *call, const struct lambda_invocation_request *request,
                     struct str *ret_arn)
{
    struct lambda_reference reference;
    if (!lambda_reference_parse(request->function, &reference)) return false;
    struct str qualifier = request->qualifier.size > 0 ? request->qualifier : reference.qualifier;
    *ret_arn = lambda_arn_render(
        call->request.arena, reference.region.size > 0 ? reference.region : call->request.region,
        reference.account.size > 0 ? reference.account : call->tasks->account, reference.name,
        qualifier);
    return true;
}

void tasks_lambda_start(struct tasks_call *call)
{
    struct arena *arena = call->request.arena;
    struct lambda_invocation_request request = {
        .region = call->request.region,
        .reply_to = net_loop_mailbox(call->tasks->loop),
        .done = on_done,
        .context = call,
    };
    struct str arn = call->request.resource_arn;
    if (call->has_envelope) {
        if (!read_parameters(call, &request)) return;
        if (!find_arn(call, &request, &arn)) {
            tasks_call_refuse(call, STR("Lambda.InvalidParameterValueException"),
                              arena_printf(arena, "Invalid function name: %" STR_FORMAT,
                                           STR_ARGS(request.function)));
            return;
        }
    } else {
        request.function = arn;
        request.payload = json_render_to_arena(arena, &call->request.parameters);
    }
    if (!tasks_call_authorize(call, STR("lambda:InvokeFunction"), arn,
                              STR("Lambda.AWSLambdaException"), "AWSLambda")) {
        return;
    }
    call->invocation = arena->is_exhausted ? NULL : lambda_invocation_new(&request);
    if (call->invocation == NULL) {
        tasks_call_refuse(call, STR("Lambda.SdkClientException"),
                          STR("Unable to execute HTTP request: out of memory"));
        return;
    }
    net_loop_busy_begin(call->tasks->loop);
    lambda_invoke(call->tasks->lambda, call->invocation);
}

// ---------------------------------------------------------------------------------------------
// Answering

static void answer_error(struct tasks_call *call, struct str error, struct str cause)
{
    struct tasks_answer answer = {.error = error, .cause = cause};
    call->on_answer(call->context, &answer);
}

// "Lambda.TooManyRequestsException" with the SDK's text around the service's message.
static void answer_exception(struct tasks_call *call, const struct lambda_exception *exception)
{
    struct arena *arena = call->request.arena;
    struct str request_id = tasks_call_request_id(call);
    struct str name = exception->type;
    struct str error = arena_printf(arena, "Lambda.%" STR_FORMAT, STR_ARGS(name));
    struct str cause = arena_printf(
        arena,
        "%" STR_FORMAT " (Service: AWSLambda; Status Code: %d; Error Code: %" STR_FORMAT
        "; Request ID: %" STR_FORMAT "; Proxy: null)",
        STR_ARGS(exception->message), exception->http_status, STR_ARGS(name), STR_ARGS(request_id));
    answer_error(call, error, cause);
}

// The function failed: its errorType names the error, its JSON text is the cause.
static void answer_function_error(struct tasks_call *call, const struct lambda_outcome *outcome)
{
    struct arena *arena = call->request.arena;
    struct json payload;
    struct str cause;
    if (!arena_copy_str(arena, outcome->payload, &cause)) cause = STR("");
    if (json_parse(arena, cause, 0, &payload, NULL) == STATUS_OK) {
        const struct json *type = JSON_FIND(&payload, "errorType");
        if (type != NULL && json_is_string(type) && type->size > 0) {
            answer_error(call, json_str(type), cause);
            return;
        }
    }
    answer_error(call, STR("Lambda.Unknown"),
                 arena_printf(arena,
                              "The cause could not be determined because Lambda did not return an "
                              "error type. Returned payload: %" STR_FORMAT,
                              STR_ARGS(cause)));
}

// SdkHttpMetadata as if the answer had come over HTTP.
static struct json http_metadata(struct tasks_call *call, const struct lambda_outcome *outcome,
                                 struct str request_id)
{
    struct arena *arena = call->request.arena;
    const struct http_header headers[] = {
        {STR("X-Amz-Executed-Version"), outcome->executed_version},
        {STR("x-amzn-RequestId"), request_id},
        {STR("Connection"), STR("keep-alive")},
        {STR("Content-Length"),
         arena_printf(arena, "%llu", (unsigned long long)outcome->payload.size)},
        {STR("Content-Type"), STR("application/json")},
    };
    return tasks_http_metadata(arena, headers, ARRAY_COUNT(headers), outcome->http_status);
}

static struct json envelope(struct tasks_call *call, const struct lambda_outcome *outcome,
                            const struct json *payload)
{
    struct arena *arena = call->request.arena;
    struct str request_id = tasks_call_request_id(call);
    struct json_members members, response;
    json_members_init(&members, arena);
    json_members_init(&response, arena);
    if (outcome->http_status == HTTP_OK) {
        json_members_append(&members, STR("ExecutedVersion"),
                            json_from_str(outcome->executed_version));
        if (outcome->log_tail.size > 0) {
            struct buffer CLEANUP(buffer_release) tail;
            struct str text = STR("");
            buffer_init(&tail, MIB(1));
            encoding_base64_encode(&tail, outcome->log_tail);
            if (buffer_copy_to_arena(&tail, arena, &text)) {
                json_members_append(&members, STR("LogResult"), json_from_str(text));
            }
        }
        json_members_append(&members, STR("Payload"), *payload);
    }
    json_members_append(&members, STR("SdkHttpMetadata"), http_metadata(call, outcome, request_id));
    json_members_append(&response, STR("RequestId"), json_from_str(request_id));
    json_members_append(&members, STR("SdkResponseMetadata"), json_members_finish(&response));
    json_members_append(&members, STR("StatusCode"), json_from_integer(outcome->http_status));
    return json_members_finish(&members);
}

static void answer_result(struct tasks_call *call, const struct lambda_outcome *outcome)
{
    struct arena *arena = call->request.arena;
    struct tasks_answer answer = {.is_success = true, .output_size_bytes = outcome->payload.size};
    struct lambda_outcome copy = *outcome;
    struct json payload = json_null;
    if (!arena_copy_str(arena, outcome->payload, &copy.payload) ||
        !arena_copy_str(arena, outcome->executed_version, &copy.executed_version)) {
        answer_error(call, STR("Lambda.SdkClientException"), STR("The answer is too large."));
        return;
    }
    if (copy.payload.size > 0 && json_parse(arena, copy.payload, 0, &payload, NULL) != STATUS_OK) {
        payload = json_from_str(copy.payload); // Not JSON: the text itself.
    }
    answer.output = call->has_envelope ? envelope(call, &copy, &payload) : payload;
    call->on_answer(call->context, &answer);
}

static void on_done(struct lambda_invocation *invocation)
{
    struct tasks_call *call = invocation->request.context;
    const struct lambda_outcome *outcome = &invocation->outcome;
    net_loop_busy_end(call->tasks->loop);
    call->invocation = NULL;
    if (lambda_exception_is_set(&outcome->exception)) {
        answer_exception(call, &outcome->exception);
    } else if (outcome->is_function_error) {
        answer_function_error(call, outcome);
    } else {
        answer_result(call, outcome);
    }
    lambda_invocation_free(invocation);
}
