// Buffers grow to their limit and remember a refusal.

#include "base/buffer.h"
#include "test/lib/test.h"

TEST(buffer_appends_text_and_numbers)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(1));
    buffer_append_str(&buffer, STR("a"));
    buffer_append_i64(&buffer, INT64_MIN);
    buffer_append_byte(&buffer, ' ');
    buffer_append_u64(&buffer, UINT64_MAX);
    buffer_printf(&buffer, "%s", "!");
    CHECK_STR(buffer_str(&buffer), STR("a-9223372036854775808 18446744073709551615!"));
}

TEST(buffer_over_limit_fails_until_cleared)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, 4);
    buffer_append_str(&buffer, STR("12345"));
    CHECK(buffer.is_failed);
    buffer_append_str(&buffer, STR("1"));
    CHECK(buffer.size == 0);
    buffer_clear(&buffer);
    buffer_append_str(&buffer, STR("1234"));
    CHECK(!buffer.is_failed && buffer.size == 4);
}

TEST(buffer_drop_front_keeps_the_rest)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(1));
    buffer_append_str(&buffer, STR("hello"));
    buffer_drop_front(&buffer, 2);
    CHECK_STR(buffer_str(&buffer), STR("llo"));
}
