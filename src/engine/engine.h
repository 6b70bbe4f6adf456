// The engine: a pure step from one event to the next.
//
// An execution is data. engine_step() takes one event (started, task answered, timer fired, stop
// asked), runs the execution forward through as many states as it can, and returns what that means
// for the world: history events to record, commands to perform, the status. It does no I/O and
// reads neither clock nor randomness: both come in with the event. So the same sequence of events
// always gives the same sequence of updates, on any machine, at any time.
//
//   RUNNING                    -> SUCCEEDED         [engine_end_execution]
//   RUNNING                    -> FAILED            [engine_fail_execution]
//   RUNNING                    -> TIMED_OUT         [engine_on_timer]
//   RUNNING                    -> ABORTED           [engine_stop_execution]
//   FAILED, TIMED_OUT, ABORTED -> RUNNING           [engine_redrive_execution]
//
// A *strand* is one thread of control: the execution's own, or that of a Parallel branch or a Map
// iteration. A strand is at one state and waits for at most one task, one timer, or its children.
//
// Memory. All that an execution keeps lives in one arena that its driver gives and takes. An
// execution that runs long moves to a fresh arena now and then (engine_execution_move), which
// copies only what it still needs. Update and history events of a step live in the step arena or
// share the execution's values: use them before the next step.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asl/machine.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/history_event.h"
#include "engine/inspection.h"
#include "json/json.h"

enum {
    ENGINE_HISTORY_EVENTS_MAX = 25000,   // Standard; Express has no limit.
    ENGINE_MAP_CONCURRENCY_MAX = 40,     // Of an inline Map.
    ENGINE_MAP_RUN_CHILDREN_MAX = 10000, // Of a Map run, at one time.
    ENGINE_STEP_STATES_MAX = 100000, // States entered in one step: a loop of Pass states yields.
};

enum engine_status {
    ENGINE_RUNNING,
    ENGINE_SUCCEEDED,
    ENGINE_FAILED,
    ENGINE_TIMED_OUT,
    ENGINE_ABORTED,
};

// "RUNNING", "SUCCEEDED", …
const char *engine_status_name(enum engine_status status);

// What is fixed when an execution starts. All text is borrowed and must outlive the execution.
struct engine_start {
    const struct asl_machine *machine; // A reference is held by the driver as long as it runs.
    int64_t execution_id;              // The driver's; task tokens carry it.
    struct str execution_arn;
    struct str execution_name;
    struct str state_machine_arn; // Unqualified.
    struct str state_machine_name;
    struct str version_arn; // Empty unless started through a version or an alias.
    struct str alias_arn;
    struct str role_arn;
    struct str region;
    struct str input_text; // As the caller sent it.
    struct json input;     // The same, parsed; in the execution's arena or longer-lived.
    int64_t started_unix_ms;
    uint64_t history_mask; // Types of history events to make.
    // The first state is tested and nothing else runs; NULL for an ordinary execution. Such an
    // execution counts as Express, lasts five minutes at most and cannot move. `role_arn` may then
    // have NULL data: there is none.
    struct engine_inspection *inspection;
    // Keep, when it ends without success, what ENGINE_EVENT_REDRIVE needs: for whoever gives an
    // execution that is to be redriven, or was, its events again. It does not show in updates.
    bool can_redrive;
};

struct engine_execution; // Lives in its arena.
struct engine_map_run;

// Commands: what the driver must do once the update is committed, in order.
enum engine_command_type {
    ENGINE_COMMAND_START_TASK,
    ENGINE_COMMAND_CANCEL_TASK, // Its answer, if it comes, is dropped. Best effort for the work.
    ENGINE_COMMAND_ARM_TIMER,
    ENGINE_COMMAND_CANCEL_TIMER,
    ENGINE_COMMAND_START_MAP_RUN,  // A distributed Map: see engine/map_run.h.
    ENGINE_COMMAND_CANCEL_MAP_RUN, // Nobody waits for it any more: it is to be aborted.
    ENGINE_COMMAND_CONTINUE,       // Give the engine ENGINE_EVENT_CONTINUE soon: it yielded.
};

struct engine_command {
    enum engine_command_type type;
    // START_TASK, CANCEL_TASK, …_MAP_RUN: unique within the execution, never reused.
    uint64_t task_id;
    uint64_t timer_id;  // ARM_TIMER, CANCEL_TIMER: likewise.
    int64_t at_unix_ms; // ARM_TIMER

    const struct asl_resource *resource;  // START_TASK, CANCEL_TASK
    const struct engine_map_run *map_run; // START_MAP_RUN; the execution's, until its next event.
    const struct asl_state *state;        // START_TASK, START_MAP_RUN

    // START_TASK
    struct json parameters;          // What the task is given, evaluated.
    struct str task_token;           // Empty unless the task can be answered by token.
    struct str credentials_role_arn; // Empty: the execution's role.
    int64_t deadline_unix_ms;        // When TimeoutSeconds passes; INT64_MAX when none.
    int64_t heartbeat_seconds;       // 0: none.
};

