// Patterns in brackets: events split at blanks, where text in brackets or double quotes is one
// field.

#include <assert.h>

#include "logs/filter_private.h"

// "name op value"; all names within one field are the same.
static struct filter_condition *parse_leaf(struct filter_parser *parser, void *context)
{
    struct str *field_name = context;
    filter_skip_blanks(parser);
    size_t size = 0;
    while (size < parser->rest.size &&
           strchr(",]=!<>&|()\" \t\r\n", parser->rest.data[size]) == NULL)
        size++;
    struct str name = str_slice(parser->rest, 0, size);
    parser->rest = str_skip(parser->rest, size);
    bool is_other = field_name->size > 0 && !str_equal(*field_name, name);
    if (size == 0) filter_fail_at_character(parser);
    if (is_other) filter_fail(parser, "Invalid filter pattern");
    if (size == 0 || is_other) return NULL;
    *field_name = name;
    struct filter_condition *condition = ARENA_NEW(&parser->filter->arena, struct filter_condition);
    if (condition == NULL) return NULL;
    condition->type = FILTER_COMPARE;
    bool is_good =
        filter_parse_comparison(parser, &condition->comparison) &&
        filter_parse_operand(parser, ",])&|", condition->comparison, &condition->operand);
    return is_good ? condition : NULL;
}

// Whether only a name comes before the next comma or bracket; takes it.
static bool take_bare_name(struct filter_parser *parser)
{
    size_t size = 0;
    while (size < parser->rest.size && strchr(",]=!<>&|()\"", parser->rest.data[size]) == NULL)
        size++;
    bool is_bare = size < parser->rest.size &&
                   (parser->rest.data[size] == ',' || parser->rest.data[size] == ']');
    if (is_bare) parser->rest = str_skip(parser->rest, size);
    return is_bare;
}

static bool parse_field(struct filter_parser *parser, struct filter_field *field)
{
    *field = (struct filter_field){0};
    filter_skip_blanks(parser);
    if (filter_take(parser, "...") || filter_take(parser, "…")) {
        for (size_t i = 0; i < parser->filter->field_count; i++) {
            if (parser->filter->fields[i].is_ellipsis) {
                return filter_fail(parser, "Invalid filter pattern");
            }
        }
        field->is_ellipsis = true;
        return true;
    }
    if (take_bare_name(parser)) return true;
    struct str name = STR("");
    field->condition = filter_parse_condition(parser, parse_leaf, &name);
    return field->condition != NULL || filter_fail(parser, "Invalid filter pattern");
}

bool filter_parse_fields(struct filter_parser *parser)
{
    struct logs_filter *filter = parser->filter;
    filter->type = FILTER_FIELDS;
    filter->fields = arena_alloc_array(&filter->arena, FILTER_FIELDS_MAX, sizeof(*filter->fields));
    if (filter->fields == NULL) return filter_fail(parser, "Invalid filter pattern");
    parser->rest = str_skip(parser->rest, 1);
    for (;;) {
        if (filter->field_count == FILTER_FIELDS_MAX) {
            return filter_fail(parser, "Invalid filter pattern: too many fields");
        }
        if (!parse_field(parser, &filter->fields[filter->field_count])) return false;
        filter->field_count++;
        filter_skip_blanks(parser);
        if (filter_take(parser, "]")) break;
        if (!filter_take(parser, ",")) return filter_fail_at_character(parser);
    }
    filter_skip_blanks(parser);
    return parser->rest.size == 0 || filter_fail_at_character(parser);
}

// ---------------------------------------------------------------------------------------------
// Evaluation

// Take the next field of an event; false at its end.
static bool take_field(struct str *rest, struct str *ret_field)
{
    while (rest->size > 0 && strchr(" \t\r\n", rest->data[0]) != NULL)
        *rest = str_skip(*rest, 1);
    if (rest->size == 0) return false;
    char close = rest->data[0] == '[' ? ']' : rest->data[0] == '"' ? '"' : '\0';
    if (close != '\0') {
        size_t size = str_find_byte(str_skip(*rest, 1), close);
        if (size != SIZE_MAX) {
            *ret_field = str_slice(*rest, 1, size);
            *rest = str_skip(*rest, size + 2);
            return true;
        }
    }
    size_t size = 0;
    while (size < rest->size && rest->data[size] != ' ' && rest->data[size] != '\t' &&
           rest->data[size] != '\r' && rest->data[size] != '\n')
        size++;
    *ret_field = str_slice(*rest, 0, size);
    *rest = str_skip(*rest, size);
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the pattern nests.
static bool condition_matches(const struct logs_filter *filter,
                              const struct filter_condition *condition, struct str field)
{
    if (condition->type == FILTER_AND) {
        return condition_matches(filter, condition->left, field) &&
               condition_matches(filter, condition->right, field);
    }
    if (condition->type == FILTER_OR) {
        return condition_matches(filter, condition->left, field) ||
               condition_matches(filter, condition->right, field);
    }
    return filter_compare_text(filter, condition, field);
}

static size_t count_fields(struct str message)
{
    size_t count = 0;
    struct str field;
    while (take_field(&message, &field))
        count++;
    return count;
}

bool filter_match_fields(struct logs_filter *filter, struct str message)
{
    size_t count = count_fields(message);
    size_t skipped = 0; // By the ellipsis.
    for (size_t i = 0; i < filter->field_count; i++) {
        if (!filter->fields[i].is_ellipsis) continue;
        if (count + 1 < filter->field_count) return false;
        skipped = count + 1 - filter->field_count;
        count = filter->field_count;
        break;
    }
    if (count != filter->field_count) return false;
    struct str rest = message, text;
    for (size_t i = 0; i < filter->field_count; i++) {
        const struct filter_field *field = &filter->fields[i];
        if (field->is_ellipsis) {
            for (; skipped > 0; skipped--)
                if (!take_field(&rest, &text)) return false;
            continue;
        }
        if (!take_field(&rest, &text)) return false;
        if (field->condition != NULL && !condition_matches(filter, field->condition, text)) {
            return false;
        }
    }
    return true;
}
