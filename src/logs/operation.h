// The operations of CloudWatch Logs as requests and results, free of HTTP.
//
// The caller fills the request fields of a struct and hands it over; `done` is called later,
// always, on the thread of `reply_to`. Until then the struct, what its strings point to and `arena`
// belong to the store thread. Results live in `arena`.
//
//     struct logs_filter_events *call = ARENA_NEW(arena, struct logs_filter_events);
//     logs_operation_init(&call->operation, arena, mailbox, region, on_done);
//     call->filter_pattern = …;
//     logs_filter_events(logs, call);
//
// Absent strings have NULL data, absent numbers are LOGS_ABSENT. Zeroed structs are not requests:
// the numbers must be set.
//
// `done` gets STATUS_OK; STATUS_INVALID with `error_code` and `error_message` set: an exception of
// the service; or a fault.
// Source: Amazon CloudWatch Logs API Reference (2014-03-28).

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "logs/logs.h"

enum { LOGS_ABSENT = -1 };

struct search;

struct logs_operation {
    struct store_task task;                            // Private.
    struct logs *logs;                                 // Private.
    void (*release)(struct logs_operation *operation); // Private; may be NULL.
    struct arena *arena;
    struct str region;
    void (*done)(struct logs_operation *operation, enum status status);
    const char *error_code; // "ResourceNotFoundException", …; NULL unless STATUS_INVALID.
    struct str error_message;
};

void logs_operation_init(struct logs_operation *operation, struct arena *arena,
                         struct mailbox *reply_to, struct str region,
                         void (*done)(struct logs_operation *operation, enum status status));

// How a request names its group: by name, or by name or ARN, exactly one of the two.
struct logs_group_name {
    struct str name;       // logGroupName
    struct str identifier; // logGroupIdentifier
};

// ---------------------------------------------------------------------------------------------
// Groups

struct logs_create_group {
    struct logs_operation operation;
    struct str name;
    struct str tags; // JSON text of an object with string members, or absent.
};
void logs_create_group(struct logs *logs, struct logs_create_group *call);

struct logs_delete_group {
    struct logs_operation operation;
    struct str name;
};
void logs_delete_group(struct logs *logs, struct logs_delete_group *call);

// PutRetentionPolicy; DeleteRetentionPolicy with `is_removal`.
struct logs_put_retention {
    struct logs_operation operation;
    struct str name;
    int64_t days;
    bool is_removal;
};
void logs_put_retention(struct logs *logs, struct logs_put_retention *call);

struct logs_group_item {
    struct str name;
    struct str arn; // Without the trailing ":*".
    int64_t created_unix_ms;
    int32_t retention_days; // 0: absent.
    int64_t stored_bytes;
};

struct logs_describe_groups {
    struct logs_operation operation;
    struct str prefix;
    struct str pattern;
    struct str next_token;
    int64_t limit;
    struct logs_group_item *items; // Result.
    size_t count;
    struct str ret_next_token; // Absent at the end.
};
void logs_describe_groups(struct logs *logs, struct logs_describe_groups *call);

// ListTagsForResource, TagResource, UntagResource and their older LogGroup forms.
struct logs_group_tags {
    struct logs_operation operation;
    struct logs_group_name group;
    struct str added;          // JSON text of an object, or absent.
    const struct str *removed; // Names.
    size_t removed_count;
    struct str tags; // Result: JSON text of an object.
};
void logs_group_tags(struct logs *logs, struct logs_group_tags *call);

// ---------------------------------------------------------------------------------------------
// Streams

struct logs_create_stream {
    struct logs_operation operation;
    struct str group_name;
    struct str name;
};
void logs_create_stream(struct logs *logs, struct logs_create_stream *call);

struct logs_delete_stream {
    struct logs_operation operation;
    struct str group_name;
    struct str name;
};
void logs_delete_stream(struct logs *logs, struct logs_delete_stream *call);

struct logs_stream_item {
    struct str name;
    struct str arn;
    int64_t created_unix_ms;
    bool has_events; // Otherwise the three times are absent.
    int64_t first_event_unix_ms;
    int64_t last_event_unix_ms;
    int64_t last_ingestion_unix_ms;
    struct str upload_sequence_token; // Long meaningless, still shown.
};

struct logs_describe_streams {
    struct logs_operation operation;
    struct logs_group_name group;
    struct str prefix;
    struct str order_by; // "LogStreamName" (also when absent) or "LastEventTime".
    bool is_descending;
    struct str next_token;
    int64_t limit;
    struct logs_stream_item *items; // Result.
    size_t count;
    struct str ret_next_token; // Absent at the end.
};
void logs_describe_streams(struct logs *logs, struct logs_describe_streams *call);

// ---------------------------------------------------------------------------------------------
// Events

struct logs_input_event {
    int64_t timestamp_unix_ms;
    struct str message;
};

struct logs_put_events {
    struct logs_operation operation;
    struct str group_name;
    struct str stream_name;
    const struct logs_input_event *events;
    size_t count;
    // Results; indexes are LOGS_ABSENT when no event was rejected for that reason.
    int64_t too_new_start_index;
    int64_t too_old_end_index;
    int64_t expired_end_index;
    struct str next_sequence_token;
};
void logs_put_events(struct logs *logs, struct logs_put_events *call);

struct logs_output_event {
    struct str stream_name; // FilterLogEvents only.
    int64_t timestamp_unix_ms;
    int64_t ingestion_unix_ms;
    struct str message;
    struct str event_id; // FilterLogEvents only.
};

struct logs_get_events {
    struct logs_operation operation;
    struct logs_group_name group;
    struct str stream_name;
    int64_t start_unix_ms; // Inclusive.
    int64_t end_unix_ms;   // Exclusive.
    bool is_from_head;
    struct str next_token;
    int64_t limit;
    struct logs_output_event *events; // Result, earliest first.
    size_t count;
    struct str next_forward_token; // Equal to `next_token` at the end.
    struct str next_backward_token;
};
void logs_get_events(struct logs *logs, struct logs_get_events *call);

struct logs_filter_events {
    struct logs_operation operation;
    struct logs_group_name group;
    const struct str *stream_names;
    size_t stream_name_count; // 0: absent.
    struct str stream_name_prefix;
    int64_t start_unix_ms; // Inclusive.
    int64_t end_unix_ms;   // Inclusive.
    struct str filter_pattern;
    struct str next_token;
    int64_t limit;
    struct logs_output_event *events; // Result, earliest first.
    size_t count;
    struct str ret_next_token; // Absent at the end.
    struct search *search;     // Private.
};
void logs_filter_events(struct logs *logs, struct logs_filter_events *call);
