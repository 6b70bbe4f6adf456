// The front door: which service and operation a request is for, who asks, and from which region.
//
// A service is found from X-Amz-Target (the JSON protocols), from the path (Lambda), or from the
// service in the signature's scope (the query protocol, and everything that is forwarded).

#include <string.h>

#include "api/api.h"
#include "api/cbor.h"
#include "api/operations.h"
#include "api/query.h"
#include "base/log.h"
#include "iam/identity.h"

static const struct api_service *const services[] = {
    &api_states,           &api_lambda,         &api_iam, &api_sts, &api_logs, &api_events,
    &api_cloudwatch_query, &api_cloudwatch_json};

static const struct str default_region = STR_INIT("us-east-1");
static const struct str cloudwatch_path =
    STR_INIT("/service/GraniteServiceVersion20100801/operation/");

// ---------------------------------------------------------------------------------------------
// Finding the service

// By "AWSStepFunctions.CreateStateMachine": the service, and the operation after the prefix.
static const struct api_service *find_by_target(struct str target, struct str *ret_operation)
{
    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        struct str prefix = services[i]->target_prefix;
        if (prefix.size > 0 && str_starts_with(target, prefix)) {
            *ret_operation = str_skip(target, prefix.size);
            return services[i];
        }
    }
    return NULL;
}

static const struct api_service *find_by_name(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        if (str_equal(services[i]->name, name)) return services[i];
    }
    return NULL;
}

// Lambda's paths start with the date of an API version: /2015-03-31/functions/…
static bool is_lambda_path(struct str path)
{
    if (path.size < 12 || path.data[0] != '/' || path.data[5] != '-' || path.data[8] != '-' ||
        path.data[11] != '/') {
        return false;
    }
    static const char *const collections[] = {"functions",         "tags",
                                              "account-settings",  "event-source-mappings",
                                              "functions-by-name", "layers"};
    struct str rest = str_skip(path, 12);
    struct str collection = str_cut(&rest, '/');
    for (size_t i = 0; i < ARRAY_COUNT(collections); i++) {
        if (str_is(collection, collections[i])) return true;
    }
    return false;
}

// A form's Version tells IAM from STS when nothing is signed.
static const struct api_service *find_by_version(const struct http_request *http)
{
    struct str version;
    if (!http_query_find(http->body, STR("Version"), &version) &&
        !http_query_find(http->query, STR("Version"), &version)) {
        return NULL;
    }
    if (str_is(version, "2010-05-08")) return &api_iam;
    if (str_is(version, "2011-06-15")) return &api_sts;
    if (str_is(version, "2010-08-01")) return &api_cloudwatch_query;
    return NULL;
}

static const struct api_service *find_service(struct api_request *request, struct str scope_service)
{
    struct str target = http_request_header(request->http, STR("X-Amz-Target"));
    const struct api_service *service;
    if (target.size > 0) {
        service = find_by_target(target, &request->operation);
        if (service != NULL) return service;
    } else if (is_lambda_path(request->http->path)) {
        return &api_lambda;
    } else if (str_starts_with(request->http->path, cloudwatch_path)) {
        request->operation = str_skip(request->http->path, cloudwatch_path.size);
        return &api_cloudwatch_cbor;
    }
    service = find_by_name(scope_service);
    if (service != NULL && service->protocol == API_PROTOCOL_QUERY) return service;
    return target.size > 0 ? NULL : find_by_version(request->http);
}

