// The catalog changes wholly or not at all, keeps children with their parents, and its caches see
// every change.

#include <stdlib.h>

#include "runtime/activity_resource.h"
#include "runtime/alias.h"
#include "runtime/state_machine.h"
#include "test/lib/test.h"

static const char definition[] = "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}";

#define MACHINE_ARN "arn:aws:states:us-east-1:000000000000:stateMachine:m"

static struct state_machine *new_machine(uint64_t version, uint64_t last_version)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(1));
    struct asl_diagnostics diagnostics;
    asl_diagnostics_init(&diagnostics, &arena);
    struct state_machine *state_machine = NULL;
    const struct state_machine_fields fields = {
        .arn = STR(MACHINE_ARN),
        .name = STR("m"),
        .region = STR("us-east-1"),
        .role_arn = STR("arn:aws:iam::000000000000:role/r"),
        .definition = str_from_c(definition),
        .type = ASL_MACHINE_EXPRESS,
        .created_unix_ms = 1000,
        .updated_unix_ms = 2000,
        .revision_id = STR("rev"),
        .encryption = json_null,
        .tags = json_empty_object,
        .version = version,
        .description = version > 0 ? STR("said") : STR(""),
        .last_version = last_version,
    };
    enum status status = state_machine_new(&fields, &diagnostics, &state_machine);
    return status == STATUS_OK ? state_machine : NULL;
}

static struct alias *new_alias(const char *name, const char *first, uint32_t weight,
                               const char *second)
{
    struct alias *alias = NULL;
    const struct alias_fields fields = {
        .region = STR("us-east-1"),
        .state_machine_arn = STR(MACHINE_ARN),
        .state_machine_name = STR("m"),
        .name = str_from_c(name),
        .description = STR("about"),
        .routes = {{str_from_c(first), weight},
                   {second == NULL ? STR("") : str_from_c(second), ALIAS_WEIGHT_SUM - weight}},
        .route_count = second == NULL ? 1 : 2,
        .created_unix_ms = 3000,
        .updated_unix_ms = 4000,
    };
    enum status status = alias_new(&fields, &alias);
    return status == STATUS_OK ? alias : NULL;
}

static size_t count_of(struct catalog *catalog, enum store_kind kind)
{
    return catalog_count(catalog, kind, STR(""), STR(MACHINE_ARN));
}

// A catalog with a state machine, its version 1 and an alias; the test holds a reference of each.
struct family {
    struct catalog catalog;
    struct state_machine *machine;
    struct state_machine *version;
    struct alias *alias;
};

static void family_init(struct family *family)
{
    catalog_init(&family->catalog);
    family->machine = new_machine(0, 1);
    family->version = new_machine(1, 0);
    family->alias = new_alias("LIVE", MACHINE_ARN ":1", 100, NULL);
    const struct catalog_change changes[] = {
        {NULL, &family->machine->entry},
        {NULL, &family->version->entry},
        {NULL, &family->alias->entry},
    };
    CHECK(catalog_apply(&family->catalog, changes, ARRAY_COUNT(changes)) == STATUS_OK);
}

static void family_release(struct family *family)
{
    catalog_release(&family->catalog);
    alias_unref(family->alias);
    state_machine_unref(family->version);
    state_machine_unref(family->machine);
}

TEST(catalog_finds_entries_by_arn_and_kind)
{
    struct family CLEANUP(family_release) family;
    family_init(&family);
    struct catalog_cache CLEANUP(catalog_cache_release) cache;
    catalog_cache_init(&cache, &family.catalog);
    CHECK(state_machine_find(&cache, STR(MACHINE_ARN)) == family.machine);
    CHECK(state_machine_find(&cache, STR(MACHINE_ARN ":1")) == family.version);
    CHECK(state_machine_find(&cache, STR(MACHINE_ARN ":LIVE")) == NULL);
    CHECK(alias_find(&cache, STR(MACHINE_ARN ":LIVE")) == family.alias);
    CHECK(alias_find(&cache, STR(MACHINE_ARN ":1")) == NULL);
    CHECK(activity_find(&cache, STR(MACHINE_ARN)) == NULL);
    CHECK(catalog_cache_find(&cache, STR(MACHINE_ARN ":2")) == NULL);
    CHECK_STR(family.version->arn, STR(MACHINE_ARN));
    CHECK_STR(family.version->entry.name, STR("m:1"));
}

TEST(catalog_cache_sees_a_change_at_once_and_what_it_gave_out_stays_with_its_holder)
{
    struct family CLEANUP(family_release) family;
    family_init(&family);
    struct catalog_cache CLEANUP(catalog_cache_release) cache;
    catalog_cache_init(&cache, &family.catalog);
    struct state_machine *held = state_machine_ref(state_machine_find(&cache, STR(MACHINE_ARN)));
    struct state_machine *next = new_machine(0, 2);
    const struct catalog_change change = {&family.machine->entry, &next->entry};
    CHECK(catalog_apply(&family.catalog, &change, 1) == STATUS_OK);
    CHECK(state_machine_find(&cache, STR(MACHINE_ARN)) == next);
    CHECK_STR(held->revision_id, STR("rev"));
    state_machine_unref(held);
    state_machine_unref(next);
}

