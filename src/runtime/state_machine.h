// State machines: the stored resource with its ARN, type and revision, and its compiled definition.
//
// A struct state_machine is immutable and reference counted: an update makes a new one, and running
// executions keep the one they started with. A version is one as well: a snapshot that stays when
// the state machine goes on. Both are entries of the catalog.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "asl/machine.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"
#include "logs/logs.h"
#include "runtime/catalog.h"

enum state_machine_log_level { LOG_LEVEL_OFF, LOG_LEVEL_FATAL, LOG_LEVEL_ERROR, LOG_LEVEL_ALL };

// "OFF", "FATAL", "ERROR", "ALL"
const char *state_machine_log_level_name(enum state_machine_log_level level);
MUST_USE bool state_machine_log_level_find(struct str name,
                                           enum state_machine_log_level *ret_level);

struct state_machine {
    struct catalog_entry entry; // entry.arn has the version's number, if this is one.
    struct arena arena;         // Holds everything below.
    uint64_t serial;            // No other one of this process has it: for the workers' metrics.
    const struct asl_machine *machine;
    struct str arn; // Never with a version's number.
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
    struct json encryption;    // encryptionConfiguration as given, or JSON_NULL.
    struct json tags;          // {key: value}
    uint64_t version;          // Of a version: its number, from 1. Otherwise 0.
    struct str version_arn;    // Of a version: entry.arn. Otherwise empty.
    struct str description;    // Of a version.
    uint64_t last_version;     // Of a state machine: the highest number given to a version so far.
    bool is_created_published; // `publish` of its creation, and `versionDescription`.
    struct str creation_description;
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
    uint64_t version; // Not 0: this makes a version.
    struct str description;
    uint64_t last_version;
    bool is_created_published;
    struct str creation_description;
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

// Build from a definition that is compiled already; that of `fields` does not count. One reference
// of `machine` passes to this function. Returns STATUS_OK or a fault.
MUST_USE enum status state_machine_new_of(const struct state_machine_fields *fields,
                                          const struct asl_machine *machine,
                                          struct state_machine **ret_state_machine);

// Get hold of the log group that the records go to. Once, before the state machine is shared.
MUST_USE enum status state_machine_open_log_group(struct state_machine *state_machine,
                                                  struct logs *logs);

struct state_machine *state_machine_ref(struct state_machine *state_machine);
void state_machine_unref(struct state_machine *state_machine); // Accepts NULL.

// The state machine or version that an entry is; NULL when it is something else, or NULL.
struct state_machine *state_machine_of(struct catalog_entry *entry);

// In the catalog, by either kind of ARN; see catalog_cache_find().
static inline struct state_machine *state_machine_find(struct catalog_cache *cache, struct str arn)
{
    return state_machine_of(catalog_cache_find(cache, arn));
}

// As a JSON document for the store, and back. Decoding compiles the definition again; a stored
// definition that does not compile is STATUS_CORRUPT.
void state_machine_encode(const struct state_machine *state_machine, struct buffer *buffer);
MUST_USE enum status state_machine_decode(struct str body,
                                          struct state_machine **ret_state_machine);
