// Operations on rules.

#include <stdlib.h>

#include "events/private.h"

static const struct str shown_members[] = {STR_INIT("EventPattern"), STR_INIT("State"),
                                           STR_INIT("Description"), STR_INIT("RoleArn")};

void events_put_rule(struct events *events, struct events_operation *operation)
{
    struct events_bus *bus = events_named_bus(events, operation, "EventBusName");
    if (bus == NULL) return;
    struct arena *arena = operation->arena;
    struct str name = events_parameter(operation, "Name");
    const struct events_rule *old = map_find(&bus->rules, name);
    const struct json *parameters = &operation->parameters;
    if (events_parameter(operation, "ScheduleExpression").size > 0) {
        events_refuse(operation, "ValidationException",
                      "Galop does not serve schedules yet: leave ScheduleExpression out.");
        return;
    }
    if (events_parameter(operation, "EventPattern").size == 0) {
        events_refuse(operation, "ValidationException",
                      "Parameter(s) EventPattern or ScheduleExpression must be specified.");
        return;
    }
    if (old == NULL && bus->rules.count >= EVENTS_RULES_MAX) {
        events_refuse(operation, "LimitExceededException",
                      "The requested resource exceeds the maximum number allowed.");
        return;
    }
    struct json name_value = json_from_str(name), state = json_from_str(STR("ENABLED")), tags;
    const struct json *body = old == NULL ? NULL : &old->body;
    if (old == NULL) { // Tags of a rule that exists are changed by TagResource alone.
        if (!events_add_tags(operation, JSON_FIND(parameters, "Tags"), NULL, &tags)) return;
        body = events_with(arena, body, STR("Tags"), &tags);
    }
    body = events_with(arena, body, STR("Name"), &name_value);
    for (size_t i = 0; i < ARRAY_COUNT(shown_members); i++)
        body = events_with(arena, body, shown_members[i], json_find(parameters, shown_members[i]));
    if (events_parameter(operation, "State").size == 0) {
        body = events_with(arena, body, STR("State"), &state);
    }
    events_change_rule(events, operation, bus, name, body);
    if (operation->change.rule == NULL) return;
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    events_reply_begin(&buffer, &writer);
    json_writer_string_member(&writer, STR("RuleArn"), operation->change.rule->arn);
    events_reply_end(operation, &buffer, &writer);
}

void events_delete_rule(struct events *events, struct events_operation *operation)
{
    struct events_bus *bus = events_named_bus(events, operation, "EventBusName");
    if (bus == NULL) return;
    const struct events_rule *rule = map_find(&bus->rules, events_parameter(operation, "Name"));
    operation->body = STR("{}");
    if (rule == NULL) return; // As if it had been there.
    if (rule->target_count > 0) {
        events_refuse(operation, "ValidationException",
                      "Rule can't be deleted since it has targets.");
        return;
    }
    operation->change = (struct events_change){
        .is_set = true,
        .is_removal = true,
        .kind = STORE_KIND_EVENT_RULE,
        .bus = bus,
        .name = events_rule_key(operation->arena, bus, rule->name),
    };
}

static void set_state(struct events *events, struct events_operation *operation, struct str state)
{
    struct events_bus *bus;
    const struct events_rule *rule = events_named_rule(events, operation, "Name", &bus);
    if (rule == NULL) return;
    struct json value = json_from_str(state);
    operation->body = STR("{}");
    events_change_rule(events, operation, bus, rule->name,
                       events_with(operation->arena, &rule->body, STR("State"), &value));
}

void events_enable_rule(struct events *events, struct events_operation *operation)
{
    set_state(events, operation, STR("ENABLED"));
}

void events_disable_rule(struct events *events, struct events_operation *operation)
{
    set_state(events, operation, STR("DISABLED"));
}

// ---------------------------------------------------------------------------------------------
// Reading

static void write_rule(struct json_writer *writer, const struct events_bus *bus,
                       const struct events_rule *rule)
{
    json_writer_string_member(writer, STR("Name"), rule->name);
    json_writer_string_member(writer, STR("Arn"), rule->arn);
    for (size_t i = 0; i < ARRAY_COUNT(shown_members); i++) {
        const struct json *value = json_find(&rule->body, shown_members[i]);
        if (value != NULL) json_writer_value_member(writer, shown_members[i], value);
    }
    json_writer_string_member(writer, STR("EventBusName"), bus->name);
}

