// Evaluation: statement by statement, the cheapest test first; most statements are out after the
// first bytes of their actions.

#include "iam/policy.h"

#include <assert.h>

#include "iam/evaluation.h"
#include "iam/statement.h"

struct iam_policy *iam_policy_ref(struct iam_policy *policy)
{
    atomic_fetch_add_explicit(&policy->reference_count, 1, memory_order_relaxed);
    return policy;
}

void iam_policy_unref(struct iam_policy *policy)
{
    if (policy == NULL) return;
    if (atomic_fetch_sub_explicit(&policy->reference_count, 1, memory_order_acq_rel) != 1) return;
    struct arena arena = policy->arena; // The policy lies in its own arena.
    arena_release(&arena);
}

static bool patterns_match(const struct iam_patterns *patterns, struct str text,
                           struct iam_evaluation *evaluation)
{
    for (uint32_t i = 0; i < patterns->count; i++) {
        if (iam_pattern_matches(&patterns->patterns[i], text, iam_evaluation_find_variable,
                                evaluation)) {
            return !patterns->is_negated;
        }
    }
    return patterns->is_negated;
}

// The ARN of a role session: "arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION".
static bool is_session_arn(struct str arn, const struct iam_evaluation *evaluation)
{
    const struct iam_subject *subject = evaluation->subject;
    if (subject->kind != IAM_SUBJECT_ASSUMED_ROLE) return false;
    struct str rest = arn;
    struct str parts[6];
    for (size_t i = 0; i < 5; i++)
        parts[i] = str_cut(&rest, ':');
    parts[5] = rest;
    struct str resource = parts[5];
    return str_is(parts[2], "sts") && str_equal(parts[4], subject->account) &&
           str_equal(str_cut(&resource, '/'), STR("assumed-role")) &&
           str_equal(str_cut(&resource, '/'), subject->name) &&
           str_equal(resource, evaluation->request->session_name);
}

static bool principal_matches(const struct iam_principal *principal,
                              const struct iam_evaluation *evaluation)
{
    const struct iam_subject *subject = evaluation->subject;
    bool is_service = subject->kind == IAM_SUBJECT_SERVICE;
    switch (principal->kind) {
    case IAM_PRINCIPAL_ANYONE: return !is_service;
    case IAM_PRINCIPAL_ACCOUNT: return !is_service && str_equal(principal->text, subject->account);
    case IAM_PRINCIPAL_ARN:
        return !is_service && (str_equal(principal->text, subject->arn) ||
                               is_session_arn(principal->text, evaluation));
    case IAM_PRINCIPAL_SERVICE: return is_service && str_equal(principal->text, subject->name);
    case IAM_PRINCIPAL_FEDERATED:
    case IAM_PRINCIPAL_CANONICAL: return false;
    }
    assert(false);
    return false;
}

static bool principals_match(const struct iam_statement *statement,
                             const struct iam_evaluation *evaluation)
{
    for (uint32_t i = 0; i < statement->principal_count; i++) {
        if (principal_matches(&statement->principals[i], evaluation)) {
            return !statement->is_principal_negated;
        }
    }
    return statement->is_principal_negated;
}

static bool statement_matches(const struct iam_policy *policy,
                              const struct iam_statement *statement,
                              struct iam_evaluation *evaluation)
{
    const struct iam_request *request = evaluation->request;
    if (!patterns_match(&statement->actions, request->action, evaluation)) return false;
    bool is_concerned = policy->kind == IAM_POLICY_TRUST
                            ? principals_match(statement, evaluation)
                            : patterns_match(&statement->resources, request->resource, evaluation);
    if (!is_concerned) return false;
    for (uint32_t i = 0; i < statement->condition_count; i++) {
        if (!iam_condition_holds(&statement->conditions[i], evaluation)) return false;
    }
    return true;
}

static enum iam_decision evaluate(struct iam_policy *const *policies, size_t count,
                                  struct iam_evaluation *evaluation)
{
    bool has_deny = false;
    for (size_t i = 0; i < count; i++)
        has_deny |= policies[i]->has_deny;
    enum iam_decision decision = IAM_DENIED;
    for (size_t i = 0; i < count; i++) {
        const struct iam_policy *policy = policies[i];
        for (uint32_t k = 0; k < policy->statement_count; k++) {
            const struct iam_statement *statement = &policy->statements[k];
            if (statement->is_allow && decision == IAM_ALLOWED) continue;
            if (!statement_matches(policy, statement, evaluation)) continue;
            if (!statement->is_allow) return IAM_DENIED_EXPLICITLY;
            decision = IAM_ALLOWED;
            if (!has_deny) return decision;
        }
    }
    return decision;
}

enum iam_decision iam_policies_evaluate(struct iam_policy *const *policies, size_t count,
                                        const struct iam_subject *subject,
                                        const struct iam_request *request)
{
    struct iam_evaluation evaluation;
    evaluation.subject = subject;
    evaluation.request = request;
    return evaluate(policies, count, &evaluation);
}

enum iam_decision iam_policy_evaluate_trust(struct iam_policy *policy,
                                            const struct iam_subject *subject,
                                            const struct iam_request *request)
{
    assert(policy->kind == IAM_POLICY_TRUST);
    return iam_policies_evaluate(&policy, 1, subject, request);
}

// Room for "service.region.amazonaws.com".
enum { SERVICE_NAME_SIZE_MAX = 128 };

static bool trusts_principal(struct iam_policy *policy, const struct iam_request *request,
                             const struct str *parts, size_t part_count)
{
    char name[SERVICE_NAME_SIZE_MAX];
    size_t size = 0;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size > sizeof(name) - size) return false;
        memcpy(name + size, parts[i].data, parts[i].size);
        size += parts[i].size;
    }
    struct iam_subject subject = {.kind = IAM_SUBJECT_SERVICE, .name = {name, size}};
    return iam_policy_evaluate_trust(policy, &subject, request) == IAM_ALLOWED;
}

bool iam_policy_trusts_service(struct iam_policy *policy, struct str service, struct str region,
                               const struct iam_context_entry *context, size_t context_count)
{
    struct iam_request request = {
        .action = STR("sts:AssumeRole"),
        .context = context,
        .context_count = context_count,
    };
    struct str global[] = {service, STR(".amazonaws.com")};
    struct str regional[] = {service, STR("."), region, STR(".amazonaws.com")};
    return trusts_principal(policy, &request, global, ARRAY_COUNT(global)) ||
           (region.size > 0 && trusts_principal(policy, &request, regional, ARRAY_COUNT(regional)));
}
