// Watchers of nested executions: each goes from the parent's worker to the store, to the child's
// worker, and back.

#include "runtime/job.h"

#include <stdlib.h>

#include "base/log.h"
#include "runtime/arn.h"
#include "runtime/execution_private.h"
#include "store/execution.h"

enum { RETRY_MS = 1000 };

struct job {
    struct list link; // In the parent's list of jobs; to itself when the parent is gone.
    struct store_task task;
    struct mail mail;              // Carries the watcher.
    struct net_timer retry;        // The disk refused to say.
    struct runtime_worker *worker; // The parent's.
    struct runtime_worker *owner;  // The child's.
    struct job *next;              // Of the same child's watchers.
    int64_t parent_id;
    uint64_t task_id;
    bool has_json_output; // .sync:2
    bool is_cancelled;    // Stop the child as soon as it is known.
    struct str child_arn;
    struct arena arena; // What the store tells.
    struct store_execution child;
    int64_t child_id; // 0: not known yet.
};

// Of one child, in the worker's table by id.
struct watched {
    int64_t child_id;
    struct job *jobs;
};

static void read_child(struct job *job);

static void free_job(struct job *job)
{
    list_remove(&job->link);
    arena_release(&job->arena);
    free(job);
}

// ---------------------------------------------------------------------------------------------
// The answer

static void write_data(const struct job *job, struct json_writer *writer, struct str name,
                       struct str details_name, struct str text)
{
    if (text.data == NULL) return;
    if (job->has_json_output) {
        json_writer_name(writer, name);
        json_writer_raw(writer, text);
    } else {
        json_writer_string_member(writer, name, text);
    }
    json_writer_name(writer, details_name);
    json_writer_begin_object(writer);
    json_writer_bool_member(writer, STR("Included"), true);
    json_writer_end_object(writer);
}

// What DescribeExecution says, in the integration's form: members in alphabetical order, times in
// milliseconds.
static void write_child(const struct job *job, struct buffer *buffer)
{
    const struct store_execution *child = &job->child;
    bool has_succeeded = str_is(child->status, "SUCCEEDED");
    bool has_timed_out = str_is(child->status, "TIMED_OUT");
    struct str error = has_timed_out ? ASL_ERROR_TIMEOUT : child->error;
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    json_writer_begin_object(&writer);
    if (child->cause.data != NULL) json_writer_string_member(&writer, STR("Cause"), child->cause);
    if (error.data != NULL) json_writer_string_member(&writer, STR("Error"), error);
    json_writer_string_member(&writer, STR("ExecutionArn"), job->child_arn);
    write_data(job, &writer, STR("Input"), STR("InputDetails"), child->input);
    json_writer_string_member(&writer, STR("Name"), child->name);
    write_data(job, &writer, STR("Output"), STR("OutputDetails"), child->output);
    json_writer_integer_member(&writer, STR("RedriveCount"), child->redrive_count);
    json_writer_string_member(&writer, STR("RedriveStatus"),
                              has_succeeded ? STR("NOT_REDRIVABLE") : STR("REDRIVABLE"));
    if (has_succeeded) {
        json_writer_string_member(&writer, STR("RedriveStatusReason"),
                                  STR("Execution is SUCCEEDED and cannot be redriven"));
    }
    json_writer_integer_member(&writer, STR("StartDate"), child->started_unix_ms);
    json_writer_string_member(&writer, STR("StateMachineArn"), child->state_machine_arn);
    json_writer_string_member(&writer, STR("Status"),
                              has_timed_out ? STR("FAILED") : child->status);
    json_writer_integer_member(&writer, STR("StopDate"), child->stopped_unix_ms);
    json_writer_end_object(&writer);
}

static void answer_parent(struct job *job)
{
    bool has_succeeded = str_is(job->child.status, "SUCCEEDED");
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(4));
    write_child(job, &text);
    struct runtime_letter *letter = runtime_letter_new(
        job->parent_id, has_succeeded ? ENGINE_EVENT_TASK_SUCCEEDED : ENGINE_EVENT_TASK_FAILED);
    struct str copy;
    if (letter == NULL || text.is_failed ||
        !runtime_letter_copy(letter, buffer_str(&text), &copy)) {
        log_error("no memory to tell how %" STR_FORMAT " ended", STR_ARGS(job->child_arn));
        runtime_letter_discard(letter);
        return;
    }
    letter->event.task_id = job->task_id;
    if (has_succeeded) {
        letter->output_text = copy;
    } else {
        letter->event.error = (struct asl_error){.name = ASL_ERROR_TASK_FAILED, .cause = copy};
    }
    runtime_letter_send(job->worker, letter, NULL, NULL);
}

static void stop_child(struct job *job)
{
    struct runtime_letter *letter = runtime_letter_new(job->child_id, ENGINE_EVENT_STOP);
    if (letter == NULL) return;
    letter->event.error = (struct asl_error){
        .name = {NULL, 0},
        .cause = STR("The execution that waited for this one was stopped or gave up waiting."),
    };
    runtime_letter_send(job->worker, letter, NULL, NULL);
}

// ---------------------------------------------------------------------------------------------
// Watching

