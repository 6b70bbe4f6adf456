// The operations of CloudWatch Logs: results, paging, validation and exceptions.

#include <stdlib.h>

#include "base/random.h"
#include "logs/operation.h"
#include "test/lib/test.h"
#include "test/unit/logs_session.h"

static void check_exception(const struct logs_operation *operation, enum status status,
                            const char *code, const char *message)
{
    CHECK(status == STATUS_INVALID);
    CHECK_STR(str_from_c(operation->error_code), str_from_c(code));
    CHECK_STR(operation->error_message, str_from_c(message));
}

// ---------------------------------------------------------------------------------------------
// Groups

static enum status describe_groups(struct session *session, struct logs_describe_groups *call,
                                   const char *prefix, const char *pattern, struct str token,
                                   int64_t limit)
{
    *call = (struct logs_describe_groups){.prefix = str_from_c(prefix), .limit = limit};
    call->pattern = str_from_c(pattern);
    call->next_token = token;
    session_begin(session, &call->operation);
    logs_describe_groups(session->logs, call);
    return session_wait(session);
}

TEST(groups_are_created_described_page_by_page_and_deleted)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    char name[32];
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), i % 3 == 0 ? "/a/%02d" : "/b/%02d", i);
        CHECK(session_create_group(&session, name) == STATUS_OK);
    }
    struct logs_create_group again = {.name = STR("/a/00")};
    session_begin(&session, &again.operation);
    logs_create_group(session.logs, &again);
    check_exception(&again.operation, session_wait(&session), "ResourceAlreadyExistsException",
                    "The specified log group already exists");

    struct logs_describe_groups call;
    CHECK(describe_groups(&session, &call, NULL, NULL, (struct str){0}, LOGS_ABSENT) == STATUS_OK);
    CHECK(call.count == 50 && call.ret_next_token.data != NULL);
    CHECK_STR(call.items[0].name, STR("/a/00"));
    CHECK_STR(call.items[0].arn, STR("arn:aws:logs:us-east-1:123456789012:log-group:/a/00"));
    CHECK(call.items[0].created_unix_ms == SESSION_NOW);

    static const struct {
        const char *prefix, *pattern;
        size_t count;
    } cases[] = {{NULL, NULL, 60}, {"/a", NULL, 20}, {"/b/", NULL, 40},
                 {NULL, "/3", 10}, {"/c", NULL, 0},  {"/a/03", NULL, 1}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t count = 0;
        char last[32] = "";
        struct str token = {0};
        do {
            CHECK(describe_groups(&session, &call, cases[i].prefix, cases[i].pattern, token, 7) ==
                  STATUS_OK);
            for (size_t k = 0; k < call.count; k++, count++) {
                CHECK(str_compare(call.items[k].name, str_from_c(last)) > 0);
                snprintf(last, sizeof(last), "%.*s", STR_ARGS(call.items[k].name));
            }
            token = session_keep(&session, call.ret_next_token);
        } while (token.data != NULL);
        CHECK(count == cases[i].count);
    }
    CHECK(session_delete_group(&session, "/a/03") == STATUS_OK);
    CHECK(session_delete_group(&session, "/a/03") == STATUS_INVALID);
    CHECK(describe_groups(&session, &call, "/a/03", NULL, (struct str){0}, LOGS_ABSENT) ==
          STATUS_OK);
    CHECK(call.count == 0);
    session_close(&session);
}

