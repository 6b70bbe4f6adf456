// What is going to happen stands in a heap ordered by time; at equal times, first come first
// served.

#include "engine/rehearsal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/random.h"
#include "engine/snapshot.h"

enum {
    ARENA_BYTES_MAX = 1 << 30,
    MOVE_BYTES_MIN = 1 << 20, // Of garbage and values, before an execution is moved for its size.
    CONTINUE_TAKES_MS = 1000, // A step so full that it yields takes a while; loops end this way.
};

// Something that is going to happen.
struct occurrence {
    int64_t unix_ms;
    uint64_t order;
    struct engine_event event;
};

struct theatre {
    struct rehearsal *rehearsal;
    struct rehearsal_result *result;
    struct arena *result_arena;
    struct arena arenas[2]; // The execution's, and the one that it moves to.
    struct arena step_arena;
    int arena_index;
    size_t bytes_after_move;
    struct engine_execution *execution;
    struct random random;
    int64_t now_unix_ms;
    uint64_t order;
    struct occurrence *heap;
    size_t count;
    size_t capacity;
    bool is_over;
    uint32_t redrive_count;
    enum status fault;
};

static bool is_earlier(const struct occurrence *a, const struct occurrence *b)
{
    return a->unix_ms != b->unix_ms ? a->unix_ms < b->unix_ms : a->order < b->order;
}

static void expect(struct theatre *theatre, int64_t unix_ms, struct engine_event event)
{
    if (theatre->count == theatre->capacity) {
        size_t capacity = theatre->capacity == 0 ? 64 : theatre->capacity * 2;
        struct occurrence *heap = realloc(theatre->heap, capacity * sizeof(*heap));
        if (heap == NULL) {
            theatre->fault = STATUS_NO_MEMORY;
            return;
        }
        theatre->heap = heap;
        theatre->capacity = capacity;
    }
    struct occurrence occurrence = {unix_ms, theatre->order++, event};
    size_t at = theatre->count++;
    while (at > 0 && is_earlier(&occurrence, &theatre->heap[(at - 1) / 2])) {
        theatre->heap[at] = theatre->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    theatre->heap[at] = occurrence;
}

static struct occurrence take_next(struct theatre *theatre)
{
    assert(theatre->count > 0);
    struct occurrence next = theatre->heap[0], last = theatre->heap[--theatre->count];
    size_t at = 0;
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= theatre->count) break;
        if (child + 1 < theatre->count &&
            is_earlier(&theatre->heap[child + 1], &theatre->heap[child])) {
            child++;
        }
        if (!is_earlier(&theatre->heap[child], &last)) break;
        theatre->heap[at] = theatre->heap[child];
        at = child;
    }
    theatre->heap[at] = last;
    return next;
}

// A cancelled occurrence stays in the heap but does nothing: its ids are wiped out.
static void cancel(struct theatre *theatre, uint64_t task_id, uint64_t timer_id)
{
    for (size_t i = 0; i < theatre->count; i++) {
        struct engine_event *event = &theatre->heap[i].event;
        if (task_id != 0 && event->task_id == task_id) event->task_id = 0;
        if (timer_id != 0 && event->timer_id == timer_id) event->timer_id = 0;
    }
}

static bool is_cancelled(const struct engine_event *event)
{
    bool is_of_task =
        event->type >= ENGINE_EVENT_TASK_SUBMITTED && event->type <= ENGINE_EVENT_TASK_HEARTBEAT;
    return (is_of_task && event->task_id == 0) ||
           (event->type == ENGINE_EVENT_TIMER_FIRED && event->timer_id == 0);
}

static const struct rehearsal_answer *find_answer(struct theatre *theatre,
                                                  const struct asl_state *state)
{
    struct rehearsal *rehearsal = theatre->rehearsal;
    if (rehearsal->on_task != NULL) {
        const struct rehearsal_answer *answer = rehearsal->on_task(rehearsal->context, state);
        if (answer != NULL) return answer;
    }
    for (size_t i = 0; i < rehearsal->answer_count; i++) {
        struct rehearsal_answer *answer = &rehearsal->answers[i];
        bool is_for_it = answer->state.size == 0 || str_equal(answer->state, state->name);
        if (answer->is_taken || !is_for_it) continue;
        answer->is_taken = true;
        return answer;
    }
    return NULL;
}

static void refuse(struct theatre *theatre, const struct engine_command *command)
{
    struct rehearsal_result *result = theatre->result;
    result->end = REHEARSAL_UNEXPECTED;
    theatre->is_over = true;
    if (!arena_copy_str(theatre->result_arena, command->state->name, &result->unexpected_state) ||
        !json_copy(theatre->result_arena, &command->parameters, &result->unexpected_input)) {
        theatre->fault = STATUS_NO_MEMORY;
    }
}

