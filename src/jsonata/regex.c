// Patterns are rewritten where the two dialects differ, then compiled by PCRE2 into the arena of
// the expression. Subjects may hold lone surrogates: PCRE2 takes them apart like any other three
// bytes as long as it does not check. Matching uses a match block in the evaluation's arena and is
// bounded by PCRE2's own counters, so that a catastrophic pattern ends as a time-out.

#define PCRE2_CODE_UNIT_WIDTH 8

#include "jsonata/regex.h"

#include <pcre2.h>

#include "base/encoding.h"
#include "jsonata/evaluation.h"

struct regex {
    pcre2_code *code;
    struct str source;
    uint32_t group_count;
};

struct regex_matcher {
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
    uint32_t group_count; // That `data` has room for.
};

enum { MATCH_LIMIT = 2000000, MATCH_HEAP_KIB = 16 * 1024, PATTERN_NESTING_MAX = 200 };

static void *arena_malloc(PCRE2_SIZE size, void *arena)
{
    return arena_alloc(arena, size);
}

static void arena_free(void *pointer, void *arena)
{
    // The arena gives everything back at once.
    (void)pointer;
    (void)arena;
}

// ---------------------------------------------------------------------------------------------
// From JavaScript to PCRE2

#define BLANKS                                                                                     \
    "\\u{9}-\\u{d} \\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}"                 \
    "\\u{205f}\\u{3000}\\u{feff}"
#define NOT_BLANKS                                                                                 \
    "\\u{0}-\\u{8}\\u{e}-\\u{1f}!-\\u{9f}\\u{a1}-\\u{167f}\\u{1681}-\\u{1fff}\\u{200b}-\\u{2027}"  \
    "\\u{202a}-\\u{202e}\\u{2030}-\\u{205e}\\u{2060}-\\u{2fff}\\u{3001}-\\u{fefe}\\u{ff00}-"       \
    "\\u{10ffff}"

struct translation {
    struct str rest;
    char *out;
    size_t size;
    bool in_class;
    const char *error;
};

static void put(struct translation *translation, struct str text)
{
    memcpy(translation->out + translation->size, text.data, text.size);
    translation->size += text.size;
}

static void take(struct translation *translation, size_t size)
{
    put(translation, str_slice(translation->rest, 0, size));
    translation->rest = str_skip(translation->rest, size);
}

// The UTF-16 unit of "\uXXXX" at the front, or 0.
static uint32_t peek_unit(struct str text)
{
    uint32_t unit = 0;
    if (text.size < 6 || text.data[0] != '\\' || text.data[1] != 'u') return 0;
    for (size_t i = 2; i < 6; i++) {
        char digit = text.data[i], lower = (char)(digit | 0x20);
        if (digit >= '0' && digit <= '9')
            unit = unit << 4 | (uint32_t)(digit - '0');
        else if (lower >= 'a' && lower <= 'f')
            unit = unit << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return 0;
    }
    return unit;
}

// Both halves of a surrogate pair are one character here.
static bool translate_pair(struct translation *translation)
{
    uint32_t high = peek_unit(translation->rest), low = peek_unit(str_skip(translation->rest, 6));
    if (high < 0xd800 || high > 0xdbff || low < 0xdc00 || low > 0xdfff) return false;
    char bytes[4];
    uint32_t code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    put(translation, (struct str){bytes, encoding_utf8_put(code, bytes)});
    translation->rest = str_skip(translation->rest, 12);
    return true;
}

