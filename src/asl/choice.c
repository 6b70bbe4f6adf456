// Choosing: the first rule whose test holds. A value of another type than a comparison wants makes
// it false; a path that leads nowhere ends the execution.

#include "asl/choice.h"

#include <assert.h>
#include <stdlib.h>

#include "asl/machine.h"
#include "base/clock.h"

// ---------------------------------------------------------------------------------------------
// Comparing

bool asl_moment_parse(struct str text, struct asl_moment *ret_moment)
{
    int64_t unix_ms;
    int32_t nanos;
    if (!clock_parse_rfc3339(text, &unix_ms, &nanos)) return false;
    int64_t seconds = unix_ms / 1000;
    if (unix_ms % 1000 < 0) seconds--;
    *ret_moment = (struct asl_moment){.seconds = seconds, .nanos = nanos};
    return true;
}

static int compare_moments(const struct asl_moment *a, const struct asl_moment *b)
{
    if (a->seconds != b->seconds) return a->seconds < b->seconds ? -1 : 1;
    return a->nanos < b->nanos ? -1 : a->nanos > b->nanos;
}

int asl_compare_utf16(struct str a, struct str b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    size_t at = 0;
    while (at < shorter && a.data[at] == b.data[at])
        at++;
    if (at == shorter) return a.size < b.size ? -1 : a.size > b.size;
    unsigned char x = (unsigned char)a.data[at], y = (unsigned char)b.data[at];
    // The order of UTF-8 is that of code points. Only characters beyond U+FFFF, whose UTF-16 form
    // starts with a surrogate, come before U+E000 to U+FFFF; both show in the first byte.
    bool x_is_pair = x >= 0xf0, y_is_pair = y >= 0xf0;
    if (x_is_pair != y_is_pair) {
        if (x_is_pair && y >= 0xee) return -1;
        if (y_is_pair && x >= 0xee) return 1;
    }
    return x < y ? -1 : 1;
}

bool asl_pattern_matches(const struct asl_pattern *pattern, struct str text)
{
    assert(pattern->count >= 1);
    const struct str *texts = pattern->texts;
    if (pattern->count == 1) return str_equal(texts[0], text);
    struct str last = texts[pattern->count - 1];
    if (!str_starts_with(text, texts[0])) return false;
    text = str_skip(text, texts[0].size);
    if (!str_ends_with(text, last)) return false;
    text.size -= last.size;
    for (uint32_t i = 1; i + 1 < pattern->count; i++) {
        size_t at = str_find(text, texts[i]);
        if (at == SIZE_MAX) return false;
        text = str_skip(text, at + texts[i].size);
    }
    return true;
}

static bool holds(enum asl_comparison comparison, int order)
{
    switch (comparison) {
    case ASL_COMPARE_EQUALS: return order == 0;
    case ASL_COMPARE_LESS: return order < 0;
    case ASL_COMPARE_GREATER: return order > 0;
    case ASL_COMPARE_LESS_EQUALS: return order <= 0;
    case ASL_COMPARE_GREATER_EQUALS: return order >= 0;
    }
    abort();
}

static bool compare_timestamps(const struct asl_choice_test *test, const struct json *value,
                               const struct json *operand)
{
    struct asl_moment a, b = test->moment;
    if (!json_is_string(value) || !asl_moment_parse(json_str(value), &a)) return false;
    if (operand != NULL && (!json_is_string(operand) || !asl_moment_parse(json_str(operand), &b)))
        return false;
    return holds(test->comparison, compare_moments(&a, &b));
}

// `operand` comes from a path; NULL when the test has its own.
static bool compare(const struct asl_choice_test *test, const struct json *value,
                    const struct json *operand)
{
    const struct json *other = operand == NULL ? &test->operand : operand;
    struct asl_moment moment;
    switch (test->family) {
    case ASL_FAMILY_STRING:
        return json_is_string(value) && json_is_string(other) &&
               holds(test->comparison, asl_compare_utf16(json_str(value), json_str(other)));
    case ASL_FAMILY_NUMERIC:
        return json_is_number(value) && json_is_number(other) &&
               holds(test->comparison, json_number_compare(value, other));
    case ASL_FAMILY_TIMESTAMP: return compare_timestamps(test, value, operand);
    case ASL_FAMILY_BOOLEAN:
        if (!json_is_boolean(value)) return false;
        if (operand != NULL) return value->type == operand->type;
        return (value->type == JSON_TRUE) == test->flag;
    case ASL_FAMILY_PATTERN:
        return json_is_string(value) && asl_pattern_matches(&test->pattern, json_str(value));
    case ASL_FAMILY_IS_NULL: return json_is_null(value) == test->flag;
    case ASL_FAMILY_IS_PRESENT: return test->flag;
    case ASL_FAMILY_IS_NUMERIC: return json_is_number(value) == test->flag;
    case ASL_FAMILY_IS_STRING: return json_is_string(value) == test->flag;
    case ASL_FAMILY_IS_BOOLEAN: return json_is_boolean(value) == test->flag;
    case ASL_FAMILY_IS_TIMESTAMP:
        return (json_is_string(value) && asl_moment_parse(json_str(value), &moment)) == test->flag;
    }
    abort();
}