TEST(bad_parameters_are_refused_in_the_words_of_the_service)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    struct logs_create_group create = {.name = STR("a b")};
    session_begin(&session, &create.operation);
    logs_create_group(session.logs, &create);
    check_exception(&create.operation, session_wait(&session), "InvalidParameterException",
                    "1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy "
                    "constraint: Member must satisfy regular expression pattern: "
                    "[\\.\\-_/#A-Za-z0-9]+");
    create.name = (struct str){0};
    session_begin(&session, &create.operation);
    logs_create_group(session.logs, &create);
    check_exception(&create.operation, session_wait(&session), "InvalidParameterException",
                    "1 validation error detected: Value null at 'logGroupName' failed to satisfy "
                    "constraint: Member must not be null");
    struct logs_describe_groups describe;
    CHECK(describe_groups(&session, &describe, "a", "b", (struct str){0}, 3) == STATUS_INVALID);
    enum status status = describe_groups(&session, &describe, NULL, NULL, (struct str){0}, 51);
    check_exception(&describe.operation, status, "InvalidParameterException",
                    "1 validation error detected: Value '51' at 'limit' failed to satisfy "
                    "constraint: Member must have value less than or equal to 50");
    struct logs_filter_events filter;
    status = session_filter(&session, &filter, "none", "{ $.a");
    check_exception(&filter.operation, status, "InvalidParameterException",
                    "If a filter pattern starts with '{' it must end with '}'");
    status = session_filter(&session, &filter, "none", NULL);
    check_exception(&filter.operation, status, "ResourceNotFoundException",
                    "The specified log group does not exist.");
    session_create_group(&session, "g");
    status = session_filter_page(&session, &filter, "g", NULL, STR("rubbish"), 10);
    check_exception(&filter.operation, status, "InvalidParameterException",
                    "The specified nextToken is invalid.");
    struct logs_get_events get;
    status = session_get(&session, &get, "g", "s", (struct str){0}, 10);
    check_exception(&get.operation, status, "ResourceNotFoundException",
                    "The specified log stream does not exist.");
    CHECK(session_create_stream(&session, "g", "s") == STATUS_OK);
    CHECK(session_create_stream(&session, "g", "s") == STATUS_INVALID);
    CHECK(session_create_stream(&session, "g", "a:b") == STATUS_INVALID);
    status = session_get(&session, &get, "g", "s", STR("f/123"), 10);
    check_exception(&get.operation, status, "InvalidParameterException",
                    "The specified nextToken is invalid.");
    session_close(&session);
}

static enum status put_retention(struct session *session, struct logs_put_retention *call,
                                 int64_t days, bool is_removal)
{
    *call = (struct logs_put_retention){.name = STR("g"), .days = days, .is_removal = is_removal};
    session_begin(session, &call->operation);
    logs_put_retention(session->logs, call);
    return session_wait(session);
}

TEST(retention_is_one_of_the_admitted_values_and_expired_events_go)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    struct logs_put_retention call;
    enum status status = put_retention(&session, &call, 2, false);
    CHECK(status == STATUS_INVALID);
    CHECK(str_starts_with(call.operation.error_message,
                          STR("1 validation error detected: Value '2' at 'retentionInDays' failed "
                              "to satisfy constraint: Member must satisfy enum value set: [1, 3")));
    CHECK(put_retention(&session, &call, 3, false) == STATUS_OK);
    struct logs_describe_groups groups;
    CHECK(describe_groups(&session, &groups, NULL, NULL, (struct str){0}, 3) == STATUS_OK);
    CHECK(groups.items[0].retention_days == 3);
    struct logs_group *group =
        logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    for (int i = 0; i < 1200; i++)
        logs_append(session.logs, group, STR("s"), SESSION_NOW - 4 * INT64_C(86400000), STR("old"));
    logs_append(session.logs, group, STR("s"), SESSION_NOW, STR("new"));
    logs_purge(session.logs);
    struct logs_filter_events events;
    CHECK(session_filter(&session, &events, "g", NULL) == STATUS_OK);
    CHECK(events.count == 1);
    CHECK(describe_groups(&session, &groups, NULL, NULL, (struct str){0}, 3) == STATUS_OK);
    CHECK(groups.items[0].stored_bytes == 3);
    CHECK(put_retention(&session, &call, 0, true) == STATUS_OK);
    CHECK(describe_groups(&session, &groups, NULL, NULL, (struct str){0}, 3) == STATUS_OK);
    CHECK(groups.items[0].retention_days == 0);
    logs_group_unref(group);
    session_close(&session);
}

TEST(tags_are_added_listed_and_removed_by_name_or_arn)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    struct logs_create_group create = {.name = STR("g"), .tags = STR("{\"team\":\"x\"}")};
    session_begin(&session, &create.operation);
    logs_create_group(session.logs, &create);
    CHECK(session_wait(&session) == STATUS_OK);
    struct logs_group_tags call = {.group.name = STR("g"),
                                   .added = STR("{\"a\":\"1\",\"team\":\"y\"}")};
    session_begin(&session, &call.operation);
    logs_group_tags(session.logs, &call);
    CHECK(session_wait(&session) == STATUS_OK);
    CHECK_STR(call.tags, STR("{\"team\":\"y\",\"a\":\"1\"}"));
    struct str removed = STR("team");
    call = (struct logs_group_tags){.group.identifier =
                                        STR("arn:aws:logs:us-east-1:123456789012:log-group:g:*")};
    call.removed = &removed;
    call.removed_count = 1;
    session_begin(&session, &call.operation);
    logs_group_tags(session.logs, &call);
    CHECK(session_wait(&session) == STATUS_OK);
    call = (struct logs_group_tags){.group.name = STR("g")};
    session_begin(&session, &call.operation);
    logs_group_tags(session.logs, &call);
    CHECK(session_wait(&session) == STATUS_OK);
    CHECK_STR(call.tags, STR("{\"a\":\"1\"}"));
    session_close(&session);
}

