// States: what all of them have, and the small types. Task, Map and Choice have files of their own.

#include <assert.h>
#include <stdlib.h>

#include "asl/compile.h"
#include "base/clock.h"
#include "base/encoding.h"

static const struct {
    struct str name;
    bool has_next;
    bool may_retry;
} types[] = {
#define X(name, text, has_next, may_retry) {STR_INIT(text), has_next, may_retry},
#include "asl/state_type.def"
#undef X
};

const char *asl_state_type_name(enum asl_state_type type)
{
    assert(type < ARRAY_COUNT(types));
    return types[type].name.data;
}

const struct asl_place *asl_keep_place(struct asl_compiler *compiler, const struct asl_place *place)
{
    struct asl_place *kept = arena_alloc(compiler->scratch, sizeof(*kept));
    if (kept == NULL) return compiler->draft->place;
    *kept = *place;
    return kept;
}

void asl_add_transition(struct asl_compiler *compiler, const struct asl_place *outer,
                        const struct json *object, const char *member, uint32_t *target)
{
    *target = ASL_STATE_NONE;
    struct str name = asl_string_member(object, str_from_c(member));
    if (asl_is_open(compiler, name)) compiler->is_graph_open = true;
    struct asl_transition *transition = ARENA_NEW(compiler->scratch, struct asl_transition);
    struct asl_place *place = arena_alloc(compiler->scratch, sizeof(*place));
    if (name.data == NULL || transition == NULL || place == NULL) return;
    // `outer` may be on the caller's stack; only places of states live as long as a transition.
    const struct asl_place *kept = outer;
    if (outer != compiler->draft->place) {
        struct asl_place *list = arena_alloc(compiler->scratch, sizeof(*list));
        struct asl_place *item = arena_alloc(compiler->scratch, sizeof(*item));
        if (list == NULL || item == NULL) return;
        *list = *outer->outer;
        *item = *outer;
        item->outer = list;
        kept = item;
    }
    *place = asl_place_member(kept, str_from_c(member));
    *transition = (struct asl_transition){
        .next = compiler->draft->transitions, .name = name, .target = target, .place = place};
    compiler->draft->transitions = transition;
}

static bool is_open_end(struct asl_compiler *compiler, const struct json *end)
{
    if (end == NULL || !json_is_string(end) || !asl_is_open(compiler, json_str(end))) return false;
    compiler->is_graph_open = true;
    return true;
}

// Next or End, but not both. Source: Amazon States Language, "Transitions".
static void compile_next(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_draft *draft = compiler->draft;
    const struct json *end = JSON_FIND(object, "End");
    bool is_end = end != NULL && end->type == JSON_TRUE;
    bool has_next = JSON_FIND(object, "Next") != NULL;
    if (is_end && has_next) {
        struct asl_diagnostic *diagnostic =
            asl_report_schema(compiler, draft->place,
                              "There should only be one of the following fields: [Next, End]");
        asl_help(compiler, diagnostic,
                 "keep \"Next\" where the workflow goes on, \"End\": true where it ends");
    } else if (!is_end && !has_next && !is_open_end(compiler, end)) {
        struct asl_diagnostic *diagnostic =
            asl_report_schema(compiler, draft->place, "These fields are required: [Next]");
        asl_help(compiler, diagnostic, "say where to go on, \"Next\": \"...\", or \"End\": true");
    }
    draft->is_terminal = is_end;
    asl_add_transition(compiler, draft->place, object, "Next", &draft->state.next_state);
}

// Fields that many types have; the table of fields has refused them where they do not belong.
static void compile_common(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_state *state = &compiler->draft->state;
    const struct asl_place *place = compiler->draft->place;
    unsigned roots = JSONPATH_ALLOW_ROOTS;
    state->next_state = ASL_STATE_NONE;
    state->input_path = asl_compile_path(compiler, place, object, STR("InputPath"), roots);
    state->output_path = asl_compile_path(compiler, place, object, STR("OutputPath"), roots);
    state->result_path =
        asl_compile_path(compiler, place, object, STR("ResultPath"), JSONPATH_REFERENCE);
    if (state->type != ASL_STATE_MAP)
        state->parameters = asl_compile_payload(compiler, place, object, STR("Parameters"));
    state->arguments = asl_compile_payload(compiler, place, object, STR("Arguments"));
    state->result_selector = asl_compile_payload(compiler, place, object, STR("ResultSelector"));
    compiler->visible = types[state->type].may_retry ? ASL_SEES_RESULT : 0;
    state->output = asl_compile_payload(compiler, place, object, STR("Output"));
    state->assign = asl_compile_assign(compiler, place, object);
    compiler->visible = 0;
}

