// Machines: what becomes of a definition, and of texts that are none.

#include "asl/machine.h"
#include "test/lib/test.h"

static struct arena arena;
static struct asl_diagnostics diagnostics;

static const struct asl_machine *parse(const char *text)
{
    const struct asl_machine *machine = NULL;
    asl_diagnostics_init(&diagnostics, &arena);
    enum status status =
        asl_machine_parse(str_from_c(text), ASL_MACHINE_STANDARD, &diagnostics, &machine);
    if (status != STATUS_OK) {
        struct str summary = asl_diagnostics_summary(&diagnostics, &arena);
        test_fail(__FILE__, __LINE__, "%s: %" STR_FORMAT, text, STR_ARGS(summary));
    }
    return machine;
}

static struct str summary_of(struct str text)
{
    asl_diagnostics_init(&diagnostics, &arena);
    enum status status = asl_machine_parse(text, ASL_MACHINE_STANDARD, &diagnostics, NULL);
    CHECK(status == STATUS_INVALID);
    return asl_diagnostics_summary(&diagnostics, &arena);
}

TEST(states_of_all_scopes_stand_in_one_array_and_are_found_by_name)
{
    arena_init(&arena, MIB(8));
    const struct asl_machine *machine =
        parse("{\"StartAt\":\"P\",\"TimeoutSeconds\":60,\"States\":{"
              "\"P\":{\"Type\":\"Parallel\",\"Next\":\"M\",\"Branches\":["
              "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\"}}},"
              "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Fail\"}}}]},"
              "\"M\":{\"Type\":\"Map\",\"End\":true,\"ItemProcessor\":"
              "{\"StartAt\":\"D\",\"States\":{\"D\":{\"Type\":\"Pass\",\"End\":true}}}}}}");
    REQUIRE(machine != NULL);
    CHECK(machine->timeout_seconds == 60);
    CHECK(machine->state_count == 5);
    CHECK(machine->scope_count == 4);
    const struct asl_state *parallel = asl_machine_find_state(machine, STR("P"));
    const struct asl_state *map = asl_machine_find_state(machine, STR("M"));
    REQUIRE(parallel != NULL && map != NULL);
    CHECK(machine->scopes[0].start_state == parallel->index);
    CHECK(machine->scopes[0].outer_state == ASL_STATE_NONE);
    CHECK(parallel->next_state == map->index);
    CHECK(map->next_state == ASL_STATE_NONE);
    REQUIRE(parallel->parallel.branch_count == 2);
    const struct asl_scope *second = &machine->scopes[parallel->parallel.scopes[1]];
    CHECK(second->outer_state == parallel->index);
    CHECK_STR(machine->states[second->start_state].name, STR("C"));
    const struct asl_state *item = asl_machine_find_state(machine, STR("D"));
    REQUIRE(item != NULL);
    CHECK(item->scope == map->map.scope);
    CHECK(asl_machine_find_state(machine, STR("E")) == NULL);
    asl_machine_unref(machine);
    arena_release(&arena);
}

TEST(a_machine_lives_until_its_last_reference_goes)
{
    arena_init(&arena, MIB(8));
    const struct asl_machine *machine =
        parse("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}");
    REQUIRE(machine != NULL);
    const struct asl_machine *other = asl_machine_ref(machine);
    asl_machine_unref(machine);
    CHECK_STR(other->states[0].name, STR("A"));
    asl_machine_unref(other);
    asl_machine_unref(NULL);
    arena_release(&arena);
}

