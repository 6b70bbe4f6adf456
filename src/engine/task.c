// Task states: what the task is given, the events on its way, and what its answers mean.

#include <string.h>

#include "engine/control.h"
#include "engine/history.h"
#include "engine/inspect.h"
#include "engine/strand.h"

// A token is the base64 of where it leads (execution and task) and of random bits that make it hard
// to guess. 72 bytes need no padding.
enum { TOKEN_WORDS = 9, TOKEN_SIZE = TOKEN_WORDS * 8 * 4 / 3 };

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool task_has_submission(const struct asl_resource *resource)
{
    return resource->kind == ASL_RESOURCE_SERVICE && resource->pattern != ASL_REQUEST_RESPONSE;
}

static bool has_token(const struct asl_resource *resource)
{
    return resource->kind == ASL_RESOURCE_ACTIVITY || task_has_submission(resource);
}

static bool make_token(struct step *step, uint64_t task_id, struct str *ret_token)
{
    char *text = arena_alloc(step->values, TOKEN_SIZE);
    if (text == NULL) return false;
    unsigned char bytes[TOKEN_WORDS * 8];
    for (int i = 0; i < TOKEN_WORDS; i++) {
        uint64_t word = i == 0   ? (uint64_t)step->execution->start.execution_id
                        : i == 1 ? task_id
                                 : random_u64(&step->random);
        for (int k = 0; k < 8; k++)
            bytes[i * 8 + k] = (unsigned char)(word >> (56 - 8 * k));
    }
    for (int i = 0; i < TOKEN_SIZE / 4; i++) {
        uint32_t bits =
            (uint32_t)bytes[i * 3] << 16 | (uint32_t)bytes[i * 3 + 1] << 8 | bytes[i * 3 + 2];
        for (int k = 0; k < 4; k++)
            text[i * 4 + k] = base64_digits[bits >> (18 - 6 * k) & 63];
    }
    *ret_token = (struct str){text, TOKEN_SIZE};
    return true;
}

bool engine_task_token_read(struct str token, int64_t *ret_execution_id, uint64_t *ret_task_id)
{
    uint64_t words[2] = {0};
    int bit_count = 0;
    if (token.size != TOKEN_SIZE) return false;
    for (size_t i = 0; i < token.size; i++) {
        const char *digit = token.data[i] == '\0' ? NULL : strchr(base64_digits, token.data[i]);
        if (digit == NULL) return false;
        for (int k = 5; k >= 0 && bit_count < 128; k--, bit_count++) {
            uint64_t bit = (uint64_t)(digit - base64_digits) >> k & 1;
            words[bit_count / 64] = words[bit_count / 64] << 1 | bit;
        }
    }
    *ret_execution_id = (int64_t)words[0];
    *ret_task_id = words[1];
    return true;
}

struct str engine_execution_task_token(const struct engine_execution *execution, uint64_t task_id)
{
    const struct strand *strand = strand_find_by_task(execution, task_id);
    return strand == NULL ? STR("") : strand->task.token;
}

// Everything that is known before a task starts.
struct task_request {
    uint64_t id;
    struct payload input;
    int64_t timeout_seconds;   // 0: none.
    int64_t heartbeat_seconds; // 0: none.
    struct str role_arn;
};

static enum status evaluate_seconds(struct flow *flow, const struct asl_template *template,
                                    const char *name, const char *path_name, int64_t *ret_seconds,
                                    struct asl_error *reterr_error)
{
    *ret_seconds = 0;
    if (template == NULL) return STATUS_OK;
    struct flow_integer_field field = {template, name, path_name, 1};
    enum status status =
        flow_integer(flow, &field, &flow->strand->input, ret_seconds, reterr_error);
    if (status == STATUS_OK && *ret_seconds > ASL_SECONDS_MAX) *ret_seconds = ASL_SECONDS_MAX;
    return status;
}

