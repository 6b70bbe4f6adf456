// What must be true, whatever happened.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "test/sim/world.h"

// How the trees ended, of a run on a disk that is still there.
struct outcome {
    struct str status;
    struct str output;
    struct str error;
    bool is_racing; // What comes first decides: a branch failed, or a machine has a time-out.
    bool is_lost;   // Somewhere in the tree an answer was lost, or somebody interfered.
};

// Everything that somebody was told is on the disk. At a crash, and at the end.
void check_acknowledged(void);

// Every execution has ended, and its history is what a history must be. What the trees came to is
// in lasting memory.
void check_histories(struct outcome ret_outcomes[static WORLD_ROOTS_MAX]);

// The second run came to the same as the first, where it should have.
void check_same(const struct outcome *undisturbed, const struct outcome *disturbed);
