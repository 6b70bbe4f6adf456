// What the files of the events thread share.

#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/list.h"
#include "base/mailbox.h"
#include "base/map.h"
#include "base/random.h"
#include "events/events.h"
#include "events/input.h"
#include "events/operation.h"
#include "events/pattern.h"
#include "iam/reader.h"
#include "json/json.h"

enum {
    EVENTS_RULES_MAX = 300, // Of one bus, a service quota.
    EVENTS_BUSES_MAX = 100, // Of one region, a service quota.
    EVENTS_TARGETS_MAX = 5, // Of one rule, a service quota.
    EVENTS_RULE_BYTES_MAX = 4 << 20,
    EVENTS_NAME_SIZE_MAX = 256, // Of buses.
};

extern const struct str events_default_bus; // "default"

enum events_target_kind {
    EVENTS_TARGET_LOG_GROUP,
    EVENTS_TARGET_FUNCTION,
    EVENTS_TARGET_OTHER, // Kept and shown; its deliveries fail.
};

struct events_target {
    enum events_target_kind kind;
    struct str id;
    struct str arn;
    struct str role_arn; // May be empty.
    struct events_input input;
    struct logs_group *log_group; // Of EVENTS_TARGET_LOG_GROUP.
    struct json body;
};

// Immutable; a change makes another one. Lives in its own arena.
struct events_rule {
    struct arena arena;
    struct str name;
    struct str arn;
    struct json body;     // What the store keeps,
    struct str body_text; // and its text.
    bool is_enabled;
    const struct events_pattern *pattern;
    struct events_target *targets;
    size_t target_count;
    char log_stream[RANDOM_UUID_SIZE]; // What it writes to log groups goes there.
};

struct events_bus {
    struct arena arena;
    struct str key; // "us-east-1/default"
    struct str region;
    struct str name;
    struct str arn;
    struct json body;
    bool is_stored;
    struct map rules; // By name.
};

struct events {
    struct mailbox mailbox;
    pthread_t thread;
    struct mail end;
    bool is_ending;
    struct arena arena;
    struct events_settings settings;
    struct iam_reader iam;
    struct random random;
    struct map buses;            // By key.
    bool is_changing;            // A change is with the store; others wait:
    struct list waiting;         // struct events_operation
    struct arena scratch;        // Of one event.
    struct buffer input;         // Of one target.
    size_t invocation_count;     // With lambda.
    _Atomic uint32_t rule_count; // Enabled ones with targets.
    _Atomic uint64_t queued_bytes;
    _Atomic uint64_t published_count;
    _Atomic uint64_t dropped_count;
    _Atomic uint64_t delivery_count;
    _Atomic uint64_t failure_count;
};

// ---------------------------------------------------------------------------------------------
// Buses and rules (rule.c)

// A bus that is not in the table yet. NULL without memory.
//
//   body   as stored; empty: of a default bus
MUST_USE struct events_bus *events_bus_new(struct events *events, struct str region,
                                           struct str name, struct str body);
void events_bus_free(struct events_bus *bus);

// The bus of this name in the table. A region's default bus is made when it is asked for. NULL:
// there is none, or no memory.
struct events_bus *events_bus_find(struct events *events, struct str region, struct str name);

// A rule from what the store keeps.
//
//   arena          receives the message
//   reterr_type    on STATUS_INVALID the exception's name and message
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status events_rule_new(struct events *events, const struct events_bus *bus,
                                     struct str body, struct arena *arena,
                                     struct events_rule **ret_rule, struct str *reterr_type,
                                     struct str *reterr_message);

// Accepts NULL.
void events_rule_free(struct events_rule *rule);

// Rules have changed: count anew what is to be matched.
void events_count_rules(struct events *events);

// "default/my-rule": what a rule is called in the store.
struct str events_rule_key(struct arena *arena, const struct events_bus *bus, struct str name);

// ---------------------------------------------------------------------------------------------
// Delivery (deliver.c)

// Match an event with the rules of a bus and deliver it. On the events thread.
void events_dispatch(struct events *events, struct events_bus *bus, struct str text);

// ---------------------------------------------------------------------------------------------
// Status changes of executions (status_event.c)

struct runtime_execution;
struct runtime_status_change;

// Set as the runtime's hook; `context` is the struct events.
void events_on_status_change(void *context, const struct runtime_status_change *change);

// ---------------------------------------------------------------------------------------------
// Operations

#define X(kind, name, function, changes)                                                           \
    void function(struct events *events, struct events_operation *operation);
#include "events/operation.def"
#undef X

// Answer an operation that is waiting for nothing any more.
void events_operation_begin(struct events *events, struct events_operation *operation);

// End with an exception. The message is built as by printf.
void events_refuse(struct events_operation *operation, const char *type, const char *format, ...)
    PRINTF(3, 4);

// End with a body: begin writing, and end.
//
//     struct buffer CLEANUP(buffer_release) buffer;
//     struct json_writer writer;
//     events_reply_begin(&buffer, &writer);
//     …
//     events_reply_end(operation, &buffer, &writer);
void events_reply_begin(struct buffer *buffer, struct json_writer *writer);
void events_reply_end(struct events_operation *operation, struct buffer *buffer,
                      struct json_writer *writer);

// A string parameter; empty when absent.
struct str events_parameter(const struct events_operation *operation, const char *name);

// The bus that the operation names (EventBusName, a name or an ARN; the default one when absent),
// or the rule on it (`parameter` holds its name). NULL after an exception.
struct events_bus *events_named_bus(struct events *events, struct events_operation *operation,
                                    const char *parameter);
struct events_rule *events_named_rule(struct events *events, struct events_operation *operation,
                                      const char *parameter, struct events_bus **ret_bus);

// Make the rule of this body part of the operation's change, or end with an exception.
void events_change_rule(struct events *events, struct events_operation *operation,
                        struct events_bus *bus, struct str name, const struct json *body);

// The same for a bus that exists already.
void events_change_bus(struct events_operation *operation, struct events_bus *bus,
                       const struct json *body);

// `object` with a member replaced or added, or without it (value NULL or null). NULL without
// memory.
const struct json *events_with(struct arena *arena, const struct json *object, struct str name,
                               const struct json *value);

// Tags as an object from the API's list of {Key, Value}, added to `tags` (may be NULL). Returns
// false after an exception.
MUST_USE bool events_add_tags(struct events_operation *operation, const struct json *list,
                              const struct json *tags, struct json *ret_tags);

// Pages of the listings: the index to begin with and how many at most; NextToken after that.
struct events_page {
    size_t start;
    size_t limit;
};
MUST_USE bool events_page(struct events_operation *operation, struct events_page *ret_page);
void events_page_end(struct events_operation *operation, struct json_writer *writer,
                     const struct events_page *page, size_t count);
