// Writing a snapshot. What follows from the rest (whose history a strand counts in, which item its
// iteration has, sums over all strands) is left out.

#include <assert.h>

#include "engine/context_object.h"
#include "engine/execution.h"
#include "engine/snapshot.h"
#include "engine/snapshot_read.h"
#include "engine/value_table.h"
#include "json/json.h"

struct encoder {
    const struct engine_execution *execution;
    struct json_writer writer;
    struct value_table values;
    bool is_failed; // No memory for the table.
};

static void put_integer(struct encoder *encoder, struct str name, uint64_t value)
{
    assert(value <= INT64_MAX);
    if (value != 0) json_writer_integer_member(&encoder->writer, name, (int64_t)value);
}

// `absent` stands for nothing.
static void put_time(struct encoder *encoder, struct str name, int64_t unix_ms, int64_t absent)
{
    if (unix_ms != absent) json_writer_integer_member(&encoder->writer, name, unix_ms);
}

static void put_bool(struct encoder *encoder, struct str name, bool value)
{
    if (value) json_writer_bool_member(&encoder->writer, name, true);
}

static void put_text(struct encoder *encoder, struct str name, struct str text)
{
    if (text.data != NULL) json_writer_string_member(&encoder->writer, name, text);
}

static int64_t index_of(struct encoder *encoder, struct json value)
{
    size_t index = 0;
    if (!value_table_add(&encoder->values, value, &index)) encoder->is_failed = true;
    return (int64_t)index;
}

static void put_value(struct encoder *encoder, struct str name, struct json value)
{
    json_writer_integer_member(&encoder->writer, name, index_of(encoder, value));
}

static void put_payload(struct encoder *encoder, struct str name, const struct payload *payload)
{
    json_writer_name(&encoder->writer, name);
    json_writer_begin_object(&encoder->writer);
    put_value(encoder, STR("value"), payload->value);
    put_integer(encoder, STR("size_bytes"), payload->size_bytes);
    put_integer(encoder, STR("depth"), payload->depth);
    if (!payload->is_within_limit) {
        json_writer_bool_member(&encoder->writer, STR("is_within_limit"), false);
    }
    json_writer_end_object(&encoder->writer);
}

static void put_history(struct encoder *encoder, const struct history *history)
{
    json_writer_name(&encoder->writer, STR("history"));
    json_writer_begin_object(&encoder->writer);
    put_integer(encoder, STR("count"), history->count);
    put_bool(encoder, STR("is_full"), history->is_full);
    json_writer_end_object(&encoder->writer);
}

// ---------------------------------------------------------------------------------------------
// Strands

static void put_task(struct encoder *encoder, const struct strand_task *task)
{
    json_writer_name(&encoder->writer, STR("task"));
    json_writer_begin_object(&encoder->writer);
    put_integer(encoder, STR("id"), task->id);
    put_text(encoder, STR("token"), task->token);
    if (!task->is_submitted) put_value(encoder, STR("parameters"), task->parameters);
    put_text(encoder, STR("credentials_role_arn"), task->credentials_role_arn);
    put_time(encoder, STR("timeout_unix_ms"), task->timeout_unix_ms, INT64_MAX);
    put_time(encoder, STR("heartbeat_unix_ms"), task->heartbeat_unix_ms, INT64_MAX);
    put_integer(encoder, STR("heartbeat_seconds"), (uint64_t)task->heartbeat_seconds);
    put_bool(encoder, STR("is_submitted"), task->is_submitted);
    if (task->has_early_result) put_payload(encoder, STR("early_result"), &task->early_result);
    json_writer_end_object(&encoder->writer);
}

// Indices of values; null for a child that has given none.
static void put_results(struct encoder *encoder, const struct fan_out *fan_out)
{
    json_writer_name(&encoder->writer, STR("results"));
    json_writer_begin_array(&encoder->writer);
    for (uint32_t i = 0; i < fan_out->count; i++) {
        if (json_is_null(&fan_out->results[i])) {
            json_writer_null(&encoder->writer);
        } else {
            json_writer_integer(&encoder->writer, index_of(encoder, fan_out->results[i]));
        }
    }
    json_writer_end_array(&encoder->writer);
}

