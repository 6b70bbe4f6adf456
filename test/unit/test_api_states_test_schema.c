// Mocked results against API models: what conforms, and what is said of the rest.

#include "api/states_test_state.h"
#include "test/lib/test.h"

// What is wrong with a result; "" when it conforms.
static struct str problem_of(struct arena *arena, const char *service, const char *action,
                             enum asl_service_pattern pattern, const char *result, bool is_complete)
{
    struct json value;
    struct str problem = STR("");
    struct asl_resource resource = {
        .kind = ASL_RESOURCE_SERVICE,
        .pattern = pattern,
        .type = str_from_c(service),
        .action = str_from_c(action),
    };
    if (json_parse(arena, str_from_c(result), 0, &value, NULL) != STATUS_OK) return STR("no JSON");
    bool conforms = test_state_conforms(arena, &resource, &value, is_complete, &problem);
    return conforms ? STR("") : problem;
}

TEST(results_are_held_against_the_model_of_their_operation)
{
    static const struct {
        const char *service, *action, *result, *problem;
    } cases[] = {
        {"aws-sdk:kms", "encrypt", "{}", ""},
        {"aws-sdk:kms", "encrypt", "{\"CiphertextBlob\":\"eA==\",\"Other\":1}", ""},
        {"aws-sdk:kms", "encrypt", "{\"CiphertextBlob\":1}",
         "Field 'CiphertextBlob' must be a string"},
        {"aws-sdk:kms", "encrypt", "{\"CiphertextBlob\":\"\"}",
         "Field 'CiphertextBlob' is smaller than the minimum length"},
        {"aws-sdk:kms", "encrypt", "{\"EncryptionAlgorithm\":\"ROT13\"}",
         "Field 'EncryptionAlgorithm' is not an expected value"},
        {"aws-sdk:s3", "getObject", "{\"ContentLength\":\"9\"}",
         "Field 'ContentLength' must be a number"},
        {"aws-sdk:s3", "getObject", "{\"DeleteMarker\":1}",
         "Field 'DeleteMarker' must be a boolean"},
        {"aws-sdk:s3", "getObject", "{\"Metadata\":{\"a\":1}}",
         "Field 'Metadata' must be a string"},
        {"aws-sdk:s3", "getObject", "{\"Metadata\":[]}", "Field 'Metadata' must be an object"},
        {"aws-sdk:lambda", "getFunction", "{\"Configuration\":{\"MemorySize\":10240}}", ""},
        {"aws-sdk:lambda", "getFunction", "{\"Configuration\":{\"MemorySize\":127}}",
         "Field 'MemorySize' is less than the minimum value"},
        {"aws-sdk:lambda", "getFunction", "{\"Configuration\":{\"MemorySize\":10241}}",
         "Field 'MemorySize' exceeds the maximum value"},
        {"aws-sdk:lambda", "getFunction", "{\"Configuration\":[]}",
         "Field 'Configuration' must be an object"},
        {"lambda", "invoke", "{\"Payload\":{\"any\":1},\"StatusCode\":200}", ""},
        {"events", "putEvents", "{\"Entries\":{}}", "Field 'Entries' must be an array"},
        {"events", "putEvents", "{\"Entries\":[{\"EventId\":\"a\"},{\"EventId\":[]}]}",
         "Field 'EventId' must be a string"},
        {"states", "startExecution", "{\"ExecutionArn\":\"a\"}",
         "Required field 'StartDate' is missing"},
        {"states", "startExecution", "{\"ExecutionArn\":\"a\",\"StartDate\":\"b\"}", ""},
        {"dynamodb", "getItem", "{\"Item\":{\"a\":{\"M\":{\"b\":{\"S\":1}}}}}",
         "Field 'S' must be a string"},
        {"http", "invoke", "{\"StatusCode\":\"?\"}", ""},
        {"aws-sdk:unheardof", "do", "[]", ""},
    };
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct str problem = problem_of(&arena, cases[i].service, cases[i].action,
                                        ASL_REQUEST_RESPONSE, cases[i].result, true);
        if (!str_is(problem, cases[i].problem)) {
            test_fail(__FILE__, __LINE__, "%s:%s %s: \"%" STR_FORMAT "\"", cases[i].service,
                      cases[i].action, cases[i].result, STR_ARGS(problem));
        }
    }
}

TEST(required_fields_may_be_left_out_of_what_need_not_be_complete)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    CHECK_STR(problem_of(&arena, "states", "startExecution", ASL_REQUEST_RESPONSE, "{}", false),
              STR(""));
    CHECK_STR(problem_of(&arena, "states", "startExecution", ASL_REQUEST_RESPONSE,
                         "{\"ExecutionArn\":1}", false),
              STR("Field 'ExecutionArn' must be a string"));
}

TEST(a_job_gives_what_its_description_says)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    const char *text = "{\"Output\":\"{}\"}", *json = "{\"Output\":{}}";
    CHECK_STR(problem_of(&arena, "states", "startExecution", ASL_RUN_JOB, text, false), STR(""));
    CHECK_STR(problem_of(&arena, "states", "startExecution", ASL_RUN_JOB, json, false),
              STR("Field 'Output' must be a string"));
    CHECK_STR(problem_of(&arena, "states", "startExecution", ASL_RUN_JOB_2, json, false), STR(""));
    CHECK_STR(problem_of(&arena, "states", "startExecution", ASL_RUN_JOB_2, "{}", true),
              STR("Required field 'ExecutionArn' is missing"));
}

TEST(what_a_callback_gives_is_its_own_affair)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    CHECK_STR(problem_of(&arena, "sqs", "sendMessage", ASL_WAIT_FOR_TASK_TOKEN, "[1]", true),
              STR(""));
}
