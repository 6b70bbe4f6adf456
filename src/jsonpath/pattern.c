// Regular expressions by PCRE2. Compiled ones live in the arena of their path; what matching needs
// lives in the arena of the evaluation. Limits keep a pattern that would try for ever from doing
// so.

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "jsonpath/path.h"

enum {
    MATCH_LIMIT = 1000 * 1000, // Of steps within one match.
    DEPTH_LIMIT = 10 * 1000,
    HEAP_LIMIT_KIB = 4 * 1024,
};

struct pattern {
    pcre2_code *code;
};

struct matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static void *allocate(size_t size, void *arena)
{
    return arena_alloc(arena, size);
}

static void release(void *bytes, void *arena)
{
    (void)bytes; // Goes with the arena.
    (void)arena;
}

// The letters of Java's embedded flags; what is unknown has no effect.
static uint32_t options_of(struct str flags)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    for (size_t i = 0; i < flags.size; i++) {
        switch (flags.data[i]) {
        case 'i': options |= PCRE2_CASELESS; break;
        case 'm': options |= PCRE2_MULTILINE; break;
        case 's': options |= PCRE2_DOTALL; break;
        case 'x': options |= PCRE2_EXTENDED; break;
        case 'U': options |= PCRE2_UCP; break;
        default: break;
        }
    }
    return options;
}

const struct pattern *pattern_compile(struct arena *arena, struct str text, struct str flags,
                                      struct str *reterr_reason)
{
    struct pattern *pattern = arena_alloc(arena, sizeof(*pattern));
    pcre2_general_context *general = pcre2_general_context_create(allocate, release, arena);
    if (pattern == NULL || general == NULL) return NULL;
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    if (context == NULL) return NULL;
    int error;
    PCRE2_SIZE offset;
    pattern->code = pcre2_compile((PCRE2_SPTR)text.data, text.size, options_of(flags), &error,
                                  &offset, context);
    if (pattern->code != NULL) return pattern;
    if (arena->is_exhausted) return NULL;
    char reason[160];
    pcre2_get_error_message(error, (PCRE2_UCHAR *)reason, sizeof(reason));
    *reterr_reason = arena_printf(arena, "%s near index %zu", reason, (size_t)offset);
    return NULL;
}

static struct matcher *matcher_of(struct evaluation *evaluation)
{
    if (evaluation->matcher != NULL) return evaluation->matcher;
    struct matcher *matcher = arena_alloc(evaluation->arena, sizeof(*matcher));
    pcre2_general_context *general =
        pcre2_general_context_create(allocate, release, evaluation->arena);
    if (matcher == NULL || general == NULL) return NULL;
    matcher->context = pcre2_match_context_create(general);
    matcher->data = pcre2_match_data_create(1, general); // Whether, not where.
    if (matcher->context == NULL || matcher->data == NULL) return NULL;
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    pcre2_set_depth_limit(matcher->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(matcher->context, HEAP_LIMIT_KIB);
    evaluation->matcher = matcher;
    return matcher;
}

enum outcome pattern_matches(struct evaluation *evaluation, const struct pattern *pattern,
                             struct str text, bool *ret_matches)
{
    struct matcher *matcher = matcher_of(evaluation);
    if (matcher == NULL) return OUTCOME_NO_MEMORY;
    PCRE2_SPTR subject = (PCRE2_SPTR)(text.size == 0 ? "" : text.data);
    int result = pcre2_match(pattern->code, subject, text.size, 0,
                             PCRE2_ANCHORED | PCRE2_ENDANCHORED, matcher->data, matcher->context);
    if (result == PCRE2_ERROR_NOMEMORY) return OUTCOME_NO_MEMORY;
    bool is_beyond_limit = result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT ||
                           result == PCRE2_ERROR_HEAPLIMIT;
    if (is_beyond_limit) return OUTCOME_FAILED;
    *ret_matches = result >= 0; // Text that is not UTF-8 matches nothing.
    return OUTCOME_OK;
}