static void put_fan_out(struct encoder *encoder, const struct fan_out *fan_out)
{
    json_writer_name(&encoder->writer, STR("fan_out"));
    json_writer_begin_object(&encoder->writer);
    put_integer(encoder, STR("next_index"), fan_out->next_index);
    if (fan_out->concurrency_max != UINT32_MAX) {
        put_integer(encoder, STR("concurrency_max"), fan_out->concurrency_max);
    }
    if (json_is_array(&fan_out->items)) put_value(encoder, STR("items"), fan_out->items);
    put_payload(encoder, STR("input"), &fan_out->input);
    put_results(encoder, fan_out);
    put_integer(encoder, STR("results_size_bytes"), fan_out->results_size_bytes);
    put_integer(encoder, STR("results_depth"), fan_out->results_depth);
    put_integer(encoder, STR("started_event_id"), fan_out->started_event_id);
    put_integer(encoder, STR("slot_event_id"), fan_out->slot_event_id);
    json_writer_end_object(&encoder->writer);
}

static void put_map_run(struct encoder *encoder, const struct strand *strand)
{
    const struct engine_map_run *run = &strand->map_run->told;
    json_writer_name(&encoder->writer, STR("map_run"));
    json_writer_begin_object(&encoder->writer);
    put_integer(encoder, STR("id"), strand->task.id);
    put_text(encoder, STR("arn"), run->arn);
    put_text(encoder, STR("label"), run->label);
    put_time(encoder, STR("started_unix_ms"), run->started_unix_ms, 0);
    put_integer(encoder, STR("redrive_count"), run->redrive_count);
    put_payload(encoder, STR("input"), &strand->map_run->input);
    put_value(encoder, STR("items"), run->items);
    put_value(encoder, STR("reader"), run->reader);
    put_value(encoder, STR("writer"), run->writer);
    put_integer(encoder, STR("max_concurrency"), run->max_concurrency);
    if (run->failure_percent_max >= 0) {
        struct json percent = json_from_real(run->failure_percent_max);
        json_writer_value_member(&encoder->writer, STR("failure_percent_max"), &percent);
    }
    put_time(encoder, STR("failure_count_max"), run->failure_count_max, -1);
    put_bool(encoder, STR("has_batches"), run->has_batches);
    put_integer(encoder, STR("batch_items_max"), run->batch_items_max);
    put_integer(encoder, STR("batch_size_max"), run->batch_size_max);
    put_value(encoder, STR("batch_input"), run->batch_input);
    json_writer_end_object(&encoder->writer);
}

// The scope that the strand owns; those around it are its parents'.
static void put_variables(struct encoder *encoder, const struct strand *strand)
{
    const struct asl_variables *around = strand->parent == NULL ? NULL : strand->parent->variables;
    if (strand->variables == around) return;
    assert(strand->variables != NULL && strand->variables->outer == around);
    put_value(encoder, STR("variables"), strand->variables->values);
}

static void put_attempts(struct encoder *encoder, const struct strand *strand)
{
    if (strand->retry_count == 0) return;
    assert(strand->attempts_capacity >= strand->state->retrier_count);
    put_integer(encoder, STR("retry_count"), strand->retry_count);
    json_writer_name(&encoder->writer, STR("attempts"));
    json_writer_begin_array(&encoder->writer);
    for (uint32_t i = 0; i < strand->state->retrier_count; i++)
        json_writer_integer(&encoder->writer, strand->attempts[i]);
    json_writer_end_array(&encoder->writer);
}

static void put_strand(struct encoder *encoder, const struct strand *strand)
{
    struct json_writer *writer = &encoder->writer;
    assert(strand->wait != STRAND_RUNS && strand->wait != STRAND_IS_FREE);
    json_writer_begin_object(writer);
    if (strand->parent != NULL) {
        json_writer_integer_member(writer, STR("parent"), strand->parent->slot);
        json_writer_integer_member(writer, STR("slot"), strand->slot);
        put_integer(encoder, STR("index"), strand->index);
    }
    put_text(encoder, STR("state"), strand->state->name);
    put_text(encoder, STR("wait"), snapshot_wait_names[strand->wait]);
    if (strand->wait == STRAND_IS_READY) {
        put_text(encoder, STR("action"), snapshot_action_names[strand->action]);
    }
    put_payload(encoder, STR("input"), &strand->input);
    put_variables(encoder, strand);
    put_integer(encoder, STR("last_event_id"), strand->last_event_id);
    put_integer(encoder, STR("before_event_id"), strand->before_event_id);
    put_integer(encoder, STR("entered_event_id"), strand->entered_event_id);
    put_time(encoder, STR("entered_unix_ms"), strand->entered_unix_ms, 0);
    put_attempts(encoder, strand);
    if (strand->timer_id != 0) {
        put_integer(encoder, STR("timer_id"), strand->timer_id);
        put_time(encoder, STR("timer_unix_ms"), strand->timer_unix_ms, 0);
    }
    if (strand->map_run != NULL) {
        put_map_run(encoder, strand);
    } else if (strand->task.id != 0) {
        put_task(encoder, &strand->task);
    }
    if (strand->fan_out != NULL) put_fan_out(encoder, strand->fan_out);
    json_writer_end_object(writer);
}

