// Reading the members of a snapshot. Private to the folder.
//
// A member that is missing, out of bounds or of another type than it must be is remembered in
// `is_corrupt`, and something harmless is returned: whoever reads asks once in a while.

#pragma once

#include "engine/execution.h"
#include "engine/snapshot.h"
#include "json/json.h"

// By enum strand_wait and enum strand_action; empty for what does not last between two steps.
extern const struct str snapshot_wait_names[STRAND_IS_FREE];
extern const struct str snapshot_action_names[STRAND_RESUMES + 1];

#define SNAPSHOT_UNIX_MS_MAX INT64_C(253402300799999) // 9999-12-31

struct snapshot_value {
    struct json value;
    uint32_t depth; // As payloads count it.
};

struct snapshot_reader {
    struct engine_execution *execution; // Being filled.
    struct json root;
    struct snapshot_value *values;
    uint32_t value_count;
    bool is_corrupt;
    bool is_exhausted; // The arena is.
};

// Read the table of values from `root`.
void snapshot_read_values(struct snapshot_reader *reader);

// A whole number within bounds; an absent one is 0.
int64_t snapshot_read_integer(struct snapshot_reader *reader, const struct json *object,
                              struct str name, int64_t least, int64_t most);

// The same for counts of 32 bits.
uint32_t snapshot_read_count(struct snapshot_reader *reader, const struct json *object,
                             struct str name, uint32_t most);

// A time that is never compared with others; `absent` when it is.
int64_t snapshot_read_time(struct snapshot_reader *reader, const struct json *object,
                           struct str name, int64_t absent);

bool snapshot_read_bool(struct snapshot_reader *reader, const struct json *object, struct str name,
                        bool absent);

// An absent text has NULL data.
struct str snapshot_read_text(struct snapshot_reader *reader, const struct json *object,
                              struct str name);

// An index into a table of names.
uint32_t snapshot_read_name(struct snapshot_reader *reader, const struct json *object,
                            struct str name, const struct str *names, uint32_t count);

// A member of the type, or NULL when it is absent.
const struct json *snapshot_read_member(struct snapshot_reader *reader, const struct json *object,
                                        struct str name, enum json_type type);

// The value that `index` refers to.
struct json snapshot_read_value_at(struct snapshot_reader *reader, const struct json *index,
                                   uint32_t *ret_depth);
struct json snapshot_read_value(struct snapshot_reader *reader, const struct json *object,
                                struct str name);
struct payload snapshot_read_payload(struct snapshot_reader *reader, const struct json *object,
                                     struct str name);

uint64_t snapshot_read_event_id(struct snapshot_reader *reader, const struct json *object,
                                struct str name);

// Of a task or a timer.
uint64_t snapshot_read_id(struct snapshot_reader *reader, const struct json *object,
                          struct str name);

void snapshot_read_history(struct snapshot_reader *reader, const struct json *object,
                           struct history *history);

// Zeroed, in the execution's arena; NULL when that is exhausted.
void *snapshot_take_memory(struct snapshot_reader *reader, size_t count, size_t size);

// Read `strand`, whose parent is there, and put it into its place.
void snapshot_read_strand(struct snapshot_reader *reader, const struct json *object,
                          struct strand *strand);

// Does the execution that was read keep the rules that the engine relies on?
MUST_USE bool snapshot_is_sound(const struct engine_execution *execution);
