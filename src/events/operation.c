// The way of an operation: to the events thread, to the store when it changes something, back.
//
//   posted -> begun      [no change is with the store, or the operation only reads]
//   begun  -> answered   [an exception, or a result without a change]
//   begun  -> changing   [the store writes; other operations that change wait]
//   changing -> answered [durable: the tables in memory follow]

#include "events/operation.h"

#include <assert.h>

#include "base/encoding.h"
#include "events/private.h"

enum {
    REPLY_BYTES_MAX = 8 << 20,
    PAGE_MAX = 100,
    TAGS_MAX = 50,
    TAG_KEY_MAX = 128,
    TAG_VALUE_MAX = 256
};

static const struct {
    const char *name;
    void (*run)(struct events *events, struct events_operation *operation);
    bool changes;
} operations[EVENTS_OPERATION_COUNT] = {
#define X(kind, name, function, changes) {name, function, changes},
#include "events/operation.def"
#undef X
};

bool events_operation_find(struct str name, enum events_operation_kind *ret_kind)
{
    for (size_t i = 0; i < EVENTS_OPERATION_COUNT; i++) {
        if (!str_is(name, operations[i].name)) continue;
        *ret_kind = (enum events_operation_kind)i;
        return true;
    }
    return false;
}

// ---------------------------------------------------------------------------------------------
// Changes

static void on_answer(struct mail *mail)
{
    struct events_operation *operation = CONTAINER_OF(mail, struct events_operation, mail);
    operation->done(operation);
}

static void answer(struct events_operation *operation)
{
    operation->mail.run = on_answer;
    mailbox_post(operation->reply_to, &operation->mail);
}

