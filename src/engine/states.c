// The work of each type of state, except Task, Parallel and Map, which have files of their own.

#include "base/clock.h"
#include "engine/control.h"
#include "engine/history.h"
#include "engine/inspect.h"
#include "engine/strand.h"

// A Wait state may be told to wait this long at most: milliseconds of 31 bits, in days rounded up.
static const int64_t wait_ms_max = INT64_C(24856) * 24 * 3600 * 1000;

static void enter_pass(struct step *step, struct strand *strand)
{
    const struct asl_state *state = strand->state;
    struct flow flow;
    struct payload result = strand->input;
    struct outcome outcome;
    struct asl_error error;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK && state->query_language == ASL_JSONPATH) {
        status = flow_work_input(&flow, &result, &error);
    }
    if (status == STATUS_OK) {
        if (state->pass.result != NULL) {
            result = payload_of(*state->pass.result);
            if (step->inspection != NULL) inspect_stage(&flow, ENGINE_RESULT, &result);
        }
        status = flow_finish_work(&flow, &result, &outcome, &error);
    }
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    strand_exit_state(step, strand, state->next_state, &outcome);
}

static void enter_succeed(struct step *step, struct strand *strand)
{
    struct flow flow;
    struct outcome outcome;
    struct asl_error error;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK) {
        status = flow_finish_input(&flow, strand->state->output, NULL, &outcome, &error);
    }
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    strand_exit_state(step, strand, ASL_STATE_NONE, &outcome);
}

// The text of an error or cause; absent when there is no template.
static enum status fail_text(struct flow *flow, const struct asl_template *template,
                             struct str *ret_text, struct asl_error *reterr_error)
{
    *ret_text = (struct str){0};
    if (template == NULL) return STATUS_OK;
    struct payload value;
    enum status status = flow_evaluate(flow, template, &flow->strand->input, &value, reterr_error);
    if (status != STATUS_OK) return status;
    if (!json_is_string(&value.value) && flow->state->query_language == ASL_JSONATA) {
        return flow_type_error(flow, template, "string", &value.value, reterr_error);
    }
    *ret_text = flow_print(flow->step, &value.value);
    return STATUS_OK;
}

static void enter_fail(struct step *step, struct strand *strand)
{
    struct flow flow;
    struct asl_error failure = {0}, error;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK) {
        status = fail_text(&flow, strand->state->fail.error, &failure.name, &error);
    }
    if (status == STATUS_OK) {
        status = fail_text(&flow, strand->state->fail.cause, &failure.cause, &error);
    }
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    strand_fail(step, strand, &failure);
}

// The rule that decides: its index, or UINT32_MAX for Default.
static enum status select_rule(struct flow *flow, uint32_t *ret_rule,
                               struct asl_error *reterr_error)
{
    struct payload effective = flow->strand->input;
    enum status status = STATUS_OK;
    if (flow->state->query_language == ASL_JSONPATH) {
        status = flow_effective_input(flow, &effective, reterr_error);
        if (status != STATUS_OK) return status;
        flow->environment.data = &effective.value;
    }
    status = asl_choice_select(flow->state, &flow->environment, flow->step->values, ret_rule,
                               reterr_error);
    if (status == STATUS_INVALID) {
        *reterr_error = flow_name_state(flow->step, flow->strand, *reterr_error);
    }
    return status;
}

static void enter_choice(struct step *step, struct strand *strand)
{
    const struct asl_state *state = strand->state;
    struct flow flow;
    struct outcome outcome;
    struct asl_error error;
    uint32_t rule_index, next_state = state->choice.default_state;
    const struct asl_template *assign = state->assign, *output = state->output;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK) status = select_rule(&flow, &rule_index, &error);
    if (status == STATUS_OK && rule_index != UINT32_MAX) {
        assert(rule_index < state->choice.rule_count);
        const struct asl_choice_rule *rule = &state->choice.rules[rule_index];
        next_state = rule->next_state;
        assign = rule->assign;
        if (rule->output != NULL) output = rule->output;
    }
    if (status == STATUS_OK && next_state == ASL_STATE_NONE) {
        error = flow_runtime_error(step, strand,
                                   "Failed to transition out of the state. The state does not "
                                   "point to a next state.");
        status = STATUS_INVALID;
    }
    if (status == STATUS_OK) status = flow_finish_input(&flow, output, assign, &outcome, &error);
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    strand_exit_state(step, strand, next_state, &outcome);
}

// ---------------------------------------------------------------------------------------------
// Wait

static struct str path_text(const struct asl_template *template)
{
    return template->kind == ASL_TEMPLATE_PATH ? jsonpath_text(template->path) : STR("");
}

