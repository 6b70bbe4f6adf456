// An expression is compiled when its definition is, together with the list of what it reads; on
// evaluation exactly that is bound: `$states` with the members that exist, and variables.

#include "asl/jsonata.h"

#include "jsonata/jsonata.h"

enum {
    EVALUATION_MS_MAX = 1000,
    EVALUATION_SIZE_MAX = 64 << 20, // Of memory, in bytes.
    STATES_MEMBERS_MAX = 4,
};

struct asl_jsonata {
    struct str text; // Without markers.
    const struct jsonata *expression;
    const struct str *names; // Of variables that may come from outside, each once.
    uint32_t name_count;
    bool reads_states;
};

// ---------------------------------------------------------------------------------------------
// Compiling

// `$states.result` and `$states.errorOutput` exist only in some fields.
static void check_states_member(struct asl_compiler *compiler, const struct asl_place *place,
                                const struct jsonata_reference *reference)
{
    struct asl_state *state = &compiler->draft->state;
    if (reference->step_count == 0 || str_is(reference->steps[0], "context")) {
        state->uses_context = true;
        if (reference->step_count < 2 || str_is(reference->steps[1], "Task"))
            state->uses_task_token = true;
    }
    if (reference->step_count == 0) return;
    struct str member = reference->steps[0];
    bool is_hidden =
        (str_is(member, "result") && (compiler->visible & ASL_SEES_RESULT) == 0) ||
        (str_is(member, "errorOutput") && (compiler->visible & ASL_SEES_ERROR_OUTPUT) == 0);
    if (!is_hidden) return;
    struct asl_diagnostic *diagnostic = asl_report_schema(
        compiler, place, "The variable '$states.%" STR_FORMAT "' is not available in this field",
        STR_ARGS(member));
    asl_help(compiler, diagnostic, "%s",
             str_is(member, "result")
                 ? "there is a result in \"Output\" and \"Assign\" of Task, Map and Parallel states"
                 : "there is an error in \"Output\" and \"Assign\" of a catcher");
}

static bool has_name(const struct asl_jsonata *jsonata, struct str name)
{
    for (uint32_t i = 0; i < jsonata->name_count; i++)
        if (str_equal(jsonata->names[i], name)) return true;
    return false;
}

static bool note_references(struct asl_compiler *compiler, const struct asl_place *place,
                            struct asl_jsonata *jsonata)
{
    size_t count = jsonata_reference_count(jsonata->expression);
    struct str *names = arena_alloc_array(compiler->arena, count, sizeof(*names));
    if (names == NULL) return false;
    jsonata->names = names;
    for (size_t i = 0; i < count; i++) {
        const struct jsonata_reference *reference = jsonata_reference_get(jsonata->expression, i);
        if (str_is(reference->name, "states")) {
            jsonata->reads_states = true;
            check_states_member(compiler, place, reference);
            continue;
        }
        if (!reference->is_bound && !reference->is_function)
            asl_note_variable(compiler, reference->name);
        if (!has_name(jsonata, reference->name)) names[jsonata->name_count++] = reference->name;
    }
    return true;
}

const struct asl_jsonata *asl_jsonata_compile(struct asl_compiler *compiler,
                                              const struct asl_place *place, struct str text)
{
    struct asl_jsonata *jsonata = ARENA_NEW(compiler->arena, struct asl_jsonata);
    struct jsonata_error error;
    if (jsonata == NULL) return NULL;
    struct str inner = str_slice(text, strlen("{%"), text.size - strlen("{%%}"));
    enum status status =
        jsonata_compile(compiler->arena, str_trim(inner), &jsonata->expression, &error);
    if (status == STATUS_INVALID) {
        asl_report(compiler, place, "INVALID_JSONATA_EXPRESSION",
                   "%s: %" STR_FORMAT " (at character %zu)", error.code, STR_ARGS(error.message),
                   error.position);
    }
    if (status != STATUS_OK) return NULL;
    jsonata->text = jsonata_text(jsonata->expression);
    return note_references(compiler, place, jsonata) ? jsonata : NULL;
}

struct str asl_jsonata_text(const struct asl_jsonata *jsonata)
{
    return jsonata->text;
}

// ---------------------------------------------------------------------------------------------
// Evaluating

