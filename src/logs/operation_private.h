// What the operations share: beginning, refusing, checking, naming.

#pragma once

#include "logs/logs_private.h"
#include "logs/operation.h"

enum {
    OPERATION_ITEMS_MAX = 50,           // Of describing operations; a service limit.
    OPERATION_EVENTS_MAX = 10000,       // Of one page or batch; a service limit.
    OPERATION_PAGE_BYTES_MAX = 1 << 20, // Of one page; a service limit.
};

// Hand the operation to the store thread: `run` there, then `done` on the caller's. A refused
// operation goes the same way without running.
void operation_submit(struct logs *logs, struct logs_operation *operation, enum store_mode mode,
                      enum status (*run)(struct store_task *task, struct store_tx *tx));

// Note an exception of the service. Returns STATUS_INVALID, or STATUS_NO_MEMORY.
enum status operation_fail(struct logs_operation *operation, const char *code, const char *format,
                           ...) PRINTF(3, 4);

static inline bool operation_is_refused(const struct logs_operation *operation)
{
    return operation->error_code != NULL;
}

// Checks of parameters: each refuses the operation when the value will not do.
void operation_check_group_name(struct logs_operation *operation, const char *member,
                                struct str name);
void operation_check_stream_name(struct logs_operation *operation, const char *member,
                                 struct str name);
// `value` may be LOGS_ABSENT.
void operation_check_number(struct logs_operation *operation, const char *member, int64_t value,
                            int64_t value_min, int64_t value_max);
// Exactly one of the two; ARNs are reduced to the name.
void operation_check_group(struct logs_operation *operation, struct logs_group_name *group);

// On the store thread: the group, or the exception that there is none.
MUST_USE enum status operation_find_group(struct logs_operation *operation, struct str name,
                                          struct logs_group **ret_group);
MUST_USE enum status operation_find_stream(struct logs_operation *operation, struct store_tx *tx,
                                           int64_t group_id, struct str name,
                                           struct store_log_stream *ret_stream);

// A place between events of a group, as tokens and event identifiers show it: 56 digits.
enum { POSITION_TEXT_SIZE = 56 };
struct position {
    int64_t unix_ms;
    int64_t id;
};
void position_render(struct position position, char ret_text[static POSITION_TEXT_SIZE]);
bool position_parse(struct str text, struct position *ret_position);
