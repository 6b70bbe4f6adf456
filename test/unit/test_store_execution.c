// Executions, steps, definitions and snapshots, on every backend.

#include <inttypes.h>

#include "base/random.h"
#include "store/execution.h"
#include "store_fixture.h"

#define MACHINE STR("arn:aws:states:us-east-1:000000000000:stateMachine:Orders")
#define OTHER   STR("arn:aws:states:us-east-1:000000000000:stateMachine:Other")
#define MAP_RUN STR("arn:aws:states:us-east-1:000000000000:mapRun:Orders/Each:1")

static const int64_t hour = INT64_C(3600000) << 20; // As an id counts time.

// ---------------------------------------------------------------------------------------------
// The functions as tasks

static enum status put_and_insert(struct store_tx *tx, void *context)
{
    const struct store_execution *execution = context;
    enum status status = store_definition_put(tx, execution->definition_key, STR("{\"a\":1}"));
    return status == STATUS_OK ? store_execution_insert(tx, execution) : status;
}

static enum status insert(struct store_tx *tx, void *context)
{
    return store_execution_insert(tx, context);
}

static enum status update(struct store_tx *tx, void *context)
{
    return store_execution_update(tx, context);
}

static enum status append(struct store_tx *tx, void *context)
{
    return store_step_append(tx, context);
}

static enum status put_snapshot(struct store_tx *tx, void *context)
{
    return store_snapshot_put(tx, context);
}

struct look {
    struct arena *arena;
    struct str state_machine_arn, name; // One of these
    int64_t id;                         // or this.
    struct store_execution execution;
    struct store_snapshot snapshot;
    struct str body;
    int64_t count;
};

static enum status find(struct store_tx *tx, void *context)
{
    struct look *look = context;
    if (look->id != 0) return store_execution_get(tx, look->id, look->arena, &look->execution);
    return store_execution_find(tx, look->state_machine_arn, look->name, look->arena,
                                &look->execution);
}

static enum status get_definition(struct store_tx *tx, void *context)
{
    struct look *look = context;
    return store_definition_get(tx, look->name, look->arena, &look->body);
}

static enum status get_snapshot(struct store_tx *tx, void *context)
{
    struct look *look = context;
    return store_snapshot_get(tx, look->id, look->arena, &look->snapshot);
}

static enum status count_open(struct store_tx *tx, void *context)
{
    struct look *look = context;
    return store_execution_count_open(tx, look->state_machine_arn, &look->count);
}

static enum status last_id(struct store_tx *tx, void *context)
{
    return store_execution_last_id(tx, context);
}

static struct store_execution make(int64_t id, const char *name, const char *status)
{
    return (struct store_execution){
        .id = id,
        .state_machine_arn = MACHINE,
        .name = str_from_c(name),
        .definition_key = STR("first"),
        .status = str_from_c(status),
        .started_unix_ms = id >> 20,
        .stopped_unix_ms = (id >> 20) + 5,
        .input = STR("{\"order\":7}"),
        .item_count = -1,
    };
}

static enum status add(struct store_fixture *fixture, struct store_execution execution)
{
    return fixture_run(fixture, STORE_DURABLE, put_and_insert, &execution);
}

static enum status get(struct store_fixture *fixture, int64_t id,
                       struct store_execution *ret_execution)
{
    struct look look = {.arena = &fixture->arena, .id = id};
    enum status status = fixture_run(fixture, STORE_READ, find, &look);
    *ret_execution = look.execution;
    return status;
}

// What a walk saw: ids, or "first event+count".
struct walk {
    struct store_execution_query query;
    int64_t id, after;
    uint32_t count_max;
    bool is_reversed;
    size_t stop_after; // 0: never.
    int64_t ids[64];
    size_t count;
};

static enum status note(struct walk *walk, int64_t id)
{
    if (walk->count < ARRAY_COUNT(walk->ids)) walk->ids[walk->count] = id;
    walk->count++;
    return walk->stop_after == walk->count ? STATUS_OVER_LIMIT : STATUS_OK;
}

static enum status note_execution(void *context, const struct store_execution *execution)
{
    return note(context, execution->id);
}

static enum status note_step(void *context, const struct store_step *step)
{
    return note(context, step->number);
}

static enum status note_snapshot(void *context, const struct store_snapshot *snapshot)
{
    return note(context, snapshot->execution_id);
}

static enum status list(struct store_tx *tx, void *context)
{
    struct walk *walk = context;
    return store_execution_list(tx, &walk->query, note_execution, walk);
}

