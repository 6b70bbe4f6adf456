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

// The polite stop, as main/serve.c does it: asked for; over, or at an end with its patience
// (`is_served`: all requests are answered); what is left to do when no loop runs any more.
void process_begin_stop(void);
bool process_has_stopped(bool is_served);
int64_t process_stop_due_unix_ms(void);
void process_end_stop(void);

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

// One that runs.
struct runtime_worker *process_any_worker(void);

// A new execution of a state machine, a version, or what an alias leads to, on any worker. Its
// input is copied.
struct runtime_execution *process_new_execution(struct str arn, struct str name, struct str input);
