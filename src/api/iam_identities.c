// What roles and users have in common: lists, tags, inline policies, attached policies. One handler
// serves both; the operation says which of them it is about.

#include "api/iam.h"

#define ROLE_NAME_MEMBER   IAM_NAME_MEMBER("roleName", true, 64)
#define USER_NAME_MEMBER   IAM_NAME_MEMBER("userName", true, 64)
#define POLICY_NAME_MEMBER IAM_NAME_MEMBER("policyName", true, 128)

// The members of an operation on a role and of its twin on a user.
#define MEMBERS_OF_BOTH(table, ...)                                                                \
    static const struct api_member role_##table[] = {ROLE_NAME_MEMBER, __VA_ARGS__};               \
    static const struct api_member user_##table[] = {USER_NAME_MEMBER, __VA_ARGS__}

MEMBERS_OF_BOTH(tag_members, IAM_LIST_MEMBER("tags", true));
MEMBERS_OF_BOTH(untag_members, IAM_LIST_MEMBER("tagKeys", true));
MEMBERS_OF_BOTH(page_members, IAM_PAGE_MEMBERS);
MEMBERS_OF_BOTH(put_members, POLICY_NAME_MEMBER, IAM_DOCUMENT_MEMBER("policyDocument"));
MEMBERS_OF_BOTH(policy_members, POLICY_NAME_MEMBER);
MEMBERS_OF_BOTH(attach_members, IAM_ARN_MEMBER("policyArn", true));
MEMBERS_OF_BOTH(attached_members,
                {.name = STR_INIT("pathPrefix"), .type = API_MEMBER_STRING, .min = 1, .max = 512},
                IAM_PAGE_MEMBERS);

// ---------------------------------------------------------------------------------------------
// Lists

void iam_list_identities(struct iam_call *call, const char *name,
                         void (*render)(struct buffer *buffer, const struct iam_identity *identity))
{
    struct iam_filter filter = {.path_prefix = iam_call_str(call, "pathPrefix")};
    struct iam_identity_page page;
    if (!iam_call_page(call, &filter.after, &filter.count_max)) return;
    enum status status = iam_identity_list(call->request->worker->api->iam, call->operation->kind,
                                           &filter, call->request->arena, &page);
    if (status != STATUS_OK) {
        api_fault(call->request, status);
        return;
    }
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, name);
    for (size_t i = 0; i < page.count; i++) {
        xml_open(buffer, "member");
        render(buffer, page.identities[i]);
        xml_close(buffer, "member");
    }
    xml_close(buffer, name);
    iam_render_page_end(call, buffer, page.is_truncated,
                        page.count == 0 ? STR("") : page.identities[page.count - 1]->name);
    iam_identity_page_release(&page);
    query_reply_end(call->request, buffer);
}

// ---------------------------------------------------------------------------------------------
// Tags

static void tag(struct iam_call *call)
{
    const struct iam_tag *tags;
    size_t tag_count;
    if (!iam_call_tags(call, &tags, &tag_count)) return;
    enum status status = iam_identity_tag(iam_call_begin(call), call->operation->kind,
                                          iam_call_name(call), tags, tag_count);
    iam_call_finish(call, status, iam_render_nothing);
}

static void untag(struct iam_call *call)
{
    const struct str *keys;
    size_t key_count;
    if (!iam_call_tag_keys(call, &keys, &key_count)) return;
    enum status status = iam_identity_untag(iam_call_begin(call), call->operation->kind,
                                            iam_call_name(call), keys, key_count);
    iam_call_finish(call, status, iam_render_nothing);
}

static void list_tags(struct iam_call *call)
{
    struct iam_slice slice;
    struct iam_identity *identity = iam_call_find_identity(call);
    if (identity == NULL) return;
    if (iam_call_slice(call, identity->tag_count, &slice)) {
        struct buffer *buffer = query_reply_begin(call->request);
        iam_render_tags(buffer, identity->tags + slice.start, slice.end - slice.start);
        iam_render_slice_end(call, buffer, slice);
        query_reply_end(call->request, buffer);
    }
    iam_identity_unref(identity);
}

// ---------------------------------------------------------------------------------------------
// Inline policies

static void put_policy(struct iam_call *call)
{
    enum status status = iam_identity_put_policy(
        iam_call_begin(call), call->operation->kind, iam_call_name(call),
        iam_call_str(call, "policyName"), iam_call_str(call, "policyDocument"));
    iam_call_finish(call, status, iam_render_nothing);
}

static void delete_policy(struct iam_call *call)
{
    enum status status =
        iam_identity_delete_policy(iam_call_begin(call), call->operation->kind, iam_call_name(call),
                                   iam_call_str(call, "policyName"));
    iam_call_finish(call, status, iam_render_nothing);
}

static void render_inline(struct iam_call *call, const struct iam_identity *identity,
                          const struct iam_inline_policy *policy)
{
    bool is_role = identity->kind == IAM_ROLE;
    struct buffer *buffer = query_reply_begin(call->request);
    xml_element(buffer, is_role ? "RoleName" : "UserName", identity->name);
    xml_element(buffer, "PolicyName", policy->name);
    iam_render_document(buffer, "PolicyDocument", policy->document);
    query_reply_end(call->request, buffer);
}

