// Bringing an execution back from what the store keeps of it.
//
// In two halves: what the store has is read on the store's thread, and becomes an execution again
// on the thread of its worker.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "runtime/step_record.h"
#include "store/execution.h"

struct runtime_execution;
struct runtime_worker;
struct state_machine;

// All of it in one arena.
struct recovered {
    struct store_execution row;
    struct store_snapshot snapshot; // step_number 0: there is none.
    struct step_list steps;         // Behind the snapshot.
    struct str definition;          // The definition's body.
};

// On the store's thread: the snapshot, if there is one, and the steps behind it, of
// `recovered->row`
// (`execution` is 0), or of the execution with that id; and the definition, if it is wanted.
MUST_USE enum status recovery_read(struct store_tx *tx, int64_t execution_id, bool wants_definition,
                                   struct arena *arena, struct recovered *recovered);

// On the worker's thread: the execution, registered, its timers armed and its tasks taken up. One
// that has ended can be given ENGINE_EVENT_REDRIVE.
//
// Returns STATUS_OK, STATUS_CORRUPT (what is stored does not fit the definition) or a fault.
MUST_USE enum status recovery_rebuild(struct runtime_worker *worker,
                                      struct state_machine *state_machine,
                                      const struct recovered *recovered,
                                      struct runtime_execution **ret_execution);

// The state machine of a stored definition, from the worker's table or made of `body`; borrowed
// until the next call with this worker.
MUST_USE enum status recovery_definition(struct runtime_worker *worker, struct str key,
                                         struct str body, struct state_machine **ret_state_machine);
bool recovery_has_definition(const struct runtime_worker *worker, struct str key);
