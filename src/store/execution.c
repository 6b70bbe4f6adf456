// Rows of `execution`: written, changed, read one by one. Walks are in execution_list.c.

#include "store/execution.h"

#include <assert.h>

#include "store/connection.h"
#include "store/execution_row.h"
#include "store/intern.h"

// ---------------------------------------------------------------------------------------------
// Writing

static void bind_when(sqlite3_stmt *statement, int at, bool is_there, int64_t value)
{
    if (is_there) {
        sqlite3_bind_int64(statement, at, value);
    } else {
        sqlite3_bind_null(statement, at);
    }
}

// An empty text stands for an absent one.
static void bind_text_or_null(sqlite3_stmt *statement, int at, struct str text)
{
    connection_bind_optional(statement, at, text.size == 0 ? (struct str){0} : text);
}

static bool fits(const struct store_execution *execution)
{
    return execution->input.size <= STORE_VALUE_SIZE_MAX &&
           execution->output.size <= STORE_VALUE_SIZE_MAX &&
           execution->cause.size <= STORE_VALUE_SIZE_MAX;
}

static void bind_execution(sqlite3_stmt *statement, const struct store_execution *execution)
{
    bool is_running = str_is(execution->status, "RUNNING");
    sqlite3_bind_int64(statement, 1, execution->id);
    connection_bind_text(statement, 5, execution->name);
    connection_bind_text(statement, 6, execution->status);
    sqlite3_bind_int64(statement, 7, execution->started_unix_ms);
    bind_when(statement, 8, !is_running, execution->stopped_unix_ms);
    sqlite3_bind_int64(statement, 9, execution->history_count);
    sqlite3_bind_int64(statement, 10, execution->redrive_count);
    bind_when(statement, 11, execution->redrive_count > 0, execution->redriven_unix_ms);
    bind_when(statement, 12, execution->item_count >= 0, execution->item_count);
    sqlite3_bind_int(statement, 13, execution->is_express);
    bind_text_or_null(statement, 14, execution->version_arn);
    bind_text_or_null(statement, 15, execution->alias_arn);
    bind_text_or_null(statement, 16, execution->trace_header);
    connection_bind_optional(statement, 17, execution->error);
    connection_bind_optional(statement, 18, execution->cause);
    connection_bind_text(statement, 19, execution->input);
    connection_bind_optional(statement, 20, execution->output);
}

enum status store_execution_insert(struct store_tx *tx, const struct store_execution *execution)
{
    assert(tx->is_writable && execution->id > 0 && execution->status.size > 0);
    if (!fits(execution)) return STATUS_OVER_LIMIT;
    int64_t definition_id, state_machine_id, map_run_id = 0;
    bool has_map_run = execution->map_run_arn.size > 0;
    enum status status = definition_find(tx, execution->definition_key, &definition_id);
    if (status == STATUS_OK) {
        status = intern_put_arn(tx, execution->state_machine_arn, &state_machine_id);
    }
    if (status == STATUS_OK && has_map_run) {
        status = intern_put_arn(tx, execution->map_run_arn, &map_run_id);
    }
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_EXECUTION_INSERT);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 2, state_machine_id);
    bind_when(statement, 3, has_map_run, map_run_id);
    sqlite3_bind_int64(statement, 4, definition_id);
    bind_execution(statement, execution);
    status = connection_run(tx, statement);
    if (status != STATUS_OK) return status;
    return definition_note_use(tx, execution->definition_key, execution->id);
}

enum status store_execution_update(struct store_tx *tx, const struct store_execution *execution)
{
    assert(tx->is_writable && execution->id > 0 && execution->status.size > 0);
    if (!fits(execution)) return STATUS_OVER_LIMIT;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_EXECUTION_UPDATE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    bool is_running = str_is(execution->status, "RUNNING");
    sqlite3_bind_int64(statement, 1, execution->id);
    connection_bind_text(statement, 2, execution->status);
    bind_when(statement, 3, !is_running, execution->stopped_unix_ms);
    sqlite3_bind_int64(statement, 4, execution->history_count);
    sqlite3_bind_int64(statement, 5, execution->redrive_count);
    bind_when(statement, 6, execution->redrive_count > 0, execution->redriven_unix_ms);
    connection_bind_optional(statement, 7, execution->error);
    connection_bind_optional(statement, 8, execution->cause);
    connection_bind_optional(statement, 9, execution->output);
    enum status status = connection_run(tx, statement);
    if (status != STATUS_OK) return status;
    if (sqlite3_changes(tx->database) == 0) return STATUS_NOT_FOUND;
    return store_snapshot_remove(tx, execution->id);
}

