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

struct identity {
    uint32_t redrive_count;
    int64_t redriven_unix_ms;
    struct str execution_arn, execution_name, state_machine_arn, state_machine_name;
    struct json input;
    int64_t started_unix_ms;
};

static struct json make_prefix(struct step *step, const struct identity *identity)
{
    struct arena *arena = step->values;
    const struct engine_start *start = &step->execution->start;
    struct json_members execution, machine, prefix;
    assert(identity->execution_arn.data != NULL && identity->execution_name.data != NULL);
    json_members_init(&execution, arena);
    json_members_append(&execution, STR("Id"), text_value(identity->execution_arn));
    json_members_append(&execution, STR("Input"), identity->input);
    json_members_append(&execution, STR("StartTime"), time_value(arena, identity->started_unix_ms));
    json_members_append(&execution, STR("Name"), text_value(identity->execution_name));
    json_members_append(&execution, STR("RoleArn"),
                        start->role_arn.data == NULL ? json_null : text_value(start->role_arn));
    if (start->machine->type == ASL_MACHINE_STANDARD && start->inspection == NULL) {
        json_members_append(&execution, STR("RedriveCount"),
                            json_from_integer(identity->redrive_count));
        if (identity->redrive_count > 0) {
            json_members_append(&execution, STR("RedriveTime"),
                                time_value(arena, identity->redriven_unix_ms));
        }
    }
    json_members_init(&machine, arena);
    json_members_append(&machine, STR("Id"), text_value(identity->state_machine_arn));
    json_members_append(&machine, STR("Name"), text_value(identity->state_machine_name));
    json_members_init(&prefix, arena);
    json_members_append(&prefix, STR("Execution"), json_members_finish(&execution));
    json_members_append(&prefix, STR("StateMachine"), json_members_finish(&machine));
    return json_members_finish(&prefix);
}

struct str map_label(struct step *step, const struct asl_state *state)
{
    assert(state_is_distributed_map(state));
    if (state->map.label.size > 0) return state->map.label;
    // A machine without labels gets one per state when it is created. It only has to be stable and
    // distinct, so it is derived from what identifies the state (FNV-1a).
    uint64_t seed = UINT64_C(0xcbf29ce484222325);
    struct str parts[] = {step->execution->start.state_machine_arn, state->name};
    for (size_t part = 0; part < ARRAY_COUNT(parts); part++) {
        for (size_t i = 0; i < parts[part].size; i++)
            seed = (seed ^ (unsigned char)parts[part].data[i]) * UINT64_C(0x100000001b3);
    }
    struct random random;
    char text[RANDOM_UUID_SIZE];
    random_init_seed(&random, seed);
    random_uuid(&random, text);
    return arena_printf(step->values, "%.*s", RANDOM_UUID_SIZE, text);
}

bool child_execution_name(struct step *step, struct strand *strand, struct str *ret_name)
{
    struct child_execution *child = strand->child_execution;
    assert(child != NULL);
    if (child->name.size == 0) {
        char *text = arena_alloc(step->values, RANDOM_UUID_SIZE);
        if (text == NULL) return false;
        random_uuid(&step->random, text);
        child->name = (struct str){text, RANDOM_UUID_SIZE};
    }
    *ret_name = child->name;
    return true;
}

// "arn:aws:states:REGION:ACCOUNT:stateMachine:NAME" gives "arn:aws:states:REGION:ACCOUNT:".
static struct str arn_prefix(struct str arn)
{
    size_t colons = 0;
    for (size_t i = 0; i < arn.size; i++) {
        if (arn.data[i] == ':' && ++colons == 5) return str_slice(arn, 0, i + 1);
    }
    return arn;
}

static bool make_child_prefix(struct step *step, struct strand *strand, struct json *ret_prefix)
{
    struct child_execution *child = strand->child_execution;
    const struct engine_start *start = &step->execution->start;
    struct identity identity = {
        .input = child->input,
        .started_unix_ms = child->started_unix_ms,
    };
    if (!child_execution_name(step, strand, &identity.execution_name)) return false;
    struct str label = map_label(step, strand_outer_state(strand));
    struct str name = arena_printf(step->values, "%" STR_FORMAT "/%" STR_FORMAT,
                                   STR_ARGS(start->state_machine_name), STR_ARGS(label));
    struct str prefix = arn_prefix(start->state_machine_arn);
    identity.state_machine_name = name;
    identity.state_machine_arn = arena_printf(
        step->values, "%" STR_FORMAT "stateMachine:%" STR_FORMAT, STR_ARGS(prefix), STR_ARGS(name));
    identity.execution_arn =
        arena_printf(step->values, "%" STR_FORMAT "execution:%" STR_FORMAT ":%" STR_FORMAT,
                     STR_ARGS(prefix), STR_ARGS(name), STR_ARGS(identity.execution_name));
    *ret_prefix = make_prefix(step, &identity);
    return !step->values->is_exhausted;
}

// Execution and StateMachine as the strand sees them.
static bool get_prefix(struct step *step, struct strand *strand, struct json *ret_prefix)
{
    struct strand *outermost = strand;
    while (outermost->parent != NULL && outermost->child_execution == NULL)
        outermost = outermost->parent;
    struct json *cached = outermost->child_execution != NULL
                              ? &outermost->child_execution->context_prefix
                              : &step->execution->context_prefix;
    if (json_is_null(cached) && outermost->child_execution != NULL) {
        if (!make_child_prefix(step, outermost, cached)) return false;
    } else if (json_is_null(cached)) {
        const struct engine_start *start = &step->execution->start;
        struct identity identity = {
            .execution_arn = start->execution_arn,
            .execution_name = start->execution_name,
            .state_machine_arn = start->state_machine_arn,
            .state_machine_name = start->state_machine_name,
            .input = start->input,
            .started_unix_ms = start->started_unix_ms,
            .redrive_count = step->execution->redrive_count,
            .redriven_unix_ms = step->execution->redriven_unix_ms,
        };
        *cached = make_prefix(step, &identity);
    }
    *ret_prefix = *cached;
    return !step->values->is_exhausted;
}

static struct json map_value(struct arena *arena, uint32_t index, const struct json *item)
{
    struct json_members item_members, map_members;
    json_members_init(&item_members, arena);
    json_members_append(&item_members, STR("Index"), json_from_integer(index));
    json_members_append(&item_members, STR("Value"), *item);
    json_members_init(&map_members, arena);
    json_members_append(&map_members, STR("Item"), json_members_finish(&item_members));
    return json_members_finish(&map_members);
}

// The strand that is the innermost iteration around, within the same execution; NULL without one.
static const struct strand *find_iteration(const struct strand *strand)
{
    for (; strand->parent != NULL && strand->child_execution == NULL; strand = strand->parent) {
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
    if (!get_prefix(step, strand, &prefix)) return false;
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

bool context_object_make_for_item(struct step *step, struct strand *strand, uint32_t index,
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