static void come_back(struct mail *mail)
{
    read_child(CONTAINER_OF(mail, struct job, mail));
}

static void send_back(struct job *job)
{
    job->mail.run = come_back;
    mailbox_post(net_loop_mailbox(job->worker->loop), &job->mail);
}

// On the child's thread: wait with it, or go back at once when it does not run any more.
static void arrive(struct mail *mail)
{
    struct job *job = CONTAINER_OF(mail, struct job, mail);
    struct runtime_worker *owner = job->owner;
    struct watched *watched = map_find(&owner->watched_children, execution_id_key(&job->child_id));
    if (runtime_execution_find(owner, job->child_id) == NULL &&
        !sleep_is_asleep(owner, job->child_id)) {
        send_back(job);
        return;
    }
    if (watched == NULL) {
        watched = calloc(1, sizeof(*watched));
        if (watched != NULL) watched->child_id = job->child_id;
        if (watched == NULL ||
            !map_set(&owner->watched_children, execution_id_key(&watched->child_id), watched)) {
            log_error("no memory to wait for %" STR_FORMAT, STR_ARGS(job->child_arn));
            free(watched);
            return;
        }
    }
    job->next = watched->jobs;
    watched->jobs = job;
}

void job_child_ended(struct runtime_worker *worker, int64_t execution_id)
{
    if (worker->watched_children.count == 0) return;
    struct watched *watched =
        map_remove(&worker->watched_children, execution_id_key(&execution_id));
    if (watched == NULL) return;
    for (struct job *job = watched->jobs, *next; job != NULL; job = next) {
        next = job->next;
        send_back(job);
    }
    free(watched);
}

// ---------------------------------------------------------------------------------------------
// Reading

static enum status run_read(struct store_task *task, struct store_tx *tx)
{
    struct job *job = CONTAINER_OF(task, struct job, task);
    struct str state_machine_arn, name;
    arena_reset(&job->arena);
    if (!runtime_execution_arn_split(&job->arena, job->child_arn, &state_machine_arn, &name)) {
        return STATUS_NOT_FOUND;
    }
    return store_execution_find(tx, state_machine_arn, name, &job->arena, &job->child);
}

static void on_read(struct store_task *task, enum status status)
{
    struct job *job = CONTAINER_OF(task, struct job, task);
    net_loop_busy_end(job->worker->loop);
    if (status != STATUS_OK) {
        log_error("how %" STR_FORMAT " goes on cannot be read: %s", STR_ARGS(job->child_arn),
                  status_name(status));
        if (status == STATUS_NOT_FOUND || status == STATUS_CORRUPT) {
            free_job(job);
        } else {
            net_timer_arm_steady(job->worker->loop, &job->retry, RETRY_MS);
        }
        return;
    }
    if (!str_is(job->child.status, "RUNNING")) {
        answer_parent(job);
        free_job(job);
        return;
    }
    job->child_id = job->child.id;
    if (job->is_cancelled) {
        stop_child(job);
        free_job(job);
        return;
    }
    job->owner = runtime_owner_of(job->worker->runtime, job->child_id);
    job->mail.run = arrive;
    // Whoever waits for a child does not keep virtual time from going on: the child may be asleep.
    mailbox_post(net_loop_mailbox(job->owner->loop), &job->mail);
}

static void on_retry(struct net_timer *timer)
{
    read_child(CONTAINER_OF(timer, struct job, retry));
}

static void read_child(struct job *job)
{
    job->task = (struct store_task){
        .reply_to = net_loop_mailbox(job->worker->loop),
        .mode = STORE_READ,
        .run = run_read,
        .done = on_read,
    };
    net_loop_busy_begin(job->worker->loop);
    store_submit(job->worker->runtime->store, &job->task);
}

enum status job_watch(struct runtime_execution *parent, uint64_t task_id,
                      const struct asl_resource *resource, struct str execution_arn)
{
    struct job *job = calloc(1, sizeof(*job) + execution_arn.size);
    if (job == NULL) return STATUS_NO_MEMORY;
    char *bytes = (char *)(job + 1);
    memcpy(bytes, execution_arn.data, execution_arn.size);
    job->child_arn = (struct str){bytes, execution_arn.size};
    arena_init(&job->arena, MIB(4));
    job->worker = parent->worker;
    job->parent_id = parent->id;
    job->task_id = task_id;
    job->has_json_output = resource->pattern == ASL_RUN_JOB_2;
    net_timer_init(&job->retry, on_retry);
    list_init(&job->link);
    list_append(&parent->jobs, &job->link);
    read_child(job);
    return STATUS_OK;
}

static void cancel(struct job *job)
{
    list_remove(&job->link);
    job->is_cancelled = true;
    if (job->child_id != 0) stop_child(job);
}

void job_cancel(struct runtime_execution *parent, uint64_t task_id)
{
    LIST_EACH(link, &parent->jobs)
    {
        struct job *job = LIST_ITEM(link, struct job, link);
        if (job->task_id == task_id) cancel(job);
    }
}

void job_cancel_all(struct runtime_execution *parent)
{
    LIST_EACH(link, &parent->jobs)
    cancel(LIST_ITEM(link, struct job, link));
}
