// Rows of `step`. Their numbers are dense and their events in order, so an event is found by
// halving.

#include <assert.h>

#include "store/connection.h"
#include "store/execution.h"

enum status store_step_append(struct store_tx *tx, const struct store_step *step)
{
    assert(tx->is_writable && step->execution_id > 0 && step->number > 0);
    assert(step->first_event_id > 0 && step->event_count >= 0);
    if (step->causes.size + step->events.size + step->data.size > STORE_VALUE_SIZE_MAX) {
        return STATUS_OVER_LIMIT;
    }
    sqlite3_stmt *statement = connection_statement(tx, STATEMENT_STEP_APPEND);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, step->execution_id);
    sqlite3_bind_int64(statement, 2, step->number);
    sqlite3_bind_int64(statement, 3, step->first_event_id);
    sqlite3_bind_int64(statement, 4, step->event_count);
    connection_bind_text(statement, 5, step->causes);
    connection_bind_text(statement, 6, step->events);
    connection_bind_optional(statement, 7, step->data.size == 0 ? (struct str){0} : step->data);
    return connection_run(tx, statement);
}

// Walk over what `statement`, whose first two parameters are given here, selects.
static enum status walk(struct store_tx *tx, enum statement name, int64_t execution_id,
                        int64_t number, store_step_fn callback, void *context)
{
    sqlite3_stmt *statement = connection_statement(tx, name);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, execution_id);
    sqlite3_bind_int64(statement, 2, number);
    enum status status;
    while ((status = connection_step(tx, statement)) == STATUS_OK) {
        struct store_step step = {
            .execution_id = execution_id,
            .number = sqlite3_column_int64(statement, 0),
            .first_event_id = sqlite3_column_int64(statement, 1),
            .event_count = sqlite3_column_int64(statement, 2),
            .causes = connection_column(statement, 3),
            .events = connection_column(statement, 4),
            .data = connection_column(statement, 5),
        };
        status = callback(context, &step);
        if (status != STATUS_OK) {
            sqlite3_reset(statement);
            return status;
        }
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_step_each(struct store_tx *tx, int64_t execution_id, int64_t after_number,
                            store_step_fn callback, void *context)
{
    return walk(tx, STATEMENT_STEP_EACH, execution_id, after_number, callback, context);
}

// The last step whose first event is not behind `event_id`, or 0.
static enum status find_step(struct store_tx *tx, int64_t execution_id, int64_t event_id,
                             int64_t *ret_number)
{
    sqlite3_stmt *last = connection_statement(tx, STATEMENT_STEP_LAST_NUMBER);
    sqlite3_stmt *first_event = connection_statement(tx, STATEMENT_STEP_FIRST_EVENT_ID);
    if (last == NULL || first_event == NULL) return connection_status(tx, tx->fault);
    int64_t low = 0, high = 0; // Step `low` is not behind the event; those after `high` are.
    sqlite3_bind_int64(last, 1, execution_id);
    enum status status = connection_read_integer(tx, last, &high);
    while (status == STATUS_OK && low < high) {
        int64_t middle = low + (high - low + 1) / 2, first_event_id;
        sqlite3_bind_int64(first_event, 1, execution_id);
        sqlite3_bind_int64(first_event, 2, middle);
        status = connection_read_integer(tx, first_event, &first_event_id);
        if (status == STATUS_NOT_FOUND) return STATUS_CORRUPT; // Numbers are dense.
        if (status == STATUS_OK && first_event_id <= event_id) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    *ret_number = low;
    return status;
}

struct history_walk {
    int64_t event_id;
    store_step_fn callback;
    void *context;
};

// Of the steps from the found one on, the first may end before the event: the last of all does when
// the event is yet to come.
static enum status pass_from_event(void *context, const struct store_step *step)
{
    const struct history_walk *history = context;
    if (step->first_event_id + step->event_count <= history->event_id) return STATUS_OK;
    return history->callback(history->context, step);
}

enum status store_step_each_history(struct store_tx *tx, int64_t execution_id, int64_t event_id,
                                    bool is_reversed, store_step_fn callback, void *context)
{
    int64_t number = 0;
    enum status status = find_step(tx, execution_id, event_id, &number);
    if (status != STATUS_OK) return status;
    if (is_reversed) {
        return walk(tx, STATEMENT_STEP_HISTORY_REVERSED, execution_id, number, callback, context);
    }
    struct history_walk history = {event_id, callback, context};
    return walk(tx, STATEMENT_STEP_HISTORY, execution_id, number, pass_from_event, &history);
}
