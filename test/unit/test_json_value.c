// Values: finding, comparing, copying and building them.

#include "json/json.h"
#include "test/lib/test.h"

static struct arena arena;

static struct json parse(const char *text)
{
    struct json value = json_null;
    if (json_parse(&arena, str_from_c(text), 0, &value, NULL) != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%s", text);
    }
    return value;
}

static bool are_equal(const char *a, const char *b)
{
    struct json first = parse(a), second = parse(b);
    bool forth = json_equal(&first, &second), back = json_equal(&second, &first);
    if (forth != back) test_fail(__FILE__, __LINE__, "%s and %s: one way only", a, b);
    return forth;
}

static int compared(const char *a, const char *b)
{
    struct json first = parse(a), second = parse(b);
    int forth = json_number_compare(&first, &second), back = json_number_compare(&second, &first);
    if (forth != -back) test_fail(__FILE__, __LINE__, "%s and %s: one way only", a, b);
    return forth;
}

TEST(find_gives_members_of_objects_only)
{
    arena_init(&arena, MIB(1));
    struct json value = parse("{\"ab\":1,\"a\":2,\"\":3}");
    CHECK(JSON_FIND(&value, "a")->integer == 2);
    CHECK(JSON_FIND(&value, "ab")->integer == 1);
    CHECK(JSON_FIND(&value, "")->integer == 3);
    CHECK(JSON_FIND(&value, "b") == NULL);
    CHECK(JSON_FIND(&json_null, "b") == NULL);
    CHECK(JSON_FIND(&json_empty_object, "b") == NULL);
    arena_release(&arena);
}

TEST(find_str_gives_texts_and_otherwise_what_the_caller_says)
{
    arena_init(&arena, MIB(1));
    struct json value = parse("{\"text\":\"a\",\"empty\":\"\",\"number\":1,\"null\":null}");
    CHECK_STR(json_find_str(&value, STR("text"), STR("none")), STR("a"));
    CHECK_STR(json_find_str(&value, STR("empty"), STR("none")), STR(""));
    CHECK_STR(json_find_str(&value, STR("number"), STR("none")), STR("none"));
    CHECK_STR(json_find_str(&value, STR("null"), STR("none")), STR("none"));
    CHECK_STR(json_find_str(&value, STR("absent"), STR("none")), STR("none"));
    CHECK_STR(json_find_str(&json_null, STR("text"), STR("none")), STR("none"));
    CHECK(json_find_str(&value, STR("absent"), (struct str){0}).data == NULL);
    CHECK_STR(JSON_FIND_STR(&value, "text"), STR("a"));
    CHECK(JSON_FIND_STR(&value, "absent").data != NULL);
    arena_release(&arena);
}

TEST(type_names_are_those_of_json)
{
    CHECK_STR(str_from_c(json_type_name(&json_true)), STR("boolean"));
    CHECK_STR(str_from_c(json_type_name(&json_empty_object)), STR("object"));
}

TEST(numbers_convert_to_integers_only_when_nothing_is_lost)
{
    arena_init(&arena, MIB(1));
    int64_t integer = 0;
    struct json value = parse("3.0");
    CHECK(json_to_integer(&value, &integer) && integer == 3);
    value = parse("-3e2");
    CHECK(json_to_integer(&value, &integer) && integer == -300);
    static const char *const others[] = {"3.5",   "1e19", "9223372036854775808",
                                         "\"3\"", "true", "9.223372036854775808e18"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        value = parse(others[i]);
        CHECK(!json_to_integer(&value, &integer));
    }
    value = parse("-9.223372036854775808e18");
    CHECK(json_to_integer(&value, &integer) && integer == INT64_MIN);
    value = parse("18446744073709551616");
    CHECK(json_to_real(&value) == 18446744073709551616.0);
    arena_release(&arena);
}

