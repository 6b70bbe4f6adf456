// What the files of the drivers share among themselves.

#pragma once

#include "runtime/execution.h"
#include "runtime/letter.h"

// Give the engine an event, with the time and a seed filled in, and do what follows. Not from
// within execution_perform().
void execution_feed(struct runtime_execution *execution, struct engine_event *event);

// Commands (perform.c). A fault means that the execution cannot go on.
MUST_USE enum status execution_perform(struct runtime_execution *execution,
                                       const struct engine_update *update);
MUST_USE enum status execution_arm_timer(struct runtime_execution *execution, uint64_t timer_id,
                                         int64_t at_unix_ms);

// A task that was under way when the server stopped (recovery.c).
MUST_USE enum status execution_resume_task(struct runtime_execution *execution,
                                           const struct engine_wait *wait);

// Call a task (again) that is waited for; what a task's call came to (perform.c).
void execution_call_again(struct runtime_execution *execution, const struct engine_wait *wait);
void execution_report_task(struct runtime_execution *execution, uint64_t task_id,
                           const struct asl_resource *resource, const struct tasks_answer *answer);

// The same for one that had been submitted, with what the submission's report was.
MUST_USE enum status execution_resume_job(struct runtime_execution *execution,
                                          const struct engine_wait *wait,
                                          const struct json *submission);

// Nothing of the execution calls back any more.
void execution_cancel_everything(struct runtime_execution *execution);
void execution_on_continue(struct net_deferred *deferred);

// Move what the engine still needs to fresh memory when much has come together since the last time.
// Only where nothing else of the engine's values is in use: between steps.
void execution_compact(struct runtime_execution *execution);

// The update's log records, if the state machine wants any.
void execution_write_log_records(struct runtime_execution *execution,
                                 const struct engine_update *update);

// Types of history events that the state machine's log level asks for.
uint64_t execution_logged_mask(const struct state_machine *state_machine);

// A fault of this program (no memory, most likely) ends the execution as the service would end one
// that it can no longer run.
struct engine_update execution_fault(struct runtime_execution *execution, enum status status);

// It has ended: tell who wants to know, and give it back.
void execution_end(struct runtime_execution *execution, const struct engine_update *update);

// It goes on in the store only (sleep.c): all that is in memory is given back.
void execution_put_down(struct runtime_execution *execution);

// Its start need not run again after a crash (express_journal.c).
void execution_forget_journal(struct runtime_execution *execution);

// ---------------------------------------------------------------------------------------------
// The durable driver (commit.c)

// An event that waits until the commit under way is durable. In the execution's arena.
struct execution_event {
    struct engine_event event;
    struct runtime_letter *letter; // To be answered when it is durable; may be NULL.
    struct execution_event *next;
};

// execution_feed() for Standard executions.
void commit_feed(struct runtime_execution *execution, const struct engine_event *event,
                 struct runtime_letter *letter);

// An event for later: it is fed when the loop runs, behind those that wait already.
MUST_USE enum status commit_defer(struct runtime_execution *execution,
                                  const struct engine_event *event);

// The next id of a Standard execution, or of a Map run's child that is in the store at its end.
// It says when that started, and which worker owns it (execution_id.c).
int64_t runtime_worker_next_id(struct runtime_worker *worker, int64_t unix_ms);

// Ids that this worker gives out are larger than `last_id` from now on.
void runtime_worker_skip_ids(struct runtime_worker *worker, int64_t last_id);

// The key of a worker's tables of executions: the bytes of the id.
static inline struct str execution_id_key(const int64_t *id)
{
    return (struct str){(const char *)id, sizeof(*id)};
}

// Enter into and take from the worker's table of running Standard executions.
MUST_USE enum status commit_register(struct runtime_execution *execution);
void commit_forget(struct runtime_execution *execution);

// When the worker's loop does not run any more: hold the tasks of steps whose commits are under
// way. The store still writes them, but nobody performs what they ask for.
void commit_hold_tasks(struct runtime_worker *worker);

// ---------------------------------------------------------------------------------------------
// Sleep (sleep.c)

void sleep_init(struct runtime_worker *worker);

// Nothing happens to the execution for now: it may be put to sleep some time.
void sleep_note_idle(struct runtime_execution *execution);

// One that slept when the server stopped.
MUST_USE enum status sleep_add(struct runtime_worker *worker, int64_t execution_id,
                               int64_t wakes_unix_ms);
bool sleep_is_asleep(const struct runtime_worker *worker, int64_t execution_id);

// Wake the execution that the letter is for and deliver it then. False when none sleeps.
bool sleep_take_letter(struct runtime_worker *worker, struct runtime_letter *letter);

// Deliver a letter on its owner's thread (letter.c).
void letter_deliver(struct runtime_letter *letter);

// Answer all polls that wait with this worker's queues (activity.c).
void activity_send_home(struct runtime_worker *worker);

// Check its token and move its event's values to the execution, when its turn has come.
//
// Returns STATUS_OK, STATUS_NOT_FOUND (the token is not the task's) or a fault.
MUST_USE enum status letter_open(struct runtime_letter *letter,
                                 struct runtime_execution *execution);

// Answer a letter whose event has been dealt with (letter.c).
void letter_answer(struct runtime_letter *letter, enum status status, int64_t stopped_unix_ms);
