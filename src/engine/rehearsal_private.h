// What the files of a rehearsal share. Private to the folder.

#pragma once

#include "base/list.h"
#include "base/random.h"
#include "engine/map_run.h"
#include "engine/rehearsal.h"

struct theatre;
struct show;

// An execution on stage: the one that is rehearsed, or a child of a Map run.
struct player {
    struct theatre *theatre;
    struct list link;       // Among all players; they stay until the end of the rehearsal,
    bool has_left;          // but have nothing left but this once they have ended.
    struct show *show;      // The Map run that it is a child of; NULL: the first player.
    uint32_t child_index;   // With a show, as the next one.
    uint32_t item_count;    //
    struct arena arenas[2]; // The execution's, and the one that it moves to.
    int arena_index;
    size_t bytes_after_move;
    struct engine_start start;
    struct engine_execution *execution;
};

// Something that is going to happen.
struct occurrence {
    int64_t unix_ms;
    uint64_t order;
    struct player *player;
    struct engine_event event;
};

struct theatre {
    struct rehearsal *rehearsal;
    struct rehearsal_result *result;
    struct arena *result_arena;
    struct arena step_arena;
    struct list players; // The first one is the execution that is rehearsed.
    struct list shows;
    struct random random;
    int64_t now_unix_ms;
    uint64_t order;
    struct occurrence *heap;
    size_t count;
    size_t capacity;
    bool is_over;
    uint32_t redrive_count;
    enum status fault;
};

// A new player, whose execution is yet to be made. NULL sets the theatre's fault.
struct player *player_new(struct theatre *theatre);

// It has ended: free what it holds.
void player_leave(struct player *player);

// Take a step and do what follows from it. The player may have left afterwards.
void player_feed(struct player *player, struct engine_event event, int64_t unix_ms);

void theatre_expect(struct theatre *theatre, int64_t unix_ms, struct player *player,
                    struct engine_event event);

// ---- rehearsal_map_run.c

void show_begin(struct player *parent, const struct engine_command *command);
void show_cancel(struct player *parent, uint64_t task_id);

// A child has ended; it leaves after the call.
void show_on_child_ended(struct player *child, const struct engine_update *update);

// Start what may start, and tell the parent if it is over.
void show_go_on(struct show *show);

// The player leaves, and with it the Map runs that it waits for.
void show_cancel_all(struct player *parent);

void show_free_all(struct theatre *theatre);