TEST(numbers_are_ordered_exactly_across_representations)
{
    arena_init(&arena, MIB(1));
    CHECK(compared("1", "1.0") == 0);
    CHECK(compared("1", "1.5") < 0);
    CHECK(compared("-1", "-1.5") > 0);
    CHECK(compared("0", "-0.0") == 0);
    CHECK(compared("9007199254740993", "9007199254740992.0") > 0);
    CHECK(compared("9223372036854775807", "9223372036854775808") < 0);
    CHECK(compared("9223372036854775807", "9.223372036854775807e18") < 0);
    CHECK(compared("9223372036854775808", "9.223372036854775807e18") == 0);
    CHECK(compared("-9223372036854775809", "-9.223372036854775808e18") < 0);
    CHECK(compared("-9223372036854775809", "-1") < 0);
    CHECK(compared("100000000000000000000", "20000000000000000000") > 0);
    CHECK(compared("-100000000000000000000", "-20000000000000000000") < 0);
    CHECK(compared("-100000000000000000000", "20000000000000000000") < 0);
    CHECK(compared("100000000000000000000", "1e20") == 0);
    CHECK(compared("100000000000000000000", "1e300") < 0);
    CHECK(compared("100000000000000000000", "-0.5") > 0);
    arena_release(&arena);
}

TEST(equality_ignores_the_order_of_members_and_the_form_of_numbers)
{
    arena_init(&arena, MIB(1));
    CHECK(are_equal("{\"a\":1,\"b\":[1.0,{}]}", "{\"b\":[1,{}],\"a\":1.0}"));
    CHECK(!are_equal("{\"a\":1}", "{\"a\":1,\"b\":2}"));
    CHECK(!are_equal("{\"a\":1,\"c\":2}", "{\"a\":1,\"b\":2}"));
    CHECK(!are_equal("[1,2]", "[2,1]"));
    CHECK(!are_equal("[]", "{}"));
    CHECK(!are_equal("\"1\"", "1"));
    CHECK(!are_equal("true", "false"));
    CHECK(are_equal("null", "null"));
    arena_release(&arena);
}

TEST(equality_of_large_objects_in_opposite_order_is_quick)
{
    enum { COUNT = 50000 };
    arena_init(&arena, MIB(64));
    struct json_members forth, back;
    json_members_init(&forth, &arena);
    json_members_init(&back, &arena);
    for (int i = 0; i < COUNT; i++) {
        int other = COUNT - 1 - i;
        json_members_append(&forth, arena_printf(&arena, "name%d", i), json_from_integer(i));
        json_members_set(&back, arena_printf(&arena, "name%d", other), json_from_integer(other));
    }
    struct json a = json_members_finish(&forth), b = json_members_finish(&back);
    CHECK(a.size == COUNT && b.size == COUNT);
    CHECK(json_equal(&a, &b));
    arena_release(&arena);
}

TEST(copy_shares_nothing_with_its_source)
{
    struct arena source;
    arena_init(&source, MIB(1));
    arena_init(&arena, MIB(1));
    struct json value, copied;
    REQUIRE(json_parse(&source, STR("{\"a\":[1,\"x\",[],{}],\"b\":12345678901234567890}"),
                       JSON_PARSE_COPY, &value, NULL) == STATUS_OK);
    REQUIRE(json_copy(&arena, &value, &copied));
    arena_release(&source); // The sanitizer watches.
    CHECK_STR(json_render_to_arena(&arena, &copied),
              STR("{\"a\":[1,\"x\",[],{}],\"b\":12345678901234567890}"));
    arena_release(&arena);
}

TEST(with_member_replaces_in_place_or_appends)
{
    arena_init(&arena, MIB(1));
    struct json value = parse("{\"a\":1,\"b\":2}");
    const struct json *result = json_with_member(&arena, &value, STR("a"), &json_true);
    REQUIRE(result != NULL);
    CHECK_STR(json_render_to_arena(&arena, result), STR("{\"a\":true,\"b\":2}"));
    result = json_with_member(&arena, &value, STR("c"), &json_null);
    REQUIRE(result != NULL);
    CHECK_STR(json_render_to_arena(&arena, result), STR("{\"a\":1,\"b\":2,\"c\":null}"));
    result = json_with_member(&arena, NULL, STR("x"), &value);
    REQUIRE(result != NULL);
    CHECK_STR(json_render_to_arena(&arena, result), STR("{\"x\":{\"a\":1,\"b\":2}}"));
    arena_release(&arena);
}

