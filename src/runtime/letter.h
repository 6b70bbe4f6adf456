// Letters: events for Standard executions that come from outside their worker.
//
// An execution belongs to one worker, but SendTaskSuccess or StopExecution may arrive at any. A
// letter carries the event to the owner, waits there until what it caused is durable, and comes
// back with the outcome.
//
//   written -> sent          [runtime_letter_send]
//   sent    -> waits         [the execution sleeps: it is woken first]
//   sent    -> waits         [the owner's execution took the event; its commit is under way]
//   waits   -> answered      [durable: STATUS_OK; the disk refused: STATUS_IO]
//   sent    -> answered      [STATUS_NOT_FOUND: the execution does not run, or nobody waits for the
//                             task or the token is not its; told when that is on the disk]
//   answered -> gone         [on_done, on the asking thread, then it is freed]

#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/mailbox.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/engine.h"

struct runtime_worker;
struct runtime_letter;

typedef void (*runtime_letter_fn)(void *context, const struct runtime_letter *letter);

struct runtime_letter {
    struct mail mail; // Private, as the next four.
    struct runtime_worker *asking;
    struct runtime_worker *owner;
    struct runtime_letter *next; // Among those that wait for one execution to wake.
    runtime_letter_fn on_done;

    void *context; // The sender's.
    struct arena arena;
    int64_t execution_id;
    struct str token; // The task's, which must match; empty: not checked (the sender knows).
    // Time, seed and `output` are filled in by the owner. Texts must live in `arena`.
    struct engine_event event;
    struct str output_text; // JSON, becomes event.output; data NULL: none.
    bool is_patient;        // While the disk refuses the event it is not told so, but waits on.

    // Answer.
    enum status status;
    int64_t stopped_unix_ms; // When the execution ended with it; otherwise 0.
};

// A letter with an empty arena; NULL without memory.
struct runtime_letter *runtime_letter_new(int64_t execution_id, enum engine_event_type type);

// Copy a text into the letter; one with NULL data stays that. False without memory.
MUST_USE bool runtime_letter_copy(struct runtime_letter *letter, struct str text,
                                  struct str *ret_copy);

// The letter belongs to the runtime from here on. on_done may run before this returns. NULL
// on_done: nobody wants to know.
void runtime_letter_send(struct runtime_worker *asking, struct runtime_letter *letter,
                         runtime_letter_fn on_done, void *context);

// Instead of sending it.
void runtime_letter_discard(struct runtime_letter *letter);