static enum status each_open(struct store_tx *tx, void *context)
{
    struct walk *walk = context;
    return store_execution_each_open(tx, walk->after, walk->count_max, note_execution, walk);
}

static enum status each_step(struct store_tx *tx, void *context)
{
    struct walk *walk = context;
    return store_step_each(tx, walk->id, walk->after, note_step, walk);
}

static enum status each_history(struct store_tx *tx, void *context)
{
    struct walk *walk = context;
    return store_step_each_history(tx, walk->id, walk->after, walk->is_reversed, note_step, walk);
}

static enum status each_snapshot(struct store_tx *tx, void *context)
{
    struct walk *walk = context;
    return store_snapshot_each(tx, walk->after, walk->count_max, note_snapshot, walk);
}

// Check that a walk sees these numbers, written as "3 2 1".
static void check_walk(struct store_fixture *fixture, int line,
                       enum status (*run)(struct store_tx *tx, void *context), struct walk walk,
                       const char *expected)
{
    char text[512] = "";
    size_t size = 0;
    enum status status = fixture_run(fixture, STORE_READ, run, &walk);
    if (status != STATUS_OK && !(walk.stop_after > 0 && status == STATUS_OVER_LIMIT)) {
        test_fail(__FILE__, line, "%s: %s", fixture->backend->name, status_name(status));
    }
    for (size_t i = 0; i < walk.count && i < ARRAY_COUNT(walk.ids); i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size,
                                 i == 0 ? "%" PRId64 : " %" PRId64, walk.ids[i]);
    if (strcmp(text, expected) != 0) {
        test_fail(__FILE__, line, "%s: \"%s\" instead of \"%s\"", fixture->backend->name, text,
                  expected);
    }
}
#define CHECK_WALK(run, expected, ...)                                                             \
    check_walk(fixture, __LINE__, run, (struct walk){__VA_ARGS__}, expected)

// ---------------------------------------------------------------------------------------------
// Executions

STORE_TEST(an_execution_is_found_by_name_and_by_id_with_all_it_was_given)
{
    struct store_execution execution = make(7 << 20, "first", "RUNNING");
    execution.version_arn = STR("version");
    execution.alias_arn = STR("alias");
    execution.map_run_arn = MAP_RUN;
    execution.trace_header = STR("trace");
    execution.item_count = 3;
    execution.is_express = true;
    CHECK(add(fixture, execution) == STATUS_OK);
    fixture_reopen(fixture);
    struct look look = {
        .arena = &fixture->arena, .state_machine_arn = MACHINE, .name = STR("first")};
    REQUIRE(fixture_run(fixture, STORE_READ, find, &look) == STATUS_OK);
    const struct store_execution *found = &look.execution;
    CHECK(found->id == 7 << 20 && found->started_unix_ms == 7);
    CHECK_STR(found->state_machine_arn, MACHINE);
    CHECK_STR(found->name, STR("first"));
    CHECK_STR(found->definition_key, STR("first"));
    CHECK_STR(found->status, STR("RUNNING"));
    CHECK_STR(found->version_arn, STR("version"));
    CHECK_STR(found->alias_arn, STR("alias"));
    CHECK_STR(found->map_run_arn, MAP_RUN);
    CHECK_STR(found->trace_header, STR("trace"));
    CHECK_STR(found->input, STR("{\"order\":7}"));
    CHECK(found->output.data == NULL && found->error.data == NULL && found->cause.data == NULL);
    CHECK(found->item_count == 3 && found->is_express && found->redrive_count == 0);
    look.id = 7 << 20;
    CHECK(fixture_run(fixture, STORE_READ, find, &look) == STATUS_OK);
    look.id = 8 << 20;
    CHECK(fixture_run(fixture, STORE_READ, find, &look) == STATUS_NOT_FOUND);
    look =
        (struct look){.arena = &fixture->arena, .state_machine_arn = OTHER, .name = STR("first")};
    CHECK(fixture_run(fixture, STORE_READ, find, &look) == STATUS_NOT_FOUND);
}

STORE_TEST(what_is_absent_stays_apart_from_what_is_empty)
{
    struct store_execution execution = make(1, "a", "FAILED"), found;
    execution.error = STR("");
    execution.cause = STR("");
    CHECK(add(fixture, execution) == STATUS_OK);
    CHECK(get(fixture, 1, &found) == STATUS_OK);
    CHECK(found.error.data != NULL && found.error.size == 0 && found.cause.data != NULL);
    CHECK(found.output.data == NULL);
    CHECK(found.version_arn.size == 0 && found.trace_header.size == 0 && found.item_count == -1);
}