TEST(members_set_keeps_names_unique_among_few_and_many)
{
    arena_init(&arena, MIB(4));
    struct json_members members;
    json_members_init(&members, &arena);
    for (int i = 0; i < 3000; i++) {
        json_members_set(&members, arena_printf(&arena, "n%d", i % 1000), json_from_integer(i));
    }
    json_members_append(&members, STR("last"), json_null);
    json_members_set(&members, STR("last"), json_true);
    struct json value = json_members_finish(&members);
    CHECK(value.size == 1001);
    CHECK(JSON_FIND(&value, "n999")->integer == 2999);
    CHECK(value.members[0].value.integer == 2000);
    CHECK(JSON_FIND(&value, "last")->type == JSON_TRUE);
    arena_release(&arena);
}

TEST(building_survives_every_arena_limit)
{
    bool was_ok = false;
    for (size_t limit = 0; limit < KIB(64); limit += limit < 4096 ? 16 : 512) {
        arena_init(&arena, limit);
        struct json_members members;
        struct json_items items;
        json_members_init(&members, &arena);
        json_items_init(&items, &arena);
        for (int i = 0; i < 100; i++) {
            json_members_set(&members, arena_printf(&arena, "n%d", i), json_from_integer(i));
            json_items_append(&items, json_from_integer(i));
        }
        struct json object = json_members_finish(&members), array = json_items_finish(&items),
                    copied;
        const struct json *more = json_with_member(&arena, &object, STR("array"), &array);
        bool is_ok = more != NULL && json_copy(&arena, more, &copied) &&
                     json_render_to_arena(&arena, more).size > 0 && !arena.is_exhausted;
        CHECK(is_ok || arena.is_exhausted);
        CHECK(is_ok || !was_ok);
        was_ok = is_ok;
        arena_release(&arena);
    }
    CHECK(was_ok);
}

TEST(writer_places_commas)
{
    struct buffer CLEANUP(buffer_release) buffer;
    struct json_writer writer;
    buffer_init(&buffer, KIB(4));
    json_writer_init(&writer, &buffer);
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("s"), STR("a\"b"));
    json_writer_name(&writer, STR("list"));
    json_writer_begin_array(&writer);
    json_writer_integer(&writer, -7);
    json_writer_begin_array(&writer);
    json_writer_end_array(&writer);
    json_writer_null(&writer);
    json_writer_raw(&writer, STR("{}"));
    json_writer_end_array(&writer);
    json_writer_bool_member(&writer, STR("t"), true);
    json_writer_integer_member(&writer, STR("i"), INT64_MIN);
    json_writer_value_member(&writer, STR("v"), &json_empty_array);
    json_writer_timestamp_member(&writer, STR("d"), INT64_C(1486768956878));
    json_writer_end_object(&writer);
    CHECK_STR(buffer_str(&buffer),
              STR("{\"s\":\"a\\\"b\",\"list\":[-7,[],null,{}],\"t\":true,"
                  "\"i\":-9223372036854775808,\"v\":[],\"d\":1486768956.878}"));
    CHECK(writer.depth == 0);
}

TEST(writer_prints_timestamps_without_needless_zeros)
{
    static const struct {
        int64_t unix_ms;
        const char *text;
    } cases[] = {{0, "0"},       {1000, "1"},     {1500, "1.5"},
                 {1050, "1.05"}, {1001, "1.001"}, {-1, "-0.001"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct buffer CLEANUP(buffer_release) buffer;
        struct json_writer writer;
        buffer_init(&buffer, KIB(4));
        json_writer_init(&writer, &buffer);
        json_writer_timestamp(&writer, cases[i].unix_ms);
        CHECK_STR(buffer_str(&buffer), str_from_c(cases[i].text));
    }
}
