// Filter patterns: which events match, and what the service says of bad patterns.

#include <stdlib.h>

#include "base/clock.h"
#include "logs/filter.h"
#include "test/lib/test.h"

struct match_case {
    const char *pattern, *message;
    bool is_match;
};

static void check_matches(const struct match_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, KIB(64));
        struct logs_filter *filter = NULL;
        struct str message = STR("");
        enum status status =
            logs_filter_new(str_from_c(cases[i].pattern), &arena, &filter, &message);
        if (status != STATUS_OK) {
            test_fail(__FILE__, __LINE__, "%s: %.*s", cases[i].pattern, STR_ARGS(message));
            continue;
        }
        bool is_match = filter == NULL || logs_filter_matches(filter, str_from_c(cases[i].message));
        if (is_match != cases[i].is_match) {
            test_fail(__FILE__, __LINE__, "%s %s %s", cases[i].pattern,
                      is_match ? "matches" : "does not match", cases[i].message);
        }
        logs_filter_free(filter);
    }
}

TEST(terms_are_substrings_that_must_be_there_or_must_not)
{
    static const struct match_case cases[] = {
        {"", "anything", true},
        {"  ", "anything", true},
        {"ERROR", "[ERROR] A fatal exception", true},
        {"ERROR", "Exiting with ERRORCODE: -1", true},
        {"ERROR", "error", false},
        {"ERROR Exception", "[ERROR] Unhandled Exception", true},
        {"ERROR Exception", "[ERROR] Unhandled", false},
        {"\"Failed to process\"", "Failed to process the request", true},
        {"\"Failed to process\"", "process Failed to", false},
        {"ERROR -Exiting", "Exiting with ERRORCODE: -1", false},
        {"ERROR - \"Exiting\"", "Exiting with ERRORCODE: -1", false},
        {"ERROR -Exiting", "ERROR", true},
        {"-Exiting", "Exiting", false},
        {"-Exiting", "other", true},
        {"\"say \\\"hi\\\"\"", "they say \"hi\" there", true},
        {"\"\xc3\xa9t\xc3\xa9\"", "un \xc3\xa9t\xc3\xa9", true},
        {"?ERROR ?WARN", "ERROR WARN message", true},
        {"?ERROR ?WARN", "ERROR message", true},
        {"?ERROR ?WARN", "WARN message", true},
        {"?ERROR ?WARN", "INFO message", false},
        {"?ERROR ?\"out of memory\"", "out of memory", true},
        {"?ERROR ?WARN REQUEST", "INFO REQUEST", true},
        {"?ERROR ?WARN -noise", "WARN noise", false},
        {"%[0-9]{3}-ERR%", "code 123-ERR", true},
        {"%^AB.D$%", "ABCD", true},
        {"%^AB.D$%", "xABCD", false},
        {"%\\x28x\\x29%", "f(x)", true},
    };
    check_matches(cases, ARRAY_COUNT(cases));
}

static const char event[] =
    "{\"eventType\":\"UpdateTrail\",\"sourceIPAddress\":\"111.111.111.111\","
    "\"arrayKey\":[\"value\",\"another value\"],"
    "\"objectList\":[{\"name\":\"a\",\"id\":1},{\"name\":\"b\",\"id\":2}],"
    "\"SomeObject\":null,\"ThisFlag\":true,\"ThatFlag\":false,"
    "\"user\":{\"id\":1,\"email\":\"John.Stiles@example.com\"},"
    "\"users\":[{\"id\":2,\"email\":\"John.Doe@example.com\"},"
    "{\"id\":3,\"email\":\"Jane.Doe@example.com\"}],"
    "\"actions\":[\"GET\",\"PUT\",\"DELETE\"],\"coordinates\":[[0,1,2],[4,5,6],[7,8,9]],"
    "\"latency\":550.5,\"errorCode\":400,\"text\":\"12\",\"two-parts\":\"x\",\"a b\":\"blank\"}";

