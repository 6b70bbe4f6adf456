// Limits of functions that run: time, memory, concurrency, size.

#include "test/unit/test_lambda_support.h"

TEST(python_function_that_takes_too_long_is_ended)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){.init_timeout_ms = 1500});
    create_python(&fixture, "slow", "\"Timeout\":1",
                  "import time, subprocess\n"
                  "def handler(event, context):\n"
                  "    if event: subprocess.run(['sleep', '60'])\n"
                  "    return 1\n");
    create_python(&fixture, "init", "", "import time\ntime.sleep(60)\n");
    struct lambda_invocation *invocation = NULL;
    begin_invoke(&fixture, "slow", STR("1"), LAMBDA_REQUEST_RESPONSE, &invocation);
    await_answers(&fixture);
    struct str text = describe_outcome(&fixture, invocation);
    CHECK(
        contains(text, "error {\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: "));
    CHECK(contains(text, " Error: Task timed out after 1.00 seconds\"}"));
    CHECK(invocation->outcome.billed_ms == 1000);
    CHECK(contains(invocation->outcome.log_tail,
                   " Task timed out after 1.00 seconds\n\nEND RequestId: "));
    CHECK(contains(invocation->outcome.log_tail, "\tStatus: timeout\t\n"));
    lambda_invocation_free(invocation);
    CHECK_STR(invoke(&fixture, "slow", "0"), STR("200 1"));
    CHECK(contains(invoke(&fixture, "init", "0"), "Task timed out after 1.50 seconds"));
    tear_down(&fixture);
}

TEST(python_function_that_takes_too_much_memory_is_killed)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_python(&fixture, "f", "\"Timeout\":30",
                  "import time\n"
                  "def handler(event, context):\n"
                  "    hoard = bytearray(event << 20)\n"
                  "    for i in range(0, len(hoard), 4096): hoard[i] = 1\n"
                  "    if event > 100: time.sleep(20)\n"
                  "    return len(hoard) >> 20\n");
    CHECK_STR(invoke(&fixture, "f", "50"), STR("200 50"));
    CHECK(contains(invoke(&fixture, "f", "400"),
                   " Error: Runtime exited with error: signal: killed\"}"));
    tear_down(&fixture);
}

TEST(python_sandboxes_are_reused_and_limited)
{
    enum { CALLS = 6 };
    struct fixture fixture;
    struct lambda_invocation *invocations[CALLS] = {NULL};
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){.concurrency_max = 4});
    create_python(&fixture, "f", "",
                  "import time\n"
                  "count = 0\n"
                  "def handler(event, context):\n"
                  "    global count\n"
                  "    count += 1\n"
                  "    time.sleep(event)\n"
                  "    return count\n");
    for (int i = 0; i < CALLS; i++)
        begin_invoke(&fixture, "f", STR("2"), LAMBDA_REQUEST_RESPONSE, &invocations[i]);
    await_answers(&fixture);
    int answered = 0, throttled = 0;
    for (int i = 0; i < CALLS; i++) {
        struct str text = describe_outcome(&fixture, invocations[i]);
        answered += str_equal(text, STR("200 1"));
        throttled += str_equal(text, STR("TooManyRequestsException: Rate Exceeded."));
        lambda_invocation_free(invocations[i]);
    }
    CHECK(answered == 4 && throttled == 2);

    CHECK(contains(operate(&fixture, LAMBDA_PUT_CONCURRENCY,
                           "{\"FunctionName\":\"f\",\"ReservedConcurrentExecutions\":1}", no_zip),
                   "{\"ReservedConcurrentExecutions\":1}"));
    begin_invoke(&fixture, "f", STR("0.2"), LAMBDA_REQUEST_RESPONSE, &invocations[0]);
    begin_invoke(&fixture, "f", STR("0.2"), LAMBDA_REQUEST_RESPONSE, &invocations[1]);
    await_answers(&fixture);
    CHECK_STR(describe_outcome(&fixture, invocations[0]), STR("200 2"));
    CHECK_STR(describe_outcome(&fixture, invocations[1]),
              STR("TooManyRequestsException: Rate Exceeded."));
    lambda_invocation_free(invocations[0]);
    lambda_invocation_free(invocations[1]);
    for (int i = 0; i < 200; i++)
        invoke(&fixture, "f", "0");
    CHECK(lambda_figures(fixture.lambda).cold_starts == 4);
    CHECK(lambda_figures(fixture.lambda).throttles == 3);
    tear_down(&fixture);
}

