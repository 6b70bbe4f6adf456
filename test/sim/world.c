// Actors outlive the server; calls do not.

#include "test/sim/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "runtime/activity.h"
#include "runtime/drain.h"
#include "runtime/execution.h"
#include "runtime/letter.h"
#include "runtime/redrive.h"
#include "store/execution.h"
#include "test/sim/answer.h"
#include "test/sim/disk.h"
#include "test/sim/express.h"
#include "test/sim/heap.h"
#include "test/sim/machine.h"
#include "test/sim/map_runs.h"
#include "test/sim/process.h"
#include "test/sim/sim.h"

enum { ACTORS_MAX = 1024, CALLS_MAX = 512, CHILDREN_MAX = 1024, POLLERS = 4, POLL_MS = 60000 };

// An Express execution has five minutes for all of its tasks.
enum { EXPRESS_DELAY_MS_MAX = 4000 };

enum actor_type {
    ACTOR_STARTER,
    ACTOR_EXPRESS_STARTER,
    ACTOR_ANSWERER,
    ACTOR_POLLER,
    ACTOR_STOPPER,
    ACTOR_REDRIVER,
    ACTOR_UPDATER,
};

struct actor {
    enum actor_type type;
    int64_t due_unix_ms;  // INT64_MAX: rests.
    bool is_in_flight;    // Waits for the server's reply.
    size_t root;          // STARTER
    bool wants_parent;    // STOPPER: of an execution with a Map run, which is redriven perhaps.
    unsigned activity;    // POLLER
    int64_t execution_id; // ANSWERER, REDRIVER
    // ANSWERER
    struct str token;
    uint64_t task_id;
    struct answer answer;
    unsigned beats_left;
    bool is_wrong_first; // Begins with a token that is not right.
    bool is_twice;       // Answers once more at the end.
    bool has_answered;
};

struct tasks_call {
    struct tasks_request request;
    tasks_answer_fn on_answer;
    void *context;
    int64_t due_unix_ms; // INT64_MAX: not yet, or never.
    bool is_nested_start;
    struct tasks_answer answer;
};

// A StartExecution on its way through the server.
struct start_request {
    struct tasks_call *call; // Of a nested one; NULL when it was cancelled,
    struct actor *actor;     // or who asks from outside.
};

struct child {
    struct str name;
    size_t root;
};

struct world world;
static struct actor actors[ACTORS_MAX];
static size_t actor_count;
static struct tasks_call *calls[CALLS_MAX];
static size_t call_count;
static struct start_request *start_requests[CALLS_MAX]; // Under way, for calls that are cancelled.
static size_t start_request_count;
static struct child children[CHILDREN_MAX];
static size_t child_count;
static struct runtime_stand_in observer;
static struct world_performance current; // The task that is being started.
static bool is_current_express;          // It is an Express execution's.

static struct actor *add_actor(enum actor_type type, int64_t delay_ms)
{
    assert(actor_count < ACTORS_MAX);
    struct actor *actor = &actors[actor_count++];
    *actor = (struct actor){.type = type, .due_unix_ms = sim.now_unix_ms + delay_ms};
    return actor;
}

static void acknowledge(int64_t execution_id, uint64_t task_id, const char *event_type)
{
    assert(world.acknowledgement_count < WORLD_RECORDS_MAX);
    world.acknowledgements[world.acknowledgement_count++] =
        (struct world_acknowledgement){execution_id, task_id, event_type};
}

static size_t root_index_of(struct str name) // NOLINT(misc-no-recursion): no deeper than Maps
{
    for (size_t i = 0; i < world.root_count; i++) {
        if (str_equal(world.roots[i].name, name)) return i;
    }
    for (size_t i = 0; i < child_count; i++) {
        if (str_equal(children[i].name, name)) return children[i].root;
    }
    struct str parent_name;
    if (map_runs_find_parent(name, &parent_name)) return root_index_of(parent_name);
    sim_fail("nobody has started %" STR_FORMAT, STR_ARGS(name));
    return 0;
}

