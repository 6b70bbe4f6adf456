// Choice tests: comparisons, combinations, and what happens to paths that lead nowhere.

#include "asl/choice.h"
#include "asl/machine.h"
#include "test/lib/test.h"

static struct arena arena;
static struct asl_diagnostics diagnostics;

// Which of the rules is chosen: its index, -1 for none, -2 for an error, whose cause is returned.
static int choose(const char *rules, const char *data, struct str *ret_cause)
{
    struct str text = arena_printf(&arena,
                                   "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Choice\","
                                   "\"Choices\":[%s],\"Default\":\"B\"},"
                                   "\"B\":{\"Type\":\"Succeed\"}}}",
                                   rules);
    const struct asl_machine *machine = NULL;
    asl_diagnostics_init(&diagnostics, &arena);
    if (asl_machine_parse(text, ASL_MACHINE_STANDARD, &diagnostics, &machine) != STATUS_OK) {
        struct str summary = asl_diagnostics_summary(&diagnostics, &arena);
        test_fail(__FILE__, __LINE__, "%s: %" STR_FORMAT, rules, STR_ARGS(summary));
        return -3;
    }
    struct json input = json_null;
    if (json_parse(&arena, str_from_c(data), 0, &input, NULL) != STATUS_OK)
        test_fail(__FILE__, __LINE__, "%s", data);
    struct asl_environment environment = {.data = &input, .context_object = &input};
    uint32_t rule = 0;
    struct asl_error error = {0};
    enum status status =
        asl_choice_select(&machine->states[0], &environment, &arena, &rule, &error);
    if (ret_cause != NULL) *ret_cause = error.cause;
    asl_machine_unref(machine);
    if (status != STATUS_OK) return -2;
    return rule == UINT32_MAX ? -1 : (int)rule;
}

// Does `$.v` pass the comparison?
static int compares(const char *comparison, const char *value)
{
    struct str rule = arena_printf(&arena, "{\"Variable\":\"$.v\",%s,\"Next\":\"B\"}", comparison);
    struct str data = arena_printf(&arena, "{\"v\":%s}", value);
    return choose(rule.data, data.data, NULL) == 0;
}