enum engine_event_type {
    ENGINE_EVENT_START,
    ENGINE_EVENT_TASK_SUBMITTED, // `output`: the service's immediate answer (job, callback).
    ENGINE_EVENT_TASK_STARTED,   // Activity: a worker took it (`worker_name`).
    // `output`. Of a callback that was answered before its submission was reported, the answer is
    // held until ENGINE_EVENT_TASK_SUBMITTED comes.
    ENGINE_EVENT_TASK_SUCCEEDED,
    // `error`. States.Runtime means that the task could not be started at all: that ends the
    // execution and is recorded as no failure of the task; the cause is completed by the engine.
    ENGINE_EVENT_TASK_FAILED,
    ENGINE_EVENT_TASK_HEARTBEAT,
    ENGINE_EVENT_MAP_RUN_ENDED, // `output`, or `error` when its name is there: it failed.
    ENGINE_EVENT_TIMER_FIRED,
    ENGINE_EVENT_STOP, // `error`, either part may be absent
    ENGINE_EVENT_CONTINUE,
    // Of a Standard execution that ended without success: it goes on where it was. What succeeded
    // is not done again; TimeoutSeconds counts from now. `redrive_count`, from 1.
    ENGINE_EVENT_REDRIVE,
};

struct engine_event {
    enum engine_event_type type;
    int64_t now_unix_ms;  // Never before an earlier event's.
    uint64_t random_seed; // Fresh for each event.
    uint64_t task_id;
    uint64_t timer_id;
    struct json output; // In the execution's arena or longer-lived (see engine_execution_arena).
    size_t output_size_bytes; // Of the answer's text; 0 when unknown.
    struct asl_error error;   // Texts likewise.
    struct str worker_name;
    uint32_t redrive_count;
};

// What one step did. Lives in the step arena.
struct engine_update {
    enum engine_status status; // After the step.
    const struct engine_history_event *history_events;
    size_t history_event_count;
    const struct engine_command *commands;
    size_t command_count;
    struct json output;      // When status became SUCCEEDED.
    struct asl_error error;  // When it became FAILED or ABORTED; parts may be absent.
    int64_t stopped_unix_ms; // When it is not RUNNING.
};

// A new execution in `arena`, which the driver keeps until the execution has ended and its last
// update is used. Feed it ENGINE_EVENT_START first.
MUST_USE enum status engine_execution_new(struct arena *arena, const struct engine_start *start,
                                          struct engine_execution **ret_execution);

// Where values that come in with events must live.
struct arena *engine_execution_arena(const struct engine_execution *execution);

enum engine_status engine_execution_status(const struct engine_execution *execution);

// Number of the last history event.
uint64_t engine_execution_history_count(const struct engine_execution *execution);

// Where a task token leads. False when it is none: that says nothing about whether it was issued.
MUST_USE bool engine_task_token_read(struct str token, int64_t *ret_execution_id,
                                     uint64_t *ret_task_id);

// The token of a task that is waited for; empty when it has none or is not.
struct str engine_execution_task_token(const struct engine_execution *execution, uint64_t task_id);

// Largest sum of payload sizes held at once so far, in bytes: for billing's memory estimate.
size_t engine_execution_payload_bytes_max(const struct engine_execution *execution);

// Advance `execution` by one event. No I/O, clock or randomness: time and randomness come in with
// the event, effects go out in the update, so any bug report replays from its events alone.
//
//   step_arena   receives the update
//   ret_update   what to commit in one transaction; only then are commands performed
//
// Returns STATUS_OK, STATUS_NOT_FOUND (the task or timer is not waited for any more: drop the
// event; nothing has changed) or a fault, after which the execution cannot go on: an arena passed
// its limit. A workflow error is not a failure of this function: it is part of the update.
//
// The longest run of the type (five minutes, a year) and the machine's TimeoutSeconds are timers
// that the engine arms itself, when it waits for the first time.
MUST_USE enum status engine_step(struct engine_execution *execution,
                                 const struct engine_event *event, struct arena *step_arena,
                                 struct engine_update *ret_update);

// Copy all that a waiting execution still needs to `arena`. The old execution is dead afterwards
// and its arena can be released. The texts of engine_start stay borrowed from where they were.
MUST_USE enum status engine_execution_move(struct engine_execution *execution, struct arena *arena,
                                           struct engine_execution **ret_execution);

// ---------------------------------------------------------------------------------------------
// What an execution waits for. Whoever brings an execution back (from its events, or from a
// snapshot) has none of the commands that it once gave, and arms timers and takes up tasks by this.

enum engine_wait_type {
    ENGINE_WAIT_TASK,
    ENGINE_WAIT_MAP_RUN,
    ENGINE_WAIT_TIMER,
    ENGINE_WAIT_CONTINUE, // For ENGINE_EVENT_CONTINUE.
};

struct engine_wait {
    enum engine_wait_type type;
    uint64_t task_id;   // TASK, MAP_RUN
    uint64_t timer_id;  // TIMER
    int64_t at_unix_ms; // TIMER

    const struct engine_map_run *map_run; // MAP_RUN
    const struct asl_state *state;        // TASK, MAP_RUN
    // TASK: what its START_TASK said,
    const struct asl_resource *resource;
    struct json parameters; // only as long as it is not submitted; JSON_NULL then.
    struct str task_token;
    struct str credentials_role_arn; // The same.
    int64_t deadline_unix_ms;
    int64_t heartbeat_seconds;
    // and what has happened since.
    bool is_submitted;         // Or started by an activity's worker.
    bool has_early_result;     // Answered already; waits for the report of its submission alone.
    int64_t heartbeat_unix_ms; // When the next heartbeat is due; INT64_MAX: never.
};

// Anything but STATUS_OK ends the walk and becomes its result. The execution must not be changed.
typedef enum status (*engine_wait_fn)(void *context, const struct engine_wait *wait);

// Walk all that a running execution waits for between two steps, in an order that depends on
// nothing but the events so far. Texts and values live as long as the execution's.
MUST_USE enum status engine_execution_each_wait(const struct engine_execution *execution,
                                                engine_wait_fn callback, void *context);
