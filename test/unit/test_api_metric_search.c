// Search expressions: which metrics they find.

#include "api/metric_search.h"
#include "test/lib/test.h"

static const struct cloudwatch_metric started = {
    .metric_namespace = STR_INIT("AWS/States"),
    .name = STR_INIT("ExecutionsStarted"),
    .dimensions = {{STR_INIT("StateMachineArn"),
                    STR_INIT("arn:aws:states:us-east-1:000000000000:stateMachine:OrderFlow-2")},
                   {STR_INIT("Version"), STR_INIT("17")}},
    .dimension_count = 2,
};

// 1 or 0, or -1 when the search is refused.
static int finds(const char *text)
{
    struct arena CLEANUP(arena_release) arena;
    const struct metric_search *search;
    struct str message = STR("");
    arena_init(&arena, MIB(1));
    enum status status = metric_search_compile(&arena, str_from_c(text), &search, &message);
    CHECK((status == STATUS_INVALID) == (message.size > 0));
    return status == STATUS_OK ? metric_search_matches(search, &started) : -1;
}

static void check_all(int expected, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int found = finds(texts[i]);
        if (found != expected) test_fail(__FILE__, __LINE__, "%s: %d", texts[i], found);
    }
}

TEST(searches_find_by_schema_words_and_whole_texts)
{
    static const char *const texts[] = {
        "{AWS/States,StateMachineArn,Version}",
        " {\"AWS/States\", Version, \"StateMachineArn\"} MetricName=\"ExecutionsStarted\" ",
        "{AWS/States,StateMachineArn,Version}, started",
        "MetricName=Executions",
        "executionsstarted",
        "order",
        "OrderFlow",
        "order-flow 2",
        "Flow/2",
        "NOT lambda",
        "Version=17",
        "\"17\" AND \"Version\"",
        "lambda OR started",
        "(lambda OR States) Namespace=\"AWS/States\" NOT NOT started",
        "\"Version\"=(\"16\" OR \"17\")",
        "Version=(NOT 16)",
        "MetricName=\"Errors\" OR (MetricName=\"ExecutionsStarted\" AND (ProjectA OR Order))",
        "Namespace=\"AWS/States\" MetricName=\"ExecutionsStarted\" \"StateMachineArn\" \"Version\"",
        "\"Executions\\Started\"",
    };
    check_all(1, texts, ARRAY_COUNT(texts));
}

TEST(searches_leave_out_what_does_not_match)
{
    static const char *const texts[] = {
        "{AWS/States}",
        "{AWS/States,StateMachineArn}",
        "{AWS/States,StateMachineArn,Alias}",
        "{AWS/Usage,StateMachineArn,Version}",
        "\"Executions\"",
        "\"executionsstarted\"",
        "ordering",
        "rderFlow",
        "FlowOrder",
        "NOT started",
        "Version=1",
        "Version=\"OrderFlow\"",
        "Alias=live",
        "started lambda",
        "started AND NOT order",
        "\"Version\"=(\"15\" OR \"16\")",
    };
    check_all(0, texts, ARRAY_COUNT(texts));
}

TEST(searches_that_are_malformed_are_refused)
{
    static const char *const texts[] = {
        "",
        "   ",
        "{AWS/States",
        "{}",
        "(a",
        "a)",
        "a OR",
        "AND",
        "a = ",
        "\"a",
        "a AND AND b",
        "NOT",
        "{a,b,c,d,e,f,g,h,i,j,k}",
        "=b",
        "a=b=c",
    };
    char text[METRIC_SEARCH_SIZE_MAX + 2];
    check_all(-1, texts, ARRAY_COUNT(texts));
    memset(text, '(', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    CHECK(finds(text) == -1);
    text[500] = '\0';
    CHECK(finds(text) == -1);
}