STORE_TEST(a_name_is_taken_once_per_state_machine)
{
    struct store_execution execution = make(1, "a", "SUCCEEDED");
    CHECK(add(fixture, execution) == STATUS_OK);
    execution.id = 2;
    CHECK(add(fixture, execution) == STATUS_CONFLICT);
    execution.state_machine_arn = OTHER;
    CHECK(add(fixture, execution) == STATUS_OK);
    execution.name = STR("b");
    CHECK(add(fixture, execution) == STATUS_CONFLICT); // The id is taken.
    CHECK(get(fixture, 2, &execution) == STATUS_OK);
    CHECK_STR(execution.state_machine_arn, OTHER);
}

STORE_TEST(an_execution_of_an_unknown_definition_is_refused_and_nothing_stays_of_it)
{
    struct store_execution execution = make(1, "a", "RUNNING");
    CHECK(fixture_run(fixture, STORE_DURABLE, insert, &execution) == STATUS_NOT_FOUND);
    int64_t id = -1;
    CHECK(fixture_run(fixture, STORE_READ, last_id, &id) == STATUS_OK && id == 0);
    CHECK(add(fixture, execution) == STATUS_OK);
    CHECK(fixture_run(fixture, STORE_READ, last_id, &id) == STATUS_OK && id == 1);
}

STORE_TEST(an_end_is_written_and_removes_the_snapshot_and_a_redrive_opens_it_again)
{
    struct store_execution execution = make(1, "a", "RUNNING"), found;
    CHECK(add(fixture, execution) == STATUS_OK);
    struct store_snapshot snapshot = {1, 1, 99, STR("s")};
    CHECK(fixture_run(fixture, STORE_DURABLE, put_snapshot, &snapshot) == STATUS_OK);
    execution.status = STR("FAILED");
    execution.error = STR("E");
    execution.cause = STR("C");
    execution.stopped_unix_ms = 12;
    execution.history_count = 4;
    CHECK(fixture_run(fixture, STORE_DURABLE, update, &execution) == STATUS_OK);
    struct look look = {.arena = &fixture->arena, .id = 1};
    CHECK(fixture_run(fixture, STORE_READ, get_snapshot, &look) == STATUS_NOT_FOUND);
    CHECK(get(fixture, 1, &found) == STATUS_OK);
    CHECK_STR(found.error, STR("E"));
    CHECK(found.stopped_unix_ms == 12 && found.history_count == 4 && found.output.data == NULL);
    execution = make(1, "ignored", "RUNNING");
    execution.redrive_count = 1;
    execution.redriven_unix_ms = 20;
    CHECK(fixture_run(fixture, STORE_DURABLE, update, &execution) == STATUS_OK);
    execution.status = STR("SUCCEEDED");
    execution.output = STR("[]");
    CHECK(fixture_run(fixture, STORE_DURABLE, update, &execution) == STATUS_OK);
    CHECK(get(fixture, 1, &found) == STATUS_OK);
    CHECK_STR(found.name, STR("a"));
    CHECK_STR(found.output, STR("[]"));
    CHECK(found.redrive_count == 1 && found.redriven_unix_ms == 20 && found.error.data == NULL);
    execution.id = 2;
    CHECK(fixture_run(fixture, STORE_DURABLE, update, &execution) == STATUS_NOT_FOUND);
}

// ---------------------------------------------------------------------------------------------
// Walks

static void add_some(struct store_fixture *fixture)
{
    static const char *const statuses[] = {"RUNNING",   "SUCCEEDED", "FAILED",
                                           "TIMED_OUT", "SUCCEEDED", "FAILED"};
    static const char *const names[] = {"1", "2", "3", "4", "5", "6"};
    for (int i = 0; i < 6; i++) {
        struct store_execution execution = make(i + 1, names[i], statuses[i]);
        if (i >= 4) execution.version_arn = STR("v");
        if (i >= 5) execution.alias_arn = STR("a");
        if (i == 2) execution.redrive_count = 1;
        CHECK(add(fixture, execution) == STATUS_OK);
        execution.id = i + 11;
        execution.state_machine_arn = OTHER;
        if (i > 1) execution.map_run_arn = MAP_RUN;
        CHECK(add(fixture, execution) == STATUS_OK);
    }
}

