// Rows of `map_run`. Their key is that of their ARN, by which the rows of children refer to them.

#include "store/map_run.h"

#include <assert.h>

#include "store/connection.h"
#include "store/execution_row.h"
#include "store/intern.h"

// Parameters of both statements that write, from `at` on; returns the next one's number.
static int bind_counts(sqlite3_stmt *statement, int at, const struct store_map_run_counts *counts)
{
    const int64_t values[] = {
        counts->pending,   counts->running, counts->succeeded, counts->failed,
        counts->timed_out, counts->aborted, counts->total,     counts->results_written,
    };
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        sqlite3_bind_int64(statement, at++, values[i]);
    return at;
}

static void bind_changing(sqlite3_stmt *statement, const struct store_map_run *run)
{
    connection_bind_text(statement, 2, run->status);
    if (str_is(run->status, "RUNNING")) {
        sqlite3_bind_null(statement, 3);
    } else {
        sqlite3_bind_int64(statement, 3, run->stopped_unix_ms);
    }
    sqlite3_bind_int64(statement, 4, run->max_concurrency);
    if (run->failure_count_max < 0) {
        sqlite3_bind_null(statement, 5);
    } else {
        sqlite3_bind_int64(statement, 5, run->failure_count_max);
    }
    if (run->failure_percent_max < 0) {
        sqlite3_bind_null(statement, 6);
    } else {
        sqlite3_bind_double(statement, 6, run->failure_percent_max);
    }
    int at = bind_counts(statement, 7, &run->items);
    at = bind_counts(statement, at, &run->executions);
    sqlite3_bind_int64(statement, at, run->redrive_count);
    if (run->redrive_count > 0) {
        sqlite3_bind_int64(statement, at + 1, run->redriven_unix_ms);
    } else {
        sqlite3_bind_null(statement, at + 1);
    }
}

enum status store_map_run_insert(struct store_tx *tx, const struct store_map_run *run)
{
    int64_t id;
    assert(tx->is_writable && run->execution_id > 0 && run->arn.size > 0);
    enum status status = intern_put_arn(tx, run->arn, &id);
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_MAP_RUN_INSERT);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, id);
    bind_changing(statement, run);
    sqlite3_bind_int64(statement, 25, run->execution_id);
    sqlite3_bind_int64(statement, 26, run->started_unix_ms);
    return connection_run(tx, statement);
}

enum status store_map_run_update(struct store_tx *tx, const struct store_map_run *run)
{
    int64_t id;
    assert(tx->is_writable);
    enum status status = intern_find_arn(tx, run->arn, &id);
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_MAP_RUN_UPDATE);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, id);
    bind_changing(statement, run);
    status = connection_run(tx, statement);
    if (status != STATUS_OK) return status;
    return sqlite3_changes(tx->database) == 0 ? STATUS_NOT_FOUND : STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Reading

static int read_counts(sqlite3_stmt *statement, int at, struct store_map_run_counts *ret_counts)
{
    int64_t *const values[] = {
        &ret_counts->pending, &ret_counts->running,         &ret_counts->succeeded,
        &ret_counts->failed,  &ret_counts->timed_out,       &ret_counts->aborted,
        &ret_counts->total,   &ret_counts->results_written,
    };
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        *values[i] = sqlite3_column_int64(statement, at++);
    return at;
}

static struct store_map_run read_row(sqlite3_stmt *statement)
{
    bool has_count = sqlite3_column_type(statement, 6) != SQLITE_NULL;
    bool has_percentage = sqlite3_column_type(statement, 7) != SQLITE_NULL;
    struct store_map_run run = {
        .arn = connection_column(statement, 0),
        .execution_id = sqlite3_column_int64(statement, 1),
        .status = connection_column(statement, 2),
        .started_unix_ms = sqlite3_column_int64(statement, 3),
        .stopped_unix_ms = sqlite3_column_int64(statement, 4),
        .max_concurrency = sqlite3_column_int64(statement, 5),
        .failure_count_max = has_count ? sqlite3_column_int64(statement, 6) : -1,
        .failure_percent_max = has_percentage ? sqlite3_column_double(statement, 7) : -1,
    };
    int at = read_counts(statement, 8, &run.items);
    at = read_counts(statement, at, &run.executions);
    run.redrive_count = sqlite3_column_int64(statement, at);
    run.redriven_unix_ms = sqlite3_column_int64(statement, at + 1);
    run.parent_state_machine_arn = connection_column(statement, at + 2);
    run.parent_name = connection_column(statement, at + 3);
    return run;
}

enum status store_map_run_find(struct store_tx *tx, struct str arn, struct arena *arena,
                               struct store_map_run *ret_run)
{
    int64_t id;
    enum status status = intern_find_arn(tx, arn, &id);
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_MAP_RUN_GET);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, id);
    status = connection_step(tx, statement);
    if (status == STATUS_OK) {
        struct store_map_run run = read_row(statement);
        struct str *const texts[] = {&run.arn, &run.status, &run.parent_state_machine_arn,
                                     &run.parent_name};
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
            if (!arena_copy_str(arena, *texts[i], texts[i])) status = STATUS_NO_MEMORY;
        }
        *ret_run = run;
    }
    sqlite3_reset(statement);
    return status;
}

static enum status walk(struct store_tx *tx, sqlite3_stmt *statement, store_map_run_fn callback,
                        void *context)
{
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        struct store_map_run run = read_row(statement);
        status = callback(context, &run);
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_map_run_each(struct store_tx *tx, int64_t execution_id, store_map_run_fn callback,
                               void *context)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_MAP_RUN_EACH);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, execution_id);
    return walk(tx, statement, callback, context);
}

enum status store_map_run_each_open(struct store_tx *tx, store_map_run_fn callback, void *context)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_MAP_RUN_EACH_OPEN);
    if (statement == NULL) return connection_status(tx, tx->fault);
    return walk(tx, statement, callback, context);
}

enum status store_map_run_each_child(struct store_tx *tx, struct str arn, int64_t after_id,
                                     uint32_t count_max, store_execution_fn callback, void *context)
{
    int64_t id;
    enum status status = intern_find_arn(tx, arn, &id);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_MAP_RUN_EACH_CHILD);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, after_id);
    sqlite3_bind_int64(statement, 3, count_max);
    return execution_each_row(tx, statement, callback, context);
}
