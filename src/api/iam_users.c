// Users and their access keys.

#include "api/iam.h"

#define USER_NAME_MEMBER   IAM_NAME_MEMBER("userName", true, 64)
#define CALLER_NAME_MEMBER IAM_NAME_MEMBER("userName", false, 128)
#define KEY_ID_MEMBER                                                                              \
    {                                                                                              \
        .name = STR_INIT("accessKeyId"), .type = API_MEMBER_STRING, .is_required = true,           \
        .min = 16, .max = 128                                                                      \
    }

static const struct api_member create_members[] = {IAM_PATH_MEMBER, USER_NAME_MEMBER,
                                                   IAM_LIST_MEMBER("tags", false)};
static const struct api_member get_members[] = {CALLER_NAME_MEMBER};
static const struct api_member delete_members[] = {USER_NAME_MEMBER};
static const struct api_member list_members[] = {
    {.name = STR_INIT("pathPrefix"), .type = API_MEMBER_STRING, .min = 1, .max = 512},
    IAM_PAGE_MEMBERS,
};
static const struct api_member name_page_members[] = {CALLER_NAME_MEMBER, IAM_PAGE_MEMBERS};
static const struct api_member key_members[] = {CALLER_NAME_MEMBER, KEY_ID_MEMBER};
static const struct api_member key_status_members[] = {
    CALLER_NAME_MEMBER,
    KEY_ID_MEMBER,
    {.name = STR_INIT("status"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .enum_values = "[Active, Inactive]"},
};

static void render_user(struct buffer *buffer, const struct iam_identity *user)
{
    xml_element(buffer, "Path", user->path);
    xml_element(buffer, "UserName", user->name);
    xml_element(buffer, "UserId", user->id);
    xml_element(buffer, "Arn", user->arn);
    xml_element_time(buffer, "CreateDate", user->created_unix_ms);
}

static void render_user_and_tags(struct buffer *buffer, const struct iam_identity *user)
{
    render_user(buffer, user);
    if (user->tag_count > 0) iam_render_tags(buffer, user->tags, user->tag_count);
}

static void render_created(struct iam_call *call)
{
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "User");
    render_user_and_tags(buffer, call->change.identity);
    xml_close(buffer, "User");
    query_reply_end(call->request, buffer);
}

static void create_user(struct iam_call *call)
{
    const struct iam_tag *tags;
    size_t tag_count;
    if (!iam_call_tags(call, &tags, &tag_count)) return;
    enum status status = iam_user_create(iam_call_begin(call), iam_call_name(call),
                                         iam_call_str(call, "path"), tags, tag_count);
    iam_call_finish(call, status, render_created);
}

// The user that the request names or, when it names none, the one that makes it. Returns false
// after replying.
static bool find_user_name(struct iam_call *call, struct str *ret_name)
{
    *ret_name = iam_call_name(call);
    if (ret_name->size > 0) return true;
    struct str arn = call->request->caller_arn;
    size_t at = str_find(arn, STR(":user/"));
    if (at == SIZE_MAX) {
        api_exception(call->request, STR("ValidationError"),
                      "Must specify userName when calling with non-User credentials");
        return false;
    }
    *ret_name = arn;
    while (str_find_byte(*ret_name, '/') != SIZE_MAX)
        str_cut(ret_name, '/');
    return true;
}

// The same, with a reference; NULL after replying.
static struct iam_identity *find_user(struct iam_call *call)
{
    struct str name;
    if (!find_user_name(call, &name)) return NULL;
    struct iam_identity *user = iam_identity_find(call->request->worker->api->iam, IAM_USER, name);
    if (user == NULL) iam_refuse_unknown(call, "user", name);
    return user;
}

// The account's root is what everybody is on a server that does not verify signatures.
static void get_root(struct iam_call *call)
{
    struct api_request *request = call->request;
    struct buffer *buffer = query_reply_begin(request);
    xml_open(buffer, "User");
    xml_element(buffer, "Path", STR("/"));
    xml_element(buffer, "UserId", request->account);
    xml_element(buffer, "Arn", request->caller_arn);
    xml_element_time(buffer, "CreateDate", 0);
    xml_close(buffer, "User");
    query_reply_end(request, buffer);
}

static void get_user(struct iam_call *call)
{
    if (iam_call_name(call).size == 0 && str_ends_with(call->request->caller_arn, STR(":root"))) {
        get_root(call);
        return;
    }
    struct iam_identity *user = find_user(call);
    if (user == NULL) return;
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "User");
    render_user_and_tags(buffer, user);
    xml_close(buffer, "User");
    query_reply_end(call->request, buffer);
    iam_identity_unref(user);
}

