// Random policies: the compiled form decides as a reading of the JSON does, a Deny that matches
// wins in whatever order, and the decision does not depend on how statements are spread over
// policies.

#include "base/clock.h"
#include "base/random.h"
#include "iam/policy.h"
#include "json/json.h"
#include "test/lib/test.h"

static const char *const actions[] = {"s3:GetObject", "s3:PutObject", "lambda:InvokeFunction",
                                      "sns:Publish"};
static const char *const action_patterns[] = {"*",        "s3:*",        "s3:Get*", "S3:getobject",
                                              "lambda:*", "sns:?ublish", "*:*e*",   "sqs:*"};
static const char *const resources[] = {"arn:aws:s3:::b/k", "arn:aws:s3:::b/team/k",
                                        "arn:aws:lambda:r:1:function:f", "arn:aws:sns:r:1:t"};
static const char *const resource_patterns[] = {
    "*",          "arn:aws:s3:::b/*",       "arn:aws:s3:::*/${x:team}/*", "arn:aws:lambda:*",
    "arn:aws:s3", "arn:aws:lambda:r:1:*:f", "arn:aws:sns:?:1:t",
};
static const char *const conditions[] = {
    "{\"StringEquals\":{\"x:team\":\"team\"}}",
    "{\"StringNotEquals\":{\"x:team\":[\"a\",\"b\"]}}",
    "{\"StringEqualsIfExists\":{\"x:none\":\"a\"}}",
    "{\"NumericLessThan\":{\"x:size\":\"10\"}}",
    "{\"StringLike\":{\"x:team\":\"t*\"},\"NumericLessThan\":{\"x:size\":\"3\"}}",
};
// Whether each of them holds for the request below; written down, not computed.
static const bool condition_holds[] = {true, true, true, true, false};

static const struct str team[] = {STR_INIT("team")};
static const struct str size[] = {STR_INIT("5")};
static const struct iam_context_entry context[] = {{STR_INIT("x:team"), team, 1},
                                                   {STR_INIT("x:size"), size, 1}};

static size_t below(struct random *random, size_t count)
{
    return random_u64(random) % count;
}

// ---------------------------------------------------------------------------------------------
// The naive reading

static bool glob(struct str pattern, struct str text)
{
    if (pattern.size == 0) return text.size == 0;
    if (pattern.data[0] == '*') {
        for (size_t i = 0; i <= text.size; i++) {
            if (glob(str_skip(pattern, 1), str_skip(text, i))) return true;
        }
        return false;
    }
    if (text.size == 0) return false;
    char a = pattern.data[0], b = text.data[0];
    return (a == '?' || a == b) && glob(str_skip(pattern, 1), str_skip(text, 1));
}

static struct str lowered(struct arena *arena, struct str text)
{
    struct str copy = arena_printf(arena, "%" STR_FORMAT, STR_ARGS(text));
    char *bytes = arena_alloc(arena, copy.size);
    for (size_t i = 0; i < copy.size; i++)
        bytes[i] =
            (char)(copy.data[i] >= 'A' && copy.data[i] <= 'Z' ? copy.data[i] + 32 : copy.data[i]);
    return (struct str){bytes, copy.size};
}

// Of these patterns only so much is needed: the variable, and the incomplete ARN.
static bool resource_matches(struct str pattern, struct str text)
{
    if (str_is(pattern, "arn:aws:s3:::*/${x:team}/*"))
        return glob(STR("arn:aws:s3:::*/team/*"), text);
    if (str_is(pattern, "arn:aws:s3")) return glob(STR("arn:aws:s3:*:*:*"), text);
    return glob(pattern, text);
}

static bool any_matches(struct arena *arena, const struct json *list, struct str text,
                        bool is_action)
{
    for (uint32_t i = 0; i < list->size; i++) {
        struct str pattern = json_str(&list->items[i]);
        if (is_action ? glob(lowered(arena, pattern), lowered(arena, text))
                      : resource_matches(pattern, text)) {
            return true;
        }
    }
    return false;
}

static bool concerns(struct arena *arena, const struct json *statement, const char *name,
                     struct str text)
{
    bool is_action = strcmp(name, "Action") == 0;
    const struct json *list = json_find(statement, str_from_c(name));
    if (list != NULL) return any_matches(arena, list, text, is_action);
    list = json_find(statement, arena_printf(arena, "Not%s", name));
    return !any_matches(arena, list, text, is_action);
}

static enum iam_decision decide_naively(struct arena *arena, const struct json *statements,
                                        struct str action, struct str resource)
{
    enum iam_decision decision = IAM_DENIED;
    for (uint32_t i = 0; i < statements->size; i++) {
        const struct json *statement = &statements->items[i];
        const struct json *condition = JSON_FIND(statement, "Condition");
        if (!concerns(arena, statement, "Action", action)) continue;
        if (!concerns(arena, statement, "Resource", resource)) continue;
        struct str text = condition == NULL ? STR("") : json_render_to_arena(arena, condition);
        bool holds = condition == NULL;
        for (size_t k = 0; k < ARRAY_COUNT(conditions); k++)
            holds |= str_is(text, conditions[k]) && condition_holds[k];
        if (!holds) continue;
        if (str_is(json_str(JSON_FIND(statement, "Effect")), "Deny")) return IAM_DENIED_EXPLICITLY;
        decision = IAM_ALLOWED;
    }
    return decision;
}

// ---------------------------------------------------------------------------------------------
// Random policies

static void write_list(struct random *random, struct buffer *buffer, const char *name,
                       const char *const *patterns, size_t pattern_count)
{
    bool is_negated = below(random, 5) == 0;
    size_t count = 1 + below(random, 3);
    buffer_printf(buffer, ",\"%s%s\":[", is_negated ? "Not" : "", name);
    for (size_t i = 0; i < count; i++) {
        buffer_printf(buffer, "%s\"%s\"", i == 0 ? "" : ",",
                      patterns[below(random, pattern_count)]);
    }
    buffer_printf(buffer, "]");
}

