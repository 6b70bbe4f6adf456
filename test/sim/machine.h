// Random state machines: everything that a durable execution can wait for, nested in any way.
//
// What a task is given (`k`: where it stands, `n`: the attempt, `in`: the state's input, `t`: its
// time-out) decides the world's answer and nothing else does, so two runs of a machine differ only
// in time.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { MACHINE_COUNT = 3, MACHINE_STATES_MAX = 256 };

struct sim_machine {
    struct str name; // "M0"; the last one nests nothing, and the others nest the last.
    struct str arn;
    struct str version_arn; // Of what it is here; the machine itself may have changed since.
    struct str alias_arn;   // Leads to that version.
    struct str definition;
    int timeout_seconds; // 0: none.
    bool nests;
    bool is_racing;                       // A time-out decides how it ends.
    int wait_seconds[MACHINE_STATES_MAX]; // Of the Wait states, by the number in their name.
};

extern struct sim_machine machines[MACHINE_COUNT];
extern struct sim_machine express_machine; // "X0"

// Make all of them from the seed, in lasting memory.
void machines_make(uint64_t seed, bool has_map_runs);

// By ARN; never NULL. Children of Map runs belong to the machine of their parents.
const struct sim_machine *machine_of(struct str state_machine_arn);
