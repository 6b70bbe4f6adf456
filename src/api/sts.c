// AWS Security Token Service, as far as tools call it on their way to something else.
//
// The credentials that AssumeRole gives are made up: a server that does not verify signatures
// accepts them like any others. One that does verify would refuse them, so it issues none.

#include "api/query.h"
#include "api/xml.h"
#include "base/encoding.h"

enum { SESSION_SECONDS_DEFAULT = 3600 };

static bool is_session_name(struct str text)
{
    return str_is_alphanumeric(text, "_+=,.@-");
}

static const struct api_member assume_members[] = {
    {.name = STR_INIT("roleArn"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 20,
     .max = 2048},
    {.name = STR_INIT("roleSessionName"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 2,
     .max = 64,
     .pattern = "[\\w+=,.@-]*",
     .matches = is_session_name},
    {.name = STR_INIT("durationSeconds"), .type = API_MEMBER_INTEGER, .min = 900, .max = 43200},
};

static void get_caller_identity(struct api_request *request)
{
    struct str id = request->account;
    const struct iam_identity *user =
        iam_reader_find_user(&request->worker->iam_reader, request->caller_arn);
    if (user != NULL) id = user->id;
    struct buffer *buffer = query_reply_begin(request);
    xml_element(buffer, "Arn", request->caller_arn);
    xml_element(buffer, "UserId", id);
    xml_element(buffer, "Account", request->account);
    query_reply_end(request, buffer);
}

static void render_credentials(struct api_request *request, struct buffer *buffer)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char bytes[30 + 192];
    char key_id[20] = {'A', 'S', 'I', 'A'};
    random_secret(bytes, sizeof(bytes));
    for (size_t i = 4; i < sizeof(key_id); i++)
        key_id[i] = alphabet[random_u64(&request->worker->random) % 32];
    int64_t seconds =
        api_member_integer(&request->body, STR("durationSeconds"), SESSION_SECONDS_DEFAULT);
    xml_open(buffer, "Credentials");
    xml_element(buffer, "AccessKeyId", (struct str){key_id, sizeof(key_id)});
    xml_open(buffer, "SecretAccessKey");
    encoding_base64_encode(buffer, (struct str){(const char *)bytes, 30});
    xml_close(buffer, "SecretAccessKey");
    xml_open(buffer, "SessionToken");
    encoding_base64_encode(buffer, (struct str){(const char *)bytes + 30, sizeof(bytes) - 30});
    xml_close(buffer, "SessionToken");
    xml_element_time(buffer, "Expiration",
                     clock_unix_ms(request->worker->api->clock) + seconds * 1000);
    xml_close(buffer, "Credentials");
}

// "arn:aws:iam::ACCOUNT:role/PATH/NAME" -> partition, account and name; false when it is none.
static bool split_role_arn(struct str arn, struct str *ret_partition, struct str *ret_account,
                           struct str *ret_name)
{
    bool is_arn = str_is(str_cut(&arn, ':'), "arn");
    *ret_partition = str_cut(&arn, ':');
    bool is_iam = str_is(str_cut(&arn, ':'), "iam") && str_cut(&arn, ':').size == 0;
    *ret_account = str_cut(&arn, ':');
    if (!is_arn || !is_iam || !str_starts_with(arn, STR("role/"))) return false;
    while (str_find_byte(arn, '/') != SIZE_MAX)
        str_cut(&arn, '/');
    *ret_name = arn;
    return arn.size > 0;
}

static void assume_role(struct api_request *request)
{
    if (!query_convert(request->arena, assume_members, ARRAY_COUNT(assume_members),
                       &request->body)) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    if (!api_members_check(request, &request->body, assume_members, ARRAY_COUNT(assume_members))) {
        return;
    }
    struct str role_arn = api_member_str(&request->body, STR("roleArn"), STR(""));
    struct str session = api_member_str(&request->body, STR("roleSessionName"), STR(""));
    struct str partition, account, name;
    if (!split_role_arn(role_arn, &partition, &account, &name)) {
        api_exception(request, STR("ValidationError"), "%" STR_FORMAT " is invalid",
                      STR_ARGS(role_arn));
        return;
    }
    if (request->worker->api->config.auth != API_AUTH_NONE) {
        api_exception_status(request, 403, STR("AccessDenied"),
                             STR("Galop issues no temporary credentials when it verifies "
                                 "signatures; use the access keys of a user."));
        return;
    }
    const struct iam_identity *role = iam_reader_find_role(&request->worker->iam_reader, role_arn);
    struct str id = role == NULL ? STR("AROAUNKNOWNTOGALOPXXX") : role->id;
    struct buffer *buffer = query_reply_begin(request);
    render_credentials(request, buffer);
    xml_open(buffer, "AssumedRoleUser");
    buffer_printf(buffer, "<AssumedRoleId>%" STR_FORMAT ":%" STR_FORMAT "</AssumedRoleId>",
                  STR_ARGS(id), STR_ARGS(session));
    xml_open(buffer, "Arn");
    xml_text(buffer, arena_printf(request->arena,
                                  "arn:%" STR_FORMAT ":sts::%" STR_FORMAT
                                  ":assumed-role/%" STR_FORMAT "/%" STR_FORMAT,
                                  STR_ARGS(partition), STR_ARGS(account), STR_ARGS(name),
                                  STR_ARGS(session)));
    xml_close(buffer, "Arn");
    xml_close(buffer, "AssumedRoleUser");
    query_reply_end(request, buffer);
}

static void handle(struct api_request *request)
{
    if (str_is(request->operation, "GetCallerIdentity")) {
        get_caller_identity(request);
    } else if (str_is(request->operation, "AssumeRole")) {
        assume_role(request);
    } else {
        api_exception(request, STR("InvalidAction"),
                      "Galop does not serve the STS operation %" STR_FORMAT ".",
                      STR_ARGS(request->operation));
    }
}

const struct api_service api_sts = {
    .name = STR_INIT("sts"),
    .protocol = API_PROTOCOL_QUERY,
    .handle = handle,
};
