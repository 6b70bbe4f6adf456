// One strand of a snapshot, with its task, its children's results, its variables.

#include "engine/snapshot_read.h"

static const int64_t results_bytes_max = INT64_C(1) << 60;

static void read_task(struct snapshot_reader *reader, const struct json *object,
                      struct strand_task *task)
{
    task->id = snapshot_read_id(reader, object, STR("id"));
    task->token = snapshot_read_text(reader, object, STR("token"));
    task->is_submitted = snapshot_read_bool(reader, object, STR("is_submitted"), false);
    if (!task->is_submitted) {
        task->parameters = snapshot_read_value(reader, object, STR("parameters"));
    }
    task->credentials_role_arn = snapshot_read_text(reader, object, STR("credentials_role_arn"));
    task->timeout_unix_ms = snapshot_read_time(reader, object, STR("timeout_unix_ms"), INT64_MAX);
    task->heartbeat_unix_ms =
        snapshot_read_time(reader, object, STR("heartbeat_unix_ms"), INT64_MAX);
    task->heartbeat_seconds =
        snapshot_read_integer(reader, object, STR("heartbeat_seconds"), 0, ASL_SECONDS_MAX);
    task->has_early_result = JSON_FIND(object, "early_result") != NULL;
    if (task->has_early_result) {
        task->early_result = snapshot_read_payload(reader, object, STR("early_result"));
    }
}

static void read_results(struct snapshot_reader *reader, const struct json *results,
                         struct fan_out *fan_out)
{
    for (uint32_t i = 0; i < fan_out->count; i++) {
        uint32_t depth;
        fan_out->results[i] = json_null;
        if (json_is_null(&results->items[i])) continue;
        fan_out->results[i] = snapshot_read_value_at(reader, &results->items[i], &depth);
        if (depth > fan_out->results_depth) fan_out->results_depth = depth;
    }
}

static struct fan_out *read_fan_out(struct snapshot_reader *reader, const struct json *object,
                                    const struct strand *strand)
{
    struct fan_out *fan_out = snapshot_take_memory(reader, 1, sizeof(*fan_out));
    const struct json *results = snapshot_read_member(reader, object, STR("results"), JSON_ARRAY);
    if (results == NULL) {
        reader->is_corrupt = true;
        return NULL;
    }
    if (fan_out == NULL) return NULL;
    list_init(&fan_out->children);
    fan_out->count = results->size;
    fan_out->results = snapshot_take_memory(reader, fan_out->count, sizeof(struct json));
    if (reader->is_exhausted) return NULL;
    fan_out->next_index = snapshot_read_count(reader, object, STR("next_index"), fan_out->count);
    fan_out->concurrency_max =
        snapshot_read_count(reader, object, STR("concurrency_max"), UINT32_MAX);
    if (fan_out->concurrency_max == 0) fan_out->concurrency_max = UINT32_MAX;
    if (strand->state->type == ASL_STATE_MAP) {
        fan_out->items = snapshot_read_value(reader, object, STR("items"));
    }
    fan_out->input = snapshot_read_payload(reader, object, STR("input"));
    fan_out->results_size_bytes = (size_t)snapshot_read_integer(
        reader, object, STR("results_size_bytes"), 0, results_bytes_max);
    fan_out->results_depth =
        snapshot_read_count(reader, object, STR("results_depth"), UINT32_MAX - 1);
    fan_out->started_event_id = snapshot_read_event_id(reader, object, STR("started_event_id"));
    fan_out->slot_event_id = snapshot_read_event_id(reader, object, STR("slot_event_id"));
    read_results(reader, results, fan_out);
    return fan_out;
}

static void read_map_run(struct snapshot_reader *reader, const struct json *object,
                         struct strand *strand)
{
    struct map_run *map_run = snapshot_take_memory(reader, 1, sizeof(*map_run));
    if (map_run == NULL) return;
    struct engine_map_run *run = &map_run->told;
    const struct json *percent = JSON_FIND(object, "failure_percent_max");
    strand->map_run = map_run;
    strand->task = (struct strand_task){
        .id = snapshot_read_id(reader, object, STR("id")),
        .timeout_unix_ms = INT64_MAX,
        .heartbeat_unix_ms = INT64_MAX,
    };
    run->arn = snapshot_read_text(reader, object, STR("arn"));
    run->label = snapshot_read_text(reader, object, STR("label"));
    run->started_unix_ms =
        snapshot_read_integer(reader, object, STR("started_unix_ms"), 0, SNAPSHOT_UNIX_MS_MAX);
    run->redrive_count = snapshot_read_count(reader, object, STR("redrive_count"), INT32_MAX);
    map_run->input = snapshot_read_payload(reader, object, STR("input"));
    run->items = snapshot_read_value(reader, object, STR("items"));
    run->reader = snapshot_read_value(reader, object, STR("reader"));
    run->writer = snapshot_read_value(reader, object, STR("writer"));
    run->max_concurrency = snapshot_read_count(reader, object, STR("max_concurrency"), UINT32_MAX);
    run->failure_percent_max =
        percent != NULL && json_is_number(percent) ? json_to_real(percent) : -1;
    run->failure_count_max = snapshot_read_time(reader, object, STR("failure_count_max"), -1);
    run->has_batches = snapshot_read_bool(reader, object, STR("has_batches"), false);
    run->batch_items_max = snapshot_read_count(reader, object, STR("batch_items_max"), UINT32_MAX);
    run->batch_size_max = snapshot_read_count(reader, object, STR("batch_size_max"), UINT32_MAX);
    run->batch_input = snapshot_read_value(reader, object, STR("batch_input"));
}

