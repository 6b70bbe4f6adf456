// Rendering: what is written reads back the same.

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "json/json.h"
#include "test/lib/test.h"

static struct arena arena;

static struct str java(double real)
{
    struct buffer buffer;
    struct str text;
    buffer_init(&buffer, 64);
    json_render_real(&buffer, real);
    if (!buffer_copy_to_arena(&buffer, &arena, &text)) text = STR("?");
    buffer_release(&buffer);
    return text;
}

static struct str ecmascript(double real)
{
    struct buffer buffer;
    struct str text;
    buffer_init(&buffer, 64);
    json_render_real_ecmascript(&buffer, real);
    if (!buffer_copy_to_arena(&buffer, &arena, &text)) text = STR("?");
    buffer_release(&buffer);
    return text;
}

TEST(render_prints_reals_as_java_does)
{
    static const struct {
        double real;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1.5, "-1.5"},
        {100.0, "100.0"},
        {9999999.0, "9999999.0"},
        {1e7, "1.0E7"},
        {12345678.9, "1.23456789E7"},
        {0.001, "0.001"},
        {0.0001, "1.0E-4"},
        {0.00123, "0.00123"},
        {9.5e-4, "9.5E-4"},
        {1e100, "1.0E100"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {1.7976931348623157e308, "1.7976931348623157E308"},
        {4.9e-324, "4.9E-324"},
        {2.2250738585072014e-308, "2.2250738585072014E-308"},
        {2e23, "2.0E23"},
        {123456789012345680.0, "1.2345678901234568E17"},
        {9007199254740992.0, "9.007199254740992E15"},
        {99.99845123291016, "99.99845123291016"},
    };
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        CHECK_STR(java(cases[i].real), str_from_c(cases[i].text));
    arena_release(&arena);
}

TEST(render_prints_reals_as_ecmascript_does)
{
    static const struct {
        double real;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "0"},
        {1.0, "1"},
        {-1.5, "-1.5"},
        {1e20, "100000000000000000000"},
        {1e21, "1e+21"},
        {1.5e300, "1.5e+300"},
        {0.000001, "0.000001"},
        {0.0000001, "1e-7"},
        {1.25e-7, "1.25e-7"},
        {123456789012345680000.0, "123456789012345680000"},
        {5e-324, "5e-324"},
        {0.1, "0.1"},
        {5.684341886080801486968994140625e-14, "5.684341886080802e-14"}, // 2 to the power of -44
        {9007199254740993.0, "9007199254740992"},
        {4.35, "4.35"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {1e23, "1e+23"},
        {9.5367431640625e-07, "9.5367431640625e-7"},
    };
    arena_init(&arena, MIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        CHECK_STR(ecmascript(cases[i].real), str_from_c(cases[i].text));
    arena_release(&arena);
}

// Of all kinds: any bits, decimals of few digits, powers of two with their neighbours.
static double random_real(struct random *random)
{
    double real;
    uint64_t bits = random_u64(random);
    switch (random_u64(random) % 4) {
    case 0: memcpy(&real, &bits, sizeof(real)); break;
    case 1: real = (double)(int64_t)(bits % 20000000 - 10000000) / 1000; break;
    case 2: real = ldexp(1.0, (int)(bits % 2098) - 1074); break;
    default: real = nextafter(ldexp(1.0, (int)(bits % 2046) - 1022), bits & 1 << 20 ? 0 : 1e308);
    }
    return isfinite(real) ? real : 0.5;
}

static bool reads_back(double real, int digits)
{
    char text[40];
    snprintf(text, sizeof(text), "%.*e", digits - 1, real);
    return strtod(text, NULL) == real;
}

// Without leading and trailing zeros.
static size_t significant_digits(struct str form)
{
    size_t count = 0, count_to_last = 0;
    for (size_t i = 0; i < form.size && form.data[i] != 'e'; i++) {
        if (form.data[i] < '0' || form.data[i] > '9') continue;
        if (count > 0 || form.data[i] != '0') count++;
        if (form.data[i] != '0') count_to_last = count;
    }
    return count_to_last;
}

TEST(render_both_forms_of_a_real_read_back_as_the_same_real)
{
    struct random random;
    random_init_seed(&random, 7);
    for (int i = 0; i < 100000; i++) {
        double real = random_real(&random);
        arena_init(&arena, KIB(8));
        struct str form = java(real);
        CHECK(strtod(form.data, NULL) == real);
        form = ecmascript(real);
        CHECK(strtod(form.data, NULL) == real);
        struct json value;
        REQUIRE(json_parse(&arena, java(real), 0, &value, NULL) == STATUS_OK);
        CHECK(value.type == JSON_REAL && value.real == real &&
              signbit(value.real) == signbit(real));
        // No rounding to fewer digits reads back.
        size_t digits = 17;
        while (digits > 1 && reads_back(real, (int)digits - 1))
            digits--;
        CHECK(significant_digits(form) <= digits);
        arena_release(&arena);
    }
}

TEST(render_escapes_what_must_be_escaped_and_nothing_else)
{
    arena_init(&arena, MIB(1));
    struct json value =
        json_from_str(STR("\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9 0123456789abcdef\n"));
    CHECK_STR(json_render_to_arena(&arena, &value),
              STR("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\x7f\xc3\xa9 0123456789abcdef\\n\""));
    arena_release(&arena);
}

TEST(render_pretty_indents_by_two)
{
    arena_init(&arena, MIB(1));
    struct json value;
    REQUIRE(json_parse(&arena, STR("{\"a\":[1,{}],\"b\":[],\"c\":{\"d\":\"x\"}}"), 0, &value,
                       NULL) == STATUS_OK);
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(1));
    json_render_pretty(&buffer, &value);
    CHECK_STR(buffer_str(&buffer), STR("{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n"
                                       "  \"c\": {\n    \"d\": \"x\"\n  }\n}"));
    arena_release(&arena);
}