struct str world_arn_of(const struct world_root *root)
{
    const struct sim_machine *machine = &machines[root->machine];
    if (!sim.features.has_versions) return machine->arn;
    return (root - world.roots) % 2 == 0 ? machine->version_arn : machine->alias_arn;
}

struct world_root *world_root_of(struct str execution_name)
{
    return &world.roots[root_index_of(execution_name)];
}

// ---------------------------------------------------------------------------------------------
// Starting executions, as the API does

static void note_started(struct start_request *request, int64_t execution_id)
{
    if (request->actor != NULL) {
        request->actor->is_in_flight = false;
        world.roots[request->actor->root].is_started = true;
        sim_say("%" STR_FORMAT " is started", STR_ARGS(world.roots[request->actor->root].name));
    }
    acknowledge(execution_id, 0, NULL);
}

static void answer_call(struct tasks_call *call, struct tasks_answer answer)
{
    call->answer = answer;
    call->due_unix_ms = sim.now_unix_ms + answer_short_delay_ms();
}

static void answer_start(struct tasks_call *call, struct str execution_arn, int64_t started_unix_ms)
{
    struct json_members members;
    json_members_init(&members, call->request.arena);
    struct str arn;
    if (!arena_copy_str(call->request.arena, execution_arn, &arn)) abort();
    json_members_append(&members, STR("ExecutionArn"), json_from_str(arn));
    json_members_append(&members, STR("StartDate"), json_from_integer(started_unix_ms));
    answer_call(call,
                (struct tasks_answer){.is_success = true, .output = json_members_finish(&members)});
}

static void forget_start_request(struct start_request *request)
{
    for (size_t i = 0; i < start_request_count; i++) {
        if (start_requests[i] == request) start_requests[i] = start_requests[--start_request_count];
    }
    free(request);
}

static void fail_start(struct start_request *request, struct str execution_name, const char *error)
{
    if (request->call == NULL) return;
    world_root_of(execution_name)->is_disturbed = true;
    answer_call(request->call, (struct tasks_answer){.error = str_from_c(error), .cause = STR("")});
}

static void on_started(void *context, struct runtime_execution *execution, enum status status,
                       const struct store_execution *existing)
{
    struct start_request *request = context;
    const struct engine_start *start = &execution->start;
    struct str name = start->execution_name;
    bool is_same = status == STATUS_CONFLICT && str_is(existing->status, "RUNNING") &&
                   str_equal(existing->input, start->input_text);
    if (status == STATUS_OK || is_same) {
        note_started(request, is_same ? existing->id : execution->id);
        if (request->call != NULL) {
            answer_start(request->call, start->execution_arn,
                         is_same ? existing->started_unix_ms : start->started_unix_ms);
        }
    } else if (status == STATUS_CONFLICT) {
        if (request->actor != NULL) { // It has run already: whoever asked knows enough.
            note_started(request, existing->id);
        } else if (request->call != NULL) {
            sim_say("nested %" STR_FORMAT " exists already", STR_ARGS(name));
            answer_call(request->call, answer_exists_already(existing, start));
        }
    } else {
        sim_say("start of %" STR_FORMAT ": %s", STR_ARGS(name), status_name(status));
        fail_start(request, name, "StepFunctions.ServiceUnavailableException");
        if (request->actor != NULL) {
            request->actor->is_in_flight = false;
            request->actor->due_unix_ms = sim.now_unix_ms + 100 + sim_draw(1000);
        }
    }
    forget_start_request(request);
}

static void start_execution(struct start_request *request, struct str arn, struct str name,
                            struct str input)
{
    assert(start_request_count < CALLS_MAX);
    start_requests[start_request_count++] = request;
    runtime_execution_begin_standard(process_new_execution(arn, name, input), on_started, request);
}

