// Small readers and writers of bodies.

#include "iam/body.h"

int64_t iam_body_integer(const struct json *body, struct str name)
{
    const struct json *value = json_find(body, name);
    return value != NULL && value->type == JSON_INTEGER ? value->integer : 0;
}

struct json iam_body_items(const struct json *body, struct str name)
{
    const struct json *value = json_find(body, name);
    return value != NULL && json_is_array(value) ? *value : json_empty_array;
}

bool iam_body_tags(struct arena *arena, const struct json *body, const struct iam_tag **ret_tags,
                   size_t *ret_count)
{
    struct json items = iam_body_items(body, STR("tags"));
    struct iam_tag *tags = arena_alloc_array(arena, items.size, sizeof(*tags));
    if (tags == NULL) return false;
    for (uint32_t i = 0; i < items.size; i++) {
        tags[i] = (struct iam_tag){JSON_FIND_STR(&items.items[i], "key"),
                                   JSON_FIND_STR(&items.items[i], "value")};
    }
    *ret_tags = tags;
    *ret_count = items.size;
    return true;
}

bool iam_fold_name(struct arena *arena, struct str text, struct str *ret_folded)
{
    char *folded = arena_alloc(arena, text.size);
    if (folded == NULL) return false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        folded[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    }
    *ret_folded = (struct str){folded, text.size};
    return true;
}

struct json iam_body_items_with(struct arena *arena, struct json items, struct str key,
                                const struct json *item)
{
    struct json_items list;
    json_items_init(&list, arena);
    struct str value = json_find_str(item, key, STR(""));
    bool is_replaced = false;
    for (uint32_t i = 0; i < items.size; i++) {
        bool is_same = str_equal(json_find_str(&items.items[i], key, STR("")), value);
        is_replaced |= is_same;
        json_items_append(&list, is_same ? *item : items.items[i]);
    }
    if (!is_replaced) json_items_append(&list, *item);
    return json_items_finish(&list);
}

struct json iam_body_items_without(struct arena *arena, struct json items, struct str key,
                                   struct str value)
{
    struct json_items list;
    json_items_init(&list, arena);
    for (uint32_t i = 0; i < items.size; i++) {
        if (str_equal(json_find_str(&items.items[i], key, STR("")), value)) continue;
        json_items_append(&list, items.items[i]);
    }
    return json_items_finish(&list);
}