static enum status run_change(struct store_task *task, struct store_tx *tx)
{
    struct events_operation *operation = CONTAINER_OF(task, struct events_operation, task);
    const struct events_change *change = &operation->change;
    if (!change->is_removal) {
        return store_resource_put(tx, change->kind, change->bus->region, change->name,
                                  change->body);
    }
    enum status status = store_resource_delete(tx, change->kind, change->bus->region, change->name);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// The name of the rule that a removal is about: "bus/rule" without the bus.
static struct str removed_rule(const struct events_change *change)
{
    return str_skip(change->name, change->bus->name.size + 1);
}

static enum status apply_rule(struct events_change *change)
{
    struct events_bus *bus = change->bus;
    struct str name = change->is_removal ? removed_rule(change) : change->rule->name;
    struct events_rule *old = map_remove(&bus->rules, name);
    events_rule_free(old);
    if (change->is_removal) return STATUS_OK;
    if (!map_set(&bus->rules, change->rule->name, change->rule)) return STATUS_NO_MEMORY;
    change->rule = NULL; // The table's.
    return STATUS_OK;
}

static enum status apply_bus(struct events *events, struct events_change *change)
{
    struct events_bus *bus = change->bus;
    struct str copy;
    if (change->is_removal) {
        map_remove(&events->buses, bus->key);
        events_bus_free(bus);
        change->bus = NULL;
        return STATUS_OK;
    }
    if (!arena_copy_str(&bus->arena, change->body, &copy) ||
        json_parse(&bus->arena, copy, 0, &bus->body, NULL) != STATUS_OK ||
        (map_find(&events->buses, bus->key) == NULL && !map_set(&events->buses, bus->key, bus))) {
        return STATUS_NO_MEMORY;
    }
    bus->is_stored = true;
    return STATUS_OK;
}

static void begin_waiting(struct events *events);

static void on_changed(struct store_task *task, enum status status)
{
    struct events_operation *operation = CONTAINER_OF(task, struct events_operation, task);
    struct events *events = operation->events;
    struct events_change *change = &operation->change;
    bool is_rule = change->kind == STORE_KIND_EVENT_RULE;
    if (status == STATUS_OK) status = is_rule ? apply_rule(change) : apply_bus(events, change);
    if (status != STATUS_OK) {
        operation->fault = status;
        events_rule_free(change->rule);
        // A bus that was to be made is in no table yet.
        if (!is_rule && change->bus != NULL && !change->bus->is_stored &&
            map_find(&events->buses, change->bus->key) == NULL) {
            events_bus_free(change->bus);
        }
    }
    events_count_rules(events);
    events->is_changing = false;
    answer(operation);
    begin_waiting(events);
}

static void begin(struct events *events, struct events_operation *operation)
{
    operations[operation->kind].run(events, operation);
    bool is_refused = operation->error.size > 0 || operation->fault != STATUS_OK;
    if (!is_refused && operation->arena->is_exhausted) operation->fault = STATUS_NO_MEMORY;
    if (is_refused || !operation->change.is_set || operation->fault != STATUS_OK) {
        events_rule_free(operation->change.rule);
        answer(operation);
        return;
    }
    events->is_changing = true;
    operation->task = (struct store_task){
        .reply_to = &events->mailbox,
        .mode = STORE_DURABLE,
        .is_single_change = true,
        .run = run_change,
        .done = on_changed,
    };
    store_submit(events->settings.store, &operation->task);
}

static void begin_waiting(struct events *events)
{
    while (!events->is_changing && !list_is_empty(&events->waiting)) {
        struct list *link = events->waiting.next;
        list_remove(link);
        begin(events, LIST_ITEM(link, struct events_operation, link));
    }
}

static void on_operation(struct mail *mail)
{
    struct events_operation *operation = CONTAINER_OF(mail, struct events_operation, mail);
    struct events *events = operation->events;
    if (operations[operation->kind].changes && events->is_changing) {
        list_append(&events->waiting, &operation->link);
    } else {
        begin(events, operation);
    }
}

void events_operate(struct events *events, struct events_operation *operation)
{
    assert(operation->reply_to != NULL && operation->done != NULL);
    operation->events = events;
    operation->fault = STATUS_OK;
    operation->error = operation->message = operation->body = STR("");
    operation->change = (struct events_change){0};
    list_init(&operation->link);
    operation->mail.run = on_operation;
    mailbox_post(&events->mailbox, &operation->mail);
}

// ---------------------------------------------------------------------------------------------
// Answers

void events_refuse(struct events_operation *operation, const char *type, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    operation->error = str_from_c(type);
    operation->message = arena_vprintf(operation->arena, format, args);
    va_end(args);
}

void events_reply_begin(struct buffer *buffer, struct json_writer *writer)
{
    buffer_init(buffer, REPLY_BYTES_MAX);
    json_writer_init(writer, buffer);
    json_writer_begin_object(writer);
}

void events_reply_end(struct events_operation *operation, struct buffer *buffer,
                      struct json_writer *writer)
{
    json_writer_end_object(writer);
    if (buffer->is_failed || !buffer_copy_to_arena(buffer, operation->arena, &operation->body)) {
        operation->fault = STATUS_NO_MEMORY;
    }
}

// ---------------------------------------------------------------------------------------------
// Parameters

struct str events_parameter(const struct events_operation *operation, const char *name)
{
    return json_find_str(&operation->parameters, str_from_c(name), STR(""));
}

// "arn:aws:events:us-east-1:000000000000:event-bus/NAME" or NAME.
static struct str bus_name(struct str text, struct str *region)
{
    struct str rest = text;
    if (!str_starts_with(text, STR("arn:"))) return text;
    for (int i = 0; i < 3; i++)
        str_cut(&rest, ':');
    *region = str_cut(&rest, ':');
    str_cut(&rest, '/');
    return rest;
}

struct events_bus *events_named_bus(struct events *events, struct events_operation *operation,
                                    const char *parameter)
{
    struct str name = events_parameter(operation, parameter), region = operation->region;
    if (name.size == 0) name = events_default_bus;
    name = bus_name(name, &region);
    struct events_bus *bus = events_bus_find(events, region, name);
    if (bus == NULL) {
        events_refuse(operation, "ResourceNotFoundException",
                      "Event bus %" STR_FORMAT " does not exist.", STR_ARGS(name));
    }
    return bus;
}

struct events_rule *events_named_rule(struct events *events, struct events_operation *operation,
                                      const char *parameter, struct events_bus **ret_bus)
{
    struct events_bus *bus = events_named_bus(events, operation, "EventBusName");
    if (bus == NULL) return NULL;
    struct str name = events_parameter(operation, parameter);
    struct events_rule *rule = map_find(&bus->rules, name);
    *ret_bus = bus;
    if (rule == NULL) {
        events_refuse(operation, "ResourceNotFoundException",
                      "Rule %" STR_FORMAT " does not exist on EventBus %" STR_FORMAT ".",
                      STR_ARGS(name), STR_ARGS(bus->name));
    }
    return rule;
}

bool events_page(struct events_operation *operation, struct events_page *ret_page)
{
    struct str token = events_parameter(operation, "NextToken");
    const struct json *limit = JSON_FIND(&operation->parameters, "Limit");
    int64_t number;
    uint64_t start = 0;
    *ret_page = (struct events_page){.limit = PAGE_MAX};
    if (limit != NULL && json_is_number(limit) && json_to_integer(limit, &number) && number > 0) {
        ret_page->limit = (size_t)number;
    }
    if (token.size > 0 && !str_to_u64(token, &start)) {
        events_refuse(operation, "ValidationException", "The nextToken is invalid.");
        return false;
    }
    ret_page->start = (size_t)start;
    return true;
}

void events_page_end(struct events_operation *operation, struct json_writer *writer,
                     const struct events_page *page, size_t count)
{
    if (count <= page->start || count - page->start <= page->limit) return;
    json_writer_string_member(writer, STR("NextToken"),
                              arena_printf(operation->arena, "%zu", page->start + page->limit));
}

// ---------------------------------------------------------------------------------------------
// Bodies

const struct json *events_with(struct arena *arena, const struct json *object, struct str name,
                               const struct json *value)
{
    struct json_members members;
    if (value != NULL && !json_is_null(value)) {
        return json_with_member(arena, object, name, value);
    }
    if (object == NULL) return &json_empty_object;
    json_members_init(&members, arena);
    for (uint32_t i = 0; i < object->size; i++) {
        const struct json_member *member = &object->members[i];
        if (!str_equal(json_str(&member->name), name)) {
            json_members_append(&members, json_str(&member->name), member->value);
        }
    }
    return json_new(arena, json_members_finish(&members));
}

void events_change_rule(struct events *events, struct events_operation *operation,
                        struct events_bus *bus, struct str name, const struct json *body)
{
    struct str type, message;
    if (body == NULL) {
        operation->fault = STATUS_NO_MEMORY;
        return;
    }
    struct events_change *change = &operation->change;
    *change = (struct events_change){
        .is_set = true,
        .kind = STORE_KIND_EVENT_RULE,
        .bus = bus,
        .name = events_rule_key(operation->arena, bus, name),
        .body = json_render_to_arena(operation->arena, body),
    };
    enum status status = events_rule_new(events, bus, change->body, operation->arena, &change->rule,
                                         &type, &message);
    if (status == STATUS_INVALID) {
        operation->error = type;
        operation->message = message;
    } else {
        operation->fault = status;
    }
}

void events_change_bus(struct events_operation *operation, struct events_bus *bus,
                       const struct json *body)
{
    if (body == NULL) {
        operation->fault = STATUS_NO_MEMORY;
        return;
    }
    operation->change = (struct events_change){
        .is_set = true,
        .kind = STORE_KIND_EVENT_BUS,
        .bus = bus,
        .name = bus->name,
        .body = json_render_to_arena(operation->arena, body),
    };
}

bool events_add_tags(struct events_operation *operation, const struct json *list,
                     const struct json *tags, struct json *ret_tags)
{
    struct json_members members;
    json_members_init(&members, operation->arena);
    for (uint32_t i = 0; tags != NULL && i < tags->size; i++)
        json_members_append(&members, json_str(&tags->members[i].name), tags->members[i].value);
    for (uint32_t i = 0; list != NULL && json_is_array(list) && i < list->size; i++) {
        const struct json *key = JSON_FIND(&list->items[i], "Key");
        const struct json *value = JSON_FIND(&list->items[i], "Value");
        bool is_good = key != NULL && value != NULL && json_is_string(key) &&
                       json_is_string(value) && key->size > 0 &&
                       encoding_utf16_size(json_str(key)) <= TAG_KEY_MAX &&
                       encoding_utf16_size(json_str(value)) <= TAG_VALUE_MAX;
        if (!is_good) {
            events_refuse(operation, "ValidationException",
                          "A tag has a Key of 1 to 128 and a Value of at most 256 characters.");
            return false;
        }
        json_members_set(&members, json_str(key), *value);
    }
    *ret_tags = json_members_finish(&members);
    if (ret_tags->size <= TAGS_MAX) return true;
    events_refuse(operation, "LimitExceededException", "A resource has at most 50 tags.");
    return false;
}