STORE_TEST(a_list_has_what_matches_newest_first)
{
    add_some(fixture);
    fixture_reopen(fixture);
#define LIST(expected, ...)                                                                        \
    CHECK_WALK(list, expected, .query = {.before_id = INT64_MAX, __VA_ARGS__})
    LIST("6 5 4 3 2 1", .state_machine_arn = MACHINE);
    LIST("16 15 14 13 12 11", .state_machine_arn = OTHER);
    LIST("16 15 14 13", .map_run_arn = MAP_RUN);
    LIST("16 13", .map_run_arn = MAP_RUN, .status = STR("FAILED"));
    LIST("", .map_run_arn = STR("unknown"));
    LIST("", .state_machine_arn = STR("unknown"));
    LIST("1", .state_machine_arn = MACHINE, .status = STR("RUNNING"));
    LIST("5 2", .state_machine_arn = MACHINE, .status = STR("SUCCEEDED"));
    LIST("6 3", .state_machine_arn = MACHINE, .status = STR("FAILED"));
    LIST("4", .state_machine_arn = MACHINE, .status = STR("TIMED_OUT"));
    LIST("", .state_machine_arn = MACHINE, .status = STR("ABORTED"));
    LIST("6 5", .state_machine_arn = MACHINE, .version_arn = STR("v"));
    LIST("6", .state_machine_arn = MACHINE, .alias_arn = STR("a"));
    LIST("3", .state_machine_arn = MACHINE, .redriven = 1);
    LIST("6", .state_machine_arn = MACHINE, .redriven = -1, .status = STR("FAILED"));
    CHECK_WALK(list, "3 2 1", .query = {.state_machine_arn = MACHINE, .before_id = 4});
    CHECK_WALK(list, "3", .query = {.state_machine_arn = MACHINE, .before_id = 4}, .stop_after = 1);
}

static enum status insert_many(struct store_tx *tx, void *context)
{
    (void)context;
    enum status status = STATUS_OK;
    char name[16];
    for (int i = 0; i < STORE_EXECUTION_LOOK_MAX && status == STATUS_OK; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        struct store_execution execution = make(100 + i, name, "FAILED");
        status = store_execution_insert(tx, &execution);
    }
    return status;
}

STORE_TEST(a_bounded_list_says_where_to_go_on)
{
    add_some(fixture);
    int64_t next = -1;
    CHECK_WALK(list, "6 5",
               .query = {.state_machine_arn = MACHINE,
                         .before_id = INT64_MAX,
                         .ret_next_before_id = &next},
               .stop_after = 2);
    CHECK(next == 5);
    CHECK_WALK(
        list, "4 3 2 1",
        .query = {.state_machine_arn = MACHINE, .before_id = next, .ret_next_before_id = &next});
    CHECK(next == 0);
    CHECK(fixture_run(fixture, STORE_DURABLE, insert_many, NULL) == STATUS_OK);
    CHECK_WALK(list, "",
               .query = {.state_machine_arn = MACHINE,
                         .before_id = INT64_MAX,
                         .version_arn = STR("v"),
                         .ret_next_before_id = &next});
    CHECK(next == 100);
    CHECK_WALK(list, "6 5",
               .query = {.state_machine_arn = MACHINE,
                         .before_id = next,
                         .version_arn = STR("v"),
                         .ret_next_before_id = &next});
    CHECK(next == 0);
}

STORE_TEST(open_executions_are_those_that_run_do_not_sleep_and_have_steps)
{
    for (int i = 1; i <= 6; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        struct store_execution execution = make(i, name, i == 2 ? "SUCCEEDED" : "RUNNING");
        execution.is_express = i == 3;
        if (i == 6) execution.state_machine_arn = OTHER;
        CHECK(add(fixture, execution) == STATUS_OK);
    }
    struct store_snapshot snapshot = {4, 1, 99, STR("s")};
    CHECK(fixture_run(fixture, STORE_DURABLE, put_snapshot, &snapshot) == STATUS_OK);
    fixture_reopen(fixture);
    CHECK_WALK(each_open, "1 5 6", .count_max = 10);
    CHECK_WALK(each_open, "1 5", .count_max = 2);
    CHECK_WALK(each_open, "6", .count_max = 2, .after = 5);
    struct look look = {.arena = &fixture->arena};
    CHECK(fixture_run(fixture, STORE_READ, count_open, &look) == STATUS_OK && look.count == 5);
    look.state_machine_arn = MACHINE;
    CHECK(fixture_run(fixture, STORE_READ, count_open, &look) == STATUS_OK && look.count == 4);
    look.state_machine_arn = STR("unknown");
    CHECK(fixture_run(fixture, STORE_READ, count_open, &look) == STATUS_OK && look.count == 0);
}