static void start_nested(struct tasks_call *call)
{
    const struct json *parameters = &call->request.parameters;
    struct start_request *request = calloc(1, sizeof(*request));
    struct str input = json_render_to_arena(call->request.arena, JSON_FIND(parameters, "Input"));
    call->is_nested_start = false;
    call->due_unix_ms = INT64_MAX;
    request->call = call;
    start_execution(request, json_str(JSON_FIND(parameters, "StateMachineArn")),
                    json_str(JSON_FIND(parameters, "Name")), input);
}

// ---------------------------------------------------------------------------------------------
// Tasks

static struct world_performance *find_record(struct world_performance *records, size_t count,
                                             int64_t execution_id, uint64_t task_id)
{
    for (size_t i = 0; i < count; i++) {
        if (records[i].execution_id == execution_id && records[i].task_id == task_id) {
            return &records[i];
        }
    }
    return NULL;
}

static void note_performance(const struct tasks_request *request)
{
    bool is_nested = str_is(request->service, "states");
    struct world_performance *before = find_record(world.performances, world.performance_count,
                                                   current.execution_id, current.task_id);
    if (is_nested) {
        current.child_name = lasting_copy(json_str(JSON_FIND(&request->parameters, "Name")));
    }
    if (before != NULL && !is_nested) {
        sim_fail("task %llu of %" STR_FORMAT " is performed twice",
                 (unsigned long long)current.task_id, STR_ARGS(request->session_name));
    } else if (before != NULL && !str_equal(before->child_name, current.child_name)) {
        sim_fail("task %llu of %" STR_FORMAT " starts a second execution",
                 (unsigned long long)current.task_id, STR_ARGS(request->session_name));
    } else if (before == NULL) {
        assert(world.performance_count < WORLD_RECORDS_MAX);
        world.performances[world.performance_count++] = current;
    }
    current = (struct world_performance){0};
}

static void note_child(const struct tasks_request *request)
{
    struct str name = json_str(JSON_FIND(&request->parameters, "Name"));
    for (size_t i = 0; i < child_count; i++) {
        if (str_equal(children[i].name, name)) return;
    }
    assert(child_count < CHILDREN_MAX);
    size_t root = root_index_of(request->session_name);
    children[child_count++] = (struct child){lasting_copy(name), root};
}

static void add_answerer(struct str token, const struct json *question)
{
    struct actor *actor = add_actor(ACTOR_ANSWERER, 0);
    actor->token = lasting_copy(token);
    actor->answer = answer_to(question);
    if (!engine_task_token_read(actor->token, &actor->execution_id, &actor->task_id)) {
        sim_fail("a token that leads nowhere: %" STR_FORMAT, STR_ARGS(token));
    }
    actor->beats_left = actor->answer.beat_count;
    actor->due_unix_ms =
        actor->answer.delay_ms < 0 ? INT64_MAX : sim.now_unix_ms + actor->answer.delay_ms;
    if (actor->beats_left > 0) actor->due_unix_ms = sim.now_unix_ms + 500;
    actor->is_wrong_first = sim_chance(8);
    actor->is_twice = sim_chance(4);
}

struct tasks_call *tasks_start(struct tasks *tasks, const struct tasks_request *request,
                               tasks_answer_fn on_answer, void *context)
{
    (void)tasks;
    struct tasks_call *call = ARENA_NEW(request->arena, struct tasks_call);
    assert(call != NULL && call_count < CALLS_MAX);
    *call = (struct tasks_call){
        .request = *request, .on_answer = on_answer, .context = context, .due_unix_ms = INT64_MAX};
    calls[call_count++] = call;
    const struct json *question = &request->parameters;
    bool is_nested = str_is(request->service, "states");
    if (str_is(request->service, "sqs")) question = JSON_FIND(question, "MessageBody");
    bool is_express = is_current_express;
    is_current_express = false;
    if (current.execution_id != 0) {
        note_performance(request);
    } else if (!is_nested && !is_express) {
        sim_fail("a task of %" STR_FORMAT " is performed again after a restart",
                 STR_ARGS(request->session_name));
    }
    if (is_nested) {
        note_child(request);
        call->is_nested_start = true;
        call->due_unix_ms = sim.now_unix_ms + answer_short_delay_ms();
    } else if (str_is(request->pattern, ".waitForTaskToken")) {
        add_answerer(json_str(JSON_FIND(question, "token")), question);
        answer_call(call, (struct tasks_answer){.is_success = true, .output = json_empty_object});
    } else {
        struct answer answer = answer_to(question);
        call->answer = answer_as_task(&answer);
        if (is_express && !answer.is_late && answer.delay_ms > EXPRESS_DELAY_MS_MAX) {
            answer.delay_ms = EXPRESS_DELAY_MS_MAX;
        }
        if (answer.delay_ms >= 0) call->due_unix_ms = sim.now_unix_ms + answer.delay_ms;
    }
    sim_tick();
    return call;
}