TEST(catalog_children_stay_when_their_parent_is_replaced)
{
    struct family CLEANUP(family_release) family;
    family_init(&family);
    struct state_machine *next = new_machine(0, 2);
    struct state_machine *second = new_machine(2, 0);
    const struct catalog_change changes[] = {{NULL, &second->entry},
                                             {&family.machine->entry, &next->entry}};
    CHECK(catalog_apply(&family.catalog, changes, 2) == STATUS_OK);
    CHECK(count_of(&family.catalog, STORE_KIND_STATE_MACHINE_VERSION) == 2);
    CHECK(count_of(&family.catalog, STORE_KIND_STATE_MACHINE_ALIAS) == 1);
    state_machine_unref(next);
    state_machine_unref(second);
}

TEST(catalog_parent_leaves_only_together_with_its_children)
{
    struct family CLEANUP(family_release) family;
    family_init(&family);
    const struct catalog_change all[] = {{&family.machine->entry, NULL},
                                         {&family.version->entry, NULL},
                                         {&family.alias->entry, NULL}};
    CHECK(catalog_apply(&family.catalog, all, 1) == STATUS_CONFLICT);
    CHECK(catalog_apply(&family.catalog, all, 2) == STATUS_CONFLICT);
    CHECK(catalog_size(&family.catalog) == 3);
    CHECK(catalog_apply(&family.catalog, all, 3) == STATUS_OK);
    CHECK(catalog_size(&family.catalog) == 0);
    // And back, as a change is undone whose write failed.
    const struct catalog_change back[] = {{NULL, &family.alias->entry},
                                          {NULL, &family.version->entry},
                                          {NULL, &family.machine->entry}};
    CHECK(catalog_apply(&family.catalog, back, 3) == STATUS_OK);
    CHECK(count_of(&family.catalog, STORE_KIND_STATE_MACHINE_VERSION) == 1);
}

TEST(catalog_refuses_what_does_not_fit_and_changes_nothing)
{
    struct family CLEANUP(family_release) family;
    family_init(&family);
    struct state_machine *other = new_machine(0, 7);
    struct alias *stray = new_alias("BETA", MACHINE_ARN ":1", 100, NULL);
    uint64_t generation = family.catalog.generation;
    const struct catalog_change taken[] = {{NULL, &stray->entry}, {NULL, &other->entry}};
    CHECK(catalog_apply(&family.catalog, taken, 2) == STATUS_CONFLICT);
    const struct catalog_change stale = {&other->entry, &family.machine->entry};
    CHECK(catalog_apply(&family.catalog, &stale, 1) == STATUS_CONFLICT);
    CHECK(catalog_size(&family.catalog) == 3);
    CHECK(family.catalog.generation == generation);

    struct catalog CLEANUP(catalog_release) empty;
    catalog_init(&empty);
    CHECK(catalog_apply(&empty, taken, 1) == STATUS_CONFLICT); // Its parent is not there.
    state_machine_unref(other);
    alias_unref(stray);
}

TEST(catalog_entries_survive_the_store)
{
    struct family CLEANUP(family_release) family;
    family_init(&family);
    struct buffer CLEANUP(buffer_release) body;
    buffer_init(&body, MIB(1));
    struct state_machine *version;
    state_machine_encode(family.version, &body);
    REQUIRE(state_machine_decode(buffer_str(&body), &version) == STATUS_OK);
    CHECK_STR(version->version_arn, STR(MACHINE_ARN ":1"));
    CHECK_STR(version->description, STR("said"));
    CHECK_STR(version->definition_key, family.version->definition_key);
    state_machine_unref(version);

    buffer_clear(&body);
    state_machine_encode(family.machine, &body);
    REQUIRE(state_machine_decode(buffer_str(&body), &version) == STATUS_OK);
    CHECK(version->version == 0 && version->last_version == 1);
    state_machine_unref(version);

    struct alias *alias;
    buffer_clear(&body);
    family.alias->entry.type->encode(&family.alias->entry, &body);
    REQUIRE(alias_decode(buffer_str(&body), &alias) == STATUS_OK);
    CHECK_STR(alias->arn, STR(MACHINE_ARN ":LIVE"));
    CHECK_STR(alias->description, STR("about"));
    CHECK(alias->route_count == 1 && alias->routes[0].weight == 100);
    CHECK(alias->created_unix_ms == 3000 && alias->updated_unix_ms == 4000);
    alias_unref(alias);

    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"routes\":[]}",
        "{\"routes\":[{\"weight\":99}]}",
        "{\"routes\":[{\"weight\":-1},{\"weight\":101}]}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        CHECK(alias_decode(str_from_c(bad[i]), &alias) == STATUS_CORRUPT);
    struct activity *activity;
    CHECK(activity_decode(STR("{}"), &activity) == STATUS_CORRUPT);
}

TEST(alias_picks_by_weight)
{
    static const uint32_t weights[] = {0, 1, 30, 99, 100};
    enum { PICKS = 20000 };
    struct random random;
    random_init_seed(&random, 7);
    for (size_t i = 0; i < ARRAY_COUNT(weights); i++) {
        struct alias *alias = new_alias("A", MACHINE_ARN ":1", weights[i], MACHINE_ARN ":2");
        int first_count = 0;
        for (int k = 0; k < PICKS; k++)
            first_count += str_is(alias_pick(alias, &random), MACHINE_ARN ":1");
        // Five standard deviations are 0.018 at most; never is never.
        double share = (double)first_count / PICKS, expected = weights[i] / 100.0;
        CHECK(share > expected - 0.018 && share < expected + 0.018);
        CHECK((first_count == 0) == (weights[i] == 0));
        CHECK((first_count == PICKS) == (weights[i] == 100));
        alias_unref(alias);
    }
}
