// A look for a child belongs to nobody: when it comes back it asks whether its task is still waited
// for.

#include "runtime/nested.h"

#include <stdlib.h>

#include "base/log.h"
#include "runtime/arn.h"
#include "runtime/execution_private.h"
#include "runtime/job.h"
#include "store/execution.h"

enum { RETRY_MS = 1000, ARN_PARTS = 7, LOOK_BYTES_MAX = 4 << 20 };

bool nested_is_start(const struct asl_resource *resource)
{
    return str_is(resource->type, "states") && str_is(resource->action, "startExecution");
}

bool nested_is_job(const struct asl_resource *resource)
{
    return nested_is_start(resource) &&
           (resource->pattern == ASL_RUN_JOB || resource->pattern == ASL_RUN_JOB_2);
}

static bool is_named(const struct json *parameters)
{
    const struct json *name = JSON_FIND(parameters, "Name");
    return name != NULL && !json_is_null(name);
}

bool nested_name(const struct runtime_execution *execution, uint64_t task_id, struct arena *arena,
                 struct json *parameters)
{
    if (execution->id == 0 || is_named(parameters)) return true;
    struct random random;
    char *text = arena_alloc(arena, RANDOM_UUID_SIZE);
    if (text == NULL) return false;
    random_init_seed(&random, (uint64_t)execution->id * UINT64_C(0x9e3779b97f4a7c15) ^ task_id);
    random_uuid(&random, text);
    struct json value = json_from_str((struct str){text, RANDOM_UUID_SIZE});
    const struct json *named = json_with_member(arena, parameters, STR("Name"), &value);
    if (named == NULL) return false;
    *parameters = *named;
    return true;
}

enum status nested_watch(struct runtime_execution *execution, uint64_t task_id,
                         const struct asl_resource *resource, const struct json *submission)
{
    const struct json *arn = JSON_FIND(submission, "ExecutionArn");
    if (arn == NULL || !json_is_string(arn)) return STATUS_CORRUPT;
    return job_watch(execution, task_id, resource, json_str(arn));
}

// ---------------------------------------------------------------------------------------------
// Looking for a child

struct look {
    struct store_task task;
    struct net_timer retry;
    struct runtime_worker *worker;
    int64_t parent_id;
    uint64_t task_id;
    int64_t parent_started_unix_ms;
    bool is_named;                // By the workflow: it may be somebody else's.
    struct str state_machine_arn; // Unqualified. In `texts`, as the next two.
    struct str name;
    struct str input;
    struct arena texts;
    struct arena arena; // Of one try.
    struct store_execution child;
};

static void look_free(struct look *look)
{
    arena_release(&look->texts);
    arena_release(&look->arena);
    free(look);
}

struct search {
    uint64_t task_id;
    struct engine_wait wait;
    bool is_found;
};

static enum status match(void *context, const struct engine_wait *wait)
{
    struct search *search = context;
    if (wait->type == ENGINE_WAIT_TASK && wait->task_id == search->task_id && !wait->is_submitted) {
        search->wait = *wait;
        search->is_found = true;
    }
    return STATUS_OK;
}

// A child that the workflow names may have been there before its task was.
static bool is_ours(const struct look *look)
{
    return !look->is_named || (look->child.started_unix_ms >= look->parent_started_unix_ms &&
                               str_equal(look->child.input, look->input));
}

static void report(struct look *look, struct runtime_execution *execution,
                   const struct engine_wait *wait)
{
    struct json_members members;
    struct str arn =
        runtime_execution_arn(&look->arena, look->state_machine_arn, look->name, false);
    json_members_init(&members, &look->arena);
    json_members_append(&members, STR("ExecutionArn"), json_from_str(arn));
    json_members_append(&members, STR("StartDate"),
                        json_from_real((double)look->child.started_unix_ms / 1000));
    struct tasks_answer answer = {.is_success = true, .output = json_members_finish(&members)};
    answer.output_size_bytes = json_rendered_size(&answer.output);
    execution_report_task(execution, wait->task_id, wait->resource, &answer);
}

