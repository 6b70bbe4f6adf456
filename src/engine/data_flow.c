// Values made on the way go to the execution's arena, because the next states share them.

#include "engine/data_flow.h"

#include <string.h>

#include "engine/context_object.h"
#include "engine/inspect.h"
#include "engine/variables.h"

// `context_object` is left alone: this runs for every state, and most need none.
static void init_without_context(struct flow *flow, struct step *step, struct strand *strand)
{
    bool is_jsonata = strand->state->query_language == ASL_JSONATA;
    flow->step = step;
    flow->strand = strand;
    flow->state = strand->state;
    flow->environment = (struct asl_environment){
        .data = is_jsonata ? NULL : &strand->input.value,
        .states_input = is_jsonata ? &strand->input.value : NULL,
        .variables = strand->variables,
        .random = &step->random,
        .now_unix_ms = step->now_unix_ms,
    };
}

enum status flow_init(struct flow *flow, struct step *step, struct strand *strand)
{
    init_without_context(flow, step, strand);
    if (!flow->state->uses_context) return STATUS_OK;
    flow->environment.context_object = &flow->context_object;
    return context_object_make(step, strand, &flow->context_object) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status flow_init_for_item(struct flow *flow, struct step *step, struct strand *strand,
                               uint64_t index, const struct json *item)
{
    init_without_context(flow, step, strand);
    if (!flow->state->uses_context) return STATUS_OK;
    flow->environment.context_object = &flow->context_object;
    bool is_made = context_object_make_for_item(step, strand, index, item, &flow->context_object);
    return is_made ? STATUS_OK : STATUS_NO_MEMORY;
}

struct asl_error flow_name_state(struct step *step, const struct strand *strand,
                                 struct asl_error error)
{
    if (step->inspection != NULL) return error; // There is only one state to name.
    assert(strand->entered_event_id != 0 || step->execution->history.is_full);
    error.cause = arena_printf(step->values,
                               "An error occurred while executing the state '%" STR_FORMAT
                               "' (entered at the event id #%llu). %" STR_FORMAT,
                               STR_ARGS(strand->state->name),
                               (unsigned long long)strand->entered_event_id, STR_ARGS(error.cause));
    return error;
}

struct asl_error flow_runtime_error(struct step *step, const struct strand *strand,
                                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str cause = arena_vprintf(step->values, format, args);
    va_end(args);
    return flow_name_state(step, strand, (struct asl_error){ASL_ERROR_RUNTIME, cause, {0}});
}

struct asl_error flow_data_limit_error(struct step *step, struct str name)
{
    struct str cause = arena_printf(step->values,
                                    "The state/task '%" STR_FORMAT
                                    "' returned a result with a size exceeding the maximum number "
                                    "of bytes service limit.",
                                    STR_ARGS(name));
    return (struct asl_error){ASL_ERROR_DATA_LIMIT, cause, {0}};
}

// Give the error of an evaluation its full cause; pass on other outcomes.
static enum status finish(struct flow *flow, enum status status, struct asl_error *error)
{
    assert(status != STATUS_INVALID || error->name.size > 0);
    if (status == STATUS_INVALID) *error = flow_name_state(flow->step, flow->strand, *error);
    return status;
}

enum status flow_path(struct flow *flow, const struct asl_path *path, const struct payload *source,
                      struct payload *ret_value, struct asl_error *reterr_error)
{
    assert(flow->state->query_language == ASL_JSONPATH);
    assert(!path->is_null || path->path == NULL);
    if (path->is_null) {
        *ret_value = payload_of(json_empty_object);
        return STATUS_OK;
    }
    if (path->path == NULL) {
        *ret_value = *source;
        return STATUS_OK;
    }
    struct json value;
    flow->environment.data = &source->value;
    enum status status =
        asl_path_evaluate(path->path, &flow->environment, flow->step->values, &value, reterr_error);
    if (status != STATUS_OK) return finish(flow, status, reterr_error);
    bool is_part = jsonpath_root(path->path) == JSONPATH_ROOT_DATA &&
                   jsonpath_is_definite(path->path) && (value.type >= JSON_ARRAY);
    *ret_value = is_part ? payload_part(source, value) : payload_of(value);
    return STATUS_OK;
}

enum status flow_effective_input(struct flow *flow, struct payload *ret_input,
                                 struct asl_error *reterr_error)
{
    enum status status =
        flow_path(flow, &flow->state->input_path, &flow->strand->input, ret_input, reterr_error);
    if (status == STATUS_OK && flow->step->inspection != NULL) {
        inspect_stage(flow, ENGINE_AFTER_INPUT_PATH, ret_input);
    }
    return status;
}

enum status flow_evaluate(struct flow *flow, const struct asl_template *template,
                          const struct payload *data, struct payload *ret_value,
                          struct asl_error *reterr_error)
{
    struct json value;
    flow->environment.data =
        flow->state->query_language == ASL_JSONATA || data == NULL ? NULL : &data->value;
    enum status status = asl_template_evaluate(template, &flow->environment, flow->step->values,
                                               &value, reterr_error);
    if (status != STATUS_OK) return finish(flow, status, reterr_error);
    *ret_value = payload_of(value);
    return STATUS_OK;
}

static enum status work_input(struct flow *flow, struct payload *ret_input,
                              struct asl_error *reterr_error)
{
    const struct asl_state *state = flow->state;
    if (state->query_language == ASL_JSONATA) {
        if (state->arguments != NULL) {
            return flow_evaluate(flow, state->arguments, NULL, ret_input, reterr_error);
        }
        *ret_input = flow->strand->input;
        return STATUS_OK;
    }
    struct payload effective;
    enum status status = flow_effective_input(flow, &effective, reterr_error);
    if (status != STATUS_OK) return status;
    if (state->parameters != NULL) {
        return flow_evaluate(flow, state->parameters, &effective, ret_input, reterr_error);
    }
    *ret_input = effective;
    return STATUS_OK;
}

enum status flow_work_input(struct flow *flow, struct payload *ret_input,
                            struct asl_error *reterr_error)
{
    enum status status = work_input(flow, ret_input, reterr_error);
    if (status == STATUS_OK && flow->step->inspection != NULL) {
        bool is_jsonata = flow->state->query_language == ASL_JSONATA;
        inspect_stage(flow, is_jsonata ? ENGINE_AFTER_ARGUMENTS : ENGINE_AFTER_PARAMETERS,
                      ret_input);
    }
    return status;
}

// The service's words for a ResultPath that leads through something that is no object.
static enum status reference_path_conflict(struct flow *flow, const struct jsonpath *path,
                                           struct asl_error *reterr_error)
{
    struct arena *arena = flow->step->values;
    struct str input = json_render_to_arena(arena, &flow->strand->input.value);
    *reterr_error = (struct asl_error){
        .name = STR("States.ReferencePathConflict"),
        .cause = arena_printf(arena,
                              "Unable to apply ReferencePath %" STR_FORMAT " to input %" STR_FORMAT,
                              STR_ARGS(jsonpath_text(path)), STR_ARGS(input)),
    };
    return STATUS_INVALID;
}

enum status flow_merge_result(struct flow *flow, const struct asl_path *result_path,
                              const struct payload *result, struct payload *ret_merged,
                              struct asl_error *reterr_error)
{
    const struct payload *raw_input = &flow->strand->input;
    assert(raw_input->is_within_limit);
    if (result_path->is_null) {
        *ret_merged = *raw_input;
        return STATUS_OK;
    }
    if (result_path->path == NULL) {
        *ret_merged = *result;
        return STATUS_OK;
    }
    struct json merged;
    enum status status = jsonpath_set(result_path->path, &raw_input->value, &result->value,
                                      flow->step->values, &merged);
    if (status == STATUS_INVALID) {
        return reference_path_conflict(flow, result_path->path, reterr_error);
    }
    if (status != STATUS_OK) return status;
    size_t path_size = jsonpath_text(result_path->path).size;
    *ret_merged = (struct payload){
        .value = merged,
        // Each name of the path adds at most its own text, quotes and punctuation.
        .size_bytes = raw_input->size_bytes + result->size_bytes + path_size * 3,
        .depth = raw_input->depth + result->depth + (uint32_t)path_size,
    };
    return STATUS_OK;
}

enum status flow_assign(struct flow *flow, const struct asl_template *template,
                        const struct payload *data, struct json *ret_assigned,
                        struct asl_error *reterr_error)
{
    *ret_assigned = json_null;
    if (template == NULL) return STATUS_OK;
    struct payload assigned;
    enum status status = flow_evaluate(flow, template, data, &assigned, reterr_error);
    if (status != STATUS_OK) return status;
    assert(json_is_object(&assigned.value));
    status = variables_check(flow->step, flow->strand, &assigned, reterr_error);
    if (status == STATUS_OK) *ret_assigned = assigned.value;
    return status;
}

enum status flow_check_output(struct flow *flow, struct payload *output,
                              struct asl_error *reterr_error)
{
    assert(flow->state == flow->strand->state);
    switch (payload_check(output)) {
    case PAYLOAD_FITS: return STATUS_OK;
    case PAYLOAD_TOO_LARGE:
        *reterr_error = flow_data_limit_error(flow->step, flow->state->name);
        return STATUS_INVALID;
    case PAYLOAD_TOO_DEEP:
        *reterr_error =
            flow_runtime_error(flow->step, flow->strand,
                               "The data is nested more than %d levels deep.", PAYLOAD_DEPTH_MAX);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

enum status flow_finish_work(struct flow *flow, const struct payload *result,
                             struct outcome *ret_outcome, struct asl_error *reterr_error)
{
    const struct asl_state *state = flow->state;
    struct payload selected = *result, merged;
    enum status status;
    if (state->query_language == ASL_JSONATA) {
        if (state->output != NULL) {
            status = flow_evaluate(flow, state->output, NULL, &selected, reterr_error);
            if (status != STATUS_OK) return status;
        }
        ret_outcome->output = selected;
    } else {
        if (state->result_selector != NULL) {
            status = flow_evaluate(flow, state->result_selector, result, &selected, reterr_error);
            if (status != STATUS_OK) return status;
        }
        if (flow->step->inspection != NULL) {
            inspect_stage(flow, ENGINE_AFTER_RESULT_SELECTOR, &selected);
        }
        status = flow_merge_result(flow, &state->result_path, &selected, &merged, reterr_error);
        if (status != STATUS_OK) return status;
        if (flow->step->inspection != NULL) {
            inspect_stage(flow, ENGINE_AFTER_RESULT_PATH, &merged);
        }
        status = flow_path(flow, &state->output_path, &merged, &ret_outcome->output, reterr_error);
        if (status != STATUS_OK) return status;
    }
    status = flow_assign(flow, state->assign, result, &ret_outcome->assigned, reterr_error);
    if (status != STATUS_OK) return status;
    return flow_check_output(flow, &ret_outcome->output, reterr_error);
}

enum status flow_finish_input(struct flow *flow, const struct asl_template *output,
                              const struct asl_template *assign, struct outcome *ret_outcome,
                              struct asl_error *reterr_error)
{
    struct payload input = flow->strand->input;
    enum status status = STATUS_OK;
    if (flow->state->query_language == ASL_JSONATA) {
        ret_outcome->output = input;
        if (output != NULL) {
            status = flow_evaluate(flow, output, NULL, &ret_outcome->output, reterr_error);
        }
    } else {
        status = flow_effective_input(flow, &input, reterr_error);
        if (status != STATUS_OK) return status;
        status =
            flow_path(flow, &flow->state->output_path, &input, &ret_outcome->output, reterr_error);
    }
    if (status != STATUS_OK) return status;
    status = flow_assign(flow, assign, &input, &ret_outcome->assigned, reterr_error);
    if (status != STATUS_OK) return status;
    return flow_check_output(flow, &ret_outcome->output, reterr_error);
}