static void forget_call(struct tasks_call *call)
{
    for (size_t i = 0; i < call_count; i++) {
        if (calls[i] != call) continue;
        calls[i] = calls[--call_count];
        return;
    }
    sim_fail("a call is over that was not under way");
}

void tasks_cancel(struct tasks_call *call)
{
    for (size_t i = 0; i < start_request_count; i++) {
        if (start_requests[i]->call == call) start_requests[i]->call = NULL;
    }
    forget_call(call);
}

static void turn_call(struct tasks_call *call)
{
    if (call->is_nested_start) {
        start_nested(call);
        return;
    }
    forget_call(call);
    call->on_answer(call->context, &call->answer);
}

static void wake_pollers(void)
{
    for (size_t i = 0; i < actor_count; i++) {
        struct actor *actor = &actors[i];
        if (actor->type == ACTOR_POLLER && !actor->is_in_flight &&
            actor->due_unix_ms == INT64_MAX) {
            actor->due_unix_ms = sim.now_unix_ms + sim_draw(100);
        }
    }
}

// Sees what the runtime starts, and that it may.
static bool on_start_task(struct runtime_stand_in *stand_in, struct runtime_execution *execution,
                          const struct engine_command *command, struct tasks_request *request)
{
    (void)stand_in, (void)request;
    if (execution->id == 0) {
        express_note_task(execution, command->task_id);
        is_current_express = true;
        return false;
    }
    const struct disk_execution *stored = disk_find(execution->id);
    size_t synced = stored == NULL ? 0 : stored->synced_step_count;
    if ((int64_t)synced < execution->step_number && sim.plant == PLANT_NOTHING) {
        sim_fail("%" STR_FORMAT " performs step %lld while %zu are on the disk",
                 STR_ARGS(execution->start.execution_name), (long long)execution->step_number,
                 synced);
    }
    if (command->resource->kind == ASL_RESOURCE_ACTIVITY) {
        wake_pollers();
        return false;
    }
    current = (struct world_performance){execution->id, command->task_id, STR("")};
    return false;
}

bool __real_drain_was_held(const struct runtime *runtime, int64_t execution_id, uint64_t task_id);
bool __wrap_drain_was_held(const struct runtime *runtime, int64_t execution_id, uint64_t task_id);

bool __real_drain_hold(struct runtime_worker *worker, int64_t execution_id, uint64_t task_id);
bool __wrap_drain_hold(struct runtime_worker *worker, int64_t execution_id, uint64_t task_id);

bool __wrap_drain_hold(struct runtime_worker *worker, int64_t execution_id, uint64_t task_id)
{
    bool is_held = __real_drain_hold(worker, execution_id, task_id);
    if (is_held) current = (struct world_performance){0}; // It does not begin.
    return is_held;
}

// A task that was held is performed now for the first time.
bool __wrap_drain_was_held(const struct runtime *runtime, int64_t execution_id, uint64_t task_id)
{
    bool was_held = __real_drain_was_held(runtime, execution_id, task_id);
    if (was_held) current = (struct world_performance){execution_id, task_id, STR("")};
    return was_held;
}

void world_attach(struct runtime_worker *worker)
{
    observer.start_task = on_start_task;
    worker->stand_in = &observer;
    worker->tasks.loop = worker->loop;
}

// ---------------------------------------------------------------------------------------------
// Answers by token