static const struct tasks_endpoint *find_forward(const struct api_config *config,
                                                 struct str service)
{
    for (size_t i = 0; i < config->forward_count; i++) {
        if (str_equal(config->forwards[i].service, service)) return &config->forwards[i];
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------------
// Who asks

struct caller {
    const struct api_config *config;
    struct iam_reader *reader;
    struct iam_identity *user; // NULL: the administrator of the configuration.
};

static bool find_secret(void *context, struct str access_key_id, struct str *ret_secret)
{
    struct caller *caller = context;
    const struct api_config *config = caller->config;
    if (config->admin_secret.size > 0 && str_equal(access_key_id, config->admin_access_key_id)) {
        *ret_secret = config->admin_secret;
        return true;
    }
    // Their roles were asked before the call was made.
    if (str_equal(access_key_id, config->internal.access_key_id)) {
        *ret_secret = config->internal.secret_key;
        return true;
    }
    return iam_find_secret(caller->reader, access_key_id, ret_secret, &caller->user);
}

static void refuse_signature(struct api_request *request, enum sigv4_outcome outcome)
{
    switch (outcome) {
    case SIGV4_VALID: break;
    case SIGV4_MISSING:
        api_exception_status(request, 403, STR("MissingAuthenticationTokenException"),
                             STR("Missing Authentication Token"));
        return;
    case SIGV4_INCOMPLETE:
        api_exception_status(request, 403, STR("IncompleteSignatureException"),
                             STR("The request signature does not conform to AWS standards."));
        return;
    case SIGV4_UNKNOWN_KEY:
        api_exception_status(request, 403, STR("UnrecognizedClientException"),
                             STR("The security token included in the request is invalid."));
        return;
    case SIGV4_BAD_SIGNATURE:
        api_exception_status(
            request, 403, STR("InvalidSignatureException"),
            STR("The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service "
                "documentation for details."));
        return;
    case SIGV4_EXPIRED:
    case SIGV4_NOT_YET:
        api_exception_status(
            request, 403, STR("InvalidSignatureException"),
            STR("Signature expired or not yet current: check the clock of the machine that "
                "signed the request."));
        return;
    }
}

// Check signature and policies when the server wants that. Returns false after replying.
static bool admit(struct api_request *request)
{
    struct api_worker *worker = request->worker;
    request->caller_arn = worker->api->config.root_arn;
    if (worker->api->config.auth == API_AUTH_NONE) return true;
    struct clock real;
    clock_init_real(&real);
    struct caller caller = {.config = &worker->api->config, .reader = &worker->iam_reader};
    struct sigv4_result result =
        sigv4_verify(worker->sigv4, request->http, clock_unix_ms(&real), find_secret, &caller);
    if (result.outcome != SIGV4_VALID) {
        refuse_signature(request, result.outcome);
        return false;
    }
    if (caller.user == NULL) return true;
    request->caller_arn = caller.user->arn;
    struct iam_request question;
    if (!api_operation_as_iam_request(request, &question)) return true;
    enum iam_decision decision =
        iam_authorize_user(&worker->iam_reader, caller.user->arn, &question);
    if (decision == IAM_ALLOWED) return true;
    struct str message =
        iam_denial_message(request->arena, request->caller_arn, &question, decision);
    api_exception_status(request, 403, STR("AccessDeniedException"), message);
    return false;
}

// ---------------------------------------------------------------------------------------------
// Bodies

// The JSON protocols: an object, an empty body counting as {}. Returns false after replying.
static bool parse_body(struct api_request *request)
{
    struct json_error error;
    struct str body = request->http->body;
    if (body.size == 0) {
        request->body = json_empty_object;
        return true;
    }
    enum status status = json_parse(request->arena, body, 0, &request->body, &error);
    if (status == STATUS_INVALID) {
        api_exception(request, STR("SerializationException"),
                      "%" STR_FORMAT " at line %u, column %u", STR_ARGS(error.message), error.line,
                      error.column);
        return false;
    }
    if (status != STATUS_OK) {
        api_fault(request, status);
        return false;
    }
    if (!json_is_object(&request->body)) {
        api_exception(request, STR("SerializationException"),
                      "Start of structure or map found where not expected.");
        return false;
    }
    return true;
}

static bool parse_cbor(struct api_request *request)
{
    request->body = json_empty_object;
    if (request->http->body.size == 0) return true;
    enum status status = cbor_decode(request->arena, request->http->body, &request->body);
    if (status == STATUS_OK && json_is_object(&request->body)) return true;
    if (status == STATUS_NO_MEMORY) {
        api_fault(request, status);
    } else {
        api_exception(request, STR("SerializationException"), "The body is no map in CBOR.");
    }
    return false;
}

static bool is_json(const struct api_service *service)
{
    return service->protocol == API_PROTOCOL_JSON_1_0 || service->protocol == API_PROTOCOL_JSON_1_1;
}

static void serve_unknown(struct api_request *request, struct str scope_service)
{
    request->service = &api_states; // Only for the form of the answer.
    const struct tasks_endpoint *forward =
        find_forward(&request->worker->api->config, scope_service);
    if (forward != NULL) {
        api_forward_request(request, forward);
        return;
    }
    struct str target = http_request_header(request->http, STR("X-Amz-Target"));
    if (target.size > 0 || scope_service.size > 0) {
        api_exception_status(
            request, 400, STR("UnknownOperationException"),
            arena_printf(request->arena,
                         "Galop does not serve %" STR_FORMAT
                         ". Start it with --forward %" STR_FORMAT
                         "=URL to pass such calls on to another endpoint.",
                         STR_ARGS(target.size > 0 ? target : scope_service),
                         STR_ARGS(scope_service.size > 0 ? scope_service : STR("SERVICE"))));
        return;
    }
    // A person looks around with a browser or curl: tell how to go on.
    api_exception_status(
        request, 404, STR("UnknownOperationException"),
        arena_printf(request->arena,
                     "Nothing is served at %" STR_FORMAT " for a request without a signature and "
                     "without the header X-Amz-Target. Galop answers AWS's clients: "
                     "aws --endpoint-url http://%" STR_FORMAT " stepfunctions list-state-machines",
                     STR_ARGS(request->http->path),
                     STR_ARGS(http_request_header(request->http, STR("Host")))));
}

void api_front_door(void *context, struct http_exchange *exchange)
{
    struct api_worker *worker = context;
    struct arena *arena = http_exchange_arena(exchange);
    struct api_request *request = ARENA_NEW(arena, struct api_request);
    if (request == NULL) {
        http_exchange_reply(exchange, 503, NULL, 0, STR(""));
        return;
    }
    request->worker = worker;
    request->exchange = exchange;
    request->http = http_exchange_request(exchange);
    request->arena = arena;
    request->account = worker->api->config.account;
    request->region = default_region;
    random_uuid(&worker->random, request->request_id);
    if (str_is(request->http->method, "GET") && api_serve_page(request)) return;

    struct sigv4_scope scope = {0};
    if (sigv4_scope_parse(request->http, &scope) && scope.region.size > 0) {
        request->region = scope.region;
    }
    request->service = find_service(request, scope.service);
    if (request->service == NULL) {
        serve_unknown(request, scope.service);
        return;
    }
    // What is asked of IAM must be what is done: bodies are read once, before that.
    bool is_query = request->service->protocol == API_PROTOCOL_QUERY;
    if (is_json(request->service) && !parse_body(request)) return;
    if (request->service->protocol == API_PROTOCOL_CBOR && !parse_cbor(request)) return;
    if (is_query && !query_read(request)) return;
    if (!admit(request)) return;
    request->service->handle(request);
}
