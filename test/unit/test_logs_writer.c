// Appending from threads: nothing is lost or reordered, memory is bounded, groups come and go.

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "logs/logs.h"
#include "logs/operation.h"
#include "test/lib/test.h"
#include "test/unit/logs_session.h"

TEST(what_is_appended_is_seen_by_the_next_read)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    struct logs_group *group =
        logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    REQUIRE(group != NULL);
    CHECK(logs_group_exists(group));
    CHECK_STR(logs_group_arn(group), STR("arn:aws:logs:us-east-1:123456789012:log-group:g"));
    logs_append(session.logs, group, STR("s"), 1000, STR("one"));
    logs_append(session.logs, group, STR("t"), 1001, STR("two"));
    struct logs_filter_events call;
    CHECK(session_filter(&session, &call, "g", NULL) == STATUS_OK);
    REQUIRE(call.count == 2);
    CHECK_STR(call.events[0].message, STR("one"));
    CHECK_STR(call.events[0].stream_name, STR("s"));
    CHECK_STR(call.events[1].message, STR("two"));
    CHECK(call.events[1].timestamp_unix_ms == 1001);
    logs_group_unref(group);
    session_close(&session);
}

TEST(a_missing_group_swallows_events_unless_writing_creates_it)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    struct str region = STR("us-east-1");
    struct logs_group *plain = logs_group_open(session.logs, region, STR("p"), LOGS_GROUP_AS_IS);
    struct logs_group *function =
        logs_group_open(session.logs, region, STR("/aws/lambda/f"), LOGS_GROUP_CREATE_WHEN_WRITTEN);
    CHECK(!logs_group_exists(plain) && !logs_group_exists(function));
    logs_append(session.logs, plain, STR("s"), 1, STR("lost"));
    logs_append(session.logs, function, STR("s"), 1, STR("START"));
    struct logs_filter_events call;
    CHECK(session_filter(&session, &call, "p", NULL) == STATUS_INVALID);
    CHECK_STR(str_from_c(call.operation.error_code), STR("ResourceNotFoundException"));
    CHECK(session_filter(&session, &call, "/aws/lambda/f", NULL) == STATUS_OK);
    CHECK(call.count == 1 && logs_group_exists(function));

    // Created now: the handle finds out.
    session_create_group(&session, "p");
    CHECK(logs_group_exists(plain));
    logs_append(session.logs, plain, STR("s"), 1, STR("kept"));
    CHECK(session_filter(&session, &call, "p", NULL) == STATUS_OK);
    CHECK(call.count == 1);

    // Deleted and created again: empty.
    logs_append(session.logs, plain, STR("s"), 2, STR("goes with the group"));
    session_delete_group(&session, "p");
    CHECK(!logs_group_exists(plain));
    logs_append(session.logs, plain, STR("s"), 3, STR("lost"));
    session_create_group(&session, "p");
    CHECK(session_filter(&session, &call, "p", NULL) == STATUS_OK);
    CHECK(call.count == 0);
    logs_group_unref(plain);
    logs_group_unref(function);
    session_close(&session);
}

enum { THREADS = 4, EVENTS = 3000 };

static struct logs_group *shared_group;
static struct session shared;

static void *append_many(void *number)
{
    char stream[16], message[64];
    snprintf(stream, sizeof(stream), "stream-%d", *(int *)number);
    for (int i = 0; i < EVENTS; i++) {
        int size = snprintf(message, sizeof(message), "%d", i);
        logs_append(shared.logs, shared_group, str_from_c(stream), 5000,
                    (struct str){message, (size_t)size});
    }
    return NULL;
}

TEST(threads_append_at_once_and_each_stream_keeps_its_order)
{
    REQUIRE(session_open(&shared, ""));
    session_create_group(&shared, "g");
    shared_group = logs_group_open(shared.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        REQUIRE(pthread_create(&threads[i], NULL, append_many, &numbers[i]) == 0);
    }
    struct logs_filter_events watch;
    for (int i = 0; i < 20; i++) // Reading meanwhile takes batches away at all moments.
        CHECK(session_filter(&shared, &watch, "g", "none") == STATUS_OK);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        char stream[16];
        snprintf(stream, sizeof(stream), "stream-%d", i);
        struct logs_get_events call;
        CHECK(session_get(&shared, &call, "g", stream, (struct str){0}, LOGS_ABSENT) == STATUS_OK);
        CHECK(call.count == EVENTS);
        for (size_t k = 0; k < call.count; k++) {
            uint64_t number;
            bool is_next = str_to_u64(call.events[k].message, &number) && number == k;
            CHECK(is_next);
            if (!is_next) break;
        }
    }
    CHECK(logs_figures(shared.logs).appended_events == THREADS * EVENTS);
    CHECK(logs_figures(shared.logs).dropped_events == 0);
    logs_group_unref(shared_group);
    session_close(&shared);
}

TEST(what_does_not_fit_is_dropped_and_counted)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    struct logs_group *group =
        logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    char *message = malloc(LOGS_MESSAGE_SIZE_MAX + 10);
    memset(message, 'm', LOGS_MESSAGE_SIZE_MAX + 10);
    message[LOGS_MESSAGE_SIZE_MAX - 1] = '\xc3'; // A character across the cut.
    message[LOGS_MESSAGE_SIZE_MAX] = '\xa9';
    // Faster than the store writes: some fit, some do not, and memory stays bounded.
    for (int i = 0; i < 200; i++) {
        logs_append(session.logs, group, STR("s"), 1,
                    (struct str){message, LOGS_MESSAGE_SIZE_MAX + 10});
        CHECK(logs_figures(session.logs).queued_bytes <= LOGS_QUEUED_BYTES_MAX);
    }
    uint64_t dropped = logs_figures(session.logs).dropped_events;
    CHECK(dropped > 0 && dropped < 200);
    size_t count = 0;
    struct logs_filter_events call;
    struct str token = {0};
    do {
        CHECK(session_filter_page(&session, &call, "g", NULL, token, LOGS_ABSENT) == STATUS_OK);
        count += call.count;
        if (call.count > 0) CHECK(call.events[0].message.size == LOGS_MESSAGE_SIZE_MAX - 1);
        token = session_keep(&session, call.ret_next_token);
    } while (token.data != NULL);
    CHECK(count + dropped == 200);
    CHECK(logs_figures(session.logs).queued_bytes == 0);
    free(message);
    logs_group_unref(group);
    session_close(&session);
}

