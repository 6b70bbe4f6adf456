// Groups, streams and events: uniqueness, order, positions, hiding and removal in pieces, on every
// backend.

#include "base/random.h"
#include "store/log_table.h"
#include "store_fixture.h"

static int64_t create_group(struct store_tx *tx, const char *name, int32_t retention_days)
{
    struct store_log_group group = {.region = STR("r"), .name = str_from_c(name)};
    group.retention_days = retention_days;
    int64_t id = 0;
    CHECK(store_log_group_create(tx, &group, &id) == STATUS_OK);
    return id;
}

static int64_t create_stream(struct store_tx *tx, int64_t group_id, const char *name)
{
    int64_t id = 0;
    CHECK(store_log_stream_create(tx, group_id, str_from_c(name), 1, &id) == STATUS_OK);
    return id;
}

static void insert(struct store_tx *tx, int64_t group_id, int64_t stream_id, int64_t unix_ms)
{
    struct store_log_event event = {.stream_id = stream_id, .timestamp_unix_ms = unix_ms};
    event.message = STR("message");
    CHECK(store_log_event_insert(tx, group_id, &event) == STATUS_OK);
    struct store_log_note note = {.group_id = group_id, .stream_id = stream_id, .event_count = 1};
    note.stored_bytes = 7;
    note.first_event_unix_ms = note.last_event_unix_ms = unix_ms;
    CHECK(store_log_stream_note(tx, &note) == STATUS_OK);
}

struct collected {
    struct store_log_event events[2000];
    char names[32][16];
    size_t count, limit;
    int64_t stored_bytes;
};

static enum status collect_event(void *context, const struct store_log_event *event)
{
    struct collected *collected = context;
    if (collected->count == collected->limit) return STATUS_OVER_LIMIT;
    collected->events[collected->count++] = *event;
    return STATUS_OK;
}

static enum status collect_stream(void *context, const struct store_log_stream *stream)
{
    struct collected *collected = context;
    if (collected->count == collected->limit) return STATUS_OVER_LIMIT;
    snprintf(collected->names[collected->count++], 16, "%.*s", STR_ARGS(stream->name));
    return STATUS_OK;
}

static enum status collect_group(void *context, const struct store_log_group *group)
{
    struct collected *collected = context;
    snprintf(collected->names[collected->count++], 16, "%.*s", STR_ARGS(group->name));
    collected->stored_bytes = group->stored_bytes;
    return STATUS_OK;
}

static struct collected collected;

static size_t count_events(struct store_tx *tx, int64_t group_id)
{
    struct store_log_event_query query = {.group_id = group_id, .end_unix_ms = INT64_MAX};
    collected = (struct collected){.limit = 2000};
    CHECK(store_log_event_each(tx, &query, collect_event, &collected) == STATUS_OK);
    return collected.count;
}

// ---------------------------------------------------------------------------------------------

static void check_names(struct store_tx *tx)
{
    struct store_log_group group = {.region = STR("r"), .name = STR("b")};
    int64_t id, other;
    CHECK(store_log_group_create(tx, &group, &id) == STATUS_OK);
    CHECK(store_log_group_create(tx, &group, &other) == STATUS_CONFLICT);
    group.region = STR("q");
    CHECK(store_log_group_create(tx, &group, &other) == STATUS_OK);
    create_group(tx, "a", 0);
    create_group(tx, "c", 0);
    collected = (struct collected){0};
    CHECK(store_log_group_each(tx, STR("r"), STR("b"), collect_group, &collected) == STATUS_OK);
    CHECK(collected.count == 2 && collected.names[0][0] == 'b' && collected.names[1][0] == 'c');
    collected = (struct collected){0};
    CHECK(store_log_group_each(tx, (struct str){0}, STR(""), collect_group, &collected) ==
          STATUS_OK);
    CHECK(collected.count == 4);

    CHECK(store_log_stream_create(tx, id, STR("s"), 1, &other) == STATUS_OK);
    CHECK(store_log_stream_create(tx, id, STR("s"), 1, &other) == STATUS_CONFLICT);
    CHECK(store_log_stream_create(tx, 999, STR("s"), 1, &other) == STATUS_NOT_FOUND);
    CHECK(store_log_group_set_retention(tx, 999, 1) == STATUS_NOT_FOUND);
    CHECK(store_log_group_delete(tx, id, 5) == STATUS_OK);
    CHECK(store_log_group_delete(tx, id, 5) == STATUS_NOT_FOUND);
    group.region = STR("r");
    CHECK(store_log_group_create(tx, &group, &other) == STATUS_OK && other != id);
}

STORE_TEST(names_are_unique_within_region_and_group_until_deleted)
{
    fixture_in_transaction(fixture, check_names);
}