static void write_statement(struct random *random, struct buffer *buffer)
{
    buffer_printf(buffer, "{\"Effect\":\"%s\"", below(random, 3) == 0 ? "Deny" : "Allow");
    write_list(random, buffer, "Action", action_patterns, ARRAY_COUNT(action_patterns));
    write_list(random, buffer, "Resource", resource_patterns, ARRAY_COUNT(resource_patterns));
    if (below(random, 2) == 0) {
        buffer_printf(buffer, ",\"Condition\":%s",
                      conditions[below(random, ARRAY_COUNT(conditions))]);
    }
    buffer_printf(buffer, "}");
}

static struct iam_policy *parse(struct arena *arena, struct str statements)
{
    struct iam_policy *policy = NULL;
    struct str message = {0};
    struct str document = arena_printf(
        arena, "{\"Version\":\"2012-10-17\",\"Statement\":%" STR_FORMAT "}", STR_ARGS(statements));
    enum status status = iam_policy_parse(document, IAM_POLICY_IDENTITY, arena, &policy, &message);
    if (status != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%" STR_FORMAT ": %" STR_FORMAT, STR_ARGS(document),
                  STR_ARGS(message));
    }
    return policy;
}

static enum iam_decision decide(struct iam_policy **policies, size_t count, struct str action,
                                struct str resource)
{
    static const struct iam_subject subject = {.kind = IAM_SUBJECT_ASSUMED_ROLE};
    struct iam_request request = {
        .action = action,
        .resource = resource,
        .context = context,
        .context_count = ARRAY_COUNT(context),
    };
    return iam_policies_evaluate(policies, count, &subject, &request);
}

enum { STATEMENTS_MAX = 5 };

// One document with all statements, the same backwards, and a document for each.
static void check_policy(struct arena *arena, struct random *random, size_t decisions[3])
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(16));
    size_t count = 1 + below(random, STATEMENTS_MAX);
    struct str statements[STATEMENTS_MAX];
    struct iam_policy *single[STATEMENTS_MAX];
    struct str forwards = STR(""), backwards = STR("");
    for (size_t i = 0; i < count; i++) {
        buffer_clear(&buffer);
        write_statement(random, &buffer);
        if (!buffer_copy_to_arena(&buffer, arena, &statements[i])) return;
        const char *comma = i == 0 ? "" : ",";
        forwards = arena_printf(arena, "%" STR_FORMAT "%s%" STR_FORMAT, STR_ARGS(forwards), comma,
                                STR_ARGS(statements[i]));
        backwards = arena_printf(arena, "%" STR_FORMAT "%s%" STR_FORMAT, STR_ARGS(statements[i]),
                                 comma, STR_ARGS(backwards));
        single[i] = parse(arena, statements[i]);
        REQUIRE(single[i] != NULL);
    }
    struct str list = arena_printf(arena, "[%" STR_FORMAT "]", STR_ARGS(forwards));
    struct iam_policy *whole = parse(arena, list);
    struct iam_policy *reversed =
        parse(arena, arena_printf(arena, "[%" STR_FORMAT "]", STR_ARGS(backwards)));
    struct json naive;
    REQUIRE(whole != NULL && reversed != NULL);
    REQUIRE(json_parse(arena, list, 0, &naive, NULL) == STATUS_OK);
    for (size_t a = 0; a < ARRAY_COUNT(actions); a++) {
        for (size_t r = 0; r < ARRAY_COUNT(resources); r++) {
            struct str action = str_from_c(actions[a]), resource = str_from_c(resources[r]);
            enum iam_decision expected = decide_naively(arena, &naive, action, resource);
            decisions[expected]++;
            CHECK(decide(&whole, 1, action, resource) == expected);
            CHECK(decide(&reversed, 1, action, resource) == expected);
            CHECK(decide(single, count, action, resource) == expected);
        }
    }
    iam_policy_unref(whole);
    iam_policy_unref(reversed);
    for (size_t i = 0; i < count; i++)
        iam_policy_unref(single[i]);
}

TEST(policy_compiled_decides_as_its_text_in_any_order)
{
    struct random random;
    random_init_seed(&random, 20240506);
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(8));
    size_t decisions[3] = {0};
    for (int round = 0; round < 2000; round++) {
        check_policy(&arena, &random, decisions);
        arena_reset(&arena);
    }
    // Every kind of decision was met often.
    CHECK(decisions[IAM_DENIED] > 1000 && decisions[IAM_DENIED_EXPLICITLY] > 1000 &&
          decisions[IAM_ALLOWED] > 1000);
}

// A figure to look at, never a test: what one check costs.
TEST(policy_like_the_lambda_role_is_cheap_to_evaluate)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct iam_policy *policy =
        parse(&arena, STR("[{\"Effect\":\"Allow\",\"Action\":[\"lambda:InvokeFunction\"],"
                          "\"Resource\":[\"arn:aws:lambda:*:1:function:f*\"]}]"));
    REQUIRE(policy != NULL);
    enum { ROUNDS = 200000 };
    int64_t start_ns = clock_steady_ns();
    size_t allowed = 0;
    for (int i = 0; i < ROUNDS; i++) {
        allowed += decide(&policy, 1, STR("lambda:InvokeFunction"),
                          STR("arn:aws:lambda:r:1:function:f")) == IAM_ALLOWED;
    }
    printf("# %lld ns per check\n", (long long)((clock_steady_ns() - start_ns) / ROUNDS));
    CHECK(allowed == ROUNDS);
    iam_policy_unref(policy);
}
