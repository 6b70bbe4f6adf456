// Records of functions: configuration limits, versions, aliases, settings, as pure operations.

#include "lambda/configuration.h"
#include "lambda/record.h"
#include "test/lib/test.h"

struct bench {
    struct arena arena;
    struct random random;
    struct json record; // JSON_NULL: there is no function.
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.record = json_null};
    arena_init(&bench->arena, MIB(16));
    random_init_seed(&bench->random, 1);
}

static void bench_release(struct bench *bench)
{
    arena_release(&bench->arena);
}

// Apply an operation to the record. The result as text, or "Type: message".
static struct str apply(struct bench *bench, enum lambda_operation_kind kind, const char *qualifier,
                        const char *sha256, const char *parameters)
{
    struct json value;
    if (json_parse(&bench->arena, str_from_c(parameters), 0, &value, NULL) != STATUS_OK)
        return STR("bad test");
    struct lambda_edit edit = {
        .arena = &bench->arena,
        .region = STR("us-east-1"),
        .account = STR("000000000000"),
        .now_unix_ms = 1700000000123,
        .random = &bench->random,
        .record = json_is_null(&bench->record) ? NULL : &bench->record,
        .parameters = &value,
        .name = STR("f"),
        .qualifier = str_from_c(qualifier),
        .code = {str_from_c(sha256), 100},
        .endpoint_url = STR("http://here"),
    };
    if (!lambda_edit_apply(kind, &edit))
        return arena_printf(&bench->arena, "%" STR_FORMAT ": %" STR_FORMAT,
                            STR_ARGS(edit.exception.type), STR_ARGS(edit.exception.message));
    if (json_is_object(&edit.new_record)) bench->record = edit.new_record;
    if (edit.is_deletion) bench->record = json_null;
    return json_is_null(&edit.result) ? STR("") : json_render_to_arena(&bench->arena, &edit.result);
}

static struct str create_with(struct bench *bench, const char *more)
{
    struct str parameters = arena_printf(
        &bench->arena,
        "{\"FunctionName\":\"f\",\"Runtime\":\"nodejs20.x\",\"Handler\":\"index.handler\",\"Role\":"
        "\"arn:aws:iam::000000000000:role/r\"%s}",
        more);
    return apply(bench, LAMBDA_CREATE_FUNCTION, "", "aaaa", parameters.data);
}

static bool contains(struct str text, const char *part)
{
    if (str_find(text, str_from_c(part)) != SIZE_MAX) return true;
    printf("# \"%" STR_FORMAT "\" has no \"%s\"\n", STR_ARGS(str_slice(text, 0, 2000)), part);
    return false;
}

TEST(new_function_has_the_defaults_of_the_service)
{
    struct bench CLEANUP(bench_release) bench;
    bench_init(&bench);
    struct str created = create_with(&bench, "");
    CHECK(contains(created, "{\"FunctionName\":\"f\",\"FunctionArn\":\"arn:aws:lambda:us-east-1:"
                            "000000000000:function:f\",\"Runtime\":\"nodejs20.x\""));
    CHECK(contains(created,
                   "\"CodeSize\":100,\"Description\":\"\",\"Timeout\":3,\"MemorySize\":128,"
                   "\"LastModified\":\"2023-11-14T22:13:20.123+0000\",\"CodeSha256\":\"aaaa\","
                   "\"Version\":\"$LATEST\",\"TracingConfig\":{\"Mode\":\"PassThrough\"}"));
    CHECK(contains(created,
                   "\"PackageType\":\"Zip\",\"Architectures\":[\"x86_64\"],\"EphemeralStorage\":"
                   "{\"Size\":512},\"LoggingConfig\":{\"LogFormat\":\"Text\",\"LogGroup\":"
                   "\"/aws/lambda/f\"}"));
    CHECK_STR(create_with(&bench, ""), STR("ResourceConflictException: Function already exist: f"));
}

