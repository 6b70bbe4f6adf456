// Removing what ended long ago, in pieces of a few milliseconds.
//
// The steps of an execution go first, from the last one on, so that what a crash leaves half
// removed is still an execution that the next round finds.

#include <assert.h>

#include "store/connection.h"
#include "store/execution.h"
#include "store/intern.h"

enum {
    LOOK_COUNT_MAX = 256, // Rows looked at in one piece.
    STEP_COUNT_MAX = 2048 // Steps removed in one piece.
};

struct candidate {
    int64_t id;
    int64_t state_machine_id;
    int64_t map_run_id; // 0: none.
    int64_t started_unix_ms;
    int64_t stopped_unix_ms; // INT64_MAX: it is open.
};

struct piece {
    struct store_tx *tx;
    struct candidate candidates[LOOK_COUNT_MAX];
    uint32_t count;
    int64_t step_budget;
    // ARNs of what has been removed, each once while it is the same in a row.
    int64_t arn_ids[2 * LOOK_COUNT_MAX];
    uint32_t arn_count;
};

static enum status run_with_id(struct store_tx *tx, enum statement name, int64_t id)
{
    sqlite3_stmt *statement = connection_statement(tx, name);
    if (statement == NULL) return connection_status(tx, tx->fault);
    sqlite3_bind_int64(statement, 1, id);
    return connection_run(tx, statement);
}

static enum status look(struct piece *piece, int64_t after_id, uint32_t count_max)
{
    sqlite3_stmt *statement = connection_statement(piece->tx, STATEMENT_EXECUTION_LOOK_FOR_PURGE);
    if (statement == NULL) return connection_status(piece->tx, piece->tx->fault);
    sqlite3_bind_int64(statement, 1, after_id);
    sqlite3_bind_int64(statement, 2, count_max);
    enum status status;
    while ((status = connection_step(piece->tx, statement)) == STATUS_OK) {
        assert(piece->count < LOOK_COUNT_MAX);
        piece->candidates[piece->count++] = (struct candidate){
            .id = sqlite3_column_int64(statement, 0),
            .state_machine_id = sqlite3_column_int64(statement, 1),
            .map_run_id = sqlite3_column_int64(statement, 2),
            .started_unix_ms = sqlite3_column_int64(statement, 3),
            .stopped_unix_ms = sqlite3_column_int64(statement, 4),
        };
    }
    sqlite3_reset(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// Remove the last steps, as many as the budget allows.
static enum status remove_steps(struct piece *piece, int64_t id, bool *ret_are_gone)
{
    struct store_tx *tx = piece->tx;
    sqlite3_stmt *last = connection_statement(tx, STATEMENT_STEP_LAST_NUMBER);
    sqlite3_stmt *removal = connection_statement(tx, STATEMENT_STEP_REMOVE);
    if (last == NULL || removal == NULL) return connection_status(tx, tx->fault);
    int64_t last_number = 0;
    sqlite3_bind_int64(last, 1, id);
    enum status status = connection_read_integer(tx, last, &last_number);
    if (status != STATUS_OK) return status;
    int64_t rest = last_number <= piece->step_budget ? 0 : last_number - piece->step_budget;
    piece->step_budget -= last_number - rest;
    *ret_are_gone = rest == 0;
    sqlite3_bind_int64(removal, 1, id);
    sqlite3_bind_int64(removal, 2, rest);
    return connection_run(tx, removal);
}

static void note_arn(struct piece *piece, int64_t id)
{
    for (uint32_t i = piece->arn_count; i > 0 && piece->arn_count - i < 2; i--) {
        if (piece->arn_ids[i - 1] == id) return;
    }
    assert(piece->arn_count < ARRAY_COUNT(piece->arn_ids));
    if (id != 0) piece->arn_ids[piece->arn_count++] = id;
}

static enum status remove_execution(struct piece *piece, const struct candidate *candidate,
                                    bool *ret_is_gone)
{
    enum status status = remove_steps(piece, candidate->id, ret_is_gone);
    if (status == STATUS_OK && *ret_is_gone) {
        note_arn(piece, candidate->state_machine_id);
        note_arn(piece, candidate->map_run_id);
        status = run_with_id(piece->tx, STATEMENT_EXECUTION_REMOVE, candidate->id);
    }
    if (status == STATUS_OK && *ret_is_gone) {
        status = run_with_id(piece->tx, STATEMENT_MAP_RUN_REMOVE_OF_EXECUTION, candidate->id);
    }
    return status;
}

static enum status remove_arns(struct piece *piece)
{
    enum status status = STATUS_OK;
    if (piece->arn_count > 0) intern_clear(piece->tx);
    for (uint32_t i = 0; status == STATUS_OK && i < piece->arn_count; i++)
        status = run_with_id(piece->tx, STATEMENT_ARN_REMOVE_UNUSED, piece->arn_ids[i]);
    return status;
}

enum status store_execution_purge(struct store_tx *tx, int64_t stopped_before_unix_ms,
                                  uint32_t count_max, int64_t *after_id, bool *ret_is_done)
{
    assert(tx->is_writable && count_max > 0);
    struct piece piece = {.tx = tx, .step_budget = STEP_COUNT_MAX};
    if (count_max > LOOK_COUNT_MAX) count_max = LOOK_COUNT_MAX;
    enum status status = look(&piece, *after_id, count_max);
    bool is_at_end = piece.count < count_max;
    for (uint32_t i = 0; status == STATUS_OK && i < piece.count; i++) {
        const struct candidate *candidate = &piece.candidates[i];
        bool is_gone = true;
        // Identifiers rise with the start, and what started later ended later.
        is_at_end |= candidate->started_unix_ms >= stopped_before_unix_ms;
        if (candidate->started_unix_ms >= stopped_before_unix_ms) break;
        if (candidate->stopped_unix_ms < stopped_before_unix_ms) {
            status = remove_execution(&piece, candidate, &is_gone);
        }
        if (!is_gone) {
            is_at_end = false;
            break;
        }
        *after_id = candidate->id;
    }
    if (status == STATUS_OK) status = remove_arns(&piece);
    *ret_is_done = false;
    if (status != STATUS_OK || !is_at_end) return status;
    return definition_purge(tx, count_max, ret_is_done);
}
