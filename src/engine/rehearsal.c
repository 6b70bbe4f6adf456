// What is going to happen stands in a heap ordered by time; at equal times, first come first
// served.

#include "engine/rehearsal.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/rehearsal_private.h"
#include "engine/snapshot.h"

enum {
    ARENA_BYTES_MAX = 1 << 30,
    MOVE_BYTES_MIN = 1 << 20, // Of garbage and values, before an execution is moved for its size.
    CONTINUE_TAKES_MS = 1000, // A step so full that it yields takes a while; loops end this way.
};

static bool is_earlier(const struct occurrence *a, const struct occurrence *b)
{
    return a->unix_ms != b->unix_ms ? a->unix_ms < b->unix_ms : a->order < b->order;
}

void theatre_expect(struct theatre *theatre, int64_t unix_ms, struct player *player,
                    struct engine_event event)
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
    struct occurrence occurrence = {unix_ms, theatre->order++, player, event};
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
static void cancel(struct player *player, uint64_t task_id, uint64_t timer_id)
{
    struct theatre *theatre = player->theatre;
    for (size_t i = 0; i < theatre->count; i++) {
        struct engine_event *event = &theatre->heap[i].event;
        if (theatre->heap[i].player != player) continue;
        if (task_id != 0 && event->task_id == task_id) event->task_id = 0;
        if (timer_id != 0 && event->timer_id == timer_id) event->timer_id = 0;
    }
}