// ---------------------------------------------------------------------------------------------
// Steps

STORE_TEST(a_step_number_is_taken_once)
{
    struct store_step step = {1, 1, STR("[]"), 1, 0, STR("[]")};
    CHECK(fixture_run(fixture, STORE_DURABLE, append, &step) == STATUS_OK);
    CHECK(fixture_run(fixture, STORE_DURABLE, append, &step) == STATUS_CONFLICT);
    step.execution_id = 2;
    CHECK(fixture_run(fixture, STORE_DURABLE, append, &step) == STATUS_OK);
}

static enum status check_step(void *context, const struct store_step *step)
{
    int *count = context;
    CHECK(step->execution_id == 5 && step->number == 2 && step->first_event_id == 8);
    CHECK(step->event_count == 2);
    CHECK_STR(step->causes, STR("[\"cause\"]"));
    CHECK(step->events.size == 0 && step->data.size == 0);
    ++*count;
    return STATUS_OK;
}

static enum status check_events(void *context, const struct store_step *step)
{
    int *count = context;
    CHECK(step->number == 2 && step->first_event_id == 8 && step->event_count == 2);
    CHECK_STR(step->causes, STR("[\"cause\"]"));
    CHECK_STR(step->events, STR("[{},{}]"));
    CHECK_STR(step->data, STR("[7]"));
    ++*count;
    return STATUS_OK;
}

static enum status check_steps(struct store_tx *tx, void *context)
{
    enum status status = store_step_each(tx, 5, 1, check_step, context);
    if (status != STATUS_OK) return status;
    return store_step_each_history(tx, 5, 9, false, check_events, context);
}

STORE_TEST(steps_come_back_as_they_were_appended_and_in_order)
{
    struct store_step steps[] = {
        {5, 1, STR("[]"), 1, 7, STR("[1]")},
        {6, 1, STR("[]"), 1, 1, STR("[1]")},
        {5, 2, STR("[\"cause\"]"), 8, 2, STR("[{},{}]"), STR("[7]")},
    };
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++)
        CHECK(fixture_run(fixture, STORE_DURABLE, append, &steps[i]) == STATUS_OK);
    fixture_reopen(fixture);
    int count = 0;
    CHECK(fixture_run(fixture, STORE_READ, check_steps, &count) == STATUS_OK && count == 2);
    CHECK_WALK(each_step, "1 2", .id = 5);
    CHECK_WALK(each_step, "1", .id = 5, .stop_after = 1);
    CHECK_WALK(each_step, "2", .id = 5, .after = 1);
    CHECK_WALK(each_step, "", .id = 5, .after = 2);
    CHECK_WALK(each_step, "", .id = 7);
}

STORE_TEST(history_begins_with_the_step_that_holds_the_event_in_both_directions)
{
    // Events 1-3 in step 1, none in 2, 4 in 3, none in 4 and 5, 5-6 in 6, none in 7.
    static const int64_t counts[] = {3, 0, 1, 0, 0, 2, 0};
    int64_t first_event_id = 1;
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct store_step step = {9,         (int64_t)i + 1, STR("[]"), first_event_id,
                                  counts[i], STR("[]")};
        CHECK(fixture_run(fixture, STORE_DURABLE, append, &step) == STATUS_OK);
        first_event_id += counts[i];
    }
    static const char *const forwards[] = {"1 3 6", "1 3 6", "1 3 6", "1 3 6", "3 6",
                                           "6",     "6",     "",      ""};
    static const char *const backwards[] = {"",      "1",     "1",     "1",    "3 1",
                                            "6 3 1", "6 3 1", "6 3 1", "6 3 1"};
    for (int64_t event_id = 0; event_id < 9; event_id++) {
        CHECK_WALK(each_history, forwards[event_id], .id = 9, .after = event_id);
        CHECK_WALK(each_history, backwards[event_id], .id = 9, .after = event_id,
                   .is_reversed = true);
    }
    CHECK_WALK(each_history, "6 3 1", .id = 9, .after = INT64_MAX, .is_reversed = true);
    CHECK_WALK(each_history, "", .id = 10, .after = 1);
    CHECK_WALK(each_history, "", .id = 10, .after = INT64_MAX, .is_reversed = true);
}

// ---------------------------------------------------------------------------------------------
// Snapshots

static enum status remove_snapshot(struct store_tx *tx, void *context)
{
    return store_snapshot_remove(tx, *(const int64_t *)context);
}

