// Patterns in braces: selectors on events that are JSON objects.
//
// A selector that leads to no value, or to an array or object, makes a comparison false, whatever
// the operator.

#include <assert.h>

#include "logs/filter_private.h"

static bool is_name(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '-' || byte == '@';
}

// ".name", ".*" and the forms in brackets after a dot.
static bool parse_name(struct filter_parser *parser, struct filter_step *step)
{
    if (filter_take(parser, "*")) {
        step->type = FILTER_STEP_ANY;
        return true;
    }
    size_t size = 0;
    while (size < parser->rest.size && is_name(parser->rest.data[size]))
        size++;
    if (size == 0) return filter_fail_at_character(parser);
    step->type = FILTER_STEP_NAME;
    step->name = str_slice(parser->rest, 0, size);
    parser->rest = str_skip(parser->rest, size);
    return true;
}

// "[3]", "[*]", "['a name']", "[\"a name\"]"; the bracket has been taken.
static bool parse_bracket(struct filter_parser *parser, struct filter_step *step)
{
    if (filter_take(parser, "*")) {
        step->type = FILTER_STEP_ANY;
    } else if (parser->rest.size > 0 && parser->rest.data[0] == '"') {
        step->type = FILTER_STEP_NAME;
        if (!filter_parse_quoted(parser, &step->name)) return false;
    } else if (filter_take(parser, "'")) {
        size_t size = str_find_byte(parser->rest, '\'');
        if (size == SIZE_MAX) return filter_fail(parser, "Invalid filter pattern");
        step->type = FILTER_STEP_NAME;
        step->name = str_slice(parser->rest, 0, size);
        parser->rest = str_skip(parser->rest, size + 1);
    } else {
        size_t size = 0;
        while (size < parser->rest.size && parser->rest.data[size] >= '0' &&
               parser->rest.data[size] <= '9')
            size++;
        uint64_t index;
        if (!str_to_u64(str_slice(parser->rest, 0, size), &index) || index > UINT32_MAX) {
            return filter_fail_at_character(parser);
        }
        step->type = FILTER_STEP_INDEX;
        step->index = (uint32_t)index;
        parser->rest = str_skip(parser->rest, size);
    }
    return filter_take(parser, "]") || filter_fail_at_character(parser);
}

static bool parse_selector(struct filter_parser *parser, struct filter_step **ret_first)
{
    filter_skip_blanks(parser);
    if (!filter_take(parser, "$")) return filter_fail_at_character(parser);
    struct filter_step *first = NULL, **end = &first;
    for (;;) {
        bool has_dot = filter_take(parser, ".");
        bool has_bracket = filter_take(parser, "[");
        if (!has_dot && !has_bracket) break;
        struct filter_step *step = ARENA_NEW(&parser->filter->arena, struct filter_step);
        if (step == NULL) return filter_fail(parser, "Invalid filter pattern");
        if (!(has_bracket ? parse_bracket(parser, step) : parse_name(parser, step))) return false;
        *end = step;
        end = &step->next;
    }
    *ret_first = first;
    return true;
}

static bool take_word(struct filter_parser *parser, const char *word)
{
    filter_skip_blanks(parser);
    struct str wanted = str_from_c(word);
    if (!str_equal_ignoring_case(str_slice(parser->rest, 0, wanted.size), wanted)) return false;
    struct str after = str_skip(parser->rest, wanted.size);
    if (after.size > 0 && is_name(after.data[0])) return false;
    parser->rest = after;
    return true;
}

static struct filter_condition *parse_leaf(struct filter_parser *parser, void *context)
{
    (void)context;
    struct filter_condition *condition = ARENA_NEW(&parser->filter->arena, struct filter_condition);
    if (condition == NULL || !parse_selector(parser, &condition->selector)) {
        filter_fail(parser, "Invalid filter pattern");
        return NULL;
    }
    bool is_good = true;
    if (take_word(parser, "IS")) {
        if (take_word(parser, "NULL")) {
            condition->type = FILTER_IS_NULL;
        } else if (take_word(parser, "TRUE")) {
            condition->type = FILTER_IS_TRUE;
        } else if (take_word(parser, "FALSE")) {
            condition->type = FILTER_IS_FALSE;
        } else {
            is_good = filter_fail_at_character(parser);
        }
    } else if (take_word(parser, "NOT")) {
        condition->type = FILTER_NOT_EXISTS;
        if (!take_word(parser, "EXISTS")) is_good = filter_fail_at_character(parser);
    } else {
        condition->type = FILTER_COMPARE;
        is_good = filter_parse_comparison(parser, &condition->comparison) &&
                  filter_parse_operand(parser, ")&|}", condition->comparison, &condition->operand);
    }
    return is_good ? condition : NULL;
}

