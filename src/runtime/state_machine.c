// Building and storing state machines.

#include "runtime/state_machine.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "json/json.h"
#include "runtime/stored.h"

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
        .version = state_machine->version,
        .description = state_machine->description,
        .last_version = state_machine->last_version,
        .is_created_published = state_machine->is_created_published,
        .creation_description = state_machine->creation_description,
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

// The entry's texts: those of the state machine, with the version's number behind them.
static bool name_entry(struct state_machine *state_machine)
{
    struct catalog_entry *entry = &state_machine->entry;
    struct arena *arena = &state_machine->arena;
    entry->region = state_machine->region;
    entry->arn = state_machine->arn;
    entry->name = state_machine->name;
    if (state_machine->version == 0) return true;
    unsigned long long version = state_machine->version;
    entry->arn = arena_printf(arena, "%" STR_FORMAT ":%llu", STR_ARGS(entry->arn), version);
    entry->name = arena_printf(arena, "%" STR_FORMAT ":%llu", STR_ARGS(entry->name), version);
    entry->parent_arn = state_machine->arn;
    state_machine->version_arn = entry->arn;
    return !arena->is_exhausted;
}

static bool copy_fields(struct state_machine *state_machine,
                        const struct state_machine_fields *fields)
{
    static _Atomic uint64_t last_serial;
    struct arena *arena = &state_machine->arena;
    state_machine->serial = atomic_fetch_add_explicit(&last_serial, 1, memory_order_relaxed) + 1;
    state_machine->type = fields->type;
    state_machine->created_unix_ms = fields->created_unix_ms;
    state_machine->updated_unix_ms = fields->updated_unix_ms;
    state_machine->log_level = fields->log_level;
    state_machine->logs_execution_data = fields->logs_execution_data;
    state_machine->tracing_enabled = fields->tracing_enabled;
    state_machine->version = fields->version;
    state_machine->last_version = fields->last_version;
    state_machine->is_created_published = fields->is_created_published;
    bool is_copied =
        arena_copy_str(arena, fields->arn, &state_machine->arn) &&
        arena_copy_str(arena, fields->name, &state_machine->name) &&
        arena_copy_str(arena, fields->region, &state_machine->region) &&
        arena_copy_str(arena, fields->role_arn, &state_machine->role_arn) &&
        arena_copy_str(arena, fields->revision_id, &state_machine->revision_id) &&
        arena_copy_str(arena, fields->log_group_arn, &state_machine->log_group_arn) &&
        json_copy(arena, &fields->encryption, &state_machine->encryption) &&
        json_copy(arena, &fields->tags, &state_machine->tags) &&
        arena_copy_str(arena, fields->description, &state_machine->description) &&
        arena_copy_str(arena, fields->creation_description, &state_machine->creation_description);
    state_machine->log_group_name = log_group_name_of(state_machine->log_group_arn);
    return is_copied && name_entry(state_machine);
}

static void free_entry(struct catalog_entry *entry)
{
    struct state_machine *state_machine = CONTAINER_OF(entry, struct state_machine, entry);
    logs_group_unref(state_machine->log_group);
    asl_machine_unref(state_machine->machine);
    arena_release(&state_machine->arena);
    free(state_machine);
}

static void encode_entry(struct catalog_entry *entry, struct buffer *buffer)
{
    state_machine_encode(CONTAINER_OF(entry, struct state_machine, entry), buffer);
}

static const struct catalog_type machine_type = {
    .kind = STORE_KIND_STATE_MACHINE, .encode = encode_entry, .free = free_entry};
static const struct catalog_type version_type = {
    .kind = STORE_KIND_STATE_MACHINE_VERSION, .encode = encode_entry, .free = free_entry};

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