TEST(groups_and_events_are_there_after_reopening)
{
    char directory[] = "/tmp/galop-test-XXXXXX", path[64];
    REQUIRE(mkdtemp(directory) != NULL);
    struct session session;
    for (int round = 0; round < 2; round++) {
        REQUIRE(session_open(&session, directory));
        if (round == 0) session_create_group(&session, "g");
        struct logs_group *group =
            logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
        CHECK(logs_group_exists(group));
        if (round == 1) {
            struct logs_filter_events call;
            CHECK(session_filter(&session, &call, "g", NULL) == STATUS_OK);
            CHECK(call.count == 1);
        }
        logs_append(session.logs, group, STR("s"), 1000, STR("written by closing"));
        logs_group_unref(group);
        session_close(&session);
    }
    snprintf(path, sizeof(path), "%s/galop.db", directory);
    unlink(path);
    snprintf(path, sizeof(path), "%s/galop.lock", directory);
    unlink(path);
    CHECK(rmdir(directory) == 0);
}

// In a process of its own, which may not write to files for a while. Returns 0 when all is well.
static int lose_events(const char *directory)
{
    struct session session;
    log_set_level(LOG_ERROR + 1);
    signal(SIGXFSZ, SIG_IGN);
    if (!session_open(&session, directory)) return 1;
    if (session_create_group(&session, "kept") != STATUS_OK) return 2;
    struct str region = STR("us-east-1");
    struct logs_group *kept = logs_group_open(session.logs, region, STR("kept"), LOGS_GROUP_AS_IS);
    struct logs_group *made =
        logs_group_open(session.logs, region, STR("made"), LOGS_GROUP_CREATE_WHEN_WRITTEN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1, RLIM_INFINITY});
    static char message[20000];
    memset(message, 'm', sizeof(message));
    for (int i = 0; i < 100; i++) {
        logs_append(session.logs, kept, STR("s"), 1, (struct str){message, sizeof(message)});
        logs_append(session.logs, made, STR("s"), 1, (struct str){message, sizeof(message)});
    }
    struct logs_filter_events call;
    session_filter(&session, &call, "kept", NULL);
    uint64_t dropped = logs_figures(session.logs).dropped_events;
    if (dropped == 0) return 3;
    // Group operations fail as a whole, and memory agrees with the store again.
    if (session_delete_group(&session, "kept") == STATUS_OK) return 4;
    if (session_create_group(&session, "never") == STATUS_OK) return 5;
    session_filter(&session, &call, "never", NULL);
    if (!logs_group_exists(kept) || logs_group_exists(made)) return 6;
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    logs_append(session.logs, kept, STR("s"), 2, STR("after"));
    logs_append(session.logs, made, STR("s"), 2, STR("after"));
    if (session_filter(&session, &call, "made", "after") != STATUS_OK || call.count != 1) return 7;
    if (session_filter(&session, &call, "kept", "after") != STATUS_OK || call.count != 1) return 8;
    if (logs_figures(session.logs).dropped_events != dropped) return 9;
    logs_group_unref(kept);
    logs_group_unref(made);
    session_close(&session);
    return 0;
}

TEST(events_that_the_disk_refuses_are_counted_and_groups_stay_as_stored)
{
    char directory[] = "/tmp/galop-test-XXXXXX", path[64];
    REQUIRE(mkdtemp(directory) != NULL);
    pid_t child = fork();
    if (child == 0) _exit(lose_events(directory));
    int code = -1;
    waitpid(child, &code, 0);
    CHECK(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    if (code != 0) printf("# exit %d\n", WEXITSTATUS(code));
    static const char *const names[] = {"galop.db", "galop.lock", "galop.db-wal", "galop.db-shm"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        unlink(path);
    }
    CHECK(rmdir(directory) == 0);
}

static int64_t thread_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

TEST(appending_is_cheap)
{
    struct session session;
    REQUIRE(session_open(&session, ""));
    session_create_group(&session, "g");
    struct logs_group *group =
        logs_group_open(session.logs, STR("us-east-1"), STR("g"), LOGS_GROUP_AS_IS);
    enum { COUNT = 50000 };
    int64_t begin_ns = thread_cpu_ns();
    for (int i = 0; i < COUNT; i++)
        logs_append(session.logs, group, STR("states/Machine/2024-01-01-00-00/0123abcd"), 1,
                    STR("{\"id\":\"2\",\"type\":\"PassStateEntered\",\"details\":{\"input\":\"{}\","
                        "\"inputDetails\":{\"truncated\":false},\"name\":\"State_1\"},"
                        "\"redrive_count\":\"0\",\"previous_event_id\":\"0\",\"event_timestamp\":"
                        "\"1718021791123\",\"execution_arn\":\"arn:aws:states:us-east-1:1:express:"
                        "Machine:name:id\"}"));
    printf("# %.0f ns of CPU per append\n", (double)(thread_cpu_ns() - begin_ns) / COUNT);
    CHECK(logs_figures(session.logs).dropped_events == 0);
    logs_group_unref(group);
    session_close(&session);
}