TEST(comparisons_hold_for_their_type_alone)
{
    static const struct {
        const char *comparison, *yes, *no;
    } cases[] = {
        {"\"StringEquals\":\"a\"", "\"a\"", "\"A\""},
        {"\"StringEquals\":\"1\"", "\"1\"", "1"},
        {"\"StringLessThan\":\"ab\"", "\"a\"", "\"ab\""},
        {"\"StringGreaterThan\":\"ab\"", "\"b\"", "\"ab\""},
        {"\"StringLessThanEquals\":\"ab\"", "\"ab\"", "\"abc\""},
        {"\"StringGreaterThanEquals\":\"ab\"", "\"ab\"", "\"a\""},
        {"\"NumericEquals\":0", "0.0", "\"0\""},
        {"\"NumericEquals\":9007199254740993", "9007199254740993", "9007199254740992"},
        {"\"NumericLessThan\":1.5", "1", "2"},
        {"\"NumericGreaterThan\":-1", "0", "-1"},
        {"\"NumericLessThanEquals\":1", "1", "null"},
        {"\"NumericGreaterThanEquals\":1", "1", "true"},
        {"\"BooleanEquals\":false", "false", "null"},
        {"\"TimestampEquals\":\"2001-01-01T12:00:00Z\"", "\"2001-01-01T13:00:00.000+01:00\"",
         "\"2001-01-01T12:00:00\""},
        {"\"TimestampLessThan\":\"2001-01-01T12:00:00.000000002Z\"",
         "\"2001-01-01T12:00:00.000000001Z\"", "\"2001-01-01T12:00:00.000000002Z\""},
        {"\"TimestampLessThan\":\"1960-01-01T00:00:00.5Z\"", "\"1960-01-01T00:00:00.4Z\"",
         "\"1960-01-01T00:00:00.6Z\""},
        {"\"TimestampGreaterThan\":\"2001-01-01T12:00:00Z\"", "\"2001-01-01T12:00:01Z\"", "7"},
        {"\"TimestampLessThanEquals\":\"2001-01-01T12:00:00Z\"", "\"2001-01-01T12:00:00Z\"",
         "\"2001-01-01T12:00:01Z\""},
        {"\"TimestampGreaterThanEquals\":\"2001-01-01T12:00:00Z\"", "\"2001-01-01T12:00:00Z\"",
         "\"2001-01-01T11:59:59Z\""},
        {"\"IsNull\":true", "null", "0"},
        {"\"IsNull\":false", "0", "null"},
        {"\"IsPresent\":true", "null", "\"\""},
        {"\"IsNumeric\":true", "1.5", "\"1\""},
        {"\"IsString\":true", "\"\"", "1"},
        {"\"IsBoolean\":true", "false", "null"},
        {"\"IsTimestamp\":true", "\"2001-01-01T12:00:00Z\"", "\"2001-01-01\""},
        {"\"IsTimestamp\":false", "1", "\"2001-01-01T12:00:00Z\""},
        {"\"StringMatches\":\"a*c\"", "\"abbc\"", "\"abcd\""},
        {"\"StringMatches\":\"*\"", "\"\"", "1"},
    };
    arena_init(&arena, MIB(32));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (!compares(cases[i].comparison, cases[i].yes))
            test_fail(__FILE__, __LINE__, "%s %s", cases[i].comparison, cases[i].yes);
        bool is_presence = strstr(cases[i].comparison, "IsPresent") != NULL;
        if (compares(cases[i].comparison, cases[i].no) != is_presence)
            test_fail(__FILE__, __LINE__, "%s %s", cases[i].comparison, cases[i].no);
    }
    arena_release(&arena);
}

TEST(operands_may_come_from_paths)
{
    arena_init(&arena, MIB(8));
    CHECK(compares("\"NumericLessThanPath\":\"$.w\"", "1,\"w\":2") == 1);
    CHECK(compares("\"NumericLessThanPath\":\"$.w\"", "1,\"w\":\"2\"") == 0);
    CHECK(compares("\"StringEqualsPath\":\"$$.w\"", "\"a\",\"w\":\"a\"") == 1);
    CHECK(compares("\"BooleanEqualsPath\":\"$.w\"", "true,\"w\":true") == 1);
    CHECK(compares("\"BooleanEqualsPath\":\"$.w\"", "true,\"w\":1") == 0);
    CHECK(compares("\"TimestampEqualsPath\":\"$.w\"",
                   "\"2001-01-01T12:00:00Z\",\"w\":\"2001-01-01T12:00:00Z\"") == 1);
    CHECK(compares("\"TimestampEqualsPath\":\"$.w\"", "\"2001-01-01T12:00:00Z\",\"w\":1") == 0);
    CHECK(choose("{\"Variable\":\"$\",\"StringEqualsPath\":\"$\",\"Next\":\"B\"}", "\"a\"", NULL) ==
          0);
    arena_release(&arena);
}

TEST(rules_combine_and_the_first_that_holds_wins)
{
    arena_init(&arena, MIB(8));
    static const char rules[] =
        "{\"And\":[{\"Variable\":\"$.a\",\"NumericGreaterThan\":0},"
        "{\"Not\":{\"Variable\":\"$.a\",\"NumericGreaterThan\":10}}],\"Next\":\"B\"},"
        "{\"Or\":[{\"Variable\":\"$.a\",\"NumericEquals\":20},"
        "{\"Variable\":\"$.a\",\"NumericEquals\":30}],\"Next\":\"B\"},"
        "{\"Variable\":\"$.a\",\"NumericGreaterThan\":25,\"Next\":\"B\"}";
    CHECK(choose(rules, "{\"a\":5}", NULL) == 0);
    CHECK(choose(rules, "{\"a\":20}", NULL) == 1);
    CHECK(choose(rules, "{\"a\":30}", NULL) == 1);
    CHECK(choose(rules, "{\"a\":26}", NULL) == 2);
    CHECK(choose(rules, "{\"a\":0}", NULL) == -1);
    arena_release(&arena);
}

