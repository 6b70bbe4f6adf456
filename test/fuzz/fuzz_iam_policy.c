// Fuzzes the policy parser and evaluator (src/iam/policy*.c, pattern.c, condition.c) with
// documents.
//
// Needs: iam, json, base (iam_dep).
//
// Whatever is accepted is evaluated against a few requests, whose texts also come from the input,
// so that patterns meet what they were not written for.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "iam/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(struct iam_policy *policy, enum iam_policy_kind kind, struct str input)
{
    static const struct iam_tag tags[] = {{STR_INIT("team"), STR_INIT("photos")}};
    static const struct str values[] = {STR_INIT("a"), STR_INIT("10"), STR_INIT("2024-01-01"),
                                        STR_INIT("::1")};
    struct str tail = str_skip(input, input.size - (input.size < 64 ? input.size : 64));
    struct iam_context_entry context[] = {
        {STR("a"), values, ARRAY_COUNT(values)},
        {STR("aws:SourceArn"), &tail, 1},
    };
    struct iam_subject subject = {
        .kind = IAM_SUBJECT_ASSUMED_ROLE,
        .account = STR("000000000000"),
        .name = STR("Photos"),
        .arn = STR("arn:aws:iam::000000000000:role/Photos"),
        .id = STR("AROAEXAMPLE"),
        .tags = tags,
        .tag_count = 1,
    };
    struct iam_request request = {
        .action = STR("lambda:InvokeFunction"),
        .resource = STR("arn:aws:lambda:us-east-1:000000000000:function:resize"),
        .session_name = STR("run"),
        .context = context,
        .context_count = ARRAY_COUNT(context),
    };
    for (int round = 0; round < 2; round++) {
        if (kind == IAM_POLICY_TRUST) {
            enum iam_decision decision = iam_policy_evaluate_trust(policy, &subject, &request);
            assert(decision <= IAM_ALLOWED);
            iam_policy_trusts_service(policy, STR("states"), tail, context, ARRAY_COUNT(context));
        } else {
            enum iam_decision decision = iam_policies_evaluate(&policy, 1, &subject, &request);
            assert(decision <= IAM_ALLOWED);
        }
        request.action = request.resource = tail;
        subject.kind = IAM_SUBJECT_USER;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str document = {(const char *)data, size};
    for (int kind = IAM_POLICY_IDENTITY; kind <= IAM_POLICY_TRUST; kind++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, MIB(1));
        struct iam_policy *policy = NULL;
        struct str message = {0};
        enum status status =
            iam_policy_parse(document, (enum iam_policy_kind)kind, &arena, &policy, &message);
        assert(status == STATUS_OK || status == STATUS_INVALID || status == STATUS_NO_MEMORY);
        assert(status != STATUS_INVALID || message.size > 0 || arena.is_exhausted);
        if (status == STATUS_OK) evaluate(policy, (enum iam_policy_kind)kind, document);
        iam_policy_unref(policy);
    }
    return 0;
}