static void get_policy(struct iam_call *call)
{
    struct iam_identity *identity = iam_call_find_identity(call);
    if (identity == NULL) return;
    struct str name = iam_call_str(call, "policyName");
    size_t i = 0;
    while (i < identity->inline_policy_count && !str_equal(identity->inline_policies[i].name, name))
        i++;
    if (i < identity->inline_policy_count) {
        render_inline(call, identity, &identity->inline_policies[i]);
    } else {
        iam_refuse_unknown(call, identity->kind == IAM_ROLE ? "role policy" : "user policy", name);
    }
    iam_identity_unref(identity);
}

static void list_policies(struct iam_call *call)
{
    struct iam_slice slice;
    struct iam_identity *identity = iam_call_find_identity(call);
    if (identity == NULL) return;
    if (iam_call_slice(call, identity->inline_policy_count, &slice)) {
        struct buffer *buffer = query_reply_begin(call->request);
        xml_open(buffer, "PolicyNames");
        for (size_t i = slice.start; i < slice.end; i++)
            xml_element(buffer, "member", identity->inline_policies[i].name);
        xml_close(buffer, "PolicyNames");
        iam_render_slice_end(call, buffer, slice);
        query_reply_end(call->request, buffer);
    }
    iam_identity_unref(identity);
}

// ---------------------------------------------------------------------------------------------
// Attached policies

static void attach_policy(struct iam_call *call)
{
    enum status status = iam_identity_attach(iam_call_begin(call), call->operation->kind,
                                             iam_call_name(call), iam_call_str(call, "policyArn"));
    iam_call_finish(call, status, iam_render_nothing);
}

static void detach_policy(struct iam_call *call)
{
    enum status status = iam_identity_detach(iam_call_begin(call), call->operation->kind,
                                             iam_call_name(call), iam_call_str(call, "policyArn"));
    iam_call_finish(call, status, iam_render_nothing);
}

// The path of a policy, from its ARN: "arn:aws:iam::aws:policy/service-role/NAME".
static bool has_path_prefix(struct str arn, struct str prefix)
{
    size_t at = str_find_byte(arn, '/');
    return at != SIZE_MAX && str_starts_with(str_skip(arn, at), prefix);
}

static void list_attached(struct iam_call *call)
{
    struct iam_slice slice;
    struct iam_identity *identity = iam_call_find_identity(call);
    if (identity == NULL) return;
    struct str prefix = iam_call_str(call, "pathPrefix");
    if (iam_call_slice(call, identity->attachment_count, &slice)) {
        struct buffer *buffer = query_reply_begin(call->request);
        xml_open(buffer, "AttachedPolicies");
        for (size_t i = slice.start; i < slice.end; i++) {
            const struct iam_attachment *attachment = &identity->attachments[i];
            if (!has_path_prefix(attachment->policy_arn, prefix)) continue;
            xml_open(buffer, "member");
            xml_element(buffer, "PolicyName", attachment->policy_name);
            xml_element(buffer, "PolicyArn", attachment->policy_arn);
            xml_close(buffer, "member");
        }
        xml_close(buffer, "AttachedPolicies");
        iam_render_slice_end(call, buffer, slice);
        query_reply_end(call->request, buffer);
    }
    iam_identity_unref(identity);
}

const struct iam_operation iam_identity_operations[] = {
    IAM_ROLE_OPERATION("TagRole", role_tag_members, tag),
    IAM_USER_OPERATION("TagUser", user_tag_members, tag),
    IAM_ROLE_OPERATION("UntagRole", role_untag_members, untag),
    IAM_USER_OPERATION("UntagUser", user_untag_members, untag),
    IAM_ROLE_OPERATION("ListRoleTags", role_page_members, list_tags),
    IAM_USER_OPERATION("ListUserTags", user_page_members, list_tags),
    IAM_ROLE_OPERATION("PutRolePolicy", role_put_members, put_policy),
    IAM_USER_OPERATION("PutUserPolicy", user_put_members, put_policy),
    IAM_ROLE_OPERATION("GetRolePolicy", role_policy_members, get_policy),
    IAM_USER_OPERATION("GetUserPolicy", user_policy_members, get_policy),
    IAM_ROLE_OPERATION("DeleteRolePolicy", role_policy_members, delete_policy),
    IAM_USER_OPERATION("DeleteUserPolicy", user_policy_members, delete_policy),
    IAM_ROLE_OPERATION("ListRolePolicies", role_page_members, list_policies),
    IAM_USER_OPERATION("ListUserPolicies", user_page_members, list_policies),
    IAM_ROLE_OPERATION("AttachRolePolicy", role_attach_members, attach_policy),
    IAM_USER_OPERATION("AttachUserPolicy", user_attach_members, attach_policy),
    IAM_ROLE_OPERATION("DetachRolePolicy", role_attach_members, detach_policy),
    IAM_USER_OPERATION("DetachUserPolicy", user_attach_members, detach_policy),
    IAM_ROLE_OPERATION("ListAttachedRolePolicies", role_attached_members, list_attached),
    IAM_USER_OPERATION("ListAttachedUserPolicies", user_attached_members, list_attached),
};
const size_t iam_identity_operation_count = ARRAY_COUNT(iam_identity_operations);
