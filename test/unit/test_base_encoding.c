// Encoders and decoders are inverse, and decoders refuse what is malformed.

#include "base/encoding.h"
#include "test/lib/test.h"

TEST(encoding_base64_known_answers)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(1));
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        struct str bytes;
        buffer_clear(&buffer);
        encoding_base64_encode(&buffer, str_from_c(pairs[i][0]));
        CHECK_STR(buffer_str(&buffer), str_from_c(pairs[i][1]));
        CHECK(encoding_base64_decode(&arena, str_from_c(pairs[i][1]), &bytes));
        CHECK_STR(bytes, str_from_c(pairs[i][0]));
    }
}

TEST(encoding_base64_decode_refuses_bad_text)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct str bytes;
    CHECK(!encoding_base64_decode(&arena, STR("A"), &bytes));
    CHECK(!encoding_base64_decode(&arena, STR("AB\nC"), &bytes));
    CHECK(!encoding_base64_decode(&arena, STR("===="), &bytes));
    CHECK(encoding_base64_decode(&arena, STR("_-8"), &bytes) && bytes.size == 2);
}

TEST(encoding_hex_digit_takes_either_case)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    for (int i = 0; i < 32; i++)
        CHECK(encoding_hex_digit(digits[i]) == i % 16);
    static const char others[] = {'/', ':', '@', 'G', '`', 'g', '\0', ' ', '\xe1'};
    for (size_t i = 0; i < sizeof(others); i++)
        CHECK(encoding_hex_digit(others[i]) == -1);
}

TEST(encoding_percent_round_trip)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(1));
    encoding_percent_encode(&buffer, STR("a b/\xc3\xa9~"), false);
    CHECK_STR(buffer_str(&buffer), STR("a%20b%2F%C3%A9~"));
    struct str text;
    REQUIRE(encoding_percent_decode(&arena, buffer_str(&buffer), false, &text));
    CHECK_STR(text, STR("a b/\xc3\xa9~"));
    CHECK(!encoding_percent_decode(&arena, STR("%4"), false, &text));
    CHECK(!encoding_percent_decode(&arena, STR("%zz"), false, &text));
}

TEST(encoding_utf8_check_finds_the_first_bad_byte)
{
    CHECK(encoding_utf8_check(STR("plain ascii, long enough")) == SIZE_MAX);
    CHECK(encoding_utf8_check(STR("\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9")) == SIZE_MAX);
    CHECK(encoding_utf8_check(STR("12345678\xc0\xaf")) == 8);
    CHECK(encoding_utf8_check(STR("a\xed\xa0\x80")) == 1);
    CHECK(encoding_utf8_check(STR("ab\xe2\x82")) == 2);
    CHECK(encoding_utf8_check(STR("\xf4\x90\x80\x80")) == 0);
}

TEST(encoding_wtf8_check_allows_lone_surrogates_alone)
{
    CHECK(encoding_wtf8_check(STR("a\xed\xa0\x80\xed\xbf\xbf")) == SIZE_MAX);
    CHECK(encoding_wtf8_check(STR("a\xed\xa0\x80\xed\xa0")) == 4);
    CHECK(encoding_wtf8_check(STR("\xed\xa0\x00")) == 0);
    CHECK(encoding_wtf8_check(STR("12345678\xed\xa0\x80\xc0\xaf")) == 11);
}

TEST(encoding_surrogate_find_leaves_hangul_alone)
{
    CHECK(encoding_surrogate_find(STR("")) == SIZE_MAX);
    CHECK(encoding_surrogate_find(STR("\xed\x9e\xa3\xed\x80\x80")) == SIZE_MAX);
    CHECK(encoding_surrogate_find(STR("\xed\x9e\xa3\xed\xa0\x80")) == 3);
}

TEST(encoding_utf8_put_and_take_are_inverse)
{
    static const uint32_t points[] = {0,      0x7f,   0x80,    0x7ff,   0x800,
                                      0xd800, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < ARRAY_COUNT(points); i++) {
        char bytes[4];
        struct str text = {bytes, encoding_utf8_put(points[i], bytes)};
        CHECK(encoding_utf8_take(&text) == points[i]);
        CHECK(text.size == 0);
    }
}

TEST(encoding_utf16_size_counts_pairs_twice)
{
    CHECK(encoding_utf16_size(STR("")) == 0);
    CHECK(encoding_utf16_size(STR("abc")) == 3);
    CHECK(encoding_utf16_size(STR("\xc3\xa9\xe2\x82\xac")) == 2);
    CHECK(encoding_utf16_size(STR("\xf0\x9f\x98\x80")) == 2);
}
