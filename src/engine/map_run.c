// Map runs seen from the state: the fields of a distributed Map are evaluated once, its driver runs
// the children, and what comes back ends the state's work.

#include "engine/map_run.h"

#include "engine/control.h"
#include "engine/data_flow.h"
#include "engine/history.h"
#include "engine/strand.h"

bool engine_map_run_is_exceeded(int64_t failure_count_max, double failure_percent_max,
                                uint64_t failed, uint64_t total)
{
    if (failed == 0) return false;
    if (failure_count_max < 0 && failure_percent_max < 0) return true;
    if (failure_count_max >= 0 && failed > (uint64_t)failure_count_max) return true;
    return failure_percent_max >= 0 && (double)failed * 100 > failure_percent_max * (double)total;
}

struct asl_error engine_map_run_exceeded_error(void)
{
    return (struct asl_error){
        .name = ASL_ERROR_EXCEED_TOLERATED,
        .cause = STR("The specified tolerated failure threshold was exceeded"),
    };
}

struct asl_error engine_map_run_size_error(void)
{
    return (struct asl_error){.name = ASL_ERROR_DATA_LIMIT};
}

const struct engine_map_run *engine_map_run_find(const struct engine_execution *execution,
                                                 uint64_t task_id)
{
    const struct strand *strand = strand_find_by_task(execution, task_id);
    return strand == NULL || strand->map_run == NULL ? NULL : &strand->map_run->told;
}

// ---------------------------------------------------------------------------------------------
// Names

// "arn:aws:states:REGION:ACCOUNT:stateMachine:NAME" without what follows "stateMachine:", and NAME
// without the label that the machine of a Map run's child has.
static struct str arn_before_kind(struct str state_machine_arn)
{
    size_t kind = str_find(state_machine_arn, STR("stateMachine:"));
    return str_slice(state_machine_arn, 0, kind == SIZE_MAX ? 0 : kind);
}

static struct str without_label(struct str name)
{
    size_t slash = str_find_byte(name, '/');
    return str_slice(name, 0, slash == SIZE_MAX ? name.size : slash);
}

struct str engine_map_child_machine_arn(struct arena *arena, struct str state_machine_arn,
                                        struct str label)
{
    return arena_printf(arena, "%" STR_FORMAT "/%" STR_FORMAT,
                        STR_ARGS(without_label(state_machine_arn)), STR_ARGS(label));
}

// A state without a label gets one that is the same in every execution: it is derived from what
// identifies the state (FNV-1a).
static struct str make_label(struct step *step, const struct asl_state *state)
{
    if (state->map.label.size > 0) return state->map.label;
    uint64_t seed = UINT64_C(0xcbf29ce484222325);
    struct str parts[] = {without_label(step->execution->start.state_machine_arn), state->name};
    for (size_t part = 0; part < ARRAY_COUNT(parts); part++) {
        for (size_t i = 0; i < parts[part].size; i++)
            seed = (seed ^ (unsigned char)parts[part].data[i]) * UINT64_C(0x100000001b3);
    }
    struct random random;
    char text[RANDOM_UUID_SIZE];
    random_init_seed(&random, seed);
    random_uuid(&random, text);
    return arena_printf(step->values, "%.*s", RANDOM_UUID_SIZE, text);
}

static void make_names(struct step *step, const struct asl_state *state, struct engine_map_run *run)
{
    const struct engine_start *start = &step->execution->start;
    char uuid[RANDOM_UUID_SIZE];
    random_uuid(&step->random, uuid);
    run->started_unix_ms = step->now_unix_ms;
    run->label = make_label(step, state);
    run->arn =
        arena_printf(step->values, "%" STR_FORMAT "mapRun:%" STR_FORMAT "/%" STR_FORMAT ":%.*s",
                     STR_ARGS(arn_before_kind(start->state_machine_arn)),
                     STR_ARGS(without_label(start->state_machine_name)), STR_ARGS(run->label),
                     RANDOM_UUID_SIZE, uuid);
}

