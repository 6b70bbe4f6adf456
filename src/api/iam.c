// AWS Identity and Access Management: dispatch, and what its operations have in common.

#include "api/iam.h"

#include "api/operations.h"
#include "base/encoding.h"

// ---------------------------------------------------------------------------------------------
// Checks that the model leaves to the service

static bool is_name(struct str text)
{
    return str_is_alphanumeric(text, "_+=,.@-");
}

static bool is_path(struct str text)
{
    if (text.size == 0 || text.data[0] != '/' || text.data[text.size - 1] != '/') return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '!' || text.data[i] > '~') return false;
    }
    return true;
}

// "arn:aws:iam::ACCOUNT:policy/…"
static bool is_policy_arn(struct str text)
{
    struct str rest = text;
    bool is_arn = str_is(str_cut(&rest, ':'), "arn");
    str_cut(&rest, ':');
    bool is_iam = str_is(str_cut(&rest, ':'), "iam") && str_cut(&rest, ':').size == 0;
    str_cut(&rest, ':');
    return is_arn && is_iam && str_starts_with(rest, STR("policy/"));
}

// Returns false after replying.
static bool check_texts(struct iam_call *call)
{
    static const char *const names[] = {"roleName", "userName", "policyName", "accessKeyId"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (is_name(iam_call_str(call, names[i]))) continue;
        api_exception(call->request, STR("ValidationError"),
                      "The specified value for %s is invalid. It must contain only alphanumeric "
                      "characters and/or the following: +=,.@_-",
                      names[i]);
        return false;
    }
    struct str path = iam_call_str(call, "path");
    if (path.size > 0 && !is_path(path)) {
        api_exception(call->request, STR("ValidationError"),
                      "The specified value for path is invalid. It must begin and end with / and "
                      "contain only alphanumeric characters and/or / characters.");
        return false;
    }
    struct str arn = iam_call_str(call, "policyArn");
    if (arn.size > 0 && !is_policy_arn(arn)) {
        api_exception(call->request, STR("InvalidInput"), "ARN %" STR_FORMAT " is not valid.",
                      STR_ARGS(arn));
        return false;
    }
    return true;
}

// ---------------------------------------------------------------------------------------------
// Members

struct str iam_call_str(const struct iam_call *call, const char *name)
{
    return api_member_str(&call->request->body, str_from_c(name), STR(""));
}

struct str iam_call_name(const struct iam_call *call)
{
    return api_member_str(&call->request->body, call->operation->name_member, STR(""));
}

// A list member; empty when absent.
static struct json list_member(const struct iam_call *call, const char *name)
{
    const struct json *value = json_find(&call->request->body, str_from_c(name));
    return value != NULL && json_is_array(value) ? *value : json_empty_array;
}

enum { TAG_KEY_CHARACTERS_MAX = 128, TAG_VALUE_CHARACTERS_MAX = 256 };

static size_t count_characters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

static bool check_tag_part(struct iam_call *call, uint32_t index, const char *part, struct str text,
                           size_t characters_min, size_t characters_max)
{
    size_t size = count_characters(text);
    if (size >= characters_min && size <= characters_max) return true;
    bool is_short = size < characters_min;
    api_exception(call->request, STR("ValidationError"),
                  "1 validation error detected: Value '%" STR_FORMAT
                  "' at 'tags.%u.member.%s' failed to satisfy constraint: Member must have length "
                  "%s than or equal to %zu",
                  STR_ARGS(text), index + 1, part, is_short ? "greater" : "less",
                  is_short ? characters_min : characters_max);
    return false;
}

bool iam_call_tags(struct iam_call *call, const struct iam_tag **ret_tags, size_t *ret_count)
{
    struct json list = list_member(call, "tags");
    struct iam_tag *tags = arena_alloc_array(call->request->arena, list.size, sizeof(*tags));
    if (tags == NULL) {
        api_fault(call->request, STATUS_NO_MEMORY);
        return false;
    }
    for (uint32_t i = 0; i < list.size; i++) {
        tags[i].key = api_member_str(&list.items[i], STR("key"), STR(""));
        tags[i].value = api_member_str(&list.items[i], STR("value"), STR(""));
        if (!check_tag_part(call, i, "key", tags[i].key, 1, TAG_KEY_CHARACTERS_MAX) ||
            !check_tag_part(call, i, "value", tags[i].value, 0, TAG_VALUE_CHARACTERS_MAX)) {
            return false;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (!str_equal_ignoring_case(tags[k].key, tags[i].key)) continue;
            api_exception(call->request, STR("InvalidInput"),
                          "Duplicate tag keys found. Please note that Tag keys are case "
                          "insensitive.");
            return false;
        }
    }
    *ret_tags = tags;
    *ret_count = list.size;
    return true;
}