TEST(quoted_text_reads_back_as_the_text)
{
    // Quotes and backslashes at every distance, so that runs of all sizes are copied.
    for (size_t size = 0; size < 120; size++) {
        for (size_t step = 1; step < 40; step++) {
            char text[120];
            for (size_t i = 0; i < size; i++)
                text[i] = i % step != 0         ? 'x'
                          : (i / step) % 3 == 0 ? '"'
                          : i % 2 == 0          ? '\\'
                                                : '\n';
            const struct json value = json_from_str((struct str){text, size});
            struct buffer plain, quoted, expected;
            buffer_init(&plain, MIB(1));
            buffer_init(&quoted, MIB(1));
            buffer_init(&expected, MIB(1));
            buffer_append_str(&quoted, STR("before"));
            json_render_quoted(&quoted, &value);
            json_render(&plain, &value);
            buffer_append_str(&expected, STR("before"));
            json_render_string(&expected, buffer_str(&plain));
            CHECK_STR(buffer_str(&quoted), buffer_str(&expected));
            buffer_release(&plain);
            buffer_release(&quoted);
            buffer_release(&expected);
        }
    }
}

TEST(quoted_text_beyond_the_limit_fails_the_buffer)
{
    struct buffer CLEANUP(buffer_release) buffer;
    char text[250];
    memset(text, 'a', sizeof(text));
    const struct json value = json_from_str((struct str){text, sizeof(text)});
    buffer_init(&buffer, 300);
    json_render_quoted(&buffer, &value);
    CHECK(buffer.is_failed);
}

TEST(render_fails_where_the_buffer_is_full_or_the_value_too_deep)
{
    arena_init(&arena, MIB(1));
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, 10);
    struct json value = json_from_str(STR("0123456789"));
    json_render(&buffer, &value);
    CHECK(buffer.is_failed);

    struct json items[JSON_DEPTH_MAX + 1];
    items[0] = json_null;
    for (size_t i = 1; i < ARRAY_COUNT(items); i++)
        items[i] = json_from_items(&items[i - 1], 1);
    CHECK(json_render_to_arena(&arena, &items[JSON_DEPTH_MAX]).size == 2 * JSON_DEPTH_MAX + 4);
    value = json_from_items(&items[JSON_DEPTH_MAX], 1);
    CHECK(json_render_to_arena(&arena, &value).size == 0);
    CHECK(arena.is_exhausted);
    arena_release(&arena);
}

static struct str random_text(struct random *random)
{
    static const char *const parts[] = {"a",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\x01",
                                        "\xc3\xa9",
                                        "\xf0\x9f\x98\x80",
                                        "0123456789abcdefgh",
                                        "/",
                                        "\x7f",
                                        "name",
                                        "",
                                        "\xed\xa0\x80",
                                        "\xed\x9f\xbf"};
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(1));
    for (uint64_t count = random_u64(random) % 5; count > 0; count--)
        buffer_append_str(&buffer, str_from_c(parts[random_u64(random) % ARRAY_COUNT(parts)]));
    struct str text = {NULL, 0};
    bool is_copied = buffer_copy_to_arena(&buffer, &arena, &text);
    return is_copied ? text : STR("");
}

static struct json random_value(struct random *random, int depth)
{
    struct json_items items;
    struct json_members members;
    uint64_t kind = random_u64(random) % (depth > 0 ? 9 : 7);
    switch (kind) {
    case 0: return json_null;
    case 1: return json_from_bool((random_u64(random) & 1) != 0);
    case 2: return json_from_integer((int64_t)random_u64(random));
    case 3: return json_from_integer((int64_t)(random_u64(random) % 100));
    case 4: return json_from_real(random_real(random));
    case 5:
        return (struct json){.type = JSON_NUMBER_TEXT, .size = 20, .text = "98765432109876543210"};
    case 6: return json_from_str(random_text(random));
    case 7:
        json_items_init(&items, &arena);
        for (uint64_t count = random_u64(random) % 6; count > 0; count--)
            json_items_append(&items, random_value(random, depth - 1));
        return json_items_finish(&items);
    default:
        json_members_init(&members, &arena);
        for (uint64_t count = random_u64(random) % 30; count > 0; count--)
            json_members_set(&members, random_text(random), random_value(random, depth - 1));
        return json_members_finish(&members);
    }
}

TEST(render_then_parse_gives_an_equal_value)
{
    struct random random;
    random_init_seed(&random, 42);
    for (int i = 0; i < 2000; i++) {
        arena_init(&arena, MIB(16));
        struct json value = random_value(&random, 4), again, copied;
        struct str text = json_render_to_arena(&arena, &value);
        REQUIRE(!arena.is_exhausted);
        CHECK(text.size == json_rendered_size(&value));
        REQUIRE(json_parse(&arena, text, 0, &again, NULL) == STATUS_OK);
        CHECK(json_equal(&value, &again));
        CHECK_STR(json_render_to_arena(&arena, &again), text);
        REQUIRE(json_copy(&arena, &value, &copied));
        CHECK(json_equal(&copied, &again));

        struct buffer pretty;
        buffer_init(&pretty, MIB(4));
        json_render_pretty(&pretty, &value);
        REQUIRE(json_parse(&arena, buffer_str(&pretty), JSON_PARSE_COPY, &again, NULL) ==
                STATUS_OK);
        CHECK(json_equal(&value, &again));
        buffer_release(&pretty);
        arena_release(&arena);
    }
}
