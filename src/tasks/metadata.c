// SdkHttpMetadata, which optimised integrations show beside an answer.

#include "tasks/call.h"

static struct json one_header(struct arena *arena, struct json value)
{
    const struct json *item = json_new(arena, value);
    return item == NULL ? json_empty_array : json_from_items(item, 1);
}

struct json tasks_http_metadata(struct arena *arena, const struct http_header *headers,
                                size_t header_count, int status)
{
    struct json_members all, single, metadata;
    json_members_init(&all, arena);
    json_members_init(&single, arena);
    json_members_init(&metadata, arena);
    for (size_t i = 0; i < header_count; i++) {
        struct str name, text;
        if (headers[i].value.size == 0) continue;
        if (!arena_copy_str(arena, headers[i].name, &name) ||
            !arena_copy_str(arena, headers[i].value, &text)) {
            break; // The arena remembers.
        }
        struct json value = json_from_str(text);
        json_members_set(&all, name, one_header(arena, value));
        json_members_set(&single, name, value);
    }
    json_members_append(&metadata, STR("AllHttpHeaders"), json_members_finish(&all));
    json_members_append(&metadata, STR("HttpHeaders"), json_members_finish(&single));
    json_members_append(&metadata, STR("HttpStatusCode"), json_from_integer(status));
    return json_members_finish(&metadata);
}