TEST(resources_are_taken_apart)
{
    static const struct {
        const char *arn;
        enum asl_resource_kind kind;
        enum asl_service_pattern pattern;
        const char *type, *action, *resource;
    } cases[] = {
        {"arn:aws:lambda:eu-west-1:123456789012:function:f", ASL_RESOURCE_LAMBDA_FUNCTION,
         ASL_REQUEST_RESPONSE, "", "", ""},
        {"arn:aws:states:eu-west-1:123456789012:activity:a", ASL_RESOURCE_ACTIVITY,
         ASL_REQUEST_RESPONSE, "", "", ""},
        {"arn:aws:states:::lambda:invoke", ASL_RESOURCE_SERVICE, ASL_REQUEST_RESPONSE, "lambda",
         "invoke", "invoke"},
        {"arn:aws:states:::sqs:sendMessage.waitForTaskToken", ASL_RESOURCE_SERVICE,
         ASL_WAIT_FOR_TASK_TOKEN, "sqs", "sendMessage", "sendMessage.waitForTaskToken"},
        {"arn:aws:states:::states:startExecution.sync:2", ASL_RESOURCE_SERVICE, ASL_RUN_JOB_2,
         "states", "startExecution", "startExecution.sync:2"},
        {"arn:aws:states:::aws-sdk:dynamodb:putItem", ASL_RESOURCE_SERVICE, ASL_REQUEST_RESPONSE,
         "aws-sdk:dynamodb", "putItem", "putItem"},
    };
    arena_init(&arena, MIB(8));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct str text = arena_printf(&arena,
                                       "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\","
                                       "\"Resource\":\"%s\",\"End\":true}}}",
                                       cases[i].arn);
        const struct asl_machine *machine = parse(text.data);
        REQUIRE(machine != NULL);
        const struct asl_resource *resource = &machine->states[0].task.resource;
        CHECK(resource->kind == cases[i].kind);
        CHECK(resource->pattern == cases[i].pattern);
        CHECK_STR(resource->arn, str_from_c(cases[i].arn));
        CHECK_STR(resource->type, str_from_c(cases[i].type));
        CHECK_STR(resource->action, str_from_c(cases[i].action));
        CHECK_STR(resource->resource, str_from_c(cases[i].resource));
        asl_machine_unref(machine);
    }
    arena_release(&arena);
}

TEST(states_know_what_their_fields_read)
{
    arena_init(&arena, MIB(8));
    const struct asl_machine *machine = parse(
        "{\"StartAt\":\"A\",\"States\":{"
        "\"A\":{\"Type\":\"Pass\",\"Next\":\"B\",\"InputPath\":\"$b.x\",\"Parameters\":"
        "{\"p.$\":\"States.Format('{}{}', $a, $b)\",\"q\":[{\"r.$\":\"$$.State.Name\"}]}},"
        "\"B\":{\"Type\":\"Pass\",\"Next\":\"C\",\"Parameters\":{\"t.$\":\"$$['Task'].Token\"}},"
        "\"C\":{\"Type\":\"Pass\",\"Parameters\":{\"t.$\":\"$.Task.Token\",\"u\":\"$x\"},"
        "\"End\":true}}}");
    REQUIRE(machine != NULL);
    const struct asl_state *states = machine->states;
    REQUIRE(states[0].variable_count == 2);
    CHECK_STR(states[0].variables[0], STR("a"));
    CHECK_STR(states[0].variables[1], STR("b"));
    CHECK(states[0].uses_context && !states[0].uses_task_token);
    CHECK(states[1].uses_context && states[1].uses_task_token);
    CHECK(!states[2].uses_context && !states[2].uses_task_token);
    struct json references;
    REQUIRE(asl_machine_variable_references(machine, &arena, &references));
    CHECK_STR(json_render_to_arena(&arena, &references), STR("{\"A\":[\"a\",\"b\"]}"));
    asl_machine_unref(machine);
    arena_release(&arena);
}

TEST(literal_times_and_numbers_are_ready_to_use)
{
    arena_init(&arena, MIB(8));
    const struct asl_machine *machine = parse(
        "{\"StartAt\":\"A\",\"States\":{"
        "\"A\":{\"Type\":\"Wait\",\"Timestamp\":\"1970-01-01T00:00:01Z\",\"Next\":\"B\"},"
        "\"B\":{\"Type\":\"Task\",\"Resource\":\"arn:aws:states:::lambda:invoke\",\"End\":true,"
        "\"TimeoutSecondsPath\":\"$.t\",\"HeartbeatSeconds\":3,"
        "\"Retry\":[{\"ErrorEquals\":[\"E\"]},{\"ErrorEquals\":[\"States.ALL\"],"
        "\"IntervalSeconds\":7,\"MaxAttempts\":0,\"BackoffRate\":1.5,\"MaxDelaySeconds\":9,"
        "\"JitterStrategy\":\"FULL\"}]}}}");
    REQUIRE(machine != NULL);
    CHECK(machine->states[0].wait.unix_ms == 1000);
    const struct asl_state *task = &machine->states[1];
    CHECK(task->task.timeout_seconds->kind == ASL_TEMPLATE_PATH);
    CHECK(task->task.heartbeat_seconds->literal.integer == 3);
    REQUIRE(task->retrier_count == 2);
    CHECK(task->retriers[0].interval_seconds == 1 && task->retriers[0].attempts_max == 3);
    CHECK(task->retriers[0].backoff_rate == 2 && task->retriers[0].max_delay_seconds == 0);
    CHECK(task->retriers[1].interval_seconds == 7 && task->retriers[1].attempts_max == 0);
    CHECK(task->retriers[1].max_delay_seconds == 9);
    CHECK(task->retriers[1].jitter_strategy == ASL_JITTER_FULL);
    asl_machine_unref(machine);
    arena_release(&arena);
}