static enum status evaluate_role(struct flow *flow, struct str *ret_role_arn,
                                 struct asl_error *reterr_error)
{
    *ret_role_arn = (struct str){0};
    const struct asl_template *credentials = flow->state->task.credentials;
    if (credentials == NULL) return STATUS_OK;
    struct payload value;
    enum status status =
        flow_evaluate(flow, credentials, &flow->strand->input, &value, reterr_error);
    if (status != STATUS_OK) return status;
    const struct json *role_arn = JSON_FIND(&value.value, "RoleArn");
    if (role_arn != NULL && json_is_string(role_arn)) {
        *ret_role_arn = json_str(role_arn);
        return STATUS_OK;
    }
    *reterr_error = flow_runtime_error(flow->step, flow->strand,
                                       "The field 'RoleArn' of Credentials must be a string.");
    return STATUS_INVALID;
}

static enum status evaluate_request(struct flow *flow, struct task_request *ret_request,
                                    struct asl_error *reterr_error)
{
    const struct asl_task *task = &flow->state->task;
    enum status status = flow_work_input(flow, &ret_request->input, reterr_error);
    if (status == STATUS_OK) {
        status =
            evaluate_seconds(flow, task->timeout_seconds, "TimeoutSeconds", "TimeoutSecondsPath",
                             &ret_request->timeout_seconds, reterr_error);
    }
    if (status == STATUS_OK) {
        status =
            evaluate_seconds(flow, task->heartbeat_seconds, "HeartbeatSeconds",
                             "HeartbeatSecondsPath", &ret_request->heartbeat_seconds, reterr_error);
    }
    if (status == STATUS_OK) status = evaluate_role(flow, &ret_request->role_arn, reterr_error);
    if (status == STATUS_OK) status = flow_check_output(flow, &ret_request->input, reterr_error);
    return status;
}

// ---------------------------------------------------------------------------------------------
// Events

// An event of the task's kind, with what all events of a service's task tell.
static struct engine_history_event *add_task_event(struct step *step, struct strand *strand,
                                                   enum engine_history_event_type lambda_type,
                                                   enum engine_history_event_type activity_type,
                                                   enum engine_history_event_type service_type)
{
    const struct asl_resource *resource = &strand->state->task.resource;
    switch (resource->kind) {
    case ASL_RESOURCE_LAMBDA_FUNCTION: return history_add_next(step, strand, lambda_type);
    case ASL_RESOURCE_ACTIVITY: return history_add_next(step, strand, activity_type);
    case ASL_RESOURCE_SERVICE:
    case ASL_RESOURCE_OTHER: break;
    }
    struct engine_history_event *event = history_add_next(step, strand, service_type);
    if (event == NULL) return NULL;
    bool is_service = resource->kind == ASL_RESOURCE_SERVICE;
    event->resource = is_service ? resource->resource : resource->arn;
    event->resource_type = resource->type;
    return event;
}

static void record_scheduled(struct step *step, struct strand *strand,
                             const struct task_request *request)
{
    const struct asl_resource *resource = &strand->state->task.resource;
    struct engine_history_event *event =
        add_task_event(step, strand, ENGINE_HISTORY_LAMBDA_FUNCTION_SCHEDULED,
                       ENGINE_HISTORY_ACTIVITY_SCHEDULED, ENGINE_HISTORY_TASK_SCHEDULED);
    step->shown_bytes += request->input.size_bytes;
    if (event != NULL) {
        const struct json *input = history_value(step, request->input.value);
        if (event->type == ENGINE_HISTORY_TASK_SCHEDULED) {
            event->parameters = input;
            event->region = step->execution->start.region;
        } else {
            event->input = input;
            event->resource = resource->arn;
        }
        event->timeout_seconds = request->timeout_seconds;
        event->heartbeat_seconds = request->heartbeat_seconds;
        event->credentials_role_arn = request->role_arn;
    }
    // An activity starts when a worker takes it.
    if (resource->kind == ASL_RESOURCE_ACTIVITY) return;
    add_task_event(step, strand, ENGINE_HISTORY_LAMBDA_FUNCTION_STARTED,
                   ENGINE_HISTORY_ACTIVITY_STARTED, ENGINE_HISTORY_TASK_STARTED);
}

static void record_output(struct step *step, struct strand *strand, const struct json *output)
{
    struct engine_history_event *event =
        add_task_event(step, strand, ENGINE_HISTORY_LAMBDA_FUNCTION_SUCCEEDED,
                       ENGINE_HISTORY_ACTIVITY_SUCCEEDED, ENGINE_HISTORY_TASK_SUCCEEDED);
    if (event != NULL) event->output = history_value(step, *output);
}

