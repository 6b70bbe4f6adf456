// Failure: Retry, Catch, and the way up through Parallel and Map states when neither helps.

#include <string.h>

#include "engine/control.h"
#include "engine/history.h"
#include "engine/inspect.h"
#include "engine/redrive.h"
#include "engine/strand.h"

static bool is_terminal(const struct asl_error *error)
{
    return str_equal(error->name, ASL_ERROR_RUNTIME);
}

// What a state failed with, and another name that Retry and Catch may know it by.
struct failure {
    struct asl_error error;
    struct str alias; // Empty: none.
};

static bool matches(const struct asl_error_list *list, const struct failure *failure)
{
    return asl_error_list_matches(list, failure->error.name) ||
           (failure->alias.size > 0 && asl_error_list_matches(list, failure->alias));
}

static bool reset_attempts(struct step *step, struct strand *strand)
{
    uint32_t count = strand->state->retrier_count;
    if (strand->attempts_capacity < count) {
        strand->attempts = arena_alloc_array(step->values, count, sizeof(*strand->attempts));
        strand->attempts_capacity = strand->attempts == NULL ? 0 : count;
        if (strand->attempts == NULL) return false;
    }
    if (count > 0) memset(strand->attempts, 0, count * sizeof(*strand->attempts));
    return true;
}

// A state that is only tested: returns true when its work would be done again.
static bool try_inspected_retry(struct step *step, struct strand *strand,
                                const struct failure *failure)
{
    for (uint32_t i = 0; i < strand->state->retrier_count; i++) {
        if (matches(&strand->state->retriers[i].error_equals, failure)) {
            return inspect_retry(step, strand, i, &failure->error);
        }
    }
    return false;
}

// Returns true when the state's work will be done again.
static bool try_retry(struct step *step, struct strand *strand, const struct failure *failure)
{
    const struct asl_state *state = strand->state;
    if (state->retrier_count == 0) return false;
    if (step->inspection != NULL) return try_inspected_retry(step, strand, failure);
    if (strand->retry_count == 0 && !reset_attempts(step, strand)) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return true;
    }
    for (uint32_t i = 0; i < state->retrier_count; i++) {
        const struct asl_retrier *retrier = &state->retriers[i];
        if (!matches(&retrier->error_equals, failure)) continue;
        // "the interpreter scans through the Retriers and, when the Error Name appears in the value
        // of a Retrier's ErrorEquals field, implements the retry policy described in that Retrier":
        // the first that matches decides, also when it is used up.
        if (strand->attempts[i] >= retrier->attempts_max) return false;
        strand->attempts[i]++;
        strand->retry_count++;
        assert(strand->attempts[i] <= retrier->attempts_max);
        double uniform =
            retrier->jitter_strategy == ASL_JITTER_FULL ? random_uniform(&step->random) : 0;
        uint64_t delay_ms = asl_retry_delay_ms(retrier, strand->attempts[i], uniform);
        if (delay_ms > (uint64_t)ASL_SECONDS_MAX * 1000)
            delay_ms = (uint64_t)ASL_SECONDS_MAX * 1000;
        strand->wait = STRAND_WAITS_FOR_RETRY;
        strand_arm_timer(step, strand, step->now_unix_ms + (int64_t)delay_ms);
        return true;
    }
    return false;
}

// MapStateFailed, ParallelStateFailed; other types have no such event.
static void record_state_failed(struct step *step, struct strand *strand)
{
    if (strand->state->type == ASL_STATE_MAP) {
        history_add_next(step, strand, ENGINE_HISTORY_MAP_STATE_FAILED);
    } else if (strand->state->type == ASL_STATE_PARALLEL) {
        history_add_next(step, strand, ENGINE_HISTORY_PARALLEL_STATE_FAILED);
    }
}

static struct json error_output(struct step *step, const struct asl_error *error)
{
    struct json_members members;
    json_members_init(&members, step->values);
    struct str name = error->name.data == NULL ? STR("") : error->name;
    struct str cause = error->cause.data == NULL ? STR("") : error->cause;
    json_members_append(&members, STR("Error"), json_from_str(name));
    json_members_append(&members, STR("Cause"), json_from_str(cause));
    return json_members_finish(&members);
}