STORE_TEST(a_snapshot_is_replaced_read_walked_over_and_removed)
{
    struct store_snapshot snapshots[] = {
        {3, 1, 99, STR("old")}, {3, 2, INT64_MAX, STR("new")}, {4, 1, 5, STR("x")}};
    for (size_t i = 0; i < ARRAY_COUNT(snapshots); i++)
        CHECK(fixture_run(fixture, STORE_DURABLE, put_snapshot, &snapshots[i]) == STATUS_OK);
    fixture_reopen(fixture);
    struct look look = {.arena = &fixture->arena, .id = 3};
    CHECK(fixture_run(fixture, STORE_READ, get_snapshot, &look) == STATUS_OK);
    CHECK(look.snapshot.step_number == 2 && look.snapshot.wakes_unix_ms == INT64_MAX);
    CHECK_STR(look.snapshot.state, STR("new"));
    CHECK_WALK(each_snapshot, "3 4", .count_max = 9);
    CHECK_WALK(each_snapshot, "3", .count_max = 1);
    CHECK_WALK(each_snapshot, "4", .count_max = 9, .after = 3);
    int64_t id = 3;
    CHECK(fixture_run(fixture, STORE_DURABLE, remove_snapshot, &id) == STATUS_OK);
    CHECK(fixture_run(fixture, STORE_DURABLE, remove_snapshot, &id) == STATUS_OK);
    CHECK(fixture_run(fixture, STORE_READ, get_snapshot, &look) == STATUS_NOT_FOUND);
}

// ---------------------------------------------------------------------------------------------
// Definitions, and removal

STORE_TEST(a_definition_is_kept_as_it_was_first_put)
{
    struct store_execution execution = make(1, "a", "RUNNING");
    execution.definition_key = STR("k");
    CHECK(add(fixture, execution) == STATUS_OK);
    fixture_reopen(fixture);
    struct look look = {.arena = &fixture->arena, .name = STR("k")};
    CHECK(fixture_run(fixture, STORE_READ, get_definition, &look) == STATUS_OK);
    CHECK_STR(look.body, STR("{\"a\":1}"));
    look.name = STR("other");
    CHECK(fixture_run(fixture, STORE_READ, get_definition, &look) == STATUS_NOT_FOUND);
}

static enum status put_then_fail(struct store_tx *tx, void *context)
{
    enum status status = put_and_insert(tx, context);
    return status == STATUS_OK ? STATUS_INVALID : status;
}

STORE_TEST(nothing_is_left_of_a_task_that_failed_not_even_in_memory)
{
    struct store_execution execution = make(1, "a", "RUNNING");
    CHECK(fixture_run(fixture, STORE_DURABLE, put_then_fail, &execution) == STATUS_INVALID);
    CHECK(fixture_run(fixture, STORE_DURABLE, insert, &execution) == STATUS_NOT_FOUND);
    CHECK(add(fixture, execution) == STATUS_OK);
    fixture_reopen(fixture);
    CHECK(get(fixture, 1, &execution) == STATUS_OK);
}

struct purge {
    int64_t stopped_before_unix_ms, after_id;
    uint32_t count_max;
    bool is_done;
};

static enum status purge_piece(struct store_tx *tx, void *context)
{
    struct purge *purge = context;
    return store_execution_purge(tx, purge->stopped_before_unix_ms, purge->count_max,
                                 &purge->after_id, &purge->is_done);
}

static int purge_all(struct store_fixture *fixture, int64_t stopped_before_unix_ms,
                     uint32_t count_max)
{
    struct purge purge = {.stopped_before_unix_ms = stopped_before_unix_ms, .count_max = count_max};
    int count = 0;
    for (; !purge.is_done && count < 1000; count++) {
        if (fixture_run(fixture, STORE_LAZY, purge_piece, &purge) != STATUS_OK) return -1;
    }
    return count;
}

