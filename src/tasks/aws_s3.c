// S3's API as tasks (aws-sdk:s3:ACTION). Unlike the services of aws.c it is REST and XML: members
// of a request travel in path, query, headers and body, and come back in headers and XML; two
// tables say which where.

#include <assert.h>
#include <string.h>

#include "base/encoding.h"
#include "tasks/call.h"
#include "tasks/s3.h"
#include "tasks/xml_reader.h"

enum {
    BODY_SIZE_MAX = 1 << 20, // Of an answer; a state may give a quarter of that.
    QUERY_MAX = 32,
};

enum answer_kind { ANSWER_NOTHING, ANSWER_HEADERS, ANSWER_BODY, ANSWER_XML };

struct s3_action {
    const char *name;
    const char *method;
    const char *permission;
    bool needs_bucket;
    bool needs_key;
    enum answer_kind answer;
    unsigned headers; // Of enum header_set.
};

enum header_set { G = 1, W = 2 }; // See s3_result.def.

static const struct s3_action actions[] = {
    {"getObject", "GET", "s3:GetObject", true, true, ANSWER_BODY, G},
    {"headObject", "HEAD", "s3:GetObject", true, true, ANSWER_HEADERS, G},
    {"putObject", "PUT", "s3:PutObject", true, true, ANSWER_HEADERS, W},
    {"deleteObject", "DELETE", "s3:DeleteObject", true, true, ANSWER_HEADERS, W},
    {"copyObject", "PUT", "s3:PutObject", true, true, ANSWER_XML, W},
    {"listObjectsV2", "GET", "s3:ListBucket", true, false, ANSWER_XML, 0},
    {"listBuckets", "GET", "s3:ListAllMyBuckets", false, false, ANSWER_XML, 0},
    {"createBucket", "PUT", "s3:CreateBucket", true, false, ANSWER_HEADERS, W},
    {"headBucket", "HEAD", "s3:ListBucket", true, false, ANSWER_NOTHING, 0},
    {"deleteBucket", "DELETE", "s3:DeleteBucket", true, false, ANSWER_NOTHING, 0},
};

