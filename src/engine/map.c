// Map: its items, its limits, its iterations. An iteration of a distributed Map is an execution of
// its own to the states within it: it counts events for itself and sees no variables from outside.

#include "engine/context_object.h"
#include "engine/control.h"
#include "engine/history.h"
#include "engine/inspect.h"
#include "engine/strand.h"

enum { DISTRIBUTED_CONCURRENCY_MAX = 10000 };

// The array to iterate over. `effective` is the effective input.
static enum status find_items(struct flow *flow, const struct payload *effective,
                              struct payload *ret_items, struct asl_error *reterr_error)
{
    const struct asl_map *map = &flow->state->map;
    enum status status;
    if (flow->state->query_language == ASL_JSONATA) {
        *ret_items = *effective;
        if (map->items != NULL) {
            status = flow_evaluate(flow, map->items, NULL, ret_items, reterr_error);
            if (status != STATUS_OK || json_is_array(&ret_items->value)) return status;
            return flow_type_error(flow, map->items, "array", &ret_items->value, reterr_error);
        }
        if (json_is_array(&ret_items->value)) return STATUS_OK;
        struct str text = json_render_to_arena(flow->step->values, &ret_items->value);
        *reterr_error = flow_runtime_error(flow->step, flow->strand,
                                           "Map state input must be an array but was: %" STR_FORMAT,
                                           STR_ARGS(text));
        reterr_error->name = ASL_ERROR_QUERY_EVALUATION;
        return STATUS_INVALID;
    }
    status = flow_path(flow, &map->items_path, effective, ret_items, reterr_error);
    if (status != STATUS_OK || json_is_array(&ret_items->value)) return status;
    struct str path = map->items_path.path == NULL ? STR("$") : jsonpath_text(map->items_path.path);
    if (str_starts_with(path, STR("$$"))) path = str_skip(path, 1); // As the service prints it.
    *reterr_error = flow_runtime_error(flow->step, flow->strand,
                                       "Reference path \"%" STR_FORMAT "\" must point to array.",
                                       STR_ARGS(path));
    return STATUS_INVALID;
}

static enum status find_concurrency(struct flow *flow, const struct payload *effective,
                                    uint32_t *ret_concurrency, struct asl_error *reterr_error)
{
    bool is_distributed = flow->state->map.mode == ASL_MAP_DISTRIBUTED;
    uint32_t most = is_distributed ? DISTRIBUTED_CONCURRENCY_MAX : ENGINE_MAP_CONCURRENCY_MAX;
    int64_t concurrency = 0;
    if (flow->state->map.max_concurrency != NULL) {
        struct flow_integer_field field = {
            .template = flow->state->map.max_concurrency,
            .name = "MaxConcurrency",
            .path_name = "MaxConcurrencyPath",
        };
        enum status status = flow_integer(flow, &field, effective, &concurrency, reterr_error);
        if (status != STATUS_OK) return status;
    }
    if (flow->step->inspection != NULL) flow->step->inspection->max_concurrency = concurrency;
    *ret_concurrency = concurrency == 0 || concurrency > most ? most : (uint32_t)concurrency;
    return STATUS_OK;
}

static enum status find_percentage(struct flow *flow, const struct payload *effective,
                                   double *ret_percentage, struct asl_error *reterr_error)
{
    const struct asl_template *template = flow->state->map.tolerated_failure_percentage;
    struct json value;
    enum status status = flow_number(flow, template, effective, &value, reterr_error);
    if (status != STATUS_OK) return status;
    if (!json_is_number(&value) && flow->state->query_language == ASL_JSONATA) {
        return flow_type_error(flow, template, "number", &value, reterr_error);
    }
    if (!json_is_number(&value)) {
        struct str path =
            template->kind == ASL_TEMPLATE_PATH ? jsonpath_text(template->path) : STR("");
        *reterr_error = flow_runtime_error(
            flow->step, flow->strand,
            "The ToleratedFailurePercentagePath field refers to value \"%" STR_FORMAT
            "\" which is not a valid float: %" STR_FORMAT,
            STR_ARGS(flow_print(flow->step, &value)), STR_ARGS(path));
        return STATUS_INVALID;
    }
    *ret_percentage = json_to_real(&value);
    if (*ret_percentage >= 0 && *ret_percentage <= 100) return STATUS_OK;
    *reterr_error = flow_runtime_error(flow->step, flow->strand,
                                       "ToleratedFailurePercentage must be between 0 and 100.");
    return STATUS_INVALID;
}