// ---------------------------------------------------------------------------------------------
// Types

// A Result is taken as it is; what looks like a query in it was probably meant to be one.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static bool has_query(const struct json *value)
{
    if (json_is_string(value)) {
        struct str text = json_str(value);
        return str_starts_with(text, STR("$.")) || str_starts_with(text, STR("$$."));
    }
    for (uint32_t i = 0; i < value->size; i++) {
        if (json_is_array(value) && has_query(&value->items[i])) return true;
        if (json_is_object(value) && has_query(&value->members[i].value)) return true;
    }
    return false;
}

static void compile_pass(struct asl_compiler *compiler, const struct json *object)
{
    const struct json *result = JSON_FIND(object, "Result");
    if (result == NULL) return;
    compiler->draft->state.pass.result = result;
    if (!has_query(result)) return;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("Result"));
    struct asl_diagnostic *diagnostic =
        asl_warn(compiler, &place, "PASS_RESULT_IS_STATIC",
                 "Attempt to use a path in the result of a pass state");
    asl_help(compiler, diagnostic,
             "\"Result\" is taken as it is; \"Parameters\" evaluates paths, in names that end in "
             "\".$\"");
}

static void check_timestamp(struct asl_compiler *compiler, struct asl_wait *wait)
{
    const struct asl_template *value = wait->value;
    if (value == NULL || value->kind != ASL_TEMPLATE_LITERAL || !json_is_string(&value->literal))
        return;
    if (clock_parse_rfc3339(json_str(&value->literal), &wait->unix_ms, NULL)) return;
    if (asl_is_open(compiler, json_str(&value->literal))) return;
    struct asl_place place = asl_place_member(compiler->draft->place, STR("Timestamp"));
    struct asl_diagnostic *diagnostic =
        asl_report_schema(compiler, &place, "String does not match RFC3339 timestamp");
    asl_help(compiler, diagnostic, ASL_HELP_TIMESTAMP);
}

static void compile_wait(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_wait *wait = &compiler->draft->state.wait;
    const struct asl_place *place = compiler->draft->place;
    bool is_time =
        JSON_FIND(object, "Timestamp") != NULL || JSON_FIND(object, "TimestampPath") != NULL;
    if (is_time) {
        wait->kind = ASL_WAIT_TIMESTAMP;
        wait->is_path = JSON_FIND(object, "TimestampPath") != NULL;
        wait->value =
            asl_compile_scalar(compiler, place, object, STR("Timestamp"), STR("TimestampPath"));
        if (!wait->is_path) check_timestamp(compiler, wait);
    } else {
        wait->kind = ASL_WAIT_SECONDS;
        wait->is_path = JSON_FIND(object, "SecondsPath") != NULL;
        wait->value =
            asl_compile_scalar(compiler, place, object, STR("Seconds"), STR("SecondsPath"));
    }
}

static void compile_fail(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_fail *fail = &compiler->draft->state.fail;
    const struct asl_place *place = compiler->draft->place;
    fail->error = asl_compile_scalar(compiler, place, object, STR("Error"), STR("ErrorPath"));
    fail->cause = asl_compile_scalar(compiler, place, object, STR("Cause"), STR("CausePath"));
}