static const struct s3_action *find_action(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        if (str_is(name, actions[i].name)) return &actions[i];
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------------
// Requests

enum parameter_place { QUERY, HEADER };

static const struct parameter {
    struct str member;
    enum parameter_place place;
    struct str name;
} parameters[] = {
#define X(member, where, name) {STR_INIT(member), where, STR_INIT(name)},
#include "tasks/s3_parameter.def"
#undef X
};

// A request being put together, or why it cannot be.
struct draft {
    struct tasks_call *call;
    struct arena *arena;
    struct s3_request request;
    struct http_header query[QUERY_MAX];
    struct http_header headers[S3_HEADERS_MAX];
    struct str complaint; // NULL data: none.
};

static void add_header(struct draft *draft, struct str name, struct str value)
{
    if (draft->request.header_count == S3_HEADERS_MAX) {
        draft->complaint = STR("there are too many parameters");
        return;
    }
    draft->headers[draft->request.header_count++] = (struct http_header){name, value};
}

static void add_query(struct draft *draft, struct str name, struct str value)
{
    assert(draft->request.query_count < QUERY_MAX);
    draft->query[draft->request.query_count++] = (struct http_header){name, value};
}

// Numbers and booleans as text.
static struct str scalar_text(struct draft *draft, const struct json *value)
{
    if (json_is_string(value)) return json_str(value);
    return json_render_to_arena(draft->arena, value);
}

static void add_metadata(struct draft *draft, const struct json *metadata)
{
    for (uint32_t i = 0; json_is_object(metadata) && i < metadata->size; i++) {
        const struct json_member *member = &metadata->members[i];
        add_header(draft,
                   arena_printf(draft->arena, "x-amz-meta-%" STR_FORMAT,
                                STR_ARGS(json_str(&member->name))),
                   scalar_text(draft, &member->value));
    }
}

// "bucket/key" with the key encoded, unless it is so already.
static void add_copy_source(struct draft *draft, const struct json *value)
{
    struct buffer CLEANUP(buffer_release) buffer;
    struct str text = json_is_string(value) ? json_str(value) : STR(""), encoded;
    buffer_init(&buffer, KIB(16));
    if (str_find_byte(text, '%') == SIZE_MAX && str_find_byte(text, '?') == SIZE_MAX) {
        encoding_percent_encode(&buffer, text, true);
        if (!buffer_copy_to_arena(&buffer, draft->arena, &encoded)) return;
        text = encoded;
    }
    add_header(draft, STR("x-amz-copy-source"), text);
}

static void add_location(struct draft *draft, const struct json *configuration)
{
    const struct json *location = JSON_FIND(configuration, "LocationConstraint");
    if (location == NULL || !json_is_string(location)) return;
    draft->request.body = arena_printf(
        draft->arena,
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<LocationConstraint>%" STR_FORMAT "</LocationConstraint></CreateBucketConfiguration>",
        STR_ARGS(json_str(location)));
}

// Members that travel in other ways than the table's. Returns whether this is one of them.
static bool add_special(struct draft *draft, struct str name, const struct json *value)
{
    if (str_is(name, "Bucket") || str_is(name, "Key")) {
        if (!json_is_string(value)) draft->complaint = STR("Bucket and Key must be strings");
        if (str_is(name, "Bucket")) draft->request.bucket = scalar_text(draft, value);
        if (str_is(name, "Key")) draft->request.key = scalar_text(draft, value);
    } else if (str_is(name, "Body")) {
        // The service writes any value as JSON, texts with their quotation marks.
        draft->request.body = json_render_to_arena(draft->arena, value);
    } else if (str_is(name, "Metadata")) {
        add_metadata(draft, value);
    } else if (str_is(name, "CopySource")) {
        add_copy_source(draft, value);
    } else if (str_is(name, "CreateBucketConfiguration")) {
        add_location(draft, value);
    } else {
        return false;
    }
    return true;
}

static void add_parameter(struct draft *draft, struct str name, const struct json *value)
{
    if (add_special(draft, name, value)) return;
    for (size_t i = 0; i < ARRAY_COUNT(parameters); i++) {
        if (!str_equal(parameters[i].member, name)) continue;
        struct str text = scalar_text(draft, value);
        if (parameters[i].place == QUERY) {
            add_query(draft, parameters[i].name, text);
        } else {
            add_header(draft, parameters[i].name, text);
        }
        return;
    }
    draft->complaint = arena_printf(
        draft->arena, "The field \"%" STR_FORMAT "\" is not supported by Step Functions",
        STR_ARGS(name));
}

static void fill_draft(struct draft *draft, const struct s3_action *action)
{
    const struct json *given = &draft->call->request.parameters;
    struct s3_request *request = &draft->request;
    *request = (struct s3_request){
        .method = str_from_c(action->method),
        .query = draft->query,
        .headers = draft->headers,
        .region = draft->call->request.region,
        .answer_size_max = BODY_SIZE_MAX,
    };
    if (str_is(draft->call->request.action, "listObjectsV2"))
        add_query(draft, STR("list-type"), STR("2"));
    for (uint32_t i = 0; json_is_object(given) && i < given->size && draft->complaint.data == NULL;
         i++) {
        add_parameter(draft, json_str(&given->members[i].name), &given->members[i].value);
    }
    if (draft->complaint.data != NULL) return;
    if (action->needs_bucket && request->bucket.size == 0)
        draft->complaint = STR("The field \"Bucket\" is required but was missing");
    else if (action->needs_key && request->key.size == 0)
        draft->complaint = STR("The field \"Key\" is required but was missing");
}

// ---------------------------------------------------------------------------------------------
// Answers

enum result_type { TEXT, INTEGER, BOOLEAN, TIME };

static const struct result {
    struct str member;
    struct str header;
    enum result_type type;
    unsigned sets;
} results[] = {
#define X(member, header, type, sets) {STR_INIT(member), STR_INIT(header), type, sets},
#include "tasks/s3_result.def"
#undef X
};

static struct json copied_text(struct arena *arena, struct str text)
{
    struct str copy;
    if (!arena_copy_str(arena, text, &copy)) return json_null;
    return json_from_str(copy);
}

static int month_number(struct str name)
{
    size_t at = str_find(STR("JanFebMarAprMayJunJulAugSepOctNovDec"), name);
    return at == SIZE_MAX ? 0 : (int)(at / 3) + 1;
}

// "Wed, 12 Oct 2009 17:50:00 GMT" as "2009-10-12T17:50:00Z"; other texts stay.
static struct json time_of_header(struct arena *arena, struct str text)
{
    enum { HTTP_DATE_SIZE = 29 };
    int month = text.size == HTTP_DATE_SIZE ? month_number(str_slice(text, 8, 3)) : 0;
    if (month == 0) return copied_text(arena, text);
    return json_from_str(arena_printf(arena, "%.4s-%02d-%.2sT%.8sZ", text.data + 12, month,
                                      text.data + 5, text.data + 17));
}

// "2009-10-12T17:50:30.000Z" without a fraction that is nothing.
static struct json time_of_xml(struct arena *arena, struct str text)
{
    static const struct str nothing = STR_INIT(".000Z");
    if (!str_ends_with(text, nothing)) return copied_text(arena, text);
    text.size -= nothing.size;
    return json_from_str(arena_printf(arena, "%" STR_FORMAT "Z", STR_ARGS(text)));
}

static struct json integer_of(struct arena *arena, struct str text)
{
    uint64_t number;
    if (!str_to_u64(text, &number) || number > INT64_MAX) return copied_text(arena, text);
    return json_from_integer((int64_t)number);
}

static void add_headers(struct json_members *members, const struct s3_answer *answer, unsigned sets)
{
    struct arena *arena = members->arena;
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        const struct result *result = &results[i];
        struct str text;
        if ((result->sets & sets) == 0) continue;
        if (!http_headers_find(answer->headers, answer->header_count, result->header, &text))
            continue;
        struct json value = json_null;
        switch (result->type) {
        case TEXT: value = copied_text(arena, text); break;
        case INTEGER: value = integer_of(arena, text); break;
        case BOOLEAN: value = json_from_bool(str_is(text, "true")); break;
        case TIME: value = time_of_header(arena, text); break;
        }
        json_members_append(members, result->member, value);
    }
}

