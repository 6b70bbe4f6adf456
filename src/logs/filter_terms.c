// Patterns of terms: substrings that an event must contain, must not contain, or may contain one
// of.

#include <assert.h>

#include "logs/filter_private.h"

static bool is_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static bool parse_word(struct filter_parser *parser, struct str *ret_text)
{
    size_t size = 0;
    while (size < parser->rest.size && is_word(parser->rest.data[size]))
        size++;
    if (size == 0) return filter_fail_at_character(parser);
    *ret_text = str_slice(parser->rest, 0, size);
    parser->rest = str_skip(parser->rest, size);
    return true;
}

static bool parse_term(struct filter_parser *parser, struct filter_term *ret_term)
{
    *ret_term = (struct filter_term){0};
    if (filter_take(parser, "?")) {
        ret_term->type = FILTER_TERM_OPTIONAL;
    } else if (filter_take(parser, "-")) {
        ret_term->type = FILTER_TERM_EXCLUDED;
        filter_skip_blanks(parser);
    }
    struct str start = parser->rest;
    if (start.size > 0 && start.data[0] == '%') return filter_parse_regex(parser, &ret_term->regex);
    if (start.size == 0 || start.data[0] != '"') return parse_word(parser, &ret_term->text);
    if (!filter_parse_quoted(parser, &ret_term->text)) return false;
    if (ret_term->text.size > 0) return true;
    return filter_fail(parser, "Invalid character(s) in term '\"\"'");
}

bool filter_parse_terms(struct filter_parser *parser)
{
    struct logs_filter *filter = parser->filter;
    filter->type = FILTER_TERMS;
    // Each term takes at least one byte of the pattern.
    filter->terms =
        arena_alloc_array(&filter->arena, parser->rest.size + 1, sizeof(*filter->terms));
    if (filter->terms == NULL) return filter_fail(parser, "Invalid filter pattern");
    filter_skip_blanks(parser);
    while (parser->rest.size > 0) {
        struct filter_term *term = &filter->terms[filter->term_count];
        if (!parse_term(parser, term)) return false;
        filter->has_required |= term->type == FILTER_TERM_REQUIRED;
        filter->has_optional |= term->type == FILTER_TERM_OPTIONAL;
        filter->term_count++;
        size_t before = parser->rest.size;
        filter_skip_blanks(parser);
        // Terms stand apart; a quoted one may touch its neighbour.
        bool is_apart = before != parser->rest.size || parser->rest.size == 0 ||
                        parser->rest.data[-1] == '"' || parser->rest.data[-1] == '%' ||
                        parser->rest.data[0] == '"' || parser->rest.data[0] == '%';
        if (!is_apart) return filter_fail_at_character(parser);
    }
    return true;
}

static bool contains(const struct logs_filter *filter, const struct filter_term *term,
                     struct str message)
{
    if (term->regex != NULL) return filter_regex_matches(filter, term->regex, message);
    return str_find(message, term->text) != SIZE_MAX;
}

bool filter_match_terms(struct logs_filter *filter, struct str message)
{
    bool is_optional_found = false;
    for (size_t i = 0; i < filter->term_count; i++) {
        const struct filter_term *term = &filter->terms[i];
        if (term->type == FILTER_TERM_OPTIONAL) {
            // The service ignores optional terms beside required ones.
            if (!filter->has_required && !is_optional_found) {
                is_optional_found = contains(filter, term, message);
            }
        } else if (contains(filter, term, message) != (term->type == FILTER_TERM_REQUIRED)) {
            return false;
        }
    }
    return is_optional_found || filter->has_required || !filter->has_optional;
}
