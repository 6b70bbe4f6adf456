// Roles.

#include "api/iam.h"

#define ROLE_NAME_MEMBER IAM_NAME_MEMBER("roleName", true, 64)
#define DURATION_MEMBER                                                                            \
    {                                                                                              \
        .name = STR_INIT("maxSessionDuration"), .type = API_MEMBER_INTEGER, .min = 3600,           \
        .max = 43200                                                                               \
    }

static const struct api_member create_members[] = {
    IAM_PATH_MEMBER,        ROLE_NAME_MEMBER, IAM_DOCUMENT_MEMBER("assumeRolePolicyDocument"),
    IAM_DESCRIPTION_MEMBER, DURATION_MEMBER,  IAM_LIST_MEMBER("tags", false),
};
static const struct api_member name_members[] = {ROLE_NAME_MEMBER};
static const struct api_member list_members[] = {
    {.name = STR_INIT("pathPrefix"), .type = API_MEMBER_STRING, .min = 1, .max = 512},
    IAM_PAGE_MEMBERS,
};
static const struct api_member update_members[] = {ROLE_NAME_MEMBER, IAM_DESCRIPTION_MEMBER,
                                                   DURATION_MEMBER};
static const struct api_member trust_members[] = {ROLE_NAME_MEMBER,
                                                  IAM_DOCUMENT_MEMBER("policyDocument")};
static const struct api_member name_page_members[] = {ROLE_NAME_MEMBER, IAM_PAGE_MEMBERS};

static void render_summary(struct buffer *buffer, const struct iam_identity *role)
{
    xml_element(buffer, "Path", role->path);
    xml_element(buffer, "RoleName", role->name);
    xml_element(buffer, "RoleId", role->id);
    xml_element(buffer, "Arn", role->arn);
    xml_element_time(buffer, "CreateDate", role->created_unix_ms);
    iam_render_document(buffer, "AssumeRolePolicyDocument", role->trust_document);
}

static void render_details(struct buffer *buffer, const struct iam_identity *role)
{
    render_summary(buffer, role);
    if (role->description.size > 0) xml_element(buffer, "Description", role->description);
    xml_element_integer(buffer, "MaxSessionDuration", role->session_duration_max_s);
}

static void render_created(struct iam_call *call)
{
    const struct iam_identity *role = call->change.identity;
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "Role");
    render_summary(buffer, role);
    if (role->tag_count > 0) iam_render_tags(buffer, role->tags, role->tag_count);
    xml_close(buffer, "Role");
    query_reply_end(call->request, buffer);
}

static void create_role(struct iam_call *call)
{
    struct iam_role_settings settings = {
        .name = iam_call_name(call),
        .path = iam_call_str(call, "path"),
        .trust_document = iam_call_str(call, "assumeRolePolicyDocument"),
        .description = iam_call_str(call, "description"),
        .session_duration_max_s =
            (int32_t)api_member_integer(&call->request->body, STR("maxSessionDuration"), 0),
    };
    if (api_member_is_present(&call->request->body, STR("permissionsBoundary"))) {
        api_exception(call->request, STR("InvalidInput"),
                      "Galop does not serve permissions boundaries.");
        return;
    }
    if (!iam_call_tags(call, &settings.tags, &settings.tag_count)) return;
    iam_call_finish(call, iam_role_create(iam_call_begin(call), &settings), render_created);
}

static void get_role(struct iam_call *call)
{
    struct iam_identity *role = iam_call_find_identity(call);
    if (role == NULL) return;
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "Role");
    render_details(buffer, role);
    if (role->tag_count > 0) iam_render_tags(buffer, role->tags, role->tag_count);
    buffer_append_str(buffer, STR("<RoleLastUsed/>"));
    xml_close(buffer, "Role");
    query_reply_end(call->request, buffer);
    iam_identity_unref(role);
}

static void list_roles(struct iam_call *call)
{
    iam_list_identities(call, "Roles", render_details);
}

static void render_empty_result(struct iam_call *call)
{
    query_reply_end(call->request, query_reply_begin(call->request));
}

static void update_role(struct iam_call *call)
{
    struct str description = iam_call_str(call, "description");
    bool has_description = api_member_is_present(&call->request->body, STR("description"));
    int64_t seconds = api_member_integer(&call->request->body, STR("maxSessionDuration"), 0);
    enum status status = iam_role_update(iam_call_begin(call), iam_call_name(call),
                                         has_description ? &description : NULL, (int32_t)seconds);
    iam_call_finish(call, status, render_empty_result);
}

static void render_updated(struct iam_call *call)
{
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "Role");
    render_details(buffer, call->change.identity);
    xml_close(buffer, "Role");
    query_reply_end(call->request, buffer);
}

static void update_role_description(struct iam_call *call)
{
    struct str description = iam_call_str(call, "description");
    enum status status =
        iam_role_update(iam_call_begin(call), iam_call_name(call), &description, 0);
    iam_call_finish(call, status, render_updated);
}

static void update_assume_role_policy(struct iam_call *call)
{
    enum status status = iam_role_update_trust(iam_call_begin(call), iam_call_name(call),
                                               iam_call_str(call, "policyDocument"));
    iam_call_finish(call, status, iam_render_nothing);
}

static void delete_role(struct iam_call *call)
{
    enum status status = iam_identity_delete(iam_call_begin(call), IAM_ROLE, iam_call_name(call));
    iam_call_finish(call, status, iam_render_nothing);
}

// There are no instance profiles; tools that delete roles ask for them first.
static void list_instance_profiles(struct iam_call *call)
{
    struct iam_identity *role = iam_call_find_identity(call);
    if (role == NULL) return;
    iam_identity_unref(role);
    struct buffer *buffer = query_reply_begin(call->request);
    buffer_append_str(buffer, STR("<InstanceProfiles/>"));
    xml_element_bool(buffer, "IsTruncated", false);
    query_reply_end(call->request, buffer);
}

const struct iam_operation iam_role_operations[] = {
    IAM_ROLE_OPERATION("CreateRole", create_members, create_role),
    IAM_ROLE_OPERATION("GetRole", name_members, get_role),
    IAM_ROLE_OPERATION("ListRoles", list_members, list_roles),
    IAM_ROLE_OPERATION("UpdateRole", update_members, update_role),
    IAM_ROLE_OPERATION("UpdateRoleDescription", update_members, update_role_description),
    IAM_ROLE_OPERATION("UpdateAssumeRolePolicy", trust_members, update_assume_role_policy),
    IAM_ROLE_OPERATION("DeleteRole", name_members, delete_role),
    IAM_ROLE_OPERATION("ListInstanceProfilesForRole", name_page_members, list_instance_profiles),
};
const size_t iam_role_operation_count = ARRAY_COUNT(iam_role_operations);