enum status state_machine_new_of(const struct state_machine_fields *fields,
                                 const struct asl_machine *machine,
                                 struct state_machine **ret_state_machine)
{
    struct state_machine *state_machine = calloc(1, sizeof(*state_machine));
    if (state_machine == NULL) {
        asl_machine_unref(machine);
        return STATUS_NO_MEMORY;
    }
    catalog_entry_init(&state_machine->entry, fields->version > 0 ? &version_type : &machine_type);
    arena_init(&state_machine->arena, MIB(1));
    state_machine->machine = machine;
    if (!copy_fields(state_machine, fields) || !make_definition_key(state_machine)) {
        state_machine_unref(state_machine);
        return STATUS_NO_MEMORY;
    }
    *ret_state_machine = state_machine;
    return STATUS_OK;
}

enum status state_machine_new(const struct state_machine_fields *fields,
                              struct asl_diagnostics *diagnostics,
                              struct state_machine **ret_state_machine)
{
    const struct asl_machine *machine;
    // "NAME/LABEL" is what the children of a Map run run.
    bool is_processor = str_find_byte(fields->name, '/') != SIZE_MAX;
    enum status status =
        is_processor ? asl_processor_parse(fields->definition, fields->type, &machine)
                     : asl_machine_parse(fields->definition, fields->type, diagnostics, &machine);
    if (status != STATUS_OK) return status;
    return state_machine_new_of(fields, machine, ret_state_machine);
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
    catalog_entry_ref(&state_machine->entry);
    return state_machine;
}

void state_machine_unref(struct state_machine *state_machine)
{
    if (state_machine != NULL) catalog_entry_unref(&state_machine->entry);
}

struct state_machine *state_machine_of(struct catalog_entry *entry)
{
    if (entry == NULL || (entry->type != &machine_type && entry->type != &version_type)) {
        return NULL;
    }
    return CONTAINER_OF(entry, struct state_machine, entry);
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
    json_writer_integer_member(&writer, STR("version"), (int64_t)state_machine->version);
    json_writer_string_member(&writer, STR("description"), state_machine->description);
    json_writer_integer_member(&writer, STR("lastVersion"), (int64_t)state_machine->last_version);
    json_writer_bool_member(&writer, STR("createdPublished"), state_machine->is_created_published);
    json_writer_string_member(&writer, STR("creationDescription"),
                              state_machine->creation_description);
    json_writer_end_object(&writer);
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
        .arn = stored_str(&body, STR("arn")),
        .name = stored_str(&body, STR("name")),
        .region = stored_str(&body, STR("region")),
        .role_arn = stored_str(&body, STR("roleArn")),
        .definition = stored_str(&body, STR("definition")),
        .type = stored_bool(&body, STR("isExpress")) ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD,
        .created_unix_ms = stored_integer(&body, STR("createdUnixMs")),
        .updated_unix_ms = stored_integer(&body, STR("updatedUnixMs")),
        .revision_id = stored_str(&body, STR("revisionId")),
        .logs_execution_data = stored_bool(&body, STR("logsExecutionData")),
        .log_group_arn = stored_str(&body, STR("logGroupArn")),
        .tracing_enabled = stored_bool(&body, STR("tracingEnabled")),
        .encryption = *stored_value(&body, STR("encryption")),
        .tags = *stored_value(&body, STR("tags")),
        .version = (uint64_t)stored_integer(&body, STR("version")),
        .description = stored_str(&body, STR("description")),
        .last_version = (uint64_t)stored_integer(&body, STR("lastVersion")),
        .is_created_published = stored_bool(&body, STR("createdPublished")),
        .creation_description = stored_str(&body, STR("creationDescription")),
    };
    if (!state_machine_log_level_find(stored_str(&body, STR("logLevel")), &fields.log_level)) {
        return STATUS_CORRUPT;
    }
    struct asl_diagnostics diagnostics;
    asl_diagnostics_init(&diagnostics, &arena);
    enum status status = state_machine_new(&fields, &diagnostics, ret_state_machine);
    return status == STATUS_INVALID ? STATUS_CORRUPT : status;
}
