// Amazon CloudWatch Logs: what the files of this service share.

#pragma once

#include "api/api.h"
#include "logs/operation.h"

// One operation under way: the request it answers, and the request of src/logs/ that runs. Lives in
// the arena of the HTTP request.
struct logs_call {
    struct api_request *request;
    void (*reply)(struct logs_call *call); // After STATUS_OK; replies. NULL: an empty object.
    union {
        struct logs_operation operation; // The first member of each of the following.
        struct logs_create_group create_group;
        struct logs_delete_group delete_group;
        struct logs_put_retention put_retention;
        struct logs_describe_groups describe_groups;
        struct logs_group_tags group_tags;
        struct logs_create_stream create_stream;
        struct logs_delete_stream delete_stream;
        struct logs_describe_streams describe_streams;
        struct logs_put_events put_events;
        struct logs_get_events get_events;
        struct logs_filter_events filter_events;
    };
};

// One operation: its members with their types (what they may be is checked by src/logs/), and who
// serves it.
struct logs_api_operation {
    struct str name;
    const struct api_member *members;
    size_t member_count;
    void (*handle)(struct api_request *request);
};

#define LOGS_OPERATION(text, table, function)                                                      \
    {                                                                                              \
        .name = STR_INIT(text), .members = (table), .member_count = ARRAY_COUNT(table),            \
        .handle = (function)                                                                       \
    }

#define LOGS_MEMBER(text, member_type)                                                             \
    {                                                                                              \
        .name = STR_INIT(text), .type = (member_type)                                              \
    }

// Tables of the files, put together by logs.c.
extern const struct logs_api_operation logs_group_operations[];
extern const size_t logs_group_operation_count;
extern const struct logs_api_operation logs_event_operations[];
extern const size_t logs_event_operation_count;

// A zeroed call, begun; NULL after replying.
struct logs_call *logs_call_new(struct api_request *request, void (*reply)(struct logs_call *call));

// A string member; NULL data when absent.
struct str logs_call_str(const struct logs_call *call, const char *name);

// An integer member; LOGS_ABSENT when absent.
int64_t logs_call_integer(const struct logs_call *call, const char *name);

// The members logGroupName and logGroupIdentifier.
struct logs_group_name logs_call_group(const struct logs_call *call);

// The strings of a list member. Returns false after replying, when one is none.
MUST_USE bool logs_call_list(struct logs_call *call, const char *name, struct str **ret_items,
                             size_t *ret_count);
