// Which values are told of which state is what the service was seen to do: a Parallel state tells
// nothing of its input, a Map state has no result of its own, and states in JSONata only show what
// is not already to be seen in input and output.

#include "engine/inspect.h"

#include "engine/control.h"

void engine_inspection_init(struct engine_inspection *inspection)
{
    *inspection = (struct engine_inspection){
        .map_failure_count = -1,
        .retry_index = -1,
        .retry_delay_seconds = -1,
        .catch_index = -1,
        .max_concurrency = -1,
        .tolerated_failure_count = -1,
        .tolerated_failure_percentage = -1,
    };
}

#define BIT(stage) (1U << (stage))

enum {
    INPUT = BIT(ENGINE_AFTER_INPUT_PATH),
    OUTPUT = BIT(ENGINE_AFTER_RESULT_SELECTOR) | BIT(ENGINE_AFTER_RESULT_PATH),
    WORK = INPUT | BIT(ENGINE_AFTER_PARAMETERS) | BIT(ENGINE_RESULT) | OUTPUT,
    ITEMS = BIT(ENGINE_AFTER_ITEMS_PATH) | BIT(ENGINE_AFTER_ITEM_SELECTOR),
};

static unsigned stages_told(const struct asl_state *state)
{
    bool is_jsonata = state->query_language == ASL_JSONATA;
    switch (state->type) {
    case ASL_STATE_TASK:
        return is_jsonata ? BIT(ENGINE_AFTER_ARGUMENTS) | BIT(ENGINE_RESULT) : WORK;
    case ASL_STATE_PASS: return is_jsonata ? 0 : WORK;
    case ASL_STATE_PARALLEL: return is_jsonata ? 0 : OUTPUT;
    case ASL_STATE_MAP:
        return is_jsonata ? BIT(ENGINE_AFTER_ITEM_SELECTOR) : INPUT | ITEMS | OUTPUT;
    case ASL_STATE_CHOICE:
    case ASL_STATE_WAIT:
    case ASL_STATE_SUCCEED: return is_jsonata ? 0 : INPUT;
    case ASL_STATE_FAIL: return 0;
    }
    return 0;
}

void inspect_stage(struct flow *flow, enum engine_stage stage, const struct payload *value)
{
    struct engine_inspection *inspection = flow->step->inspection;
    struct payload told = *value;
    if ((stages_told(flow->state) & BIT(stage)) == 0) return;
    if (payload_check(&told) != PAYLOAD_FITS) return;
    inspection->stages[stage] = told.value;
    inspection->has_stage[stage] = true;
}

static void use_mock(struct step *step, struct strand *strand)
{
    const struct engine_inspection *inspection = step->inspection;
    assert(inspection->mock != ENGINE_MOCK_NONE && strand->fan_out == NULL);
    if (inspection->mock == ENGINE_MOCK_ERROR) {
        strand_fail(step, strand, &inspection->mock_error);
        return;
    }
    struct payload result = payload_of(inspection->mock_result);
    state_complete(step, strand, &result);
}

bool inspect_work(struct step *step, struct strand *strand)
{
    if (step->inspection->mock == ENGINE_MOCK_NONE) return false;
    use_mock(step, strand);
    return true;
}

// What ItemSelector makes of each item. Nothing is told when that is more than can be told.
static enum status select_items(struct flow *flow, const struct payload *effective,
                                const struct payload *items, struct asl_error *reterr_error)
{
    struct json_items selected;
    size_t size_bytes = 0;
    json_items_init(&selected, flow->step->values);
    for (uint32_t i = 0; i < items->value.size; i++) {
        struct flow item_flow;
        struct payload value;
        enum status status =
            flow_init_for_item(&item_flow, flow->step, flow->strand, i, &items->value.items[i]);
        if (status == STATUS_OK) {
            status = flow_evaluate(&item_flow, flow->state->map.item_selector, effective, &value,
                                   reterr_error);
        }
        if (status != STATUS_OK) return status;
        size_bytes += value.size_bytes;
        if (size_bytes > (size_t)ASL_PAYLOAD_SIZE_BYTES_MAX * PAYLOAD_ESTIMATE_FACTOR) {
            return STATUS_OK;
        }
        json_items_append(&selected, value.value);
    }
    struct payload inputs = payload_of(json_items_finish(&selected));
    inspect_stage(flow, ENGINE_AFTER_ITEM_SELECTOR, &inputs);
    return flow->step->values->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}

