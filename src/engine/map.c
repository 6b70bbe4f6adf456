// Map: its items, its limits, and the iterations of an inline one. The run of a distributed one is
// in map_run.c.

#include "engine/context_object.h"
#include "engine/control.h"
#include "engine/history.h"
#include "engine/inspect.h"
#include "engine/strand.h"

enum status map_find_items(struct flow *flow, const struct payload *effective,
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

// 0: as many as there may be.
static enum status find_concurrency(struct flow *flow, const struct payload *effective,
                                    uint32_t *ret_concurrency, struct asl_error *reterr_error)
{
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
    *ret_concurrency = concurrency > UINT32_MAX ? UINT32_MAX : (uint32_t)concurrency;
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

enum status map_find_tolerance(struct flow *flow, const struct payload *effective,
                               struct map_tolerance *ret_tolerance, struct asl_error *reterr_error)
{
    const struct asl_map *map = &flow->state->map;
    enum status status = STATUS_OK;
    *ret_tolerance = (struct map_tolerance){.count = -1, .percentage = -1};
    if (map->tolerated_failure_count != NULL) {
        struct flow_integer_field field = {
            .template = map->tolerated_failure_count,
            .name = "ToleratedFailureCount",
            .path_name = "ToleratedFailureCountPath",
        };
        status = flow_integer(flow, &field, effective, &ret_tolerance->count, reterr_error);
    }
    if (status == STATUS_OK && map->tolerated_failure_percentage != NULL) {
        status = find_percentage(flow, effective, &ret_tolerance->percentage, reterr_error);
    }
    return status;
}

// A Map state that is only tested: everything is evaluated, and then the mock stands in.
static void start_inspection(struct flow *flow, const struct payload *effective)
{
    struct step *step = flow->step;
    struct engine_inspection *inspection = step->inspection;
    struct map_tolerance tolerance;
    struct payload items;
    struct asl_error error;
    uint32_t concurrency;
    bool is_read = flow->state->map.item_reader != NULL, has_items = true;
    enum status status = STATUS_OK;
    if (is_read) {
        has_items = json_is_array(&inspection->reader_items);
        if (has_items) items = payload_of(inspection->reader_items);
    } else {
        status = map_find_items(flow, effective, &items, &error);
        if (status == STATUS_OK) inspect_stage(flow, ENGINE_AFTER_ITEMS_PATH, &items);
    }
    if (status == STATUS_OK) status = find_concurrency(flow, effective, &concurrency, &error);
    if (status == STATUS_OK) status = map_find_tolerance(flow, effective, &tolerance, &error);
    if (status != STATUS_OK) {
        strand_reject(step, flow->strand, status, &error);
        return;
    }
    inspection->tolerated_failure_count = tolerance.count;
    inspection->tolerated_failure_percentage = tolerance.percentage;
    inspect_map(flow, effective, has_items ? &items : NULL, &tolerance);
}

static void start_iterations(struct flow *flow, const struct payload *effective,
                             const struct payload *items, uint32_t concurrency)
{
    struct step *step = flow->step;
    struct strand *strand = flow->strand;
    bool is_limited = concurrency > 0 && concurrency < ENGINE_MAP_CONCURRENCY_MAX;
    assert(json_is_array(&items->value));
    struct fan_out *fan_out = fan_out_new(step, strand, items->value.size);
    if (fan_out == NULL) return;
    fan_out->items = items->value;
    fan_out->input = *effective;
    fan_out->concurrency_max = is_limited ? concurrency : ENGINE_MAP_CONCURRENCY_MAX;
    struct engine_history_event *event =
        history_add_next(step, strand, ENGINE_HISTORY_MAP_STATE_STARTED);
    if (event != NULL) event->length = fan_out->count;
    fan_out->started_event_id = strand->last_event_id;
    fan_out->slot_event_id = strand->last_event_id;
    strand_make_ready(step->execution, strand, fan_out->count == 0 ? STRAND_JOINS : STRAND_SPREADS);
}

static void start_inline(struct flow *flow, const struct payload *effective)
{
    struct payload items;
    struct asl_error error;
    uint32_t concurrency;
    enum status status = map_find_items(flow, effective, &items, &error);
    if (status == STATUS_OK) status = find_concurrency(flow, effective, &concurrency, &error);
    if (status != STATUS_OK) {
        strand_reject(flow->step, flow->strand, status, &error);
        return;
    }
    start_iterations(flow, effective, &items, concurrency);
}

static void start_distributed(struct flow *flow, const struct payload *effective)
{
    bool is_read = flow->state->map.item_reader != NULL;
    struct payload items = payload_of(json_null);
    struct asl_error error;
    uint32_t concurrency;
    enum status status = is_read ? STATUS_OK : map_find_items(flow, effective, &items, &error);
    if (status == STATUS_OK) status = find_concurrency(flow, effective, &concurrency, &error);
    if (status != STATUS_OK) {
        strand_reject(flow->step, flow->strand, status, &error);
        return;
    }
    map_begin_run(flow, effective, &items.value, concurrency);
}

void map_perform(struct step *step, struct strand *strand)
{
    assert(strand->state->type == ASL_STATE_MAP);
    struct flow flow;
    struct payload effective = strand->input;
    struct asl_error error;
    enum status status = flow_init(&flow, step, strand);
    if (status == STATUS_OK && flow.state->query_language == ASL_JSONPATH) {
        status = flow_effective_input(&flow, &effective, &error);
    }
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
    } else if (step->inspection != NULL) {
        start_inspection(&flow, &effective);
    } else if (state_is_distributed_map(strand->state)) {
        start_distributed(&flow, &effective);
    } else {
        start_inline(&flow, &effective);
    }
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
    child->variables = strand->variables;
    // The first iterations follow MapStateStarted; a later one follows the end of the one whose
    // place it takes.
    history_add_iteration(step, child, ENGINE_HISTORY_MAP_ITERATION_STARTED,
                          index < fan_out->concurrency_max ? fan_out->started_event_id
                                                           : fan_out->slot_event_id);
    child->last_event_id = history_last_id(step);
    return child;
}
