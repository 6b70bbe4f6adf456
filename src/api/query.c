// Forms are read parameter by parameter; lists are collected on the side and joined at the end.

#include "api/query.h"

#include "api/xml.h"
#include "base/encoding.h"

// ---------------------------------------------------------------------------------------------
// Forms

// A list being collected: "Tags.member.1.Key" belongs to the item "1" of the list "Tags".
struct query_item {
    struct str index;
    bool is_object;
    struct json text; // When it is no object.
    struct json_members members;
    struct query_item *next;
};

struct query_list {
    struct str name;
    struct query_item *first;
    struct query_item *last;
    struct query_list *next;
};

struct form {
    struct arena *arena;
    struct json_members members;
    struct query_list *lists;
};

// "RoleName" -> "roleName"
static struct str member_name(struct arena *arena, struct str name)
{
    struct str copy;
    if (name.size == 0 || !arena_copy_str(arena, name, &copy)) return STR("");
    char *bytes = arena_alloc(arena, name.size);
    if (bytes == NULL) return STR("");
    memcpy(bytes, name.data, name.size);
    if (bytes[0] >= 'A' && bytes[0] <= 'Z') bytes[0] = (char)(bytes[0] | 0x20);
    return (struct str){bytes, name.size};
}

static struct query_list *find_list(struct form *form, struct str name)
{
    for (struct query_list *list = form->lists; list != NULL; list = list->next) {
        if (str_equal(list->name, name)) return list;
    }
    struct query_list *list = ARENA_NEW(form->arena, struct query_list);
    if (list == NULL) return NULL;
    list->name = name;
    list->next = form->lists;
    form->lists = list;
    return list;
}

static struct query_item *find_item(struct form *form, struct query_list *list, struct str index)
{
    for (struct query_item *item = list->first; item != NULL; item = item->next) {
        if (str_equal(item->index, index)) return item;
    }
    struct query_item *item = ARENA_NEW(form->arena, struct query_item);
    if (item == NULL) return NULL;
    item->index = index;
    json_members_init(&item->members, form->arena);
    if (list->last == NULL) {
        list->first = item;
    } else {
        list->last->next = item;
    }
    list->last = item;
    return item;
}

// `path` is what follows the first dot of a name: "member.1" or "member.1.Key".
static void add_to_list(struct form *form, struct str name, struct str path, struct str value)
{
    if (!str_is(str_cut(&path, '.'), "member") || path.size == 0) return;
    struct str index = str_cut(&path, '.');
    struct query_list *list = find_list(form, name);
    struct query_item *item = list == NULL ? NULL : find_item(form, list, index);
    if (item == NULL) return; // The arena remembers.
    if (path.size > 0) {
        item->is_object = true;
        json_members_set(&item->members, member_name(form->arena, path), json_from_str(value));
    } else {
        item->text = json_from_str(value);
    }
}

static enum status add_parameter(struct form *form, struct str parameter)
{
    struct str name = str_cut(&parameter, '=');
    struct str value = STR("");
    if (!encoding_percent_decode(form->arena, name, true, &name)) return STATUS_INVALID;
    if (parameter.size > 0 && !encoding_percent_decode(form->arena, parameter, true, &value)) {
        return STATUS_INVALID;
    }
    if (encoding_utf8_check(name) != SIZE_MAX || encoding_utf8_check(value) != SIZE_MAX) {
        return STATUS_INVALID;
    }
    struct str path = name;
    struct str first = str_cut(&path, '.');
    if (first.size == 0) return STATUS_OK;
    first = member_name(form->arena, first);
    if (path.size > 0) {
        add_to_list(form, first, path, value);
    } else {
        json_members_set(&form->members, first, json_from_str(value));
    }
    return STATUS_OK;
}

static void join_lists(struct form *form)
{
    for (const struct query_list *list = form->lists; list != NULL; list = list->next) {
        struct json_items items;
        json_items_init(&items, form->arena);
        for (struct query_item *item = list->first; item != NULL; item = item->next) {
            json_items_append(&items,
                              item->is_object ? json_members_finish(&item->members) : item->text);
        }
        json_members_set(&form->members, list->name, json_items_finish(&items));
    }
}