TEST(limits_of_the_configuration_are_enforced)
{
    static const char *const cases[][2] = {
        {",\"Timeout\":900,\"MemorySize\":10240", "\"Timeout\":900,\"MemorySize\":10240"},
        {",\"Timeout\":901", "ValidationException: 1 validation error detected: Value '901' at "
                             "'timeout' failed to satisfy constraint: Member must have value less "
                             "than or equal to 900"},
        {",\"Timeout\":0", "Member must have value greater than or equal to 1"},
        {",\"Timeout\":\"3\"", "SerializationException: The member 'timeout' is of type string"},
        {",\"Timeout\":99999999999999999999", "SerializationException"},
        {",\"MemorySize\":127", "greater than or equal to 128"},
        {",\"MemorySize\":10241", "less than or equal to 10240"},
        {",\"EphemeralStorage\":{\"Size\":511}", "Value '511' at 'size'"},
        {",\"EphemeralStorage\":{\"Size\":1024}", "\"EphemeralStorage\":{\"Size\":1024}"},
        {",\"Runtime\":\"cobol\"",
         "Value 'cobol' at 'runtime' failed to satisfy constraint: Member "
         "must satisfy enum value set: [nodejs18.x"},
        {",\"Runtime\":null",
         "Value null at 'runtime' failed to satisfy constraint: Member must not "
         "be null"},
        {",\"Handler\":\"a b\"", "Member must satisfy regular expression pattern: [^\\s]+"},
        {",\"Role\":\"r\"", "Value 'r' at 'role' failed to satisfy constraint: Member must satisfy "
                            "regular expression pattern: arn:"},
        {",\"Role\":\"r\",\"Timeout\":0", "2 validation errors detected: Value 'r' at 'role'"},
        {",\"Architectures\":[\"arm64\"]", "\"Architectures\":[\"arm64\"]"},
        {",\"Architectures\":[\"mips\"]", "at 'architectures'"},
        {",\"TracingConfig\":{\"Mode\":\"Active\"}", "\"TracingConfig\":{\"Mode\":\"Active\"}"},
        {",\"TracingConfig\":{\"Mode\":\"On\"}", "enum value set: [Active, PassThrough]"},
        {",\"Layers\":[]", "\"State\":\"Active\""},
        {",\"Layers\":[\"x\"]", "InvalidParameterValueException: Layers is not supported"},
        {",\"PackageType\":\"Image\",\"Runtime\":null,\"Handler\":null",
         "PackageType Image is not supported"},
        {",\"LoggingConfig\":{\"LogGroup\":\"/mine\"}", "\"LogGroup\":\"/mine\""},
        {",\"LoggingConfig\":{\"LogFormat\":\"JSON\"}", "The log format JSON is not supported"},
        {",\"Environment\":{\"Variables\":{\"A_1\":\"x\"}}",
         "\"Environment\":{\"Variables\":{\"A_1\":\"x\"}}"},
        {",\"Environment\":{\"Variables\":{\"1A\":\"x\"}}",
         "Value '1A' at 'environment.variables' failed to satisfy constraint: Map keys"},
        {",\"Environment\":{\"Variables\":{\"A\":\"x\"}}", "Map keys must satisfy constraint"},
        {",\"Environment\":{\"Variables\":{\"AB\":1}}", "SerializationException"},
        {",\"Environment\":{\"Variables\":{\"AB\":\"a\\u0000b\"}}", "must not contain NUL"},
        {",\"Environment\":{\"Variables\":{\"_HANDLER\":\"x\",\"AWS_REGION\":\"x\"}}",
         "Reserved keys used in this request: _HANDLER, AWS_REGION"},
        {",\"Tags\":{\"aws:x\":\"1\"}", "The tag 'aws:x' is not valid"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bench CLEANUP(bench_release) bench;
        bench_init(&bench);
        if (!contains(create_with(&bench, cases[i][0]), cases[i][1]))
            test_fail(__FILE__, __LINE__, "%s", cases[i][0]);
    }
}

TEST(environment_may_have_4_kilobytes)
{
    for (int excess = 0; excess < 2; excess++) {
        struct bench CLEANUP(bench_release) bench;
        char value[LAMBDA_ENVIRONMENT_SIZE_MAX + 1];
        bench_init(&bench);
        int size = LAMBDA_ENVIRONMENT_SIZE_MAX - 4 + excess;
        memset(value, 'x', (size_t)size);
        struct str more = arena_printf(
            &bench.arena, ",\"Environment\":{\"Variables\":{\"NAME\":\"%.*s\"}}", size, value);
        CHECK(contains(create_with(&bench, more.data),
                       excess ? "exceeded the 4KB limit. String measured: {\"NAME\":\"xxx"
                              : "\"State\":\"Active\""));
    }
}

TEST(changes_of_the_configuration_keep_the_rest)
{
    struct bench CLEANUP(bench_release) bench;
    bench_init(&bench);
    create_with(&bench, ",\"Timeout\":9,\"Environment\":{\"Variables\":{\"AB\":\"1\"}}");
    struct str changed =
        apply(&bench, LAMBDA_UPDATE_FUNCTION_CONFIGURATION, "", "", "{\"MemorySize\":256}");
    CHECK(contains(changed, "\"Timeout\":9,\"MemorySize\":256"));
    CHECK(contains(changed, "\"AB\":\"1\""));
    CHECK(contains(apply(&bench, LAMBDA_UPDATE_FUNCTION_CONFIGURATION, "", "",
                         "{\"Timeout\":1,\"RevisionId\":\"old\"}"),
                   "PreconditionFailedException: The Revision Id provided does not match"));
    CHECK(contains(apply(&bench, LAMBDA_GET_FUNCTION_CONFIGURATION, "$LATEST", "", "{}"),
                   "function:f:$LATEST\",\"Runtime\""));
    CHECK(contains(apply(&bench, LAMBDA_GET_FUNCTION, "", "", "{}"),
                   "\"Code\":{\"RepositoryType\":\"S3\",\"Location\":\"http://here/"));
}

TEST(versions_are_numbered_snapshots)
{
    struct bench CLEANUP(bench_release) bench;
    bench_init(&bench);
    create_with(&bench, "");
    CHECK(contains(apply(&bench, LAMBDA_PUBLISH_VERSION, "", "", "{}"), "\"Version\":\"1\""));
    CHECK(contains(apply(&bench, LAMBDA_PUBLISH_VERSION, "", "", "{}"), "\"Version\":\"1\""));
    apply(&bench, LAMBDA_UPDATE_FUNCTION_CODE, "", "bbbb", "{}");
    CHECK(contains(apply(&bench, LAMBDA_PUBLISH_VERSION, "", "", "{\"CodeSha256\":\"aaaa\"}"),
                   "CodeSHA256 (aaaa) is different from current CodeSHA256 in $LATEST (bbbb)."));
    CHECK(contains(apply(&bench, LAMBDA_PUBLISH_VERSION, "", "", "{}"), "\"Version\":\"2\""));
    CHECK(contains(apply(&bench, LAMBDA_UPDATE_FUNCTION_CODE, "", "cccc",
                         "{\"Publish\":true,\"DryRun\":false}"),
                   "\"Version\":\"3\""));
    CHECK(contains(apply(&bench, LAMBDA_GET_FUNCTION_CONFIGURATION, "1", "", "{}"),
                   "\"CodeSha256\":\"aaaa\""));
    CHECK_STR(apply(&bench, LAMBDA_DELETE_FUNCTION, "2", "", "{}"), STR(""));
    CHECK(contains(apply(&bench, LAMBDA_GET_FUNCTION_CONFIGURATION, "2", "", "{}"),
                   "ResourceNotFoundException: Function not found: "
                   "arn:aws:lambda:us-east-1:000000000000:function:f:2"));
    // Numbers are not used again.
    apply(&bench, LAMBDA_DELETE_FUNCTION, "3", "", "{}");
    CHECK(contains(apply(&bench, LAMBDA_PUBLISH_VERSION, "", "", "{}"), "\"Version\":\"4\""));
    CHECK(contains(apply(&bench, LAMBDA_LIST_VERSIONS, "", "", "{\"MaxItems\":2}"),
                   "\"NextMarker\":\"2\"}"));
    CHECK(contains(apply(&bench, LAMBDA_LIST_VERSIONS, "", "", "{\"Marker\":\"x\"}"),
                   "Invalid Marker"));
    CHECK(contains(apply(&bench, LAMBDA_DELETE_FUNCTION, "$LATEST", "", "{}"),
                   "cannot be deleted without deleting the function"));
    apply(&bench, LAMBDA_DELETE_FUNCTION, "", "", "{}");
    CHECK(contains(apply(&bench, LAMBDA_GET_FUNCTION, "", "", "{}"), "ResourceNotFoundException"));
}

TEST(aliases_point_at_versions)
{
    struct bench CLEANUP(bench_release) bench;
    bench_init(&bench);
    create_with(&bench, "");
    apply(&bench, LAMBDA_PUBLISH_VERSION, "", "", "{}");
    CHECK(contains(
        apply(&bench, LAMBDA_CREATE_ALIAS, "", "", "{\"Name\":\"live\",\"FunctionVersion\":\"1\"}"),
        "{\"AliasArn\":\"arn:aws:lambda:us-east-1:000000000000:function:f:live\",\"Name\":"
        "\"live\",\"FunctionVersion\":\"1\",\"Description\":\"\",\"RevisionId\":\""));
    CHECK(contains(
        apply(&bench, LAMBDA_CREATE_ALIAS, "", "", "{\"Name\":\"live\",\"FunctionVersion\":\"1\"}"),
        "ResourceConflictException: Alias already exists: arn:"));
    CHECK(contains(
        apply(&bench, LAMBDA_CREATE_ALIAS, "", "", "{\"Name\":\"7\",\"FunctionVersion\":\"1\"}"),
        "at 'name' failed to satisfy constraint"));
    CHECK(contains(
        apply(&bench, LAMBDA_CREATE_ALIAS, "", "", "{\"Name\":\"x\",\"FunctionVersion\":\"5\"}"),
        "Function not found: "));
    CHECK(contains(apply(&bench, LAMBDA_GET_FUNCTION_CONFIGURATION, "live", "", "{}"),
                   "function:f:live\""));
    CHECK(contains(apply(&bench, LAMBDA_UPDATE_ALIAS, "", "",
                         "{\"Name\":\"live\",\"RoutingConfig\":{\"AdditionalVersionWeights\":"
                         "{\"1\":0.5}}}"),
                   "is already included in routing configuration"));
    CHECK(
        contains(apply(&bench, LAMBDA_UPDATE_ALIAS, "", "",
                       "{\"Name\":\"live\",\"FunctionVersion\":\"$LATEST\",\"Description\":\"d\"}"),
                 "\"FunctionVersion\":\"$LATEST\",\"Description\":\"d\""));
    CHECK(
        contains(apply(&bench, LAMBDA_LIST_ALIASES, "", "", "{}"), "{\"Aliases\":[{\"AliasArn\""));
    CHECK_STR(apply(&bench, LAMBDA_LIST_ALIASES, "", "", "{\"FunctionVersion\":\"1\"}"),
              STR("{\"Aliases\":[]}"));
    apply(&bench, LAMBDA_DELETE_ALIAS, "", "", "{\"Name\":\"live\"}");
    CHECK(contains(apply(&bench, LAMBDA_GET_ALIAS, "", "", "{\"Name\":\"live\"}"),
                   "ResourceNotFoundException: Cannot find alias arn: arn:"));
}

TEST(settings_of_a_function_are_kept)
{
    struct bench CLEANUP(bench_release) bench;
    bench_init(&bench);
    create_with(&bench, ",\"Tags\":{\"a\":\"1\"}");
    CHECK_STR(apply(&bench, LAMBDA_GET_CONCURRENCY, "", "", "{}"), STR("{}"));
    CHECK_STR(apply(&bench, LAMBDA_PUT_CONCURRENCY, "", "", "{\"ReservedConcurrentExecutions\":5}"),
              STR("{\"ReservedConcurrentExecutions\":5}"));
    CHECK_STR(apply(&bench, LAMBDA_GET_CONCURRENCY, "", "", "{}"),
              STR("{\"ReservedConcurrentExecutions\":5}"));
    apply(&bench, LAMBDA_DELETE_CONCURRENCY, "", "", "{}");
    CHECK_STR(apply(&bench, LAMBDA_GET_CONCURRENCY, "", "", "{}"), STR("{}"));

    apply(&bench, LAMBDA_TAG_RESOURCE, "", "", "{\"Tags\":{\"b\":\"2\",\"a\":\"3\"}}");
    CHECK_STR(apply(&bench, LAMBDA_LIST_TAGS, "", "", "{}"),
              STR("{\"Tags\":{\"a\":\"3\",\"b\":\"2\"}}"));
    apply(&bench, LAMBDA_UNTAG_RESOURCE, "", "", "{\"TagKeys\":[\"a\",\"none\"]}");
    CHECK_STR(apply(&bench, LAMBDA_LIST_TAGS, "", "", "{}"), STR("{\"Tags\":{\"b\":\"2\"}}"));

    CHECK(contains(apply(&bench, LAMBDA_GET_POLICY, "", "", "{}"),
                   "ResourceNotFoundException: The resource you requested does not exist."));
    const char *permission = "{\"StatementId\":\"s\",\"Action\":\"lambda:InvokeFunction\","
                             "\"Principal\":\"111111111111\",\"SourceAccount\":\"222222222222\"}";
    CHECK(contains(apply(&bench, LAMBDA_ADD_PERMISSION, "", "", permission),
                   "\\\"Principal\\\":{\\\"AWS\\\":\\\"arn:aws:iam::111111111111:root\\\"}"));
    CHECK(contains(apply(&bench, LAMBDA_ADD_PERMISSION, "", "", permission),
                   "The statement id (s) provided already exists."));
    CHECK(contains(apply(&bench, LAMBDA_GET_POLICY, "", "", "{}"),
                   "\\\"Condition\\\":{\\\"StringEquals\\\":{\\\"AWS:SourceAccount\\\":"));
    CHECK(contains(apply(&bench, LAMBDA_GET_POLICY, "$LATEST", "", "{}"), "does not exist"));
    apply(&bench, LAMBDA_REMOVE_PERMISSION, "", "", "{\"StatementId\":\"s\"}");
    CHECK(contains(apply(&bench, LAMBDA_REMOVE_PERMISSION, "", "", "{\"StatementId\":\"s\"}"),
                   "Statement s is not found in resource policy."));
}