// ---------------------------------------------------------------------------------------------
// Fields

static const struct asl_template *find_member(const struct asl_template *object, struct str name)
{
    for (uint32_t i = 0; object->kind == ASL_TEMPLATE_OBJECT && i < object->count; i++) {
        if (str_equal(object->members[i].name, name)) return &object->members[i].value;
    }
    return NULL;
}

static enum status find_batch_limit(struct flow *flow, const struct payload *effective,
                                    const char *name, const char *path_name, uint32_t *ret_limit,
                                    struct asl_error *reterr_error)
{
    struct flow_integer_field field = {
        .template = find_member(flow->state->map.item_batcher, str_from_c(name)),
        .name = name,
        .path_name = path_name,
        .minimum = 1,
    };
    int64_t limit = 0;
    *ret_limit = 0;
    if (field.template == NULL) return STATUS_OK;
    enum status status = flow_integer(flow, &field, effective, &limit, reterr_error);
    if (status == STATUS_OK) *ret_limit = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
    return status;
}

static enum status find_batcher(struct flow *flow, const struct payload *effective,
                                struct engine_map_run *run, struct asl_error *reterr_error)
{
    const struct asl_template *batcher = flow->state->map.item_batcher;
    if (batcher == NULL) return STATUS_OK;
    run->has_batches = true;
    enum status status =
        find_batch_limit(flow, effective, "MaxItemsPerBatch", "MaxItemsPerBatchPath",
                         &run->batch_items_max, reterr_error);
    if (status == STATUS_OK) {
        status = find_batch_limit(flow, effective, "MaxInputBytesPerBatch",
                                  "MaxInputBytesPerBatchPath", &run->batch_size_max, reterr_error);
    }
    const struct asl_template *input = find_member(batcher, STR("BatchInput"));
    if (status != STATUS_OK || input == NULL) return status;
    struct payload value;
    status = flow_evaluate(flow, input, effective, &value, reterr_error);
    if (status == STATUS_OK) status = flow_check_output(flow, &value, reterr_error);
    if (status == STATUS_OK) run->batch_input = value.value;
    return status;
}

// A limit that is no number is found here; one that is negative by whoever reads.
static enum status check_reader_limit(struct flow *flow, const struct payload *effective,
                                      struct asl_error *reterr_error)
{
    const struct asl_template *config =
        find_member(flow->state->map.item_reader, STR("ReaderConfig"));
    struct flow_integer_field field = {
        .template = config == NULL ? NULL : find_member(config, STR("MaxItems")),
        .name = "MaxItems",
        .path_name = "MaxItemsPath",
        .minimum = INT64_MIN,
    };
    int64_t limit;
    if (field.template == NULL) return STATUS_OK;
    return flow_integer(flow, &field, effective, &limit, reterr_error);
}

static enum status evaluate_whole(struct flow *flow, const struct asl_template *template,
                                  const struct payload *effective, struct json *ret_value,
                                  struct asl_error *reterr_error)
{
    struct payload value;
    if (template == NULL) return STATUS_OK;
    enum status status = flow_evaluate(flow, template, effective, &value, reterr_error);
    if (status == STATUS_OK) status = flow_check_output(flow, &value, reterr_error);
    if (status == STATUS_OK) *ret_value = value.value;
    return status;
}

static enum status find_fields(struct flow *flow, const struct payload *effective,
                               struct engine_map_run *run, struct asl_error *reterr_error)
{
    const struct asl_map *map = &flow->state->map;
    struct map_tolerance tolerance;
    enum status status = map_find_tolerance(flow, effective, &tolerance, reterr_error);
    if (status == STATUS_OK) {
        run->failure_count_max = tolerance.count;
        run->failure_percent_max = tolerance.percentage;
        status = find_batcher(flow, effective, run, reterr_error);
    }
    if (status == STATUS_OK && map->item_reader != NULL) {
        status = check_reader_limit(flow, effective, reterr_error);
    }
    if (status == STATUS_OK) {
        status = evaluate_whole(flow, map->item_reader, effective, &run->reader, reterr_error);
    }
    if (status == STATUS_OK) {
        status = evaluate_whole(flow, map->result_writer, effective, &run->writer, reterr_error);
    }
    return status;
}