// What comes before the answer: the worker takes an activity, a service takes a job.
static void expect_prelude(struct theatre *theatre, const struct engine_command *command,
                           const struct rehearsal_answer *answer)
{
    const struct asl_resource *resource = command->resource;
    struct engine_event event = {.task_id = command->task_id};
    if (resource->kind == ASL_RESOURCE_ACTIVITY) {
        event.type = ENGINE_EVENT_TASK_STARTED;
        event.worker_name = answer->worker_name;
        expect(theatre, theatre->now_unix_ms, event);
    } else if (resource->kind == ASL_RESOURCE_SERVICE &&
               resource->pattern != ASL_REQUEST_RESPONSE) {
        event.type = ENGINE_EVENT_TASK_SUBMITTED;
        event.output = answer->submitted == NULL ? json_empty_object : *answer->submitted;
        expect(theatre, theatre->now_unix_ms, event);
    }
    event = (struct engine_event){.type = ENGINE_EVENT_TASK_HEARTBEAT, .task_id = command->task_id};
    for (int64_t at = answer->heartbeat_ms; answer->heartbeat_ms > 0 && at < answer->takes_ms;
         at += answer->heartbeat_ms)
        expect(theatre, theatre->now_unix_ms + at, event);
}

static void start_task(struct theatre *theatre, const struct engine_command *command)
{
    const struct rehearsal_answer *answer = find_answer(theatre, command->state);
    if (answer == NULL) return; // Nobody answers.
    if (answer->input != NULL && !json_equal(answer->input, &command->parameters)) {
        refuse(theatre, command);
        return;
    }
    expect_prelude(theatre, command, answer);
    struct engine_event event = {.task_id = command->task_id};
    if (answer->output != NULL) {
        event.type = ENGINE_EVENT_TASK_SUCCEEDED;
        event.output = *answer->output;
    } else if (answer->error.name.data != NULL) {
        event.type = ENGINE_EVENT_TASK_FAILED;
        event.error = answer->error;
    } else {
        return;
    }
    expect(theatre, theatre->now_unix_ms + answer->takes_ms, event);
}

static void perform(struct theatre *theatre, const struct engine_command *command)
{
    struct engine_event timer = {.type = ENGINE_EVENT_TIMER_FIRED, .timer_id = command->timer_id};
    struct engine_event again = {.type = ENGINE_EVENT_CONTINUE};
    switch (command->type) {
    case ENGINE_COMMAND_START_TASK: start_task(theatre, command); break;
    case ENGINE_COMMAND_CANCEL_TASK: cancel(theatre, command->task_id, 0); break;
    case ENGINE_COMMAND_ARM_TIMER: expect(theatre, command->at_unix_ms, timer); break;
    case ENGINE_COMMAND_CANCEL_TIMER: cancel(theatre, 0, command->timer_id); break;
    case ENGINE_COMMAND_CONTINUE:
        expect(theatre, theatre->now_unix_ms + CONTINUE_TAKES_MS, again);
        break;
    }
}

static bool copy_text(struct arena *arena, struct str text, struct str *ret_copy)
{
    *ret_copy = (struct str){0};
    return text.data == NULL || arena_copy_str(arena, text, ret_copy);
}

static void take_result(struct theatre *theatre, const struct engine_update *update)
{
    struct rehearsal_result *result = theatre->result;
    struct arena *arena = theatre->result_arena;
    assert(update->status != ENGINE_RUNNING && !theatre->is_over);
    result->end = REHEARSAL_ENDED;
    result->status = update->status;
    result->stopped_unix_ms = update->stopped_unix_ms;
    theatre->is_over = true;
    if (!json_copy(arena, &update->output, &result->output) ||
        !copy_text(arena, update->error.name, &result->error.name) ||
        !copy_text(arena, update->error.cause, &result->error.cause)) {
        theatre->fault = STATUS_NO_MEMORY;
    }
}

static enum status bring_back(struct theatre *theatre, struct arena *to)
{
    struct buffer CLEANUP(buffer_release) text;
    struct engine_start start = theatre->rehearsal->start;
    buffer_init(&text, ARENA_BYTES_MAX);
    enum status status = engine_execution_encode(theatre->execution, &text);
    if (status != STATUS_OK) return status;
    start.can_redrive = theatre->rehearsal->redrives_max > 0;
    start.input = json_null; // It does not need them.
    start.input_text = (struct str){0};
    return engine_execution_decode(to, &start, buffer_str(&text), &theatre->execution);
}