static const char *event_name(enum engine_event_type type)
{
    return type == ENGINE_EVENT_TASK_SUCCEEDED ? "TASK_SUCCEEDED" : "TASK_FAILED";
}

static void note_late_answer(int64_t execution_id)
{
    const struct disk_execution *execution = disk_find(execution_id);
    if (!sim.is_disturbed) sim_fail("an answer was taken behind its time-out");
    if (execution != NULL) world_root_of(execution->row.name)->is_disturbed = true;
}

static void on_answered(void *context, const struct runtime_letter *letter)
{
    struct actor *actor = context;
    enum engine_event_type type = letter->event.type;
    bool is_beat = type == ENGINE_EVENT_TASK_HEARTBEAT;
    actor->is_in_flight = false;
    sim_say("answer to task %llu of %lld: %s", (unsigned long long)actor->task_id,
            (long long)actor->execution_id, status_name(letter->status));
    if (letter->status == STATUS_IO) { // Ask again; it may be taken all the same.
        if (actor->answer.is_late && !is_beat) note_late_answer(actor->execution_id);
        actor->due_unix_ms = sim.now_unix_ms + 100 + sim_draw(2000);
        return;
    }
    if (!str_equal(letter->token, actor->token)) { // That was the wrong one.
        if (letter->status == STATUS_OK) sim_fail("a wrong token was taken");
        actor->due_unix_ms = sim.now_unix_ms + 1;
        return;
    }
    if (is_beat && letter->status == STATUS_OK) {
        actor->beats_left--;
        int64_t next_ms = actor->beats_left > 0 ? 2000 : actor->answer.delay_ms;
        actor->due_unix_ms = next_ms < 0 ? INT64_MAX : sim.now_unix_ms + next_ms;
        return;
    }
    if (!is_beat && letter->status == STATUS_OK) {
        if (actor->has_answered) sim_fail("a task was answered twice");
        actor->has_answered = true;
        // Where the server was down when the time-out passed, either may be first.
        if (actor->answer.is_late) note_late_answer(actor->execution_id);
        acknowledge(actor->execution_id, actor->task_id, event_name(type));
    }
    actor->due_unix_ms = actor->is_twice ? sim.now_unix_ms + sim_draw(100) : INT64_MAX;
    actor->is_twice = false;
}

static void turn_answerer(struct actor *actor)
{
    bool is_beat = actor->beats_left > 0;
    enum engine_event_type type = is_beat                    ? ENGINE_EVENT_TASK_HEARTBEAT
                                  : actor->answer.is_success ? ENGINE_EVENT_TASK_SUCCEEDED
                                                             : ENGINE_EVENT_TASK_FAILED;
    struct runtime_letter *letter = runtime_letter_new(actor->execution_id, type);
    struct str token = actor->token;
    letter->event.task_id = actor->task_id;
    if (actor->is_wrong_first) {
        actor->is_wrong_first = false;
        token = arena_printf(&letter->arena, "%" STR_FORMAT "x", STR_ARGS(token));
    }
    if (!runtime_letter_copy(letter, token, &letter->token)) abort();
    if (type == ENGINE_EVENT_TASK_SUCCEEDED) {
        letter->output_text = arena_printf(&letter->arena, "{\"v\":%u}", actor->answer.value);
    } else if (type == ENGINE_EVENT_TASK_FAILED) {
        letter->event.error = (struct asl_error){str_from_c(actor->answer.error), STR("because")};
    }
    actor->is_in_flight = true;
    actor->due_unix_ms = INT64_MAX;
    runtime_letter_send(process_any_worker(), letter, on_answered, actor);
}

// ---------------------------------------------------------------------------------------------
// Activities

struct poll {
    struct runtime_activity_poll poll;
    struct arena arena;
    struct actor *actor;
};

