// Node.js functions, run for real: handler styles, error shapes, logs.

#include "test/unit/test_lambda_support.h"

static bool has_node(void)
{
    static struct lambda_programs programs;
    char path[PATH_MAX], wanted[LAMBDA_WANTED_SIZE];
    bool is_exact;
    bool is_found =
        lambda_language_find_program(&programs, STR("nodejs20.x"), path, &is_exact, wanted);
    lambda_programs_release(&programs);
    if (!is_found) printf("# SKIP: this machine has no %s\n", wanted);
    return is_found;
}

static struct str create_node(struct fixture *fixture, const char *name, const char *file_name,
                              const char *code)
{
    const struct file file = {file_name, code, 0};
    return create(fixture, name, "nodejs20.x", "", &file, 1);
}

TEST(node_function_answers_in_each_style)
{
    struct fixture fixture;
    if (!has_node()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_node(
        &fixture, "async", "handler.js",
        "exports.handler = async (event, context) => ({\n"
        "  event, name: context.functionName, memory: context.memoryLimitInMB,\n"
        "  left: context.getRemainingTimeInMillis() > 2000, id: context.awsRequestId.length });\n");
    create_node(
        &fixture, "callback", "handler.js",
        "exports.handler = (event, context, callback) => {\n"
        "  if (event === 'now') context.callbackWaitsForEmptyEventLoop = false;\n"
        "  const started = Date.now();\n"
        "  const timer = setTimeout(() => console.log('later'), 300);\n"
        "  if (event === 'never') { clearTimeout(timer); return; }\n"
        "  if (event === 'succeed') { clearTimeout(timer); return context.succeed('yes'); }\n"
        "  callback(null, 'done');\n"
        "};\n");
    create_node(&fixture, "module", "handler.mjs",
                "import { readFileSync } from 'node:fs';\n"
                "const loaded = await Promise.resolve(7);\n"
                "export const handler = async (event) => loaded + event + typeof readFileSync;\n");
    CHECK_STR(
        invoke(&fixture, "async", "{\"a\":\"\xc3\xa9\"}"),
        STR("200 {\"event\":{\"a\":\"\xc3\xa9\"},\"name\":\"async\",\"memory\":\"128\",\"left\":"
            "true,\"id\":36}"));
    CHECK_STR(invoke(&fixture, "module", "1"), STR("200 \"8function\""));
    CHECK_STR(invoke(&fixture, "callback", "\"wait\""), STR("200 \"done\""));
    CHECK(contains(read_log(&fixture), "\tINFO\tlater"));
    CHECK_STR(invoke(&fixture, "callback", "\"now\""), STR("200 \"done\""));
    CHECK_STR(invoke(&fixture, "callback", "\"never\""), STR("200 null"));
    CHECK_STR(invoke(&fixture, "callback", "\"succeed\""), STR("200 \"yes\""));
    tear_down(&fixture);
}

TEST(node_errors_have_the_shape_of_the_service)
{
    struct fixture fixture;
    if (!has_node()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_node(&fixture, "f", "handler.js",
                "class PhotoError extends Error {\n"
                "  constructor(message) { super(message); this.name = 'PhotoError'; }\n"
                "}\n"
                "exports.handler = async (event, context) => {\n"
                "  if (event === 'string') return context.fail('plain');\n"
                "  if (event === 'exit') process.exit(5);\n"
                "  if (event === 'later') { setTimeout(() => { throw new TypeError('late'); }, 1); "
                "await new Promise(() => {}); }\n"
                "  if (event === 'rejected') { Promise.reject(new Error('lost')); await new "
                "Promise((r) => setTimeout(r, 500)); }\n"
                "  if (event === 'circle') { const a = {}; a.a = a; return a; }\n"
                "  console.error('two\\nlines', { a: 1 });\n"
                "  throw new PhotoError('no \"face\"');\n"
                "};\n");
    struct str thrown = invoke(&fixture, "f", "1");
    CHECK(contains(thrown,
                   "error {\"errorType\":\"PhotoError\",\"errorMessage\":\"no \\\"face\\\"\","
                   "\"trace\":[\"PhotoError: no \\\"face\\\"\",\"    at "));
    CHECK(contains(thrown, "/var/task/handler.js:11:9"));
    CHECK(contains(read_log(&fixture), "\tERROR\ttwo\nlines { a: 1 }"));
    CHECK(contains(read_log(&fixture), "\tERROR\tInvoke Error \t{\"errorType\":\"PhotoError\""));
    CHECK_STR(invoke(&fixture, "f", "\"string\""),
              STR("error {\"errorType\":\"string\",\"errorMessage\":\"plain\",\"trace\":[]}"));
    CHECK(contains(invoke(&fixture, "f", "\"circle\""), "Unable to stringify response body"));
    CHECK(contains(invoke(&fixture, "f", "\"exit\""),
                   " Error: Runtime exited with error: exit status 5\"}"));
    CHECK(contains(invoke(&fixture, "f", "\"later\""),
                   "error {\"errorType\":\"TypeError\",\"errorMessage\":\"late\",\"trace\":["));
    CHECK(contains(invoke(&fixture, "f", "\"rejected\""),
                   "error {\"errorType\":\"Runtime.UnhandledPromiseRejection\",\"errorMessage\":"
                   "\"Error: lost\",\"trace\":["));
    CHECK(contains(invoke(&fixture, "f", "\"circle\""), "Unable to stringify response body"));
    tear_down(&fixture);
}

TEST(node_code_that_cannot_be_loaded_says_why)
{
    struct fixture fixture;
    if (!has_node()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_node(&fixture, "import", "handler.js", "require('no-such-module');\n");
    create_node(&fixture, "syntax", "handler.js", "exports.handler = (;\n");
    create_node(&fixture, "missing", "handler.js", "exports.other = 1;\n");
    create_node(&fixture, "raises", "handler.js", "throw new RangeError('at start');\n");
    create_node(&fixture, "file", "index.js", "exports.handler = 1;\n");
    CHECK(contains(
        invoke(&fixture, "import", "1"),
        "error {\"errorType\":\"Runtime.ImportModuleError\",\"errorMessage\":\"Error: Cannot "
        "find module 'no-such-module'\\nRequire stack:\\n- /var/task/handler.js"));
    CHECK(contains(
        invoke(&fixture, "syntax", "1"),
        "error {\"errorType\":\"Runtime.UserCodeSyntaxError\",\"errorMessage\":\"SyntaxError: "));
    CHECK(contains(
        invoke(&fixture, "missing", "1"),
        "error {\"errorType\":\"Runtime.HandlerNotFound\",\"errorMessage\":\"handler.handler is "
        "undefined or not exported\""));
    CHECK(contains(invoke(&fixture, "raises", "1"),
                   "error {\"errorType\":\"RangeError\",\"errorMessage\":\"at start\""));
    CHECK(contains(
        invoke(&fixture, "file", "1"),
        "error {\"errorType\":\"Runtime.ImportModuleError\",\"errorMessage\":\"Error: Cannot "
        "find module 'handler'"));
    tear_down(&fixture);
}

TEST(node_warm_calls_use_one_sandbox)
{
    struct fixture fixture;
    if (!has_node()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_node(&fixture, "f", "handler.js", "let n = 0;\nexports.handler = async () => ++n;\n");
    CHECK_STR(invoke(&fixture, "f", "{}"), STR("200 1"));
    int64_t started_ns = clock_steady_ns();
    for (int i = 0; i < 198; i++)
        invoke(&fixture, "f", "{}");
    printf("# %lld us per warm call\n", (long long)(clock_steady_ns() - started_ns) / 198000);
    CHECK_STR(invoke(&fixture, "f", "{}"), STR("200 200"));
    CHECK(lambda_figures(fixture.lambda).cold_starts == 1);
    tear_down(&fixture);
}

TEST(node_is_spoken_to_by_the_runtime_api_only_with_its_token)
{
    struct fixture fixture;
    if (!has_node()) return;
    set_up(&fixture, &(struct lambda_settings){0});
    create_node(&fixture, "f", "handler.js",
                "exports.handler = async (event) => {\n"
                "  const [authority, token] = process.env.AWS_LAMBDA_RUNTIME_API.split('/');\n"
                "  const ask = async (path, method = 'GET') =>\n"
                "    (await fetch(`http://${authority}${path}`, { method })).status;\n"
                "  return [await ask('/2018-06-01/runtime/invocation/next'),\n"
                "    await ask(`/${'0'.repeat(32)}/2018-06-01/runtime/invocation/next`),\n"
                "    await ask(`/${token}/2018-06-01/runtime/invocation/x/response`, 'POST'),\n"
                "    await ask(`/${token}/2018-06-01/runtime/init/error`, 'POST'),\n"
                "    await ask(`/${token}/2018-06-01/runtime/invocation/next`),\n"
                "    await ask(`/${token}/2018-06-01/nothing`), await ask('/')];\n"
                "};\n");
    CHECK_STR(invoke(&fixture, "f", "{}"), STR("200 [403,403,400,403,403,404,403]"));
    tear_down(&fixture);
}