static enum status move(struct theatre *theatre)
{
    struct arena *from = &theatre->arenas[theatre->arena_index];
    bool is_large = from->used_bytes > MOVE_BYTES_MIN + 4 * theatre->bytes_after_move;
    bool is_put_down = theatre->rehearsal->is_put_down;
    if (!theatre->rehearsal->moves && !is_put_down && !is_large) return STATUS_OK;
    struct arena *to = &theatre->arenas[1 - theatre->arena_index];
    enum status status = is_put_down
                             ? bring_back(theatre, to)
                             : engine_execution_move(theatre->execution, to, &theatre->execution);
    if (status != STATUS_OK) return status;
    arena_release(from);
    theatre->arena_index = 1 - theatre->arena_index;
    theatre->bytes_after_move = to->used_bytes;
    return STATUS_OK;
}

static enum status feed(struct theatre *theatre, struct engine_event event, int64_t unix_ms)
{
    struct engine_update update;
    event.now_unix_ms = unix_ms;
    event.random_seed = random_u64(&theatre->random);
    arena_reset(&theatre->step_arena);
    enum status status = engine_step(theatre->execution, &event, &theatre->step_arena, &update);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status != STATUS_OK) return status;
    assert(unix_ms >= theatre->now_unix_ms);
    theatre->now_unix_ms = unix_ms;
    if (theatre->rehearsal->on_update != NULL) {
        theatre->rehearsal->on_update(theatre->rehearsal->context, &update);
    }
    bool is_redriven = update.status != ENGINE_RUNNING && update.status != ENGINE_SUCCEEDED &&
                       theatre->redrive_count < theatre->rehearsal->redrives_max;
    if (is_redriven) {
        struct engine_event redrive = {
            .type = ENGINE_EVENT_REDRIVE,
            .redrive_count = ++theatre->redrive_count,
        };
        expect(theatre, unix_ms, redrive);
    } else if (update.status != ENGINE_RUNNING) {
        take_result(theatre, &update);
        return theatre->fault;
    }
    for (size_t i = 0; i < update.command_count && !theatre->is_over; i++)
        perform(theatre, &update.commands[i]);
    if (theatre->fault != STATUS_OK) return theatre->fault;
    return update.status == ENGINE_RUNNING ? move(theatre) : STATUS_OK;
}

static enum status play(struct theatre *theatre)
{
    const struct rehearsal *rehearsal = theatre->rehearsal;
    int64_t start_unix_ms = rehearsal->start.started_unix_ms;
    if (rehearsal->stop_after_ms >= 0) {
        struct engine_event stop = {.type = ENGINE_EVENT_STOP, .error = rehearsal->stop_error};
        expect(theatre, start_unix_ms + rehearsal->stop_after_ms, stop);
        if (theatre->fault != STATUS_OK) return theatre->fault;
    }
    struct engine_event start = {.type = ENGINE_EVENT_START};
    enum status status = feed(theatre, start, start_unix_ms);
    while (status == STATUS_OK && !theatre->is_over && theatre->count > 0) {
        struct occurrence next = take_next(theatre);
        if (!is_cancelled(&next.event)) status = feed(theatre, next.event, next.unix_ms);
    }
    return status;
}

enum status rehearsal_run(struct rehearsal *rehearsal, struct arena *arena,
                          struct rehearsal_result *ret_result)
{
    struct rehearsal_result result = {.end = REHEARSAL_STUCK, .status = ENGINE_RUNNING};
    struct theatre theatre = {
        .rehearsal = rehearsal,
        .result = &result,
        .result_arena = arena,
        .now_unix_ms = rehearsal->start.started_unix_ms,
    };
    arena_init(&theatre.arenas[0], ARENA_BYTES_MAX);
    arena_init(&theatre.arenas[1], ARENA_BYTES_MAX);
    arena_init(&theatre.step_arena, ARENA_BYTES_MAX);
    random_init_seed(&theatre.random, rehearsal->seed);
    struct engine_start start = rehearsal->start;
    start.can_redrive = rehearsal->redrives_max > 0;
    enum status status = engine_execution_new(&theatre.arenas[0], &start, &theatre.execution);
    if (status == STATUS_OK) status = play(&theatre);
    arena_release(&theatre.arenas[0]);
    arena_release(&theatre.arenas[1]);
    arena_release(&theatre.step_arena);
    free(theatre.heap);
    if (status == STATUS_OK) *ret_result = result;
    return status;
}