static enum status find_tolerance(struct flow *flow, const struct payload *effective,
                                  struct fan_out *fan_out, struct asl_error *reterr_error)
{
    const struct asl_map *map = &flow->state->map;
    enum status status = STATUS_OK;
    if (map->tolerated_failure_count != NULL) {
        struct flow_integer_field field = {
            .template = map->tolerated_failure_count,
            .name = "ToleratedFailureCount",
            .path_name = "ToleratedFailureCountPath",
        };
        status = flow_integer(flow, &field, effective, &fan_out->failure_count_max, reterr_error);
    }
    if (status == STATUS_OK && map->tolerated_failure_percentage != NULL) {
        status = find_percentage(flow, effective, &fan_out->failure_percent_max, reterr_error);
    }
    return status;
}

// What a distributed Map needs on top: its run.
static bool start_run(struct step *step, struct strand *strand)
{
    struct fan_out *fan_out = strand->fan_out;
    const struct engine_start *start = &step->execution->start;
    fan_out->has_result = arena_alloc_zeroed(step->values, fan_out->count);
    char uuid[RANDOM_UUID_SIZE];
    random_uuid(&step->random, uuid);
    struct str label = map_label(step, strand->state);
    // "arn:aws:states:REGION:ACCOUNT:stateMachine:NAME", up to the kind of resource.
    size_t kind = str_find(start->state_machine_arn, STR("stateMachine:"));
    struct str prefix = str_slice(start->state_machine_arn, 0, kind == SIZE_MAX ? 0 : kind);
    fan_out->map_run_arn =
        arena_printf(step->values, "%" STR_FORMAT "mapRun:%" STR_FORMAT "/%" STR_FORMAT ":%.*s",
                     STR_ARGS(prefix), STR_ARGS(start->state_machine_name), STR_ARGS(label),
                     RANDOM_UUID_SIZE, uuid);
    if (fan_out->has_result == NULL || step->values->is_exhausted) return false;
    struct engine_history_event *event =
        history_add_next(step, strand, ENGINE_HISTORY_MAP_RUN_STARTED);
    if (event != NULL) event->map_run_arn = fan_out->map_run_arn;
    return true;
}

static enum status refuse_unsupported(struct flow *flow, struct asl_error *reterr_error)
{
    const struct asl_map *map = &flow->state->map;
    const char *field = map->item_reader != NULL     ? "ItemReader"
                        : map->item_batcher != NULL  ? "ItemBatcher"
                        : map->result_writer != NULL ? "ResultWriter"
                                                     : NULL;
    if (field == NULL) return STATUS_OK;
    *reterr_error = flow_runtime_error(flow->step, flow->strand, "%s is not supported yet.", field);
    return STATUS_INVALID;
}

// A Map state that is only tested: everything is evaluated, and then the mock stands in.
static void start_inspection(struct flow *flow, const struct payload *effective)
{
    struct step *step = flow->step;
    struct engine_inspection *inspection = step->inspection;
    struct fan_out tolerance = {.failure_percent_max = -1, .failure_count_max = -1};
    struct payload items;
    struct asl_error error;
    uint32_t concurrency;
    bool is_read = flow->state->map.item_reader != NULL, has_items = true;
    enum status status = STATUS_OK;
    if (is_read) {
        has_items = json_is_array(&inspection->reader_items);
        if (has_items) items = payload_of(inspection->reader_items);
    } else {
        status = find_items(flow, effective, &items, &error);
        if (status == STATUS_OK) inspect_stage(flow, ENGINE_AFTER_ITEMS_PATH, &items);
    }
    if (status == STATUS_OK) status = find_concurrency(flow, effective, &concurrency, &error);
    if (status == STATUS_OK) status = find_tolerance(flow, effective, &tolerance, &error);
    if (status != STATUS_OK) {
        strand_reject(step, flow->strand, status, &error);
        return;
    }
    inspection->tolerated_failure_count = tolerance.failure_count_max;
    inspection->tolerated_failure_percentage = tolerance.failure_percent_max;
    inspect_map(flow, effective, has_items ? &items : NULL, &tolerance);
}

