// Identifiers have their form, and a seed gives the same sequence.

#include "base/random.h"
#include "test/lib/test.h"

TEST(random_uuid_is_of_version_4)
{
    struct random random;
    random_init_seed(&random, 7);
    for (int round = 0; round < 1000; round++) {
        char uuid[RANDOM_UUID_SIZE];
        random_uuid(&random, uuid);
        for (int i = 0; i < RANDOM_UUID_SIZE; i++) {
            bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
            bool is_hex = (uuid[i] >= '0' && uuid[i] <= '9') || (uuid[i] >= 'a' && uuid[i] <= 'f');
            CHECK(is_dash ? uuid[i] == '-' : is_hex);
        }
        CHECK(uuid[14] == '4');
        CHECK(strchr("89ab", uuid[19]) != NULL);
    }
}

TEST(random_uuid_shows_every_digit_of_its_bits)
{
    struct random random;
    char uuid[RANDOM_UUID_SIZE];
    bool is_seen[16] = {false};
    random_init_seed(&random, 8);
    for (int round = 0; round < 200; round++) {
        random_uuid(&random, uuid);
        is_seen[uuid[35] <= '9' ? uuid[35] - '0' : uuid[35] - 'a' + 10] = true;
    }
    for (int i = 0; i < 16; i++)
        CHECK(is_seen[i]);
}

TEST(random_sequences_depend_on_the_seed_alone)
{
    struct random a, b, other;
    random_init_seed(&a, 1);
    random_init_seed(&b, 1);
    random_init_seed(&other, 2);
    bool differs = false;
    for (int i = 0; i < 100; i++) {
        uint64_t value = random_u64(&a);
        CHECK(value == random_u64(&b));
        differs = differs || value != random_u64(&other);
        double uniform = random_uniform(&other);
        CHECK(uniform >= 0 && uniform < 1);
    }
    CHECK(differs);
}