TEST(selectors_look_into_json_events)
{
    static const struct match_case cases[] = {
        {"{ $.eventType = \"UpdateTrail\" }", event, true},
        {"{$.eventType=UpdateTrail}", event, true},
        {"{ $.eventType = \"Update*\" }", event, true},
        {"{ $.eventType = *Trail }", event, true},
        {"{ $.eventType = *dateT* }", event, true},
        {"{ $.eventType = Up*rail }", event, false}, // Wildcards stand at the ends only.
        {"{ $.eventType = * }", event, true},
        {"{ $.eventType = updateTrail }", event, false},
        {"{ $.eventType = %^Up.*l$% }", event, true},
        {"{ $.eventType != %^Up.*l$% }", event, false},
        {"{ $.sourceIPAddress != 123.123.* }", event, true},
        {"{ $.sourceIPAddress = 111.111.* }", event, true},
        {"{ $.arrayKey[0] = \"value\" }", event, true},
        {"{ $.arrayKey[1] = \"another value\" }", event, true},
        {"{ $.arrayKey[2] = \"value\" }", event, false},
        {"{ $.arrayKey[*] = \"another value\" }", event, true},
        {"{ $.arrayKey = \"value\" }", event, false},
        {"{ $.users != 1 }", event, false},
        {"{ $.objectList[1].id = 2 }", event, true},
        {"{ $.objectList[*].id > 1 }", event, true},
        {"{ $.objectList[*].id > 2 }", event, false},
        {"{ $.SomeObject IS NULL }", event, true},
        {"{ $.eventType IS NULL }", event, false},
        {"{ $.SomeOtherObject IS NULL }", event, false},
        {"{ $.SomeOtherObject NOT EXISTS }", event, true},
        {"{ $.SomeObject NOT EXISTS }", event, false},
        {"{ $.ThisFlag IS TRUE }", event, true},
        {"{ $.ThisFlag IS FALSE }", event, false},
        {"{ $.ThatFlag IS FALSE }", event, true},
        {"{ $.missing = 1 }", event, false},
        {"{ $.missing != 1 }", event, false},
        {"{ ($.user.id = 1) && ($.users[0].email = \"John.Doe@example.com\") }", event, true},
        {"{ ($.user.id = 2 && $.users[0].email = \"x\") || $.actions[2] = \"GET\" }", event, false},
        {"{ $.user.email = \"John.Stiles@example.com\" || $.coordinates[0][1] = nonmatch &&"
         " $.actions[2] = nomatch }",
         event, true},
        {"{ ($.user.email = \"John.Stiles@example.com\" || $.coordinates[0][1] = nonmatch) &&"
         " $.actions[2] = nomatch }",
         event, false},
        {"{ $.coordinates[1][2] = 6 }", event, true},
        {"{ $.latency >= 500 }", event, true},
        {"{ $.latency < 10e3 }", event, true},
        {"{ $.latency < 10e-3 }", event, false},
        {"{ $.latency <= 550.5 }", event, true},
        {"{ $.latency > +1000 }", event, false},
        {"{ $.errorCode = 400 }", event, true},
        {"{ $.errorCode != 500 }", event, true},
        {"{ $.errorCode = 4* }", event, true},
        {"{ $.errorCode = 400.0 }", event, true},
        {"{ $.text > 11 }", event, true}, // Log records hold their numbers as strings.
        {"{ $.text = 12.0 }", event, true},
        {"{ $.eventType > 3 }", event, false},
        {"{ $.two-parts = x }", event, true},
        {"{ $.['a b'] = blank }", event, true},
        {"{ $[\"a b\"] = \"blank\" }", event, true},
        {"{ $.eventType = \"UpdateTrail\" }", "not JSON UpdateTrail", false},
        {"{ $.eventType = \"UpdateTrail\" }", "[\"UpdateTrail\"]", false},
        {"{ $.a = 1 }", " {\"a\":1}\n", true},
        {"{ $.a = 1 }", "{\"a\":1", false},
        {"{ $.type = \"LambdaFunctionSucceeded\" && ($.id > 3 || $.name = a*) }",
         "{\"id\":\"5\",\"type\":\"LambdaFunctionSucceeded\"}", true},
    };
    check_matches(cases, ARRAY_COUNT(cases));
}

TEST(fields_of_events_separated_by_blanks)
{
    static const char line[] = "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "
                               "\"GET /index.html HTTP/1.0\" 404 1534";
    static const struct match_case cases[] = {
        {"[ip, user, username, timestamp, request, status_code, bytes]", line, true},
        {"[ip, user, username]", line, false},
        {"[ip, user, ...]", line, true},
        {"[..., status_code, bytes]", line, true},
        {"[ip, ..., status_code = 404, bytes]", line, true},
        {"[ip, ..., status_code = 4*, bytes > 1000]", line, true},
        {"[ip, ..., status_code = 4*, bytes > 2000]", line, false},
        {"[..., request=*.html*, status_code=4*,]", line, true},
        {"[ip, user, username = frank, ...]", line, true},
        {"[ip = 127.0.*, ...]", line, true},
        {"[ip != 127.0.*, ...]", line, false},
        {"[..., request = \"GET /index*\", status, bytes]", line, true},
        {"[..., timestamp = \"10/Oct*\", request, status, bytes]", line, true},
        {"[..., status_code = 4* && status_code != 403, bytes]", line, true},
        {"[..., status_code = 5* || status_code = 404, bytes]", line, true},
        {"[w1=ERROR, w2]", "ERROR message", true},
        {"[w1=ERROR, w2]", "WARN message", false},
        {"[w1=ERROR || w1=WARN, w2]", "WARN message", true},
        {"[w1=!ERROR && w1=!WARN, w2]", "INFO message", true},
        {"[w1=!ERROR && w1=!WARN, w2]", "WARN message", false},
        {"[w1=%ERR.R%, ...]", "ERROR message", true},
        {"[...]", "", true},
        {"[a]", "", false},
        {"[a, ..., b]", "one", false},
        {"[a, ..., b = two]", "one two", true},
        {"[a, b]", "[unclosed field", true},
    };
    check_matches(cases, ARRAY_COUNT(cases));
}