static void record_failed(struct step *step, struct strand *strand, const struct asl_error *error)
{
    struct engine_history_event *event =
        add_task_event(step, strand, ENGINE_HISTORY_LAMBDA_FUNCTION_FAILED,
                       ENGINE_HISTORY_ACTIVITY_FAILED, ENGINE_HISTORY_TASK_FAILED);
    if (event == NULL) return;
    event->error = error->name;
    event->cause = error->cause;
}

// ---------------------------------------------------------------------------------------------
// Starting

// One timer serves both limits: it is armed for whichever comes first.
static void arm_task_timer(struct step *step, struct strand *strand)
{
    const struct strand_task *task = &strand->task;
    int64_t at = task->timeout_unix_ms < task->heartbeat_unix_ms ? task->timeout_unix_ms
                                                                 : task->heartbeat_unix_ms;
    if (at == INT64_MAX || (strand->timer_id != 0 && strand->timer_unix_ms <= at)) return;
    strand_arm_timer(step, strand, at);
}

static void start_task(struct step *step, struct strand *strand, const struct task_request *request)
{
    const struct asl_resource *resource = &strand->state->task.resource;
    struct strand_task *task = &strand->task;
    assert(strand->wait == STRAND_RUNS || strand->wait == STRAND_WAITS_FOR_RETRY);
    assert(has_token(resource) == (task->token.size > 0));
    task->id = request->id;
    task->parameters = request->input.value;
    task->credentials_role_arn = request->role_arn;
    task->heartbeat_seconds = request->heartbeat_seconds;
    task->heartbeat_unix_ms = INT64_MAX;
    task->timeout_unix_ms = request->timeout_seconds == 0
                                ? INT64_MAX
                                : step->now_unix_ms + request->timeout_seconds * 1000;
    struct engine_command *command = step_add_command(step, ENGINE_COMMAND_START_TASK);
    if (command == NULL) return;
    command->task_id = task->id;
    command->state = strand->state;
    command->resource = resource;
    command->parameters = request->input.value;
    command->task_token = task->token;
    command->credentials_role_arn = request->role_arn;
    command->deadline_unix_ms = task->timeout_unix_ms;
    command->heartbeat_seconds = request->heartbeat_seconds;
    strand->wait = STRAND_WAITS_FOR_TASK;
    arm_task_timer(step, strand);
    // What others answer may never be answered; the type's longest run then ends the wait.
    if (has_token(resource)) step->execution->needs_deadline = true;
}

void task_perform(struct step *step, struct strand *strand)
{
    assert(strand->state->type == ASL_STATE_TASK && strand->task.id == 0);
    struct flow flow;
    struct task_request request;
    struct asl_error error;
    strand->task = (struct strand_task){0};
    request.id = strand_new_id(step->execution, strand);
    if (has_token(&strand->state->task.resource) &&
        !make_token(step, request.id, &strand->task.token)) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return;
    }
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK) status = evaluate_request(&flow, &request, &error);
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    if (step->inspection != NULL && inspect_work(step, strand)) return;
    record_scheduled(step, strand, &request);
    start_task(step, strand, &request);
}

// ---------------------------------------------------------------------------------------------
// Answers

// Nobody starts the task again.
static void forget_request(struct strand_task *task)
{
    task->parameters = json_null;
    task->credentials_role_arn = (struct str){0};
}

// The task is over: nothing is waited for any more.
static void end_task(struct step *step, struct strand *strand)
{
    assert(strand->task.id != 0 && strand->wait == STRAND_WAITS_FOR_TASK);
    strand->task.id = 0;
    forget_request(&strand->task);
    strand_cancel_timer(step, strand);
}

static void start_heartbeat(struct step *step, struct strand *strand)
{
    if (strand->task.heartbeat_seconds == 0) return;
    assert(strand->task.is_submitted);
    strand->task.heartbeat_unix_ms = step->now_unix_ms + strand->task.heartbeat_seconds * 1000;
    arm_task_timer(step, strand);
}