static void note_delivery(struct str token)
{
    struct world_performance delivery = {0};
    if (!engine_task_token_read(token, &delivery.execution_id, &delivery.task_id)) {
        sim_fail("a token that leads nowhere: %" STR_FORMAT, STR_ARGS(token));
        return;
    }
    if (find_record(world.deliveries, world.delivery_count, delivery.execution_id,
                    delivery.task_id) != NULL) {
        sim_fail("two workers got task %llu of %lld", (unsigned long long)delivery.task_id,
                 (long long)delivery.execution_id);
    }
    assert(world.delivery_count < WORLD_RECORDS_MAX);
    world.deliveries[world.delivery_count++] = delivery;
}

static void on_polled(struct runtime_activity_poll *runtime_poll, enum status status)
{
    struct poll *poll = CONTAINER_OF(runtime_poll, struct poll, poll);
    struct actor *actor = poll->actor;
    actor->is_in_flight = false;
    actor->due_unix_ms = sim.now_unix_ms + sim_draw(50);
    if (status == STATUS_OK) {
        struct json question;
        sim_say("a worker gets %" STR_FORMAT, STR_ARGS(poll->poll.input));
        note_delivery(poll->poll.token);
        if (json_parse(&poll->arena, poll->poll.input, 0, &question, NULL) != STATUS_OK) abort();
        add_answerer(poll->poll.token, &question);
    } else if (status == STATUS_TIMED_OUT) {
        actor->due_unix_ms = INT64_MAX;
    }
    arena_release(&poll->arena);
    free(poll);
}

static void turn_poller(struct actor *actor)
{
    static const struct str arns[] = {
        STR_INIT("arn:aws:states:us-east-1:000000000000:activity:a0"),
        STR_INIT("arn:aws:states:us-east-1:000000000000:activity:a1"),
    };
    struct poll *poll = calloc(1, sizeof(*poll));
    arena_init(&poll->arena, MIB(2));
    poll->actor = actor;
    poll->poll.arena = &poll->arena;
    poll->poll.activity_arn = arns[actor->activity];
    poll->poll.on_done = on_polled;
    poll->poll.worker_name = sim_chance(2) ? STR("w") : (struct str){NULL, 0};
    actor->is_in_flight = true;
    actor->due_unix_ms = INT64_MAX;
    runtime_activity_poll(process_any_worker(), &poll->poll, POLL_MS);
}

size_t world_delivery_count(int64_t execution_id)
{
    size_t count = 0;
    for (size_t i = 0; i < world.delivery_count; i++)
        count += world.deliveries[i].execution_id == execution_id;
    return count;
}

// ---------------------------------------------------------------------------------------------
// Stops

static void on_stopped(void *context, const struct runtime_letter *letter)
{
    struct actor *actor = context;
    actor->is_in_flight = false;
    if (letter->status != STATUS_OK) return;
    acknowledge(letter->execution_id, 0, "STOP");
    if (!actor->wants_parent || sim_chance(3)) return;
    struct actor *redriver =
        add_actor(ACTOR_REDRIVER, (int64_t)sim_draw(sim_chance(2) ? 20 : 3000));
    redriver->execution_id = letter->execution_id;
}

static struct disk_execution *find_victim(bool wants_parent)
{
    if (!wants_parent) return disk.executions[sim_draw((unsigned)disk.execution_count)];
    if (map_runs.count == 0) return NULL;
    return disk_find(map_runs.runs[sim_draw((unsigned)map_runs.count)].parent_id);
}

static void turn_stopper(struct actor *actor)
{
    actor->due_unix_ms = INT64_MAX;
    if (disk.execution_count == 0) return;
    struct disk_execution *victim = find_victim(actor->wants_parent);
    if (victim == NULL || victim->synced_step_count == 0) return; // Nobody can know of it yet.
    struct runtime_letter *letter = runtime_letter_new(victim->row.id, ENGINE_EVENT_STOP);
    letter->event.error = (struct asl_error){STR("Stopped"), STR("by the operator")};
    world_root_of(victim->row.name)->is_disturbed = true;
    sim_say("stop %" STR_FORMAT, STR_ARGS(victim->row.name));
    actor->is_in_flight = true;
    runtime_letter_send(process_any_worker(), letter, on_stopped, actor);
}

