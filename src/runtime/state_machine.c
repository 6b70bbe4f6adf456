// Building, storing and finding state machines. The registry is small and rarely changed, so a
// change simply invalidates all caches.

#include "runtime/state_machine.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "json/json.h"

static const char *const log_level_names[] = {
    [LOG_LEVEL_OFF] = "OFF",
    [LOG_LEVEL_FATAL] = "FATAL",
    [LOG_LEVEL_ERROR] = "ERROR",
    [LOG_LEVEL_ALL] = "ALL",
};

const char *state_machine_log_level_name(enum state_machine_log_level level)
{
    return log_level_names[level];
}

bool state_machine_log_level_find(struct str name, enum state_machine_log_level *ret_level)
{
    for (size_t i = 0; i < ARRAY_COUNT(log_level_names); i++) {
        if (str_is(name, log_level_names[i])) {
            *ret_level = (enum state_machine_log_level)i;
            return true;
        }
    }
    return false;
}

struct state_machine_fields state_machine_fields_of(const struct state_machine *state_machine)
{
    return (struct state_machine_fields){
        .arn = state_machine->arn,
        .name = state_machine->name,
        .region = state_machine->region,
        .role_arn = state_machine->role_arn,
        .definition = state_machine->machine->definition,
        .type = state_machine->type,
        .created_unix_ms = state_machine->created_unix_ms,
        .updated_unix_ms = state_machine->updated_unix_ms,
        .revision_id = state_machine->revision_id,
        .log_level = state_machine->log_level,
        .logs_execution_data = state_machine->logs_execution_data,
        .log_group_arn = state_machine->log_group_arn,
        .tracing_enabled = state_machine->tracing_enabled,
        .encryption = state_machine->encryption,
        .tags = state_machine->tags,
    };
}

// "arn:aws:logs:R:A:log-group:NAME:*" -> "NAME"; empty when it is no such ARN.
static struct str log_group_name_of(struct str arn)
{
    size_t at = str_find(arn, STR(":log-group:"));
    if (at == SIZE_MAX) return STR("");
    struct str name = str_skip(arn, at + STR(":log-group:").size);
    if (str_ends_with(name, STR(":*"))) name.size -= 2;
    return name;
}

static bool copy_fields(struct state_machine *state_machine,
                        const struct state_machine_fields *fields)
{
    struct arena *arena = &state_machine->arena;
    state_machine->type = fields->type;
    state_machine->created_unix_ms = fields->created_unix_ms;
    state_machine->updated_unix_ms = fields->updated_unix_ms;
    state_machine->log_level = fields->log_level;
    state_machine->logs_execution_data = fields->logs_execution_data;
    state_machine->tracing_enabled = fields->tracing_enabled;
    bool is_copied = arena_copy_str(arena, fields->arn, &state_machine->arn) &&
                     arena_copy_str(arena, fields->name, &state_machine->name) &&
                     arena_copy_str(arena, fields->region, &state_machine->region) &&
                     arena_copy_str(arena, fields->role_arn, &state_machine->role_arn) &&
                     arena_copy_str(arena, fields->revision_id, &state_machine->revision_id) &&
                     arena_copy_str(arena, fields->log_group_arn, &state_machine->log_group_arn) &&
                     json_copy(arena, &fields->encryption, &state_machine->encryption) &&
                     json_copy(arena, &fields->tags, &state_machine->tags);
    state_machine->log_group_name = log_group_name_of(state_machine->log_group_arn);
    return is_copied;
}

static bool make_definition_key(struct state_machine *state_machine)
{
    struct buffer CLEANUP(buffer_release) body;
    unsigned char digest[DIGEST_SIZE_MAX];
    buffer_init(&body, MIB(16));
    state_machine_encode(state_machine, &body);
    char *text = arena_alloc(&state_machine->arena, 2 * DIGEST_SHA256_SIZE);
    if (body.is_failed || text == NULL) return false;
    size_t size = digest_compute(DIGEST_SHA256, buffer_str(&body), digest);
    encoding_hex((struct str){(const char *)digest, size}, text);
    state_machine->definition_key = (struct str){text, 2 * size};
    return true;
}

enum status state_machine_new(const struct state_machine_fields *fields,
                              struct asl_diagnostics *diagnostics,
                              struct state_machine **ret_state_machine)
{
    const struct asl_machine *machine;
    enum status status = asl_machine_parse(fields->definition, fields->type, diagnostics, &machine);
    if (status != STATUS_OK) return status;
    return state_machine_new_of(fields, machine, ret_state_machine);
}