static void list_users(struct iam_call *call)
{
    iam_list_identities(call, "Users", render_user);
}

static void delete_user(struct iam_call *call)
{
    enum status status = iam_identity_delete(iam_call_begin(call), IAM_USER, iam_call_name(call));
    iam_call_finish(call, status, iam_render_nothing);
}

// There are no groups; tools that delete users ask for them first.
static void list_groups(struct iam_call *call)
{
    struct iam_identity *user = find_user(call);
    if (user == NULL) return;
    iam_identity_unref(user);
    struct buffer *buffer = query_reply_begin(call->request);
    buffer_append_str(buffer, STR("<Groups/>"));
    xml_element_bool(buffer, "IsTruncated", false);
    query_reply_end(call->request, buffer);
}

// ---------------------------------------------------------------------------------------------
// Access keys

static void render_key(struct buffer *buffer, const struct iam_identity *user,
                       const struct iam_access_key *key)
{
    xml_element(buffer, "UserName", user->name);
    xml_element(buffer, "AccessKeyId", key->id);
    xml_element(buffer, "Status", key->is_active ? STR("Active") : STR("Inactive"));
    xml_element_time(buffer, "CreateDate", key->created_unix_ms);
}

static void render_created_key(struct iam_call *call)
{
    const struct iam_identity *user = call->change.identity;
    const struct iam_access_key *key = &user->access_keys[user->access_key_count - 1];
    struct buffer *buffer = query_reply_begin(call->request);
    xml_open(buffer, "AccessKey");
    render_key(buffer, user, key);
    xml_element(buffer, "SecretAccessKey", key->secret);
    xml_close(buffer, "AccessKey");
    query_reply_end(call->request, buffer);
}

static void create_access_key(struct iam_call *call)
{
    struct str name;
    if (!find_user_name(call, &name)) return;
    iam_call_finish(call, iam_access_key_create(iam_call_begin(call), name), render_created_key);
}

static void list_access_keys(struct iam_call *call)
{
    struct iam_slice slice;
    struct iam_identity *user = find_user(call);
    if (user == NULL) return;
    if (iam_call_slice(call, user->access_key_count, &slice)) {
        struct buffer *buffer = query_reply_begin(call->request);
        xml_element(buffer, "UserName", user->name);
        xml_open(buffer, "AccessKeyMetadata");
        for (size_t i = slice.start; i < slice.end; i++) {
            xml_open(buffer, "member");
            render_key(buffer, user, &user->access_keys[i]);
            xml_close(buffer, "member");
        }
        xml_close(buffer, "AccessKeyMetadata");
        iam_render_slice_end(call, buffer, slice);
        query_reply_end(call->request, buffer);
    }
    iam_identity_unref(user);
}

static void update_access_key(struct iam_call *call)
{
    struct str name;
    if (!find_user_name(call, &name)) return;
    bool is_active = str_is(iam_call_str(call, "status"), "Active");
    enum status status = iam_access_key_update(iam_call_begin(call), name,
                                               iam_call_str(call, "accessKeyId"), is_active);
    iam_call_finish(call, status, iam_render_nothing);
}

static void delete_access_key(struct iam_call *call)
{
    struct str name;
    if (!find_user_name(call, &name)) return;
    enum status status =
        iam_access_key_delete(iam_call_begin(call), name, iam_call_str(call, "accessKeyId"));
    iam_call_finish(call, status, iam_render_nothing);
}

const struct iam_operation iam_user_operations[] = {
    IAM_USER_OPERATION("CreateUser", create_members, create_user),
    IAM_USER_OPERATION("GetUser", get_members, get_user),
    IAM_USER_OPERATION("ListUsers", list_members, list_users),
    IAM_USER_OPERATION("DeleteUser", delete_members, delete_user),
    IAM_USER_OPERATION("ListGroupsForUser", name_page_members, list_groups),
    IAM_USER_OPERATION("CreateAccessKey", get_members, create_access_key),
    IAM_USER_OPERATION("ListAccessKeys", name_page_members, list_access_keys),
    IAM_USER_OPERATION("UpdateAccessKey", key_status_members, update_access_key),
    IAM_USER_OPERATION("DeleteAccessKey", key_members, delete_access_key),
};
const size_t iam_user_operation_count = ARRAY_COUNT(iam_user_operations);
