// Resources and the journal of Express starts, on every backend.

#include "store/journal.h"
#include "store/resource.h"
#include "store_fixture.h"

static struct str body_of(struct store_tx *tx, enum store_kind kind, const char *region,
                          const char *name)
{
    static struct arena arena;
    arena_release(&arena);
    arena_init(&arena, MIB(1));
    struct str body = STR("");
    enum status status =
        store_resource_get(tx, kind, str_from_c(region), str_from_c(name), &arena, &body);
    return status == STATUS_OK ? body : str_from_c(status_name(status));
}

static enum status put(struct store_tx *tx, enum store_kind kind, const char *region,
                       const char *name, const char *body)
{
    return store_resource_put(tx, kind, str_from_c(region), str_from_c(name), str_from_c(body));
}

static enum status list(void *context, struct str region, struct str name, struct str body)
{
    char *text = context;
    size_t size = strlen(text);
    snprintf(text + size, 100 - size, "%.*s/%.*s=%.*s ", STR_ARGS(region), STR_ARGS(name),
             STR_ARGS(body));
    return str_is(name, "stop") ? STATUS_OVER_LIMIT : STATUS_OK;
}

static void check_names(struct store_tx *tx)
{
    CHECK(put(tx, STORE_KIND_ROLE, "", "r", "1") == STATUS_OK);
    CHECK(put(tx, STORE_KIND_ROLE, "", "r", "2") == STATUS_OK);
    CHECK(put(tx, STORE_KIND_ROLE, "", "R", "3") == STATUS_OK); // Names are bytes.
    CHECK(put(tx, STORE_KIND_POLICY, "", "r", "4") == STATUS_OK);
    CHECK(put(tx, STORE_KIND_ROLE, "eu", "a", "5") == STATUS_OK);
    CHECK_STR(body_of(tx, STORE_KIND_ROLE, "", "r"), STR("2"));
    CHECK_STR(body_of(tx, STORE_KIND_ROLE, "", "R"), STR("3"));
    CHECK_STR(body_of(tx, STORE_KIND_POLICY, "", "r"), STR("4"));
    CHECK_STR(body_of(tx, STORE_KIND_ROLE, "eu", "r"), STR("NOT_FOUND"));
    char text[100] = "";
    CHECK(store_resource_each(tx, STORE_KIND_ROLE, list, text) == STATUS_OK);
    CHECK_STR(str_from_c(text), STR("/R=3 /r=2 eu/a=5 "));
    CHECK(store_resource_delete(tx, STORE_KIND_ROLE, STR(""), STR("r")) == STATUS_OK);
    CHECK(store_resource_delete(tx, STORE_KIND_ROLE, STR(""), STR("r")) == STATUS_NOT_FOUND);
    CHECK_STR(body_of(tx, STORE_KIND_POLICY, "", "r"), STR("4"));
    CHECK(put(tx, STORE_KIND_ROLE, "", "stop", "6") == STATUS_OK);
    text[0] = '\0';
    CHECK(store_resource_each(tx, STORE_KIND_ROLE, list, text) == STATUS_OVER_LIMIT);
    CHECK_STR(str_from_c(text), STR("/R=3 /stop=6 "));
}

STORE_TEST(a_resource_is_known_by_kind_region_and_name)
{
    fixture_in_transaction(fixture, check_names);
}

static void put_bytes(struct store_tx *tx)
{
    struct str bytes = {"PK\0\xff\n", 5};
    CHECK(store_resource_put(tx, STORE_KIND_FUNCTION_CODE, STR("r"), STR("f"), bytes) == STATUS_OK);
    CHECK(put(tx, STORE_KIND_SETTING, "r", "empty", "") == STATUS_OK);
}

static void check_bytes(struct store_tx *tx)
{
    struct str bytes = {"PK\0\xff\n", 5};
    CHECK(str_equal(body_of(tx, STORE_KIND_FUNCTION_CODE, "r", "f"), bytes));
    CHECK_STR(body_of(tx, STORE_KIND_SETTING, "r", "empty"), STR(""));
}

STORE_TEST(a_resource_keeps_its_bytes)
{
    fixture_in_transaction(fixture, put_bytes);
    fixture_reopen(fixture);
    fixture_in_transaction(fixture, check_bytes);
}

struct walk {
    int64_t ids[8];
    int count, limit;
};

static enum status note(void *context, int64_t id, struct str record)
{
    struct walk *walk = context;
    if (walk->count == walk->limit) return STATUS_OVER_LIMIT;
    walk->ids[walk->count++] = id;
    return record.size == 2 ? STATUS_OK : STATUS_CORRUPT;
}

static void fill_journal(struct store_tx *tx)
{
    int64_t id;
    for (int i = 1; i <= 5; i++)
        CHECK(store_journal_append(tx, (struct str){"r\0", 2}, &id) == STATUS_OK && id == i);
    CHECK(store_journal_remove(tx, 5) == STATUS_OK);
    CHECK(store_journal_append(tx, STR("rr"), &id) == STATUS_OK);
    CHECK(id == 6); // Not 5 again.
    CHECK(store_journal_remove(tx, 2) == STATUS_OK);
    CHECK(store_journal_remove(tx, 2) == STATUS_OK);
}

static void check_journal(struct store_tx *tx)
{
    struct walk walk = {.limit = 8};
    CHECK(store_journal_each(tx, 0, 3, note, &walk) == STATUS_OK);
    CHECK(walk.count == 3 && walk.ids[0] == 1 && walk.ids[1] == 3 && walk.ids[2] == 4);
    walk.count = 0;
    CHECK(store_journal_each(tx, 4, 3, note, &walk) == STATUS_OK);
    CHECK(walk.count == 1 && walk.ids[0] == 6);
    walk = (struct walk){.limit = 1};
    CHECK(store_journal_each(tx, 0, 3, note, &walk) == STATUS_OVER_LIMIT && walk.count == 1);
}

STORE_TEST(the_journal_gives_back_what_was_not_removed_in_order_and_in_pieces)
{
    fixture_in_transaction(fixture, fill_journal);
    fixture_reopen(fixture);
    fixture_in_transaction(fixture, check_journal);
}
