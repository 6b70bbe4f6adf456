// Managed policies and their versions.

#include "api/iam.h"

#define VERSION_ID_MEMBER IAM_NAME_MEMBER("versionId", true, 64)

static const struct api_member create_members[] = {
    IAM_NAME_MEMBER("policyName", true, 128), IAM_PATH_MEMBER,
    IAM_DOCUMENT_MEMBER("policyDocument"),    IAM_DESCRIPTION_MEMBER,
    IAM_LIST_MEMBER("tags", false),
};
static const struct api_member arn_members[] = {IAM_ARN_MEMBER("policyArn", true)};
static const struct api_member arn_page_members[] = {IAM_ARN_MEMBER("policyArn", true),
                                                     IAM_PAGE_MEMBERS};
static const struct api_member version_members[] = {IAM_ARN_MEMBER("policyArn", true),
                                                    VERSION_ID_MEMBER};
static const struct api_member create_version_members[] = {
    IAM_ARN_MEMBER("policyArn", true),
    IAM_DOCUMENT_MEMBER("policyDocument"),
    {.name = STR_INIT("setAsDefault"), .type = API_MEMBER_BOOLEAN},
};
static const struct api_member list_members[] = {
    {.name = STR_INIT("scope"), .type = API_MEMBER_STRING, .enum_values = "[All, AWS, Local]"},
    {.name = STR_INIT("onlyAttached"), .type = API_MEMBER_BOOLEAN},
    {.name = STR_INIT("pathPrefix"), .type = API_MEMBER_STRING, .min = 1, .max = 512},
    {.name = STR_INIT("policyUsageFilter"),
     .type = API_MEMBER_STRING,
     .enum_values = "[PermissionsPolicy, PermissionsBoundary]"},
    IAM_PAGE_MEMBERS,
};
static const struct api_member entities_members[] = {
    IAM_ARN_MEMBER("policyArn", true),
    {.name = STR_INIT("entityFilter"),
     .type = API_MEMBER_STRING,
     .enum_values = "[User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]"},
    {.name = STR_INIT("pathPrefix"), .type = API_MEMBER_STRING, .min = 1, .max = 512},
    IAM_PAGE_MEMBERS,
};
static const struct api_member tag_members[] = {IAM_ARN_MEMBER("policyArn", true),
                                                IAM_LIST_MEMBER("tags", true)};
static const struct api_member untag_members[] = {IAM_ARN_MEMBER("policyArn", true),
                                                  IAM_LIST_MEMBER("tagKeys", true)};

// ---------------------------------------------------------------------------------------------
// Policies

static void render_policy(struct buffer *buffer, const struct iam_managed_policy *policy,
                          bool has_details)
{
    xml_element(buffer, "PolicyName", policy->name);
    xml_element(buffer, "PolicyId", policy->id);
    xml_element(buffer, "Arn", policy->arn);
    xml_element(buffer, "Path", policy->path);
    xml_element(buffer, "DefaultVersionId", policy->default_version->id);
    xml_element_integer(buffer, "AttachmentCount", (int64_t)atomic_load(&policy->attachment_count));
    xml_element_integer(buffer, "PermissionsBoundaryUsageCount", 0);
    xml_element_bool(buffer, "IsAttachable", true);
    if (has_details && policy->description.size > 0) {
        xml_element(buffer, "Description", policy->description);
    }
    xml_element_time(buffer, "CreateDate", policy->created_unix_ms);
    xml_element_time(buffer, "UpdateDate", policy->updated_unix_ms);
    if (has_details && policy->tag_count > 0) {
        iam_render_tags(buffer, policy->tags, policy->tag_count);
    }
}

static void render_created(struct iam_call *call)
{
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "Policy");
    render_policy(buffer, call->change.policy, true);
    xml_close(buffer, "Policy");
    query_reply_end(call->request, buffer);
}

static void create_policy(struct iam_call *call)
{
    struct iam_policy_settings settings = {
        .name = iam_call_str(call, "policyName"),
        .path = iam_call_str(call, "path"),
        .document = iam_call_str(call, "policyDocument"),
        .description = iam_call_str(call, "description"),
    };
    if (!iam_call_tags(call, &settings.tags, &settings.tag_count)) return;
    iam_call_finish(call, iam_managed_policy_create(iam_call_begin(call), &settings),
                    render_created);
}

// The policy of the request, with a reference; NULL after replying.
static struct iam_managed_policy *find_policy(struct iam_call *call)
{
    struct api_request *request = call->request;
    struct str arn = iam_call_str(call, "policyArn");
    struct iam_managed_policy *policy = iam_managed_policy_find(request->worker->api->iam, arn);
    if (policy == NULL) {
        struct str message =
            arena_printf(request->arena, "Policy %" STR_FORMAT " was not found.", STR_ARGS(arn));
        api_exception_status(request, 404, STR("NoSuchEntity"), message);
    }
    return policy;
}

