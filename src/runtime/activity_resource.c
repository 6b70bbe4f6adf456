// Building and storing activities.

#include "runtime/activity_resource.h"

#include <stdlib.h>

#include "runtime/stored.h"

static void free_entry(struct catalog_entry *entry)
{
    struct activity *activity = CONTAINER_OF(entry, struct activity, entry);
    arena_release(&activity->arena);
    free(activity);
}

static void encode_entry(struct catalog_entry *entry, struct buffer *buffer)
{
    const struct activity *activity = CONTAINER_OF(entry, struct activity, entry);
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("arn"), activity->arn);
    json_writer_string_member(&writer, STR("name"), activity->name);
    json_writer_string_member(&writer, STR("region"), activity->region);
    json_writer_integer_member(&writer, STR("createdUnixMs"), activity->created_unix_ms);
    json_writer_value_member(&writer, STR("encryption"), &activity->encryption);
    json_writer_value_member(&writer, STR("tags"), &activity->tags);
    json_writer_end_object(&writer);
}

static const struct catalog_type activity_type = {
    .kind = STORE_KIND_ACTIVITY, .encode = encode_entry, .free = free_entry};

struct activity_fields activity_fields_of(const struct activity *activity)
{
    return (struct activity_fields){
        .arn = activity->arn,
        .name = activity->name,
        .region = activity->region,
        .created_unix_ms = activity->created_unix_ms,
        .encryption = activity->encryption,
        .tags = activity->tags,
    };
}

enum status activity_new(const struct activity_fields *fields, struct activity **ret_activity)
{
    struct activity *activity = calloc(1, sizeof(*activity));
    if (activity == NULL) return STATUS_NO_MEMORY;
    catalog_entry_init(&activity->entry, &activity_type);
    struct arena *arena = &activity->arena;
    arena_init(arena, KIB(256));
    activity->created_unix_ms = fields->created_unix_ms;
    if (!arena_copy_str(arena, fields->arn, &activity->arn) ||
        !arena_copy_str(arena, fields->name, &activity->name) ||
        !arena_copy_str(arena, fields->region, &activity->region) ||
        !json_copy(arena, &fields->encryption, &activity->encryption) ||
        !json_copy(arena, &fields->tags, &activity->tags)) {
        activity_unref(activity);
        return STATUS_NO_MEMORY;
    }
    activity->entry.arn = activity->arn;
    activity->entry.region = activity->region;
    activity->entry.name = activity->name;
    *ret_activity = activity;
    return STATUS_OK;
}

void activity_unref(struct activity *activity)
{
    if (activity != NULL) catalog_entry_unref(&activity->entry);
}

struct activity *activity_of(struct catalog_entry *entry)
{
    if (entry == NULL || entry->type != &activity_type) return NULL;
    return CONTAINER_OF(entry, struct activity, entry);
}

enum status activity_decode(struct str text, struct activity **ret_activity)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct json body;
    if (json_parse(&arena, text, 0, &body, NULL) != STATUS_OK || !json_is_object(&body)) {
        return STATUS_CORRUPT;
    }
    struct activity_fields fields = {
        .arn = stored_str(&body, STR("arn")),
        .name = stored_str(&body, STR("name")),
        .region = stored_str(&body, STR("region")),
        .created_unix_ms = stored_integer(&body, STR("createdUnixMs")),
        .encryption = *stored_value(&body, STR("encryption")),
        .tags = *stored_value(&body, STR("tags")),
    };
    if (fields.arn.size == 0 || !json_is_object(&fields.tags)) return STATUS_CORRUPT;
    return activity_new(&fields, ret_activity);
}
