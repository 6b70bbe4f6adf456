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

#include "store/execution.h"

enum { DISK_EXECUTIONS_MAX = 512, DISK_RESOURCES_MAX = 8, DISK_DEFINITIONS_MAX = 16 };

struct disk_execution {
    struct store_execution row;
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

struct disk {
    struct disk_execution *executions[DISK_EXECUTIONS_MAX];
    size_t execution_count;
    struct disk_text definitions[DISK_DEFINITIONS_MAX];
    size_t definition_count;
    struct disk_text state_machines[DISK_RESOURCES_MAX]; // Resources; always there.
    size_t state_machine_count;
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

struct disk_execution *disk_find(int64_t execution_id);
