// Pages of lists that are in memory: sorted, cut where the page before ended.

#include <stdlib.h>

#include "api/states.h"

enum { PAGE_DEFAULT = 100 };

void states_refuse_token(struct api_request *request)
{
    api_exception(request, STR("InvalidToken"), "Invalid Token: 'Invalid token'");
}

bool states_page_read(struct api_request *request, struct str subject, struct states_page *ret_page)
{
    struct states_page page = {
        .purpose = arena_printf(request->arena, "%" STR_FORMAT " %" STR_FORMAT " %" STR_FORMAT,
                                STR_ARGS(request->operation), STR_ARGS(request->region),
                                STR_ARGS(subject)),
        .size = (size_t)api_member_integer(&request->body, STR("maxResults"), 0),
    };
    if (page.size == 0) page.size = PAGE_DEFAULT;
    struct str token = api_member_str(&request->body, STR("nextToken"), STR(""));
    if (token.size > 0 && !api_page_position(request->arena, page.purpose, token, &page.after)) {
        states_refuse_token(request);
        return false;
    }
    *ret_page = page;
    return true;
}

bool states_page_read_number(struct api_request *request, struct str subject, int64_t first,
                             struct states_page *ret_page, int64_t *ret_number)
{
    struct states_page page;
    uint64_t number = (uint64_t)first;
    if (!states_page_read(request, subject, &page)) return false;
    if (page.after.size > 0 && (!str_to_u64(page.after, &number) || number > INT64_MAX)) {
        states_refuse_token(request);
        return false;
    }
    *ret_page = page;
    *ret_number = (int64_t)number;
    return true;
}

static void write_token(struct json_writer *writer, struct api_request *request,
                        const struct states_page *page, struct str position)
{
    json_writer_string_member(writer, STR("nextToken"),
                              api_page_token(request->arena, page->purpose, position));
}

void states_page_write_number(struct json_writer *writer, struct api_request *request,
                              const struct states_page *page, int64_t number)
{
    write_token(writer, request, page, arena_printf(request->arena, "%lld", (long long)number));
}

struct item {
    struct str key;
    struct catalog_entry *entry;
};

static int order_by_key(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    return str_compare(left->key, right->key);
}

static void write_page(struct api_request *request, const struct states_page *page,
                       const struct states_list *list, const struct item *items, size_t count)
{
    size_t first = 0;
    while (first < count && page->after.size > 0 && str_compare(items[first].key, page->after) <= 0)
        first++;
    size_t end = count - first > page->size ? first + page->size : count;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_name(&writer, list->name);
    json_writer_begin_array(&writer);
    for (size_t i = first; i < end; i++)
        list->write(&writer, items[i].entry);
    json_writer_end_array(&writer);
    if (end < count) write_token(&writer, request, page, items[end - 1].key);
    json_writer_end_object(&writer);
}

void states_page_reply(struct api_request *request, const struct states_page *page,
                       const struct states_list *list, struct catalog_entry **entries, size_t count)
{
    struct item *items = arena_alloc_array(request->arena, count + 1, sizeof(struct item));
    for (size_t i = 0; items != NULL && i < count; i++)
        items[i] = (struct item){list->key(request->arena, entries[i]), entries[i]};
    bool is_complete = items != NULL && !request->arena->is_exhausted;
    if (is_complete) {
        qsort(items, count, sizeof(struct item), order_by_key);
        write_page(request, page, list, items, count);
    }
    for (size_t i = 0; i < count; i++)
        catalog_entry_unref(entries[i]);
    if (is_complete) {
        api_reply_end(request);
    } else {
        api_fault(request, STATUS_NO_MEMORY);
    }
}

struct str states_key_by_name(struct arena *arena, struct catalog_entry *entry)
{
    (void)arena;
    return entry->name;
}

void states_list_reply(struct api_request *request, const struct states_list *list,
                       enum store_kind kind, struct str parent_arn)
{
    struct states_page page;
    struct catalog_entry **entries;
    size_t count;
    if (!states_page_read(request, parent_arn, &page)) return;
    enum status status =
        catalog_list(&request->worker->api->runtime->catalog, kind, request->region, parent_arn,
                     request->arena, &entries, &count);
    if (status == STATUS_OK) {
        states_page_reply(request, &page, list, entries, count);
    } else {
        api_fault(request, status);
    }
}