// A path of SecondsPath or TimestampPath that leads nowhere has words of its own.
static struct asl_error missing_path_error(struct flow *flow)
{
    const struct asl_wait *wait = &flow->state->wait;
    const char *field = wait->kind == ASL_WAIT_SECONDS ? "SecondsPath" : "TimestampPath";
    return flow_runtime_error(flow->step, flow->strand,
                              "The %s parameter does not reference an input value: %" STR_FORMAT,
                              field, STR_ARGS(path_text(wait->value)));
}

static enum status seconds_error(struct flow *flow, const char *what, const struct json *value,
                                 struct asl_error *reterr_error)
{
    const struct asl_wait *wait = &flow->state->wait;
    struct str text = json_render_to_arena(flow->step->values, value);
    if (wait->is_path) {
        *reterr_error =
            flow_runtime_error(flow->step, flow->strand,
                               "The SecondsPath parameter %s: %" STR_FORMAT " == %" STR_FORMAT,
                               what, STR_ARGS(path_text(wait->value)), STR_ARGS(text));
        return STATUS_INVALID;
    }
    *reterr_error = flow_runtime_error(
        flow->step, flow->strand, "The Seconds parameter %s: %" STR_FORMAT, what, STR_ARGS(text));
    reterr_error->name = ASL_ERROR_QUERY_EVALUATION;
    reterr_error->location = wait->value->field;
    return STATUS_INVALID;
}

static enum status wait_seconds(struct flow *flow, const struct json *value, int64_t *ret_until,
                                struct asl_error *reterr_error)
{
    const struct asl_wait *wait = &flow->state->wait;
    int64_t seconds;
    if (!wait->is_path && !json_is_number(value)) {
        return flow_type_error(flow, wait->value, "number", value, reterr_error);
    }
    if (!json_is_number(value) || !json_to_integer(value, &seconds)) {
        return seconds_error(flow, "cannot be parsed as a long value", value, reterr_error);
    }
    if (seconds < 0) {
        return seconds_error(flow, "references a negative value", value, reterr_error);
    }
    if (seconds > wait_ms_max / 1000) {
        *reterr_error =
            flow_runtime_error(flow->step, flow->strand, "Wait state delay is too long.");
        return STATUS_INVALID;
    }
    *ret_until = flow->step->now_unix_ms + seconds * 1000;
    return STATUS_OK;
}

static enum status wait_timestamp(struct flow *flow, const struct json *value, int64_t *ret_until,
                                  struct asl_error *reterr_error)
{
    const struct asl_wait *wait = &flow->state->wait;
    int64_t unix_ms;
    if (!wait->is_path && !json_is_string(value)) {
        return flow_type_error(flow, wait->value, "string", value, reterr_error);
    }
    if (!json_is_string(value) || !clock_parse_rfc3339(json_str(value), &unix_ms, NULL)) {
        struct str text = flow_print(flow->step, value);
        if (wait->is_path) {
            *reterr_error = flow_runtime_error(
                flow->step, flow->strand,
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
                "date-time format string: %" STR_FORMAT " == %" STR_FORMAT,
                STR_ARGS(path_text(wait->value)), STR_ARGS(text));
            return STATUS_INVALID;
        }
        *reterr_error = flow_runtime_error(flow->step, flow->strand,
                                           "The Timestamp field cannot be parsed as an ISO-8601 "
                                           "extended offset date-time format string: %" STR_FORMAT,
                                           STR_ARGS(text));
        reterr_error->name = ASL_ERROR_QUERY_EVALUATION;
        reterr_error->location = wait->value->field;
        return STATUS_INVALID;
    }
    int64_t fraction = unix_ms % 1000;
    *ret_until = unix_ms - (fraction < 0 ? fraction + 1000 : fraction); // Whole seconds.
    if (*ret_until - flow->step->now_unix_ms <= wait_ms_max) return STATUS_OK;
    *reterr_error = flow_runtime_error(flow->step, flow->strand, "Wait state delay is too long.");
    return STATUS_INVALID;
}

