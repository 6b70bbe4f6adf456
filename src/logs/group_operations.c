// CreateLogGroup, DeleteLogGroup, PutRetentionPolicy, DeleteRetentionPolicy, DescribeLogGroups, and
// tags.

#include <assert.h>

#include "json/json.h"
#include "logs/operation_private.h"

enum { GROUPS_MAX = 100000, TAGS_MAX = 50 };

#define OPERATION_OF(task, type) CONTAINER_OF(task, struct type, operation.task)

// ---------------------------------------------------------------------------------------------
// Tags: a JSON object of strings

// Parse into the operation's arena; absent text is the empty object.
static enum status parse_tags(struct logs_operation *operation, struct str text,
                              struct json *ret_tags)
{
    *ret_tags = json_empty_object;
    if (text.size == 0) return STATUS_OK;
    enum status status = json_parse(operation->arena, text, 0, ret_tags, NULL);
    if (status != STATUS_OK) return status;
    bool is_good = json_is_object(ret_tags);
    for (uint32_t i = 0; is_good && i < ret_tags->size; i++) {
        const struct json_member *tag = &ret_tags->members[i];
        is_good = tag->name.size >= 1 && tag->name.size <= 128 && json_is_string(&tag->value) &&
                  tag->value.size <= 256;
    }
    if (is_good && ret_tags->size <= TAGS_MAX) return STATUS_OK;
    return operation_fail(operation, "InvalidParameterException",
                          "1 validation error detected: Value at 'tags' failed to satisfy "
                          "constraint: at most 50 tags with names of 1 to 128 and values of up to "
                          "256 characters");
}

// ---------------------------------------------------------------------------------------------
// CreateLogGroup

static enum status run_create_group(struct store_task *task, struct store_tx *tx)
{
    struct logs_create_group *call = OPERATION_OF(task, logs_create_group);
    struct logs *logs = call->operation.logs;
    if (logs_group_count(logs) >= GROUPS_MAX) {
        return operation_fail(&call->operation, "LimitExceededException",
                              "Resource limit exceeded.");
    }
    struct logs_group *group =
        logs_group_open(logs, call->operation.region, call->name, LOGS_GROUP_AS_IS);
    if (group == NULL) return STATUS_NO_MEMORY;
    enum status status;
    if (group->store_id != 0) {
        status = operation_fail(&call->operation, "ResourceAlreadyExistsException",
                                "The specified log group already exists");
    } else {
        status = logs_group_create_row(group, tx, call->tags);
    }
    logs_group_unref(group);
    return status;
}

void logs_create_group(struct logs *logs, struct logs_create_group *call)
{
    struct logs_operation *operation = &call->operation;
    operation_check_group_name(operation, "logGroupName", call->name);
    if (str_starts_with(call->name, STR("aws/"))) {
        operation_fail(operation, "InvalidParameterException",
                       "Log groups starting with aws/ are reserved for AWS.");
    }
    struct json tags;
    if (!operation_is_refused(operation) && parse_tags(operation, call->tags, &tags) != STATUS_OK) {
        operation_fail(operation, "InvalidParameterException", "The tags are not valid.");
    }
    operation_submit(logs, operation, STORE_DURABLE, run_create_group);
}

// ---------------------------------------------------------------------------------------------
// DeleteLogGroup

static enum status run_delete_group(struct store_task *task, struct store_tx *tx)
{
    struct logs_delete_group *call = OPERATION_OF(task, logs_delete_group);
    struct logs_group *group = NULL;
    enum status status = operation_find_group(&call->operation, call->name, &group);
    if (status != STATUS_OK) return status;
    status = logs_group_delete_row(group, tx);
    if (status == STATUS_OK) logs_purge(call->operation.logs);
    return status;
}

void logs_delete_group(struct logs *logs, struct logs_delete_group *call)
{
    operation_check_group_name(&call->operation, "logGroupName", call->name);
    operation_submit(logs, &call->operation, STORE_DURABLE, run_delete_group);
}

// ---------------------------------------------------------------------------------------------
// PutRetentionPolicy, DeleteRetentionPolicy

static enum status run_put_retention(struct store_task *task, struct store_tx *tx)
{
    struct logs_put_retention *call = OPERATION_OF(task, logs_put_retention);
    struct logs_group *group = NULL;
    enum status status = operation_find_group(&call->operation, call->name, &group);
    if (status != STATUS_OK) return status;
    return store_log_group_set_retention(tx, group->store_id,
                                         call->is_removal ? 0 : (int32_t)call->days);
}

void logs_put_retention(struct logs *logs, struct logs_put_retention *call)
{
    static const int16_t admitted[] = {1,    3,    5,    7,    14,   30,  60,  90,
                                       120,  150,  180,  365,  400,  545, 731, 1096,
                                       1827, 2192, 2557, 2922, 3288, 3653};
    operation_check_group_name(&call->operation, "logGroupName", call->name);
    bool is_admitted = call->is_removal;
    for (size_t i = 0; i < ARRAY_COUNT(admitted); i++)
        is_admitted |= call->days == admitted[i];
    if (!is_admitted) {
        operation_fail(&call->operation, "InvalidParameterException",
                       "1 validation error detected: Value '%lld' at 'retentionInDays' failed to "
                       "satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14, "
                       "30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, "
                       "2922, 3288, 3653]",
                       (long long)call->days);
    }
    operation_submit(logs, &call->operation, STORE_DURABLE, run_put_retention);
}

// ---------------------------------------------------------------------------------------------
// DescribeLogGroups

struct describing {
    struct logs_describe_groups *call;
    size_t limit;
};