bool iam_call_tag_keys(struct iam_call *call, const struct str **ret_keys, size_t *ret_count)
{
    struct json list = list_member(call, "tagKeys");
    struct str *keys = arena_alloc_array(call->request->arena, list.size, sizeof(*keys));
    if (keys == NULL) {
        api_fault(call->request, STATUS_NO_MEMORY);
        return false;
    }
    for (uint32_t i = 0; i < list.size; i++)
        keys[i] = json_is_string(&list.items[i]) ? json_str(&list.items[i]) : STR("");
    *ret_keys = keys;
    *ret_count = list.size;
    return true;
}

// ---------------------------------------------------------------------------------------------
// Outcomes

static void on_durable(struct iam_change *change, enum status status)
{
    struct iam_call *call = CONTAINER_OF(change, struct iam_call, change);
    net_loop_busy_end(call->request->worker->loop);
    if (status != STATUS_OK) {
        iam_change_release(change);
        api_fault(call->request, status);
        return;
    }
    // The reply is the end of the request, in whose arena the call lies: keep what must be given
    // back afterwards.
    struct iam_identity *identity = change->identity;
    struct iam_managed_policy *policy = change->policy;
    call->render(call);
    iam_identity_unref(identity);
    iam_managed_policy_unref(policy);
}

struct iam_change *iam_call_begin(struct iam_call *call)
{
    struct api_worker *worker = call->request->worker;
    iam_change_init(&call->change, worker->api->iam, call->request->arena,
                    net_loop_mailbox(worker->loop), on_durable);
    return &call->change;
}

void iam_call_finish(struct iam_call *call, enum status status,
                     void (*render)(struct iam_call *call))
{
    call->render = render;
    if (status == STATUS_OK) {
        net_loop_busy_begin(call->request->worker->loop);
        return;
    }
    iam_change_release(&call->change);
    if (status == STATUS_INVALID) {
        const struct iam_error *error = &call->change.error;
        api_exception_status(call->request, error->http_status, error->code, error->message);
    } else {
        api_fault(call->request, status);
    }
}

void iam_render_nothing(struct iam_call *call)
{
    query_reply_empty(call->request);
}

void iam_refuse_unknown(struct iam_call *call, const char *what, struct str name)
{
    struct str message =
        arena_printf(call->request->arena, "The %s with name %" STR_FORMAT " cannot be found.",
                     what, STR_ARGS(name));
    api_exception_status(call->request, 404, STR("NoSuchEntity"), message);
}

struct iam_identity *iam_call_find_identity(struct iam_call *call)
{
    enum iam_identity_kind kind = call->operation->kind;
    struct str name = iam_call_name(call);
    struct iam_identity *identity = iam_identity_find(call->request->worker->api->iam, kind, name);
    if (identity == NULL) iam_refuse_unknown(call, kind == IAM_ROLE ? "role" : "user", name);
    return identity;
}

// ---------------------------------------------------------------------------------------------
// Rendering

void iam_render_tags(struct buffer *buffer, const struct iam_tag *tags, size_t tag_count)
{
    xml_open(buffer, "Tags");
    for (size_t i = 0; i < tag_count; i++) {
        xml_open(buffer, "member");
        xml_element(buffer, "Key", tags[i].key);
        xml_element(buffer, "Value", tags[i].value);
        xml_close(buffer, "member");
    }
    xml_close(buffer, "Tags");
}

void iam_render_document(struct buffer *buffer, const char *name, struct str document)
{
    xml_open(buffer, name);
    encoding_percent_encode(buffer, document, false);
    xml_close(buffer, name);
}

enum { PAGE_SIZE_DEFAULT = 100 };

bool iam_call_page(struct iam_call *call, struct str *ret_after, size_t *ret_count_max)
{
    struct api_request *request = call->request;
    struct str marker = iam_call_str(call, "marker");
    *ret_after = STR("");
    *ret_count_max = (size_t)api_member_integer(&request->body, STR("maxItems"), PAGE_SIZE_DEFAULT);
    if (marker.size == 0) return true;
    if (api_page_position(request->arena, request->operation, marker, ret_after)) return true;
    api_exception(request, STR("ValidationError"), "Invalid Marker.");
    return false;
}

void iam_render_page_end(struct iam_call *call, struct buffer *buffer, bool is_truncated,
                         struct str last)
{
    struct api_request *request = call->request;
    xml_element_bool(buffer, "IsTruncated", is_truncated);
    if (!is_truncated) return;
    xml_element(buffer, "Marker", api_page_token(request->arena, request->operation, last));
}