// ---------------------------------------------------------------------------------------------
// From start to end

static void wait_for_run(struct step *step, struct strand *strand, struct map_run *run)
{
    struct engine_command *command = step_add_command(step, ENGINE_COMMAND_START_MAP_RUN);
    if (command == NULL) return;
    assert(strand->task.id == 0 && strand->map_run == NULL && strand->fan_out == NULL);
    strand->task = (struct strand_task){
        .id = strand_new_id(step->execution, strand),
        .timeout_unix_ms = INT64_MAX,
        .heartbeat_unix_ms = INT64_MAX,
    };
    strand->map_run = run;
    strand->wait = STRAND_WAITS_FOR_MAP_RUN;
    command->task_id = strand->task.id;
    command->map_run = &run->told;
    command->state = strand->state;
    // Children may run longer than the execution may.
    step->execution->needs_deadline = true;
}

void map_begin_run(struct flow *flow, const struct payload *effective, const struct json *items,
                   uint32_t max_concurrency)
{
    struct step *step = flow->step;
    struct strand *strand = flow->strand;
    struct asl_error error;
    assert(state_is_distributed_map(strand->state));
    struct map_run *run = ARENA_NEW(step->values, struct map_run);
    if (run == NULL) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return;
    }
    *run = (struct map_run){.input = *effective, .told.items = *items};
    run->told.max_concurrency = max_concurrency;
    run->told.reader = run->told.writer = run->told.batch_input = json_null;
    struct engine_history_event *event =
        history_add_next(step, strand, ENGINE_HISTORY_MAP_STATE_STARTED);
    if (event != NULL) event->length = json_is_array(items) ? items->size : 0;
    enum status status = find_fields(flow, effective, &run->told, &error);
    if (status != STATUS_OK) {
        strand_reject(step, strand, status, &error);
        return;
    }
    make_names(step, strand->state, &run->told);
    if (step->values->is_exhausted) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return;
    }
    event = history_add_next(step, strand, ENGINE_HISTORY_MAP_RUN_STARTED);
    if (event != NULL) event->map_run_arn = run->told.arn;
    strand->left_run = NULL;
    wait_for_run(step, strand, run);
}

void map_redrive_run(struct step *step, struct strand *strand)
{
    struct map_run *run = strand->left_run;
    assert(run != NULL && state_is_distributed_map(strand->state));
    strand->left_run = NULL;
    run->told.redrive_count++;
    struct engine_history_event *event =
        history_add_next(step, strand, ENGINE_HISTORY_MAP_RUN_REDRIVEN);
    if (event != NULL) {
        event->map_run_arn = run->told.arn;
        event->map_run_redrive_count = run->told.redrive_count;
    }
    wait_for_run(step, strand, run);
}

static void fail_run(struct step *step, struct strand *strand, struct asl_error error)
{
    if (error.cause.data == NULL && str_equal(error.name, ASL_ERROR_DATA_LIMIT)) {
        error = flow_data_limit_error(step, strand->state->name);
    }
    error.location = (struct str){0};
    struct engine_history_event *event =
        history_add_next(step, strand, ENGINE_HISTORY_MAP_RUN_FAILED);
    if (event != NULL) {
        event->error = error.name;
        event->cause = error.cause;
    }
    strand_fail(step, strand, &error);
}

void map_end_run(struct step *step, struct strand *strand, const struct engine_event *event)
{
    assert(strand->map_run != NULL && strand->task.id != 0 && strand->timer_id == 0);
    strand->task = (struct strand_task){0};
    strand->wait = STRAND_RUNS;
    if (event->error.name.data != NULL) {
        fail_run(step, strand, event->error);
        return;
    }
    struct payload result = payload_of_text(event->output, event->output_size_bytes);
    state_complete(step, strand, &result);
}
