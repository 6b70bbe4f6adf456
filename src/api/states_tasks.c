// Tasks that others perform: answers by token, and activity workers that poll.

#include "api/states.h"
#include "runtime/activity.h"
#include "runtime/letter.h"
#include "store/execution.h"

enum { POLL_MS = 60000, TOKEN_MAX = 2048 };

#define TOKEN_MEMBER                                                                               \
    {                                                                                              \
        .name = STR_INIT("taskToken"), .type = API_MEMBER_STRING, .is_required = true, .min = 1,   \
        .max = TOKEN_MAX                                                                           \
    }

// ---------------------------------------------------------------------------------------------
// Answers by token

// One answer on its way; afterwards, if nobody waited for it, a look at whether anybody ever did.
struct task_answer {
    struct states_read read;
    int64_t execution_id;
};

static enum status run_existence(struct states_read *read, struct store_tx *tx)
{
    struct store_execution row;
    int64_t id = CONTAINER_OF(read, struct task_answer, read)->execution_id;
    return store_execution_get(tx, id, read->request->arena, &row);
}

static void reply_nobody(struct states_read *read, enum status status)
{
    if (status == STATUS_OK) {
        api_exception(read->request, STR("TaskTimedOut"),
                      "Task Timed Out: 'Provided task does not exist anymore'");
    } else if (status == STATUS_NOT_FOUND) {
        api_exception(read->request, STR("TaskDoesNotExist"),
                      "Task Does Not Exist: 'Provided task does not exist'");
    } else {
        api_fault(read->request, status);
    }
}

static void on_answered(void *context, const struct runtime_letter *letter)
{
    struct task_answer *answer = context;
    if (letter->status == STATUS_OK) {
        api_reply_empty(answer->read.request);
    } else if (letter->status == STATUS_NOT_FOUND) {
        states_read_submit(&answer->read);
    } else {
        api_fault(answer->read.request, letter->status);
    }
}

// A letter to whoever the request's token leads to. Replies and returns NULL when there is none.
static struct runtime_letter *new_answer(struct api_request *request, enum engine_event_type type)
{
    struct str token = api_member_str(&request->body, STR("taskToken"), STR(""));
    int64_t execution_id;
    uint64_t task_id;
    if (!engine_task_token_read(token, &execution_id, &task_id)) {
        states_refuse_token(request);
        return NULL;
    }
    struct runtime_letter *letter = runtime_letter_new(execution_id, type);
    if (letter == NULL || !runtime_letter_copy(letter, token, &letter->token)) {
        runtime_letter_discard(letter);
        api_fault(request, STATUS_NO_MEMORY);
        return NULL;
    }
    letter->event.task_id = task_id;
    return letter;
}

static void send_answer(struct api_request *request, struct runtime_letter *letter)
{
    struct task_answer *answer = ARENA_NEW(request->arena, struct task_answer);
    if (answer == NULL) {
        runtime_letter_discard(letter);
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    answer->read =
        (struct states_read){.request = request, .run = run_existence, .reply = reply_nobody};
    answer->execution_id = letter->execution_id;
    runtime_letter_send(request->worker->runtime, letter, on_answered, answer);
}

static const struct api_member success_members[] = {
    TOKEN_MEMBER,
    {.name = STR_INIT("output"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .max = ASL_PAYLOAD_SIZE_BYTES_MAX},
};

static void send_success(struct api_request *request)
{
    struct str output = api_member_str(&request->body, STR("output"), STR(""));
    struct runtime_letter *letter = new_answer(request, ENGINE_EVENT_TASK_SUCCEEDED);
    if (letter == NULL) return;
    struct json value;
    struct json_error error;
    enum status status = json_parse(request->arena, output, 0, &value, &error);
    if (status == STATUS_OK && !runtime_letter_copy(letter, output, &letter->output_text)) {
        status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK) {
        send_answer(request, letter);
        return;
    }
    runtime_letter_discard(letter);
    if (status == STATUS_INVALID) {
        api_exception(request, STR("InvalidOutput"), "Invalid Output: '%" STR_FORMAT "'",
                      STR_ARGS(error.message));
    } else {
        api_fault(request, status);
    }
}

static const struct api_member failure_members[] = {
    TOKEN_MEMBER,
    STATES_ERROR_MEMBER,
    STATES_CAUSE_MEMBER,
};

bool states_letter_take_error(struct runtime_letter *letter, struct api_request *request)
{
    const struct str absent = {NULL, 0};
    if (letter != NULL &&
        runtime_letter_copy(letter, api_member_str(&request->body, STR("error"), absent),
                            &letter->event.error.name) &&
        runtime_letter_copy(letter, api_member_str(&request->body, STR("cause"), absent),
                            &letter->event.error.cause)) {
        return true;
    }
    runtime_letter_discard(letter);
    api_fault(request, STATUS_NO_MEMORY);
    return false;
}

static void send_failure(struct api_request *request)
{
    struct runtime_letter *letter = new_answer(request, ENGINE_EVENT_TASK_FAILED);
    if (letter != NULL && states_letter_take_error(letter, request)) send_answer(request, letter);
}

static const struct api_member heartbeat_members[] = {TOKEN_MEMBER};

static void send_heartbeat(struct api_request *request)
{
    struct runtime_letter *letter = new_answer(request, ENGINE_EVENT_TASK_HEARTBEAT);
    if (letter != NULL) send_answer(request, letter);
}

// ---------------------------------------------------------------------------------------------
// GetActivityTask

static const struct api_member poll_members[] = {
    STATES_ARN_MEMBER("activityArn"),
    {.name = STR_INIT("workerName"), .type = API_MEMBER_STRING, .min = 1, .max = 80},
};

struct poll {
    struct runtime_activity_poll poll;
    struct api_request *request;
};

static void on_polled(struct runtime_activity_poll *activity_poll, enum status status)
{
    struct api_request *request = CONTAINER_OF(activity_poll, struct poll, poll)->request;
    if (status == STATUS_OVER_LIMIT) {
        api_exception(request, STR("ActivityWorkerLimitExceeded"),
                      "The maximum number of workers concurrently polling for activity tasks has "
                      "been reached: %d",
                      RUNTIME_POLLS_MAX);
        return;
    }
    if (status != STATUS_OK && status != STATUS_TIMED_OUT) {
        api_fault(request, status);
        return;
    }
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    if (status == STATUS_OK) {
        json_writer_string_member(&writer, STR("taskToken"), activity_poll->token);
        json_writer_string_member(&writer, STR("input"), activity_poll->input);
    }
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void get_activity_task(struct api_request *request)
{
    struct states_arn arn;
    if (!states_arn_read(request, STR("activityArn"), "activity", &arn)) return;
    if (states_find_activity(request, &arn) == NULL) return;
    struct poll *poll = ARENA_NEW(request->arena, struct poll);
    if (poll == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    poll->request = request;
    poll->poll.activity_arn = arn.text;
    poll->poll.worker_name =
        api_member_str(&request->body, STR("workerName"), (struct str){NULL, 0});
    poll->poll.arena = request->arena;
    poll->poll.on_done = on_polled;
    runtime_activity_poll(request->worker->runtime, &poll->poll, POLL_MS);
}

const struct states_operation states_task_operations[] = {
    STATES_OPERATION("SendTaskSuccess", success_members, send_success),
    STATES_OPERATION("SendTaskFailure", failure_members, send_failure),
    STATES_OPERATION("SendTaskHeartbeat", heartbeat_members, send_heartbeat),
    STATES_OPERATION("GetActivityTask", poll_members, get_activity_task),
};
const size_t states_task_operation_count = ARRAY_COUNT(states_task_operations);