// ---------------------------------------------------------------------------------------------
// The execution

static void put_strands(struct encoder *encoder)
{
    const struct engine_execution *execution = encoder->execution;
    struct json_writer *writer = &encoder->writer;
    if (execution->ready != NULL) { // Slots, the top of the stack first.
        json_writer_name(writer, STR("ready"));
        json_writer_begin_array(writer);
        for (const struct strand *strand = execution->ready; strand != NULL;
             strand = strand->next_ready)
            json_writer_integer(writer, strand->slot);
        json_writer_end_array(writer);
    }
    if (execution->free_slot_count > 0) { // The top of the stack last.
        json_writer_name(writer, STR("free_slots"));
        json_writer_begin_array(writer);
        for (uint32_t i = 0; i < execution->free_slot_count; i++)
            json_writer_integer(writer, execution->free_slots[i]);
        json_writer_end_array(writer);
    }
    json_writer_name(writer, STR("strands"));
    json_writer_begin_array(writer);
    LIST_EACH(link, &execution->live)
    {
        put_strand(encoder, LIST_ITEM(link, struct strand, live));
    }
    json_writer_end_array(writer);
}

static bool is_deep(const struct json *value)
{
    return payload_of(*value).depth > PAYLOAD_DEPTH_MAX;
}

static void put_deep_value(struct encoder *encoder, size_t index)
{
    struct json_writer *writer = &encoder->writer;
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, JSON_TEXT_SIZE_MAX);
    json_render(&text, &encoder->values.values[index]);
    if (text.is_failed) writer->buffer->is_failed = true;
    json_writer_begin_object(writer);
    json_writer_integer_member(writer, STR("value"), (int64_t)index);
    json_writer_string_member(writer, STR("text"), buffer_str(&text));
    json_writer_end_object(writer);
}

// A value nested so deep that no text could hold it within another goes in as a text itself.
static void put_values(struct encoder *encoder)
{
    struct json_writer *writer = &encoder->writer;
    const struct value_table *table = &encoder->values;
    bool has_deep_values = false;
    json_writer_name(writer, STR("values"));
    json_writer_begin_array(writer);
    for (size_t i = 0; i < table->count; i++) {
        bool is_too_deep = is_deep(&table->values[i]);
        json_writer_value(writer, is_too_deep ? &json_null : &table->values[i]);
        has_deep_values = has_deep_values || is_too_deep;
    }
    json_writer_end_array(writer);
    if (!has_deep_values) return;
    json_writer_name(writer, STR("deep_values"));
    json_writer_begin_array(writer);
    for (size_t i = 0; i < table->count; i++) {
        if (is_deep(&table->values[i])) put_deep_value(encoder, i);
    }
    json_writer_end_array(writer);
}

static void put_execution(struct encoder *encoder)
{
    const struct engine_execution *execution = encoder->execution;
    struct json_writer *writer = &encoder->writer;
    json_writer_begin_object(writer);
    json_writer_integer_member(writer, STR("version"), ENGINE_SNAPSHOT_VERSION);
    put_history(encoder, &execution->history);
    put_integer(encoder, STR("sequence"), execution->sequence);
    put_time(encoder, STR("deadline_unix_ms"), execution->deadline_unix_ms, 0);
    put_integer(encoder, STR("deadline_timer_id"), execution->deadline_timer_id);
    put_bool(encoder, STR("has_yielded"), execution->has_yielded);
    put_integer(encoder, STR("redrive_count"), execution->redrive_count);
    put_time(encoder, STR("redriven_unix_ms"), execution->redriven_unix_ms, 0);
    put_integer(encoder, STR("payload_bytes_max"), execution->payload_bytes_max);
    if (context_object_is_used(execution->start.machine)) {
        put_value(encoder, STR("execution_input"), execution->start.input);
    }
    put_strands(encoder);
    put_values(encoder);
    json_writer_end_object(writer);
}

enum status engine_execution_encode(const struct engine_execution *execution, struct buffer *buffer)
{
    assert(execution->is_started && execution->status == ENGINE_RUNNING);
    assert(execution->needs_deadline == (execution->deadline_timer_id != 0));
    struct encoder encoder = {.execution = execution};
    size_t size_before = buffer->size;
    json_writer_init(&encoder.writer, buffer);
    put_execution(&encoder);
    value_table_release(&encoder.values);
    if (encoder.is_failed) return STATUS_NO_MEMORY;
    bool is_too_long = buffer->size - size_before > JSON_TEXT_SIZE_MAX;
    return buffer->is_failed || is_too_long ? STATUS_OVER_LIMIT : STATUS_OK;
}