// ---------------------------------------------------------------------------------------------
// Testing

struct chooser {
    const struct asl_environment *environment;
    struct arena *arena;
    struct asl_error *reterr_error;
};

COLD static struct asl_error invalid_reference(const struct jsonpath *path, struct arena *arena)
{
    return (struct asl_error){
        .name = ASL_ERROR_RUNTIME,
        .cause = arena_printf(arena,
                              "Invalid path '%" STR_FORMAT
                              "': The choice state's condition path references an invalid value.",
                              STR_ARGS(jsonpath_text(path))),
    };
}

// The value at a path of a comparison; a NULL path is `$`.
static enum status find_value(const struct chooser *chooser, const struct jsonpath *path,
                              struct json *ret_value)
{
    if (path == NULL) {
        *ret_value = *chooser->environment->data;
        return STATUS_OK;
    }
    enum status status = asl_path_find(path, chooser->environment, chooser->arena, ret_value, NULL);
    return status == STATUS_INVALID ? STATUS_NOT_FOUND : status;
}

static enum status test_comparison(const struct chooser *chooser,
                                   const struct asl_choice_test *test, bool *ret_holds)
{
    struct json value, operand;
    enum status status = find_value(chooser, test->variable, &value);
    if (status == STATUS_NOT_FOUND && test->family == ASL_FAMILY_IS_PRESENT) {
        *ret_holds = !test->flag;
        return STATUS_OK;
    }
    const struct jsonpath *path = test->variable;
    if (status == STATUS_OK && test->operand_is_path) {
        path = test->operand_path;
        status = find_value(chooser, path, &operand);
    }
    if (status == STATUS_NOT_FOUND) {
        *chooser->reterr_error = invalid_reference(path, chooser->arena);
        return STATUS_INVALID;
    }
    if (status != STATUS_OK) return status;
    *ret_holds = compare(test, &value, test->operand_is_path ? &operand : NULL);
    return STATUS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the rule, which the compiler limits.
static enum status run_test(const struct chooser *chooser, const struct asl_choice_test *test,
                            bool *ret_holds)
{
    if (test->kind == ASL_TEST_COMPARE) return test_comparison(chooser, test, ret_holds);
    // And stops at the first test that fails, Or at the first that holds, Not has one.
    bool stops_at = test->kind == ASL_TEST_OR;
    bool result = !stops_at;
    for (uint32_t i = 0; i < test->count && result != stops_at; i++) {
        enum status status = run_test(chooser, &test->tests[i], &result);
        if (status != STATUS_OK) return status;
    }
    *ret_holds = test->kind == ASL_TEST_NOT ? !result : result;
    return STATUS_OK;
}

static enum status run_condition(const struct chooser *chooser,
                                 const struct asl_template *condition, bool *ret_holds)
{
    struct json value;
    enum status status = asl_template_evaluate(condition, chooser->environment, chooser->arena,
                                               &value, chooser->reterr_error);
    if (status != STATUS_OK) return status;
    if (!json_is_boolean(&value)) {
        *chooser->reterr_error =
            asl_template_type_error(condition, "boolean", &value, chooser->arena);
        return STATUS_INVALID;
    }
    *ret_holds = value.type == JSON_TRUE;
    return STATUS_OK;
}

enum status asl_choice_select(const struct asl_state *state,
                              const struct asl_environment *environment, struct arena *arena,
                              uint32_t *ret_rule, struct asl_error *reterr_error)
{
    assert(state->type == ASL_STATE_CHOICE);
    struct chooser chooser = {environment, arena, reterr_error};
    for (uint32_t i = 0; i < state->choice.rule_count; i++) {
        const struct asl_choice_rule *rule = &state->choice.rules[i];
        bool is_chosen = false;
        enum status status = rule->condition != NULL
                                 ? run_condition(&chooser, rule->condition, &is_chosen)
                                 : run_test(&chooser, rule->test, &is_chosen);
        if (status != STATUS_OK) return status;
        if (is_chosen) {
            *ret_rule = i;
            return STATUS_OK;
        }
    }
    *ret_rule = UINT32_MAX;
    return STATUS_OK;
}