// ---------------------------------------------------------------------------------------------
// Streams

static enum status describe_streams(struct session *session, struct logs_describe_streams *call,
                                    const char *order_by, struct str token, int64_t limit)
{
    call->group.name = STR("g");
    call->order_by = str_from_c(order_by);
    call->next_token = token;
    call->limit = limit;
    session_begin(session, &call->operation);
    logs_describe_streams(session->logs, call);
    return session_wait(session);
}

TEST(streams_are_described_by_name_or_last_event_page_by_page)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    struct logs_group *group =
        logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    CHECK(session_create_stream(&session, "g", "ba") == STATUS_OK);
    logs_append(session.logs, group, STR("bb"), SESSION_NOW - 5, STR("x"));
    logs_append(session.logs, group, STR("bc"), SESSION_NOW - 9, STR("x"));
    logs_append(session.logs, group, STR("a"), SESSION_NOW - 1, STR("x"));
    logs_append(session.logs, group, STR("bb"), SESSION_NOW - 7, STR("x"));
    static const struct {
        const char *order_by, *prefix, *names;
        bool is_descending;
    } cases[] = {
        {NULL, NULL, "a,ba,bb,bc,", false},
        {"LogStreamName", NULL, "bc,bb,ba,a,", true},
        {"LogStreamName", "b", "ba,bb,bc,", false},
        {"LogStreamName", "b", "bc,bb,ba,", true},
        {"LogStreamName", "c", "", true},
        {"LastEventTime", NULL, "ba,bc,bb,a,", false},
        {"LastEventTime", NULL, "a,bb,bc,ba,", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        for (int64_t limit = 1; limit <= 5; limit++) {
            char names[64] = "";
            struct str token = {0};
            do {
                struct logs_describe_streams call = {.prefix = str_from_c(cases[i].prefix)};
                call.is_descending = cases[i].is_descending;
                CHECK(describe_streams(&session, &call, cases[i].order_by, token, limit) ==
                      STATUS_OK);
                for (size_t k = 0; k < call.count; k++) {
                    size_t size = strlen(names);
                    snprintf(names + size, sizeof(names) - size, "%.*s,",
                             STR_ARGS(call.items[k].name));
                }
                token = session_keep(&session, call.ret_next_token);
            } while (token.data != NULL);
            CHECK_STR(str_from_c(names), str_from_c(cases[i].names));
        }
    }
    struct logs_describe_streams call = {.prefix = STR("bb")};
    CHECK(describe_streams(&session, &call, NULL, (struct str){0}, LOGS_ABSENT) == STATUS_OK);
    REQUIRE(call.count == 1 && call.items[0].has_events);
    CHECK(call.items[0].first_event_unix_ms == SESSION_NOW - 7);
    CHECK(call.items[0].last_event_unix_ms == SESSION_NOW - 5);
    CHECK(call.items[0].last_ingestion_unix_ms == SESSION_NOW);
    CHECK_STR(call.items[0].arn,
              STR("arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:bb"));
    CHECK(call.items[0].upload_sequence_token.size == 56);
    call = (struct logs_describe_streams){.prefix = STR("bb")};
    enum status status =
        describe_streams(&session, &call, "LastEventTime", (struct str){0}, LOGS_ABSENT);
    check_exception(&call.operation, status, "InvalidParameterException",
                    "Cannot order by LastEventTime with a logStreamNamePrefix.");

    struct logs_delete_stream removal = {.group_name = STR("g"), .name = STR("bb")};
    session_begin(&session, &removal.operation);
    logs_delete_stream(session.logs, &removal);
    CHECK(session_wait(&session) == STATUS_OK);
    struct logs_filter_events events;
    CHECK(session_filter(&session, &events, "g", NULL) == STATUS_OK);
    CHECK(events.count == 2);
    logs_group_unref(group);
    session_close(&session);
}

