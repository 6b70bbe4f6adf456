// Choice states: rules, comparisons, and what their operands may be.

#include <stdlib.h>

#include "asl/choice.h"
#include "asl/compile.h"

struct comparison {
    struct str name;
    enum asl_test_family family;
    enum asl_comparison comparison;
    bool is_path;
};

static const struct comparison comparisons[] = {
#define OPERATOR(name, text, family, comparison, is_path)                                          \
    {STR_INIT(text), ASL_FAMILY_##family, ASL_COMPARE_##comparison, is_path},
#include "asl/choice_operator.def"
#undef OPERATOR
};

static const struct comparison *find_comparison(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(comparisons); i++) {
        if (str_equal(comparisons[i].name, name)) return &comparisons[i];
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------------
// Operands

// Cut at unescaped asterisks. Returns false at a backslash that escapes neither an asterisk nor a
// backslash.
static bool compile_pattern(struct asl_compiler *compiler, struct str text,
                            struct asl_pattern *ret_pattern)
{
    size_t wildcards = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '*') wildcards++;
    }
    struct str *texts = arena_alloc_array(compiler->arena, wildcards + 1, sizeof(*texts));
    char *data = arena_alloc(compiler->arena, text.size);
    if (texts == NULL || data == NULL) return true;
    uint32_t count = 1;
    texts[0] = (struct str){data, 0};
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '*') {
            texts[count++] = (struct str){data, 0};
            continue;
        }
        if (c == '\\') {
            if (++i == text.size || (text.data[i] != '*' && text.data[i] != '\\')) return false;
            c = text.data[i];
        }
        *data++ = c;
        texts[count - 1].size++;
    }
    *ret_pattern = (struct asl_pattern){.texts = texts, .count = count};
    return true;
}

static void compile_text_operand(struct asl_compiler *compiler, const struct asl_place *place,
                                 struct str text, struct asl_choice_test *test)
{
    if (test->family == ASL_FAMILY_TIMESTAMP) {
        if (!asl_moment_parse(text, &test->moment))
            asl_help(compiler,
                     asl_report_schema(compiler, place, "String does not match RFC3339 timestamp"),
                     ASL_HELP_TIMESTAMP);
    } else if (test->family == ASL_FAMILY_PATTERN) {
        if (!compile_pattern(compiler, text, &test->pattern)) {
            asl_report_schema(compiler, place,
                              "A backslash in a pattern must stand before '*' or '\\'");
        }
    } else if (str_starts_with(text, STR("$.")) || str_starts_with(text, STR("$$."))) {
        struct asl_diagnostic *diagnostic =
            asl_warn(compiler, place, "NO_PATH",
                     "Field value looks like a path, but field name does not end with 'Path'");
        asl_help(compiler, diagnostic, "write \"%" STR_FORMAT "Path\" to compare with that value",
                 STR_ARGS(place->name));
    }
}

static void compile_literal_operand(struct asl_compiler *compiler, const struct asl_place *place,
                                    const struct json *value, struct asl_choice_test *test)
{
    if (json_is_string(value) && asl_is_open(compiler, json_str(value))) return;
    switch (test->family) {
    case ASL_FAMILY_STRING:
    case ASL_FAMILY_TIMESTAMP:
    case ASL_FAMILY_PATTERN:
        test->operand = *value;
        if (json_is_string(value))
            compile_text_operand(compiler, place, json_str(value), test);
        else
            asl_help(compiler, asl_report_schema(compiler, place, "Expected value of type String"),
                     "write a string in quotes; this is %s", asl_kind_found(value));
        return;
    case ASL_FAMILY_NUMERIC:
        test->operand = *value;
        if (!json_is_number(value))
            asl_help(compiler, asl_report_schema(compiler, place, "Expected value of type Number"),
                     "write a number, without quotes; this is %s", asl_kind_found(value));
        return;
    case ASL_FAMILY_BOOLEAN:
    case ASL_FAMILY_IS_NULL:
    case ASL_FAMILY_IS_PRESENT:
    case ASL_FAMILY_IS_NUMERIC:
    case ASL_FAMILY_IS_STRING:
    case ASL_FAMILY_IS_BOOLEAN:
    case ASL_FAMILY_IS_TIMESTAMP:
        test->flag = value->type == JSON_TRUE;
        if (!json_is_boolean(value))
            asl_help(compiler, asl_report_schema(compiler, place, "Expected value of type Boolean"),
                     "write true or false, without quotes; this is %s", asl_kind_found(value));
        return;
    }
    abort();
}