// Who answers too much has failed.
static void reject_result(struct step *step, struct strand *strand, enum payload_verdict verdict)
{
    const struct asl_resource *resource = &strand->state->task.resource;
    struct asl_error error;
    if (verdict == PAYLOAD_TOO_DEEP) {
        error = flow_runtime_error(step, strand, "The result is nested more than %d levels deep.",
                                   PAYLOAD_DEPTH_MAX);
    } else {
        bool is_service = resource->kind == ASL_RESOURCE_SERVICE;
        error = flow_data_limit_error(step, is_service ? resource->type : resource->arn);
        record_failed(step, strand, &error);
    }
    // Elsewhere States.ALL does not match this error; a task's failure it does.
    strand_fail_as(step, strand, &error, ASL_ERROR_TASK_FAILED);
}

static void succeed(struct step *step, struct strand *strand, struct payload *result)
{
    end_task(step, strand);
    enum payload_verdict verdict = payload_check(result);
    if (verdict != PAYLOAD_FITS) {
        reject_result(step, strand, verdict);
        return;
    }
    record_output(step, strand, &result->value);
    state_complete(step, strand, result);
}

void task_on_succeeded(struct step *step, struct strand *strand, const struct engine_event *event)
{
    struct payload result = payload_of_text(event->output, event->output_size_bytes);
    if (task_has_submission(&strand->state->task.resource) && !strand->task.is_submitted) {
        // Whoever got the token was faster than the service's own answer; that comes first.
        strand->task.has_early_result = true;
        strand->task.early_result = result;
        return;
    }
    succeed(step, strand, &result);
}

void task_on_submitted(struct step *step, struct strand *strand, const struct engine_event *event)
{
    assert(!strand->task.is_submitted);
    strand->task.is_submitted = true;
    forget_request(&strand->task);
    struct engine_history_event *submitted =
        add_task_event(step, strand, ENGINE_HISTORY_TASK_SUBMITTED, ENGINE_HISTORY_TASK_SUBMITTED,
                       ENGINE_HISTORY_TASK_SUBMITTED);
    if (submitted != NULL) submitted->output = history_value(step, event->output);
    if (strand->task.has_early_result) {
        struct payload result = strand->task.early_result;
        succeed(step, strand, &result);
        return;
    }
    start_heartbeat(step, strand);
}

void task_on_started(struct step *step, struct strand *strand, const struct engine_event *event)
{
    assert(!strand->task.is_submitted);
    strand->task.is_submitted = true;
    forget_request(&strand->task);
    struct engine_history_event *started =
        history_add_next(step, strand, ENGINE_HISTORY_ACTIVITY_STARTED);
    if (started != NULL) started->worker_name = event->worker_name;
    start_heartbeat(step, strand);
}

void task_on_failed(struct step *step, struct strand *strand, const struct engine_event *event)
{
    struct asl_error error = event->error;
    error.location = (struct str){0};
    end_task(step, strand);
    if (str_equal(error.name, ASL_ERROR_RUNTIME)) {
        // The task could not be started at all: no failure of the task, but of the state.
        error = flow_name_state(step, strand, error);
    } else {
        record_failed(step, strand, &error);
    }
    strand_fail(step, strand, &error);
}

void task_on_heartbeat(struct step *step, struct strand *strand)
{
    // The timer stays armed for the old time and finds then that it was moved.
    struct strand_task *task = &strand->task;
    if (task->heartbeat_unix_ms == INT64_MAX) return;
    task->heartbeat_unix_ms = step->now_unix_ms + task->heartbeat_seconds * 1000;
}

void task_on_timer(struct step *step, struct strand *strand)
{
    struct strand_task *task = &strand->task;
    assert(task->id != 0 && strand->timer_id == 0);
    bool is_timeout = step->now_unix_ms >= task->timeout_unix_ms;
    if (!is_timeout && step->now_unix_ms < task->heartbeat_unix_ms) {
        arm_task_timer(step, strand);
        return;
    }
    struct asl_error error = {.name = ASL_ERROR_TIMEOUT};
    strand_cancel(step, strand);
    struct engine_history_event *event =
        add_task_event(step, strand, ENGINE_HISTORY_LAMBDA_FUNCTION_TIMED_OUT,
                       ENGINE_HISTORY_ACTIVITY_TIMED_OUT, ENGINE_HISTORY_TASK_TIMED_OUT);
    if (event != NULL) event->error = error.name;
    // A missed heartbeat is a timeout that may also be named for what it is.
    strand_fail_as(step, strand, &error,
                   is_timeout ? (struct str){0} : ASL_ERROR_HEARTBEAT_TIMEOUT);
}