enum status state_machine_new_of(const struct state_machine_fields *fields,
                                 const struct asl_machine *machine,
                                 struct state_machine **ret_state_machine)
{
    struct state_machine *state_machine = calloc(1, sizeof(*state_machine));
    if (state_machine == NULL) {
        asl_machine_unref(machine);
        return STATUS_NO_MEMORY;
    }
    atomic_init(&state_machine->references, 1);
    arena_init(&state_machine->arena, MIB(1));
    state_machine->machine = machine;
    if (!copy_fields(state_machine, fields) || !make_definition_key(state_machine)) {
        state_machine_unref(state_machine);
        return STATUS_NO_MEMORY;
    }
    *ret_state_machine = state_machine;
    return STATUS_OK;
}

enum status state_machine_open_log_group(struct state_machine *state_machine, struct logs *logs)
{
    assert(state_machine->log_group == NULL);
    if (state_machine->log_group_name.size == 0) return STATUS_OK;
    state_machine->log_group = logs_group_open(logs, state_machine->region,
                                               state_machine->log_group_name, LOGS_GROUP_AS_IS);
    return state_machine->log_group == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

struct state_machine *state_machine_ref(struct state_machine *state_machine)
{
    unsigned before =
        atomic_fetch_add_explicit(&state_machine->references, 1, memory_order_relaxed);
    assert(before > 0);
    return state_machine;
}

void state_machine_unref(struct state_machine *state_machine)
{
    if (state_machine == NULL) return;
    unsigned before =
        atomic_fetch_sub_explicit(&state_machine->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1) return;
    logs_group_unref(state_machine->log_group);
    asl_machine_unref(state_machine->machine);
    arena_release(&state_machine->arena);
    free(state_machine);
}

void state_machine_encode(const struct state_machine *state_machine, struct buffer *buffer)
{
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("arn"), state_machine->arn);
    json_writer_string_member(&writer, STR("name"), state_machine->name);
    json_writer_string_member(&writer, STR("region"), state_machine->region);
    json_writer_string_member(&writer, STR("roleArn"), state_machine->role_arn);
    json_writer_string_member(&writer, STR("definition"), state_machine->machine->definition);
    json_writer_bool_member(&writer, STR("isExpress"), state_machine->type == ASL_MACHINE_EXPRESS);
    json_writer_integer_member(&writer, STR("createdUnixMs"), state_machine->created_unix_ms);
    json_writer_integer_member(&writer, STR("updatedUnixMs"), state_machine->updated_unix_ms);
    json_writer_string_member(&writer, STR("revisionId"), state_machine->revision_id);
    json_writer_string_member(&writer, STR("logLevel"),
                              str_from_c(state_machine_log_level_name(state_machine->log_level)));
    json_writer_bool_member(&writer, STR("logsExecutionData"), state_machine->logs_execution_data);
    json_writer_string_member(&writer, STR("logGroupArn"), state_machine->log_group_arn);
    json_writer_bool_member(&writer, STR("tracingEnabled"), state_machine->tracing_enabled);
    json_writer_value_member(&writer, STR("encryption"), &state_machine->encryption);
    json_writer_value_member(&writer, STR("tags"), &state_machine->tags);
    json_writer_end_object(&writer);
}

// A stored member: the empty string, 0, false or null when it is not there.
static const struct json *member(const struct json *body, struct str name)
{
    const struct json *value = json_find(body, name);
    return value == NULL ? &json_null : value;
}

static struct str str_member(const struct json *body, struct str name)
{
    const struct json *value = member(body, name);
    return json_is_string(value) ? json_str(value) : STR("");
}

static int64_t integer_member(const struct json *body, struct str name)
{
    int64_t integer = 0;
    const struct json *value = member(body, name);
    return json_is_number(value) && json_to_integer(value, &integer) ? integer : 0;
}

enum status state_machine_decode(struct str text, struct state_machine **ret_state_machine)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(16));
    struct json body;
    if (json_parse(&arena, text, 0, &body, NULL) != STATUS_OK || !json_is_object(&body)) {
        return STATUS_CORRUPT;
    }
    struct state_machine_fields fields = {
        .arn = str_member(&body, STR("arn")),
        .name = str_member(&body, STR("name")),
        .region = str_member(&body, STR("region")),
        .role_arn = str_member(&body, STR("roleArn")),
        .definition = str_member(&body, STR("definition")),
        .type = member(&body, STR("isExpress"))->type == JSON_TRUE ? ASL_MACHINE_EXPRESS
                                                                   : ASL_MACHINE_STANDARD,
        .created_unix_ms = integer_member(&body, STR("createdUnixMs")),
        .updated_unix_ms = integer_member(&body, STR("updatedUnixMs")),
        .revision_id = str_member(&body, STR("revisionId")),
        .logs_execution_data = member(&body, STR("logsExecutionData"))->type == JSON_TRUE,
        .log_group_arn = str_member(&body, STR("logGroupArn")),
        .tracing_enabled = member(&body, STR("tracingEnabled"))->type == JSON_TRUE,
        .encryption = *member(&body, STR("encryption")),
        .tags = *member(&body, STR("tags")),
    };
    if (!state_machine_log_level_find(str_member(&body, STR("logLevel")), &fields.log_level)) {
        return STATUS_CORRUPT;
    }
    struct asl_diagnostics diagnostics;
    asl_diagnostics_init(&diagnostics, &arena);
    enum status status = state_machine_new(&fields, &diagnostics, ret_state_machine);
    return status == STATUS_INVALID ? STATUS_CORRUPT : status;
}

