// The parser is expat's; this builds the tree. Elements that are still open form a stack.

#include "tasks/xml_reader.h"

#include <assert.h>
#include <expat.h>
#include <limits.h>
#include <string.h>

#include "base/buffer.h"

struct builder {
    XML_Parser parser;
    struct arena *arena;
    struct xml_element root; // Stands above the document's own element.
    struct xml_element *open[XML_DEPTH_MAX + 1];
    struct xml_element *last[XML_DEPTH_MAX + 1]; // Latest child of each.
    size_t depth;                                // Of open[], the index of the innermost.
    struct buffer text;                          // Since the latest tag.
    enum status status;
};

static void stop(struct builder *builder, enum status status)
{
    if (builder->status == STATUS_OK) builder->status = status;
    XML_StopParser(builder->parser, XML_FALSE);
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct builder *builder = context;
    (void)attributes;
    buffer_clear(&builder->text);
    if (builder->depth == XML_DEPTH_MAX) {
        stop(builder, STATUS_INVALID);
        return;
    }
    const char *colon = strrchr(name, ':');
    struct xml_element *element = ARENA_NEW(builder->arena, struct xml_element);
    if (element == NULL ||
        !arena_copy_str(builder->arena, str_from_c(colon == NULL ? name : colon + 1),
                        &element->name)) {
        stop(builder, STATUS_NO_MEMORY);
        return;
    }
    struct xml_element *parent = builder->open[builder->depth];
    struct xml_element *sibling = builder->last[builder->depth];
    if (sibling == NULL) {
        parent->first_child = element;
    } else {
        sibling->next = element;
    }
    builder->last[builder->depth] = element;
    builder->depth++;
    builder->open[builder->depth] = element;
    builder->last[builder->depth] = NULL;
}

static void on_end(void *context, const XML_Char *name)
{
    struct builder *builder = context;
    (void)name;
    assert(builder->depth > 0);
    struct xml_element *element = builder->open[builder->depth];
    bool is_leaf = element->first_child == NULL;
    if (is_leaf && !buffer_copy_to_arena(&builder->text, builder->arena, &element->text)) {
        stop(builder, STATUS_NO_MEMORY);
        return;
    }
    buffer_clear(&builder->text);
    builder->depth--;
}

static void on_text(void *context, const XML_Char *text, int size)
{
    struct builder *builder = context;
    buffer_append(&builder->text, text, (size_t)size);
}

static void on_document_type(void *context, const XML_Char *name, const XML_Char *system_id,
                             const XML_Char *public_id, int has_internal_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    stop(context, STATUS_INVALID);
}

enum status xml_read(struct arena *arena, struct str text, const struct xml_element **ret_root)
{
    struct builder builder = {.arena = arena};
    if (text.size > INT_MAX) return STATUS_INVALID;
    builder.parser = XML_ParserCreate("UTF-8");
    if (builder.parser == NULL) return STATUS_NO_MEMORY;
    builder.open[0] = &builder.root;
    buffer_init(&builder.text, text.size + 1);
    XML_SetUserData(builder.parser, &builder);
    XML_SetElementHandler(builder.parser, on_start, on_end);
    XML_SetCharacterDataHandler(builder.parser, on_text);
    XML_SetStartDoctypeDeclHandler(builder.parser, on_document_type);
    bool is_read = XML_Parse(builder.parser, text.data, (int)text.size, XML_TRUE) == XML_STATUS_OK;
    if (builder.status == STATUS_OK && builder.text.is_failed) builder.status = STATUS_NO_MEMORY;
    if (builder.status == STATUS_OK && !is_read) {
        bool is_full = XML_GetErrorCode(builder.parser) == XML_ERROR_NO_MEMORY;
        builder.status = is_full ? STATUS_NO_MEMORY : STATUS_INVALID;
    }
    XML_ParserFree(builder.parser);
    buffer_release(&builder.text);
    if (builder.status == STATUS_OK) *ret_root = builder.root.first_child;
    return builder.status;
}

const struct xml_element *xml_find(const struct xml_element *parent, struct str name)
{
    const struct xml_element *child = parent == NULL ? NULL : parent->first_child;
    while (child != NULL && !str_equal(child->name, name))
        child = child->next;
    return child;
}

struct str xml_find_text(const struct xml_element *parent, struct str name)
{
    const struct xml_element *child = xml_find(parent, name);
    return child == NULL ? (struct str){0} : child->text;
}
