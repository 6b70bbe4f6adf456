// The operations on buses and rules as requests and results, free of HTTP.
//
// Parameters are JSON values with the member names of the API, whose types and bounds the caller
// has checked. The result is the JSON text that the service answers with, or an exception.
//
// From events_operate() until `done` the struct, the parameters and `arena` belong to the events
// thread, but for the time that a change is with the store.
// Source: Amazon EventBridge API Reference (2015-10-07).

#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/status.h"
#include "base/str.h"
#include "events/events.h"
#include "json/json.h"
#include "store/resource.h"

enum events_operation_kind {
#define X(kind, name, function, changes) EVENTS_##kind,
#include "events/operation.def"
#undef X
    EVENTS_OPERATION_COUNT,
};

struct events_bus;
struct events_rule;

// What an operation does to the store, and then to the tables in memory.
struct events_change {
    bool is_set;
    bool is_removal;
    enum store_kind kind; // STORE_KIND_EVENT_BUS or STORE_KIND_EVENT_RULE
    struct events_bus *bus;
    struct str name;          // Of the resource.
    struct str body;          // To put.
    struct events_rule *rule; // To take its place in the bus; NULL: a bus.
};

struct events_operation {
    struct mail mail; // Private.
    struct mailbox *reply_to;
    void (*done)(struct events_operation *operation);
    struct events *events; // Private.
    enum events_operation_kind kind;
    struct arena *arena;
    struct str region;
    struct json parameters; // A JSON_OBJECT.

    // The result.
    enum status fault;  // Not STATUS_OK: this program failed.
    struct str error;   // "ResourceNotFoundException"; empty: it succeeded.
    struct str message; // Of the error.
    struct str body;    // JSON text.

    // Private.
    struct list link; // Waiting for a change before it.
    struct store_task task;
    struct events_change change;
};

// Any thread.
void events_operate(struct events *events, struct events_operation *operation);

// Find by the API's name. Returns false when there is no such operation.
bool events_operation_find(struct str name, enum events_operation_kind *ret_kind);
