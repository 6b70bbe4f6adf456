// Python functions, run for real: results, error shapes, warm sandboxes, changes.

#include "test/unit/test_lambda_support.h"

TEST(python_function_answers_and_logs)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    struct str created =
        create_python(&fixture, "f", "\"Environment\":{\"Variables\":{\"WHO\":\"me\"}}",
                      "import os, logging\n"
                      "def handler(event, context):\n"
                      "    print('hello', os.environ['WHO'])\n"
                      "    logging.warning('two\\nlines')\n"
                      "    return {'event': event, 'name': context.function_name,\n"
                      "            'arn': context.invoked_function_arn,\n"
                      "            'memory': context.memory_limit_in_mb,\n"
                      "            'left': context.get_remaining_time_in_millis() > 2000,\n"
                      "            'root': os.getcwd() == os.environ['LAMBDA_TASK_ROOT']}\n");
    CHECK(contains(created, "\"State\":\"Active\""));
    CHECK(contains(created, "\"Timeout\":3,\"MemorySize\":128"));
    CHECK_STR(
        invoke(&fixture, "f", "{\"a\":\"\xc3\xa9\xf0\x9f\x90\x8e\"}"),
        STR("200 {\"event\": {\"a\": \"\xc3\xa9\xf0\x9f\x90\x8e\"}, \"name\": \"f\", \"arn\": "
            "\"arn:aws:lambda:us-east-1:000000000000:function:f\", \"memory\": \"128\", "
            "\"left\": true, \"root\": true}"));
    struct str log = read_log(&fixture);
    CHECK(contains(log, "START RequestId: "));
    CHECK(contains(log, " Version: $LATEST\nhello me\n[WARNING]\t"));
    CHECK(contains(log, "\ttwo\nlines"));
    CHECK(contains(log, "END RequestId: "));
    CHECK(contains(log, "\tMemory Size: 128 MB\tMax Memory Used: "));
    CHECK(contains(log, "\tInit Duration: "));
    CHECK(contains(invoke(&fixture, "f", ""), "\"event\": {}"));
    CHECK(contains(invoke(&fixture, "f", "null"), "\"event\": null"));
    CHECK(lambda_figures(fixture.lambda).cold_starts == 1);
    tear_down(&fixture);
}

TEST(python_errors_have_the_shape_of_the_service)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_python(&fixture, "f", "",
                  "import sys, os, decimal\n"
                  "class CustomException(Exception):\n"
                  "    pass\n"
                  "def inner(message):\n"
                  "    raise CustomException(message)\n"
                  "def handler(event, context):\n"
                  "    if event == 'exit': sys.exit(3)\n"
                  "    if event == 'quiet': os._exit(0)\n"
                  "    if event == 'crash': os.abort()\n"
                  "    if event == 'set': return {1}\n"
                  "    if event == 'decimal': return decimal.Decimal('1.5')\n"
                  "    inner(event)\n");
    struct str raised = invoke(&fixture, "f", "\"no \\\"way\\\"\"");
    CHECK(contains(raised, "error {\"errorMessage\": \"no \\\"way\\\"\", \"errorType\": "
                           "\"CustomException\", \"requestId\": \""));
    CHECK(contains(raised,
                   "\"stackTrace\": [\"  File \\\"/var/task/handler.py\\\", line 12, in "
                   "handler\\n    inner(event)\\n\", \"  File \\\"/var/task/handler.py\\\", "
                   "line 5, in inner\\n    raise CustomException(message)\\n\"]}"));
    CHECK(contains(read_log(&fixture),
                   "[ERROR] CustomException: no \"way\"\nTraceback (most recent "
                   "call last):\n  File \"/var/task/handler.py\", line 12"));
    CHECK(
        contains(invoke(&fixture, "f", "\"set\""),
                 "{\"errorMessage\": \"Unable to marshal response: Object of type set is not JSON "
                 "serializable\", \"errorType\": \"Runtime.MarshalError\", \"requestId\": \""));
    CHECK_STR(invoke(&fixture, "f", "\"decimal\""), STR("200 1.5"));
    struct str exited = invoke(&fixture, "f", "\"exit\"");
    CHECK(contains(exited,
                   "error {\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: "));
    CHECK(contains(exited, " Error: Runtime exited with error: exit status 3\"}"));
    CHECK(contains(invoke(&fixture, "f", "\"quiet\""),
                   " Error: Runtime exited without providing a reason\"}"));
    CHECK(contains(invoke(&fixture, "f", "\"crash\""),
                   " Error: Runtime exited with error: signal: aborted\"}"));
    CHECK_STR(invoke(&fixture, "f", "\"decimal\""), STR("200 1.5"));
    tear_down(&fixture);
}

TEST(python_code_that_cannot_be_loaded_says_why)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_python(&fixture, "import", "", "import no_such_module\n");
    create_python(&fixture, "syntax", "", "def handler(:\n");
    create_python(&fixture, "missing", "", "x = 1\n");
    create_python(&fixture, "raises", "", "raise KeyError('k')\n");
    create_python(&fixture, "exits", "", "import sys\nsys.exit(7)\n");
    CHECK(contains(invoke(&fixture, "import", "1"),
                   "error {\"errorMessage\": \"Unable to import module 'handler': No module named "
                   "'no_such_module'\", \"errorType\": \"Runtime.ImportModuleError\""));
    CHECK(contains(invoke(&fixture, "syntax", "1"),
                   "\"errorMessage\": \"Syntax error in module 'handler': "));
    CHECK(contains(invoke(&fixture, "missing", "1"),
                   "\"errorMessage\": \"Handler 'handler' missing on module 'handler'\", "
                   "\"errorType\": \"Runtime.HandlerNotFound\""));
    CHECK(contains(invoke(&fixture, "raises", "1"),
                   "\"errorType\": \"KeyError\", \"requestId\": \"\", \"stackTrace\": [\"  File "
                   "\\\"/var/task/handler.py\\\", line 1, in <module>"));
    CHECK(contains(invoke(&fixture, "exits", "1"), "Runtime exited with error: exit status 7"));
    CHECK(contains(invoke(&fixture, "exits", "1"), "Runtime exited with error: exit status 7"));
    tear_down(&fixture);
}

