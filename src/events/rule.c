// Buses and rules: made from what the store keeps, kept in tables of the events thread.

#include <assert.h>
#include <stdlib.h>

#include "events/private.h"
#include "logs/logs.h"
#include "runtime/worker.h"

const struct str events_default_bus = STR_INIT("default");

// ---------------------------------------------------------------------------------------------
// Buses

struct events_bus *events_bus_new(struct events *events, struct str region, struct str name,
                                  struct str body)
{
    struct arena arena;
    struct str copy;
    arena_init(&arena, KIB(256));
    struct events_bus *bus = ARENA_NEW(&arena, struct events_bus);
    if (bus == NULL) return NULL;
    bus->key =
        arena_printf(&arena, "%" STR_FORMAT "/%" STR_FORMAT, STR_ARGS(region), STR_ARGS(name));
    bus->region = str_slice(bus->key, 0, region.size);
    bus->name = str_skip(bus->key, region.size + 1);
    bus->arn = arena_printf(&arena,
                            "arn:aws:events:%" STR_FORMAT ":%" STR_FORMAT ":event-bus/%" STR_FORMAT,
                            STR_ARGS(region), STR_ARGS(events->settings.account), STR_ARGS(name));
    bus->body = json_empty_object;
    map_init(&bus->rules);
    bool is_good = !arena.is_exhausted;
    if (is_good && body.size > 0) {
        is_good = arena_copy_str(&arena, body, &copy) &&
                  json_parse(&arena, copy, 0, &bus->body, NULL) == STATUS_OK;
        bus->is_stored = true;
    }
    bus->arena = arena;
    if (is_good) return bus;
    arena_release(&arena);
    return NULL;
}

void events_bus_free(struct events_bus *bus)
{
    if (bus == NULL) return;
    MAP_EACH(entry, &bus->rules)
    {
        events_rule_free(entry->value);
    }
    map_release(&bus->rules);
    struct arena arena = bus->arena; // Which holds the bus itself.
    arena_release(&arena);
}

struct events_bus *events_bus_find(struct events *events, struct str region, struct str name)
{
    char key[2 * EVENTS_NAME_SIZE_MAX];
    size_t size = region.size + 1 + name.size;
    if (size > sizeof(key)) return NULL;
    char *end = mempcpy(key, region.data, region.size);
    *end++ = '/';
    memcpy(end, name.data, name.size);
    struct events_bus *bus = map_find(&events->buses, (struct str){key, size});
    if (bus != NULL || !str_equal(name, events_default_bus)) return bus;
    bus = events_bus_new(events, region, name, STR(""));
    if (bus == NULL || map_set(&events->buses, bus->key, bus)) return bus;
    events_bus_free(bus);
    return NULL;
}

// ---------------------------------------------------------------------------------------------
// Targets

// "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/x" with or without ":*".
static bool read_log_group(struct str arn, struct str *ret_region, struct str *ret_name)
{
    struct str rest = arn;
    if (!str_starts_with(arn, STR("arn:aws:logs:"))) return false;
    rest = str_skip(rest, sizeof("arn:aws:logs:") - 1);
    *ret_region = str_cut(&rest, ':');
    str_cut(&rest, ':');
    if (!str_starts_with(rest, STR("log-group:"))) return false;
    rest = str_skip(rest, sizeof("log-group:") - 1);
    *ret_name = str_cut(&rest, ':');
    return ret_name->size > 0;
}

static enum status make_target(struct events *events, struct events_rule *rule,
                               const struct json *body, struct str *reterr_message)
{
    struct events_target *target = &rule->targets[rule->target_count];
    struct str region, name;
    *target = (struct events_target){
        .kind = EVENTS_TARGET_OTHER,
        .id = JSON_FIND_STR(body, "Id"),
        .arn = JSON_FIND_STR(body, "Arn"),
        .role_arn = JSON_FIND_STR(body, "RoleArn"),
        .body = *body,
    };
    enum status status = events_input_compile(&rule->arena, body, &target->input, reterr_message);
    if (status != STATUS_OK) return status;
    if (str_starts_with(target->arn, STR("arn:aws:lambda:"))) {
        target->kind = EVENTS_TARGET_FUNCTION;
    } else if (read_log_group(target->arn, &region, &name)) {
        target->kind = EVENTS_TARGET_LOG_GROUP;
        target->log_group = logs_group_open(events->settings.logs, region, name, LOGS_GROUP_AS_IS);
        if (target->log_group == NULL) return STATUS_NO_MEMORY;
    }
    rule->target_count++;
    return STATUS_OK;
}

