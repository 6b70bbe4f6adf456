// Keys may hold what XML cannot carry, so pages are asked for with encoded keys; a server that does
// not encode them does not say so either.

#include "tasks/s3_list.h"

#include <string.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "tasks/xml_reader.h"

enum { CAPACITY_MIN = 64, ITEM_FRAME_SIZE = 80 };

struct s3_object *s3_object_list_append(struct s3_object_list *list, struct arena *arena)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? CAPACITY_MIN : list->capacity * 2;
        struct s3_object *objects = arena_alloc_array(arena, capacity, sizeof(*objects));
        if (objects == NULL) return NULL;
        if (list->count > 0) memcpy(objects, list->objects, list->count * sizeof(*objects));
        list->objects = objects;
        list->capacity = capacity;
    }
    struct s3_object *object = &list->objects[list->count++];
    *object = (struct s3_object){0};
    return object;
}

static enum status read_object(const struct xml_element *contents, bool is_encoded,
                               struct arena *arena, struct s3_object *object)
{
    int64_t modified_unix_ms = 0;
    int32_t nanos;
    object->key = xml_find_text(contents, STR("Key"));
    object->etag = xml_find_text(contents, STR("ETag"));
    object->storage_class = xml_find_text(contents, STR("StorageClass"));
    if (object->key.size == 0) return STATUS_INVALID;
    if (is_encoded && !encoding_percent_decode(arena, object->key, true, &object->key))
        return arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_INVALID;
    if (encoding_utf8_check(object->key) != SIZE_MAX) return STATUS_INVALID;
    if (!str_to_u64(xml_find_text(contents, STR("Size")), &object->size)) return STATUS_INVALID;
    if (!clock_parse_rfc3339(xml_find_text(contents, STR("LastModified")), &modified_unix_ms,
                             &nanos)) {
        return STATUS_INVALID;
    }
    object->modified_unix_s = modified_unix_ms / 1000;
    return STATUS_OK;
}

enum status s3_page_read(struct str xml, struct str bucket, struct arena *arena,
                         struct s3_page *ret_page)
{
    const struct xml_element *root;
    struct s3_page page = {0};
    enum status status = xml_read(arena, xml, &root);
    if (status != STATUS_OK) return status;
    if (!str_is(root->name, "ListBucketResult")) return STATUS_INVALID;
    bool is_encoded = str_is(xml_find_text(root, STR("EncodingType")), "url");
    page.is_truncated = str_is(xml_find_text(root, STR("IsTruncated")), "true");
    page.next_token = xml_find_text(root, STR("NextContinuationToken"));
    for (const struct xml_element *child = root->first_child; child != NULL; child = child->next) {
        if (!str_is(child->name, "Contents")) continue;
        struct s3_object *object = s3_object_list_append(&page.objects, arena);
        if (object == NULL) return STATUS_NO_MEMORY;
        object->bucket = bucket;
        status = read_object(child, is_encoded, arena, object);
        if (status != STATUS_OK) return status;
    }
    *ret_page = page;
    return STATUS_OK;
}

static void add_text(struct json_members *members, struct str name, struct str text)
{
    struct str copy;
    if (!arena_copy_str(members->arena, text, &copy)) return;
    json_members_append(members, name, json_from_str(copy));
}

struct json s3_object_item(struct arena *arena, const struct s3_object *object)
{
    struct json_members members;
    json_members_init(&members, arena);
    add_text(&members, STR("Etag"), object->etag);
    add_text(&members, STR("Key"), object->key);
    json_members_append(&members, STR("LastModified"), json_from_integer(object->modified_unix_s));
    json_members_append(&members, STR("Size"), json_from_integer((int64_t)object->size));
    add_text(&members, STR("StorageClass"),
             object->storage_class.size == 0 ? STR("STANDARD") : object->storage_class);
    return json_members_finish(&members);
}

size_t s3_object_item_size(const struct s3_object *object)
{
    return object->key.size + object->etag.size + ITEM_FRAME_SIZE;
}
