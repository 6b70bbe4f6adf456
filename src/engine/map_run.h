// Map runs: what a distributed Map asks of its driver, and what both of its drivers share.
//
// A distributed Map evaluates its fields and waits, as for a task, while its driver reads the items
// and runs a child execution for each of them, or for each batch. The item processor is a machine
// of its own (asl_machine_parse_processor()). What a child is given is evaluated here, by the
// fields of the Map state; which child is started when, and what its end means, is the driver's
// business, by the rules below.
//
//   the state performs its work -> START_MAP_RUN  [the Map run is ENGINE_WAIT_MAP_RUN from here on]
//   all children have ended     -> MAP_RUN_ENDED  [the driver: the results, in the order of items]
//   too many have failed        -> MAP_RUN_ENDED  [the driver, once the others are aborted]
//   the state is left otherwise -> CANCEL_MAP_RUN [stopped, timed out, a sibling failed]
//   a redrive                   -> START_MAP_RUN  [of a run that was aborted or failed too often]

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "engine/engine.h"

// What the state's fields came to.
struct engine_map_run {
    struct str arn;
    struct str label; // The state's, or one made for it.
    int64_t started_unix_ms;
    uint32_t redrive_count;     // Above 0: children that succeeded are not run again.
    struct json items;          // An array; JSON_NULL: to be read as `reader` says.
    struct json reader;         // ItemReader, evaluated; JSON_NULL: none.
    struct json writer;         // ResultWriter, evaluated; JSON_NULL: none.
    uint32_t max_concurrency;   // 0: as many as the driver likes.
    int64_t failure_count_max;  // Below 0: not limited.
    double failure_percent_max; // Below 0: not limited.
    bool has_batches;           // ItemBatcher, whose limits are
    uint32_t batch_items_max;   // 0: not limited, as the next one
    uint32_t batch_size_max;    // in bytes of the child's input.
    struct json batch_input;    // BatchInput, evaluated; JSON_NULL: none.
};

// The Map run that an execution waits for; NULL when it does not. Moves with the execution.
const struct engine_map_run *engine_map_run_find(const struct engine_execution *execution,
                                                 uint64_t task_id);

// "NAME/LABEL", the state machine that children belong to, by the ARN of their parent's.
struct str engine_map_child_machine_arn(struct arena *arena, struct str state_machine_arn,
                                        struct str label);

// ---------------------------------------------------------------------------------------------
// Children

// Items that were read and are not handed out yet.
struct engine_map_items {
    const struct json *items;
    uint32_t count;       // At least 1.
    uint64_t first_index; // Of the first among all items.
    bool is_all;          // No more are to come.
};

struct engine_map_child {
    struct json input;
    uint32_t item_count; // From the front of the items.
    bool has_room;       // The batch would take more of the items that are still to come.
};

// What the next child is given: an item, or what ItemSelector makes of it, or a batch of those.
// Changes nothing in the execution.
//
//   seed    of the functions that draw random numbers: the same one gives the same input
//   arena   receives the input and the error; the input shares values with execution and items
//
// Returns STATUS_OK, STATUS_INVALID (the Map run fails with the error) or a fault.
MUST_USE enum status engine_map_child_input(struct engine_execution *execution, uint64_t task_id,
                                            const struct engine_map_items *items, uint64_t seed,
                                            struct arena *arena, struct engine_map_child *ret_child,
                                            struct asl_error *reterr_error);

// Name of a Map run's child: a UUID that follows from the run and the child's index, and sorts by
// them, so that a start that was lost on the way can be made again.
void engine_map_child_name(const struct engine_map_run *run, uint32_t index,
                           char ret_text[static RANDOM_UUID_SIZE]);

// The way back. False when no child of the run is called so.
MUST_USE bool engine_map_child_index(const struct engine_map_run *run, struct str name,
                                     uint32_t *ret_index);

// ---------------------------------------------------------------------------------------------
// Failures

// Is `failed` of `total` items more than is tolerated? Nothing is tolerated without limits.
bool engine_map_run_is_exceeded(int64_t failure_count_max, double failure_percent_max,
                                uint64_t failed, uint64_t total);

// What the run fails with then.
struct asl_error engine_map_run_exceeded_error(void);

// The error of a run whose results are larger than any state may give: its cause is completed by
// the engine.
struct asl_error engine_map_run_size_error(void);