TEST(fields_of_a_distributed_map_become_templates)
{
    arena_init(&arena, MIB(8));
    const struct asl_machine *machine = parse(
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Map\",\"End\":true,\"ItemReader\":"
        "{\"Resource\":\"arn:aws:states:::s3:getObject\",\"ReaderConfig\":{\"InputType\":\"JSON\","
        "\"MaxItemsPath\":\"$.n\"},\"Parameters\":{\"Bucket\":\"b\",\"Key.$\":\"$.k\"}},"
        "\"ItemBatcher\":{\"MaxItemsPerBatch\":2,\"BatchInput\":{\"x\":1}},"
        "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"
        "\"EXPRESS\"},\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Succeed\"}}}}}}");
    REQUIRE(machine != NULL);
    const struct asl_map *map = &machine->states[0].map;
    CHECK(map->mode == ASL_MAP_DISTRIBUTED && map->execution_type == ASL_MACHINE_EXPRESS);
    struct json data = json_null, reader, batcher;
    REQUIRE(json_parse(&arena, STR("{\"n\":5,\"k\":\"key\"}"), 0, &data, NULL) == STATUS_OK);
    struct asl_environment environment = {.data = &data};
    struct asl_error error;
    REQUIRE(asl_template_evaluate(map->item_reader, &environment, &arena, &reader, &error) ==
            STATUS_OK);
    CHECK_STR(json_render_to_arena(&arena, &reader),
              STR("{\"Resource\":\"arn:aws:states:::s3:getObject\",\"ReaderConfig\":"
                  "{\"InputType\":\"JSON\",\"MaxItems\":5},"
                  "\"Parameters\":{\"Bucket\":\"b\",\"Key\":\"key\"}}"));
    REQUIRE(asl_template_evaluate(map->item_batcher, &environment, &arena, &batcher, &error) ==
            STATUS_OK);
    CHECK_STR(json_render_to_arena(&arena, &batcher),
              STR("{\"BatchInput\":{\"x\":1},\"MaxItemsPerBatch\":2}"));
    asl_machine_unref(machine);
    arena_release(&arena);
}

TEST(texts_that_are_no_objects_are_refused)
{
    arena_init(&arena, MIB(8));
    CHECK_STR(summary_of(STR("")),
              STR("MISSING_DESCRIPTION: Definition must not be empty at null"));
    CHECK_STR(summary_of(STR(" \n")), STR("SCHEMA_VALIDATION_FAILED: Definition must be a valid "
                                          "JSON object at null"));
    CHECK_STR(summary_of(STR("[]")), STR("SCHEMA_VALIDATION_FAILED: Definition must be a valid "
                                         "JSON object at null"));
    CHECK_STR(summary_of(STR("nope {}")),
              STR("INVALID_JSON_DESCRIPTION: Unrecognized token 'nope': was expecting (JSON "
                  "String, Number, Array, Object or token 'null', 'true' or 'false')\n at "
                  "[Source: (String)\"nope {}\"; line: 1, column: 5] at "
                  "[Source: (String)\"nope {}\"; line: 1, column: 5]"));
    CHECK(str_find(summary_of(STR("{'a'}")), STR("column: 3]")) != SIZE_MAX);
    arena_release(&arena);
}

TEST(a_text_that_is_too_large_is_refused)
{
    arena_init(&arena, MIB(8));
    size_t size = ASL_DEFINITION_SIZE_BYTES_MAX + 1;
    char *data = arena_alloc(&arena, size);
    REQUIRE(data != NULL);
    memset(data, ' ', size);
    CHECK_STR(summary_of((struct str){data, size}),
              STR("SCHEMA_VALIDATION_FAILED: Definition must not be larger than 1048576 bytes at "
                  "null"));
    arena_release(&arena);
}

TEST(scopes_may_not_nest_without_end)
{
    arena_init(&arena, MIB(64));
    struct str text = STR("{\"Type\":\"Succeed\"}");
    for (int i = 0; i < 60; i++) {
        text = arena_printf(&arena,
                            "{\"Type\":\"Parallel\",\"End\":true,\"Branches\":[{\"StartAt\":"
                            "\"S%d\",\"States\":{\"S%d\":%" STR_FORMAT "}}]}",
                            i, i, STR_ARGS(text));
    }
    text = arena_printf(&arena, "{\"StartAt\":\"T\",\"States\":{\"T\":%" STR_FORMAT "}}",
                        STR_ARGS(text));
    CHECK(str_starts_with(summary_of(text), STR("TOO_DEEPLY_NESTED: ")));
    arena_release(&arena);
}