static void compile_parallel(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_draft *draft = compiler->draft;
    const struct json *branches = ASL_ARRAY(object, "Branches");
    if (branches == NULL) return;
    struct asl_place place = asl_place_member(draft->place, STR("Branches"));
    if (branches->size == 0 && compiler->rules == ASL_RULES_SERVICE)
        asl_help(compiler, asl_report_schema(compiler, &place, "Value cannot be empty"),
                 "a Parallel state has at least one branch");
    uint32_t *scopes = arena_alloc_array(compiler->arena, branches->size, sizeof(*scopes));
    if (scopes == NULL) return;
    for (uint32_t i = 0; i < branches->size; i++) {
        struct asl_place here = asl_place_item(asl_keep_place(compiler, &place), i);
        scopes[i] = ASL_STATE_NONE;
        if (!asl_check_fields(compiler, &here, ASL_SHAPE_BRANCH, &branches->items[i])) continue;
        scopes[i] =
            asl_compile_scope(compiler, &here, &branches->items[i], draft->state.index, false);
        compiler->draft = draft;
    }
    draft->state.parallel = (struct asl_parallel){.scopes = scopes, .branch_count = branches->size};
}

static void compile_by_type(struct asl_compiler *compiler, const struct json *object)
{
    switch (compiler->draft->state.type) {
    case ASL_STATE_TASK: asl_compile_task(compiler, object); return;
    case ASL_STATE_PASS: compile_pass(compiler, object); return;
    case ASL_STATE_CHOICE: asl_compile_choice(compiler, object); return;
    case ASL_STATE_WAIT: compile_wait(compiler, object); return;
    case ASL_STATE_SUCCEED: compiler->draft->is_terminal = true; return;
    case ASL_STATE_FAIL:
        compiler->draft->is_terminal = true;
        compile_fail(compiler, object);
        return;
    case ASL_STATE_PARALLEL: compile_parallel(compiler, object); return;
    case ASL_STATE_MAP: asl_compile_map(compiler, object); return;
    }
    abort();
}

// ---------------------------------------------------------------------------------------------
// Any state

static enum asl_shape shape_of(enum asl_state_type type)
{
    switch (type) {
    case ASL_STATE_TASK: return ASL_SHAPE_TASK;
    case ASL_STATE_PASS: return ASL_SHAPE_PASS;
    case ASL_STATE_CHOICE: return ASL_SHAPE_CHOICE;
    case ASL_STATE_WAIT: return ASL_SHAPE_WAIT;
    case ASL_STATE_SUCCEED: return ASL_SHAPE_SUCCEED;
    case ASL_STATE_FAIL: return ASL_SHAPE_FAIL;
    case ASL_STATE_PARALLEL: return ASL_SHAPE_PARALLEL;
    case ASL_STATE_MAP: return ASL_SHAPE_MAP;
    }
    abort();
}

static bool find_type(struct asl_compiler *compiler, const struct asl_place *place,
                      const struct json *object, enum asl_state_type *ret_type)
{
    if (JSON_FIND(object, "Type") == NULL) {
        struct asl_diagnostic *diagnostic =
            asl_report_schema(compiler, place, "These fields are required: [Type]");
        asl_help(compiler, diagnostic, "say what the state does: \"Type\": \"%s\"",
                 JSON_FIND(object, "Resource") != NULL  ? "Task"
                 : JSON_FIND(object, "Choices") != NULL ? "Choice"
                                                        : "Pass");
        return false;
    }
    struct str name = ASL_STRING(object, "Type");
    if (asl_is_open(compiler, name)) {
        compiler->is_graph_open = true;
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        if (name.data != NULL && str_equal(types[i].name, name)) {
            *ret_type = (enum asl_state_type)i;
            return true;
        }
    }
    struct asl_diagnostic *diagnostic =
        asl_report_schema(compiler, place,
                          "The field 'Type' should have one of these values: "
                          "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]");
    struct asl_place here = asl_place_member(place, STR("Type"));
    asl_point_at(compiler, diagnostic, &here);
    struct asl_suggestion suggestion = asl_suggest_start(name);
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        asl_suggest_offer(&suggestion, types[i].name);
    if (suggestion.best.data != NULL)
        asl_help(compiler, diagnostic, "did you mean \"%" STR_FORMAT "\"?",
                 STR_ARGS(suggestion.best));
    return false;
}