static void get_policy(struct iam_call *call)
{
    struct iam_managed_policy *policy = find_policy(call);
    if (policy == NULL) return;
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "Policy");
    render_policy(buffer, policy, true);
    xml_close(buffer, "Policy");
    query_reply_end(call->request, buffer);
    iam_managed_policy_unref(policy);
}

static void list_policies(struct iam_call *call)
{
    struct str scope = iam_call_str(call, "scope");
    struct iam_filter filter = {
        .path_prefix = iam_call_str(call, "pathPrefix"),
        .wants_aws = !str_is(scope, "Local"),
        .wants_customer = !str_is(scope, "AWS"),
        .wants_attached = api_member_bool(&call->request->body, STR("onlyAttached"), false),
    };
    // Nothing is used as a permissions boundary.
    if (str_is(iam_call_str(call, "policyUsageFilter"), "PermissionsBoundary")) {
        filter.wants_aws = filter.wants_customer = false;
    }
    struct iam_policy_page page;
    if (!iam_call_page(call, &filter.after, &filter.count_max)) return;
    enum status status = iam_managed_policy_list(call->request->worker->api->iam, &filter,
                                                 call->request->arena, &page);
    if (status != STATUS_OK) {
        api_fault(call->request, status);
        return;
    }
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "Policies");
    for (size_t i = 0; i < page.count; i++) {
        xml_open(buffer, "member");
        render_policy(buffer, page.policies[i], false);
        xml_close(buffer, "member");
    }
    xml_close(buffer, "Policies");
    iam_render_page_end(call, buffer, page.is_truncated,
                        page.count == 0 ? STR("") : page.policies[page.count - 1]->arn);
    iam_policy_page_release(&page);
    query_reply_end(call->request, buffer);
}

static void delete_policy(struct iam_call *call)
{
    enum status status =
        iam_managed_policy_delete(iam_call_begin(call), iam_call_str(call, "policyArn"));
    iam_call_finish(call, status, iam_render_nothing);
}

// ---------------------------------------------------------------------------------------------
// Versions

static void render_version(struct buffer *buffer, const struct iam_managed_policy *policy,
                           const struct iam_policy_version *version, bool has_document)
{
    if (has_document) iam_render_document(buffer, "Document", version->document);
    xml_element(buffer, "VersionId", version->id);
    xml_element_bool(buffer, "IsDefaultVersion", version == policy->default_version);
    xml_element_time(buffer, "CreateDate", version->created_unix_ms);
}

static void render_created_version(struct iam_call *call)
{
    const struct iam_managed_policy *policy = call->change.policy;
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "PolicyVersion");
    render_version(buffer, policy, &policy->versions[policy->version_count - 1], false);
    xml_close(buffer, "PolicyVersion");
    query_reply_end(call->request, buffer);
}

static void create_version(struct iam_call *call)
{
    bool is_default = api_member_bool(&call->request->body, STR("setAsDefault"), false);
    enum status status =
        iam_managed_policy_create_version(iam_call_begin(call), iam_call_str(call, "policyArn"),
                                          iam_call_str(call, "policyDocument"), is_default);
    iam_call_finish(call, status, render_created_version);
}

static void get_version(struct iam_call *call)
{
    struct iam_managed_policy *policy = find_policy(call);
    if (policy == NULL) return;
    struct str id = iam_call_str(call, "versionId");
    const struct iam_policy_version *version = iam_managed_policy_find_version(policy, id);
    if (version == NULL) {
        struct str message = arena_printf(call->request->arena,
                                          "Policy %" STR_FORMAT " version %" STR_FORMAT
                                          " does not exist or is not attachable.",
                                          STR_ARGS(policy->arn), STR_ARGS(id));
        api_exception_status(call->request, 404, STR("NoSuchEntity"), message);
    } else {
        struct buffer *buffer = query_reply_begin(call->request);
        xml_open(buffer, "PolicyVersion");
        render_version(buffer, policy, version, true);
        xml_close(buffer, "PolicyVersion");
        query_reply_end(call->request, buffer);
    }
    iam_managed_policy_unref(policy);
}

// Newest first.
static void list_versions(struct iam_call *call)
{
    struct iam_slice slice;
    struct iam_managed_policy *policy = find_policy(call);
    if (policy == NULL) return;
    if (iam_call_slice(call, policy->version_count, &slice)) {
        struct buffer *buffer = query_reply_begin(call->request);
        xml_open(buffer, "Versions");
        for (size_t i = slice.start; i < slice.end; i++) {
            xml_open(buffer, "member");
            render_version(buffer, policy, &policy->versions[policy->version_count - 1 - i], false);
            xml_close(buffer, "member");
        }
        xml_close(buffer, "Versions");
        iam_render_slice_end(call, buffer, slice);
        query_reply_end(call->request, buffer);
    }
    iam_managed_policy_unref(policy);
}

static void set_default_version(struct iam_call *call)
{
    enum status status = iam_managed_policy_set_default(
        iam_call_begin(call), iam_call_str(call, "policyArn"), iam_call_str(call, "versionId"));
    iam_call_finish(call, status, iam_render_nothing);
}

