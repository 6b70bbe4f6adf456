// Scopes: the machine itself, branches of Parallel states and item processors of Map states.

#include "asl/compile.h"

static struct asl_scope_draft *new_scope(struct asl_compiler *compiler)
{
    if (compiler->scope_count == compiler->scope_capacity) {
        uint32_t capacity = compiler->scope_capacity == 0 ? 8 : compiler->scope_capacity * 2;
        struct asl_scope_draft **scopes =
            arena_alloc_array(compiler->scratch, capacity, sizeof(struct asl_scope_draft *));
        if (scopes == NULL) return NULL;
        for (uint32_t i = 0; i < compiler->scope_count; i++)
            scopes[i] = compiler->scopes[i];
        compiler->scopes = scopes;
        compiler->scope_capacity = capacity;
    }
    struct asl_scope_draft *scope = ARENA_NEW(compiler->scratch, struct asl_scope_draft);
    if (scope != NULL) compiler->scopes[compiler->scope_count++] = scope;
    return scope;
}

// A branch may set the language of its states.
static void set_language(struct asl_compiler *compiler, const struct asl_place *place,
                         const struct json *object)
{
    struct str language = ASL_STRING(object, "QueryLanguage");
    compiler->language = compiler->machine_language;
    if (str_is(language, "JSONata")) {
        compiler->language = ASL_JSONATA;
    } else if (str_is(language, "JSONPath") && compiler->machine_language == ASL_JSONATA) {
        asl_report_schema(
            compiler, place,
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
    }
}

// NOLINTNEXTLINE(misc-no-recursion): at most ASL_SCOPES_NESTED_MAX deep.
uint32_t asl_compile_scope(struct asl_compiler *compiler, const struct asl_place *place,
                           const struct json *object, uint32_t outer_state, bool is_distributed)
{
    const struct json *states = ASL_OBJECT(object, "States");
    if (states == NULL) return ASL_STATE_NONE;
    if (compiler->depth == ASL_SCOPES_NESTED_MAX) {
        asl_report(compiler, place, "TOO_DEEPLY_NESTED", "The states are too deeply nested");
        return ASL_STATE_NONE;
    }
    // States keep their places, so those around them must live as long.
    struct asl_place *kept = arena_alloc(compiler->scratch, 2 * sizeof(*kept));
    uint32_t index = compiler->scope_count;
    struct asl_scope_draft *scope = kept == NULL ? NULL : new_scope(compiler);
    if (scope == NULL) return ASL_STATE_NONE;
    kept[0] = *place;
    kept[1] = asl_place_member(&kept[0], STR("States"));
    scope->scope = (struct asl_scope){.start_state = ASL_STATE_NONE, .outer_state = outer_state};
    scope->outer =
        outer_state == ASL_STATE_NONE ? index : compiler->drafts[outer_state]->state.scope;
    scope->is_distributed = is_distributed;
    scope->place = &kept[0];
    scope->start_name = ASL_STRING(object, "StartAt");
    if (asl_is_open(compiler, scope->start_name)) compiler->is_graph_open = true;

    enum asl_query_language outer_language = compiler->language;
    set_language(compiler, place, object);
    compiler->depth++;
    for (uint32_t i = 0; i < states->size; i++) {
        asl_compile_state(compiler, index, &kept[1], &states->members[i]);
    }
    compiler->depth--;
    compiler->language = outer_language;
    return index;
}