// The outcome of a state that `catcher` caught.
static enum status catch_outcome(struct step *step, struct strand *strand,
                                 const struct asl_catcher *catcher, const struct asl_error *error,
                                 struct outcome *ret_outcome, struct asl_error *reterr_error)
{
    struct flow flow;
    enum status status = flow_init(&flow, step, strand);
    if (status != STATUS_OK) return status;
    struct payload errors = payload_of(error_output(step, error));
    if (step->values->is_exhausted) return STATUS_NO_MEMORY;
    flow.environment.states_error_output = &errors.value;
    if (flow.state->query_language != ASL_JSONATA) {
        status = flow_merge_result(&flow, &catcher->result_path, &errors, &ret_outcome->output,
                                   reterr_error);
    } else if (catcher->output != NULL) {
        status = flow_evaluate(&flow, catcher->output, NULL, &ret_outcome->output, reterr_error);
    } else {
        ret_outcome->output = errors;
    }
    if (status != STATUS_OK) return status;
    status = flow_assign(&flow, catcher->assign, &errors, &ret_outcome->assigned, reterr_error);
    if (status != STATUS_OK) return status;
    return flow_check_output(&flow, &ret_outcome->output, reterr_error);
}

// Returns true when the strand goes on, or the step has a fault. A catcher whose own fields fail
// puts that failure in the place of the old one.
static bool try_catch(struct step *step, struct strand *strand, struct failure *failure)
{
    struct asl_error *error = &failure->error;
    const struct asl_state *state = strand->state;
    for (uint32_t i = 0; i < state->catcher_count; i++) {
        const struct asl_catcher *catcher = &state->catchers[i];
        if (!matches(&catcher->error_equals, failure)) continue;
        struct outcome outcome;
        struct asl_error catcher_error;
        enum status status = catch_outcome(step, strand, catcher, error, &outcome, &catcher_error);
        if (status == STATUS_INVALID) {
            *failure = (struct failure){.error = catcher_error};
            if (str_equal(error->name, ASL_ERROR_QUERY_EVALUATION)) {
                history_add_evaluation_failed(step, strand, error, strand->last_event_id);
            }
            return false;
        }
        if (status != STATUS_OK) {
            step_set_fault(step, status);
            return true;
        }
        assert(strand->fan_out == NULL);
        if (step->inspection != NULL) step->inspection->catch_index = i;
        record_state_failed(step, strand);
        strand_exit_state(step, strand, catcher->next_state, &outcome);
        return true;
    }
    return false;
}

void strand_fail_as(struct step *step, struct strand *strand, const struct asl_error *error,
                    struct str alias)
{
    struct failure failure = {*error, alias};
    bool is_own = true; // The state itself failed, not something within it.
    if (step->inspection != NULL) inspect_failure(step, error);
    for (;;) {
        assert(strand->task.id == 0 && strand->wait != STRAND_IS_FREE);
        assert(step->execution->status == ENGINE_RUNNING);
        strand_unready(step->execution, strand);
        strand_cancel_timer(step, strand);
        strand_abort_children(step, strand, true, strand->last_event_id);
        struct fan_out *fan_out = strand->fan_out;
        struct map_run *map_run = strand->map_run;
        strand->fan_out = NULL;
        strand->map_run = NULL;
        if (!is_terminal(&failure.error)) {
            if (try_retry(step, strand, &failure)) return;
            if (try_catch(step, strand, &failure)) return;
        }
        if (!is_own || !is_terminal(&failure.error)) record_state_failed(step, strand);
        redrive_keep_fan_out(step, strand, fan_out, is_own, &failure.error);
        redrive_keep_map_run(step, strand, map_run, &failure.error);
        if (strand_is_root(strand)) {
            engine_fail_execution(step, &failure.error);
            return;
        }
        struct strand *parent = strand->parent;
        fan_out_child_failed(step, strand);
        strand = parent;
        is_own = false;
    }
}

void strand_fail(struct step *step, struct strand *strand, const struct asl_error *error)
{
    strand_fail_as(step, strand, error, (struct str){0});
}

void strand_reject_after(struct step *step, struct strand *strand, const struct asl_error *error,
                         uint64_t previous_event_id)
{
    if (str_equal(error->name, ASL_ERROR_QUERY_EVALUATION)) {
        history_add_evaluation_failed(step, strand, error, previous_event_id);
    }
    strand_fail(step, strand, error);
}

void strand_reject(struct step *step, struct strand *strand, enum status status,
                   const struct asl_error *error)
{
    assert(status != STATUS_OK);
    if (status != STATUS_INVALID) {
        step_set_fault(step, status);
        return;
    }
    // What fails before the state's work began is recorded as following what StateEntered follows.
    bool has_begun = strand->last_event_id != strand->entered_event_id;
    strand_reject_after(step, strand, error,
                        has_begun ? strand->last_event_id : strand->before_event_id);
}