static struct json read_metadata(struct arena *arena, const struct s3_answer *answer)
{
    static const struct str prefix = STR_INIT("x-amz-meta-");
    struct json_members metadata;
    json_members_init(&metadata, arena);
    for (size_t i = 0; i < answer->header_count; i++) {
        const struct http_header *header = &answer->headers[i];
        struct str name;
        if (!str_equal_ignoring_case(str_slice(header->name, 0, prefix.size), prefix)) continue;
        if (!arena_copy_str(arena, str_skip(header->name, prefix.size), &name)) break;
        json_members_set(&metadata, name, copied_text(arena, header->value));
    }
    return json_members_finish(&metadata);
}

// Elements that may come several times are lists, even when they come once.
static bool is_list(struct str name)
{
    return str_is(name, "Contents") || str_is(name, "CommonPrefixes") || str_is(name, "Bucket");
}

static struct json scalar_of_xml(struct arena *arena, const struct xml_element *element)
{
    static const char *const integers[] = {"Size", "KeyCount", "MaxKeys"};
    struct str name = element->name, text = element->text;
    for (size_t i = 0; i < ARRAY_COUNT(integers); i++) {
        if (str_is(name, integers[i])) return integer_of(arena, text);
    }
    if (str_is(name, "IsTruncated")) return json_from_bool(str_is(text, "true"));
    if (str_is(name, "LastModified") || str_is(name, "CreationDate"))
        return time_of_xml(arena, text);
    return json_from_str(text); // In the arena already.
}

static struct json value_of_xml(struct arena *arena, const struct xml_element *element);

