// Slices, searches and numbers at their edges.

#include "base/str.h"
#include "test/lib/test.h"

TEST(str_cut_takes_up_to_the_separator)
{
    struct str text = STR("a:b");
    CHECK_STR(str_cut(&text, ':'), STR("a"));
    CHECK_STR(str_cut(&text, ':'), STR("b"));
    CHECK(text.data == NULL);
}

TEST(str_slice_clamps)
{
    CHECK_STR(str_slice(STR("abc"), 1, 100), STR("bc"));
    CHECK_STR(str_slice(STR("abc"), 7, 1), STR(""));
}

TEST(str_to_u64_refuses_overflow_and_signs)
{
    uint64_t value;
    CHECK(str_to_u64(STR("18446744073709551615"), &value) && value == UINT64_MAX);
    CHECK(!str_to_u64(STR("18446744073709551616"), &value));
    CHECK(!str_to_u64(STR("-1"), &value));
    CHECK(!str_to_u64(STR(""), &value));
}

TEST(str_is_alphanumeric_takes_ascii_letters_digits_and_what_else_is_named)
{
    CHECK(str_is_alphanumeric(STR("azAZ09"), ""));
    CHECK(str_is_alphanumeric(STR(""), ""));
    CHECK(str_is_alphanumeric(STR("a-b_c"), "_-"));
    CHECK(!str_is_alphanumeric(STR("a-b"), "_"));
    CHECK(!str_is_alphanumeric(STR("a\0"), "_"));
    CHECK(!str_is_alphanumeric(STR("\xc3\xa4"), "_"));
    static const char neighbours[] = {'/', ':', '@', '[', '`', '{'};
    for (size_t i = 0; i < sizeof(neighbours); i++)
        CHECK(!str_is_alphanumeric((struct str){&neighbours[i], 1}, ""));
}

TEST(str_find_and_trim)
{
    CHECK(str_find(STR("hello"), STR("ll")) == 2);
    CHECK(str_find(STR("hello"), STR("x")) == SIZE_MAX);
    CHECK_STR(str_trim(STR(" \t a b \n")), STR("a b"));
    CHECK(str_equal_ignoring_case(STR("Content-Type"), STR("content-type")));
    CHECK(str_compare(STR("a"), STR("ab")) < 0);
}