// ---------------------------------------------------------------------------------------------
// Redrives

static void on_redriven(void *context, enum status status, int64_t redriven_unix_ms)
{
    struct actor *actor = context;
    (void)redriven_unix_ms;
    sim_say("redrive of %lld: %s", (long long)actor->execution_id, status_name(status));
    actor->is_in_flight = false;
    if (status == STATUS_OK) acknowledge(actor->execution_id, 0, "REDRIVE");
    if (status == STATUS_IO) actor->due_unix_ms = sim.now_unix_ms + 100 + sim_draw(2000);
}

static void turn_redriver(struct actor *actor)
{
    actor->due_unix_ms = INT64_MAX;
    if (disk.execution_count == 0) return;
    struct disk_execution *chosen = actor->execution_id != 0
                                        ? disk_find(actor->execution_id)
                                        : disk.executions[sim_draw((unsigned)disk.execution_count)];
    struct str status = chosen->row.status;
    if (chosen->synced_step_count < chosen->step_count || str_is(status, "RUNNING") ||
        str_is(status, "SUCCEEDED") || chosen->row.map_run_arn.size > 0) {
        return;
    }
    actor->execution_id = chosen->row.id;
    actor->is_in_flight = true;
    world_root_of(chosen->row.name)->is_disturbed = true;
    runtime_redrive(process_any_worker(), chosen->row.id, STR(""), false, on_redriven, actor);
}

// ---------------------------------------------------------------------------------------------
// Other limits for Map runs

static void on_updated(void *context, bool is_certain)
{
    struct actor *actor = context;
    (void)is_certain;
    actor->is_in_flight = false;
}

static void turn_updater(struct actor *actor)
{
    actor->due_unix_ms = INT64_MAX;
    if (map_runs.count == 0) return;
    struct watched_run *run = &map_runs.runs[sim_draw((unsigned)map_runs.count)];
    if (run->has_update) return;
    world_root_of(run->parent_name)->is_disturbed = true;
    actor->is_in_flight = true;
    map_runs_update(run, on_updated, actor);
}

// ---------------------------------------------------------------------------------------------
// All together

static void turn_starter(struct actor *actor)
{
    const struct world_root *root = &world.roots[actor->root];
    struct start_request *request = calloc(1, sizeof(*request));
    request->actor = actor;
    actor->is_in_flight = true;
    actor->due_unix_ms = INT64_MAX;
    start_execution(request, world_arn_of(root), root->name, root->input);
}

static void on_express_started(void *context, bool is_acknowledged)
{
    struct actor *actor = context;
    actor->is_in_flight = false;
    if (!is_acknowledged) actor->due_unix_ms = sim.now_unix_ms + 100 + sim_draw(1000);
}

static void turn_express_starter(struct actor *actor)
{
    actor->is_in_flight = true;
    actor->due_unix_ms = INT64_MAX;
    express_begin(on_express_started, actor);
}

static void turn_actor(struct actor *actor)
{
    switch (actor->type) {
    case ACTOR_STARTER: turn_starter(actor); break;
    case ACTOR_EXPRESS_STARTER: turn_express_starter(actor); break;
    case ACTOR_ANSWERER: turn_answerer(actor); break;
    case ACTOR_POLLER: turn_poller(actor); break;
    case ACTOR_STOPPER: turn_stopper(actor); break;
    case ACTOR_REDRIVER: turn_redriver(actor); break;
    case ACTOR_UPDATER: turn_updater(actor); break;
    }
}

bool world_turn(void)
{
    size_t total = actor_count + call_count;
    size_t first = total == 0 ? 0 : sim_draw((unsigned)total);
    for (size_t i = 0; i < total; i++) {
        size_t at = (first + i) % total;
        if (at < actor_count) {
            // A server that stops takes no requests.
            if (actors[at].due_unix_ms > sim.now_unix_ms || sim.is_stopping) continue;
            turn_actor(&actors[at]);
        } else {
            struct tasks_call *call = calls[at - actor_count];
            if (call->due_unix_ms > sim.now_unix_ms) continue;
            turn_call(call);
        }
        process_poke();
        return true;
    }
    return false;
}