static void check_pages(struct store_tx *tx)
{
    int64_t group = create_group(tx, "g", 0), neighbour = create_group(tx, "h", 0);
    int64_t streams[] = {create_stream(tx, group, "s"), create_stream(tx, group, "t")};
    int64_t foreign = create_stream(tx, neighbour, "s");
    struct random random;
    random_init_seed(&random, 3);
    for (int i = 0; i < 600; i++) {
        int64_t unix_ms = 1000 + (int64_t)(random_u64(&random) % 40);
        insert(tx, group, streams[random_u64(&random) % 2], unix_ms);
        insert(tx, neighbour, foreign, unix_ms);
    }
    static struct collected whole;
    for (int variant = 0; variant < 4; variant++) {
        struct store_log_event_query query = {.group_id = group};
        query.start_unix_ms = 1005;
        query.end_unix_ms = 1035;
        query.is_backwards = variant & 1;
        query.stream_id = variant & 2 ? streams[1] : 0;
        whole = (struct collected){.limit = 2000};
        CHECK(store_log_event_each(tx, &query, collect_event, &whole) == STATUS_OK);
        CHECK(whole.count > 150);
        size_t total = 0;
        for (;;) {
            collected = (struct collected){.limit = 1 + random_u64(&random) % 30};
            enum status status = store_log_event_each(tx, &query, collect_event, &collected);
            for (size_t i = 0; i < collected.count; i++, total++) {
                CHECK(total < whole.count && whole.events[total].id == collected.events[i].id);
                CHECK(collected.events[i].timestamp_unix_ms >= 1005);
                CHECK(collected.events[i].timestamp_unix_ms < 1035);
            }
            if (status == STATUS_OK) break;
            query.has_position = true;
            query.position_unix_ms = collected.events[collected.count - 1].timestamp_unix_ms;
            query.position_id = collected.events[collected.count - 1].id;
        }
        CHECK(total == whole.count);
        for (size_t i = 1; i < whole.count; i++) {
            bool is_down = query.is_backwards;
            const struct store_log_event *a = &whole.events[is_down ? i : i - 1];
            const struct store_log_event *b = &whole.events[is_down ? i - 1 : i];
            CHECK(a->timestamp_unix_ms < b->timestamp_unix_ms ||
                  (a->timestamp_unix_ms == b->timestamp_unix_ms && a->id < b->id));
        }
    }
}

STORE_TEST(pages_of_events_make_up_the_whole_in_order_both_ways)
{
    fixture_in_transaction(fixture, check_pages);
}

static void check_streams(struct store_tx *tx)
{
    int64_t group = create_group(tx, "g", 0);
    static const char *const names[] = {"b", "a", "d", "c"};
    static const int64_t times[] = {20, 10, 0, 20}; // 0: no event.
    for (int i = 0; i < 4; i++) {
        int64_t id = create_stream(tx, group, names[i]);
        if (times[i] != 0) insert(tx, group, id, times[i]);
    }
    static const char *const orders[] = {"abcd", "dcba", "dabc", "cbad"};
    for (int variant = 0; variant < 4; variant++) {
        struct store_log_stream_query query = {.group_id = group};
        query.is_descending = variant & 1;
        query.is_by_last_event = variant & 2;
        char seen[5] = "";
        for (int i = 0; i < 4; i++) {
            collected = (struct collected){.limit = 1};
            enum status status = store_log_stream_each(tx, &query, collect_stream, &collected);
            REQUIRE(collected.count == 1);
            CHECK(status == (i == 3 ? STATUS_OK : STATUS_OVER_LIMIT));
            seen[i] = collected.names[0][0];
            struct str name = {&seen[i], 1};
            struct store_log_stream stream;
            CHECK(store_log_stream_find(tx, group, name, NULL, &stream) == STATUS_OK);
            // The next name is the same with a NUL behind it; `seen` has one there.
            query.bound_name = (struct str){&seen[i], query.is_descending ? 1 : 2};
            query.has_position = true;
            query.position_last_unix_ms = stream.event_count == 0 ? -1 : stream.last_event_unix_ms;
            query.position_id = stream.id;
        }
        CHECK_STR(str_from_c(seen), str_from_c(orders[variant]));
    }
}

STORE_TEST(streams_come_by_name_or_by_last_event_both_ways_page_by_page)
{
    fixture_in_transaction(fixture, check_streams);
}

static void check_purge(struct store_tx *tx)
{
    enum { DAY = 86400000 };
    int64_t kept = create_group(tx, "kept", 3), gone = create_group(tx, "gone", 0);
    int64_t old = create_stream(tx, kept, "old"), other = create_stream(tx, kept, "other");
    int64_t doomed = create_stream(tx, gone, "doomed");
    for (int i = 0; i < 50; i++) {
        insert(tx, kept, old, i);             // Expired at 10 days.
        insert(tx, kept, other, 9 * DAY + i); // Not yet.
        insert(tx, kept, old, 9 * DAY + i);
        insert(tx, gone, doomed, 9 * DAY + i);
    }
    CHECK(store_log_group_delete(tx, gone, 1) == STATUS_OK);
    CHECK(count_events(tx, kept) == 150);
    uint32_t removed = 0, total = 0, rounds = 0;
    do {
        CHECK(store_log_purge(tx, 10 * (int64_t)DAY, 30, &removed) == STATUS_OK);
        total += removed;
        rounds++;
    } while (removed == 30);
    CHECK(total == 100 && rounds == 4);
    CHECK(count_events(tx, kept) == 100);
    CHECK(count_events(tx, gone) == 0);
    collected = (struct collected){0};
    CHECK(store_log_group_each(tx, STR("r"), STR(""), collect_group, &collected) == STATUS_OK);
    CHECK(collected.count == 1 && collected.stored_bytes == 700);

    CHECK(store_log_stream_delete(tx, kept, STR("old"), 1) == STATUS_OK);
    CHECK(store_log_stream_delete(tx, kept, STR("old"), 1) == STATUS_NOT_FOUND);
    struct str name;
    CHECK(store_log_stream_name(tx, old, NULL, &name) == STATUS_NOT_FOUND);
    CHECK(store_log_purge(tx, 10 * (int64_t)DAY, 1000, &removed) == STATUS_OK);
    CHECK(removed == 50 && count_events(tx, kept) == 50);
}

STORE_TEST(expired_and_deleted_events_are_removed_in_pieces_and_no_others)
{
    fixture_in_transaction(fixture, check_purge);
}
