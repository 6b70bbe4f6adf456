// CBOR: examples of RFC 8949, appendix A, the way back and forth, and what is refused.

#include <string.h>

#include "api/cbor.h"
#include "base/random.h"
#include "test/lib/test.h"

static struct str bytes_of(const char *hex, char *room)
{
    size_t size = strlen(hex) / 2;
    for (size_t i = 0; i < size; i++) {
        unsigned high = (unsigned)hex[2 * i], low = (unsigned)hex[2 * i + 1];
        high = high > '9' ? high - 'a' + 10 : high - '0';
        low = low > '9' ? low - 'a' + 10 : low - '0';
        room[i] = (char)(high << 4 | low);
    }
    return (struct str){room, size};
}

TEST(examples_of_the_standard_are_read)
{
    static const struct {
        const char *hex, *json;
    } cases[] = {
        {"00", "0"},
        {"1818", "24"},
        {"1903e8", "1000"},
        {"1a000f4240", "1000000"},
        {"1b000000e8d4a51000", "1000000000000"},
        {"20", "-1"},
        {"3903e7", "-1000"},
        {"f93c00", "1.0"},
        {"f93e00", "1.5"},
        {"f97bff", "65504.0"},
        {"f90001", "5.960464477539063E-8"},
        {"fa47c35000", "100000.0"},
        {"fb3ff199999999999a", "1.1"},
        {"f4", "false"},
        {"f5", "true"},
        {"f6", "null"},
        {"c11a514b67b0", "1363896240"},
        {"60", "\"\""},
        {"6449455446", "\"IETF\""},
        {"62c3bc", "\"\xc3\xbc\""},
        {"83010203", "[1,2,3]"},
        {"a26161016162820203", "{\"a\":1,\"b\":[2,3]}"},
        {"7f657374726561646d696e67ff", "\"streaming\""},
        {"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
        {"bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena CLEANUP(arena_release) arena;
        struct json value;
        char room[64];
        arena_init(&arena, MIB(1));
        CHECK(cbor_decode(&arena, bytes_of(cases[i].hex, room), &value) == STATUS_OK);
        struct str text = json_render_to_arena(&arena, &value);
        if (!str_is(text, cases[i].json)) {
            test_fail(__FILE__, __LINE__, "%s: %.*s", cases[i].hex, STR_ARGS(text));
        }
    }
}

TEST(malformed_bytes_are_refused)
{
    static const char *const cases[] = {
        "",   "18", "1c",     "62c3", "61ff", "8201",   "a10102",
        "a1", "ff", "f97e00", "0000", "9f01", "7f01ff", "1bffffffffffffffff"};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena CLEANUP(arena_release) arena;
        struct json value;
        char room[64];
        arena_init(&arena, MIB(1));
        if (cbor_decode(&arena, bytes_of(cases[i], room), &value) != STATUS_INVALID) {
            test_fail(__FILE__, __LINE__, "%s", cases[i]);
        }
    }
    struct arena CLEANUP(arena_release) arena;
    struct json value;
    char deep[1000];
    memset(deep, 0x81, sizeof(deep));
    arena_init(&arena, MIB(1));
    CHECK(cbor_decode(&arena, (struct str){deep, sizeof(deep)}, &value) == STATUS_INVALID);
}

TEST(what_is_written_is_read_back_and_times_are_tagged)
{
    static const char *const texts[] = {
        "{\"a\":[1,-1,24,-25,255,256,65536,4294967296,1.5,true,false,null,\"x\"],\"b\":{}}",
        "{\"Timestamps\":[1,2],\"Values\":[1.0,2.0]}",
        "[]",
        "-9223372036854775808",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct arena CLEANUP(arena_release) arena;
        struct buffer CLEANUP(buffer_release) buffer;
        struct json value, back;
        arena_init(&arena, MIB(1));
        buffer_init(&buffer, MIB(1));
        CHECK(json_parse(&arena, str_from_c(texts[i]), 0, &value, NULL) == STATUS_OK);
        cbor_encode(&buffer, &value);
        CHECK(cbor_decode(&arena, buffer_str(&buffer), &back) == STATUS_OK);
        CHECK(json_equal(&value, &back));
        bool has_tag = memchr(buffer.data, 0xc1, buffer.size) != NULL;
        CHECK(has_tag == (i == 1));
    }
}
