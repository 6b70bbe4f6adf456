// The store: one thread, one SQLite database, and tasks posted to it by the other threads.
//
// Nobody but the store thread touches the database. A caller embeds a `struct store_task` in a
// struct of its own, says what to do on the store thread (`run`) and what to do afterwards on its
// own thread (`done`), and submits it:
//
//     struct start { struct store_task task; int64_t journal_id; struct str record; };
//
//     static enum status append(struct store_task *task, struct store_tx *tx)
//     {
//         struct start *start = CONTAINER_OF(task, struct start, task);
//         return store_journal_append(tx, start->record, &start->journal_id);
//     }
//
// The store thread takes whatever has been submitted, runs it in one transaction, commits it with
// one sync, and only then posts the answers (group commit).
//
//   submitted -> pending             [store thread takes its mail]
//   pending   -> run                 [reads: at once; writes: in the next transaction]
//   run       -> committed           [one COMMIT for all of them, synced if one is STORE_DURABLE]
//   committed -> done                [posted to `reply_to`]
//   run       -> pending             [`is_unfinished` was set: the next piece of long work]
//   run       -> done (STATUS_IO)    [the transaction failed: nothing of it happened]
//
// Invariants:
//   1. `done` of a STORE_DURABLE task gets STATUS_OK only after its changes are on the disk.
//   2. A task that does not return STATUS_OK changes nothing, and does not undo another task.
//   3. Writes of one thread run in the order of submission. A read sees all writes acknowledged
//      and all STORE_LAZY writes submitted before it. It waits for a sync only when such a lazy
//      write stands behind a durable one.
//   4. From store_submit() until `done` the task and all that it points to belong to the store.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/mailbox.h"
#include "base/status.h"
#include "base/str.h"

enum {
    // A STORE_LAZY write waits at most this long for company before it is committed.
    STORE_LAZY_DELAY_MS = 100,
    // Values (resource bodies, journal records, log messages) above this are STATUS_OVER_LIMIT.
    STORE_VALUE_SIZE_MAX = 256 << 20,
};

struct store;
struct store_tx; // A transaction in progress; all typed functions on records take it.

enum store_mode {
    STORE_READ,    // Changes nothing.
    STORE_DURABLE, // Synced before `done`.
    STORE_LAZY,    // Survives a crash of the process once done, of the machine a little later.
};

struct store_task {
    struct mail mail;         // Private: carries the task to the store and the answer back.
    struct mailbox *reply_to; // Where `done` runs; NULL: on the store thread (to free memory).
    enum store_mode mode;
    // The task returns STATUS_OK or has changed nothing: it makes one change, as its last act, or
    // whatever follows its first change can fail by a fault only, which undoes the transaction. So
    // the store saves the savepoint that guards tasks from one another.
    bool is_single_change;
    // Set by `run` together with STATUS_OK: run again in a later transaction, behind what has
    // arrived meanwhile. Long work goes in pieces of a few milliseconds. Cleared before each run.
    bool is_unfinished;
    enum status status; // Private: the outcome on its way back.

    // On the store thread. Anything but STATUS_OK undoes what this task changed.
    enum status (*run)(struct store_task *task, struct store_tx *tx);
    // On the thread of `reply_to`: what `run` returned, or STATUS_IO or STATUS_CORRUPT when the
    // transaction failed. May free the task. May be NULL.
    void (*done)(struct store_task *task, enum status status);
    struct store *store; // Private.
};

// Open the database in `directory`, creating both (the directory with mode 0700) when absent, and
// start the store thread.
//
//   directory    an empty string: a database in memory, gone with store_close()
//   ret_store    to be closed with store_close()
//   reterr_text  one sentence for the operator, in `arena`
//
// Returns STATUS_OK; STATUS_CONFLICT (another process has the directory); STATUS_INVALID (written
// by a newer Galop, or not Galop's); STATUS_CORRUPT (damaged); STATUS_IO; STATUS_NO_MEMORY. All
// files are left as they are unless the result is STATUS_OK.
MUST_USE enum status store_open(struct str directory, struct arena *arena, struct store **ret_store,
                                struct str *reterr_text);

// Any thread.
void store_submit(struct store *store, struct store_task *task);

// Submit and wait for the end; `reply_to` and `done` are ignored. For start-up, tools and tests:
// never on a thread that serves requests.
enum status store_run(struct store *store, struct store_task *task);

// Figures for /metrics; any thread.
struct store_figures {
    uint64_t transactions;  // Committed.
    uint64_t syncs;         // Those that waited for the disk.
    uint64_t writes;        // Write tasks that were committed.
    uint64_t failed_writes; // Write tasks answered with a fault.
};
struct store_figures store_figures(const struct store *store);

// Run everything submitted so far, commit, sync, and stop the thread. Nothing may be submitted
// meanwhile or afterwards. Accepts NULL.
void store_close(struct store *store);
