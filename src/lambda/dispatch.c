// Every way to refuse a call before a function sees it is here, in the order of the service.

#include "lambda/dispatch.h"

#include <assert.h>

#include "base/log.h"
#include "lambda/arn.h"
#include "lambda/event.h"
#include "lambda/function.h"
#include "lambda/pool.h"
#include "lambda/private.h"

// The qualifier comes from the name, from the request, or from both when they agree.
static bool find_qualifier(const struct lambda_invocation_request *request,
                           const struct lambda_reference *reference, struct str *ret_qualifier)
{
    if (request->qualifier.size > 0 && reference->qualifier.size > 0 &&
        !str_equal(request->qualifier, reference->qualifier))
        return false;
    *ret_qualifier = request->qualifier.size > 0 ? request->qualifier : reference->qualifier;
    return true;
}

// Find out what to run. Returns false when the exception says why not.
static bool resolve(struct lambda *lambda, struct lambda_invocation *invocation)
{
    const struct lambda_invocation_request *request = &invocation->request;
    struct lambda_exception *exception = &invocation->outcome.exception;
    struct arena *arena = &invocation->arena;
    struct lambda_reference reference;
    struct str qualifier;
    char key_bytes[LAMBDA_FUNCTION_KEY_MAX];
    if (!lambda_reference_parse(request->function, &reference) ||
        (request->qualifier.size > 0 && !lambda_qualifier_is_valid(request->qualifier)))
        return lambda_exception_validation(
            exception, arena,
            "1 validation error detected: Value '%" STR_FORMAT
            "' at 'functionName' failed to satisfy constraint: Member must satisfy regular "
            "expression pattern: "
            "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)"
            "?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
            STR_ARGS(request->function));
    if (!find_qualifier(request, &reference, &qualifier))
        return lambda_exception_invalid(exception, arena,
                                        "The derived qualifier from the function name does not "
                                        "match the specified qualifier.");
    struct str region = reference.region.size > 0 ? reference.region : request->region;
    struct str account = reference.account.size > 0 ? reference.account : lambda->settings.account;
    const struct lambda_function *function =
        str_equal(account, lambda->settings.account)
            ? map_find(&lambda->functions, lambda_function_key(key_bytes, region, reference.name))
            : NULL;
    struct lambda_version *version =
        function == NULL ? NULL
                         : lambda_function_find_version(function, qualifier, &lambda->random);
    if (version == NULL) {
        struct str arn = lambda_arn_render(arena, region, account, reference.name,
                                           qualifier.size > 0 ? qualifier : STR("$LATEST"));
        return lambda_exception_not_found(exception, arena, "Function not found: %" STR_FORMAT,
                                          STR_ARGS(arn));
    }
    invocation->version = lambda_version_ref(version);
    invocation->invoked_arn = lambda_arn_render(arena, region, account, reference.name, qualifier);
    return true;
}

static bool check_size(struct lambda_invocation *invocation)
{
    bool is_event = invocation->request.type == LAMBDA_EVENT;
    size_t size_max = is_event ? LAMBDA_EVENT_SIZE_MAX : LAMBDA_PAYLOAD_SIZE_MAX;
    if (invocation->request.payload.size <= size_max) return true;
    return lambda_exception_set(
        &invocation->outcome.exception, &invocation->arena, 413, STR("RequestTooLargeException"),
        "Request must be smaller than %zu bytes for the InvokeFunction operation", size_max);
}

static void name_request(struct lambda *lambda, struct lambda_invocation *invocation)
{
    char text[RANDOM_UUID_SIZE];
    if (invocation->request.request_id.size > 0) return;
    random_uuid(&lambda->random, text);
    // On failure it stays empty, and the exhausted arena is reported below.
    if (!arena_copy_str(&invocation->arena, (struct str){text, sizeof(text)},
                        &invocation->request.request_id))
        log_warn("lambda: out of memory for an invocation");
}

void lambda_dispatch(struct lambda *lambda, struct lambda_invocation *invocation)
{
    invocation->lambda = lambda;
    if (lambda->is_ending) {
        lambda_exception_service(&invocation->outcome.exception, &invocation->arena,
                                 "The server is shutting down.");
        lambda_invocation_return(invocation);
        return;
    }
    name_request(lambda, invocation);
    if (!check_size(invocation) || !resolve(lambda, invocation)) {
        lambda_invocation_return(invocation);
        return;
    }
    invocation->outcome.executed_version = invocation->version->configuration.version;
    if (!arena_copy_str(&invocation->arena, invocation->version->configuration.version,
                        &invocation->outcome.executed_version))
        lambda_exception_service(&invocation->outcome.exception, &invocation->arena,
                                 "Out of memory.");
    switch (invocation->request.type) {
    case LAMBDA_REQUEST_RESPONSE: lambda_pool_submit(invocation->version, invocation); return;
    case LAMBDA_DRY_RUN: invocation->outcome.http_status = 204; break;
    case LAMBDA_EVENT:
        invocation->outcome.http_status = 202;
        if (!lambda_event_add(lambda, invocation))
            lambda_exception_set(&invocation->outcome.exception, &invocation->arena, 429,
                                 STR("TooManyRequestsException"), "Rate Exceeded.");
        break;
    }
    lambda_invocation_return(invocation);
}
