// "Step Functions Execution Status Change": what the service tells the default bus of Standard
// executions.

#include "engine/engine.h"
#include "events/event.h"
#include "events/private.h"
#include "runtime/status_change.h"
#include "runtime/worker.h"

enum { DATA_SIZE_MAX = 248 << 10, EVENT_SIZE_MAX = 4 << 20 };

static void write_text(struct json_writer *writer, struct str name, struct str text)
{
    json_writer_name(writer, name);
    if (text.size == 0) {
        json_writer_null(writer);
    } else {
        json_writer_string(writer, text);
    }
}

static void write_time(struct json_writer *writer, struct str name, int64_t unix_ms)
{
    json_writer_name(writer, name);
    if (unix_ms == 0) {
        json_writer_null(writer);
    } else {
        json_writer_integer(writer, unix_ms);
    }
}

// {"included": …}, or null when there is no such data.
static void write_details(struct json_writer *writer, struct str name, bool exists,
                          bool is_included)
{
    json_writer_name(writer, name);
    if (!exists) {
        json_writer_null(writer);
        return;
    }
    json_writer_begin_object(writer);
    json_writer_bool_member(writer, STR("included"), is_included);
    json_writer_end_object(writer);
}

static size_t escaped_size(struct str text)
{
    struct json value = json_from_str(text);
    return text.size == 0 ? 0 : json_rendered_size(&value);
}

static void write_redrive(struct json_writer *writer, const struct runtime_status_change *change)
{
    bool is_over = !str_is(change->status, "RUNNING");
    bool is_redrivable = is_over && !str_is(change->status, "SUCCEEDED");
    json_writer_integer_member(writer, STR("redriveCount"), change->redrive_count);
    write_time(writer, STR("redriveDate"), change->redriven_unix_ms);
    json_writer_string_member(writer, STR("redriveStatus"),
                              is_redrivable ? STR("REDRIVABLE") : STR("NOT_REDRIVABLE"));
    json_writer_name(writer, STR("redriveStatusReason"));
    if (is_redrivable) {
        json_writer_null(writer);
    } else {
        json_writer_string(writer, is_over ? STR("Execution is SUCCEEDED and cannot be redriven")
                                           : STR("Execution is RUNNING and cannot be redriven"));
    }
}

//  "If the combined escaped input and escaped output [...] exceeds 248 KB, the input will be
//  excluded. Similarly, if the escaped output exceeds 248 KB, the output will be excluded."
//    -- AWS Step Functions Developer Guide, "Automating event delivery with EventBridge"
static void write_detail(struct json_writer *writer, const struct runtime_status_change *change)
{
    size_t input_size = escaped_size(change->input), output_size = escaped_size(change->output);
    bool has_input = input_size + output_size <= DATA_SIZE_MAX;
    bool has_output = output_size <= DATA_SIZE_MAX;
    struct str none = {NULL, 0};
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("executionArn"), change->execution_arn);
    json_writer_string_member(writer, STR("stateMachineArn"), change->state_machine_arn);
    json_writer_string_member(writer, STR("name"), change->name);
    json_writer_string_member(writer, STR("status"), change->status);
    write_time(writer, STR("startDate"), change->started_unix_ms);
    write_time(writer, STR("stopDate"), change->stopped_unix_ms);
    write_text(writer, STR("input"), has_input ? change->input : none);
    write_text(writer, STR("output"), has_output ? change->output : none);
    write_text(writer, STR("stateMachineVersionArn"), change->version_arn);
    write_text(writer, STR("stateMachineAliasArn"), change->alias_arn);
    write_redrive(writer, change);
    write_details(writer, STR("inputDetails"), true, has_input);
    write_details(writer, STR("outputDetails"), change->output.size > 0, has_output);
    write_text(writer, STR("error"), change->error);
    write_text(writer, STR("cause"), change->cause);
    json_writer_end_object(writer);
}

void events_on_status_change(void *context, const struct runtime_status_change *change)
{
    struct events *events = context;
    struct runtime_worker *worker = change->worker;
    struct buffer CLEANUP(buffer_release) text;
    struct json_writer writer;
    char id[RANDOM_UUID_SIZE];
    random_uuid(&worker->random, id);
    const struct json resource = json_from_str(change->execution_arn);
    const struct json resources = json_from_items(&resource, 1);
    const struct events_envelope envelope = {
        .id = {id, sizeof(id)},
        .detail_type = STR("Step Functions Execution Status Change"),
        .source = STR("aws.states"),
        .account = events->settings.account,
        .region = change->region,
        .time_unix_ms =
            change->stopped_unix_ms != 0 ? change->stopped_unix_ms : change->changed_unix_ms,
    };
    buffer_init(&text, EVENT_SIZE_MAX);
    json_writer_init(&writer, &text);
    events_envelope_begin(&writer, &envelope, &resources);
    write_detail(&writer, change);
    events_envelope_end(&writer);
    if (text.is_failed) {
        atomic_fetch_add_explicit(&events->dropped_count, 1, memory_order_relaxed);
        return;
    }
    // One that finds no room is dropped and counted: delivery is best effort.
    (void)!events_publish(events, worker->loop, change->region, events_default_bus,
                          buffer_str(&text));
}