enum status query_parse(struct arena *arena, struct str text, struct json *ret_object)
{
    struct form form = {.arena = arena};
    json_members_init(&form.members, arena);
    size_t count = 0;
    while (text.size > 0) {
        struct str parameter = str_cut(&text, '&');
        if (parameter.size == 0) continue;
        if (++count > QUERY_PARAMETERS_MAX) return STATUS_INVALID;
        enum status status = add_parameter(&form, parameter);
        if (status != STATUS_OK) return arena->is_exhausted ? STATUS_NO_MEMORY : status;
    }
    join_lists(&form);
    *ret_object = json_members_finish(&form.members);
    return arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}

bool query_read(struct api_request *request)
{
    struct str form = request->http->body.size > 0 ? request->http->body : request->http->query;
    enum status status = query_parse(request->arena, form, &request->body);
    if (status == STATUS_INVALID) {
        api_exception(request, STR("MalformedQueryString"),
                      "The query string contains a syntax error.");
        return false;
    }
    if (status != STATUS_OK) {
        api_fault(request, status);
        return false;
    }
    request->operation = api_member_str(&request->body, STR("action"), STR(""));
    if (request->operation.size > 0) return true;
    api_exception(request, STR("MissingAction"),
                  "The request is missing an action or a required parameter.");
    return false;
}

// ---------------------------------------------------------------------------------------------
// Conversion by the model

static struct json converted(const struct api_member *member, const struct json *value)
{
    if (!json_is_string(value)) return *value;
    struct str text = json_str(value);
    uint64_t number;
    switch (member->type) {
    case API_MEMBER_INTEGER:
    case API_MEMBER_NUMBER:
        if (str_to_u64(text, &number) && number <= INT64_MAX) {
            return json_from_integer((int64_t)number);
        }
        break;
    case API_MEMBER_BOOLEAN:
        if (str_is(text, "true") || str_is(text, "false")) {
            return json_from_bool(str_is(text, "true"));
        }
        break;
    case API_MEMBER_LIST:
        if (text.size == 0) return json_empty_array;
        break;
    case API_MEMBER_STRING:
    case API_MEMBER_OBJECT: break;
    }
    return *value;
}

bool query_convert(struct arena *arena, const struct api_member *members, size_t member_count,
                   struct json *object)
{
    for (size_t i = 0; i < member_count; i++) {
        const struct json *value = json_find(object, members[i].name);
        if (value == NULL) continue;
        struct json better = converted(&members[i], value);
        if (better.type == value->type) continue;
        const struct json *next = json_with_member(arena, object, members[i].name, &better);
        if (next == NULL) return false;
        *object = *next;
    }
    return true;
}

// ---------------------------------------------------------------------------------------------
// Replies

struct str query_xml_namespace(const struct api_request *request)
{
    if (str_is(request->service->name, "monitoring")) {
        return STR("http://monitoring.amazonaws.com/doc/2010-08-01/");
    }
    return str_is(request->service->name, "sts") ? STR("https://sts.amazonaws.com/doc/2011-06-15/")
                                                 : STR("https://iam.amazonaws.com/doc/2010-05-08/");
}

static struct buffer *begin_response(struct api_request *request)
{
    struct buffer *buffer = api_reply_begin(request);
    struct str xmlns = query_xml_namespace(request);
    buffer_printf(buffer, "<%" STR_FORMAT "Response xmlns=\"%" STR_FORMAT "\">",
                  STR_ARGS(request->operation), STR_ARGS(xmlns));
    return buffer;
}

static void end_response(struct api_request *request, struct buffer *buffer)
{
    buffer_append_str(buffer, STR("<ResponseMetadata>"));
    xml_element(buffer, "RequestId", (struct str){request->request_id, RANDOM_UUID_SIZE});
    buffer_printf(buffer, "</ResponseMetadata></%" STR_FORMAT "Response>",
                  STR_ARGS(request->operation));
    api_reply_end(request);
}

struct buffer *query_reply_begin(struct api_request *request)
{
    struct buffer *buffer = begin_response(request);
    buffer_printf(buffer, "<%" STR_FORMAT "Result>", STR_ARGS(request->operation));
    return buffer;
}

void query_reply_end(struct api_request *request, struct buffer *buffer)
{
    buffer_printf(buffer, "</%" STR_FORMAT "Result>", STR_ARGS(request->operation));
    end_response(request, buffer);
}

void query_reply_empty(struct api_request *request)
{
    end_response(request, begin_response(request));
}