static void translate_escape(struct translation *translation)
{
    if (translation->rest.size < 2) {
        translation->error = "\\ at end of pattern";
        return;
    }
    char letter = translation->rest.data[1];
    if (letter == 'u' && translate_pair(translation)) return;
    bool in_class = translation->in_class;
    if (letter == 's' || letter == 'S') {
        if (letter == 's')
            put(translation, in_class ? STR(BLANKS) : STR("[" BLANKS "]"));
        else
            put(translation, in_class ? STR(NOT_BLANKS) : STR("[" NOT_BLANKS "]"));
        translation->rest = str_skip(translation->rest, 2);
        return;
    }
    // Letters that mean nothing in JavaScript stand for themselves.
    bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    const char *known = in_class ? "dDwWbcfnrtvxu" : "dDwWbBcfnrtvxuk";
    if (is_letter && strchr(known, letter) == NULL) {
        put(translation, (struct str){&letter, 1});
        translation->rest = str_skip(translation->rest, 2);
        return;
    }
    if (letter == 'v') {
        put(translation, STR("\\u{b}"));
        translation->rest = str_skip(translation->rest, 2);
        return;
    }
    take(translation, 2);
}

static void translate_group(struct translation *translation)
{
    struct str rest = translation->rest;
    if (rest.size >= 2 && rest.data[1] == '*') {
        translation->error = "nothing to repeat";
        return;
    }
    if (rest.size >= 2 && rest.data[1] == '?') {
        char kind = rest.size >= 3 ? rest.data[2] : '\0';
        if (kind == '\0' || strchr(":=!<", kind) == NULL) {
            translation->error = "invalid group";
            return;
        }
        take(translation, 3);
        return;
    }
    take(translation, 1);
}

static void translate_step(struct translation *translation)
{
    char byte = translation->rest.data[0];
    if (byte == '\\') {
        translate_escape(translation);
    } else if (translation->in_class) {
        // A bracket inside a class is a plain character in JavaScript.
        if (byte == '[') put(translation, STR("\\"));
        if (byte == ']') translation->in_class = false;
        take(translation, 1);
    } else if (byte == '[') {
        translation->in_class = true;
        take(translation, 1);
        if (translation->rest.size > 0 && translation->rest.data[0] == '^') take(translation, 1);
    } else if (byte == '(') {
        translate_group(translation);
    } else if (byte == '.') {
        put(translation, STR("[^\\n\\r\\u{2028}\\u{2029}]"));
        translation->rest = str_skip(translation->rest, 1);
    } else if (strchr("*+?}", byte) != NULL && translation->rest.size > 1 &&
               translation->rest.data[1] == '+') {
        translation->error = "nothing to repeat";
    } else {
        take(translation, 1);
    }
}

// A pattern may not nest or grow beyond what PCRE2 compiles in little time.
static bool translate(struct arena *arena, struct str pattern, struct str *ret_pattern,
                      const char **reterr_error)
{
    size_t room = sizeof(NOT_BLANKS) + 2;
    struct translation translation = {.rest = pattern,
                                      .out = arena_alloc_array(arena, pattern.size + 1, room)};
    if (translation.out == NULL) return false;
    while (translation.rest.size > 0 && translation.error == NULL)
        translate_step(&translation);
    if (translation.error != NULL) {
        *reterr_error = translation.error;
        return false;
    }
    *ret_pattern = (struct str){translation.out, translation.size};
    return true;
}

static pcre2_code *compile(struct arena *arena, struct str pattern, unsigned flags, int *ret_error)
{
    pcre2_general_context *general = pcre2_general_context_create(arena_malloc, arena_free, arena);
    pcre2_compile_context *context = general == NULL ? NULL : pcre2_compile_context_create(general);
    *ret_error = 0;
    if (context == NULL) return NULL;
    pcre2_set_parens_nest_limit(context, PATTERN_NESTING_MAX);
    pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
    pcre2_set_compile_extra_options(context,
                                    PCRE2_EXTRA_ALT_BSUX | PCRE2_EXTRA_ALLOW_SURROGATE_ESCAPES);
    uint32_t options = PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS |
                       PCRE2_MATCH_UNSET_BACKREF | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_UTF_CHECK;
    if ((flags & REGEX_IGNORE_CASE) != 0) options |= PCRE2_CASELESS;
    if ((flags & REGEX_MULTILINE) != 0) options |= PCRE2_MULTILINE;
    PCRE2_SIZE offset;
    return pcre2_compile((PCRE2_SPTR)pattern.data, pattern.size, options, ret_error, &offset,
                         context);
}

