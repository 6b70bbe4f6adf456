// Unit tests: a binary per source file, each test a sentence, results in TAP.
//
//     TEST(arena_alloc_over_limit_leaves_arena_usable)
//     {
//         CHECK(arena_alloc(&arena, KIB(30)) == NULL);
//     }
//
// A failed CHECK prints its place and the test goes on, so that one run shows all that is wrong;
// REQUIRE ends the test, for what the rest of it depends on.

#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/str.h"

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};

void test_register(struct test *test);
void test_fail(const char *file, int line, const char *format, ...) PRINTF(3, 4);

#define TEST(sentence)                                                                             \
    static void test_run_##sentence(void);                                                         \
    __attribute__((constructor)) static void test_register_##sentence(void)                        \
    {                                                                                              \
        static struct test test = {.name = #sentence, .run = test_run_##sentence};                 \
        test_register(&test);                                                                      \
    }                                                                                              \
    static void test_run_##sentence(void)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) test_fail(__FILE__, __LINE__, "%s", #condition);                         \
    } while (0)

#define CHECK_STR(actual, expected)                                                                \
    do {                                                                                           \
        struct str test_actual = (actual), test_expected = (expected);                             \
        if (!str_equal(test_actual, test_expected))                                                \
            test_fail(__FILE__, __LINE__, "%s is \"%" STR_FORMAT "\", not \"%" STR_FORMAT "\"",    \
                      #actual, STR_ARGS(test_actual), STR_ARGS(test_expected));                    \
    } while (0)

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_fail(__FILE__, __LINE__, "%s", #condition);                                       \
            return;                                                                                \
        }                                                                                          \
    } while (0)