STORE_TEST(a_purge_removes_what_ended_before_with_its_steps_and_definitions)
{
    static const char *const keys[] = {"k0", "k1", "k2", "k3", "k4", "k5"};
    for (int64_t i = 1; i <= 5; i++) {
        struct store_execution execution =
            make(i * 2 * hour, keys[i], i == 2 ? "RUNNING" : "FAILED");
        execution.definition_key = str_from_c(keys[i]);
        if (i == 3) execution.map_run_arn = MAP_RUN;
        CHECK(add(fixture, execution) == STATUS_OK);
        struct store_step step = {execution.id, 1, STR("[]"), 1, 1, STR("[]")};
        CHECK(fixture_run(fixture, STORE_DURABLE, append, &step) == STATUS_OK);
    }
    CHECK(purge_all(fixture, 0, 2) == 1);
    CHECK_WALK(each_step, "1", .id = 2 * hour);
    CHECK(purge_all(fixture, (5 * 2 * hour) >> 20, 2) >= 2); // Before the fifth started.
    fixture_reopen(fixture);
    struct store_execution found;
    CHECK(get(fixture, 1 * 2 * hour, &found) == STATUS_NOT_FOUND);
    CHECK(get(fixture, 2 * 2 * hour, &found) == STATUS_OK);
    CHECK(get(fixture, 3 * 2 * hour, &found) == STATUS_NOT_FOUND);
    CHECK(get(fixture, 4 * 2 * hour, &found) == STATUS_NOT_FOUND);
    CHECK(get(fixture, 5 * 2 * hour, &found) == STATUS_OK);
    CHECK_WALK(each_step, "", .id = 2 * hour);
    CHECK_WALK(each_step, "1", .id = 4 * hour);
    CHECK_WALK(each_step, "", .id = 6 * hour);
    CHECK_WALK(each_step, "1", .id = 10 * hour);
    struct look look = {.arena = &fixture->arena, .name = STR("k1")};
    CHECK(fixture_run(fixture, STORE_READ, get_definition, &look) == STATUS_NOT_FOUND);
    look.name = STR("k2");
    CHECK(fixture_run(fixture, STORE_READ, get_definition, &look) == STATUS_OK);
    // The name is free again.
    struct store_execution again = make(11 * hour, keys[1], "RUNNING");
    CHECK(add(fixture, again) == STATUS_OK);
}

static enum status append_many(struct store_tx *tx, void *context)
{
    enum status status = STATUS_OK;
    for (int64_t i = 1; i <= 5000 && status == STATUS_OK; i++) {
        struct store_step step = {*(const int64_t *)context, i, STR("[]"), i, 1, STR("[]")};
        status = store_step_append(tx, &step);
    }
    return status;
}

STORE_TEST(a_purge_of_a_long_execution_goes_in_pieces)
{
    struct store_execution execution = make(1 << 20, "long", "SUCCEEDED");
    CHECK(add(fixture, execution) == STATUS_OK);
    CHECK(fixture_run(fixture, STORE_DURABLE, append_many, &execution.id) == STATUS_OK);
    struct purge purge = {.stopped_before_unix_ms = 1000, .count_max = 10};
    CHECK(fixture_run(fixture, STORE_LAZY, purge_piece, &purge) == STATUS_OK);
    CHECK(!purge.is_done && purge.after_id == 0);
    struct store_execution found;
    CHECK(get(fixture, execution.id, &found) == STATUS_OK); // Until its last step has gone.
    CHECK_WALK(each_step, "1", .id = execution.id, .stop_after = 1);
    CHECK(purge_all(fixture, 1000, 10) > 1);
    CHECK(get(fixture, execution.id, &found) == STATUS_NOT_FOUND);
    CHECK_WALK(each_step, "", .id = execution.id);
}

// ---------------------------------------------------------------------------------------------
// All of it against a model

enum { MODEL_COUNT_MAX = 200 };

struct model_execution {
    int machine, name;
    const char *status;
    bool is_asleep;
    int64_t step_count;
};

struct model {
    struct random random;
    struct model_execution executions[MODEL_COUNT_MAX + 1]; // By id; 0 is none.
    int64_t count;
};

static const char *const model_statuses[] = {"RUNNING", "RUNNING",   "SUCCEEDED",
                                             "FAILED",  "TIMED_OUT", "ABORTED"};

static uint32_t below(struct model *model, uint32_t bound)
{
    return (uint32_t)(random_u64(&model->random) % bound);
}

static struct str model_machine(int machine)
{
    return machine == 0 ? MACHINE : OTHER;
}

static bool is_running(const struct model_execution *execution)
{
    return strcmp(execution->status, "RUNNING") == 0;
}

static void model_add(struct model *model, struct store_tx *tx)
{
    if (model->count == MODEL_COUNT_MAX) return;
    struct model_execution next = {.machine = (int)below(model, 2), .name = (int)below(model, 150)};
    next.status = model_statuses[below(model, ARRAY_COUNT(model_statuses))];
    bool is_taken = false;
    for (int64_t id = 1; id <= model->count; id++) {
        const struct model_execution *other = &model->executions[id];
        is_taken |= other->machine == next.machine && other->name == next.name;
    }
    char name[16];
    snprintf(name, sizeof(name), "n%d", next.name);
    struct store_execution execution = make(model->count + 1, name, next.status);
    execution.state_machine_arn = model_machine(next.machine);
    enum status status = put_and_insert(tx, &execution);
    CHECK(status == (is_taken ? STATUS_CONFLICT : STATUS_OK));
    if (status == STATUS_OK) model->executions[++model->count] = next;
}

