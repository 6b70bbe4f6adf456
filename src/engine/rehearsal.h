// Rehearsals: an execution in virtual time, its tasks answered from a script.
//
// A driver in one function, for tests and for trying a definition out: commands are performed by
// looking the answer up, and the clock jumps to whatever happens next, so that a month of waits,
// retries and timeouts takes no time.

#pragma once

#include "engine/engine.h"

// How one task goes. A task takes the first answer for its state that was not taken yet.
struct rehearsal_answer {
    struct str state;             // Empty: any.
    const struct json *input;     // What the task must be given; NULL: anything.
    const struct json *output;    // NULL: it fails with `error`, or never answers.
    const struct json *submitted; // What .sync and callback tasks give first; NULL: {}.
    struct asl_error error;       // Name with NULL data: it never answers, so that time runs out.
    struct str worker_name;       // Of an activity's worker.
    int64_t takes_ms;
    int64_t heartbeat_ms; // Between heartbeats until the answer; 0: none.
    bool is_taken;        // Set by the rehearsal.
};

// Asked before the script: the answer to the next task of `state`, or NULL for what the script
// says. The answer is used up before the next call.
typedef const struct rehearsal_answer *(*rehearsal_answer_fn)(void *context,
                                                              const struct asl_state *state);

// Told of every update in turn; its values are gone after the call.
typedef void (*rehearsal_update_fn)(void *context, const struct engine_update *update);

struct rehearsal {
    struct engine_start start;
    struct rehearsal_answer *answers;
    size_t answer_count;
    uint64_t seed;
    int64_t stop_after_ms; // StopExecution then, with `stop_error`; below 0: never.
    struct asl_error stop_error;
    uint32_t redrives_max;         // So often it is redriven at once when it ends without success.
    bool moves;                    // To a fresh arena after every step, which must change nothing.
    bool is_put_down;              // And brought back from its snapshot, likewise.
    rehearsal_answer_fn on_task;   // May be NULL.
    rehearsal_update_fn on_update; // May be NULL.
    void *context;
};

enum rehearsal_end {
    REHEARSAL_ENDED,     // The execution did.
    REHEARSAL_STUCK,     // It waits for a task without an answer, and no timeout is set.
    REHEARSAL_UNEXPECTED // A task was given something else than its answer says.
};

struct rehearsal_result {
    enum rehearsal_end end;
    enum engine_status status;
    struct json output;
    struct asl_error error;
    int64_t stopped_unix_ms;
    struct str unexpected_state;  // With REHEARSAL_UNEXPECTED: whose task,
    struct json unexpected_input; // and what it was given.
};

// Run it to its end.
//
//   arena   receives what the result holds
//
// Returns STATUS_OK or a fault.
MUST_USE enum status rehearsal_run(struct rehearsal *rehearsal, struct arena *arena,
                                   struct rehearsal_result *ret_result);
