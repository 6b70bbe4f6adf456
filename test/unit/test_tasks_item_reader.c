// Readers give the same items however their text is cut, and say what is wrong with it.

#include <string.h>

#include "tasks/item_reader.h"
#include "test/lib/test.h"

// Read a whole text in pieces of `piece` bytes; the items as a JSON array, or "!" and the cause.
static struct str read_in_pieces(const struct item_reader_options *options, struct str text,
                                 size_t piece, struct arena *arena)
{
    struct item_reader *reader = NULL;
    struct str cause = STR("");
    struct json_items items;
    size_t at = 0, size = 0;
    json_items_init(&items, arena);
    enum status status = item_reader_new(options, &reader, &cause);
    if (status != STATUS_OK) return arena_printf(arena, "!%.*s", STR_ARGS(cause));
    while (status == STATUS_OK || (status == STATUS_NOT_FOUND && !item_reader_is_done(reader))) {
        struct json item;
        status = item_reader_next(reader, arena, &item, &size);
        if (status == STATUS_OK) {
            json_items_append(&items, item);
        } else if (status == STATUS_NOT_FOUND && !item_reader_is_done(reader)) {
            struct str next = str_slice(text, at, piece);
            at += next.size;
            CHECK(item_reader_feed(reader, next, at == text.size) == STATUS_OK);
        }
    }
    struct str result = arena_printf(arena, "!%.*s", STR_ARGS(item_reader_cause(reader)));
    if (status == STATUS_NOT_FOUND) {
        struct json array = json_items_finish(&items);
        result = json_render_to_arena(arena, &array);
    }
    item_reader_free(reader);
    return result;
}

static void check(const struct item_reader_options *options, const char *text, const char *expected)
{
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, MIB(64));
        CHECK_STR(read_in_pieces(options, str_from_c(text), piece, &arena), str_from_c(expected));
    }
}

static struct json headers(struct arena *arena, const char *text)
{
    struct json value;
    if (json_parse(arena, str_from_c(text), 0, &value, NULL) != STATUS_OK) return json_null;
    return value;
}

static const struct item_reader_options json = {.format = ITEM_FORMAT_JSON};
static const struct item_reader_options jsonl = {.format = ITEM_FORMAT_JSONL};
static const struct item_reader_options csv = {.format = ITEM_FORMAT_CSV};

TEST(json_gives_the_items_of_an_array)
{
    check(&json, "[1,2.5,\"a,]\\\"b\",null,true,[],{},[1,[2]],{\"a\":{\"b\":[3]}}]",
          "[1,2.5,\"a,]\\\"b\",null,true,[],{},[1,[2]],{\"a\":{\"b\":[3]}}]");
    check(&json, "\xEF\xBB\xBF \n [ 1 , 2\t]  rest", "[1,2]");
    check(&json, " [ ] ", "[]");
}

TEST(json_that_is_no_array_fails_as_the_service_fails)
{
    check(&json, "{\"a\":[1]}", "!Attempting to map over non-iterable node.");
    check(&json, "7", "!Attempting to map over non-iterable node.");
}

TEST(json_that_is_broken_says_where)
{
    check(&json, "", "!The object ends before the array of items does.");
    check(&json, "[1,{\"a\":", "!The object ends before the array of items does.");
    check(&json, "[1 2]", "!The object is not valid JSON: unexpected byte 0x32 at 3.");
    check(&json, "[tru]",
          "!The item is not valid JSON at byte 1: Unrecognized token 'tru': was expecting (JSON "
          "String, Number, Array, Object or token 'null', 'true' or 'false')");
}

TEST(json_follows_a_pointer)
{
    const char *text =
        "{\"x\":[\"}]\",{\"data\":0}],\"da\\u0074a\":{\"n\":1,\"a/b~c\":[5,[[6],[7,8]]"
        "]},\"z\":[9]}";
    struct item_reader_options options = {.format = ITEM_FORMAT_JSON,
                                          .items_pointer = STR("/data/a~1b~0c/1/1")};
    check(&options, text, "[7,8]");
    options.items_pointer = STR("/x");
    check(&options, text, "[\"}]\",{\"data\":0}]");
    options.items_pointer = STR("/z");
    check(&options, text, "[9]");
}

TEST(json_pointer_that_leads_nowhere_fails)
{
    static const char *const pointers[] = {"/b", "/a/3", "/a/0/x", "/a/00", "/a/-", "/"};
    for (size_t i = 0; i < ARRAY_COUNT(pointers); i++) {
        struct item_reader_options options = {.format = ITEM_FORMAT_JSON,
                                              .items_pointer = str_from_c(pointers[i])};
        check(&options, "{\"a\":[1,2]}", "!Attempting to map over non-iterable node.");
    }
    struct item_reader_options options = {.format = ITEM_FORMAT_JSON, .items_pointer = STR("a")};
    check(&options, "{}", "!field ItemsPointer must be a JSON Pointer");
    options.items_pointer = STR("/a~2");
    check(&options, "{}", "!field ItemsPointer must be a JSON Pointer");
}

TEST(jsonl_gives_a_value_per_line)
{
    check(&jsonl, "{\"a\":1}\r\n\n  [2] \n\"three\"\n4", "[{\"a\":1},[2],\"three\",4]");
    check(&jsonl, "1\n2\n", "[1,2]");
    check(&jsonl, "", "[]");
    check(&jsonl, "1\nx\n2",
          "!The item is not valid JSON at byte 2: Unrecognized token 'x': was expecting (JSON "
          "String, Number, Array, Object or token 'null', 'true' or 'false')");
}

