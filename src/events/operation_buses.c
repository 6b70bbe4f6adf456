// Operations on event buses, and on the tags of buses and rules.

#include <stdlib.h>

#include "events/private.h"

static int64_t integer_member(const struct json *object, struct str name)
{
    int64_t integer = 0;
    const struct json *value = json_find(object, name);
    return value != NULL && json_is_number(value) && json_to_integer(value, &integer) ? integer : 0;
}

static size_t count_buses(const struct events *events, struct str region)
{
    size_t count = 0;
    MAP_EACH(entry, &events->buses)
    {
        const struct events_bus *bus = entry->value;
        count += str_equal(bus->region, region);
    }
    return count;
}

void events_create_bus(struct events *events, struct events_operation *operation)
{
    struct str name = events_parameter(operation, "Name");
    struct json tags;
    if (events_bus_find(events, operation->region, name) != NULL) {
        events_refuse(operation, "ResourceAlreadyExistsException",
                      "Event bus %" STR_FORMAT " already exists.", STR_ARGS(name));
        return;
    }
    if (str_find_byte(name, '/') != SIZE_MAX) {
        events_refuse(operation, "ValidationException", "Event bus name must not contain '/'.");
        return;
    }
    if (count_buses(events, operation->region) >= EVENTS_BUSES_MAX) {
        events_refuse(operation, "LimitExceededException",
                      "The requested resource exceeds the maximum number allowed.");
        return;
    }
    if (!events_add_tags(operation, JSON_FIND(&operation->parameters, "Tags"), NULL, &tags)) return;
    struct events_bus *bus = events_bus_new(events, operation->region, name, STR(""));
    if (bus == NULL) {
        operation->fault = STATUS_NO_MEMORY;
        return;
    }
    struct arena *arena = operation->arena;
    struct json now = json_from_integer(clock_unix_ms(events->settings.clock));
    const struct json *body = events_with(arena, NULL, STR("Tags"), &tags);
    body = events_with(arena, body, STR("Description"),
                       JSON_FIND(&operation->parameters, "Description"));
    body = events_with(arena, body, STR("CreatedUnixMs"), &now);
    body = events_with(arena, body, STR("ModifiedUnixMs"), &now);
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    events_reply_begin(&buffer, &writer);
    json_writer_string_member(&writer, STR("EventBusArn"), bus->arn);
    events_reply_end(operation, &buffer, &writer);
    events_change_bus(operation, bus, body);
    if (operation->fault != STATUS_OK || arena->is_exhausted) {
        operation->fault = STATUS_NO_MEMORY;
        operation->change.is_set = false;
        events_bus_free(bus);
    }
}

void events_delete_bus(struct events *events, struct events_operation *operation)
{
    struct str name = events_parameter(operation, "Name");
    if (str_equal(name, events_default_bus)) {
        events_refuse(operation, "ValidationException", "Cannot delete event bus default.");
        return;
    }
    operation->body = STR("{}");
    struct events_bus *bus = events_bus_find(events, operation->region, name);
    if (bus == NULL) return;
    if (bus->rules.count > 0) {
        events_refuse(operation, "ValidationException",
                      "Event bus %" STR_FORMAT " can't be deleted since it has rules.",
                      STR_ARGS(name));
        return;
    }
    operation->change = (struct events_change){.is_set = true,
                                               .is_removal = true,
                                               .kind = STORE_KIND_EVENT_BUS,
                                               .bus = bus,
                                               .name = bus->name};
}

static void write_bus(struct json_writer *writer, const struct events_bus *bus)
{
    const struct json *description = JSON_FIND(&bus->body, "Description");
    json_writer_string_member(writer, STR("Name"), bus->name);
    json_writer_string_member(writer, STR("Arn"), bus->arn);
    if (description != NULL) {
        json_writer_value_member(writer, STR("Description"), description);
    }
    if (integer_member(&bus->body, STR("CreatedUnixMs")) > 0) {
        json_writer_timestamp_member(writer, STR("CreationTime"),
                                     integer_member(&bus->body, STR("CreatedUnixMs")));
        json_writer_timestamp_member(writer, STR("LastModifiedTime"),
                                     integer_member(&bus->body, STR("ModifiedUnixMs")));
    }
}

void events_describe_bus(struct events *events, struct events_operation *operation)
{
    const struct events_bus *bus = events_named_bus(events, operation, "Name");
    if (bus == NULL) return;
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    events_reply_begin(&buffer, &writer);
    write_bus(&writer, bus);
    events_reply_end(operation, &buffer, &writer);
}

static int order_buses(const void *a, const void *b)
{
    const struct events_bus *const *left = a, *const *right = b;
    return str_compare((*left)->name, (*right)->name);
}