// ---------------------------------------------------------------------------------------------
// Events

static enum status put_events(struct session *session, struct logs_put_events *call,
                              const struct logs_input_event *events, size_t count)
{
    *call = (struct logs_put_events){.group_name = STR("g"), .stream_name = STR("s")};
    call->events = events;
    call->count = count;
    session_begin(session, &call->operation);
    logs_put_events(session->logs, call);
    return session_wait(session);
}

TEST(events_too_old_or_too_new_are_rejected_and_the_rest_is_taken)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    CHECK(session_create_stream(&session, "g", "s") == STATUS_OK);
    const int64_t hour = 3600000, day = 24 * hour;
    struct logs_input_event events[] = {
        {SESSION_NOW - 15 * day, STR("too old")}, {SESSION_NOW - 2 * day, STR("expired")},
        {SESSION_NOW - hour, STR("good")},        {SESSION_NOW + hour, STR("good")},
        {SESSION_NOW + 3 * hour, STR("too new")},
    };
    struct logs_put_retention retention;
    CHECK(put_retention(&session, &retention, 1, false) == STATUS_OK);
    struct logs_put_events call;
    CHECK(put_events(&session, &call, events, 5) == STATUS_OK);
    CHECK(call.too_old_end_index == 1);
    CHECK(call.expired_end_index == 2);
    CHECK(call.too_new_start_index == 4);
    CHECK(call.next_sequence_token.size == 56);
    struct logs_get_events get;
    CHECK(session_get(&session, &get, "g", "s", (struct str){0}, LOGS_ABSENT) == STATUS_OK);
    CHECK(get.count == 2);
    CHECK(get.events[0].ingestion_unix_ms == SESSION_NOW);
    session_close(&session);
}

TEST(a_batch_of_events_that_breaks_a_rule_is_refused_whole)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    CHECK(session_create_stream(&session, "g", "s") == STATUS_OK);
    struct logs_put_events call;
    struct logs_input_event pair[] = {{SESSION_NOW, STR("a")}, {SESSION_NOW - 1, STR("b")}};
    enum status status = put_events(&session, &call, pair, 2);
    check_exception(&call.operation, status, "InvalidParameterException",
                    "Log events in a single PutLogEvents request must be in chronological order.");
    pair[0].timestamp_unix_ms = SESSION_NOW - 90000000;
    status = put_events(&session, &call, pair, 2);
    check_exception(&call.operation, status, "InvalidParameterException",
                    "The batch of log events in a single PutLogEvents request cannot span more "
                    "than 24 hours.");
    CHECK(put_events(&session, &call, pair, 0) == STATUS_INVALID);

    struct logs_input_event *events = calloc(10001, sizeof(*events));
    for (int i = 0; i < 10001; i++)
        events[i] = (struct logs_input_event){SESSION_NOW, STR("m")};
    CHECK(put_events(&session, &call, events, 10001) == STATUS_INVALID);
    CHECK(put_events(&session, &call, events, 10000) == STATUS_OK);
    char *text = malloc(MIB(1));
    memset(text, 't', MIB(1));
    events[0].message = (struct str){text, 262144 - 25};
    status = put_events(&session, &call, events, 1);
    check_exception(&call.operation, status, "InvalidParameterException",
                    "Log event too large: 262145 bytes exceeds limit of 262144");
    for (int i = 0; i < 4; i++)
        events[i].message = (struct str){text, 262144 - 26};
    CHECK(put_events(&session, &call, events, 4) == STATUS_OK);
    status = put_events(&session, &call, events, 5);
    check_exception(&call.operation, status, "InvalidParameterException",
                    "Upload too large: 1048603 bytes exceeds limit of 1048576");
    free(text);
    free(events);
    session_close(&session);
}

