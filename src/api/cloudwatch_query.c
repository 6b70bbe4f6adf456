// The query protocol's ends: a form becomes a tree of names, and the tree a JSON value; results
// become elements.

#include <stdlib.h>

#include "api/cloudwatch.h"
#include "api/xml.h"
#include "base/encoding.h"

enum { PARAMETERS_MAX = 20000, PATH_DEPTH_MAX = 16 };

struct node {
    struct str name;
    struct str text;
    struct node *first; // Children.
    struct node *last;
    struct node *next;
    size_t child_count;
};

static struct node *find_child(struct arena *arena, struct node *parent, struct str name)
{
    // Parameters of a form come in order: what is looked for is mostly the last.
    if (parent->last != NULL && str_equal(parent->last->name, name)) return parent->last;
    for (struct node *child = parent->first; child != NULL; child = child->next) {
        if (str_equal(child->name, name)) return child;
    }
    struct node *child = ARENA_NEW(arena, struct node);
    if (child == NULL) return NULL;
    child->name = name;
    if (parent->last == NULL) {
        parent->first = child;
    } else {
        parent->last->next = child;
    }
    parent->last = child;
    parent->child_count++;
    return child;
}

static enum status add_pair(struct arena *arena, struct node *root, struct str pair)
{
    struct str name, value, text = pair;
    struct str raw_name = str_cut(&text, '=');
    if (text.data == NULL) text = STR("");
    if (!encoding_percent_decode(arena, raw_name, true, &name) ||
        !encoding_percent_decode(arena, text, true, &value)) {
        return arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_INVALID;
    }
    struct node *node = root;
    for (int depth = 0; name.data != NULL && name.size > 0; depth++) {
        if (depth == PATH_DEPTH_MAX) return STATUS_INVALID;
        node = find_child(arena, node, str_cut(&name, '.'));
        if (node == NULL) return STATUS_NO_MEMORY;
    }
    node->text = value;
    return STATUS_OK;
}

// As deep as PATH_DEPTH_MAX.
// NOLINTNEXTLINE(misc-no-recursion)
static struct json to_json(struct arena *arena, const struct node *node)
{
    if (node->child_count == 0) return json_from_str(node->text);
    if (node->child_count == 1 && str_is(node->first->name, "member")) {
        struct json_items items;
        json_items_init(&items, arena);
        for (const struct node *item = node->first->first; item != NULL; item = item->next)
            json_items_append(&items, to_json(arena, item));
        return json_items_finish(&items);
    }
    struct json_members members;
    json_members_init(&members, arena);
    for (const struct node *child = node->first; child != NULL; child = child->next)
        json_members_append(&members, child->name, to_json(arena, child));
    return json_members_finish(&members);
}

enum status cloudwatch_read_form(struct arena *arena, struct str form, struct json *ret_object)
{
    struct node root = {0};
    size_t count = 0;
    while (form.data != NULL && form.size > 0) {
        struct str pair = str_cut(&form, '&');
        if (pair.size == 0) continue;
        if (count++ == PARAMETERS_MAX) return STATUS_INVALID;
        enum status status = add_pair(arena, &root, pair);
        if (status != STATUS_OK) return status;
    }
    *ret_object = root.child_count == 0 ? json_empty_object : to_json(arena, &root);
    if (arena->is_exhausted) return STATUS_NO_MEMORY;
    return json_is_object(ret_object) ? STATUS_OK : STATUS_INVALID;
}

// ---------------------------------------------------------------------------------------------
// Results

static void open_close(struct buffer *buffer, struct str name, bool is_end)
{
    buffer_printf(buffer, "<%s%" STR_FORMAT ">", is_end ? "/" : "", STR_ARGS(name));
}

static void write_value(struct buffer *buffer, struct str name, const struct json *value);

// A map with arbitrary keys, which the protocol writes as entries.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the answers of this program.
static void write_map(struct buffer *buffer, const struct json *map)
{
    for (uint32_t i = 0; i < map->size; i++) {
        open_close(buffer, STR("entry"), false);
        xml_element(buffer, "key", json_str(&map->members[i].name));
        open_close(buffer, STR("value"), false);
        write_value(buffer, STR(""), &map->members[i].value);
        open_close(buffer, STR("value"), true);
        open_close(buffer, STR("entry"), true);
    }
}

static void write_scalar(struct buffer *buffer, struct str name, const struct json *value)
{
    int64_t seconds;
    if ((str_is(name, "Timestamp") || str_is(name, "Timestamps")) &&
        json_to_integer(value, &seconds)) {
        char text[CLOCK_ISO_SIZE];
        clock_render_iso(seconds * 1000, text);
        text[CLOCK_ISO_SIZE - 5] = 'Z'; // Without milliseconds.
        xml_text(buffer, (struct str){text, CLOCK_ISO_SIZE - 4});
    } else if (json_is_string(value)) {
        xml_text(buffer, json_str(value));
    } else {
        json_render(buffer, value);
    }
}

// What stands within the element of this name.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the answers of this program.
static void write_value(struct buffer *buffer, struct str name, const struct json *value)
{
    if (json_is_array(value)) {
        for (uint32_t i = 0; i < value->size; i++) {
            open_close(buffer, STR("member"), false);
            write_value(buffer, name, &value->items[i]);
            open_close(buffer, STR("member"), true);
        }
    } else if (json_is_object(value) && str_is(name, "ExtendedStatistics")) {
        write_map(buffer, value);
    } else if (json_is_object(value)) {
        cloudwatch_write_xml(buffer, value);
    } else {
        write_scalar(buffer, name, value);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the answers of this program.
void cloudwatch_write_xml(struct buffer *buffer, const struct json *result)
{
    for (uint32_t i = 0; i < result->size; i++) {
        struct str name = json_str(&result->members[i].name);
        open_close(buffer, name, false);
        write_value(buffer, name, &result->members[i].value);
        open_close(buffer, name, true);
    }
}