// `ret_is_late`: the error came from the value, not from its evaluation.
static enum status wait_until(struct flow *flow, int64_t *ret_until, bool *ret_is_late,
                              struct asl_error *reterr_error)
{
    const struct asl_wait *wait = &flow->state->wait;
    assert(flow->state->type == ASL_STATE_WAIT);
    struct payload effective = flow->strand->input;
    struct json value;
    enum status status = STATUS_OK;
    *ret_is_late = false;
    if (flow->state->query_language == ASL_JSONPATH) {
        status = flow_effective_input(flow, &effective, reterr_error);
        if (status != STATUS_OK) return status;
    }
    status = flow_scalar(flow, wait->value, &effective, &value, reterr_error);
    if (status == STATUS_INVALID && wait->is_path) *reterr_error = missing_path_error(flow);
    if (status != STATUS_OK) return status;
    *ret_is_late = true;
    return wait->kind == ASL_WAIT_SECONDS ? wait_seconds(flow, &value, ret_until, reterr_error)
                                          : wait_timestamp(flow, &value, ret_until, reterr_error);
}

static void enter_wait(struct step *step, struct strand *strand)
{
    struct flow flow;
    struct asl_error error;
    int64_t until = 0;
    bool is_late = false;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK) status = wait_until(&flow, &until, &is_late, &error);
    if (status == STATUS_INVALID && is_late) {
        strand_reject_after(step, strand, &error, strand->entered_event_id);
        return;
    }
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    if (until <= step->now_unix_ms) {
        state_end_wait(step, strand);
        return;
    }
    strand->wait = STRAND_WAITS_FOR_TIME;
    strand_arm_timer(step, strand, until);
}

void state_end_wait(struct step *step, struct strand *strand)
{
    assert(strand->state->type == ASL_STATE_WAIT && strand->timer_id == 0);
    struct flow flow;
    struct outcome outcome;
    struct asl_error error;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK) {
        status = flow_finish_input(&flow, strand->state->output, strand->state->assign, &outcome,
                                   &error);
    }
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    strand_exit_state(step, strand, strand->state->next_state, &outcome);
}

// ---------------------------------------------------------------------------------------------

static void do_work(struct step *step, struct strand *strand)
{
    assert(strand->task.id == 0 && strand->timer_id == 0 && strand->fan_out == NULL);
    assert(strand->retry_count == 0 && strand->input.is_within_limit);
    step->states_entered++;
    step->shown_bytes += strand->input.size_bytes;
    switch (strand->state->type) {
    case ASL_STATE_PASS: enter_pass(step, strand); return;
    case ASL_STATE_SUCCEED: enter_succeed(step, strand); return;
    case ASL_STATE_FAIL: enter_fail(step, strand); return;
    case ASL_STATE_CHOICE: enter_choice(step, strand); return;
    case ASL_STATE_WAIT: enter_wait(step, strand); return;
    case ASL_STATE_TASK:
    case ASL_STATE_PARALLEL:
    case ASL_STATE_MAP: state_perform(step, strand); return;
    }
}

void state_enter(struct step *step, struct strand *strand)
{
    strand->entered_unix_ms = step->now_unix_ms;
    history_add_entered(step, strand);
    do_work(step, strand);
}

void state_resume(struct step *step, struct strand *strand)
{
    assert(strand->entered_event_id != 0);
    do_work(step, strand);
}

void state_perform(struct step *step, struct strand *strand)
{
    assert(strand->task.id == 0 && strand->fan_out == NULL);
    if (strand->state->type == ASL_STATE_TASK) {
        task_perform(step, strand);
    } else if (strand->state->type == ASL_STATE_PARALLEL) {
        parallel_perform(step, strand);
    } else {
        map_perform(step, strand);
    }
}

// ParallelStateSucceeded and the like. The exit follows what they follow, so they do not become the
// strand's last event.
static void record_success(struct step *step, struct strand *strand)
{
    const struct asl_state *state = strand->state;
    if (state->type == ASL_STATE_PARALLEL) {
        history_add(step, ENGINE_HISTORY_PARALLEL_STATE_SUCCEEDED, strand->last_event_id);
        return;
    }
    if (state->type != ASL_STATE_MAP) return;
    uint64_t cause_event_id = strand->last_event_id;
    if (state_is_distributed_map(state)) {
        history_add(step, ENGINE_HISTORY_MAP_RUN_SUCCEEDED, cause_event_id);
        cause_event_id = history_last_id(step);
    }
    history_add(step, ENGINE_HISTORY_MAP_STATE_SUCCEEDED, cause_event_id);
}

void state_complete(struct step *step, struct strand *strand, const struct payload *result)
{
    struct flow flow;
    struct outcome outcome;
    struct asl_error error;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK) {
        flow.environment.states_result = &result->value;
        if (step->inspection != NULL) inspect_stage(&flow, ENGINE_RESULT, result);
        status = flow_finish_work(&flow, result, &outcome, &error);
    }
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    record_success(step, strand);
    strand->fan_out = NULL;
    strand->map_run = NULL;
    strand_exit_state(step, strand, strand->state->next_state, &outcome);
}