// 500 events in three streams with equal and unequal times; the message is the number.
static void append_numbered(struct session *session)
{
    struct random random;
    random_init_seed(&random, 5);
    struct logs_group *group =
        logs_group_open(session->logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    for (int i = 0; i < 500; i++) {
        char stream[8], message[32];
        snprintf(stream, sizeof(stream), "s%d", (int)(random_u64(&random) % 3));
        int size = snprintf(message, sizeof(message), "{\"n\":%d,\"odd\":%s}", i,
                            i % 2 == 1 ? "true" : "false");
        logs_append(session->logs, group, str_from_c(stream),
                    SESSION_NOW + (int64_t)(random_u64(&random) % 50),
                    (struct str){message, (size_t)size});
    }
    logs_group_unref(group);
}

TEST(pages_of_one_stream_make_up_the_whole_in_both_directions)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    append_numbered(&session);
    struct logs_get_events call;
    static struct str whole[500];
    CHECK(session_get(&session, &call, "g", "s1", (struct str){0}, LOGS_ABSENT) == STATUS_OK);
    size_t count = call.count;
    REQUIRE(count > 100 && count < 250);
    for (size_t i = 0; i < count; i++) {
        whole[i] = session_keep(&session, call.events[i].message);
        CHECK(i == 0 || call.events[i].timestamp_unix_ms >= call.events[i - 1].timestamp_unix_ms);
    }
    // Forwards, then back again from the end.
    size_t at = 0;
    struct str token = {0};
    for (;;) {
        CHECK(session_get(&session, &call, "g", "s1", token, 13) == STATUS_OK);
        for (size_t i = 0; i < call.count; i++, at++)
            CHECK(at < count && str_equal(call.events[i].message, whole[at]));
        bool is_end = str_equal(call.next_forward_token, token);
        CHECK(is_end == (call.count == 0));
        token = session_keep(&session, is_end ? call.next_backward_token : call.next_forward_token);
        if (is_end) break;
    }
    CHECK(at == count);
    for (;;) {
        CHECK(session_get(&session, &call, "g", "s1", token, 13) == STATUS_OK);
        for (size_t i = call.count; i-- > 0;)
            CHECK(at > 0 && str_equal(call.events[i].message, whole[--at]));
        if (str_equal(call.next_backward_token, token)) break;
        token = session_keep(&session, call.next_backward_token);
    }
    CHECK(at == 0);
    // Forwards from the beginning that was reached: everything once more.
    token = session_keep(&session, call.next_forward_token);
    CHECK(session_get(&session, &call, "g", "s1", token, LOGS_ABSENT) == STATUS_OK);
    CHECK(call.count == count);
    session_close(&session);
}

TEST(without_a_token_the_latest_events_come_unless_the_head_is_asked_for)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    CHECK(session_create_stream(&session, "g", "empty") == STATUS_OK);
    append_numbered(&session);
    struct logs_get_events call;
    CHECK(session_get(&session, &call, "g", "s0", (struct str){0}, LOGS_ABSENT) == STATUS_OK);
    size_t count = call.count;
    struct str last = session_keep(&session, call.events[count - 1].message);
    call = (struct logs_get_events){.group.name = STR("g"), .stream_name = STR("s0"), .limit = 10};
    call.start_unix_ms = call.end_unix_ms = LOGS_ABSENT;
    session_begin(&session, &call.operation);
    logs_get_events(session.logs, &call);
    CHECK(session_wait(&session) == STATUS_OK);
    CHECK(call.count == 10);
    CHECK_STR(call.events[9].message, last);
    // A follower of an empty stream gets what comes later.
    CHECK(session_get(&session, &call, "g", "empty", (struct str){0}, LOGS_ABSENT) == STATUS_OK);
    CHECK(call.count == 0);
    struct str token = session_keep(&session, call.next_forward_token);
    CHECK(session_get(&session, &call, "g", "empty", token, LOGS_ABSENT) == STATUS_OK);
    CHECK_STR(call.next_forward_token, token);
    struct logs_group *group =
        logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    logs_append(session.logs, group, STR("empty"), SESSION_NOW, STR("later"));
    logs_group_unref(group);
    CHECK(session_get(&session, &call, "g", "empty", token, LOGS_ABSENT) == STATUS_OK);
    CHECK(call.count == 1);
    // Time ranges include the start and exclude the end.
    call = (struct logs_get_events){.group.name = STR("g"), .stream_name = STR("empty")};
    call.limit = LOGS_ABSENT;
    call.start_unix_ms = SESSION_NOW;
    call.end_unix_ms = SESSION_NOW;
    session_begin(&session, &call.operation);
    logs_get_events(session.logs, &call);
    CHECK(session_wait(&session) == STATUS_OK);
    CHECK(call.count == 0);
    session_close(&session);
}