// All siblings of that name from `first` on.
static struct json list_of_xml(struct arena *arena, const struct xml_element *first)
{
    struct json_items items;
    json_items_init(&items, arena);
    for (const struct xml_element *item = first; item != NULL; item = item->next) {
        if (str_equal(item->name, first->name))
            json_items_append(&items, value_of_xml(arena, item));
    }
    return json_items_finish(&items);
}

// Recursive over XML_DEPTH_MAX levels at most.
static struct json value_of_xml(struct arena *arena, const struct xml_element *element)
{
    struct json_members members;
    const struct xml_element *child = element->first_child;
    if (str_is(element->name, "Buckets")) {
        return child == NULL ? json_empty_array : list_of_xml(arena, child);
    }
    if (child == NULL) return scalar_of_xml(arena, element);
    json_members_init(&members, arena);
    for (; child != NULL; child = child->next) {
        bool is_many = is_list(child->name);
        bool is_known = is_many && xml_find(element, child->name) != child;
        if (is_known) continue;
        json_members_set(&members, child->name,
                         is_many ? list_of_xml(arena, child) : value_of_xml(arena, child));
    }
    return json_members_finish(&members);
}

// A body as text; bytes that are not UTF-8 become U+FFFD.
static struct json body_text(struct arena *arena, struct str body)
{
    struct buffer CLEANUP(buffer_release) text;
    struct str copy;
    buffer_init(&text, 3 * BODY_SIZE_MAX);
    for (;;) {
        size_t bad = encoding_utf8_check(body);
        buffer_append_str(&text, str_slice(body, 0, bad));
        if (bad == SIZE_MAX) break;
        buffer_append_str(&text, STR("\xEF\xBF\xBD"));
        body = str_skip(body, bad + 1);
    }
    if (!buffer_copy_to_arena(&text, arena, &copy)) return json_null;
    return json_from_str(copy);
}

// What was too large to be received is too large for any state: whoever measures this finds so.
static struct json filler(struct arena *arena)
{
    char *bytes = arena_alloc(arena, BODY_SIZE_MAX);
    if (bytes == NULL) return json_null;
    memset(bytes, ' ', BODY_SIZE_MAX);
    return json_from_str((struct str){bytes, BODY_SIZE_MAX});
}

static void answer_success(struct tasks_call *call, const struct s3_action *action,
                           const struct s3_answer *answer, const struct xml_element *root)
{
    struct arena *arena = call->request.arena;
    struct json_members members;
    json_members_init(&members, arena);
    add_headers(&members, answer, action->headers);
    if ((action->headers & G) != 0)
        json_members_append(&members, STR("Metadata"), read_metadata(arena, answer));
    if (action->answer == ANSWER_BODY)
        json_members_append(&members, STR("Body"),
                            answer->is_too_large ? filler(arena) : body_text(arena, answer->body));
    struct json output = json_members_finish(&members);
    if (root != NULL && action->headers == 0) {
        output = value_of_xml(arena, root);
    } else if (root != NULL) {
        struct json body = value_of_xml(arena, root);
        const struct json *whole = json_with_member(arena, &output, root->name, &body);
        output = whole == NULL ? json_null : *whole;
    }
    struct tasks_answer result = {
        .is_success = true,
        .output = output,
        .output_size_bytes = json_rendered_size(&output),
    };
    call->on_answer(call->context, &result);
}

// The errors that the service's SDK has classes for; all others are S3Exception.
static struct str exception_name(const struct s3_action *action, struct str code)
{
    static const char *const known[] = {
        "BucketAlreadyExists",
        "BucketAlreadyOwnedByYou",
        "EncryptionTypeMismatch",
        "InvalidObjectState",
        "InvalidRequest",
        "InvalidWriteOffset",
        "NoSuchBucket",
        "NoSuchKey",
        "NoSuchUpload",
        "ObjectAlreadyInActiveTierError",
        "ObjectNotInActiveTierError",
        "TooManyParts",
    };
    if (str_is(code, "NotFound") && str_is(str_from_c(action->method), "HEAD"))
        return action->needs_key ? STR("NoSuchKey") : STR("NoSuchBucket");
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (str_is(code, known[i])) return code;
    }
    return STR("S3");
}

