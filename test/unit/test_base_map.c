// Maps find what was set and forget what was removed, under random use.

#include <stdio.h>

#include "base/map.h"
#include "base/random.h"
#include "test/lib/test.h"

enum { KEY_COUNT = 500 };

TEST(map_agrees_with_an_array_under_random_use)
{
    static char keys[KEY_COUNT][8];
    void *expected[KEY_COUNT] = {0};
    struct random random;
    random_init_seed(&random, 1);
    struct map CLEANUP(map_release) map;
    map_init(&map);
    for (int i = 0; i < KEY_COUNT; i++)
        snprintf(keys[i], sizeof(keys[i]), "k%d", i);
    for (int step = 0; step < 50000; step++) {
        size_t i = random_u64(&random) % KEY_COUNT;
        struct str key = str_from_c(keys[i]);
        if (random_u64(&random) % 2 == 0) {
            CHECK(map_remove(&map, key) == expected[i]);
            expected[i] = NULL;
        } else {
            expected[i] = &keys[random_u64(&random) % KEY_COUNT];
            CHECK(map_set(&map, key, expected[i]));
        }
        size_t probe = random_u64(&random) % KEY_COUNT;
        CHECK(map_find(&map, str_from_c(keys[probe])) == expected[probe]);
    }
    size_t count = 0;
    for (int i = 0; i < KEY_COUNT; i++)
        count += expected[i] != NULL;
    CHECK(map.count == count);
}