static void model_change(struct model *model, struct store_tx *tx)
{
    if (model->count == 0) return;
    int64_t id = 1 + below(model, (uint32_t)model->count);
    struct model_execution *execution = &model->executions[id];
    struct store_step step = {id, execution->step_count + 1, STR("[]"), 1, 1, STR("[]")};
    struct store_snapshot snapshot = {id, execution->step_count + 1, 5, STR("s")};
    struct store_execution changed = make(id, "", model_statuses[below(model, 6)]);
    switch (below(model, 4)) {
    case 0:
        step.first_event_id = step.number;
        CHECK(store_step_append(tx, &step) == STATUS_OK);
        CHECK(store_step_append(tx, &step) == STATUS_CONFLICT);
        execution->step_count++;
        break;
    case 1:
        if (!is_running(execution)) break;
        CHECK(store_snapshot_put(tx, &snapshot) == STATUS_OK);
        execution->is_asleep = true;
        break;
    case 2:
        CHECK(store_snapshot_remove(tx, id) == STATUS_OK);
        execution->is_asleep = false;
        break;
    default:
        CHECK(store_execution_update(tx, &changed) == STATUS_OK);
        execution->status = changed.status.data;
        execution->is_asleep = false;
        break;
    }
}

static void check_ids(const struct walk *walk, const int64_t *expected, size_t count)
{
    CHECK(walk->count == count);
    CHECK(count == 0 || memcmp(walk->ids, expected, count * sizeof(*expected)) == 0);
}

static void model_check(struct model *model, struct store_tx *tx)
{
    int machine = (int)below(model, 2);
    const char *status = model_statuses[1 + below(model, 5)];
    struct walk listed = {.query = {.state_machine_arn = model_machine(machine)}, .stop_after = 20};
    listed.query.status = str_from_c(status);
    listed.query.before_id = 1 + below(model, MODEL_COUNT_MAX);
    struct walk open = {.after = below(model, MODEL_COUNT_MAX), .count_max = 20};
    int64_t expected[20], expected_open[20], open_count = 0, found_count;
    size_t count = 0, count_of_open = 0;
    for (int64_t id = model->count; id > 0; id--) {
        const struct model_execution *execution = &model->executions[id];
        open_count += is_running(execution) && execution->machine == machine;
        if (id >= listed.query.before_id || count == 20) continue;
        if (execution->machine != machine || strcmp(execution->status, status) != 0) continue;
        expected[count++] = id;
    }
    for (int64_t id = open.after + 1; id <= model->count && count_of_open < 20; id++) {
        if (!is_running(&model->executions[id]) || model->executions[id].is_asleep) continue;
        expected_open[count_of_open++] = id;
    }
    enum status outcome = store_execution_list(tx, &listed.query, note_execution, &listed);
    CHECK(outcome == (count == 20 ? STATUS_OVER_LIMIT : STATUS_OK));
    check_ids(&listed, expected, count);
    CHECK(store_execution_each_open(tx, open.after, 20, note_execution, &open) == STATUS_OK);
    check_ids(&open, expected_open, count_of_open);
    CHECK(store_execution_count_open(tx, model_machine(machine), &found_count) == STATUS_OK);
    CHECK(found_count == open_count);
    CHECK(store_execution_last_id(tx, &found_count) == STATUS_OK && found_count == model->count);
}

static enum status model_run(struct store_tx *tx, void *context)
{
    struct model *model = context;
    for (int i = 0; i < 200; i++) {
        if (below(model, 3) == 0) {
            model_add(model, tx);
        } else {
            model_change(model, tx);
        }
        model_check(model, tx);
    }
    return STATUS_OK;
}

STORE_TEST(tables_agree_with_a_model_of_them_whatever_happens)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct model model = {0};
        random_init_seed(&model.random, seed);
        for (int round = 0; round < 4; round++) {
            CHECK(fixture_run(fixture, STORE_DURABLE, model_run, &model) == STATUS_OK);
            fixture_reopen(fixture);
        }
        store_close(fixture->store);
        fixture->backend->remove(fixture);
        REQUIRE(fixture->backend->make(fixture) && fixture_open(fixture));
    }
}
