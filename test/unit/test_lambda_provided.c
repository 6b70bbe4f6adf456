// Programs that speak the Runtime API themselves: a shell script with curl, and what is no program.

#include "test/unit/test_lambda_support.h"

static struct str create_provided(struct fixture *fixture, const char *name, const char *script,
                                  unsigned mode)
{
    const struct file file = {"bootstrap", script, mode};
    return create(fixture, name, "provided.al2023", "", &file, 1);
}

TEST(shell_script_with_curl_is_a_runtime)
{
    struct fixture fixture;
    if (access("/usr/bin/curl", X_OK) != 0) {
        printf("# SKIP: this machine has no curl\n");
        return;
    }
    set_up(&fixture, &(struct lambda_settings){0});
    create_provided(
        &fixture, "f",
        "#!/bin/sh\n"
        "api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime\n"
        "while :; do\n"
        "  event=$(curl -s -D $TMPDIR/head $api/invocation/next)\n"
        "  id=$(sed -n 's/^Lambda-Runtime-Aws-Request-Id: *//Ip' $TMPDIR/head | tr -d '\\r')\n"
        "  echo \"got $event\"\n"
        "  case $event in\n"
        "  *bad*) curl -s -d '{\"errorType\":\"Sh.Bad\",\"errorMessage\":\"no\"}' "
        "$api/invocation/$id/error ;;\n"
        "  *) curl -s -d \"[$event,\\\"$_HANDLER\\\"]\" $api/invocation/$id/response ;;\n"
        "  esac\n"
        "done\n",
        0755);
    CHECK_STR(invoke(&fixture, "f", "{\"a\":1}"), STR("200 [{\"a\":1},\"handler.handler\"]"));
    CHECK_STR(invoke(&fixture, "f", "\"bad\""),
              STR("error {\"errorType\":\"Sh.Bad\",\"errorMessage\":\"no\"}"));
    CHECK_STR(invoke(&fixture, "f", "2"), STR("200 [2,\"handler.handler\"]"));
    CHECK(contains(read_log(&fixture), "got {\"a\":1}\n"));
    // A loaded machine may not be back in time for the next call.
    CHECK(lambda_figures(fixture.lambda).cold_starts <= 3);
    tear_down(&fixture);
}

TEST(package_without_a_program_is_an_invalid_entry_point)
{
    struct fixture fixture;
    set_up(&fixture, &(struct lambda_settings){0});
    create_provided(&fixture, "mode", "#!/bin/sh\n", 0644);
    create_provided(&fixture, "format", "not a program", 0755);
    create_provided(&fixture, "exits", "#!/bin/sh\nexit 4\n", 0755);
    const struct file other = {"main", "", 0};
    create(&fixture, "none", "provided", "", &other, 1);
    CHECK(contains(invoke(&fixture, "mode", "1"),
                   " Error: fork/exec /var/task/bootstrap: permission denied\"}"));
    CHECK(contains(invoke(&fixture, "format", "1"),
                   " Error: fork/exec /var/task/bootstrap: exec format error\"}"));
    CHECK(contains(
        invoke(&fixture, "none", "1"),
        "error {\"errorType\":\"Runtime.InvalidEntrypoint\",\"errorMessage\":\"RequestId: "));
    CHECK(contains(invoke(&fixture, "none", "1"), "Error: Couldn't find valid bootstrap(s): "));
    CHECK(contains(invoke(&fixture, "exits", "1"), "Runtime exited with error: exit status 4"));
    tear_down(&fixture);
}

TEST(unfit_packages_are_refused_at_creation)
{
    struct fixture fixture;
    set_up(&fixture, &(struct lambda_settings){0});
    const char *parameters = "{\"FunctionName\":\"f\",\"Runtime\":\"provided\",\"Role\":"
                             "\"arn:aws:iam::000000000000:role/r\",\"Handler\":\"h\"}";
    CHECK_STR(
        operate(&fixture, LAMBDA_CREATE_FUNCTION, parameters, STR("no zip")),
        STR("InvalidParameterValueException: Could not unzip uploaded file. Please check your "
            "file, then try to upload again."));
    CHECK_STR(operate(&fixture, LAMBDA_CREATE_FUNCTION, parameters, no_zip),
              STR("InvalidParameterValueException: Please provide a source for function code."));
    const struct file evil = {"../evil", "x", 0};
    struct str zip = make_zip(&fixture.arena, &evil, 1);
    CHECK(contains(operate(&fixture, LAMBDA_CREATE_FUNCTION, parameters, zip), "Could not unzip"));
    // The name was not taken by the failures.
    const struct file good = {"bootstrap", "x", 0755};
    zip = make_zip(&fixture.arena, &good, 1);
    CHECK(contains(operate(&fixture, LAMBDA_CREATE_FUNCTION, parameters, zip), "\"CodeSize\":"));
    CHECK_STR(operate(&fixture, LAMBDA_CREATE_FUNCTION, parameters, zip),
              STR("ResourceConflictException: Function already exist: f"));
    struct str code = operate(&fixture, LAMBDA_GET_CODE, "{\"FunctionName\":\"f\"}", no_zip);
    CHECK_STR(code, zip);
    CHECK(contains(operate(&fixture, LAMBDA_LIST_FUNCTIONS, "{}", no_zip),
                   "{\"Functions\":[{\"FunctionName\":\"f\""));
    CHECK(contains(operate(&fixture, LAMBDA_GET_ACCOUNT_SETTINGS, "{}", no_zip),
                   "\"FunctionCount\":1"));
    CHECK(contains(operate(&fixture, LAMBDA_GET_FUNCTION, "{\"FunctionName\":\"f:7\"}", no_zip),
                   "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7"));
    tear_down(&fixture);
}

TEST(end_of_the_server_answers_what_is_under_way)
{
    struct fixture fixture;
    struct lambda_invocation *invocations[3] = {NULL};
    set_up(&fixture, &(struct lambda_settings){0});
    create_provided(&fixture, "f", "#!/bin/sh\nsleep 60\n", 0755);
    for (int i = 0; i < 3; i++)
        begin_invoke(&fixture, "f", STR("1"), LAMBDA_REQUEST_RESPONSE, &invocations[i]);
    usleep(100000);
    lambda_free(fixture.lambda);
    await_answers(&fixture);
    for (int i = 0; i < 3; i++) {
        CHECK_STR(describe_outcome(&fixture, invocations[i]),
                  STR("ServiceException: The server is shutting down."));
        lambda_invocation_free(invocations[i]);
    }
    fixture.lambda = NULL;
    tear_down(&fixture);
}
