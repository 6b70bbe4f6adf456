// The way of an operation: checked on the caller's thread, run on the store thread, done on the
// caller's thread again.

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "logs/operation_private.h"

void logs_operation_init(struct logs_operation *operation, struct arena *arena,
                         struct mailbox *reply_to, struct str region,
                         void (*done)(struct logs_operation *operation, enum status status))
{
    *operation = (struct logs_operation){.arena = arena, .region = region, .done = done};
    operation->task.reply_to = reply_to;
}

static void finish(struct store_task *task, enum status status)
{
    struct logs_operation *operation = CONTAINER_OF(task, struct logs_operation, task);
    if (operation->release != NULL) operation->release(operation);
    // A change of groups that was answered with a fault may have been undone after it was noted.
    if (status < 0 && task->mode != STORE_READ) logs_groups_reload(operation->logs);
    if (status > 0) status = operation_is_refused(operation) ? STATUS_INVALID : STATUS_CORRUPT;
    operation->done(operation, status);
}

static enum status run_refused(struct store_task *task, struct store_tx *tx)
{
    (void)task, (void)tx;
    return STATUS_INVALID;
}

void operation_submit(struct logs *logs, struct logs_operation *operation, enum store_mode mode,
                      enum status (*run)(struct store_task *task, struct store_tx *tx))
{
    bool is_refused = operation_is_refused(operation);
    operation->logs = logs;
    operation->task.mode = is_refused ? STORE_READ : mode;
    operation->task.is_single_change = false;
    operation->task.run = is_refused ? run_refused : run;
    operation->task.done = finish;
    store_submit(logs->store, &operation->task);
}

enum status operation_fail(struct logs_operation *operation, const char *code, const char *format,
                           ...)
{
    if (operation_is_refused(operation)) return STATUS_INVALID; // The first one counts.
    va_list args;
    va_start(args, format);
    operation->error_code = code;
    operation->error_message = arena_vprintf(operation->arena, format, args);
    va_end(args);
    return STATUS_INVALID;
}

// ---------------------------------------------------------------------------------------------
// Checks

static void refuse_value(struct logs_operation *operation, const char *member, struct str value,
                         const char *constraint)
{
    operation_fail(operation, "InvalidParameterException",
                   "1 validation error detected: Value '%.*s' at '%s' failed to satisfy "
                   "constraint: Member must %s",
                   (int)(value.size > 600 ? 600 : value.size), value.data, member, constraint);
}

static void check_name(struct logs_operation *operation, const char *member, struct str name,
                       size_t size_max)
{
    if (name.data == NULL) {
        operation_fail(operation, "InvalidParameterException",
                       "1 validation error detected: Value null at '%s' failed to satisfy "
                       "constraint: Member must not be null",
                       member);
    } else if (name.size == 0) {
        refuse_value(operation, member, name, "have length greater than or equal to 1");
    } else if (name.size > size_max) {
        char constraint[64];
        snprintf(constraint, sizeof(constraint), "have length less than or equal to %zu", size_max);
        refuse_value(operation, member, name, constraint);
    }
}

void operation_check_group_name(struct logs_operation *operation, const char *member,
                                struct str name)
{
    check_name(operation, member, name, LOGS_GROUP_NAME_SIZE_MAX);
    if (operation_is_refused(operation)) return;
    if (!str_is_alphanumeric(name, ".-_/#")) {
        refuse_value(operation, member, name,
                     "satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+");
    }
}

void operation_check_stream_name(struct logs_operation *operation, const char *member,
                                 struct str name)
{
    check_name(operation, member, name, LOGS_STREAM_NAME_SIZE_MAX);
    if (operation_is_refused(operation)) return;
    if (str_find_byte(name, ':') != SIZE_MAX || str_find_byte(name, '*') != SIZE_MAX) {
        refuse_value(operation, member, name, "satisfy regular expression pattern: [^:*]*");
    }
}

void operation_check_number(struct logs_operation *operation, const char *member, int64_t value,
                            int64_t value_min, int64_t value_max)
{
    if (value == LOGS_ABSENT || (value >= value_min && value <= value_max)) return;
    bool is_small = value < value_min;
    operation_fail(operation, "InvalidParameterException",
                   "1 validation error detected: Value '%" PRId64 "' at '%s' failed to satisfy "
                   "constraint: Member must have value %s than or equal to %" PRId64,
                   value, member, is_small ? "greater" : "less", is_small ? value_min : value_max);
}

void operation_check_group(struct logs_operation *operation, struct logs_group_name *group)
{
    if (group->name.data != NULL && group->identifier.data != NULL) {
        operation_fail(operation, "InvalidParameterException",
                       "LogGroup name and LogGroup ARN are mutually exclusive parameters.");
        return;
    }
    const char *member = "logGroupName";
    if (group->identifier.data != NULL) {
        member = "logGroupIdentifier";
        group->name = group->identifier;
        size_t at = str_find(group->identifier, STR(":log-group:"));
        if (at != SIZE_MAX && str_starts_with(group->identifier, STR("arn:"))) {
            group->name = str_skip(group->identifier, at + 11);
            if (str_ends_with(group->name, STR(":*"))) group->name.size -= 2;
        }
    }
    operation_check_group_name(operation, member, group->name);
}

enum status operation_find_group(struct logs_operation *operation, struct str name,
                                 struct logs_group **ret_group)
{
    struct logs_group *group = logs_group_find(operation->logs, operation->region, name);
    if (group == NULL || group->store_id == 0) {
        return operation_fail(operation, "ResourceNotFoundException",
                              "The specified log group does not exist.");
    }
    *ret_group = group;
    return STATUS_OK;
}

enum status operation_find_stream(struct logs_operation *operation, struct store_tx *tx,
                                  int64_t group_id, struct str name,
                                  struct store_log_stream *ret_stream)
{
    enum status status = store_log_stream_find(tx, group_id, name, NULL, ret_stream);
    if (status != STATUS_NOT_FOUND) return status;
    return operation_fail(operation, "ResourceNotFoundException",
                          "The specified log stream does not exist.");
}

// ---------------------------------------------------------------------------------------------
// Positions: nineteen digits of time, eighteen zeros, nineteen digits of identifier.

static void render_digits(int64_t value, char *end, size_t count)
{
    assert(value >= 0);
    for (size_t i = 0; i < count; i++, value /= 10)
        *--end = (char)('0' + value % 10);
}

void position_render(struct position position, char ret_text[static POSITION_TEXT_SIZE])
{
    render_digits(position.unix_ms < 0 ? 0 : position.unix_ms, ret_text + 19, 19);
    memset(ret_text + 19, '0', 18);
    render_digits(position.id, ret_text + POSITION_TEXT_SIZE, 19);
}

bool position_parse(struct str text, struct position *ret_position)
{
    uint64_t unix_ms, middle, id;
    if (text.size != POSITION_TEXT_SIZE || !str_to_u64(str_slice(text, 0, 19), &unix_ms) ||
        !str_to_u64(str_slice(text, 19, 18), &middle) ||
        !str_to_u64(str_slice(text, 37, 19), &id)) {
        return false;
    }
    if (unix_ms > INT64_MAX || id > INT64_MAX || middle != 0) return false;
    *ret_position = (struct position){(int64_t)unix_ms, (int64_t)id};
    return true;
}
