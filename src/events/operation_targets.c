// Operations on the targets of a rule.

#include "events/private.h"

static bool is_arn(struct str arn)
{
    struct str rest = arn;
    if (!str_starts_with(arn, STR("arn:"))) return false;
    int colons = 0;
    while (rest.data != NULL && rest.size > 0) {
        str_cut(&rest, ':');
        colons++;
    }
    return colons >= 6;
}

// Put in place of the target with the same Id, or behind the others.
static void put_target(struct json *items, size_t *count, const struct json *target)
{
    for (size_t i = 0; i < *count; i++) {
        if (str_equal(JSON_FIND_STR(&items[i], "Id"), JSON_FIND_STR(target, "Id"))) {
            items[i] = *target;
            return;
        }
    }
    items[(*count)++] = *target;
}

static bool check_target(struct events_operation *operation, const struct json *target)
{
    struct str id = JSON_FIND_STR(target, "Id"), arn = JSON_FIND_STR(target, "Arn");
    if (id.size == 0 || arn.size == 0) {
        events_refuse(operation, "ValidationException",
                      "A target needs the members Id and Arn, both text.");
        return false;
    }
    if (is_arn(arn)) return true;
    events_refuse(operation, "ValidationException",
                  "Parameter %" STR_FORMAT
                  " is not valid. Reason: Provided Arn is not in correct format.",
                  STR_ARGS(id));
    return false;
}

static void reply_without_failures(struct events_operation *operation)
{
    operation->body = STR("{\"FailedEntryCount\":0,\"FailedEntries\":[]}");
}

void events_put_targets(struct events *events, struct events_operation *operation)
{
    struct events_bus *bus;
    const struct events_rule *rule = events_named_rule(events, operation, "Rule", &bus);
    if (rule == NULL) return;
    const struct json *added = JSON_FIND(&operation->parameters, "Targets");
    size_t count = 0;
    struct json *items =
        arena_alloc_array(operation->arena, rule->target_count + added->size, sizeof(*items));
    if (items == NULL) return;
    for (size_t i = 0; i < rule->target_count; i++)
        items[count++] = rule->targets[i].body;
    for (uint32_t i = 0; i < added->size; i++) {
        if (!check_target(operation, &added->items[i])) return;
        put_target(items, &count, &added->items[i]);
    }
    if (count > EVENTS_TARGETS_MAX) {
        events_refuse(operation, "LimitExceededException",
                      "The requested resource exceeds the maximum number allowed.");
        return;
    }
    struct json targets = json_from_items(items, count);
    reply_without_failures(operation);
    events_change_rule(events, operation, bus, rule->name,
                       events_with(operation->arena, &rule->body, STR("Targets"), &targets));
}

static bool is_among(struct str id, const struct json *ids)
{
    for (uint32_t i = 0; i < ids->size; i++) {
        if (json_is_string(&ids->items[i]) && str_equal(json_str(&ids->items[i]), id)) return true;
    }
    return false;
}

void events_remove_targets(struct events *events, struct events_operation *operation)
{
    struct events_bus *bus;
    const struct events_rule *rule = events_named_rule(events, operation, "Rule", &bus);
    if (rule == NULL) return;
    const struct json *ids = JSON_FIND(&operation->parameters, "Ids");
    size_t count = 0;
    struct json *items = arena_alloc_array(operation->arena, rule->target_count, sizeof(*items));
    if (items == NULL) return;
    for (size_t i = 0; i < rule->target_count; i++) {
        if (!is_among(rule->targets[i].id, ids)) items[count++] = rule->targets[i].body;
    }
    struct json targets = json_from_items(items, count);
    reply_without_failures(operation);
    events_change_rule(events, operation, bus, rule->name,
                       events_with(operation->arena, &rule->body, STR("Targets"), &targets));
}

void events_list_targets(struct events *events, struct events_operation *operation)
{
    struct events_bus *bus;
    struct events_page page;
    const struct events_rule *rule = events_named_rule(events, operation, "Rule", &bus);
    if (rule == NULL || !events_page(operation, &page)) return;
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    events_reply_begin(&buffer, &writer);
    json_writer_name(&writer, STR("Targets"));
    json_writer_begin_array(&writer);
    for (size_t i = page.start; i < rule->target_count && i - page.start < page.limit; i++)
        json_writer_value(&writer, &rule->targets[i].body);
    json_writer_end_array(&writer);
    events_page_end(operation, &writer, &page, rule->target_count);
    events_reply_end(operation, &buffer, &writer);
}