TEST(bad_patterns_are_refused_in_the_words_of_the_service)
{
    static const struct {
        const char *pattern, *message;
    } cases[] = {
        {"a:b", "Invalid character(s) in term ':'"},
        {"f(x)", "Invalid character(s) in term '('"},
        {"\"\"", "Invalid character(s) in term '\"\"'"},
        {"`ERROR", "Invalid character(s) in term '`'"},
        {"ERROR*", "Invalid character(s) in term '*'"},
        {"\xc3\xa9t\xc3\xa9", "Invalid character(s) in term '\xc3\xa9'"},
        {"\"unclosed", "Invalid filter pattern"},
        {"?", "Invalid filter pattern"},
        {"%a(b)%", "Invalid character(s) in term '('"},
        {"%a", "Invalid filter pattern"},
        {"%a**[%", "Invalid filter pattern: invalid regular expression"},
        {"{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"},
        {"{", "If a filter pattern starts with '{' it must end with '}'"},
        {"{}", "Invalid filter pattern"},
        {"{ $.\"a\" = 1 }", "Invalid character(s) in term '\"'"},
        {"{ $.a }", "Invalid filter pattern"},
        {"{ $.a = }", "Invalid filter pattern"},
        {"{ $.a < x }", "Invalid filter pattern: a number is needed after <, <=, > and >="},
        {"{ ($.a = 1 }", "Invalid filter pattern"},
        {"{ $.a = 1) }", "Invalid character(s) in term ')'"},
        {"{ $.a = 1 & $.b = 2 }", "Invalid character(s) in term '&'"},
        {"{ $.a[x] = 1 }", "Invalid character(s) in term 'x'"},
        {"{ $.a IS ODD }", "Invalid character(s) in term 'O'"},
        {"{ a = 1 }", "Invalid character(s) in term 'a'"},
        {"[a, b", "Invalid filter pattern"},
        {"[..., ...]", "Invalid filter pattern"},
        {"[a = 1 && b = 2]", "Invalid filter pattern"},
        {"[a] b", "Invalid character(s) in term 'b'"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, KIB(64));
        struct logs_filter *filter = NULL;
        struct str message = STR("");
        CHECK(logs_filter_new(str_from_c(cases[i].pattern), &arena, &filter, &message) ==
              STATUS_INVALID);
        if (!str_is(message, cases[i].message)) {
            test_fail(__FILE__, __LINE__, "%s: %.*s", cases[i].pattern, STR_ARGS(message));
        }
    }
}

TEST(nesting_and_length_are_limited)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    char pattern[1100];
    memset(pattern, '(', sizeof(pattern));
    pattern[0] = '{';
    pattern[1000] = '}';
    struct logs_filter *filter;
    struct str message;
    CHECK(logs_filter_new((struct str){pattern, 1001}, &arena, &filter, &message) ==
          STATUS_INVALID);
    CHECK_STR(message, STR("Invalid filter pattern: too many parentheses"));
    memset(pattern, 'a', sizeof(pattern));
    CHECK(logs_filter_new((struct str){pattern, 1025}, &arena, &filter, &message) ==
          STATUS_INVALID);
    CHECK(logs_filter_new((struct str){pattern, 1024}, &arena, &filter, &message) == STATUS_OK);
    logs_filter_free(filter);
}

TEST(a_regular_expression_that_explodes_gives_up)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct logs_filter *filter = NULL;
    struct str message;
    char text[4096];
    memset(text, 'a', sizeof(text));
    REQUIRE(logs_filter_new(STR("%a*a*a*a*a*a*a*a*b%"), &arena, &filter, &message) == STATUS_OK);
    int64_t begin_ns = clock_steady_ns();
    CHECK(!logs_filter_matches(filter, (struct str){text, sizeof(text)}));
    CHECK(clock_steady_ns() - begin_ns < 2000000000);
    logs_filter_free(filter);
}
