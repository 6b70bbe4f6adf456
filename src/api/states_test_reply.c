// The answer of TestState.

#include "api/states_test_state.h"

static const struct str stage_names[ENGINE_STAGE_COUNT] = {
    [ENGINE_AFTER_INPUT_PATH] = STR_INIT("afterInputPath"),
    [ENGINE_AFTER_PARAMETERS] = STR_INIT("afterParameters"),
    [ENGINE_AFTER_ARGUMENTS] = STR_INIT("afterArguments"),
    [ENGINE_AFTER_ITEMS_PATH] = STR_INIT("afterItemsPath"),
    [ENGINE_AFTER_ITEM_SELECTOR] = STR_INIT("afterItemSelector"),
    [ENGINE_RESULT] = STR_INIT("result"),
    [ENGINE_AFTER_RESULT_SELECTOR] = STR_INIT("afterResultSelector"),
    [ENGINE_AFTER_RESULT_PATH] = STR_INIT("afterResultPath"),
};

// The value as JSON text in a JSON string, rendered by way of the worker's scratch buffer.
static void write_payload(struct test_state *test, struct json_writer *writer, struct str name,
                          const struct json *value)
{
    struct buffer *scratch = &test->request->worker->runtime->scratch;
    buffer_clear(scratch);
    json_render(scratch, value);
    if (scratch->is_failed) writer->buffer->is_failed = true;
    json_writer_string_member(writer, name, buffer_str(scratch));
}

static void write_count(struct json_writer *writer, struct str name, int64_t count)
{
    if (count >= 0) json_writer_integer_member(writer, name, count);
}

static void write_error_details(struct json_writer *writer,
                                const struct engine_inspection *inspection)
{
    if (inspection->catch_index < 0 && inspection->retry_index < 0) return;
    json_writer_name(writer, STR("errorDetails"));
    json_writer_begin_object(writer);
    write_count(writer, STR("catchIndex"), inspection->catch_index);
    write_count(writer, STR("retryIndex"), inspection->retry_index);
    write_count(writer, STR("retryBackoffIntervalSeconds"), inspection->retry_delay_seconds);
    json_writer_end_object(writer);
}

static void write_inspection(struct test_state *test, struct json_writer *writer)
{
    const struct engine_inspection *inspection = &test->inspection;
    json_writer_name(writer, STR("inspectionData"));
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("input"), test->input_text);
    for (size_t i = 0; i < ENGINE_STAGE_COUNT; i++) {
        if (!inspection->has_stage[i]) continue;
        write_payload(test, writer, stage_names[i], &inspection->stages[i]);
    }
    if (json_is_object(&inspection->variables_after) && inspection->variables_after.size > 0) {
        write_payload(test, writer, STR("variables"), &inspection->variables_after);
    }
    write_count(writer, STR("maxConcurrency"), inspection->max_concurrency);
    write_count(writer, STR("toleratedFailureCount"), inspection->tolerated_failure_count);
    if (inspection->tolerated_failure_percentage >= 0) {
        struct json percentage = json_from_real(inspection->tolerated_failure_percentage);
        json_writer_value_member(writer, STR("toleratedFailurePercentage"), &percentage);
    }
    write_error_details(writer, inspection);
    json_writer_end_object(writer);
}

static void write_error(struct json_writer *writer, const struct asl_error *error)
{
    if (error->cause.data != NULL) json_writer_string_member(writer, STR("cause"), error->cause);
    if (error->name.data != NULL) json_writer_string_member(writer, STR("error"), error->name);
}

static struct str status_of(const struct engine_inspection *inspection,
                            const struct engine_update *update)
{
    if (inspection->verdict == ENGINE_VERDICT_RETRIABLE) return STR("RETRIABLE");
    if (inspection->verdict == ENGINE_VERDICT_CAUGHT) return STR("CAUGHT_ERROR");
    return update->status == ENGINE_SUCCEEDED ? STR("SUCCEEDED") : STR("FAILED");
}

void test_state_reply(struct test_state *test, const struct engine_update *update)
{
    const struct engine_inspection *inspection = &test->inspection;
    struct asl_error error = update->error;
    struct json_writer writer;
    if (update->status == ENGINE_TIMED_OUT) error.name = ASL_ERROR_TIMEOUT;
    if (inspection->verdict == ENGINE_VERDICT_CAUGHT) error = inspection->error;
    json_writer_init(&writer, api_reply_begin(test->request));
    json_writer_begin_object(&writer);
    write_error(&writer, &error);
    if (test->level != TEST_STATE_INFO) write_inspection(test, &writer);
    if (inspection->next_state.size > 0) {
        json_writer_string_member(&writer, STR("nextState"), inspection->next_state);
    }
    if (update->status == ENGINE_SUCCEEDED) {
        write_payload(test, &writer, STR("output"), &update->output);
    }
    json_writer_string_member(&writer, STR("status"), status_of(inspection, update));
    json_writer_end_object(&writer);
    api_reply_end(test->request);
}