TEST(paths_that_lead_nowhere_are_errors_but_for_presence)
{
    arena_init(&arena, MIB(8));
    struct str cause = {0};
    CHECK(choose("{\"Variable\":\"$.a\",\"IsNull\":true,\"Next\":\"B\"}", "{}", &cause) == -2);
    CHECK_STR(cause, STR("Invalid path '$.a': The choice state's condition path references an "
                         "invalid value."));
    CHECK(choose("{\"Variable\":\"$.a\",\"StringEqualsPath\":\"$.b\",\"Next\":\"B\"}", "{\"a\":1}",
                 &cause) == -2);
    CHECK_STR(cause, STR("Invalid path '$.b': The choice state's condition path references an "
                         "invalid value."));
    CHECK(choose("{\"Variable\":\"$.a\",\"IsPresent\":true,\"Next\":\"B\"}", "{}", NULL) == -1);
    CHECK(choose("{\"Variable\":\"$.a\",\"IsPresent\":false,\"Next\":\"B\"}", "{}", NULL) == 0);
    CHECK(choose("{\"And\":[{\"Variable\":\"$.a\",\"IsPresent\":true},"
                 "{\"Variable\":\"$.a\",\"IsNull\":true}],\"Next\":\"B\"}",
                 "{}", NULL) == -1);
    arena_release(&arena);
}

TEST(patterns_match_as_a_whole)
{
    static const struct {
        const char *pattern, *text;
        bool is_match;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"a*", "a", true},
        {"a*a", "a", false},
        {"a*a", "aa", true},
        {"*b*", "abc", true},
        {"*b*b*", "abc", false},
        {"*ab*ab", "abab", true},
        {"*ab*ab", "aab", false},
        {"a**b", "ab", true},
        {"\\\\*", "*", true},
        {"\\\\*", "a", false},
        {"\\\\\\\\*", "\\\\x", true},
        {"log-*.txt", "log-a.txt", true},
        {"log-*.txt", "log.txt", false},
    };
    arena_init(&arena, MIB(32));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct str comparison = arena_printf(&arena, "\"StringMatches\":\"%s\"", cases[i].pattern);
        struct str value = arena_printf(&arena, "\"%s\"", cases[i].text);
        if (compares(comparison.data, value.data) != cases[i].is_match)
            test_fail(__FILE__, __LINE__, "%s %s", cases[i].pattern, cases[i].text);
    }
    arena_release(&arena);
}

TEST(texts_are_ordered_by_utf16_units)
{
    CHECK(asl_compare_utf16(STR("a"), STR("b")) < 0);
    CHECK(asl_compare_utf16(STR("a"), STR("a")) == 0);
    CHECK(asl_compare_utf16(STR("a"), STR("ab")) < 0);
    CHECK(asl_compare_utf16(STR("\xc3\xa9"), STR("z")) > 0);
    // U+1F600 is a pair of surrogates and so comes before U+FB00, which it follows in UTF-8.
    CHECK(asl_compare_utf16(STR("\xf0\x9f\x98\x80"), STR("\xef\xac\x80")) < 0);
    CHECK(asl_compare_utf16(STR("\xef\xac\x80"), STR("\xf0\x9f\x98\x80")) > 0);
    // But after U+D7FF and everything below.
    CHECK(asl_compare_utf16(STR("\xf0\x9f\x98\x80"), STR("\xed\x9f\xbf")) > 0);
    CHECK(asl_compare_utf16(STR("\xf0\x9f\x98\x80"), STR("\xf0\x9f\x98\x81")) < 0);
}