TEST(filtered_pages_across_streams_make_up_the_whole_in_order_of_time)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    append_numbered(&session);
    static const char *const patterns[] = {NULL, "{ $.odd IS TRUE }", "{ $.n < 0 }"};
    static const size_t counts[] = {500, 250, 0};
    for (int i = 0; i < 3; i++) {
        for (int64_t limit = 1; limit < 600; limit = limit * 3 + 4) {
            size_t count = 0;
            int64_t last_unix_ms = 0;
            char last_id[57] = "";
            bool seen[500] = {0};
            struct str token = {0};
            do {
                struct logs_filter_events call;
                CHECK(session_filter_page(&session, &call, "g", patterns[i], token, limit) ==
                      STATUS_OK);
                for (size_t k = 0; k < call.count; k++, count++) {
                    const struct logs_output_event *event = &call.events[k];
                    CHECK(event->timestamp_unix_ms >= last_unix_ms);
                    CHECK(str_compare(event->event_id, str_from_c(last_id)) > 0);
                    last_unix_ms = event->timestamp_unix_ms;
                    snprintf(last_id, sizeof(last_id), "%.*s", STR_ARGS(event->event_id));
                    int number = atoi(event->message.data + 5);
                    CHECK(!seen[number]);
                    seen[number] = true;
                }
                token = session_keep(&session, call.ret_next_token);
            } while (token.data != NULL);
            CHECK(count == counts[i]);
        }
    }
    session_close(&session);
}

TEST(a_filter_looks_at_the_named_streams_and_times_only)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    append_numbered(&session);
    struct logs_group *group =
        logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    logs_append(session.logs, group, STR("other"), SESSION_NOW + 100, STR("x"));
    logs_group_unref(group);
    struct str names[] = {STR("s0"), STR("s2"), STR("nowhere")};
    size_t totals[4] = {0};
    for (int variant = 0; variant < 4; variant++) {
        struct logs_filter_events call = {.group.name = STR("g"), .limit = LOGS_ABSENT};
        call.start_unix_ms = SESSION_NOW + 10;
        call.end_unix_ms = variant == 3 ? SESSION_NOW + 100 : SESSION_NOW + 20;
        call.stream_names = names;
        call.stream_name_count = variant < 2 ? (size_t)variant + 1 : 0;
        if (variant == 3) call.stream_name_prefix = STR("oth");
        session_begin(&session, &call.operation);
        logs_filter_events(session.logs, &call);
        CHECK(session_wait(&session) == STATUS_OK);
        totals[variant] = call.count;
        for (size_t i = 0; i < call.count; i++) {
            struct str name = call.events[i].stream_name;
            CHECK(variant != 0 || str_is(name, "s0"));
            CHECK(variant != 1 || str_is(name, "s0") || str_is(name, "s2"));
            CHECK(call.events[i].timestamp_unix_ms >= SESSION_NOW + 10);
        }
    }
    CHECK(totals[0] > 0 && totals[0] < totals[1] && totals[1] < totals[2] && totals[3] == 1);
    struct logs_filter_events call = {.group.name = STR("g"), .limit = LOGS_ABSENT};
    call.start_unix_ms = call.end_unix_ms = LOGS_ABSENT;
    call.stream_names = names;
    call.stream_name_count = 3;
    session_begin(&session, &call.operation);
    logs_filter_events(session.logs, &call);
    check_exception(&call.operation, session_wait(&session), "ResourceNotFoundException",
                    "The specified log stream does not exist.");
    session_close(&session);
}

TEST(a_long_search_goes_in_pieces_and_finds_the_needle)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    struct logs_group *group =
        logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    for (int i = 0; i < 8000; i++)
        logs_append(session.logs, group, STR("s"), SESSION_NOW, STR("hay"));
    logs_append(session.logs, group, STR("s"), SESSION_NOW, STR("needle"));
    logs_group_unref(group);
    struct logs_filter_events call;
    CHECK(session_filter(&session, &call, "g", "needle") == STATUS_OK);
    CHECK(call.count == 1 && call.ret_next_token.data == NULL);
    session_close(&session);
}

TEST(regions_do_not_see_each_other)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    struct logs_describe_groups call = {.limit = LOGS_ABSENT};
    session_begin(&session, &call.operation);
    call.operation.region = STR("eu-west-1");
    logs_describe_groups(session.logs, &call);
    CHECK(session_wait(&session) == STATUS_OK);
    CHECK(call.count == 0);
    session_close(&session);
}