void events_describe_rule(struct events *events, struct events_operation *operation)
{
    struct events_bus *bus;
    const struct events_rule *rule = events_named_rule(events, operation, "Name", &bus);
    if (rule == NULL) return;
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    events_reply_begin(&buffer, &writer);
    write_rule(&writer, bus, rule);
    json_writer_string_member(&writer, STR("CreatedBy"), events->settings.account);
    events_reply_end(operation, &buffer, &writer);
}

static int order_rules(const void *a, const void *b)
{
    const struct events_rule *const *left = a, *const *right = b;
    return str_compare((*left)->name, (*right)->name);
}

static bool has_target(const struct events_rule *rule, struct str arn)
{
    for (size_t i = 0; i < rule->target_count; i++) {
        if (str_equal(rule->targets[i].arn, arn)) return true;
    }
    return false;
}

// Rules of the named bus in order of their names: those with the prefix, or with the target.
static const struct events_rule **collect(struct events_operation *operation,
                                          const struct events_bus *bus, size_t *ret_count)
{
    struct str prefix = events_parameter(operation, "NamePrefix");
    struct str target = events_parameter(operation, "TargetArn");
    const struct events_rule **rules =
        arena_alloc_array(operation->arena, bus->rules.count, sizeof(struct events_rule *));
    size_t count = 0;
    if (rules == NULL) return NULL;
    MAP_EACH(entry, &bus->rules)
    {
        const struct events_rule *rule = entry->value;
        if (str_starts_with(rule->name, prefix) && (target.size == 0 || has_target(rule, target))) {
            rules[count++] = rule;
        }
    }
    if (count > 0) qsort(rules, count, sizeof(struct events_rule *), order_rules);
    *ret_count = count;
    return rules;
}

static void list(struct events *events, struct events_operation *operation, bool only_names)
{
    struct events_page page;
    struct events_bus *bus = events_named_bus(events, operation, "EventBusName");
    size_t count;
    if (bus == NULL || !events_page(operation, &page)) return;
    const struct events_rule **rules = collect(operation, bus, &count);
    if (rules == NULL) return;
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    events_reply_begin(&buffer, &writer);
    json_writer_name(&writer, only_names ? STR("RuleNames") : STR("Rules"));
    json_writer_begin_array(&writer);
    for (size_t i = page.start; i < count && i - page.start < page.limit; i++) {
        if (only_names) {
            json_writer_string(&writer, rules[i]->name);
            continue;
        }
        json_writer_begin_object(&writer);
        write_rule(&writer, bus, rules[i]);
        json_writer_end_object(&writer);
    }
    json_writer_end_array(&writer);
    events_page_end(operation, &writer, &page, count);
    events_reply_end(operation, &buffer, &writer);
}

void events_list_rules(struct events *events, struct events_operation *operation)
{
    list(events, operation, false);
}

void events_list_rule_names(struct events *events, struct events_operation *operation)
{
    list(events, operation, true);
}

// ---------------------------------------------------------------------------------------------
// TestEventPattern

static bool read_event(struct events_operation *operation, struct json *ret_event)
{
    static const char *const members[] = {"id",   "detail-type", "source",   "account",
                                          "time", "region",      "resources"};
    if (json_parse(operation->arena, events_parameter(operation, "Event"), 0, ret_event, NULL) !=
        STATUS_OK) {
        events_refuse(operation, "ValidationException", "Parameter Event is not valid.");
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        if (json_find(ret_event, str_from_c(members[i])) != NULL) continue;
        events_refuse(operation, "ValidationException",
                      "Parameter Event is not valid. Reason: %s is a required field.", members[i]);
        return false;
    }
    return true;
}

void events_test_pattern(struct events *events, struct events_operation *operation)
{
    (void)events;
    const struct events_pattern *pattern;
    struct str reason;
    struct json event;
    enum status status = events_pattern_compile(
        operation->arena, events_parameter(operation, "EventPattern"), &pattern, &reason);
    if (status == STATUS_INVALID) {
        events_refuse(operation, "InvalidEventPatternException",
                      "Event pattern is not valid. Reason: %" STR_FORMAT, STR_ARGS(reason));
        return;
    }
    operation->fault = status;
    if (status != STATUS_OK || !read_event(operation, &event)) return;
    operation->body = events_pattern_matches(pattern, &event) ? STR("{\"Result\":true}")
                                                              : STR("{\"Result\":false}");
}
