// CloudWatch Logs: groups by name, and writing to them from any thread.
//
// A `struct logs_group` stands for a name in a region, whether or not a group of that name exists
// now: whoever writes to a group opens its name once and keeps the handle. Groups come and go by
// the operations of logs/operation.h; asking a handle whether its group exists is one atomic read.
//
// Writing never waits and takes no lock. Each thread fills batches of its own; the store thread
// takes them away at most STORE_LAZY_DELAY_MS later, or when somebody reads. What does not fit into
// LOGS_QUEUED_BYTES_MAX is dropped and counted.
//
// Invariants:
//   1. Events that one thread appends to one stream keep their order.
//   2. A read sees everything that was appended before it was submitted.
//   3. What is appended to a group that is deleted before the store gets to it disappears.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/str.h"
#include "store/store.h"

enum {
    LOGS_QUEUED_BYTES_MAX = 64 << 20, // Waiting for the store, of all threads.
    LOGS_MESSAGE_SIZE_MAX = 1 << 20,  // Longer messages are cut.
    LOGS_GROUP_NAME_SIZE_MAX = 512,   // A service limit.
    LOGS_STREAM_NAME_SIZE_MAX = 512,  // A service limit.
};

struct logs;
struct logs_group;

// Load the groups from the store. Blocks: for start-up.
//
//   clock     stamps creation and ingestion, and decides on expiry; outlives the logs
//   account   twelve digits, for ARNs; copied
//   ret_logs  to be closed with logs_close() before the store is closed
MUST_USE enum status logs_open(struct store *store, const struct clock *clock, struct str account,
                               struct logs **ret_logs);

enum logs_group_mode {
    LOGS_GROUP_AS_IS,               // What is written to a missing group disappears.
    LOGS_GROUP_CREATE_WHEN_WRITTEN, // Writing creates the group (as functions' groups are).
};

// A handle on a name, to be given back with logs_group_unref(). Takes a lock: for set-up, not for
// every record. The mode holds for the name: the strongest that anybody asked for. NULL without
// memory or when the name is too long.
MUST_USE struct logs_group *logs_group_open(struct logs *logs, struct str region, struct str name,
                                            enum logs_group_mode mode);

// Whether the group exists now. Any thread, no lock.
bool logs_group_exists(const struct logs_group *group);

// "arn:aws:logs:REGION:ACCOUNT:log-group:NAME", without the ":*" that some operations show;
// borrowed from the handle.
struct str logs_group_arn(const struct logs_group *group);

// Another reference, for another owner. Any thread.
struct logs_group *logs_group_ref(struct logs_group *group);

// Any thread. Accepts NULL.
void logs_group_unref(struct logs_group *group);

// Add an event to a stream, which is created when missing. Any thread; the strings are copied.
//
//   timestamp_unix_ms   of the event; not checked against the clock
//   message             UTF-8, not empty
void logs_append(struct logs *logs, struct logs_group *group, struct str stream_name,
                 int64_t timestamp_unix_ms, struct str message);

// Remove what has expired, and what is left of deleted groups, in pieces on the store thread. To be
// called by a timer, about every minute; returns at once, and does nothing while one is under way.
void logs_purge(struct logs *logs);

// Figures for /metrics; any thread.
struct logs_figures {
    uint64_t appended_events; // By logs_append(), dropped or not.
    uint64_t dropped_events;  // For want of room, or because the store could not write.
    uint64_t queued_bytes;    // Waiting now.
};
struct logs_figures logs_figures(const struct logs *logs);

// Hand everything queued to the store and wait until it has been written. No other thread may
// append any more. Accepts NULL.
void logs_close(struct logs *logs);