// A state may speak JSONata in a JSONPath machine, not the other way round.
static void set_language(struct asl_compiler *compiler, const struct asl_place *place,
                         const struct json *object)
{
    struct str language = ASL_STRING(object, "QueryLanguage");
    if (language.data == NULL) return;
    if (str_is(language, "JSONata")) {
        compiler->language = ASL_JSONATA;
    } else if (compiler->machine_language == ASL_JSONATA) {
        asl_report_schema(
            compiler, place,
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
    } else {
        compiler->language = ASL_JSONPATH;
    }
}

static void check_name(struct asl_compiler *compiler, const struct asl_place *place,
                       struct str name)
{
    size_t count = 0;
    for (struct str rest = name; rest.size > 0; count++)
        encoding_utf8_take(&rest);
    if (count >= 1 && count <= ASL_STATE_NAME_SIZE_MAX) return;
    struct asl_diagnostic *diagnostic =
        asl_report(compiler, place, "INVALID_STATE_NAME",
                   "State name must have between 1 and %d characters", ASL_STATE_NAME_SIZE_MAX);
    asl_point_at_name(compiler, diagnostic, place);
    asl_help(compiler, diagnostic, "this name has %zu", count);
}

struct asl_draft *asl_new_draft(struct asl_compiler *compiler, struct str name,
                                const struct asl_place *place)
{
    if (compiler->draft_count == compiler->draft_capacity) {
        uint32_t capacity = compiler->draft_capacity == 0 ? 16 : compiler->draft_capacity * 2;
        struct asl_draft **drafts =
            arena_alloc_array(compiler->scratch, capacity, sizeof(struct asl_draft *));
        if (drafts == NULL) return NULL;
        for (uint32_t i = 0; i < compiler->draft_count; i++)
            drafts[i] = compiler->drafts[i];
        compiler->drafts = drafts;
        compiler->draft_capacity = capacity;
    }
    struct asl_draft *draft = ARENA_NEW(compiler->scratch, struct asl_draft);
    if (draft == NULL) return NULL;
    draft->place = place;
    draft->state.name = name;
    draft->state.index = compiler->draft_count;
    compiler->drafts[compiler->draft_count++] = draft;
    return draft;
}

static void register_name(struct asl_compiler *compiler, struct asl_draft *draft)
{
    if (map_find(&compiler->names, draft->state.name) != NULL) {
        struct asl_diagnostic *diagnostic =
            asl_report(compiler, draft->place, "DUPLICATE_STATE_NAME",
                       "Duplicate State name: %" STR_FORMAT, STR_ARGS(draft->state.name));
        asl_point_at_name(compiler, diagnostic, draft->place);
        asl_help(compiler, diagnostic,
                 "names of states are unique in the whole machine, branches included");
    } else if (!map_set(&compiler->names, draft->state.name, draft)) {
        compiler->scratch->is_exhausted = true;
    }
}

void asl_compile_state(struct asl_compiler *compiler, uint32_t scope, const struct asl_place *outer,
                       const struct json_member *member)
{
    struct str name = json_str(&member->name);
    struct asl_place *place = arena_alloc(compiler->scratch, sizeof(*place));
    if (place == NULL) return;
    *place = asl_place_member(outer, name);
    struct asl_draft *draft = asl_new_draft(compiler, name, place);
    if (draft == NULL) return;
    draft->state.scope = scope;
    if (asl_is_open(compiler, name))
        compiler->is_graph_open = true;
    else
        check_name(compiler, place, name);
    register_name(compiler, draft);
    if (json_is_string(&member->value) && asl_is_open(compiler, json_str(&member->value))) {
        compiler->is_graph_open = true;
        return;
    }
    if (!json_is_object(&member->value)) {
        asl_report_schema(compiler, place, "Expected value of type Object");
        return;
    }
    const struct json *object = &member->value;
    if (!find_type(compiler, place, object, &draft->state.type)) return;

    enum asl_query_language outer_language = compiler->language;
    compiler->draft = draft;
    set_language(compiler, place, object);
    draft->state.query_language = compiler->language;
    asl_check_fields(compiler, place, shape_of(draft->state.type), object);
    compile_common(compiler, object);
    if (types[draft->state.type].has_next) compile_next(compiler, object);
    if (types[draft->state.type].may_retry) asl_compile_retry_and_catch(compiler, object);
    compile_by_type(compiler, object);
    compiler->language = outer_language;
}
