// AWS Identity and Access Management: what its files (iam*.c) share.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/api.h"
#include "api/query.h"
#include "api/xml.h"
#include "iam/iam.h"

struct iam_operation;

// One request, with the change it makes, if any. Lives in the request's arena.
struct iam_call {
    struct api_request *request;
    const struct iam_operation *operation;
    struct iam_change change;
    void (*render)(struct iam_call *call); // Replies once the change is durable.
};

// An operation of the service. Roles and users share handlers; `kind` and `name_member` say which
// of them an operation is about.
struct iam_operation {
    struct str name;
    const struct api_member *members;
    size_t member_count;
    void (*handle)(struct iam_call *call);
    enum iam_identity_kind kind;
    struct str name_member; // "roleName" or "userName".
};

#define IAM_OPERATION(text, table, handler)                                                        \
    {                                                                                              \
        .name = STR_INIT(text), .members = (table), .member_count = ARRAY_COUNT(table),            \
        .handle = (handler)                                                                        \
    }
#define IAM_ROLE_OPERATION(text, table, handler)                                                   \
    {                                                                                              \
        .name = STR_INIT(text), .members = (table), .member_count = ARRAY_COUNT(table),            \
        .handle = (handler), .kind = IAM_ROLE, .name_member = STR_INIT("roleName")                 \
    }
#define IAM_USER_OPERATION(text, table, handler)                                                   \
    {                                                                                              \
        .name = STR_INIT(text), .members = (table), .member_count = ARRAY_COUNT(table),            \
        .handle = (handler), .kind = IAM_USER, .name_member = STR_INIT("userName")                 \
    }

extern const struct iam_operation iam_role_operations[];
extern const size_t iam_role_operation_count;
extern const struct iam_operation iam_user_operations[];
extern const size_t iam_user_operation_count;
extern const struct iam_operation iam_identity_operations[];
extern const size_t iam_identity_operation_count;
extern const struct iam_operation iam_policy_operations[];
extern const size_t iam_policy_operation_count;

// ---------------------------------------------------------------------------------------------
// Members of requests

#define IAM_NAME_MEMBER(text, required, max_size)                                                  \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_STRING, .is_required = (required), .min = 1,    \
        .max = (max_size)                                                                          \
    }
#define IAM_DOCUMENT_MEMBER(text)                                                                  \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_STRING, .is_required = true, .min = 1,          \
        .max = IAM_DOCUMENT_SIZE_MAX                                                               \
    }
#define IAM_ARN_MEMBER(text, required)                                                             \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_STRING, .is_required = (required), .min = 20,   \
        .max = 2048                                                                                \
    }
#define IAM_LIST_MEMBER(text, required)                                                            \
    {                                                                                              \
        .name = STR_INIT(text), .type = API_MEMBER_LIST, .is_required = (required)                 \
    }
#define IAM_PATH_MEMBER                                                                            \
    {                                                                                              \
        .name = STR_INIT("path"), .type = API_MEMBER_STRING, .min = 1, .max = 512                  \
    }
#define IAM_DESCRIPTION_MEMBER                                                                     \
    {                                                                                              \
        .name = STR_INIT("description"), .type = API_MEMBER_STRING, .max = 1000                    \
    }
#define IAM_PAGE_MEMBERS                                                                           \
    {.name = STR_INIT("marker"), .type = API_MEMBER_STRING, .min = 1, .max = 4096},                \
    {                                                                                              \
        .name = STR_INIT("maxItems"), .type = API_MEMBER_INTEGER, .min = 1, .max = 1000            \
    }

struct str iam_call_str(const struct iam_call *call, const char *name);

// The name of the role or user that the operation is about.
struct str iam_call_name(const struct iam_call *call);

// Tags of the request, in its arena. Returns false after replying.
MUST_USE bool iam_call_tags(struct iam_call *call, const struct iam_tag **ret_tags,
                            size_t *ret_count);

// The texts of the list "tagKeys".
MUST_USE bool iam_call_tag_keys(struct iam_call *call, const struct str **ret_keys,
                                size_t *ret_count);

// ---------------------------------------------------------------------------------------------
// Outcomes

// Prepare `call->change`; then make the change and hand its status to iam_call_finish().
struct iam_change *iam_call_begin(struct iam_call *call);

// Reply with the change's error, or with `render` once it is durable.
void iam_call_finish(struct iam_call *call, enum status status,
                     void (*render)(struct iam_call *call));

// A `render` that replies without a result.
void iam_render_nothing(struct iam_call *call);

// Replies.
void iam_refuse_unknown(struct iam_call *call, const char *what, struct str name);

// The role or user of the operation, with a reference; NULL after replying.
struct iam_identity *iam_call_find_identity(struct iam_call *call);

// ---------------------------------------------------------------------------------------------
// Rendering

void iam_render_tags(struct buffer *buffer, const struct iam_tag *tags, size_t tag_count);
void iam_render_document(struct buffer *buffer, const char *name, struct str document);

// A part of a list that the request asks for, by "marker" and "maxItems".
struct iam_slice {
    size_t start;
    size_t end;
    bool is_truncated;
};

// Returns false after replying that the marker is malformed.
MUST_USE bool iam_call_slice(struct iam_call *call, size_t count, struct iam_slice *ret_slice);
void iam_render_slice_end(struct iam_call *call, struct buffer *buffer, struct iam_slice slice);

// The same for lists in the registry: where the page before ended, and how many are wanted.
MUST_USE bool iam_call_page(struct iam_call *call, struct str *ret_after, size_t *ret_count_max);
void iam_render_page_end(struct iam_call *call, struct buffer *buffer, bool is_truncated,
                         struct str last);

// Reply with a page of the roles or users that the operation lists, in <NAME>, each as `render`
// shows it.
void iam_list_identities(struct iam_call *call, const char *name,
                         void (*render)(struct buffer *buffer,
                                        const struct iam_identity *identity));
