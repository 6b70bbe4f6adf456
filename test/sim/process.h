// One life of the server: the runtime on its workers, each with a loop that is turned by hand.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/worker.h"
#include "test/sim/sim.h"

struct process {
    struct runtime runtime;
    struct runtime_worker workers[SIM_WORKERS];
};

extern struct process process;

// Start up: load the state machines, take up what is open.
void process_boot(void);

// Everything in memory is gone.
void process_kill(void);

// Let one worker do what it has to do. False when it had nothing to do.
bool process_turn_worker(unsigned index);

// No mail is under way.
bool process_is_quiet(void);

// Somebody gave the workers something to do without sending mail.
void process_poke(void);

// When a timer of any worker is due; INT64_MAX: none.
int64_t process_due_unix_ms(void);

static inline struct runtime_worker *process_any_worker(void)
{
    return &process.workers[sim_draw(SIM_WORKERS)];
}