// Groups come by name. STATUS_OVER_LIMIT ends the walk.
static enum status describe_group(void *context, const struct store_log_group *row)
{
    struct describing *describing = context;
    struct logs_describe_groups *call = describing->call;
    struct arena *arena = call->operation.arena;
    if (call->prefix.size > 0 && !str_starts_with(row->name, call->prefix)) {
        return STATUS_OVER_LIMIT;
    }
    if (call->pattern.size > 0 && str_find(row->name, call->pattern) == SIZE_MAX) return STATUS_OK;
    if (call->count == describing->limit) {
        call->ret_next_token = call->items[call->count - 1].name;
        return STATUS_OVER_LIMIT;
    }
    struct logs_group_item *item = &call->items[call->count];
    const struct logs_group *group = logs_group_find(call->operation.logs, row->region, row->name);
    if (group == NULL) return STATUS_OK; // Being created in another transaction of this moment.
    *item = (struct logs_group_item){
        .created_unix_ms = row->created_unix_ms,
        .retention_days = row->retention_days,
        .stored_bytes = row->stored_bytes,
    };
    if (!arena_copy_str(arena, row->name, &item->name) ||
        !arena_copy_str(arena, group->arn, &item->arn)) {
        return STATUS_NO_MEMORY;
    }
    call->count++;
    return STATUS_OK;
}

static enum status run_describe_groups(struct store_task *task, struct store_tx *tx)
{
    struct logs_describe_groups *call = OPERATION_OF(task, logs_describe_groups);
    struct describing describing = {.call = call, .limit = OPERATION_ITEMS_MAX};
    if (call->limit != LOGS_ABSENT) describing.limit = (size_t)call->limit;
    call->items = arena_alloc_array(call->operation.arena, describing.limit, sizeof(*call->items));
    if (call->items == NULL) return STATUS_NO_MEMORY;
    // The token is the last name shown; the next one possible is the same with a NUL behind it.
    struct str from = call->prefix.size == 0 ? STR("") : call->prefix;
    if (call->next_token.data != NULL) {
        struct str next;
        if (!arena_copy_str(call->operation.arena, call->next_token, &next)) {
            return STATUS_NO_MEMORY;
        }
        next.size++;
        if (str_compare(next, from) > 0) from = next;
    }
    enum status status =
        store_log_group_each(tx, call->operation.region, from, describe_group, &describing);
    return status == STATUS_OVER_LIMIT ? STATUS_OK : status;
}

void logs_describe_groups(struct logs *logs, struct logs_describe_groups *call)
{
    struct logs_operation *operation = &call->operation;
    if (call->prefix.data != NULL && call->pattern.data != NULL) {
        operation_fail(operation, "InvalidParameterException",
                       "LogGroup name prefix and LogGroup name pattern are mutually exclusive "
                       "parameters.");
    }
    if (call->prefix.data != NULL) {
        operation_check_group_name(operation, "logGroupNamePrefix", call->prefix);
    }
    if (call->pattern.size > 0) {
        operation_check_group_name(operation, "logGroupNamePattern", call->pattern);
    }
    if (call->next_token.data != NULL &&
        (call->next_token.size == 0 || call->next_token.size > LOGS_GROUP_NAME_SIZE_MAX)) {
        operation_fail(operation, "InvalidParameterException",
                       "The specified nextToken is invalid.");
    }
    operation_check_number(operation, "limit", call->limit, 1, OPERATION_ITEMS_MAX);
    call->items = NULL;
    call->count = 0;
    call->ret_next_token = (struct str){0};
    operation_submit(logs, operation, STORE_READ, run_describe_groups);
}

// ---------------------------------------------------------------------------------------------
// Tags

// The new tags as text: the old ones without `removed`, with `added`.
static enum status change_tags(struct logs_group_tags *call, struct str old_text)
{
    struct logs_operation *operation = &call->operation;
    struct json old, added;
    enum status status = parse_tags(operation, old_text, &old);
    if (status == STATUS_OK) status = parse_tags(operation, call->added, &added);
    if (status != STATUS_OK) return status;
    struct json_members members;
    json_members_init(&members, operation->arena);
    for (uint32_t i = 0; i < old.size; i++) {
        bool is_removed = false;
        for (size_t k = 0; k < call->removed_count; k++)
            is_removed |= str_equal(json_str(&old.members[i].name), call->removed[k]);
        if (is_removed) continue;
        json_members_append(&members, json_str(&old.members[i].name), old.members[i].value);
    }
    for (uint32_t i = 0; i < added.size; i++)
        json_members_set(&members, json_str(&added.members[i].name), added.members[i].value);
    struct json result = json_members_finish(&members);
    if (result.size > TAGS_MAX) {
        return operation_fail(operation, "TooManyTagsException",
                              "A resource can have no more than 50 tags.");
    }
    call->tags = json_render_to_arena(operation->arena, &result);
    return operation->arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status run_group_tags(struct store_task *task, struct store_tx *tx)
{
    struct logs_group_tags *call = OPERATION_OF(task, logs_group_tags);
    struct logs_group *group = NULL;
    enum status status = operation_find_group(&call->operation, call->group.name, &group);
    if (status != STATUS_OK) return status;
    struct str tags;
    status = store_log_group_tags(tx, group->store_id, call->operation.arena, &tags);
    if (status == STATUS_OK) status = change_tags(call, tags);
    bool is_change = call->added.size > 0 || call->removed_count > 0;
    if (status != STATUS_OK || !is_change) return status;
    return store_log_group_set_tags(tx, group->store_id, call->tags);
}

void logs_group_tags(struct logs *logs, struct logs_group_tags *call)
{
    operation_check_group(&call->operation, &call->group);
    bool is_change = call->added.size > 0 || call->removed_count > 0;
    operation_submit(logs, &call->operation, is_change ? STORE_DURABLE : STORE_READ,
                     run_group_tags);
}