// ---------------------------------------------------------------------------------------------
// Reading

// The order of EXECUTION_COLUMNS, and then error, cause, input and output.
struct store_execution execution_row(sqlite3_stmt *statement, bool is_whole)
{
    struct store_execution execution = {
        .id = sqlite3_column_int64(statement, 0),
        .state_machine_arn = connection_column(statement, 1),
        .name = connection_column(statement, 2),
        .definition_key = connection_column(statement, 3),
        .status = connection_column(statement, 4),
        .map_run_arn = connection_column(statement, 5),
        .started_unix_ms = sqlite3_column_int64(statement, 6),
        .stopped_unix_ms = sqlite3_column_int64(statement, 7),
        .history_count = sqlite3_column_int64(statement, 8),
        .redrive_count = sqlite3_column_int64(statement, 9),
        .redriven_unix_ms = sqlite3_column_int64(statement, 10),
        .item_count = sqlite3_column_type(statement, 11) == SQLITE_NULL
                          ? -1
                          : sqlite3_column_int64(statement, 11),
        .is_express = sqlite3_column_int(statement, 12) != 0,
        .version_arn = connection_column(statement, 13),
        .alias_arn = connection_column(statement, 14),
        .trace_header = connection_column(statement, 15),
    };
    if (is_whole) {
        execution.error = connection_optional_column(statement, 16);
        execution.cause = connection_optional_column(statement, 17);
        execution.input = connection_column(statement, 18);
        execution.output = connection_optional_column(statement, 19);
    }
    return execution;
}

static bool copy(struct arena *arena, struct store_execution *execution)
{
    struct str *texts[] = {
        &execution->state_machine_arn,
        &execution->name,
        &execution->definition_key,
        &execution->status,
        &execution->version_arn,
        &execution->alias_arn,
        &execution->map_run_arn,
        &execution->input,
        &execution->trace_header,
        &execution->output,
        &execution->error,
        &execution->cause,
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (texts[i]->data == NULL) continue;
        if (!arena_copy_str(arena, *texts[i], texts[i])) return false;
    }
    return true;
}

static enum status read_one(struct store_tx *tx, sqlite3_stmt *statement, struct arena *arena,
                            struct store_execution *ret_execution)
{
    enum status status = connection_step(tx, statement);
    if (status == STATUS_OK) {
        struct store_execution execution = execution_row(statement, true);
        if (copy(arena, &execution)) {
            *ret_execution = execution;
        } else {
            status = STATUS_NO_MEMORY;
        }
    }
    sqlite3_reset(statement);
    return status;
}

enum status store_execution_find(struct store_tx *tx, struct str state_machine_arn, struct str name,
                                 struct arena *arena, struct store_execution *ret_execution)
{
    int64_t state_machine_id;
    enum status status = intern_find_arn(tx, state_machine_arn, &state_machine_id);
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_EXECUTION_FIND);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, state_machine_id);
    connection_bind_text(statement, 2, name);
    return read_one(tx, statement, arena, ret_execution);
}

enum status store_execution_get(struct store_tx *tx, int64_t id, struct arena *arena,
                                struct store_execution *ret_execution)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_EXECUTION_GET);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, id);
    return read_one(tx, statement, arena, ret_execution);
}

enum status store_execution_count_open(struct store_tx *tx, struct str state_machine_arn,
                                       int64_t *ret_count)
{
    bool is_of_all = state_machine_arn.size == 0;
    int64_t state_machine_id = 0;
    if (!is_of_all) {
        enum status status = intern_find_arn(tx, state_machine_arn, &state_machine_id);
        if (status == STATUS_NOT_FOUND) *ret_count = 0;
        if (status != STATUS_OK) return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    sqlite3_stmt *statement = connection_statement(
        tx, is_of_all ? STATEMENT_EXECUTION_COUNT_OPEN : STATEMENT_EXECUTION_COUNT_OPEN_OF);
    if (statement == NULL) return connection_status(tx, tx->fault);
    if (!is_of_all) sqlite3_bind_int64(statement, 1, state_machine_id);
    return connection_read_integer(tx, statement, ret_count);
}

enum status store_execution_last_id(struct store_tx *tx, int64_t *ret_id)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_EXECUTION_LAST_ID);
    if (statement == NULL) return connection_status(tx, tx->fault);
    return connection_read_integer(tx, statement, ret_id);
}
