// Wildcards and variables match what the documentation says, and what a naive matcher says.

#include "base/random.h"
#include "iam/pattern.h"
#include "test/lib/test.h"

static bool find_variable(void *context, struct str key, struct str *ret_value)
{
    (void)context;
    if (str_is(key, "aws:username")) *ret_value = STR("ann");
    if (str_is(key, "star")) *ret_value = STR("*");
    if (str_is(key, "empty")) *ret_value = STR("");
    return str_is(key, "aws:username") || str_is(key, "star") || str_is(key, "empty");
}

static bool matches(enum iam_pattern_style style, const char *pattern_text, const char *text)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct iam_pattern pattern;
    if (iam_pattern_compile(&arena, str_from_c(pattern_text), style, true, &pattern) != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%s does not compile", pattern_text);
        return false;
    }
    return iam_pattern_matches(&pattern, str_from_c(text), find_variable, NULL);
}

struct pattern_case {
    enum iam_pattern_style style;
    const char *pattern;
    const char *text;
    bool is_match;
};

static void check_cases(const struct pattern_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_match = matches(cases[i].style, cases[i].pattern, cases[i].text);
        if (is_match != cases[i].is_match) {
            test_fail(__FILE__, __LINE__, "\"%s\" on \"%s\" gives %d", cases[i].pattern,
                      cases[i].text, is_match);
        }
    }
}

TEST(pattern_of_an_action_ignores_case)
{
    static const struct pattern_case cases[] = {
        {IAM_PATTERN_ACTION, "*", "lambda:InvokeFunction", true},
        {IAM_PATTERN_ACTION, "lambda:InvokeFunction", "lambda:InvokeFunction", true},
        {IAM_PATTERN_ACTION, "LAMBDA:invokefunction", "lambda:InvokeFunction", true},
        {IAM_PATTERN_ACTION, "lambda:Invoke*", "lambda:InvokeFunction", true},
        {IAM_PATTERN_ACTION, "lambda:*Function", "lambda:invokeFUNCTION", true},
        {IAM_PATTERN_ACTION, "lambda:Invoke?unction", "lambda:InvokeFunction", true},
        {IAM_PATTERN_ACTION, "lambda:*", "lambda:", true},
        {IAM_PATTERN_ACTION, "lambda:*", "lambdaX:a", false},
        {IAM_PATTERN_ACTION, "*:*", "sns:Publish", true},
        {IAM_PATTERN_ACTION, "lambda:Invoke", "lambda:InvokeFunction", false},
        {IAM_PATTERN_ACTION, "lambda:InvokeFunction?", "lambda:InvokeFunction", false},
        {IAM_PATTERN_ACTION, "", "", true},
        {IAM_PATTERN_ACTION, "", "a", false},
    };
    check_cases(cases, ARRAY_COUNT(cases));
}

TEST(pattern_of_a_resource_keeps_wildcards_within_segments)
{
    static const struct pattern_case cases[] = {
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:*:*:function:f", "arn:aws:lambda:r:1:function:f",
         true},
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:us-*:1:function:f",
         "arn:aws:lambda:us-east-1:1:function:f", true},
        // A * at the end of its segment may take more segments than one.
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:*:function:f", "arn:aws:lambda:r:1:function:f",
         true},
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:*", "arn:aws:lambda:r:1:function:f", true},
        // Within its segment it does not.
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:u*t:function:f", "arn:aws:lambda:us:east:function:f",
         false},
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:u*t:1:function:f",
         "arn:aws:lambda:uest:1:function:f", true},
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:?:1:x", "arn:aws:lambda:r:1:x", true},
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda?r:1:x:y", "arn:aws:lambda:r:1:x:y", false},
        // In the resource itself there are no segments.
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:r:1:function:*x", "arn:aws:lambda:r:1:function:a:bx",
         true},
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:r:1:function:f?1", "arn:aws:lambda:r:1:function:f:1",
         true},
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:r:1:function:f", "arn:aws:lambda:r:1:function:f:1",
         false},
        {IAM_PATTERN_RESOURCE, "arn:aws:lambda:r:1:function:F", "arn:aws:lambda:r:1:function:f",
         false},
        {IAM_PATTERN_ARN, "arn:aws:lambda:*:x", "arn:aws:lambda:r:1:x", false},
        {IAM_PATTERN_ARN, "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/ab", true},
        {IAM_PATTERN_ARN, "arn:aws:states:*:*:stateMachine:*",
         "arn:aws:states:r:1:stateMachine:a:1", true},
        {IAM_PATTERN_ARN, "*", "arn:aws:iam::1:role/ab", true},
        {IAM_PATTERN_ARN, "arn:*", "arn:aws:iam::1:role/ab", false},
    };
    check_cases(cases, ARRAY_COUNT(cases));
}

