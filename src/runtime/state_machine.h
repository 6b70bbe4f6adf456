// State machines: the stored resource with its ARN, type and revision, and its compiled definition.
//
// A struct state_machine is immutable and reference counted: an update makes a new one, and running
// executions keep the one they started with. The registry maps ARNs to the current ones.
//
// Threads. Changes go through the registry's mutex. Reading on the hot path takes no lock: each
// worker keeps a cache of its own (struct state_machine_cache) that it trusts as long as the
// registry's generation has not moved.

#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "asl/machine.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/map.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"
#include "logs/logs.h"

enum state_machine_log_level { LOG_LEVEL_OFF, LOG_LEVEL_FATAL, LOG_LEVEL_ERROR, LOG_LEVEL_ALL };

// "OFF", "FATAL", "ERROR", "ALL"
const char *state_machine_log_level_name(enum state_machine_log_level level);
MUST_USE bool state_machine_log_level_find(struct str name,
                                           enum state_machine_log_level *ret_level);

struct state_machine {
    atomic_uint references;
    struct arena arena; // Holds everything below.
    const struct asl_machine *machine;
    struct str arn;
    struct str name;
    struct str region;
    struct str role_arn;
    enum asl_machine_type type;
    int64_t created_unix_ms;
    int64_t updated_unix_ms;
    struct str revision_id; // Empty until the first effective update.
    enum state_machine_log_level log_level;
    bool logs_execution_data; // includeExecutionData
    struct str log_group_arn; // As given, with ":*"; empty without a destination.
    struct str log_group_name;
    struct logs_group *log_group; // Where records go; NULL without a destination. Owned.
    bool tracing_enabled;
    struct json encryption; // encryptionConfiguration as given, or JSON_NULL.
    struct json tags;       // {key: value}
    // Names the encoded form of all this: equal keys, equal state machines. Whether the store has
    // it under this key, for executions that must be taken up after a restart.
    struct str definition_key;
    _Atomic bool is_definition_stored;
};

// What a new state machine, or a new revision of one, is made of. All borrowed; copied.
struct state_machine_fields {
    struct str arn;
    struct str name;
    struct str region;
    struct str role_arn;
    struct str definition;
    enum asl_machine_type type;
    int64_t created_unix_ms;
    int64_t updated_unix_ms;
    struct str revision_id;
    enum state_machine_log_level log_level;
    bool logs_execution_data;
    struct str log_group_arn;
    bool tracing_enabled;
    struct json encryption;
    struct json tags;
};

// Fields of an existing one, to change and build anew.
struct state_machine_fields state_machine_fields_of(const struct state_machine *state_machine);

// Compile the definition and build.
//
//   diagnostics   see asl_machine_parse()
//
// Returns STATUS_OK (the caller owns one reference), STATUS_INVALID (diagnostics say why) or a
// fault.
MUST_USE enum status state_machine_new(const struct state_machine_fields *fields,
                                       struct asl_diagnostics *diagnostics,
                                       struct state_machine **ret_state_machine);

// Build from a definition that is compiled already. One reference of `machine` passes to this
// function. Returns STATUS_OK or a fault.
MUST_USE enum status state_machine_new_of(const struct state_machine_fields *fields,
                                          const struct asl_machine *machine,
                                          struct state_machine **ret_state_machine);

// Get hold of the log group that the records go to. Once, before the state machine is shared.
MUST_USE enum status state_machine_open_log_group(struct state_machine *state_machine,
                                                  struct logs *logs);

struct state_machine *state_machine_ref(struct state_machine *state_machine);
void state_machine_unref(struct state_machine *state_machine);

// As a JSON document for the store, and back. Decoding compiles the definition again; a stored
// definition that does not compile is STATUS_CORRUPT.
void state_machine_encode(const struct state_machine *state_machine, struct buffer *buffer);
MUST_USE enum status state_machine_decode(struct str body,
                                          struct state_machine **ret_state_machine);

struct state_machine_registry {
    pthread_mutex_t mutex;
    struct map by_arn;           // Guarded by the mutex. Each entry holds a reference.
    _Atomic uint64_t generation; // Moves with every change.
};

void state_machine_registry_init(struct state_machine_registry *registry);
void state_machine_registry_release(struct state_machine_registry *registry);

// The current one with a reference for the caller, or NULL.
struct state_machine *state_machine_registry_find(struct state_machine_registry *registry,
                                                  struct str arn);

// Put in place of the one with the same ARN, if any. The registry takes a reference of its own.
//
//   expected   the one that must be there (NULL: none); otherwise nothing changes
//
// Returns STATUS_OK, STATUS_CONFLICT (another one is there) or a fault.
MUST_USE enum status state_machine_registry_replace(struct state_machine_registry *registry,
                                                    struct state_machine *expected,
                                                    struct state_machine *state_machine);

// Take out. Returns STATUS_OK or STATUS_NOT_FOUND.
enum status state_machine_registry_remove(struct state_machine_registry *registry, struct str arn);

// All of a region sorted by name, each with a reference for the caller, in `arena`.
MUST_USE enum status state_machine_registry_list(struct state_machine_registry *registry,
                                                 struct str region, struct arena *arena,
                                                 struct state_machine ***ret_items,
                                                 size_t *ret_count);

// One worker's view of the registry.
struct state_machine_cache {
    struct state_machine_registry *registry;
    uint64_t generation;
    struct map by_arn; // Each entry holds a reference.
};

void state_machine_cache_init(struct state_machine_cache *cache,
                              struct state_machine_registry *registry);
void state_machine_cache_release(struct state_machine_cache *cache);

// Borrowed until the next call with this cache; NULL when there is none. No lock unless the
// registry changed or the ARN was not asked for before.
struct state_machine *state_machine_cache_find(struct state_machine_cache *cache, struct str arn);