static bool is_cancelled(const struct engine_event *event)
{
    bool is_of_task =
        event->type >= ENGINE_EVENT_TASK_SUBMITTED && event->type <= ENGINE_EVENT_MAP_RUN_ENDED;
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

static void expect(struct player *player, int64_t after_ms, struct engine_event event)
{
    theatre_expect(player->theatre, player->theatre->now_unix_ms + after_ms, player, event);
}

// What comes before the answer: the worker takes an activity, a service takes a job.
static void expect_prelude(struct player *player, const struct engine_command *command,
                           const struct rehearsal_answer *answer)
{
    const struct asl_resource *resource = command->resource;
    struct engine_event event = {.task_id = command->task_id};
    if (resource->kind == ASL_RESOURCE_ACTIVITY) {
        event.type = ENGINE_EVENT_TASK_STARTED;
        event.worker_name = answer->worker_name;
        expect(player, 0, event);
    } else if (resource->kind == ASL_RESOURCE_SERVICE &&
               resource->pattern != ASL_REQUEST_RESPONSE) {
        event.type = ENGINE_EVENT_TASK_SUBMITTED;
        event.output = answer->submitted == NULL ? json_empty_object : *answer->submitted;
        expect(player, 0, event);
    }
    event = (struct engine_event){.type = ENGINE_EVENT_TASK_HEARTBEAT, .task_id = command->task_id};
    for (int64_t at = answer->heartbeat_ms; answer->heartbeat_ms > 0 && at < answer->takes_ms;
         at += answer->heartbeat_ms)
        expect(player, at, event);
}

static void start_task(struct player *player, const struct engine_command *command)
{
    const struct rehearsal_answer *answer = find_answer(player->theatre, command->state);
    if (answer == NULL) return; // Nobody answers.
    if (answer->input != NULL && !json_equal(answer->input, &command->parameters)) {
        refuse(player->theatre, command);
        return;
    }
    expect_prelude(player, command, answer);
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
    expect(player, answer->takes_ms, event);
}

static void perform(struct player *player, const struct engine_command *command)
{
    struct engine_event timer = {.type = ENGINE_EVENT_TIMER_FIRED, .timer_id = command->timer_id};
    struct engine_event again = {.type = ENGINE_EVENT_CONTINUE};
    switch (command->type) {
    case ENGINE_COMMAND_START_TASK: start_task(player, command); break;
    case ENGINE_COMMAND_CANCEL_TASK: cancel(player, command->task_id, 0); break;
    case ENGINE_COMMAND_START_MAP_RUN: show_begin(player, command); break;
    case ENGINE_COMMAND_CANCEL_MAP_RUN:
        cancel(player, command->task_id, 0);
        show_cancel(player, command->task_id);
        break;
    case ENGINE_COMMAND_ARM_TIMER:
        theatre_expect(player->theatre, command->at_unix_ms, player, timer);
        break;
    case ENGINE_COMMAND_CANCEL_TIMER: cancel(player, 0, command->timer_id); break;
    case ENGINE_COMMAND_CONTINUE: expect(player, CONTINUE_TAKES_MS, again); break;
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

// ---------------------------------------------------------------------------------------------
// Players

struct player *player_new(struct theatre *theatre)
{
    struct player *player = calloc(1, sizeof(*player));
    if (player == NULL) {
        theatre->fault = STATUS_NO_MEMORY;
        return NULL;
    }
    player->theatre = theatre;
    arena_init(&player->arenas[0], ARENA_BYTES_MAX);
    arena_init(&player->arenas[1], ARENA_BYTES_MAX);
    list_init(&player->link);
    list_append(&theatre->players, &player->link);
    return player;
}

void player_leave(struct player *player)
{
    if (player->has_left) return;
    player->has_left = true;
    show_cancel_all(player);
    arena_release(&player->arenas[0]);
    arena_release(&player->arenas[1]);
}

static enum status bring_back(struct player *player, struct arena *to)
{
    struct buffer CLEANUP(buffer_release) text;
    struct engine_start start = player->start;
    buffer_init(&text, ARENA_BYTES_MAX);
    enum status status = engine_execution_encode(player->execution, &text);
    if (status != STATUS_OK) return status;
    start.input = json_null; // It does not need them.
    start.input_text = (struct str){0};
    return engine_execution_decode(to, &start, buffer_str(&text), &player->execution);
}

static enum status move(struct player *player)
{
    const struct rehearsal *rehearsal = player->theatre->rehearsal;
    struct arena *from = &player->arenas[player->arena_index];
    bool is_large = from->used_bytes > MOVE_BYTES_MIN + 4 * player->bytes_after_move;
    if (!rehearsal->moves && !rehearsal->is_put_down && !is_large) return STATUS_OK;
    struct arena *to = &player->arenas[1 - player->arena_index];
    enum status status = rehearsal->is_put_down
                             ? bring_back(player, to)
                             : engine_execution_move(player->execution, to, &player->execution);
    if (status != STATUS_OK) return status;
    arena_release(from);
    player->arena_index = 1 - player->arena_index;
    player->bytes_after_move = to->used_bytes;
    return STATUS_OK;
}

static void end(struct player *player, const struct engine_update *update)
{
    if (player->show == NULL) {
        take_result(player->theatre, update);
        return;
    }
    show_on_child_ended(player, update);
    player_leave(player);
}

// The first player goes on as often as the rehearsal says.
static bool is_redriven(struct player *player, const struct engine_update *update)
{
    struct theatre *theatre = player->theatre;
    if (player->show != NULL || update->status == ENGINE_SUCCEEDED) return false;
    if (theatre->redrive_count >= theatre->rehearsal->redrives_max) return false;
    struct engine_event redrive = {
        .type = ENGINE_EVENT_REDRIVE,
        .redrive_count = ++theatre->redrive_count,
    };
    expect(player, update->stopped_unix_ms - theatre->now_unix_ms, redrive);
    return true;
}

void player_feed(struct player *player, struct engine_event event, int64_t unix_ms)
{
    struct theatre *theatre = player->theatre;
    struct engine_update update;
    struct arena CLEANUP(arena_release) step_arena; // Steps of children are taken within a step.
    arena_init(&step_arena, ARENA_BYTES_MAX);
    event.now_unix_ms = unix_ms;
    event.random_seed = random_u64(&theatre->random);
    enum status status = engine_step(player->execution, &event, &step_arena, &update);
    if (status == STATUS_NOT_FOUND) return;
    if (status == STATUS_OK) {
        assert(unix_ms >= theatre->now_unix_ms);
        theatre->now_unix_ms = unix_ms;
        if (player->show == NULL && theatre->rehearsal->on_update != NULL) {
            theatre->rehearsal->on_update(theatre->rehearsal->context, &update);
        }
        bool is_over = update.status != ENGINE_RUNNING;
        if (is_over && !is_redriven(player, &update)) {
            end(player, &update);
            return;
        }
        for (size_t i = 0; i < update.command_count; i++) {
            if (!theatre->is_over && theatre->fault == STATUS_OK) {
                perform(player, &update.commands[i]);
            }
        }
        if (theatre->is_over || is_over) return;
        status = move(player);
    }
    if (theatre->fault == STATUS_OK && status != STATUS_OK) theatre->fault = status;
}

// ---------------------------------------------------------------------------------------------

static enum status play(struct theatre *theatre, struct player *first)
{
    const struct rehearsal *rehearsal = theatre->rehearsal;
    int64_t start_unix_ms = rehearsal->start.started_unix_ms;
    if (rehearsal->stop_after_ms >= 0) {
        struct engine_event stop = {.type = ENGINE_EVENT_STOP, .error = rehearsal->stop_error};
        expect(first, rehearsal->stop_after_ms, stop);
    }
    player_feed(first, (struct engine_event){.type = ENGINE_EVENT_START}, start_unix_ms);
    while (theatre->fault == STATUS_OK && !theatre->is_over && theatre->count > 0) {
        struct occurrence next = take_next(theatre);
        if (next.player->has_left || is_cancelled(&next.event)) continue;
        player_feed(next.player, next.event, next.unix_ms);
        if (next.player->show != NULL && !theatre->is_over) show_go_on(next.player->show);
    }
    return theatre->fault;
}

static void close(struct theatre *theatre)
{
    LIST_EACH(link, &theatre->players)
    {
        player_leave(LIST_ITEM(link, struct player, link));
    }
    LIST_EACH(link, &theatre->players)
    {
        free(LIST_ITEM(link, struct player, link));
    }
    show_free_all(theatre);
    arena_release(&theatre->step_arena);
    free(theatre->heap);
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
    list_init(&theatre.players);
    list_init(&theatre.shows);
    arena_init(&theatre.step_arena, ARENA_BYTES_MAX);
    random_init_seed(&theatre.random, rehearsal->seed);
    struct player *first = player_new(&theatre);
    enum status status = first == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK) {
        first->start = rehearsal->start;
        first->start.can_redrive = rehearsal->redrives_max > 0;
        status = engine_execution_new(&first->arenas[0], &first->start, &first->execution);
    }
    if (status == STATUS_OK) status = play(&theatre, first);
    close(&theatre);
    if (status == STATUS_OK) *ret_result = result;
    return status;
}
