// Walks over executions: for lists of the API, and for taking up what is open.

#include <assert.h>

#include "store/connection.h"
#include "store/execution.h"
#include "store/execution_row.h"
#include "store/intern.h"

// Whether `status` is one that the index of failures holds.
static bool is_failure(struct str status)
{
    return status.size > 0 && !str_is(status, "RUNNING") && !str_is(status, "SUCCEEDED");
}

// The statement that leads through the fewest rows. Everything is checked on each row again.
static sqlite3_stmt *choose(struct store_tx *tx, const struct store_execution_query *query,
                            int64_t arn_id)
{
    enum statement name = STATEMENT_EXECUTION_LIST;
    if (query->map_run_arn.size > 0) {
        name = STATEMENT_EXECUTION_LIST_OF_MAP_RUN;
    } else if (str_is(query->status, "RUNNING")) {
        name = STATEMENT_EXECUTION_LIST_OPEN;
    } else if (is_failure(query->status)) {
        name = STATEMENT_EXECUTION_LIST_FAILED;
    }
    sqlite3_stmt *statement = connection_statement(tx, name);
    if (statement == NULL) return NULL;
    sqlite3_bind_int64(statement, 1, arn_id);
    sqlite3_bind_int64(statement, 2, query->before_id);
    if (name == STATEMENT_EXECUTION_LIST_FAILED) connection_bind_text(statement, 3, query->status);
    return statement;
}

static bool matches(const struct store_execution_query *query,
                    const struct store_execution *execution)
{
    if (query->status.size > 0 && !str_equal(query->status, execution->status)) return false;
    if (query->version_arn.size > 0 && !str_equal(query->version_arn, execution->version_arn)) {
        return false;
    }
    if (query->alias_arn.size > 0 && !str_equal(query->alias_arn, execution->alias_arn)) {
        return false;
    }
    return query->redriven == 0 || (query->redriven > 0) == (execution->redrive_count > 0);
}

static enum status walk(struct store_tx *tx, sqlite3_stmt *statement,
                        const struct store_execution_query *query, store_execution_fn callback,
                        void *context)
{
    bool is_bounded = query->ret_next_before_id != NULL;
    for (uint32_t look_count = 0;; look_count++) {
        enum status status = connection_step(tx, statement);
        if (status == STATUS_NOT_FOUND) {
            if (is_bounded) *query->ret_next_before_id = 0;
            return STATUS_OK;
        }
        if (status != STATUS_OK) return status;
        if (is_bounded && look_count == STORE_EXECUTION_LOOK_MAX) return STATUS_OK;
        struct store_execution execution = execution_row(statement, false);
        if (is_bounded) *query->ret_next_before_id = execution.id;
        if (matches(query, &execution)) status = callback(context, &execution);
        if (status != STATUS_OK) return status;
    }
}

enum status store_execution_list(struct store_tx *tx, const struct store_execution_query *query,
                                 store_execution_fn callback, void *context)
{
    bool is_of_map_run = query->map_run_arn.size > 0;
    assert(is_of_map_run != (query->state_machine_arn.size > 0));
    int64_t arn_id;
    if (query->ret_next_before_id != NULL) *query->ret_next_before_id = 0;
    enum status status =
        intern_find_arn(tx, is_of_map_run ? query->map_run_arn : query->state_machine_arn, &arn_id);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    if (status != STATUS_OK) return status;
    sqlite3_stmt *statement = choose(tx, query, arn_id);
    if (statement == NULL) return connection_status(tx, tx->fault);
    status = walk(tx, statement, query, callback, context);
    sqlite3_reset(statement);
    return status;
}

enum status execution_each_row(struct store_tx *tx, sqlite3_stmt *statement,
                               store_execution_fn callback, void *context)
{
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        struct store_execution execution = execution_row(statement, true);
        status = callback(context, &execution);
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_execution_each_open(struct store_tx *tx, int64_t after_id, uint32_t count_max,
                                      store_execution_fn callback, void *context)
{
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_EXECUTION_EACH_OPEN);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, after_id);
    sqlite3_bind_int64(statement, 2, count_max);
    return execution_each_row(tx, statement, callback, context);
}
