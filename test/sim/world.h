// The world around the server: who performs tasks, who has tokens, who polls, starts and stops.
//
// Those outside outlive the server's crashes: whoever got no answer to a request asks again. What
// runs inside it (a function, a call under way) dies with it.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct runtime_worker;

enum { WORLD_ROOTS_MAX = 3, WORLD_RECORDS_MAX = 4096 };

// Something that somebody outside was told has happened.
struct world_acknowledgement {
    int64_t execution_id;
    uint64_t task_id;       // 0: of the execution itself.
    const char *event_type; // "TASK_SUCCEEDED", …; NULL: it has started.
};

// A task that was given to somebody outside.
struct world_performance {
    int64_t execution_id;
    uint64_t task_id;
    struct str child_name; // Of a nested execution.
};

// A tree is an execution that the world starts, with all that it nests.
struct world_root {
    struct str name;
    unsigned machine;
    struct str input;
    bool is_started;
    bool is_disturbed; // Stopped, or refused something: it need not end as if undisturbed.
};

struct world {
    struct world_root roots[WORLD_ROOTS_MAX];
    size_t root_count;
    struct world_acknowledgement acknowledgements[WORLD_RECORDS_MAX];
    size_t acknowledgement_count;
    struct world_performance performances[WORLD_RECORDS_MAX]; // Not of activities.
    size_t performance_count;
    struct world_performance deliveries[WORLD_RECORDS_MAX]; // Of activities.
    size_t delivery_count;
};

extern struct world world;

// A world for sim.seed; nothing has happened in it.
void world_init(void);

// A worker of a new process: its tasks are performed here.
void world_attach(struct runtime_worker *worker);

// The server died; the server is up again.
void world_crash(void);
void world_boot(void);

// Do one thing that is due. False when nothing is.
bool world_turn(void);
int64_t world_due_unix_ms(void);

// Nobody waits for a reply.
bool world_is_served(void);

// Everything is started, and nobody has anything more to say.
bool world_is_finished(void);

// By which it is started: the state machine, a version or an alias.
struct str world_arn_of(const struct world_root *root);

// The tree that an execution belongs to.
struct world_root *world_root_of(struct str execution_name);

// How many of the execution's activity tasks workers got.
size_t world_delivery_count(int64_t execution_id);
