// Event loop: one per thread, on epoll.
//
// A turn waits for file descriptors, timers or mail, runs what is ready, and closes with the
// deferred hooks (where batches are flushed). Everything here belongs to the thread that runs the
// loop; the two exceptions, safe from any thread, are posting to net_loop_mailbox() and
// net_loop_stop(). Watches, timers and hooks are embedded in the caller's structs, so starting and
// stopping them allocates nothing.
//
// Two kinds of time. A timer is armed either at a time of the loop's `struct clock`, which may be
// virtual: the workflow's waits and timeouts; or at a time of the machine's steady clock, which is
// never virtual: socket time-outs and all that guards against the real world.
//
// Virtual time. When the clock is virtual the loop never sleeps for a clock timer. As soon as a
// turn finds nothing ready (no descriptor, mail or hook) and nobody is busy, it sets the clock to
// the next timer's time and runs it. "Busy" is a counter: whoever waits for real work whose answer
// comes from outside the loop's sight (a function's process, an outgoing call, a commit by another
// thread) holds net_loop_busy_begin() until the answer is in, so virtual time stands still
// meanwhile. A virtual clock belongs to one loop: a server in virtual time runs one worker.
//
// Creating a loop makes the process ignore SIGPIPE if it still had the default action; child
// processes must set it back (posix_spawnattr_setsigdefault).
//
// Invariants:
//   1. A callback runs only from net_loop_run() or net_loop_turn(), never from within a function
//      of this header.
//   2. After net_watch_stop(), net_timer_disarm() or net_deferred_cancel() the callback does not
//      run any more, even when it was already due in this turn; the struct may be freed.
//   3. Timers run in order of their due time, those of equal time in the order they were armed.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/status.h"

struct net_loop;

// A file descriptor that is watched, level-triggered.
struct net_watch {
    int fd;          // Stays the caller's, who closes it after net_watch_stop().
    uint32_t events; // EPOLLIN, EPOLLOUT, ...; EPOLLERR and EPOLLHUP are always reported.
    void (*run)(struct net_watch *watch, uint32_t ready_events);
};

// A one-shot timer: a node of a pairing heap (arming is O(1), firing and disarming O(log n)
// amortised, no allocation).
struct net_timer {
    int64_t due_ms; // Unix time or steady time, by `is_steady`.
    uint64_t sequence;
    struct net_timer *child;    // First of the list of children.
    struct net_timer *sibling;  // Next child of the same parent.
    struct net_timer *previous; // Previous sibling, or the parent; itself for the root; NULL when
                                // not armed.
    void (*run)(struct net_timer *timer); // The timer is disarmed already and may be armed again.
    bool is_steady;
};

// A hook that runs once at the end of the turn.
struct net_deferred {
    struct list link; // Points to itself when not deferred.
    void (*run)(struct net_deferred *deferred);
};

// --- The loop -----------------------------------------------------------------------------------

//   clock   borrowed; outlives the loop
//
// Returns STATUS_IO when the system refuses the descriptors, STATUS_NO_MEMORY.
MUST_USE enum status net_loop_new(struct clock *clock, struct net_loop **ret_loop);

// Run turns until net_loop_stop().
void net_loop_run(struct net_loop *loop);

// Run one turn, waiting at most `timeout_ms` (0: not at all; negative: until something is ready).
// Returns whether anything ran. For tests and for programs with a loop of their own.
bool net_loop_turn(struct net_loop *loop, int timeout_ms);

// Make net_loop_run() return after the current turn. Any thread, and signal handlers.
void net_loop_stop(struct net_loop *loop);

// Nothing may be watched or armed any more, or it is forgotten.
void net_loop_free(struct net_loop *loop);

struct clock *net_loop_clock(struct net_loop *loop);

// Mail posted here is run by the loop's thread.
struct mailbox *net_loop_mailbox(struct net_loop *loop);

// Milliseconds of the steady clock, read once per turn.
int64_t net_loop_steady_ms(const struct net_loop *loop);

// Let the loop believe that `ms` more of real time have passed. For tests of time-outs.
void net_loop_skip_steady(struct net_loop *loop, int64_t ms);

// See "Virtual time" above; the calls nest.
void net_loop_busy_begin(struct net_loop *loop);
void net_loop_busy_end(struct net_loop *loop);

// --- File descriptors ---------------------------------------------------------------------------

// Start watching `watch->fd` for `watch->events`. STATUS_IO when the system refuses.
MUST_USE enum status net_watch_start(struct net_loop *loop, struct net_watch *watch);

// Wait for other events from now on; no system call when they are the same.
void net_watch_change(struct net_loop *loop, struct net_watch *watch, uint32_t events);

// Must come before the descriptor is closed.
void net_watch_stop(struct net_loop *loop, struct net_watch *watch);

// --- Timers -------------------------------------------------------------------------------------

void net_timer_init(struct net_timer *timer, void (*run)(struct net_timer *timer));

// Arm at a time of the loop's clock, or move there if armed. A time in the past is due in the
// next turn.
void net_timer_arm(struct net_loop *loop, struct net_timer *timer, int64_t due_unix_ms);

// Arm `delay_ms` from now in real time, whatever the clock.
void net_timer_arm_steady(struct net_loop *loop, struct net_timer *timer, int64_t delay_ms);

// Harmless when not armed.
void net_timer_disarm(struct net_loop *loop, struct net_timer *timer);

static inline bool net_timer_is_armed(const struct net_timer *timer)
{
    return timer->previous != NULL;
}

// When the next timer of the loop's clock is due, or INT64_MAX.
int64_t net_loop_next_due_unix_ms(const struct net_loop *loop);

// --- Hooks --------------------------------------------------------------------------------------

void net_deferred_init(struct net_deferred *deferred, void (*run)(struct net_deferred *deferred));

// Run `deferred` once before the loop blocks next; nothing happens when that is already asked for.
// A hook may defer others and itself.
void net_loop_defer(struct net_loop *loop, struct net_deferred *deferred);

// Harmless when not deferred.
void net_deferred_cancel(struct net_deferred *deferred);