// ---------------------------------------------------------------------------------------------
// Tests

// A path of a comparison; NULL for `$`, which needs no work, and when it is wrong.
static const struct jsonpath *compile_operand_path(struct asl_compiler *compiler,
                                                   const struct asl_place *outer,
                                                   const struct json *object, struct str name)
{
    struct str text = asl_string_member(object, name);
    struct asl_place place = asl_place_member(outer, name);
    if (json_find(object, name) != NULL && text.data == NULL) {
        asl_report_schema(compiler, &place, "Expected value of type String");
        return NULL;
    }
    if (str_is(text, "$")) return NULL;
    const struct jsonpath *path = asl_compile_path_text(compiler, text, JSONPATH_ALLOW_ROOTS);
    if (path == NULL) asl_report_path(compiler, &place, text, true);
    return path;
}

static void compile_comparison(struct asl_compiler *compiler, const struct asl_place *place,
                               const struct json *object, struct asl_choice_test *test)
{
    const struct comparison *found = NULL;
    size_t count = 0;
    for (uint32_t i = 0; i < object->size; i++) {
        const struct comparison *comparison = find_comparison(json_str(&object->members[i].name));
        if (comparison == NULL) continue;
        count++;
        found = comparison;
    }
    test->kind = ASL_TEST_COMPARE;
    test->variable = compile_operand_path(compiler, place, object, STR("Variable"));
    if (count != 1) {
        struct asl_diagnostic *diagnostic = asl_report_schema(
            compiler, place,
            "There should only be one of the following fields: [StringEquals, "
            "StringLessThan, NumericEquals, BooleanEquals, TimestampEquals, IsNull, "
            "IsPresent and other comparisons]");
        asl_help(compiler, diagnostic, "%s",
                 count == 0 ? "compare the variable with something: \"NumericGreaterThan\": 10"
                            : "join several comparisons with \"And\": [ ... ]");
        return;
    }
    test->family = found->family;
    test->comparison = found->comparison;
    test->operand_is_path = found->is_path;
    if (found->is_path) {
        test->operand_path = compile_operand_path(compiler, place, object, found->name);
    } else {
        struct asl_place here = asl_place_member(place, found->name);
        compile_literal_operand(compiler, &here, json_find(object, found->name), test);
    }
}

static void compile_test(struct asl_compiler *compiler, const struct asl_place *place,
                         const struct json *object, uint32_t depth, struct asl_choice_test *test);

// NOLINTNEXTLINE(misc-no-recursion): at most ASL_CHOICE_TESTS_NESTED_MAX deep.
static void compile_nested(struct asl_compiler *compiler, const struct asl_place *place,
                           const struct json *list, uint32_t depth, struct asl_choice_test *test)
{
    bool is_array = json_is_array(list);
    uint32_t count = is_array ? list->size : 1;
    struct asl_choice_test *tests = arena_alloc_array(compiler->arena, count, sizeof(*tests));
    if (tests == NULL) return;
    for (uint32_t i = 0; i < count; i++) {
        struct asl_place item = asl_place_item(place, i);
        const struct asl_place *here = is_array ? &item : place;
        const struct json *object = is_array ? &list->items[i] : list;
        tests[i] = (struct asl_choice_test){0};
        if (asl_check_fields(compiler, here, ASL_SHAPE_CHOICE_TEST, object))
            compile_test(compiler, here, object, depth + 1, &tests[i]);
    }
    test->count = count;
    test->tests = tests;
}