void state_machine_registry_init(struct state_machine_registry *registry)
{
    pthread_mutex_init(&registry->mutex, NULL);
    map_init(&registry->by_arn);
    atomic_init(&registry->generation, 1);
}

void state_machine_registry_release(struct state_machine_registry *registry)
{
    MAP_EACH(entry, &registry->by_arn)
    state_machine_unref(entry->value);
    map_release(&registry->by_arn);
    pthread_mutex_destroy(&registry->mutex);
}

struct state_machine *state_machine_registry_find(struct state_machine_registry *registry,
                                                  struct str arn)
{
    pthread_mutex_lock(&registry->mutex);
    struct state_machine *found = map_find(&registry->by_arn, arn);
    if (found != NULL) state_machine_ref(found);
    pthread_mutex_unlock(&registry->mutex);
    return found;
}

enum status state_machine_registry_replace(struct state_machine_registry *registry,
                                           struct state_machine *expected,
                                           struct state_machine *state_machine)
{
    enum status status = STATUS_OK;
    pthread_mutex_lock(&registry->mutex);
    if (map_find(&registry->by_arn, state_machine->arn) != expected) {
        status = STATUS_CONFLICT;
    } else if (!map_set(&registry->by_arn, state_machine->arn, state_machine)) {
        status = STATUS_NO_MEMORY;
    } else {
        state_machine_ref(state_machine);
        atomic_fetch_add(&registry->generation, 1);
    }
    pthread_mutex_unlock(&registry->mutex);
    if (status == STATUS_OK) state_machine_unref(expected);
    return status;
}

enum status state_machine_registry_remove(struct state_machine_registry *registry, struct str arn)
{
    pthread_mutex_lock(&registry->mutex);
    struct state_machine *removed = map_remove(&registry->by_arn, arn);
    if (removed != NULL) atomic_fetch_add(&registry->generation, 1);
    pthread_mutex_unlock(&registry->mutex);
    state_machine_unref(removed);
    return removed == NULL ? STATUS_NOT_FOUND : STATUS_OK;
}

static int order_by_name(const void *a, const void *b)
{
    const struct state_machine *const *left = a, *const *right = b;
    return str_compare((*left)->name, (*right)->name);
}

enum status state_machine_registry_list(struct state_machine_registry *registry, struct str region,
                                        struct arena *arena, struct state_machine ***ret_items,
                                        size_t *ret_count)
{
    pthread_mutex_lock(&registry->mutex);
    size_t count = 0;
    struct state_machine **items =
        arena_alloc_array(arena, registry->by_arn.count + 1, sizeof(struct state_machine *));
    if (items != NULL) {
        MAP_EACH(entry, &registry->by_arn)
        {
            struct state_machine *state_machine = entry->value;
            if (str_equal(state_machine->region, region)) {
                items[count++] = state_machine_ref(state_machine);
            }
        }
    }
    pthread_mutex_unlock(&registry->mutex);
    if (items == NULL) return STATUS_NO_MEMORY;
    qsort(items, count, sizeof(struct state_machine *), order_by_name);
    *ret_items = items;
    *ret_count = count;
    return STATUS_OK;
}

void state_machine_cache_init(struct state_machine_cache *cache,
                              struct state_machine_registry *registry)
{
    *cache = (struct state_machine_cache){.registry = registry};
    map_init(&cache->by_arn);
}

void state_machine_cache_release(struct state_machine_cache *cache)
{
    MAP_EACH(entry, &cache->by_arn)
    state_machine_unref(entry->value);
    map_release(&cache->by_arn);
}

struct state_machine *state_machine_cache_find(struct state_machine_cache *cache, struct str arn)
{
    uint64_t generation = atomic_load_explicit(&cache->registry->generation, memory_order_acquire);
    if (UNLIKELY(generation != cache->generation)) {
        state_machine_cache_release(cache);
        cache->generation = generation;
    }
    struct state_machine *found = map_find(&cache->by_arn, arn);
    if (LIKELY(found != NULL)) return found;
    found = state_machine_registry_find(cache->registry, arn);
    if (found == NULL) return NULL;
    if (!map_set(&cache->by_arn, found->arn, found)) {
        state_machine_unref(found);
        return NULL;
    }
    return found;
}