static void on_looked(struct store_task *task, enum status status)
{
    struct look *look = CONTAINER_OF(task, struct look, task);
    struct net_loop *loop = look->worker->loop;
    struct runtime_execution *execution = runtime_execution_find(look->worker, look->parent_id);
    struct search search = {.task_id = look->task_id};
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        log_error("whether %" STR_FORMAT " has been started cannot be read: %s",
                  STR_ARGS(look->name), status_name(status));
        net_timer_arm_steady(loop, &look->retry, RETRY_MS); // Virtual time waits for the disk.
        return;
    }
    net_loop_busy_end(loop);
    if (execution != NULL && engine_execution_status(execution->engine) == ENGINE_RUNNING) {
        enum status walked = engine_execution_each_wait(execution->engine, match, &search);
        if (walked != STATUS_OK) search.is_found = false;
    }
    if (search.is_found && status == STATUS_OK && is_ours(look)) {
        report(look, execution, &search.wait);
    } else if (search.is_found) {
        execution_call_again(execution, &search.wait);
    }
    look_free(look);
}

static enum status run_look(struct store_task *task, struct store_tx *tx)
{
    struct look *look = CONTAINER_OF(task, struct look, task);
    arena_reset(&look->arena);
    return store_execution_find(tx, look->state_machine_arn, look->name, &look->arena,
                                &look->child);
}

static void submit(struct look *look)
{
    look->task = (struct store_task){
        .reply_to = net_loop_mailbox(look->worker->loop),
        .mode = STORE_READ,
        .run = run_look,
        .done = on_looked,
    };
    store_submit(look->worker->runtime->store, &look->task);
}

static void on_retry(struct net_timer *timer)
{
    submit(CONTAINER_OF(timer, struct look, retry));
}

// Without a version's number or an alias behind it.
static struct str unqualified(struct str arn)
{
    size_t colons = 0;
    for (size_t i = 0; i < arn.size; i++) {
        if (arn.data[i] == ':' && ++colons == ARN_PARTS) return str_slice(arn, 0, i);
    }
    return arn;
}

static bool take_text(struct look *look, const struct json *parameters, struct str member,
                      struct str *ret_text)
{
    const struct json *value = json_find(parameters, member);
    if (value == NULL || !json_is_string(value)) return false;
    return arena_copy_str(&look->texts, json_str(value), ret_text);
}

static bool fill(struct look *look, const struct runtime_execution *execution,
                 const struct engine_wait *wait)
{
    struct json parameters = wait->parameters;
    look->worker = execution->worker;
    look->parent_id = execution->id;
    look->parent_started_unix_ms = execution->start.started_unix_ms;
    look->task_id = wait->task_id;
    look->is_named = is_named(&parameters);
    const struct json *input = JSON_FIND(&parameters, "Input");
    look->input = input == NULL           ? STR("{}")
                  : json_is_string(input) ? json_str(input)
                                          : json_render_to_arena(&look->texts, input);
    return nested_name(execution, wait->task_id, &look->texts, &parameters) &&
           arena_copy_str(&look->texts, look->input, &look->input) &&
           take_text(look, &parameters, STR("StateMachineArn"), &look->state_machine_arn) &&
           take_text(look, &parameters, STR("Name"), &look->name);
}

enum status nested_resume(struct runtime_execution *execution, const struct engine_wait *wait)
{
    struct look *look = calloc(1, sizeof(*look));
    if (look == NULL) return STATUS_NO_MEMORY;
    arena_init(&look->texts, LOOK_BYTES_MAX);
    arena_init(&look->arena, LOOK_BYTES_MAX);
    net_timer_init(&look->retry, on_retry);
    if (!fill(look, execution, wait)) { // Nothing that can be looked for: the API says why.
        look_free(look);
        execution_call_again(execution, wait);
        return STATUS_OK;
    }
    look->state_machine_arn = unqualified(look->state_machine_arn);
    net_loop_busy_begin(look->worker->loop);
    submit(look);
    return STATUS_OK;
}
