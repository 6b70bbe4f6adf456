// Arenas keep their limit and their alignment.

#include <stdint.h>

#include "base/arena.h"
#include "test/lib/test.h"

TEST(arena_alloc_over_limit_leaves_arena_usable)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(20));
    CHECK(arena_alloc(&arena, KIB(30)) == NULL);
    CHECK(arena.is_exhausted);
    CHECK(arena_alloc(&arena, 10) != NULL);
}

TEST(arena_alloc_is_aligned_and_distinct)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    char *before = NULL;
    for (size_t size = 0; size < 300; size++) {
        char *bytes = arena_alloc(&arena, size);
        REQUIRE(bytes != NULL);
        CHECK((uintptr_t)bytes % 16 == 0);
        CHECK(bytes != before || size == 1);
        memset(bytes, 0xab, size);
        before = bytes;
    }
}

TEST(arena_reset_makes_room_again)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 50; i++)
            CHECK(arena_alloc(&arena, KIB(1)) != NULL);
        arena_reset(&arena);
    }
}

TEST(arena_printf_builds_text)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    CHECK_STR(arena_printf(&arena, "%d-%s", 7, "x"), STR("7-x"));
}

TEST(arena_alloc_array_refuses_an_overflowing_product)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    CHECK(arena_alloc_array(&arena, SIZE_MAX / 2, 3) == NULL);
}

TEST(arena_trim_gives_back_what_the_latest_allocation_did_not_need)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    char *first = arena_alloc(&arena, 1000);
    REQUIRE(first != NULL);
    arena_trim(&arena, first, 10);
    char *second = arena_alloc(&arena, 10);
    CHECK(second == first + 16);
}
