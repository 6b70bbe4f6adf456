// Execution and StateMachine are the same for all states and built once; State and what follows is
// built for every state that asks.

#include "engine/context_object.h"

#include <string.h>

#include "base/clock.h"
#include "engine/inspect.h"

static struct json text_value(struct str text)
{
    return json_from_str(text);
}

// Times are printed with a fraction of three digits, or none when it is zero.
static struct json time_value(struct arena *arena, int64_t unix_ms)
{
    char *text = arena_alloc(arena, CLOCK_ISO_SIZE);
    if (text == NULL) return json_empty_string;
    clock_render_iso(unix_ms, text);
    size_t size = CLOCK_ISO_SIZE;
    if (memcmp(text + CLOCK_ISO_SIZE - 5, ".000Z", 5) == 0) {
        text[CLOCK_ISO_SIZE - 5] = 'Z';
        size -= 4;
    }
    return json_from_str((struct str){text, size});
}

static struct json make_prefix(const struct engine_execution *of)
{
    struct arena *arena = of->arena;
    const struct engine_start *start = &of->start;
    struct json_members execution, machine, prefix;
    assert(start->execution_arn.data != NULL && start->execution_name.data != NULL);
    json_members_init(&execution, arena);
    json_members_append(&execution, STR("Id"), text_value(start->execution_arn));
    json_members_append(&execution, STR("Input"), start->input);
    json_members_append(&execution, STR("StartTime"), time_value(arena, start->started_unix_ms));
    json_members_append(&execution, STR("Name"), text_value(start->execution_name));
    json_members_append(&execution, STR("RoleArn"),
                        start->role_arn.data == NULL ? json_null : text_value(start->role_arn));
    if (start->machine->type == ASL_MACHINE_STANDARD && start->inspection == NULL) {
        json_members_append(&execution, STR("RedriveCount"), json_from_integer(of->redrive_count));
        if (of->redrive_count > 0) {
            json_members_append(&execution, STR("RedriveTime"),
                                time_value(arena, of->redriven_unix_ms));
        }
    }
    json_members_init(&machine, arena);
    json_members_append(&machine, STR("Id"), text_value(start->state_machine_arn));
    json_members_append(&machine, STR("Name"), text_value(start->state_machine_name));
    json_members_init(&prefix, arena);
    json_members_append(&prefix, STR("Execution"), json_members_finish(&execution));
    json_members_append(&prefix, STR("StateMachine"), json_members_finish(&machine));
    return json_members_finish(&prefix);
}

// Execution and StateMachine, kept for the next state that asks.
static bool get_prefix(struct engine_execution *execution, struct json *ret_prefix)
{
    if (json_is_null(&execution->context_prefix)) {
        execution->context_prefix = make_prefix(execution);
    }
    *ret_prefix = execution->context_prefix;
    return !execution->arena->is_exhausted;
}

static struct json map_value(struct arena *arena, uint64_t index, const struct json *item)
{
    struct json_members item_members, map_members;
    json_members_init(&item_members, arena);
    json_members_append(&item_members, STR("Index"), json_from_integer((int64_t)index));
    json_members_append(&item_members, STR("Value"), *item);
    json_members_init(&map_members, arena);
    json_members_append(&map_members, STR("Item"), json_members_finish(&item_members));
    return json_members_finish(&map_members);
}

// The strand that is the innermost iteration around; NULL without one.
static const struct strand *find_iteration(const struct strand *strand)
{
    for (; strand->parent != NULL; strand = strand->parent) {
        if (strand_outer_state(strand)->type == ASL_STATE_MAP) return strand;
    }
    return NULL;
}

static bool has_retry_count(enum asl_state_type type)
{
    return type == ASL_STATE_TASK || type == ASL_STATE_MAP || type == ASL_STATE_PARALLEL;
}

static bool make(struct step *step, struct strand *strand, const struct json *map,
                 struct json *ret_object)
{
    struct arena *arena = step->values;
    struct json prefix;
    assert(strand->state->uses_context);
    if (step->inspection != NULL && json_is_object(&step->inspection->context_object)) {
        return inspect_context(step, map, ret_object);
    }
    if (!get_prefix(step->execution, &prefix)) return false;
    struct json_members state, object;
    json_members_init(&state, arena);
    json_members_append(&state, STR("Name"), text_value(strand->state->name));
    json_members_append(&state, STR("EnteredTime"), time_value(arena, strand->entered_unix_ms));
    if (has_retry_count(strand->state->type)) {
        json_members_append(&state, STR("RetryCount"), json_from_integer(strand->retry_count));
    }
    json_members_init(&object, arena);
    for (uint32_t i = 0; i < prefix.size; i++)
        json_members_append(&object, json_str(&prefix.members[i].name), prefix.members[i].value);
    json_members_append(&object, STR("State"), json_members_finish(&state));
    if (strand->task.token.size > 0) {
        struct json_members task;
        json_members_init(&task, arena);
        json_members_append(&task, STR("Token"), text_value(strand->task.token));
        json_members_append(&object, STR("Task"), json_members_finish(&task));
    }
    if (map != NULL) json_members_append(&object, STR("Map"), *map);
    *ret_object = json_members_finish(&object);
    return !arena->is_exhausted;
}

bool context_object_make(struct step *step, struct strand *strand, struct json *ret_object)
{
    const struct strand *iteration = find_iteration(strand);
    assert(iteration == NULL || iteration->index < iteration->parent->fan_out->count);
    if (iteration == NULL) return make(step, strand, NULL, ret_object);
    struct json map = map_value(step->values, iteration->index, &iteration->item);
    return make(step, strand, &map, ret_object);
}

bool context_object_make_for_item(struct step *step, struct strand *strand, uint64_t index,
                                  const struct json *item, struct json *ret_object)
{
    struct json map = map_value(step->values, index, item);
    return make(step, strand, &map, ret_object);
}

bool context_object_is_used(const struct asl_machine *machine)
{
    for (uint32_t i = 0; i < machine->state_count; i++) {
        if (machine->states[i].uses_context) return true;
    }
    return false;
}