TEST(many_calls_of_a_quick_function_share_few_sandboxes)
{
    enum { CALLS = 60 };
    struct fixture fixture;
    struct lambda_invocation *invocations[CALLS] = {NULL};
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_python(&fixture, "f", "", "def handler(event, context): return event\n");
    for (int i = 0; i < 20; i++)
        CHECK_STR(invoke(&fixture, "f", "0"), STR("200 0"));
    for (int i = 0; i < CALLS; i++)
        begin_invoke(&fixture, "f", STR("1"), LAMBDA_REQUEST_RESPONSE, &invocations[i]);
    await_answers(&fixture);
    for (int i = 0; i < CALLS; i++) {
        CHECK_STR(describe_outcome(&fixture, invocations[i]), STR("200 1"));
        lambda_invocation_free(invocations[i]);
    }
    CHECK(lambda_figures(fixture.lambda).cold_starts < CALLS / 2);
    tear_down(&fixture);
}

TEST(idle_sandboxes_are_ended_and_make_room_for_others)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){.idle_s = 1, .concurrency_max = 1});
    create_python(&fixture, "f", "", "def handler(event, context): return 'f'\n");
    create_python(&fixture, "g", "", "def handler(event, context): return 'g'\n");
    for (int i = 0; i < 2; i++) {
        CHECK_STR(invoke(&fixture, "f", "1"), STR("200 \"f\""));
        usleep(300000); // It asks for work again, and finds none.
        CHECK_STR(invoke(&fixture, "g", "1"), STR("200 \"g\""));
        usleep(300000);
    }
    CHECK(lambda_figures(fixture.lambda).cold_starts == 4);
    for (int i = 0; i < 500 && lambda_figures(fixture.lambda).sandbox_count > 0; i++)
        usleep(10000);
    CHECK(lambda_figures(fixture.lambda).sandbox_count == 0);
    CHECK_STR(invoke(&fixture, "f", "1"), STR("200 \"f\""));
    tear_down(&fixture);
}

TEST(python_payloads_may_be_large_and_no_larger)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_python(&fixture, "f", "\"MemorySize\":512,\"Timeout\":30",
                  "def handler(event, context):\n"
                  "    return event if isinstance(event, str) else 'x' * event\n");
    char *large = arena_alloc(&fixture.arena, MIB(7));
    memset(large, 'a', MIB(7));
    large[0] = large[MIB(5) - 1] = '"';
    struct lambda_invocation *invocation = NULL;
    begin_invoke(&fixture, "f", (struct str){large, MIB(5)}, LAMBDA_REQUEST_RESPONSE, &invocation);
    await_answers(&fixture);
    CHECK(invocation->outcome.payload.size == MIB(5));
    lambda_invocation_free(invocation);
    begin_invoke(&fixture, "f", (struct str){large, MIB(7)}, LAMBDA_REQUEST_RESPONSE, &invocation);
    await_answers(&fixture);
    CHECK(contains(describe_outcome(&fixture, invocation),
                   "RequestTooLargeException: Request must be smaller than 6291556 bytes"));
    lambda_invocation_free(invocation);
    CHECK(contains(invoke(&fixture, "f", "7000000"),
                   "Response payload size exceeded maximum allowed payload size (6291556 bytes)."));
    CHECK_STR(invoke(&fixture, "f", "1"), STR("200 \"x\""));
    tear_down(&fixture);
}
