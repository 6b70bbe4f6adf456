// The item processor of a distributed Map, taken out of the definition that it stands in.

#include <assert.h>

#include "asl/compile.h"
#include "asl/machine.h"

// The state of that name among `scope` and all scopes within it; NULL when there is none.
// NOLINTNEXTLINE(misc-no-recursion): at most ASL_SCOPES_NESTED_MAX deep.
static const struct json *find_state(const struct json *scope, struct str name, uint32_t depth)
{
    const struct json *states = json_is_object(scope) ? JSON_FIND(scope, "States") : NULL;
    if (states == NULL || !json_is_object(states) || depth > ASL_SCOPES_NESTED_MAX) return NULL;
    const struct json *found = json_find(states, name);
    for (uint32_t i = 0; found == NULL && i < states->size; i++) {
        const struct json *state = &states->members[i].value;
        if (!json_is_object(state)) continue;
        const struct json *branches = JSON_FIND(state, "Branches");
        const struct json *processor = JSON_FIND(state, "ItemProcessor");
        if (processor == NULL) processor = JSON_FIND(state, "Iterator");
        if (processor != NULL) found = find_state(processor, name, depth + 1);
        if (branches == NULL || !json_is_array(branches)) continue;
        for (uint32_t k = 0; found == NULL && k < branches->size; k++)
            found = find_state(&branches->items[k], name, depth + 1);
    }
    return found;
}

enum status asl_processor_definition(const struct asl_machine *machine,
                                     const struct asl_state *state, struct arena *arena,
                                     struct str *ret_definition)
{
    struct json root;
    assert(state->type == ASL_STATE_MAP && state->map.mode == ASL_MAP_DISTRIBUTED);
    enum status status = json_parse(arena, machine->definition, 0, &root, NULL);
    if (status != STATUS_OK) return status == STATUS_INVALID ? STATUS_CORRUPT : status;
    const struct json *found = find_state(&root, state->name, 0);
    const struct json *processor = found == NULL ? NULL : JSON_FIND(found, "ItemProcessor");
    if (found != NULL && processor == NULL) processor = JSON_FIND(found, "Iterator");
    if (processor == NULL || !json_is_object(processor)) return STATUS_CORRUPT;
    struct json_members members;
    json_members_init(&members, arena);
    if (machine->query_language == ASL_JSONATA && JSON_FIND(processor, "QueryLanguage") == NULL) {
        json_members_append(&members, STR("QueryLanguage"), json_from_str(STR("JSONata")));
    }
    for (uint32_t i = 0; i < processor->size; i++) {
        json_members_append(&members, json_str(&processor->members[i].name),
                            processor->members[i].value);
    }
    struct json definition = json_members_finish(&members);
    *ret_definition = json_render_to_arena(arena, &definition);
    return arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}
