// The kind of a pattern is told by its first character; compiling and matching go to its file.

#include "logs/filter.h"

#include <assert.h>
#include <stdlib.h>

#include "logs/filter_private.h"

enum { FILTER_ARENA_BYTES_MAX = 1 << 20 };

enum status logs_filter_new(struct str pattern, struct arena *arena,
                            struct logs_filter **ret_filter, struct str *reterr_message)
{
    struct str text = str_trim(pattern);
    if (text.size == 0) {
        *ret_filter = NULL;
        return STATUS_OK;
    }
    if (pattern.size > LOGS_FILTER_SIZE_MAX) {
        *reterr_message = STR("1 validation error detected: Value at 'filterPattern' failed to "
                              "satisfy constraint: Member must have length less than or equal to "
                              "1024");
        return STATUS_INVALID;
    }
    struct logs_filter *filter = calloc(1, sizeof(*filter));
    if (filter == NULL) return STATUS_NO_MEMORY;
    arena_init(&filter->arena, FILTER_ARENA_BYTES_MAX);
    arena_init(&filter->scratch, FILTER_SCRATCH_BYTES_MAX);
    struct filter_parser parser = {.filter = filter};
    bool is_good = false;
    if (arena_copy_str(&filter->arena, text, &parser.rest)) {
        char first = parser.rest.data[0];
        is_good = first == '{'   ? filter_parse_json(&parser)
                  : first == '[' ? filter_parse_fields(&parser)
                                 : filter_parse_terms(&parser);
    }
    if (is_good) {
        *ret_filter = filter;
        return STATUS_OK;
    }
    if (parser.error.data == NULL) parser.error = STR("Invalid filter pattern");
    bool is_copied = arena_copy_str(arena, parser.error, reterr_message);
    logs_filter_free(filter);
    return is_copied ? STATUS_INVALID : STATUS_NO_MEMORY;
}

bool logs_filter_matches(struct logs_filter *filter, struct str message)
{
    switch (filter->type) {
    case FILTER_TERMS: return filter_match_terms(filter, message);
    case FILTER_JSON: return filter_match_json(filter, message);
    case FILTER_FIELDS: return filter_match_fields(filter, message);
    }
    return false;
}

void logs_filter_free(struct logs_filter *filter)
{
    if (filter == NULL) return;
    filter_regexes_free(filter);
    arena_release(&filter->arena);
    arena_release(&filter->scratch);
    free(filter);
}
