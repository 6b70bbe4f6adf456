// Policy documents, compiled, and what they say about a request.
//
// A document is parsed and checked once; what comes out is immutable, reference counted and may be
// read by any thread. Evaluating a request against it allocates nothing and parses nothing of the
// document again: actions and resources are compiled patterns, condition values are numbers, dates
// or networks already. A request costs tens of nanoseconds for a policy like AWSLambdaRole.
//
// What decides (AWS Identity and Access Management User Guide, "Policy evaluation logic"): a
// matching Deny wins over everything, then a matching Allow, otherwise the answer is no.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

enum {
    IAM_DOCUMENT_SIZE_MAX = 131072, // Of any policy document as sent, in bytes.
};

// ---------------------------------------------------------------------------------------------
// Requests

enum iam_subject_kind {
    IAM_SUBJECT_ANONYMOUS,    // Nobody in particular; only "Principal": "*" matches.
    IAM_SUBJECT_ASSUMED_ROLE, // An execution or a function acting as its role.
    IAM_SUBJECT_USER,
    IAM_SUBJECT_SERVICE, // `name` is a service principal such as "states.amazonaws.com".
};

struct iam_tag {
    struct str key;
    struct str value;
};

// Who asks. The condition keys aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType,
// aws:PrincipalTag/*, aws:username and aws:userid come from here.
struct iam_subject {
    enum iam_subject_kind kind;
    struct str account;
    struct str name;         // Of the role or user, without its path; or the service principal.
    struct str arn;          // Of the role (not of the session) or user.
    struct str id;           // AROA… or AIDA….
    struct str session_name; // Of an assumed role.
    const struct iam_tag *tags;
    size_t tag_count;
};

// A condition key and what the request has for it. Names ignore case. A key with several values is
// meant for ForAllValues and ForAnyValue; a key with none counts as absent.
struct iam_context_entry {
    struct str key; // e.g. "lambda:FunctionArn"
    const struct str *values;
    size_t value_count;
};

struct iam_request {
    struct str action;                       // e.g. "lambda:InvokeFunction"
    struct str resource;                     // An ARN, or "*" for actions without one.
    struct str session_name;                 // Of the role session that asks; may be empty.
    const struct iam_context_entry *context; // Searched before what the subject provides.
    size_t context_count;
    int64_t now_unix_ms; // For aws:CurrentTime and aws:EpochTime.
};

enum iam_decision {
    IAM_DENIED,            // Nothing allows it.
    IAM_DENIED_EXPLICITLY, // A Deny statement matches.
    IAM_ALLOWED,
};

// ---------------------------------------------------------------------------------------------
// Policies

enum iam_policy_kind {
    IAM_POLICY_IDENTITY, // Of roles and users, and managed policies: has resources, no principals.
    IAM_POLICY_TRUST,    // Who may assume a role: has principals, no resources.
};

struct iam_policy;

// Parse, check and compile a document.
//
//   document        JSON text, at most IAM_DOCUMENT_SIZE_MAX; borrowed for the call
//   arena           receives the message of a refusal
//   ret_policy      on STATUS_OK a policy with one reference, owned by the caller
//   reterr_message  on STATUS_INVALID the text that IAM gives with MalformedPolicyDocument
//
// Returns STATUS_OK, STATUS_INVALID or STATUS_NO_MEMORY.
MUST_USE enum status iam_policy_parse(struct str document, enum iam_policy_kind kind,
                                      struct arena *arena, struct iam_policy **ret_policy,
                                      struct str *reterr_message);

struct iam_policy *iam_policy_ref(struct iam_policy *policy);
void iam_policy_unref(struct iam_policy *policy);

// What several identity policies together say about a request of `subject`.
enum iam_decision iam_policies_evaluate(struct iam_policy *const *policies, size_t count,
                                        const struct iam_subject *subject,
                                        const struct iam_request *request);

// What a trust policy says about `subject` asking for `request->action` (sts:AssumeRole).
enum iam_decision iam_policy_evaluate_trust(struct iam_policy *policy,
                                            const struct iam_subject *subject,
                                            const struct iam_request *request);

// May the service assume the role, as "states.amazonaws.com" or "states.<region>.amazonaws.com"?
//
//   service      e.g. "states"
//   region       of the resource the role is for; may be empty
//   context      aws:SourceAccount and aws:SourceArn of that resource, for conditions on them
bool iam_policy_trusts_service(struct iam_policy *policy, struct str service, struct str region,
                               const struct iam_context_entry *context, size_t context_count);