static void delete_version(struct iam_call *call)
{
    enum status status = iam_managed_policy_delete_version(
        iam_call_begin(call), iam_call_str(call, "policyArn"), iam_call_str(call, "versionId"));
    iam_call_finish(call, status, iam_render_nothing);
}

// ---------------------------------------------------------------------------------------------
// Tags, and who has a policy

static void tag_policy(struct iam_call *call)
{
    const struct iam_tag *tags;
    size_t tag_count;
    if (!iam_call_tags(call, &tags, &tag_count)) return;
    enum status status = iam_managed_policy_tag(iam_call_begin(call),
                                                iam_call_str(call, "policyArn"), tags, tag_count);
    iam_call_finish(call, status, iam_render_nothing);
}

static void untag_policy(struct iam_call *call)
{
    const struct str *keys;
    size_t key_count;
    if (!iam_call_tag_keys(call, &keys, &key_count)) return;
    enum status status = iam_managed_policy_untag(iam_call_begin(call),
                                                  iam_call_str(call, "policyArn"), keys, key_count);
    iam_call_finish(call, status, iam_render_nothing);
}

static void list_policy_tags(struct iam_call *call)
{
    struct iam_slice slice;
    struct iam_managed_policy *policy = find_policy(call);
    if (policy == NULL) return;
    if (iam_call_slice(call, policy->tag_count, &slice)) {
        struct buffer *buffer = query_reply_begin(call->request);
        iam_render_tags(buffer, policy->tags + slice.start, slice.end - slice.start);
        iam_render_slice_end(call, buffer, slice);
        query_reply_end(call->request, buffer);
    }
    iam_managed_policy_unref(policy);
}

// All roles or users that have the policy, as members PREFIXName and PREFIXId. Returns a fault when
// there is no memory for the list.
static enum status render_entities(struct iam_call *call, struct buffer *buffer,
                                   enum iam_identity_kind kind)
{
    const char *wanted = kind == IAM_ROLE ? "Role" : "User";
    struct str only = iam_call_str(call, "entityFilter");
    struct iam_filter filter = {
        .policy_arn = iam_call_str(call, "policyArn"),
        .path_prefix = iam_call_str(call, "pathPrefix"),
        .count_max = only.size == 0 || str_is(only, wanted) ? SIZE_MAX : 0,
    };
    struct iam_identity_page page;
    enum status status = iam_identity_list(call->request->worker->api->iam, kind, &filter,
                                           call->request->arena, &page);
    if (status != STATUS_OK) return status;
    buffer_printf(buffer, "<Policy%ss>", wanted);
    for (size_t i = 0; i < page.count; i++) {
        const struct iam_identity *identity = page.identities[i];
        xml_open(buffer, "member");
        xml_element(buffer, kind == IAM_ROLE ? "RoleName" : "UserName", identity->name);
        xml_element(buffer, kind == IAM_ROLE ? "RoleId" : "UserId", identity->id);
        xml_close(buffer, "member");
    }
    buffer_printf(buffer, "</Policy%ss>", wanted);
    iam_identity_page_release(&page);
    return STATUS_OK;
}

static void list_entities(struct iam_call *call)
{
    struct iam_managed_policy *policy = find_policy(call);
    if (policy == NULL) return;
    iam_managed_policy_unref(policy);
    struct buffer *buffer = query_reply_begin(call->request);
    buffer_append_str(buffer, STR("<PolicyGroups/>"));
    enum status status = render_entities(call, buffer, IAM_USER);
    if (status == STATUS_OK) status = render_entities(call, buffer, IAM_ROLE);
    if (status != STATUS_OK) {
        api_fault(call->request, status); // Begins the reply anew.
        return;
    }
    xml_element_bool(buffer, "IsTruncated", false);
    query_reply_end(call->request, buffer);
}

const struct iam_operation iam_policy_operations[] = {
    IAM_OPERATION("CreatePolicy", create_members, create_policy),
    IAM_OPERATION("GetPolicy", arn_members, get_policy),
    IAM_OPERATION("ListPolicies", list_members, list_policies),
    IAM_OPERATION("DeletePolicy", arn_members, delete_policy),
    IAM_OPERATION("CreatePolicyVersion", create_version_members, create_version),
    IAM_OPERATION("GetPolicyVersion", version_members, get_version),
    IAM_OPERATION("ListPolicyVersions", arn_page_members, list_versions),
    IAM_OPERATION("SetDefaultPolicyVersion", version_members, set_default_version),
    IAM_OPERATION("DeletePolicyVersion", version_members, delete_version),
    IAM_OPERATION("TagPolicy", tag_members, tag_policy),
    IAM_OPERATION("UntagPolicy", untag_members, untag_policy),
    IAM_OPERATION("ListPolicyTags", arn_page_members, list_policy_tags),
    IAM_OPERATION("ListEntitiesForPolicy", entities_members, list_entities),
};
const size_t iam_policy_operation_count = ARRAY_COUNT(iam_policy_operations);