TEST(pattern_variables_stand_for_values_of_the_request)
{
    static const struct pattern_case cases[] = {
        {IAM_PATTERN_LIKE, "home/${aws:username}/*", "home/ann/x", true},
        {IAM_PATTERN_LIKE, "home/${aws:username}/*", "home/bob/x", false},
        {IAM_PATTERN_LIKE, "*${aws:username}*${aws:username}", "annann", true},
        {IAM_PATTERN_LIKE, "*${aws:username}*${aws:username}", "xannyannzann", true},
        {IAM_PATTERN_LIKE, "*${aws:username}*${aws:username}", "xann", false},
        {IAM_PATTERN_LIKE, "a${missing}", "a", false},
        {IAM_PATTERN_LIKE, "a${missing, 'b'}", "ab", true},
        {IAM_PATTERN_LIKE, "a${aws:username, 'b'}", "aann", true},
        {IAM_PATTERN_LIKE, "a${empty}b", "ab", true},
        // Values are not patterns.
        {IAM_PATTERN_LIKE, "${star}", "x", false},
        {IAM_PATTERN_LIKE, "${star}", "*", true},
        {IAM_PATTERN_LIKE, "${*}${?}${$}", "*?$", true},
        {IAM_PATTERN_LIKE, "${*}", "x", false},
        {IAM_PATTERN_LIKE, "${aws:username", "${aws:username", true},
        {IAM_PATTERN_LIKE, "$a", "$a", true},
        {IAM_PATTERN_EQUAL, "a*", "ab", false},
        {IAM_PATTERN_EQUAL, "a*", "a*", true},
        {IAM_PATTERN_EQUAL, "${aws:username}", "ann", true},
        {IAM_PATTERN_EQUAL_IGNORING_CASE, "${aws:username}X", "ANNx", true},
        {IAM_PATTERN_ACTION, "${aws:username}", "ann", false},
    };
    check_cases(cases, ARRAY_COUNT(cases));
}

TEST(pattern_question_mark_is_one_character_of_any_length)
{
    static const struct pattern_case cases[] = {
        {IAM_PATTERN_LIKE, "?", "é", true},      {IAM_PATTERN_LIKE, "??", "é", false},
        {IAM_PATTERN_LIKE, "*?", "é", true},     {IAM_PATTERN_LIKE, "*??", "é", false},
        {IAM_PATTERN_LIKE, "?x*", "日xé", true},
    };
    check_cases(cases, ARRAY_COUNT(cases));
}

TEST(pattern_with_too_many_variables_is_refused)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct iam_pattern pattern;
    char text[(IAM_PATTERN_VARIABLES_MAX + 1) * 4];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "${a}"[i % 4];
    struct str all = {text, sizeof(text)};
    CHECK(iam_pattern_compile(&arena, all, IAM_PATTERN_LIKE, true, &pattern) == STATUS_INVALID);
    CHECK(iam_pattern_compile(&arena, str_skip(all, 4), IAM_PATTERN_LIKE, true, &pattern) ==
          STATUS_OK);
}

// The definition, without cleverness: try every length of every wildcard.
static bool matches_naively(struct str pattern, struct str text, bool is_arn, size_t colons)
{
    if (pattern.size == 0) return text.size == 0;
    char first = pattern.data[0];
    struct str rest = str_skip(pattern, 1);
    bool is_bounded = is_arn && colons < 5;
    if (first == '*') {
        if (rest.size == 0 || rest.data[0] == ':') is_bounded = false;
        for (size_t size = 0; size <= text.size; size++) {
            if (matches_naively(rest, str_skip(text, size), is_arn, colons)) return true;
            if (size < text.size && is_bounded && text.data[size] == ':') break;
        }
        return false;
    }
    if (text.size == 0) return false;
    if (first == '?') {
        if (is_bounded && text.data[0] == ':') return false;
    } else if (first != text.data[0]) {
        return false;
    }
    return matches_naively(rest, str_skip(text, 1), is_arn, colons + (first == ':'));
}

TEST(pattern_agrees_with_a_naive_matcher)
{
    struct random random;
    random_init_seed(&random, 7);
    size_t match_count = 0;
    for (int round = 0; round < 200000; round++) {
        char pattern[13], text[13];
        size_t pattern_size = random_u64(&random) % 12, text_size = random_u64(&random) % 12;
        for (size_t i = 0; i < pattern_size; i++)
            pattern[i] = "ab::**?"[random_u64(&random) % 7];
        for (size_t i = 0; i < text_size; i++)
            text[i] = "ab:"[random_u64(&random) % 3];
        pattern[pattern_size] = text[text_size] = '\0';
        bool is_arn = random_u64(&random) % 2 == 0;
        // Neighbouring wildcards are one; the naive matcher knows only single ones.
        if (str_find(str_from_c(pattern), STR("**")) != SIZE_MAX) continue;
        bool expected = matches_naively(str_from_c(pattern), str_from_c(text), is_arn, 0);
        match_count += expected;
        if (matches(is_arn ? IAM_PATTERN_RESOURCE : IAM_PATTERN_LIKE, pattern, text) != expected) {
            test_fail(__FILE__, __LINE__, "\"%s\" on \"%s\" is not %d", pattern, text, expected);
            return;
        }
    }
    CHECK(match_count > 1000);
}