TEST(csv_takes_headers_from_the_first_row)
{
    check(&csv, "A,B\n1,2\n3,4\n", "[{\"A\":\"1\",\"B\":\"2\"},{\"A\":\"3\",\"B\":\"4\"}]");
    check(&csv, "A,B\r\n1,2\r\n\r\n3,4", "[{\"A\":\"1\",\"B\":\"2\"},{\"A\":\"3\",\"B\":\"4\"}]");
    check(&csv, "A,B\n", "[]");
    check(&csv, "", "[]");
}

TEST(csv_fills_up_short_rows_and_cuts_long_ones)
{
    check(&csv, "A,B,C\n1\n1,2,3,4\n,,,\n   \n",
          "[{\"A\":\"1\",\"B\":\"\",\"C\":\"\"},{\"A\":\"1\",\"B\":\"2\",\"C\":\"3\"},"
          "{\"A\":\"\",\"B\":\"\",\"C\":\"\"},{\"A\":\"   \",\"B\":\"\",\"C\":\"\"}]");
}

TEST(csv_quotes_and_escapes)
{
    check(&csv, "A,B\n\"a,\"\"b\"\"\r\n\",\"\"\n", "[{\"A\":\"a,\\\"b\\\"\\r\\n\",\"B\":\"\"}]");
    check(&csv, "A,B\nx\\,y,\"\\\"\\\\\"\n\\q,it\"s\n",
          "[{\"A\":\"x,y\",\"B\":\"\\\"\\\\\"},{\"A\":\"q\",\"B\":\"it\\\"s\"}]");
    check(&csv, "A\n\"open", "[{\"A\":\"open\"}]");
}

TEST(csv_members_stand_in_the_order_of_the_service)
{
    check(&csv, "0,True,{}\n1,2,3\n", "[{\"0\":\"1\",\"{}\":\"3\",\"True\":\"2\"}]");
}

TEST(csv_replaces_what_is_not_utf8)
{
    check(&csv, "A\nM\xFCller \xC3\xA9\n", "[{\"A\":\"M\xEF\xBF\xBDller \xC3\xA9\"}]");
}

TEST(csv_takes_headers_and_delimiter_that_are_given)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct item_reader_options options = {
        .format = ITEM_FORMAT_CSV, .headers = headers(&arena, "[\"x\",\"y\"]"), .delimiter = '|'};
    check(&options, "1|2,3\n", "[{\"x\":\"1\",\"y\":\"2,3\"}]");
    options.headers = headers(&arena, "[\"x\",\"x\"]");
    check(&options, "", "!CSV headers cannot contain duplicates.");
    options.headers = headers(&arena, "[1]");
    check(&options, "", "!field CSVHeaders must be an array of strings");
}

TEST(csv_refuses_duplicate_and_long_headers)
{
    static char text[(12 << 10) + 3];
    check(&csv, "A,B,A\n1,2,3\n", "!CSV headers cannot contain duplicates.");
    memset(text, 'h', sizeof(text) - 2);
    text[sizeof(text) - 2] = '\n';
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    CHECK_STR(read_in_pieces(&csv, str_from_c(text), 100, &arena),
              STR("!CSV headers cannot exceed 10 KiB."));
}

// One item of 9 MB in pieces of 1 MB: refused, without all of it having been kept.
static void check_too_large(const struct item_reader_options *options, const char *start)
{
    static char piece[1 << 20];
    struct item_reader *reader;
    struct str cause;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(64));
    memset(piece, 'x', sizeof(piece));
    REQUIRE(item_reader_new(options, &reader, &cause) == STATUS_OK);
    REQUIRE(item_reader_feed(reader, str_from_c(start), false) == STATUS_OK);
    enum status status = STATUS_NOT_FOUND;
    for (int i = 0; i < 10 && status == STATUS_NOT_FOUND; i++) {
        struct json item;
        size_t size;
        status = item_reader_next(reader, &arena, &item, &size);
        if (status == STATUS_NOT_FOUND)
            status =
                item_reader_feed(reader, (struct str){piece, sizeof(piece)}, false) == STATUS_OK
                    ? STATUS_NOT_FOUND
                    : STATUS_NO_MEMORY;
    }
    CHECK(status == STATUS_INVALID);
    CHECK_STR(item_reader_cause(reader), STR("An item is larger than 8 MB."));
    item_reader_free(reader);
}

TEST(items_over_the_limit_are_refused)
{
    check_too_large(&json, "[\"");
    check_too_large(&jsonl, "\"");
    check_too_large(&csv, "A\n\"");
}

TEST(json_skips_values_of_any_size)
{
    static char piece[1 << 20];
    struct item_reader_options options = {.format = ITEM_FORMAT_JSON, .items_pointer = STR("/b")};
    struct item_reader *reader;
    struct str cause;
    struct json item;
    size_t size;
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    memset(piece, 'x', sizeof(piece));
    REQUIRE(item_reader_new(&options, &reader, &cause) == STATUS_OK);
    REQUIRE(item_reader_feed(reader, STR("{\"a\":\""), false) == STATUS_OK);
    for (int i = 0; i < 50; i++) {
        CHECK(item_reader_next(reader, &arena, &item, &size) == STATUS_NOT_FOUND);
        REQUIRE(item_reader_feed(reader, (struct str){piece, sizeof(piece)}, false) == STATUS_OK);
    }
    CHECK(item_reader_next(reader, &arena, &item, &size) == STATUS_NOT_FOUND);
    REQUIRE(item_reader_feed(reader, STR("\",\"b\":[1]}"), true) == STATUS_OK);
    CHECK(item_reader_next(reader, &arena, &item, &size) == STATUS_OK && item.integer == 1);
    CHECK(item_reader_next(reader, &arena, &item, &size) == STATUS_NOT_FOUND);
    CHECK(item_reader_is_done(reader));
    item_reader_free(reader);
}
