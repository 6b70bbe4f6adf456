// A whole server in one thread: the runtime as it is in production, between a simulated disk below
// and a simulated world around it.
//
//   disk     (disk.h)    the functions of src/store, in memory, with commits and syncs made visible
//   world    (world.h)   performs tasks, answers tokens, polls activities, starts and stops
//   map_runs (map_runs.h), express (express.h) look on at those
//   process  (process.h) one life of the server: its workers, their loops, their mail
//   machine  (machine.h) random state machines
//   check    (check.h)   what must be true whatever happened
//
// Everything that happens is drawn from the seed, so a seed is a run. A run happens twice: first
// undisturbed, then with crashes, a disk that refuses, and whatever else the seed has in store. The
// world's answers depend only on what it is asked, so both must come to the same.

#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/random.h"
#include "base/str.h"

enum { SIM_WORKERS = 2, SIM_CRASHES_MAX = 4 };

#define SIM_START_UNIX_MS INT64_C(1700000000000)

// Faults that the simulation plants, to show that it finds them.
enum sim_plant {
    PLANT_NOTHING,
    PLANT_SKIP_SYNC,     // The disk acknowledges before it syncs.
    PLANT_EARLY_PERFORM, // The disk acknowledges before it commits.
    PLANT_FORGET_EVENT,  // The disk forgets one event of a step now and then.
    PLANT_LOSE_ANSWER,   // The disk forgets to answer a task now and then.
    PLANT_EARLY_TIMER,   // Timers fire a little early now and then.
};

// What is going to disturb the run.
struct sim_plan {
    uint64_t crash_ticks[SIM_CRASHES_MAX]; // Rising.
    bool is_power_loss[SIM_CRASHES_MAX];   // What was not synced may be lost.
    bool is_polite[SIM_CRASHES_MAX];       // The server is asked to stop, and
    uint64_t patience[SIM_CRASHES_MAX];    // crashes when it takes more ticks than this.
    int64_t set_back_ms[SIM_CRASHES_MAX];  // Of the clock, before the next life.
    size_t crash_count;
    uint64_t refusal_begin_tick; // The disk refuses from here
    uint64_t refusal_end_tick;   // to here.
    bool refuses_reads;          // Reads as well.
    unsigned stop_count;         // Executions that are stopped at some time.
    unsigned redrive_count;      // Executions that are redriven when they have failed.
    unsigned map_stop_count;     // Those that have a Map run are stopped, and perhaps redriven.
    unsigned map_update_count;   // Map runs get other limits.
};

// What there is beside Standard executions that inline Maps and Parallel states hold together.
struct sim_features {
    bool has_map_runs;
    unsigned express_count; // Asynchronous Express executions.
    bool has_versions;      // Started through them, and aliases: the state machines have changed.
};

struct sim {
    uint64_t seed;
    struct sim_features features;
    struct random random; // Decides what happens next.
    int64_t now_unix_ms;
    uint64_t tick; // Counts everything that can be followed by a crash.
    uint64_t step;
    unsigned life; // Of the process, from 0.
    struct sim_plan plan;
    enum sim_plant plant;
    bool is_verbose;
    bool is_disturbed; // The second of the two runs.
    bool has_failed;
    jmp_buf crash; // Leads out of whatever the process is doing.
    bool can_crash;
    bool is_stopping;   // Politely.
    bool is_rough;      // Some life did not end politely, or the disk refused something.
    bool has_gone_back; // The clock was set back between two lives.
};

extern struct sim sim;

// Something that others see has happened, or is about to: the process may die here.
void sim_tick(void);

// In [0, below).
static inline unsigned sim_draw(unsigned below)
{
    return (unsigned)(random_u64(&sim.random) % below);
}

static inline bool sim_chance(unsigned one_in)
{
    return sim_draw(one_in) == 0;
}

// A violation. The first one of a run is printed with its seed.
void sim_fail(const char *format, ...) PRINTF(1, 2);

// Printed with --verbose.
void sim_say(const char *format, ...) PRINTF(1, 2);