static void read_attempts(struct snapshot_reader *reader, const struct json *object,
                          struct strand *strand)
{
    const struct json *attempts = snapshot_read_member(reader, object, STR("attempts"), JSON_ARRAY);
    uint32_t count = strand->state->retrier_count;
    strand->retry_count = snapshot_read_count(reader, object, STR("retry_count"), INT32_MAX);
    if (strand->retry_count == 0) return;
    if (attempts == NULL || attempts->size != count) {
        reader->is_corrupt = true;
        return;
    }
    strand->attempts = snapshot_take_memory(reader, count, sizeof(*strand->attempts));
    if (strand->attempts == NULL) return;
    strand->attempts_capacity = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct json *made = &attempts->items[i];
        bool is_right =
            made->type == JSON_INTEGER && made->integer >= 0 && made->integer <= INT32_MAX;
        if (!is_right) reader->is_corrupt = true;
        strand->attempts[i] = is_right ? (uint32_t)made->integer : 0;
    }
}

static void read_variables(struct snapshot_reader *reader, const struct json *object,
                           struct strand *strand)
{
    const struct asl_variables *around = strand->parent == NULL ? NULL : strand->parent->variables;
    strand->variables = around;
    if (JSON_FIND(object, "variables") == NULL) return;
    struct asl_variables *scope = snapshot_take_memory(reader, 1, sizeof(*scope));
    if (scope == NULL) return;
    scope->outer = around;
    scope->values = snapshot_read_value(reader, object, STR("variables"));
    if (!json_is_object(&scope->values)) reader->is_corrupt = true;
    strand->variables = scope;
    strand->variables_bytes = payload_of(scope->values).size_bytes;
    reader->execution->variables_bytes += strand->variables_bytes;
}

// Where the strand stands in the tree. False when there is no such place.
static bool place_strand(struct snapshot_reader *reader, const struct json *object,
                         struct strand *strand)
{
    struct engine_execution *execution = reader->execution;
    if ((strand == &execution->root) != (JSON_FIND(object, "parent") == NULL)) return false;
    if (strand == &execution->root) return true;
    uint32_t slot_max = execution->slot_count - 1;
    uint32_t parent = snapshot_read_count(reader, object, STR("parent"), slot_max);
    strand->slot = snapshot_read_count(reader, object, STR("slot"), slot_max);
    strand->index = snapshot_read_count(reader, object, STR("index"), UINT32_MAX);
    strand->parent = execution->slots[parent];
    if (reader->is_corrupt || strand->parent == NULL || strand->parent->slot != parent ||
        strand->parent->fan_out == NULL) {
        return false;
    }
    struct fan_out *fan_out = strand->parent->fan_out;
    if (strand->index >= fan_out->count || execution->slots[strand->slot] != NULL) return false;
    list_append(&fan_out->children, &strand->sibling);
    fan_out->running++;
    if (strand->parent->state->type != ASL_STATE_MAP) return true;
    if (!json_is_array(&fan_out->items) || fan_out->items.size != fan_out->count) return false;
    strand->item = fan_out->items.items[strand->index];
    return true;
}

static bool read_place(struct snapshot_reader *reader, const struct json *object,
                       struct strand *strand)
{
    struct engine_execution *execution = reader->execution;
    strand->state = asl_machine_find_state(execution->start.machine,
                                           snapshot_read_text(reader, object, STR("state")));
    list_init(&strand->sibling);
    list_append(&execution->live, &strand->live);
    if (!place_strand(reader, object, strand) || strand->state == NULL) {
        reader->is_corrupt = true;
        return false;
    }
    execution->slots[strand->slot] = strand;
    return true;
}

void snapshot_read_strand(struct snapshot_reader *reader, const struct json *object,
                          struct strand *strand)
{
    if (!read_place(reader, object, strand)) return;
    strand->wait = snapshot_read_name(reader, object, STR("wait"), snapshot_wait_names,
                                      ARRAY_COUNT(snapshot_wait_names));
    if (strand->wait == STRAND_IS_READY) {
        strand->action = snapshot_read_name(reader, object, STR("action"), snapshot_action_names,
                                            ARRAY_COUNT(snapshot_action_names));
    }
    strand->input = snapshot_read_payload(reader, object, STR("input"));
    reader->execution->payload_bytes += strand->input.size_bytes;
    read_variables(reader, object, strand);
    strand->last_event_id = snapshot_read_event_id(reader, object, STR("last_event_id"));
    strand->before_event_id = snapshot_read_event_id(reader, object, STR("before_event_id"));
    strand->entered_event_id = snapshot_read_event_id(reader, object, STR("entered_event_id"));
    strand->entered_unix_ms =
        snapshot_read_integer(reader, object, STR("entered_unix_ms"), 0, SNAPSHOT_UNIX_MS_MAX);
    read_attempts(reader, object, strand);
    strand->timer_id = snapshot_read_id(reader, object, STR("timer_id"));
    strand->timer_unix_ms = snapshot_read_time(reader, object, STR("timer_unix_ms"), 0);
    const struct json *task = snapshot_read_member(reader, object, STR("task"), JSON_OBJECT);
    if (task != NULL) read_task(reader, task, &strand->task);
    const struct json *fan_out = snapshot_read_member(reader, object, STR("fan_out"), JSON_OBJECT);
    if (fan_out != NULL) strand->fan_out = read_fan_out(reader, fan_out, strand);
    const struct json *map_run = snapshot_read_member(reader, object, STR("map_run"), JSON_OBJECT);
    if (map_run != NULL) read_map_run(reader, map_run, strand);
}