static struct json states_value(const struct asl_environment *environment,
                                struct json_member members[static STATES_MEMBERS_MAX])
{
    const struct {
        struct str name;
        const struct json *value;
    } parts[STATES_MEMBERS_MAX] = {
        {STR("input"), environment->states_input},
        {STR("result"), environment->states_result},
        {STR("errorOutput"), environment->states_error_output},
        {STR("context"), environment->context_object},
    };
    size_t count = 0;
    for (size_t i = 0; i < STATES_MEMBERS_MAX; i++)
        if (parts[i].value != NULL)
            members[count++] = (struct json_member){json_from_str(parts[i].name), *parts[i].value};
    return json_from_members(members, count);
}

static struct asl_error query_error(const struct asl_jsonata *jsonata, struct str field,
                                    struct arena *arena, struct str what)
{
    return (struct asl_error){
        .name = ASL_ERROR_QUERY_EVALUATION,
        .cause = arena_printf(arena,
                              "The JSONata expression '%" STR_FORMAT
                              "' specified for the field '%" STR_FORMAT "' %" STR_FORMAT,
                              STR_ARGS(jsonata->text), STR_ARGS(field), STR_ARGS(what)),
        .location = field,
    };
}

static struct str failure_text(const struct jsonata_error *error, struct arena *arena)
{
    switch (error->kind) {
    case JSONATA_ERROR_FUNCTION: return STR("returned an unsupported result type.");
    case JSONATA_ERROR_CODE:
        return arena_printf(arena, "threw an error during evaluation. %s: %" STR_FORMAT,
                            error->code, STR_ARGS(error->message));
    case JSONATA_ERROR_TIME:
    case JSONATA_ERROR_DEPTH:
    case JSONATA_ERROR_MEMORY: break;
    }
    return arena_printf(arena, "threw an error during evaluation. %" STR_FORMAT,
                        STR_ARGS(error->message));
}

// An expression may use half of what the arena has left, so that its failure can still be told.
static enum status evaluate_within(const struct asl_jsonata *jsonata,
                                   const struct jsonata_environment *environment,
                                   struct arena *arena, struct json *ret_value,
                                   struct jsonata_error *reterr_error)
{
    size_t limit_bytes = arena->limit_bytes;
    bool was_exhausted = arena->is_exhausted;
    size_t share = (limit_bytes - arena->used_bytes) / 2;
    if (share > EVALUATION_SIZE_MAX) share = EVALUATION_SIZE_MAX;
    arena->limit_bytes = arena->used_bytes + share;
    enum status status =
        jsonata_evaluate(jsonata->expression, environment, arena, ret_value, reterr_error);
    arena->limit_bytes = limit_bytes;
    arena->is_exhausted = was_exhausted;
    return status;
}

static size_t bind_names(const struct asl_jsonata *jsonata,
                         const struct asl_environment *environment,
                         struct jsonata_binding *bindings)
{
    size_t count = 0;
    for (uint32_t i = 0; i < jsonata->name_count; i++) {
        const struct json *value = asl_variables_find(environment->variables, jsonata->names[i]);
        if (value != NULL) bindings[count++] = (struct jsonata_binding){jsonata->names[i], *value};
    }
    return count;
}

enum status asl_jsonata_evaluate(const struct asl_jsonata *jsonata, struct str field,
                                 const struct asl_environment *environment, struct arena *arena,
                                 struct json *ret_value, struct asl_error *reterr_error)
{
    struct jsonata_binding *bindings =
        arena_alloc_array(arena, (size_t)jsonata->name_count + 1, sizeof(*bindings));
    struct json_member *members =
        arena_alloc_array(arena, STATES_MEMBERS_MAX, sizeof(*members)); // The result may share it.
    if (bindings == NULL || members == NULL) return STATUS_NO_MEMORY;
    size_t count = bind_names(jsonata, environment, bindings);
    if (jsonata->reads_states)
        bindings[count++] =
            (struct jsonata_binding){STR("states"), states_value(environment, members)};
    struct jsonata_environment visible = {
        .bindings = bindings,
        .binding_count = count,
        .random = environment->random,
        .now_unix_ms = environment->now_unix_ms,
        .time_max_ms = EVALUATION_MS_MAX,
    };
    struct jsonata_error error;
    enum status status = evaluate_within(jsonata, &visible, arena, ret_value, &error);
    if (status == STATUS_NOT_FOUND) {
        *reterr_error = query_error(jsonata, field, arena, STR("returned nothing (undefined)."));
        return STATUS_INVALID;
    }
    if (status == STATUS_INVALID)
        *reterr_error = query_error(jsonata, field, arena, failure_text(&error, arena));
    return status;
}
