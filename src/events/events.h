// EventBridge: buses, rules with event patterns, and the delivery of events to the rules' targets.
//
// One thread, the events thread, owns all buses and rules. Others reach it by mail: operations
// (events/operation.h) and events to be matched (below). Delivery is at most once and never makes
// anybody wait: a function's event queue takes over from there, a log group's writer likewise.
//
// Every region has a bus "default", which is there without being made.
//
// Invariants:
//   1. An operation is answered after its change is durable, and events published after the answer
//      are matched against the changed rules.
//   2. Events of one thread are matched in the order they were published.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/str.h"
#include "net/loop.h"

struct events;
struct iam;
struct lambda;
struct logs;
struct runtime;
struct store;

enum {
    EVENTS_ENTRY_SIZE_MAX = 1 << 20,    // Of one event, and of all of one PutEvents: 1 MB.
    EVENTS_QUEUED_BYTES_MAX = 64 << 20, // Of events that wait for the events thread.
};

// All must outlive the events; strings are copied.
struct events_settings {
    struct store *store;
    struct logs *logs;
    struct lambda *lambda;
    struct iam *iam;
    struct runtime *runtime; // Its hook for status changes is set.
    struct clock *clock;
    struct str account;
};

// Load buses and rules from the store and start the thread. Blocks: for start-up.
MUST_USE enum status events_open(const struct events_settings *settings,
                                 struct events **ret_events);

// Match and deliver what has been published, and stop the thread. Nothing may be published or asked
// any more; to be called before lambda, logs and store are closed. Accepts NULL.
void events_close(struct events *events);

// Whether any rule could be interested in anything. Any thread, one relaxed load.
bool events_has_rules(const struct events *events);

// Send an event to a bus. Any thread; the texts are copied.
//
//   loop   of the calling thread: virtual time waits for the matching
//   bus    name; one that does not exist swallows the event, as the service has it
//   text   the whole event as JSON
//
// Returns false when the event was dropped for want of room.
bool events_publish(struct events *events, struct net_loop *loop, struct str region, struct str bus,
                    struct str text);

// Figures for /metrics; any thread.
struct events_figures {
    uint64_t published;  // Events that came to the events thread.
    uint64_t dropped;    // For want of room.
    uint64_t deliveries; // To targets.
    uint64_t failures;   // Deliveries that failed.
};
struct events_figures events_figures(const struct events *events);
