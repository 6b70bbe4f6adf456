// The disk: what src/store promises, with nothing behind it.
//
// Changes go through three states, and a crash falls between any two of them:
//
//   written    by a task, in the transaction in progress: lost with the process
//   committed  survives the process, but not a loss of power
//   synced     survives everything
//
// Everything is kept in lasting memory, with a log of changes by which it is rolled back.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/map_run.h"
#include "store/resource.h"

enum {
    DISK_EXECUTIONS_MAX = 2048,
    DISK_RESOURCES_MAX = 32,
    DISK_DEFINITIONS_MAX = 256,
    DISK_MAP_RUNS_MAX = 256,
    DISK_JOURNAL_MAX = 64,
};

struct disk_execution {
    struct store_execution row;
    unsigned life; // In which it was inserted.
    struct store_step *steps; // In order.
    size_t step_count;
    size_t step_capacity;
    size_t synced_step_count;
    struct store_snapshot snapshot; // step_number 0: none.
};

struct disk_text {
    struct str key;
    struct str body;
};

struct disk_resource {
    enum store_kind kind;
    struct str region;
    struct str name;
    struct str body;
};

// Of the journal.
struct disk_record {
    int64_t id;
    struct str record;
};

struct disk {
    struct disk_execution *executions[DISK_EXECUTIONS_MAX];
    size_t execution_count;
    struct disk_text definitions[DISK_DEFINITIONS_MAX];
    size_t definition_count;
    struct disk_resource resources[DISK_RESOURCES_MAX];
    size_t resource_count;
    struct store_map_run map_runs[DISK_MAP_RUNS_MAX];
    size_t map_run_count;
    struct disk_record journal[DISK_JOURNAL_MAX]; // Oldest first.
    size_t journal_count;
    int64_t journal_last_id; // Given out; not part of what a crash takes back.
};

extern struct disk disk;

// Forget everything.
void disk_init(void);

// What the store of this process would do next, one stage at a time. False when there is nothing to
// do now.
bool disk_turn(void);

// When lazy writes must be committed at the latest; INT64_MAX: there are none.
int64_t disk_due_unix_ms(void);

// The process dies. What was committed without a sync stays in part, or wholly.
void disk_crash(bool is_power_loss);

// A process begins.
struct store *disk_open(void);

// It ends politely: all that was written is committed and synced.
void disk_close(void);

// A resource that has always been there.
void disk_add_resource(enum store_kind kind, struct str name, struct str body);

struct disk_execution *disk_find(int64_t execution_id);

// The next one by id; NULL when there is none.
struct disk_execution *disk_next_execution(int64_t after_id);

struct store_map_run *disk_find_map_run(struct str arn); // NULL when it is not there.