void events_list_buses(struct events *events, struct events_operation *operation)
{
    struct events_page page;
    struct str prefix = events_parameter(operation, "NamePrefix");
    if (!events_page(operation, &page)) return;
    if (events_bus_find(events, operation->region, events_default_bus) == NULL) return;
    size_t count = 0;
    const struct events_bus **buses =
        arena_alloc_array(operation->arena, events->buses.count, sizeof(struct events_bus *));
    if (buses == NULL) return;
    MAP_EACH(entry, &events->buses)
    {
        const struct events_bus *bus = entry->value;
        if (str_equal(bus->region, operation->region) && str_starts_with(bus->name, prefix)) {
            buses[count++] = bus;
        }
    }
    qsort(buses, count, sizeof(struct events_bus *), order_buses);
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    events_reply_begin(&buffer, &writer);
    json_writer_name(&writer, STR("EventBuses"));
    json_writer_begin_array(&writer);
    for (size_t i = page.start; i < count && i - page.start < page.limit; i++) {
        json_writer_begin_object(&writer);
        write_bus(&writer, buses[i]);
        json_writer_end_object(&writer);
    }
    json_writer_end_array(&writer);
    events_page_end(operation, &writer, &page, count);
    events_reply_end(operation, &buffer, &writer);
}

// ---------------------------------------------------------------------------------------------
// Tags

// What ResourceARN names: a rule on its bus, or a bus alone.
struct tagged {
    struct events_bus *bus;
    struct events_rule *rule;
    const struct json *body;
};

static bool find_tagged(struct events *events, struct events_operation *operation,
                        struct tagged *ret_tagged)
{
    struct str arn = events_parameter(operation, "ResourceARN"), rest = arn;
    for (int i = 0; i < 3; i++)
        str_cut(&rest, ':');
    struct str region = str_cut(&rest, ':');
    str_cut(&rest, ':');
    struct str kind = str_cut(&rest, '/'), name = rest, bus_name = rest;
    if (str_is(kind, "rule")) {
        size_t slash = str_find_byte(rest, '/');
        bus_name = slash == SIZE_MAX ? events_default_bus : str_slice(rest, 0, slash);
        name = slash == SIZE_MAX ? rest : str_skip(rest, slash + 1);
    }
    struct tagged tagged = {.bus = events_bus_find(events, region, bus_name)};
    if (tagged.bus != NULL && str_is(kind, "rule")) {
        tagged.rule = map_find(&tagged.bus->rules, name);
        tagged.body = tagged.rule == NULL ? NULL : &tagged.rule->body;
    } else if (tagged.bus != NULL && str_is(kind, "event-bus")) {
        tagged.body = &tagged.bus->body;
    }
    *ret_tagged = tagged;
    if (tagged.body != NULL) return true;
    if (str_is(kind, "rule")) {
        events_refuse(operation, "ResourceNotFoundException",
                      "Rule %" STR_FORMAT " does not exist on EventBus %" STR_FORMAT ".",
                      STR_ARGS(name), STR_ARGS(bus_name));
    } else {
        events_refuse(operation, "ResourceNotFoundException",
                      "Event bus %" STR_FORMAT " does not exist.", STR_ARGS(bus_name));
    }
    return false;
}

static void change_tags(struct events *events, struct events_operation *operation,
                        const struct tagged *tagged, const struct json *tags)
{
    const struct json *body = events_with(operation->arena, tagged->body, STR("Tags"), tags);
    operation->body = STR("{}");
    if (tagged->rule == NULL) {
        events_change_bus(operation, tagged->bus, body);
    } else {
        events_change_rule(events, operation, tagged->bus, tagged->rule->name, body);
    }
}

void events_tag(struct events *events, struct events_operation *operation)
{
    struct tagged tagged;
    struct json tags;
    if (!find_tagged(events, operation, &tagged)) return;
    if (!events_add_tags(operation, JSON_FIND(&operation->parameters, "Tags"),
                         JSON_FIND(tagged.body, "Tags"), &tags)) {
        return;
    }
    change_tags(events, operation, &tagged, &tags);
}

void events_untag(struct events *events, struct events_operation *operation)
{
    struct tagged tagged;
    if (!find_tagged(events, operation, &tagged)) return;
    const struct json *keys = JSON_FIND(&operation->parameters, "TagKeys");
    const struct json *tags = JSON_FIND(tagged.body, "Tags");
    if (tags == NULL) tags = &json_empty_object;
    for (uint32_t i = 0; keys != NULL && tags != NULL && i < keys->size; i++) {
        if (json_is_string(&keys->items[i])) {
            tags = events_with(operation->arena, tags, json_str(&keys->items[i]), NULL);
        }
    }
    change_tags(events, operation, &tagged, tags);
}

void events_list_tags(struct events *events, struct events_operation *operation)
{
    struct tagged tagged;
    if (!find_tagged(events, operation, &tagged)) return;
    const struct json *tags = JSON_FIND(tagged.body, "Tags");
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    events_reply_begin(&buffer, &writer);
    json_writer_name(&writer, STR("Tags"));
    json_writer_begin_array(&writer);
    for (uint32_t i = 0; tags != NULL && i < tags->size; i++) {
        json_writer_begin_object(&writer);
        json_writer_value_member(&writer, STR("Key"), &tags->members[i].name);
        json_writer_value_member(&writer, STR("Value"), &tags->members[i].value);
        json_writer_end_object(&writer);
    }
    json_writer_end_array(&writer);
    events_reply_end(operation, &buffer, &writer);
}
