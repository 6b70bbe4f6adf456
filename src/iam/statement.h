// The compiled form of a policy: private to parsing (policy_parse.c) and evaluation (policy.c).

#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "iam/condition.h"
#include "iam/pattern.h"
#include "iam/policy.h"

enum iam_principal_kind {
    IAM_PRINCIPAL_ANYONE,    // "*"
    IAM_PRINCIPAL_ACCOUNT,   // `text` is the account; everybody in it.
    IAM_PRINCIPAL_ARN,       // `text` is the ARN of a role, a user or a role session.
    IAM_PRINCIPAL_SERVICE,   // `text` is "states.amazonaws.com".
    IAM_PRINCIPAL_FEDERATED, // `text` names an identity provider. Nobody here comes from one.
    IAM_PRINCIPAL_CANONICAL, // `text` is a canonical user id. Likewise.
};

struct iam_principal {
    enum iam_principal_kind kind;
    struct str text;
};

struct iam_patterns {
    const struct iam_pattern *patterns;
    uint32_t count;
    bool is_negated; // NotAction, NotResource: whatever matches none of them.
};

struct iam_statement {
    bool is_allow;
    bool is_principal_negated; // NotPrincipal
    struct iam_patterns actions;
    struct iam_patterns resources;          // Identity policies only.
    const struct iam_principal *principals; // Trust policies only.
    uint32_t principal_count;
    const struct iam_condition *conditions; // All must hold.
    uint32_t condition_count;
};

struct iam_policy {
    _Atomic uint32_t reference_count;
    enum iam_policy_kind kind;
    struct arena arena; // Holds the policy itself and all it points to.
    const struct iam_statement *statements;
    uint32_t statement_count;
    bool has_deny; // A first Allow decides when no policy has a Deny.
};