enum status regex_compile(struct arena *arena, struct str pattern, unsigned flags,
                          const struct regex **ret_regex, struct str *reterr_message)
{
    const char *error = NULL;
    struct str translated;
    if (pattern.size > 32768) {
        *reterr_message = STR("regular expression too large");
        return STATUS_INVALID;
    }
    struct regex *regex = ARENA_NEW(arena, struct regex);
    if (regex == NULL) return STATUS_NO_MEMORY;
    if (!translate(arena, pattern, &translated, &error)) {
        if (error == NULL) return STATUS_NO_MEMORY;
        *reterr_message = str_from_c(error);
        return STATUS_INVALID;
    }
    int number;
    *regex = (struct regex){.source = pattern};
    regex->code = compile(arena, translated, flags, &number);
    if (regex->code == NULL) {
        if (arena->is_exhausted || number == 0) return STATUS_NO_MEMORY;
        char text[128];
        int size = pcre2_get_error_message(number, (PCRE2_UCHAR *)text, sizeof(text));
        struct str message = {text, size < 0 ? 0 : (size_t)size};
        return arena_copy_str(arena, message, reterr_message) ? STATUS_INVALID : STATUS_NO_MEMORY;
    }
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &regex->group_count);
    *ret_regex = regex;
    return STATUS_OK;
}

struct str regex_source(const struct regex *regex)
{
    return regex->source;
}

// ---------------------------------------------------------------------------------------------
// Matching

static struct regex_matcher *matcher_get(struct evaluation *evaluation, uint32_t group_count)
{
    struct regex_matcher *matcher = evaluation->matcher;
    if (matcher == NULL) {
        matcher = evaluation_alloc(evaluation, sizeof(*matcher));
        *matcher = (struct regex_matcher){0};
        matcher->general =
            pcre2_general_context_create(arena_malloc, arena_free, evaluation->arena);
        if (matcher->general == NULL) evaluation_out_of_memory(evaluation);
        matcher->context = pcre2_match_context_create(matcher->general);
        if (matcher->context == NULL) evaluation_out_of_memory(evaluation);
        pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
        pcre2_set_heap_limit(matcher->context, MATCH_HEAP_KIB);
        evaluation->matcher = matcher;
    }
    if (matcher->data == NULL || matcher->group_count < group_count) {
        matcher->data = pcre2_match_data_create(group_count + 1, matcher->general);
        if (matcher->data == NULL) evaluation_out_of_memory(evaluation);
        matcher->group_count = group_count;
    }
    return matcher;
}

bool regex_find(struct evaluation *evaluation, const struct regex *regex, struct str subject,
                size_t offset, struct regex_match *ret_match)
{
    struct regex_matcher *matcher = matcher_get(evaluation, regex->group_count);
    evaluation_steps(evaluation, 10);
    evaluation->steps_checked = 0; // The time that a match takes shows only in the clock.
    const char *data = subject.size == 0 ? "" : subject.data;
    int found = pcre2_match(regex->code, (PCRE2_SPTR)data, subject.size, offset, PCRE2_NO_UTF_CHECK,
                            matcher->data, matcher->context);
    if (found == PCRE2_ERROR_NOMATCH) return false;
    if (found == PCRE2_ERROR_NOMEMORY) evaluation_out_of_memory(evaluation);
    if (found < 0) evaluation_out_of_time(evaluation);
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(matcher->data);
    *ret_match = (struct regex_match){
        .start = ends[0],
        .end = ends[1] < ends[0] ? ends[0] : ends[1],
        .group_count = regex->group_count,
        .groups = ends + 2,
    };
    return true;
}