static void start_map(struct flow *flow, const struct payload *effective,
                      const struct payload *items, uint32_t concurrency)
{
    struct step *step = flow->step;
    struct strand *strand = flow->strand;
    struct asl_error error;
    assert(json_is_array(&items->value) && concurrency > 0);
    struct fan_out *fan_out = fan_out_new(step, strand, items->value.size);
    if (fan_out == NULL) return;
    fan_out->items = items->value;
    fan_out->input = *effective;
    fan_out->concurrency_max = concurrency;
    struct engine_history_event *event =
        history_add_next(step, strand, ENGINE_HISTORY_MAP_STATE_STARTED);
    if (event != NULL) event->length = fan_out->count;
    enum status status = find_tolerance(flow, effective, fan_out, &error);
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    if (state_is_distributed_map(strand->state) && !start_run(step, strand)) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return;
    }
    fan_out->started_event_id = strand->last_event_id;
    fan_out->slot_event_id = strand->last_event_id;
    strand_make_ready(step->execution, strand, fan_out->count == 0 ? STRAND_JOINS : STRAND_SPREADS);
}

void map_perform(struct step *step, struct strand *strand)
{
    assert(strand->state->type == ASL_STATE_MAP);
    struct flow flow;
    struct payload effective = strand->input, items;
    struct asl_error error;
    uint32_t concurrency;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK && step->inspection == NULL) {
        status = refuse_unsupported(&flow, &error);
    }
    if (status == STATUS_OK && flow.state->query_language == ASL_JSONPATH) {
        status = flow_effective_input(&flow, &effective, &error);
    }
    if (status == STATUS_OK && step->inspection != NULL) {
        start_inspection(&flow, &effective);
        return;
    }
    if (status == STATUS_OK) status = find_items(&flow, &effective, &items, &error);
    if (status == STATUS_OK) status = find_concurrency(&flow, &effective, &concurrency, &error);
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    start_map(&flow, &effective, &items, concurrency);
}

// What iteration `index` gets: the item, or what ItemSelector makes of it.
static enum status iteration_input(struct step *step, struct strand *strand, uint32_t index,
                                   struct payload *ret_input, struct asl_error *reterr_error)
{
    const struct fan_out *fan_out = strand->fan_out;
    const struct json *item = &fan_out->items.items[index];
    if (strand->state->map.item_selector == NULL) {
        *ret_input = payload_of(*item);
    } else {
        struct flow flow;
        enum status status = flow_init_for_item(&flow, step, strand, index, item);
        if (status != STATUS_OK) return status;
        status = flow_evaluate(&flow, strand->state->map.item_selector, &fan_out->input, ret_input,
                               reterr_error);
        if (status != STATUS_OK) return status;
        return flow_check_output(&flow, ret_input, reterr_error);
    }
    ret_input->is_within_limit = true; // A part of what was within it.
    return STATUS_OK;
}

static bool make_child_execution(struct step *step, struct strand *strand, struct strand *child)
{
    struct child_execution *execution = ARENA_NEW(step->values, struct child_execution);
    if (execution == NULL) return false;
    execution->history.is_limited = strand->state->map.execution_type == ASL_MACHINE_STANDARD;
    execution->history.count = 1; // ExecutionStarted, which is its own and nobody sees.
    execution->input = child->input.value;
    execution->started_unix_ms = step->now_unix_ms;
    child->child_execution = execution;
    child->history = &execution->history;
    return true;
}

struct strand *map_start_iteration(struct step *step, struct strand *strand, uint32_t index)
{
    struct fan_out *fan_out = strand->fan_out;
    assert(index < fan_out->count && fan_out->items.size == fan_out->count);
    const struct asl_machine *machine = step->execution->start.machine;
    struct payload input;
    struct asl_error error;
    enum status status = iteration_input(step, strand, index, &input, &error);
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return NULL;
    }
    uint32_t start_state = machine->scopes[strand->state->map.scope].start_state;
    struct strand *child = strand_new_child(step, strand, start_state);
    if (child == NULL) return NULL;
    child->index = index;
    child->item = fan_out->items.items[index];
    strand_set_input(step->execution, child, input);
    if (state_is_distributed_map(strand->state)) {
        if (make_child_execution(step, strand, child)) return child;
        step_set_fault(step, STATUS_NO_MEMORY);
        return NULL;
    }
    child->variables = strand->variables;
    // The first iterations follow MapStateStarted; a later one follows the end of the one whose
    // place it takes.
    history_add_iteration(step, child, ENGINE_HISTORY_MAP_ITERATION_STARTED,
                          index < fan_out->concurrency_max ? fan_out->started_event_id
                                                           : fan_out->slot_event_id);
    child->last_event_id = child->history->count;
    return child;
}
