// Log groups, streams and events as tables. What CloudWatch Logs makes of them is src/logs/.
//
// Events of a group are ordered by (timestamp_ms, id); `id` rises with ingestion, so events of one
// millisecond keep the order in which they were written. Deleting a group or a stream hides it at
// once; its events are removed in pieces by store_log_purge().

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

struct store_log_group {
    int64_t id;
    struct str region;
    struct str name;
    int64_t created_unix_ms;
    int32_t retention_days; // 0: kept for ever.
    int64_t stored_bytes;
    struct str tags; // JSON text of an object, or empty.
};

struct store_log_stream {
    int64_t id;
    int64_t group_id;
    struct str name;
    int64_t created_unix_ms;
    int64_t event_count; // When 0 the three times below mean nothing.
    int64_t first_event_unix_ms;
    int64_t last_event_unix_ms;
    int64_t last_ingestion_unix_ms;
};

struct store_log_event {
    int64_t id; // Assigned on insertion.
    int64_t stream_id;
    int64_t timestamp_unix_ms;
    int64_t ingestion_unix_ms;
    struct str message;
};

// Callbacks get strings borrowed for the call; anything but STATUS_OK ends the walk and becomes its
// result. They must not write.
typedef enum status (*store_log_group_fn)(void *context, const struct store_log_group *group);
typedef enum status (*store_log_stream_fn)(void *context, const struct store_log_stream *stream);
typedef enum status (*store_log_event_fn)(void *context, const struct store_log_event *event);

// ---------------------------------------------------------------------------------------------
// Groups

// STATUS_CONFLICT when the name is taken in the region. `id` and `stored_bytes` are ignored.
MUST_USE enum status store_log_group_create(struct store_tx *tx,
                                            const struct store_log_group *group, int64_t *ret_id);

// STATUS_NOT_FOUND when there is no such group.
MUST_USE enum status store_log_group_delete(struct store_tx *tx, int64_t group_id,
                                            int64_t now_unix_ms);
MUST_USE enum status store_log_group_set_retention(struct store_tx *tx, int64_t group_id,
                                                   int32_t retention_days);
MUST_USE enum status store_log_group_set_tags(struct store_tx *tx, int64_t group_id,
                                              struct str tags);

MUST_USE enum status store_log_group_retention(struct store_tx *tx, int64_t group_id,
                                               int32_t *ret_days);

// Copied to `arena`.
MUST_USE enum status store_log_group_tags(struct store_tx *tx, int64_t group_id,
                                          struct arena *arena, struct str *ret_tags);

// Groups of `region` from `from_name` on, in byte order of names; of all regions when `region.data`
// is NULL.
MUST_USE enum status store_log_group_each(struct store_tx *tx, struct str region,
                                          struct str from_name, store_log_group_fn callback,
                                          void *context);

// ---------------------------------------------------------------------------------------------
// Streams

// STATUS_CONFLICT when the name is taken in the group; STATUS_NOT_FOUND when the group is gone.
MUST_USE enum status store_log_stream_create(struct store_tx *tx, int64_t group_id, struct str name,
                                             int64_t now_unix_ms, int64_t *ret_id);

// `ret_stream->name` is copied to `arena`; with a NULL arena it is left empty.
MUST_USE enum status store_log_stream_find(struct store_tx *tx, int64_t group_id, struct str name,
                                           struct arena *arena,
                                           struct store_log_stream *ret_stream);

// The name of a stream by its identifier; STATUS_NOT_FOUND when it has been deleted.
MUST_USE enum status store_log_stream_name(struct store_tx *tx, int64_t stream_id,
                                           struct arena *arena, struct str *ret_name);

MUST_USE enum status store_log_stream_delete(struct store_tx *tx, int64_t group_id, struct str name,
                                             int64_t now_unix_ms);

// Which streams of a group, in which order, from where on.
struct store_log_stream_query {
    int64_t group_id;
    bool is_by_last_event; // By (last event, id) instead of by name; empty streams come first.
    bool is_descending;
    // By name: from this name on, or, descending, before this name. NULL data: all.
    struct str bound_name;
    // By last event: only streams behind this position, in that order.
    bool has_position;
    int64_t position_last_unix_ms; // -1 for a stream without events.
    int64_t position_id;
};
MUST_USE enum status store_log_stream_each(struct store_tx *tx,
                                           const struct store_log_stream_query *query,
                                           store_log_stream_fn callback, void *context);

// ---------------------------------------------------------------------------------------------
// Events

// One event at the end of what has been ingested; `event->id` is set. Stream and group must exist.
// Afterwards store_log_stream_note() once for all events of a stream in the same task.
MUST_USE enum status store_log_event_insert(struct store_tx *tx, int64_t group_id,
                                            struct store_log_event *event);

// What inserting events changed in their stream and group.
struct store_log_note {
    int64_t group_id;
    int64_t stream_id;
    int64_t event_count;
    int64_t stored_bytes;
    int64_t first_event_unix_ms; // Earliest and latest of these events.
    int64_t last_event_unix_ms;
    int64_t ingestion_unix_ms;
};
MUST_USE enum status store_log_stream_note(struct store_tx *tx, const struct store_log_note *note);

// Which events of a group, in which direction, from where on. Positions exclude the event they
// name.
struct store_log_event_query {
    int64_t group_id;
    int64_t stream_id;     // 0: all streams.
    int64_t start_unix_ms; // Inclusive.
    int64_t end_unix_ms;   // Exclusive.
    bool is_backwards;     // Latest first.
    bool has_position;     // Only events behind (forwards) or before (backwards) the position.
    int64_t position_unix_ms;
    int64_t position_id;
};

// Walk over events until the callback ends it.
MUST_USE enum status store_log_event_each(struct store_tx *tx,
                                          const struct store_log_event_query *query,
                                          store_log_event_fn callback, void *context);

// ---------------------------------------------------------------------------------------------
// Removal in pieces

// Remove at most `count_max` events that are expired or whose group or stream has been deleted, and
// deleted groups and streams that have no events left.
//
//   ret_removed   number of events removed; less than `count_max` when nothing is left to do
MUST_USE enum status store_log_purge(struct store_tx *tx, int64_t now_unix_ms, uint32_t count_max,
                                     uint32_t *ret_removed);