// One of And, Or, Not and Variable; the table of fields has checked their types.
// NOLINTNEXTLINE(misc-no-recursion): at most ASL_CHOICE_TESTS_NESTED_MAX deep.
static void compile_test(struct asl_compiler *compiler, const struct asl_place *place,
                         const struct json *object, uint32_t depth, struct asl_choice_test *test)
{
    static const struct {
        struct str name;
        enum asl_test_kind kind;
        enum json_type type;
    } combinations[] = {{STR_INIT("And"), ASL_TEST_AND, JSON_ARRAY},
                        {STR_INIT("Or"), ASL_TEST_OR, JSON_ARRAY},
                        {STR_INIT("Not"), ASL_TEST_NOT, JSON_OBJECT}};
    if (depth > ASL_CHOICE_TESTS_NESTED_MAX) {
        asl_report(compiler, place, "TOO_DEEPLY_NESTED", "The choice rules are too deeply nested");
        return;
    }
    size_t count = JSON_FIND(object, "Variable") != NULL ? 1 : 0;
    if (JSON_FIND(object, "Condition") != NULL) count++;
    for (size_t i = 0; i < ARRAY_COUNT(combinations); i++) {
        if (json_find(object, combinations[i].name) != NULL) count++;
    }
    if (count != 1) {
        asl_report_schema(compiler, place,
                          "The object must have only one of the following fields, "
                          "[And, Or, Not, Variable, Condition]");
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(combinations); i++) {
        const struct json *list = asl_member(object, combinations[i].name, combinations[i].type);
        if (list == NULL) continue;
        struct asl_place here = asl_place_member(place, combinations[i].name);
        test->kind = combinations[i].kind;
        compile_nested(compiler, &here, list, depth, test);
        return;
    }
    if (JSON_FIND(object, "Variable") != NULL) compile_comparison(compiler, place, object, test);
}

// ---------------------------------------------------------------------------------------------
// Rules

static const struct asl_template *compile_condition(struct asl_compiler *compiler,
                                                    const struct asl_place *outer,
                                                    const struct json *object)
{
    const struct json *value = JSON_FIND(object, "Condition");
    struct asl_place place = asl_place_member(outer, STR("Condition"));
    if (value == NULL) {
        struct asl_diagnostic *diagnostic =
            asl_report_schema(compiler, outer,
                              "The object must have only one of the following fields, "
                              "[And, Or, Not, Variable, Condition]");
        asl_help(compiler, diagnostic, "write \"Condition\": \"{%% ... %%}\"");
        return NULL;
    }
    if (json_is_string(value) && asl_is_open(compiler, json_str(value))) return NULL;
    if (!json_is_boolean(value) && !(json_is_string(value) && asl_is_query(json_str(value)))) {
        struct asl_diagnostic *diagnostic = asl_report_schema(
            compiler, &place, "JSONata string must start with {%% and end with %%}");
        asl_help(compiler, diagnostic,
                 "a condition is an expression: \"{%% $states.input.total > 10 %%}\"");
        return NULL;
    }
    return asl_compile_payload(compiler, outer, object, STR("Condition"));
}

static void compile_rule(struct asl_compiler *compiler, const struct asl_place *place,
                         const struct json *object, struct asl_choice_rule *rule)
{
    *rule = (struct asl_choice_rule){.next_state = ASL_STATE_NONE};
    if (!asl_check_fields(compiler, place, ASL_SHAPE_CHOICE_RULE, object)) return;
    asl_add_transition(compiler, place, object, "Next", &rule->next_state);
    rule->assign = asl_compile_assign(compiler, place, object);
    rule->output = asl_compile_payload(compiler, place, object, STR("Output"));
    if (compiler->language == ASL_JSONATA) {
        rule->condition = compile_condition(compiler, place, object);
        return;
    }
    struct asl_choice_test *test = ARENA_NEW(compiler->arena, struct asl_choice_test);
    if (test == NULL) return;
    compile_test(compiler, place, object, 0, test);
    rule->test = test;
}

void asl_compile_choice(struct asl_compiler *compiler, const struct json *object)
{
    struct asl_draft *draft = compiler->draft;
    struct asl_choice *choice = &draft->state.choice;
    asl_add_transition(compiler, draft->place, object, "Default", &choice->default_state);
    const struct json *choices = ASL_ARRAY(object, "Choices");
    if (choices == NULL) return;
    struct asl_choice_rule *rules =
        arena_alloc_array(compiler->arena, choices->size, sizeof(*rules));
    if (rules == NULL) return;
    struct asl_place place = asl_place_member(draft->place, STR("Choices"));
    for (uint32_t i = 0; i < choices->size; i++) {
        struct asl_place here = asl_place_item(&place, i);
        compile_rule(compiler, &here, &choices->items[i], &rules[i]);
    }
    choice->rules = rules;
    choice->rule_count = choices->size;
}