static enum status make_targets(struct events *events, struct events_rule *rule,
                                struct str *reterr_message)
{
    const struct json *targets = JSON_FIND(&rule->body, "Targets");
    if (targets == NULL || !json_is_array(targets)) return STATUS_OK;
    rule->targets = arena_alloc_array(&rule->arena, targets->size, sizeof(*rule->targets));
    if (rule->targets == NULL) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < targets->size; i++) {
        enum status status = make_target(events, rule, &targets->items[i], reterr_message);
        if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Rules

static struct str rule_arn(struct events *events, const struct events_bus *bus, struct arena *arena,
                           struct str name)
{
    bool is_default = str_equal(bus->name, events_default_bus);
    return arena_printf(
        arena, "arn:aws:events:%" STR_FORMAT ":%" STR_FORMAT ":rule/%" STR_FORMAT "%s%" STR_FORMAT,
        STR_ARGS(bus->region), STR_ARGS(events->settings.account),
        STR_ARGS(is_default ? STR("") : bus->name), is_default ? "" : "/", STR_ARGS(name));
}

static enum status fill_rule(struct events *events, const struct events_bus *bus,
                             struct events_rule *rule, struct str *ret_type,
                             struct str *ret_message)
{
    enum status status = json_parse(&rule->arena, rule->body_text, 0, &rule->body, NULL);
    if (status != STATUS_OK) return status == STATUS_INVALID ? STATUS_CORRUPT : status;
    rule->name = JSON_FIND_STR(&rule->body, "Name");
    rule->arn = rule_arn(events, bus, &rule->arena, rule->name);
    rule->is_enabled = !str_is(JSON_FIND_STR(&rule->body, "State"), "DISABLED");
    random_uuid(&events->random, rule->log_stream);
    struct str reason;
    status = events_pattern_compile(&rule->arena, JSON_FIND_STR(&rule->body, "EventPattern"),
                                    &rule->pattern, &reason);
    if (status == STATUS_INVALID) {
        *ret_type = STR("InvalidEventPatternException");
        *ret_message = arena_printf(
            &rule->arena, "Event pattern is not valid. Reason: %" STR_FORMAT, STR_ARGS(reason));
        return status;
    }
    if (status != STATUS_OK) return status;
    *ret_type = STR("ValidationException");
    return make_targets(events, rule, ret_message);
}

enum status events_rule_new(struct events *events, const struct events_bus *bus, struct str body,
                            struct arena *arena, struct events_rule **ret_rule,
                            struct str *reterr_type, struct str *reterr_message)
{
    struct str type = STR(""), message = STR("");
    struct events_rule *rule = calloc(1, sizeof(*rule));
    if (rule == NULL) return STATUS_NO_MEMORY;
    arena_init(&rule->arena, EVENTS_RULE_BYTES_MAX);
    enum status status = STATUS_NO_MEMORY;
    if (arena_copy_str(&rule->arena, body, &rule->body_text)) {
        status = fill_rule(events, bus, rule, &type, &message);
    }
    if (status == STATUS_OK && rule->arena.is_exhausted) status = STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        *ret_rule = rule;
        return STATUS_OK;
    }
    if (status == STATUS_INVALID) {
        *reterr_type = type;
        if (!arena_copy_str(arena, message, reterr_message)) status = STATUS_NO_MEMORY;
    }
    events_rule_free(rule);
    return status;
}

void events_rule_free(struct events_rule *rule)
{
    if (rule == NULL) return;
    for (size_t i = 0; i < rule->target_count; i++)
        logs_group_unref(rule->targets[i].log_group);
    arena_release(&rule->arena);
    free(rule);
}

struct str events_rule_key(struct arena *arena, const struct events_bus *bus, struct str name)
{
    return arena_printf(arena, "%" STR_FORMAT "/%" STR_FORMAT, STR_ARGS(bus->name), STR_ARGS(name));
}

void events_count_rules(struct events *events)
{
    uint32_t count = 0;
    bool wants_status_changes = false;
    MAP_EACH(bus_entry, &events->buses)
    {
        const struct events_bus *bus = bus_entry->value;
        MAP_EACH(entry, &bus->rules)
        {
            const struct events_rule *rule = entry->value;
            if (!rule->is_enabled || rule->target_count == 0) continue;
            count++;
            wants_status_changes = wants_status_changes || str_equal(bus->name, events_default_bus);
        }
    }
    atomic_store_explicit(&events->rule_count, count, memory_order_relaxed);
    if (events->settings.runtime != NULL) {
        atomic_store_explicit(&events->settings.runtime->wants_status_changes, wants_status_changes,
                              memory_order_relaxed);
    }
}