int64_t world_due_unix_ms(void)
{
    int64_t due = INT64_MAX;
    for (size_t i = 0; i < actor_count && !sim.is_stopping; i++) {
        if (actors[i].due_unix_ms < due) due = actors[i].due_unix_ms;
    }
    for (size_t i = 0; i < call_count; i++) {
        if (calls[i]->due_unix_ms < due) due = calls[i]->due_unix_ms;
    }
    return due;
}

void world_init(void)
{
    static const char *const inputs[] = {"{\"list\":[]}", "{\"list\":[{\"a\":1}]}",
                                         "{\"list\":[3,\"x\",null,[1]]}"};
    static const char *const names[] = {"r0", "r1", "r2"};
    struct random random;
    world = (struct world){0};
    actor_count = call_count = start_request_count = child_count = 0;
    random_init_seed(&random, sim.seed ^ 0x30021d);
    world.root_count = 1 + random_u64(&random) % WORLD_ROOTS_MAX;
    for (size_t i = 0; i < world.root_count; i++) {
        world.roots[i] = (struct world_root){
            .name = str_from_c(names[i]),
            .machine = (unsigned)(random_u64(&random) % (MACHINE_COUNT - 1)),
            .input = str_from_c(inputs[random_u64(&random) % ARRAY_COUNT(inputs)]),
        };
        if (sim.features.has_map_runs && i % 2 == 0) {
            world.roots[i].input = STR("{\"list\":[1,2,3,4,5,6,7]}");
        }
        add_actor(ACTOR_STARTER, (int64_t)(random_u64(&random) % 3000))->root = i;
    }
    for (unsigned i = 0; i < POLLERS; i++) {
        struct actor *poller = add_actor(ACTOR_POLLER, 0);
        poller->activity = i % 2;
        poller->due_unix_ms = INT64_MAX;
    }
    for (unsigned i = 0; i < sim.plan.stop_count && sim.is_disturbed; i++)
        add_actor(ACTOR_STOPPER, (int64_t)sim_draw(sim_chance(2) ? 4000 : 200000));
    for (unsigned i = 0; i < sim.plan.redrive_count && sim.is_disturbed; i++)
        add_actor(ACTOR_REDRIVER, (int64_t)sim_draw(sim_chance(2) ? 60000 : 500000));
    for (unsigned i = 0; i < sim.plan.map_stop_count && sim.is_disturbed; i++)
        add_actor(ACTOR_STOPPER, (int64_t)sim_draw(sim_chance(2) ? 4000 : 60000))->wants_parent =
            true;
    for (unsigned i = 0; i < sim.plan.map_update_count && sim.is_disturbed; i++)
        add_actor(ACTOR_UPDATER, (int64_t)sim_draw(sim_chance(2) ? 4000 : 60000));
    for (unsigned i = 0; i < sim.features.express_count; i++)
        add_actor(ACTOR_EXPRESS_STARTER, (int64_t)sim_draw(30000));
}

void world_crash(void)
{
    call_count = start_request_count = 0;
    current = (struct world_performance){0};
    is_current_express = false;
    for (size_t i = 0; i < actor_count; i++) {
        if (!actors[i].is_in_flight) continue;
        actors[i].is_in_flight = false; // No reply: once more.
        actors[i].due_unix_ms = sim.now_unix_ms + sim_draw(3000);
    }
}

void world_boot(void)
{
    wake_pollers();
}

bool world_is_served(void)
{
    for (size_t i = 0; i < actor_count; i++) {
        if (actors[i].is_in_flight) return false;
    }
    return true;
}

bool world_is_finished(void)
{
    for (size_t i = 0; i < actor_count; i++) {
        bool is_idle = !actors[i].is_in_flight && actors[i].due_unix_ms == INT64_MAX;
        if (!is_idle && actors[i].type != ACTOR_POLLER) return false;
    }
    return call_count == 0;
}
