// The table of Standard executions: what the API can tell about them.
//
// Executions run on their workers; every step's outcome is put here, so that any thread can
// describe an execution, list executions or read a history. In memory, guarded by one mutex; the
// hot path of Express never comes here.

#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/list.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/engine.h"

struct runtime_worker;
struct state_machine;

enum {
    EXECUTION_TABLE_CLOSED_MAX = 100000, // Beyond, the execution that closed first is forgotten.
};

// What is known of one execution. Text lives in its arena.
struct execution_record {
    struct arena arena;
    struct list by_start; // All records, oldest start first.
    struct list by_close; // Closed ones, first closed first; else points to itself.
    struct str arn;
    struct str name;
    struct str state_machine_arn;
    struct str version_arn; // Empty unless started through a version or alias.
    struct str alias_arn;
    struct str role_arn;
    struct state_machine *state_machine; // As it was when this started. The table's own reference.
    struct str trace_header;
    struct str input; // As the caller sent it.
    enum engine_status status;
    int64_t started_unix_ms;
    int64_t stopped_unix_ms; // When not RUNNING.
    struct str output;       // When SUCCEEDED.
    struct str error;        // data NULL when absent.
    struct str cause;
    struct runtime_worker *worker; // Whose thread runs it.
    struct str *events;            // History, each rendered as the API shows it, data included.
    size_t event_count;
    size_t event_capacity;
};

struct execution_table {
    pthread_mutex_t mutex;
    struct map by_arn;
    struct list by_start;
    struct list by_close;
    size_t closed_count;
};

void execution_table_init(struct execution_table *table);
void execution_table_release(struct execution_table *table);

// A new RUNNING record; the texts of `fields` are copied, its state machine gets one more
// reference.
//
// Returns STATUS_OK; STATUS_CONFLICT when the ARN is taken (`ret_existing`, copied to `arena`, says
// by what); or STATUS_NO_MEMORY.
MUST_USE enum status execution_table_insert(struct execution_table *table,
                                            const struct execution_record *fields,
                                            struct arena *arena,
                                            struct execution_record *ret_existing);

// Put down what a step did. The record must be RUNNING.
MUST_USE enum status execution_table_update(struct execution_table *table, struct str arn,
                                            const struct engine_update *update);

// A copy of the record's fields without its history, in `arena`. STATUS_NOT_FOUND when absent.
MUST_USE enum status execution_table_find(struct execution_table *table, struct str arn,
                                          struct arena *arena, struct execution_record *ret_record);

// The state machine as it was when the execution started, with a reference for the caller; NULL
// when there is no such execution.
struct state_machine *execution_table_state_machine(struct execution_table *table, struct str arn);

// Events `first` to `first + count` (0-based, clamped) of a history, or counted from the end.
//
//   ret_total   events there are
MUST_USE enum status execution_table_history(struct execution_table *table, struct str arn,
                                             size_t first, size_t count, bool is_reversed,
                                             struct arena *arena, struct str **ret_events,
                                             size_t *ret_count, size_t *ret_total);

// What ListExecutions asks for.
struct execution_table_query {
    struct str state_machine_arn; // Unqualified.
    struct str qualified_arn; // Version or alias that it must have been started through, or empty.
    bool has_status;
    enum engine_status status;
    int64_t before_unix_ms; // Started before, or at the same time with an ARN below `before_arn`;
    struct str before_arn;  // INT64_MAX and empty for the first page.
    size_t count_max;
};

// Newest start first; copies without histories, in `arena`.
MUST_USE enum status execution_table_list(struct execution_table *table,
                                          const struct execution_table_query *query,
                                          struct arena *arena,
                                          struct execution_record **ret_records, size_t *ret_count,
                                          bool *ret_has_more);