TEST(python_code_and_configuration_change_with_the_next_call)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_python(&fixture, "f", "", "def handler(event, context): return 'one'\n");
    CHECK_STR(invoke(&fixture, "f", "1"), STR("200 \"one\""));
    CHECK(contains(operate(&fixture, LAMBDA_PUBLISH_VERSION, "{\"FunctionName\":\"f\"}", no_zip),
                   "function:f:1\""));
    const struct file file = {
        "handler.py", "import os\ndef handler(event, context): return os.environ.get('WORD')\n", 0};
    CHECK(contains(operate(&fixture, LAMBDA_UPDATE_FUNCTION_CODE, "{\"FunctionName\":\"f\"}",
                           make_zip(&fixture.arena, &file, 1)),
                   "\"Version\":\"$LATEST\""));
    CHECK_STR(invoke(&fixture, "f", "1"), STR("200 null"));
    CHECK(contains(
        operate(&fixture, LAMBDA_UPDATE_FUNCTION_CONFIGURATION,
                "{\"FunctionName\":\"f\",\"Environment\":{\"Variables\":{\"WORD\":\"2\"}}}",
                no_zip),
        "\"WORD\":\"2\""));
    CHECK_STR(invoke(&fixture, "f", "1"), STR("200 \"2\""));
    CHECK_STR(invoke(&fixture, "f:1", "1"), STR("200 \"one\""));
    operate(&fixture, LAMBDA_CREATE_ALIAS,
            "{\"FunctionName\":\"f\",\"Name\":\"live\",\"FunctionVersion\":\"1\"}", no_zip);
    struct lambda_invocation *invocation = NULL;
    begin_invoke(&fixture, "arn:aws:lambda:us-east-1:000000000000:function:f:live", STR("1"),
                 LAMBDA_REQUEST_RESPONSE, &invocation);
    await_answers(&fixture);
    CHECK_STR(describe_outcome(&fixture, invocation), STR("200 \"one\""));
    CHECK_STR(invocation->outcome.executed_version, STR("1"));
    lambda_invocation_free(invocation);
    CHECK_STR(invoke(&fixture, "f:9", "1"),
              STR("ResourceNotFoundException: Function not found: "
                  "arn:aws:lambda:us-east-1:000000000000:function:f:9"));

    // Everything is still there after a new start.
    lambda_free(fixture.lambda);
    start_lambda(&fixture, &(struct lambda_settings){0});
    CHECK_STR(invoke(&fixture, "f:live", "1"), STR("200 \"one\""));
    CHECK_STR(invoke(&fixture, "f", "1"), STR("200 \"2\""));

    CHECK_STR(operate(&fixture, LAMBDA_DELETE_FUNCTION, "{\"FunctionName\":\"f\"}", no_zip),
              STR(""));
    CHECK_STR(invoke(&fixture, "f", "1"),
              STR("ResourceNotFoundException: Function not found: "
                  "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"));
    tear_down(&fixture);
}

TEST(python_events_are_repeated_until_they_succeed)
{
    struct fixture fixture;
    struct lambda_invocation *invocation = NULL;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){.event_retry_ms = 10});
    create_python(&fixture, "f", "",
                  "count = 0\n"
                  "def handler(event, context):\n"
                  "    global count\n"
                  "    count += 1\n"
                  "    print('attempt', count, event)\n"
                  "    if event != count: raise Exception('again')\n"
                  "    print('done', context.aws_request_id)\n");
    begin_invoke(&fixture, "f", STR("3"), LAMBDA_EVENT, &invocation);
    await_answers(&fixture);
    CHECK_STR(describe_outcome(&fixture, invocation), STR("202 "));
    lambda_invocation_free(invocation);
    for (int i = 0; i < 200 && str_find(read_log(&fixture), STR("done ")) == SIZE_MAX; i++)
        usleep(20000);
    CHECK(contains(read_log(&fixture), "attempt 3 3\ndone "));
    begin_invoke(&fixture, "f", STR("1"), LAMBDA_DRY_RUN, &invocation);
    await_answers(&fixture);
    CHECK_STR(describe_outcome(&fixture, invocation), STR("204 "));
    lambda_invocation_free(invocation);
    tear_down(&fixture);
}

TEST(abandoned_call_runs_on_and_is_dropped)
{
    struct fixture fixture;
    if (!has_python()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_python(&fixture, "f", "", "def handler(event, context): print('ran on')\n");
    struct lambda_invocation *never = NULL;
    const struct lambda_invocation_request request = {.region = STR("us-east-1"),
                                                      .function = STR("f"),
                                                      .reply_to = &fixture.mailbox,
                                                      .done = on_invocation_done,
                                                      .context = &never};
    struct lambda_invocation *invocation = lambda_invocation_new(&request);
    lambda_invoke(fixture.lambda, invocation);
    lambda_invocation_abandon(invocation);
    CHECK_STR(invoke(&fixture, "f", "1"), STR("200 null"));
    CHECK(never == NULL);
    CHECK(contains(read_log(&fixture), "ran on"));
    tear_down(&fixture);
}