bool iam_call_slice(struct iam_call *call, size_t count, struct iam_slice *ret_slice)
{
    struct str after;
    size_t count_max;
    uint64_t start = 0;
    if (!iam_call_page(call, &after, &count_max)) return false;
    if (after.size > 0 && !str_to_u64(after, &start)) start = count;
    if (start > count) start = count;
    ret_slice->start = (size_t)start;
    ret_slice->end = count - start < count_max ? count : (size_t)start + count_max;
    ret_slice->is_truncated = ret_slice->end < count;
    return true;
}

void iam_render_slice_end(struct iam_call *call, struct buffer *buffer, struct iam_slice slice)
{
    iam_render_page_end(call, buffer, slice.is_truncated,
                        arena_printf(call->request->arena, "%zu", slice.end));
}

// ---------------------------------------------------------------------------------------------
// What an operation is about

// The ARN of a role or user; where there is none yet, the one that it would get.
static struct str identity_arn(struct api_request *request, enum iam_identity_kind kind,
                               struct str name)
{
    struct str path = api_member_str(&request->body, STR("path"), STR("/"));
    struct iam_identity *identity = iam_identity_find(request->worker->api->iam, kind, name);
    struct str arn = STR("");
    if (identity == NULL) {
        return arena_printf(request->arena,
                            "arn:aws:iam::%" STR_FORMAT ":%s%" STR_FORMAT "%" STR_FORMAT,
                            STR_ARGS(request->account), kind == IAM_ROLE ? "role" : "user",
                            STR_ARGS(path), STR_ARGS(name));
    }
    bool is_copied = arena_copy_str(request->arena, identity->arn, &arn);
    iam_identity_unref(identity);
    return is_copied ? arn : STR("");
}

struct str api_iam_resource(struct api_request *request)
{
    const struct json *body = &request->body;
    struct str role_name = api_member_str(body, STR("roleName"), STR(""));
    struct str user_name = api_member_str(body, STR("userName"), STR(""));
    struct str policy_name = api_member_str(body, STR("policyName"), STR(""));
    struct str path = api_member_str(body, STR("path"), STR("/"));
    if (str_is(request->service->name, "sts")) {
        return api_member_str(body, STR("roleArn"), STR("*"));
    }
    if (role_name.size > 0) return identity_arn(request, IAM_ROLE, role_name);
    if (user_name.size > 0) return identity_arn(request, IAM_USER, user_name);
    if (policy_name.size > 0) {
        return arena_printf(request->arena,
                            "arn:aws:iam::%" STR_FORMAT ":policy%" STR_FORMAT "%" STR_FORMAT,
                            STR_ARGS(request->account), STR_ARGS(path), STR_ARGS(policy_name));
    }
    static const char *const of_caller[] = {"GetUser", "CreateAccessKey", "ListAccessKeys",
                                            "UpdateAccessKey", "DeleteAccessKey"};
    for (size_t i = 0; i < ARRAY_COUNT(of_caller); i++) {
        if (str_is(request->operation, of_caller[i])) return request->caller_arn;
    }
    return api_member_str(body, STR("policyArn"), STR("*"));
}

// ---------------------------------------------------------------------------------------------
// Dispatch

static const struct iam_operation *find_in(const struct iam_operation *operations, size_t count,
                                           struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(operations[i].name, name)) return &operations[i];
    }
    return NULL;
}

static const struct iam_operation *find_operation(struct str name)
{
    const struct iam_operation *found =
        find_in(iam_role_operations, iam_role_operation_count, name);
    if (found == NULL) {
        found = find_in(iam_identity_operations, iam_identity_operation_count, name);
    }
    if (found == NULL) found = find_in(iam_policy_operations, iam_policy_operation_count, name);
    if (found == NULL) found = find_in(iam_user_operations, iam_user_operation_count, name);
    return found;
}

static void handle(struct api_request *request)
{
    const struct iam_operation *operation = find_operation(request->operation);
    if (operation == NULL) {
        api_exception(request, STR("InvalidAction"),
                      "Galop does not serve the IAM operation %" STR_FORMAT ".",
                      STR_ARGS(request->operation));
        return;
    }
    struct iam_call *call = ARENA_NEW(request->arena, struct iam_call);
    if (call == NULL || !query_convert(request->arena, operation->members, operation->member_count,
                                       &request->body)) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    call->request = request;
    call->operation = operation;
    if (!api_members_check(request, &request->body, operation->members, operation->member_count)) {
        return;
    }
    if (!check_texts(call)) return;
    operation->handle(call);
}

const struct api_service api_iam = {
    .name = STR_INIT("iam"),
    .protocol = API_PROTOCOL_QUERY,
    .handle = handle,
};