bool filter_parse_json(struct filter_parser *parser)
{
    parser->filter->type = FILTER_JSON;
    if (!str_ends_with(parser->rest, STR("}"))) {
        return filter_fail(parser, "If a filter pattern starts with '{' it must end with '}'");
    }
    parser->rest = str_slice(parser->rest, 1, parser->rest.size - 2);
    parser->filter->condition = filter_parse_condition(parser, parse_leaf, NULL);
    if (parser->filter->condition == NULL) return filter_fail(parser, "Invalid filter pattern");
    filter_skip_blanks(parser);
    return parser->rest.size == 0 || filter_fail_at_character(parser);
}

// ---------------------------------------------------------------------------------------------
// Evaluation

// Whether the value at the end of a selector satisfies the condition.
static bool value_matches(struct logs_filter *filter, const struct filter_condition *condition,
                          const struct json *value)
{
    switch (condition->type) {
    case FILTER_IS_NULL: return value->type == JSON_NULL;
    case FILTER_IS_TRUE: return value->type == JSON_TRUE;
    case FILTER_IS_FALSE: return value->type == JSON_FALSE;
    case FILTER_NOT_EXISTS: return true; // Found; the caller turns it round.
    case FILTER_COMPARE: break;
    case FILTER_AND:
    case FILTER_OR: assert(false); break;
    }
    if (json_is_array(value) || json_is_object(value) || json_is_null(value)) return false;
    struct str text =
        json_is_string(value) ? json_str(value) : json_render_to_arena(&filter->scratch, value);
    return filter_compare_text(filter, condition, text);
}

// Whether any value that the steps lead to satisfies the condition. Recursion is as deep as the
// selector has steps with a wildcard.
// NOLINTNEXTLINE(misc-no-recursion)
static bool any_matches(struct logs_filter *filter, const struct filter_condition *condition,
                        const struct filter_step *step, const struct json *value)
{
    for (; step != NULL && value != NULL; step = step->next) {
        if (step->type == FILTER_STEP_NAME) {
            value = json_find(value, step->name);
        } else if (step->type == FILTER_STEP_INDEX) {
            bool is_inside = json_is_array(value) && step->index < value->size;
            value = is_inside ? &value->items[step->index] : NULL;
        } else {
            bool is_array = json_is_array(value);
            if (!is_array && !json_is_object(value)) return false;
            for (uint32_t i = 0; i < value->size; i++) {
                const struct json *part = is_array ? &value->items[i] : &value->members[i].value;
                if (any_matches(filter, condition, step->next, part)) return true;
            }
            return false;
        }
    }
    return value != NULL && value_matches(filter, condition, value);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the pattern nests.
static bool condition_matches(struct logs_filter *filter, const struct filter_condition *condition,
                              const struct json *root)
{
    if (condition->type == FILTER_AND) {
        return condition_matches(filter, condition->left, root) &&
               condition_matches(filter, condition->right, root);
    }
    if (condition->type == FILTER_OR) {
        return condition_matches(filter, condition->left, root) ||
               condition_matches(filter, condition->right, root);
    }
    bool is_match = any_matches(filter, condition, condition->selector, root);
    return condition->type == FILTER_NOT_EXISTS ? !is_match : is_match;
}

bool filter_match_json(struct logs_filter *filter, struct str message)
{
    struct str text = str_trim(message);
    if (!str_starts_with(text, STR("{"))) return false;
    struct json root;
    bool is_match = false;
    if (json_parse(&filter->scratch, text, 0, &root, NULL) == STATUS_OK) {
        is_match = condition_matches(filter, filter->condition, &root);
    }
    arena_reset(&filter->scratch);
    return is_match;
}
