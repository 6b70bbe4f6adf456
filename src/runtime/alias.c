// Building, storing and following aliases.

#include "runtime/alias.h"

#include <assert.h>
#include <stdlib.h>

#include "json/json.h"
#include "runtime/stored.h"

static void free_entry(struct catalog_entry *entry)
{
    struct alias *alias = CONTAINER_OF(entry, struct alias, entry);
    arena_release(&alias->arena);
    free(alias);
}

static void encode_entry(struct catalog_entry *entry, struct buffer *buffer)
{
    const struct alias *alias = CONTAINER_OF(entry, struct alias, entry);
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("region"), alias->region);
    json_writer_string_member(&writer, STR("stateMachineArn"), alias->state_machine_arn);
    json_writer_string_member(&writer, STR("stateMachineName"), alias->state_machine_name);
    json_writer_string_member(&writer, STR("name"), alias->name);
    json_writer_string_member(&writer, STR("description"), alias->description);
    json_writer_name(&writer, STR("routes"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < alias->route_count; i++) {
        json_writer_begin_object(&writer);
        json_writer_string_member(&writer, STR("versionArn"), alias->routes[i].version_arn);
        json_writer_integer_member(&writer, STR("weight"), alias->routes[i].weight);
        json_writer_end_object(&writer);
    }
    json_writer_end_array(&writer);
    json_writer_integer_member(&writer, STR("createdUnixMs"), alias->created_unix_ms);
    json_writer_integer_member(&writer, STR("updatedUnixMs"), alias->updated_unix_ms);
    json_writer_end_object(&writer);
}

static const struct catalog_type alias_type = {
    .kind = STORE_KIND_STATE_MACHINE_ALIAS, .encode = encode_entry, .free = free_entry};

struct alias_fields alias_fields_of(const struct alias *alias)
{
    struct alias_fields fields = {
        .region = alias->region,
        .state_machine_arn = alias->state_machine_arn,
        .state_machine_name = alias->state_machine_name,
        .name = alias->name,
        .description = alias->description,
        .route_count = alias->route_count,
        .created_unix_ms = alias->created_unix_ms,
        .updated_unix_ms = alias->updated_unix_ms,
    };
    for (size_t i = 0; i < alias->route_count; i++)
        fields.routes[i] = alias->routes[i];
    return fields;
}

static bool copy_fields(struct alias *alias, const struct alias_fields *fields)
{
    struct arena *arena = &alias->arena;
    alias->route_count = fields->route_count;
    alias->created_unix_ms = fields->created_unix_ms;
    alias->updated_unix_ms = fields->updated_unix_ms;
    for (size_t i = 0; i < fields->route_count; i++) {
        alias->routes[i].weight = fields->routes[i].weight;
        if (!arena_copy_str(arena, fields->routes[i].version_arn, &alias->routes[i].version_arn)) {
            return false;
        }
    }
    if (!arena_copy_str(arena, fields->region, &alias->region) ||
        !arena_copy_str(arena, fields->state_machine_arn, &alias->state_machine_arn) ||
        !arena_copy_str(arena, fields->state_machine_name, &alias->state_machine_name) ||
        !arena_copy_str(arena, fields->name, &alias->name) ||
        !arena_copy_str(arena, fields->description, &alias->description)) {
        return false;
    }
    alias->arn = arena_printf(arena, "%" STR_FORMAT ":%" STR_FORMAT,
                              STR_ARGS(alias->state_machine_arn), STR_ARGS(alias->name));
    alias->entry.arn = alias->arn;
    alias->entry.region = alias->region;
    alias->entry.name = arena_printf(arena, "%" STR_FORMAT ":%" STR_FORMAT,
                                     STR_ARGS(alias->state_machine_name), STR_ARGS(alias->name));
    alias->entry.parent_arn = alias->state_machine_arn;
    return !arena->is_exhausted;
}

enum status alias_new(const struct alias_fields *fields, struct alias **ret_alias)
{
    assert(fields->route_count >= 1 && fields->route_count <= ALIAS_ROUTES_MAX);
    struct alias *alias = calloc(1, sizeof(*alias));
    if (alias == NULL) return STATUS_NO_MEMORY;
    catalog_entry_init(&alias->entry, &alias_type);
    arena_init(&alias->arena, KIB(64));
    if (!copy_fields(alias, fields)) {
        alias_unref(alias);
        return STATUS_NO_MEMORY;
    }
    *ret_alias = alias;
    return STATUS_OK;
}

void alias_unref(struct alias *alias)
{
    if (alias != NULL) catalog_entry_unref(&alias->entry);
}

struct alias *alias_of(struct catalog_entry *entry)
{
    if (entry == NULL || entry->type != &alias_type) return NULL;
    return CONTAINER_OF(entry, struct alias, entry);
}

struct str alias_pick(const struct alias *alias, struct random *random)
{
    // 2^64 is so much more than 100 that its remainder favours nobody.
    uint64_t at = alias->route_count == 1 ? 0 : random_u64(random) % ALIAS_WEIGHT_SUM;
    size_t i = 0;
    while (i + 1 < alias->route_count && at >= alias->routes[i].weight)
        at -= alias->routes[i++].weight;
    return alias->routes[i].version_arn;
}

bool alias_has_version(const struct alias *alias, struct str version_arn)
{
    for (size_t i = 0; i < alias->route_count; i++) {
        if (str_equal(alias->routes[i].version_arn, version_arn)) return true;
    }
    return false;
}

enum status alias_decode(struct str text, struct alias **ret_alias)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct json body;
    if (json_parse(&arena, text, 0, &body, NULL) != STATUS_OK || !json_is_object(&body)) {
        return STATUS_CORRUPT;
    }
    const struct json *routes = stored_value(&body, STR("routes"));
    struct alias_fields fields = {
        .region = stored_str(&body, STR("region")),
        .state_machine_arn = stored_str(&body, STR("stateMachineArn")),
        .state_machine_name = stored_str(&body, STR("stateMachineName")),
        .name = stored_str(&body, STR("name")),
        .description = stored_str(&body, STR("description")),
        .created_unix_ms = stored_integer(&body, STR("createdUnixMs")),
        .updated_unix_ms = stored_integer(&body, STR("updatedUnixMs")),
    };
    if (!json_is_array(routes) || routes->size < 1 || routes->size > ALIAS_ROUTES_MAX) {
        return STATUS_CORRUPT;
    }
    int64_t sum = 0;
    for (uint32_t i = 0; i < routes->size; i++) {
        const struct json *route = &routes->items[i];
        int64_t weight = stored_integer(route, STR("weight"));
        if (weight < 0 || weight > ALIAS_WEIGHT_SUM) return STATUS_CORRUPT;
        sum += weight;
        fields.routes[i].weight = (uint32_t)weight;
        fields.routes[i].version_arn = stored_str(route, STR("versionArn"));
    }
    fields.route_count = routes->size;
    return sum == ALIAS_WEIGHT_SUM ? alias_new(&fields, ret_alias) : STATUS_CORRUPT;
}