static void answer_failure(struct tasks_call *call, const struct s3_action *action,
                           const struct s3_answer *answer)
{
    struct arena *arena = call->request.arena;
    struct tasks_answer result = {
        .error = STR("S3.SdkClientException"),
        .cause = s3_sdk_cause(arena, answer),
    };
    if (answer->code.size > 0) {
        struct str name = exception_name(action, answer->code);
        result.error = arena_printf(arena, "S3.%" STR_FORMAT "Exception", STR_ARGS(name));
    }
    call->on_answer(call->context, &result);
}

static void on_answer(void *context, const struct s3_answer *answer)
{
    struct tasks_call *call = context;
    const struct s3_action *action = find_action(call->request.action);
    const struct xml_element *root = NULL;
    struct s3_answer failure = *answer;
    call->s3 = NULL;
    assert(action != NULL);
    if (!answer->is_success) {
        answer_failure(call, action, answer);
        return;
    }
    bool is_xml = action->answer == ANSWER_XML && !answer->is_too_large;
    if (is_xml && xml_read(call->request.arena, answer->body, &root) != STATUS_OK) {
        failure.is_success = false;
        failure.code = STR("");
        failure.message = STR("the answer is not valid XML");
        answer_failure(call, action, &failure);
    } else if (is_xml && str_is(root->name, "Error")) { // As copying may end after it began.
        failure.is_success = false;
        failure.code = xml_find_text(root, STR("Code"));
        failure.message = xml_find_text(root, STR("Message"));
        answer_failure(call, action, &failure);
    } else {
        answer_success(call, action, answer, root);
    }
}

// ---------------------------------------------------------------------------------------------

static bool authorize(struct tasks_call *call, const struct s3_action *action,
                      const struct s3_request *request)
{
    struct arena *arena = call->request.arena;
    struct str message;
    struct iam_request question = {
        .action = str_from_c(action->permission),
        .resource = STR("*"),
        .session_name = call->request.session_name,
    };
    if (action->needs_bucket) {
        question.resource = arena_printf(arena, "arn:aws:s3:::%" STR_FORMAT "%s%" STR_FORMAT,
                                         STR_ARGS(request->bucket), action->needs_key ? "/" : "",
                                         STR_ARGS(action->needs_key ? request->key : STR("")));
    }
    if (tasks_authorize(call->tasks, arena, call->request.role_arn, &question, &message))
        return true;
    struct s3_answer denial = {
        .status = 403,
        .code = STR("AccessDenied"),
        .message = message,
        .request_id = tasks_call_request_id(call),
        .extended_request_id = tasks_call_request_id(call),
    };
    tasks_call_refuse(call, STR("S3.S3Exception"), s3_sdk_cause(arena, &denial));
    return false;
}

bool tasks_s3_start(struct tasks_call *call)
{
    const struct s3_action *action = find_action(call->request.action);
    if (action == NULL) return false;
    struct arena *arena = call->request.arena;
    struct draft *draft = ARENA_NEW(arena, struct draft);
    if (draft == NULL) {
        tasks_call_refuse(call, STR("S3.SdkClientException"),
                          STR("Unable to execute HTTP request: out of memory"));
        return true;
    }
    draft->call = call;
    draft->arena = arena;
    fill_draft(draft, action);
    if (draft->complaint.data != NULL) {
        struct str given = json_render_to_arena(arena, &call->request.parameters);
        tasks_call_refuse(call, STR("States.Runtime"),
                          arena_printf(arena,
                                       "The Parameters '%" STR_FORMAT
                                       "' could not be used to start the Task: [%" STR_FORMAT "]",
                                       STR_ARGS(given), STR_ARGS(draft->complaint)));
        return true;
    }
    if (!authorize(call, action, &draft->request)) return true;
    call->s3 = s3_call_new(call->tasks, &draft->request, on_answer, call);
    if (call->s3 == NULL) {
        tasks_call_refuse(call, STR("S3.SdkClientException"),
                          STR("Unable to execute HTTP request: out of memory"));
    }
    return true;
}
