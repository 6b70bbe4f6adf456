// Picks the service that performs a call.

#include <assert.h>

#include "lambda/lambda.h"
#include "tasks/aws_service.h"
#include "tasks/call.h"
#include "tasks/s3.h"

static void deliver_refusal(struct net_deferred *deferred)
{
    struct tasks_call *call = CONTAINER_OF(deferred, struct tasks_call, refusal);
    call->on_answer(call->context, &call->answer);
}

void tasks_call_refuse(struct tasks_call *call, struct str error, struct str cause)
{
    call->answer = (struct tasks_answer){.error = error, .cause = cause};
    net_loop_defer(call->tasks->loop, &call->refusal);
}

struct str tasks_call_request_id(struct tasks_call *call)
{
    char *uuid = arena_alloc(call->request.arena, RANDOM_UUID_SIZE);
    if (uuid == NULL) return STR("");
    random_uuid(call->tasks->random, uuid);
    return (struct str){uuid, RANDOM_UUID_SIZE};
}

const struct tasks_endpoint *tasks_endpoint_find(const struct tasks *tasks, struct str service)
{
    for (size_t i = 0; i < tasks->endpoint_count; i++) {
        if (str_equal(tasks->endpoints[i].service, service)) return &tasks->endpoints[i];
    }
    return NULL;
}

bool tasks_authorize(struct tasks *tasks, struct arena *arena, struct str role_arn,
                     struct iam_request *question, struct str *reterr_message)
{
    question->now_unix_ms = clock_unix_ms(net_loop_clock(tasks->loop));
    enum iam_decision decision = iam_authorize(tasks->iam, role_arn, question);
    if (decision == IAM_ALLOWED) return true;
    *reterr_message = iam_denial_message(arena, role_arn, question, decision);
    return false;
}

bool tasks_call_authorize(struct tasks_call *call, struct str action, struct str resource,
                          struct str error, const char *service)
{
    struct iam_request question = {
        .action = action,
        .resource = resource,
        .session_name = call->request.session_name,
    };
    struct arena *arena = call->request.arena;
    struct str message;
    if (tasks_authorize(call->tasks, arena, call->request.role_arn, &question, &message))
        return true;
    struct str request_id = tasks_call_request_id(call);
    tasks_call_refuse(call, error,
                      arena_printf(arena,
                                   "%" STR_FORMAT " (Service: %s; Status Code: 403; Error Code: "
                                   "AccessDeniedException; Request ID: %" STR_FORMAT
                                   "; Proxy: null)",
                                   STR_ARGS(message), service, STR_ARGS(request_id)));
    return false;
}

static void start(struct tasks_call *call)
{
    const struct tasks_request *request = &call->request;
    bool is_lambda_service =
        str_is(request->service, "lambda") && str_is(request->action, "invoke");
    bool is_job = str_starts_with(request->pattern, STR(".sync"));
    if (request->service.size == 0 || (is_lambda_service && !is_job)) {
        call->has_envelope = is_lambda_service;
        tasks_lambda_start(call);
        return;
    }
    if (str_is(request->service, "aws-sdk:s3") && tasks_s3_start(call)) return;
    call->service = aws_service_find(request->service);
    if (call->service != NULL && call->tasks->self_url.size > 0) {
        tasks_aws_start(call);
        return;
    }
    tasks_call_refuse(call, STR("States.Runtime"),
                      arena_printf(request->arena,
                                   "The resource '%" STR_FORMAT
                                   "' is valid but not performed by this version of Galop.",
                                   STR_ARGS(request->resource_arn)));
}

struct tasks_call *tasks_start(struct tasks *tasks, const struct tasks_request *request,
                               tasks_answer_fn on_answer, void *context)
{
    struct tasks_call *call = ARENA_NEW(request->arena, struct tasks_call);
    if (call == NULL) return NULL;
    call->tasks = tasks;
    call->request = *request;
    call->on_answer = on_answer;
    call->context = context;
    net_deferred_init(&call->refusal, deliver_refusal);
    start(call);
    return call;
}

void tasks_cancel(struct tasks_call *call)
{
    net_deferred_cancel(&call->refusal);
    if (call->http != NULL) http_call_cancel(call->http);
    call->http = NULL;
    s3_call_cancel(call->s3);
    call->s3 = NULL;
    if (call->invocation == NULL) return;
    net_loop_busy_end(call->tasks->loop);
    lambda_invocation_abandon(call->invocation);
    call->invocation = NULL;
}