TEST(choice_rules_may_not_nest_without_end)
{
    arena_init(&arena, MIB(64));
    struct str text = STR("{\"Variable\":\"$.a\",\"IsNull\":true}");
    for (int i = 0; i < 200; i++)
        text = arena_printf(&arena, "{\"Not\":%" STR_FORMAT "}", STR_ARGS(text));
    text = arena_printf(&arena,
                        "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Choice\",\"Choices\":"
                        "[{\"Next\":\"U\",\"Not\":%" STR_FORMAT "}]},"
                        "\"U\":{\"Type\":\"Succeed\"}}}",
                        STR_ARGS(text));
    CHECK(str_starts_with(summary_of(text), STR("TOO_DEEPLY_NESTED: ")));
    arena_release(&arena);
}

TEST(no_more_than_a_hundred_diagnostics_are_kept)
{
    arena_init(&arena, MIB(8));
    struct str text = STR("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}");
    for (int i = 0; i < 150; i++)
        text = arena_printf(&arena, "%" STR_FORMAT ",\"x%d\":1", STR_ARGS(text), i);
    text = arena_printf(&arena, "%" STR_FORMAT "}", STR_ARGS(text));
    summary_of(text);
    CHECK(diagnostics.count == ASL_DIAGNOSTICS_MAX);
    CHECK(diagnostics.error_count == 150);
    CHECK(diagnostics.is_truncated);
    arena_release(&arena);
}

TEST(summaries_join_errors_and_leave_warnings_out)
{
    arena_init(&arena, MIB(8));
    struct str summary = summary_of(
        STR("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":\"$.x\",\"Foo\":1,"
            "\"Bar\":2,\"End\":true}}}"));
    CHECK(diagnostics.count == 3);
    CHECK_STR(summary, STR("SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /States/A, "
                           "SCHEMA_VALIDATION_FAILED: Field 'Bar' is not supported at /States/A"));
    arena_release(&arena);
}

TEST(a_single_state_may_lead_anywhere)
{
    const struct asl_machine *machine = NULL;
    arena_init(&arena, MIB(8));
    asl_diagnostics_init(&diagnostics, &arena);
    CHECK(asl_machine_parse_state(STR("{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.a\","
                                      "\"IsNull\":true,\"Next\":\"One\"},{\"Variable\":\"$.b\","
                                      "\"IsNull\":true,\"Next\":\"Two\"}],\"Default\":\"One\"}"),
                                  ASL_JSONPATH, &diagnostics, &machine) == STATUS_OK);
    CHECK(machine->state_count == 3);
    const struct asl_state *state = &machine->states[machine->scopes[0].start_state];
    CHECK_STR(state->name, ASL_SINGLE_STATE_NAME);
    CHECK_STR(machine->states[state->choice.rules[0].next_state].name, STR("One"));
    CHECK_STR(machine->states[state->choice.rules[1].next_state].name, STR("Two"));
    CHECK(state->choice.default_state == state->choice.rules[0].next_state);
    asl_machine_unref(machine);
    arena_release(&arena);
}

TEST(branches_of_a_single_state_must_be_whole)
{
    const struct asl_machine *machine = NULL;
    arena_init(&arena, MIB(8));
    asl_diagnostics_init(&diagnostics, &arena);
    CHECK(asl_machine_parse_state(
              STR("{\"Type\":\"Parallel\",\"Next\":\"A\",\"Branches\":[{\"StartAt\":\"A\","
                  "\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"}}}]}"),
              ASL_JSONPATH, &diagnostics, &machine) == STATUS_INVALID);
    CHECK_STR(asl_diagnostics_summary(&diagnostics, &arena),
              STR("MISSING_TRANSITION_TARGET: Missing 'Next' target: B at "
                  "/States/StateName/Branches[0]/States/A/Next"));
    arena_release(&arena);
}

TEST(a_single_state_speaks_the_language_around_it)
{
    const struct asl_machine *machine = NULL;
    struct str definition = STR("{\"Type\":\"Pass\",\"Output\":\"{% 1 %}\",\"End\":true}");
    arena_init(&arena, MIB(8));
    asl_diagnostics_init(&diagnostics, &arena);
    CHECK(asl_machine_parse_state(definition, ASL_JSONPATH, &diagnostics, &machine) ==
          STATUS_INVALID);
    asl_diagnostics_init(&diagnostics, &arena);
    CHECK(asl_machine_parse_state(definition, ASL_JSONATA, &diagnostics, &machine) == STATUS_OK);
    CHECK(machine->states[0].query_language == ASL_JSONATA);
    asl_machine_unref(machine);
    arena_release(&arena);
}
