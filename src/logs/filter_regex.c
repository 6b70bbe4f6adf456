// Regular expressions by PCRE2, restricted to what the service admits and with bounded work: an
// expression that takes too long on an event does not match it.

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "logs/filter_private.h"

enum { MATCH_STEPS_MAX = 100000, MATCH_HEAP_KIB_MAX = 1024 };

static bool is_admitted(char byte)
{
    static const char others[] = ":_#=@/;,-^$?[]{}|\\*+.";
    bool is_alphanumeric = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= 'A' && byte <= 'Z');
    return is_alphanumeric || (byte != '\0' && strchr(others, byte) != NULL);
}

static bool prepare_matching(struct logs_filter *filter, const pcre2_code *code)
{
    if (filter->match_data == NULL) {
        filter->match_data = pcre2_match_data_create_from_pattern(code, NULL);
    }
    if (filter->match_context == NULL) {
        pcre2_match_context *context = pcre2_match_context_create(NULL);
        filter->match_context = context;
        if (context == NULL) return false;
        pcre2_set_match_limit(context, MATCH_STEPS_MAX);
        pcre2_set_depth_limit(context, MATCH_STEPS_MAX);
        pcre2_set_heap_limit(context, MATCH_HEAP_KIB_MAX);
    }
    return filter->match_data != NULL;
}

bool filter_parse_regex(struct filter_parser *parser, const struct filter_regex **ret_regex)
{
    struct logs_filter *filter = parser->filter;
    parser->rest = str_skip(parser->rest, 1);
    size_t size = 0;
    while (size < parser->rest.size && parser->rest.data[size] != '%') {
        if (!is_admitted(parser->rest.data[size])) {
            parser->rest = str_skip(parser->rest, size);
            return filter_fail_at_character(parser);
        }
        size++;
    }
    if (size == 0 || size == parser->rest.size)
        return filter_fail(parser, "Invalid filter pattern");
    if (filter->regex_count == FILTER_REGEXES_MAX) {
        return filter_fail(parser, "Invalid filter pattern: too many regular expressions");
    }
    int error;
    size_t error_offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)parser->rest.data, size,
                                     PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                                     &error, &error_offset, NULL);
    if (code == NULL) {
        return filter_fail(parser, "Invalid filter pattern: invalid regular expression");
    }
    filter->regexes[filter->regex_count++] = (struct filter_regex *)code;
    if (!prepare_matching(filter, code)) return filter_fail(parser, "Invalid filter pattern");
    parser->rest = str_skip(parser->rest, size + 1);
    *ret_regex = (const struct filter_regex *)code;
    return true;
}

bool filter_regex_matches(const struct logs_filter *filter, const struct filter_regex *regex,
                          struct str text)
{
    int count =
        pcre2_match((const pcre2_code *)regex, (PCRE2_SPTR)(text.size == 0 ? "" : text.data),
                    text.size, 0, 0, filter->match_data, filter->match_context);
    return count >= 0;
}

void filter_regexes_free(struct logs_filter *filter)
{
    for (size_t i = 0; i < filter->regex_count; i++)
        pcre2_code_free((pcre2_code *)filter->regexes[i]);
    pcre2_match_data_free(filter->match_data);
    pcre2_match_context_free(filter->match_context);
}