// How many iterations there are: of what is known, the items, else the mocked results.
static bool find_count(const struct engine_inspection *inspection, const struct payload *items,
                       uint32_t *ret_count)
{
    const struct json *list = items != NULL ? &items->value : &inspection->mock_result;
    if (items == NULL && inspection->mock != ENGINE_MOCK_RESULT) return false;
    if (!json_is_array(list)) return false;
    *ret_count = list->size;
    return true;
}

// Did more iterations fail than the state tolerates?
static bool is_exceeded(const struct engine_inspection *inspection,
                        const struct map_tolerance *tolerance, uint32_t count)
{
    if (inspection->map_failure_count <= 0) return false;
    return engine_map_run_is_exceeded(tolerance->count, tolerance->percentage,
                                      (uint64_t)inspection->map_failure_count, count);
}

void inspect_map(struct flow *flow, const struct payload *effective, const struct payload *items,
                 const struct map_tolerance *tolerance)
{
    struct step *step = flow->step;
    struct engine_inspection *inspection = step->inspection;
    struct asl_error error;
    uint32_t count = UINT32_MAX;
    if (flow->state->map.item_selector != NULL && items != NULL) {
        enum status status = select_items(flow, effective, items, &error);
        if (status != STATUS_OK) {
            strand_reject(step, flow->strand, status, &error);
            return;
        }
    }
    if (find_count(inspection, items, &count) && inspection->map_failure_count > count) {
        inspection->verdict = ENGINE_VERDICT_TOO_MANY_FAILURES;
        error = (struct asl_error){.name = ASL_ERROR_RUNTIME};
        engine_fail_execution(step, &error);
        return;
    }
    if (is_exceeded(inspection, tolerance, count)) {
        error = engine_map_run_exceeded_error();
        strand_fail(step, flow->strand, &error);
        return;
    }
    use_mock(step, flow->strand);
}

void inspect_exit(struct step *step, struct strand *strand, uint32_t next_state)
{
    struct engine_inspection *inspection = step->inspection;
    const struct asl_machine *machine = step->execution->start.machine;
    assert((inspection->catch_index >= 0) == (inspection->verdict == ENGINE_VERDICT_FAILED));
    inspection->verdict =
        inspection->catch_index >= 0 ? ENGINE_VERDICT_CAUGHT : ENGINE_VERDICT_SUCCEEDED;
    if (next_state != ASL_STATE_NONE) inspection->next_state = machine->states[next_state].name;
    if (strand->variables != NULL) inspection->variables_after = strand->variables->values;
}

void inspect_failure(struct step *step, const struct asl_error *error)
{
    struct engine_inspection *inspection = step->inspection;
    const struct asl_variables *variables = step->execution->root.variables;
    inspection->verdict = ENGINE_VERDICT_FAILED;
    inspection->error = *error;
    if (variables != NULL) inspection->variables_after = variables->values;
}

bool inspect_retry(struct step *step, struct strand *strand, uint32_t index,
                   const struct asl_error *error)
{
    struct engine_inspection *inspection = step->inspection;
    const struct asl_retrier *retrier = &strand->state->retriers[index];
    inspection->retry_index = index;
    if (inspection->retry_count >= retrier->attempts_max) return false;
    double uniform =
        retrier->jitter_strategy == ASL_JITTER_FULL ? random_uniform(&step->random) : 0;
    uint64_t delay_ms = asl_retry_delay_ms(retrier, inspection->retry_count + 1, uniform);
    uint64_t seconds = delay_ms / 1000 + (delay_ms % 1000 >= 500 ? 1 : 0);
    inspection->retry_delay_seconds =
        seconds > ASL_SECONDS_MAX ? ASL_SECONDS_MAX : (int64_t)seconds;
    inspection->verdict = ENGINE_VERDICT_RETRIABLE;
    engine_fail_execution(step, error);
    return true;
}

bool inspect_context(struct step *step, const struct json *map, struct json *ret_object)
{
    const struct json *given = &step->inspection->context_object;
    assert(json_is_object(given));
    *ret_object = *given;
    if (map == NULL) return true;
    struct json_members members;
    json_members_init(&members, step->values);
    for (uint32_t i = 0; i < given->size; i++)
        json_members_append(&members, json_str(&given->members[i].name), given->members[i].value);
    json_members_set(&members, STR("Map"), *map);
    *ret_object = json_members_finish(&members);
    return !step->values->is_exhausted;
}
