// What the runtime is told of Map runs passes by here (--wrap).

#include "test/sim/map_runs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/map_run.h"
#include "json/json.h"
#include "runtime/execution.h"
#include "runtime/map_run.h"
#include "runtime/step_record.h"
#include "test/sim/disk.h"
#include "test/sim/express.h"
#include "test/sim/heap.h"
#include "test/sim/process.h"
#include "test/sim/sim.h"

enum { ITEMS_MAX = 64, STOP_LATE_MS = 1000 };

struct map_runs map_runs;

enum status __real_map_run_start(struct runtime_execution *parent, uint64_t task_id,
                                 const struct asl_state *state, const struct engine_map_run *run);
enum status __wrap_map_run_start(struct runtime_execution *parent, uint64_t task_id,
                                 const struct asl_state *state, const struct engine_map_run *run);
enum status __real_map_run_resume(struct runtime_execution *parent, uint64_t task_id,
                                  const struct asl_state *state, const struct engine_map_run *run);
enum status __wrap_map_run_resume(struct runtime_execution *parent, uint64_t task_id,
                                  const struct asl_state *state, const struct engine_map_run *run);
enum status __real_runtime_execution_begin(struct runtime_execution *execution,
                                           runtime_end_fn on_end, void *context);
enum status __wrap_runtime_execution_begin(struct runtime_execution *execution,
                                           runtime_end_fn on_end, void *context);

void map_runs_init(void)
{
    memset(&map_runs, 0, sizeof(map_runs));
}

void map_runs_crash(void)
{
    for (size_t i = 0; i < map_runs.count; i++)
        map_runs.runs[i].under_way = 0;
}

static struct watched_run *find_run(struct str arn)
{
    for (size_t i = 0; i < map_runs.count; i++) {
        if (str_equal(map_runs.runs[i].arn, arn)) return &map_runs.runs[i];
    }
    return NULL;
}

static bool find_index(const struct watched_run *run, struct str name, uint32_t *ret_index)
{
    struct engine_map_run told = {.arn = run->arn, .started_unix_ms = run->started_unix_ms};
    return engine_map_child_index(&told, name, ret_index);
}

bool map_runs_find_parent(struct str child_name, struct str *ret_parent_name)
{
    uint32_t index;
    for (size_t i = 0; i < map_runs.count; i++) {
        if (!find_index(&map_runs.runs[i], child_name, &index)) continue;
        *ret_parent_name = map_runs.runs[i].parent_name;
        return true;
    }
    return false;
}

// ---------------------------------------------------------------------------------------------
// Looking on

static void watch(const struct runtime_execution *parent, const struct asl_state *state,
                  const struct engine_map_run *told)
{
    struct watched_run *run = find_run(told->arn);
    struct watched_run now = {
        .arn = told->arn,
        .parent_id = parent->id,
        .parent_name = parent->start.execution_name,
        .started_unix_ms = told->started_unix_ms,
        .is_express = state->map.execution_type == ASL_MACHINE_EXPRESS,
        .item_count = told->items.size,
        .max_concurrency = told->max_concurrency,
        .failure_count_max = told->failure_count_max,
        .failure_percent_max = told->failure_percent_max,
    };
    if (run != NULL) {
        bool is_same = run->parent_id == now.parent_id && run->is_express == now.is_express &&
                       run->item_count == now.item_count &&
                       run->max_concurrency == now.max_concurrency &&
                       run->failure_count_max == now.failure_count_max &&
                       run->started_unix_ms == now.started_unix_ms;
        if (!is_same) sim_fail("%" STR_FORMAT " is not what it was", STR_ARGS(run->arn));
        return;
    }
    assert(map_runs.count < MAP_RUNS_MAX);
    now.arn = lasting_copy(now.arn);
    now.parent_name = lasting_copy(now.parent_name);
    map_runs.runs[map_runs.count++] = now;
    sim_say("%" STR_FORMAT " of %" STR_FORMAT ": %u items", STR_ARGS(now.arn),
            STR_ARGS(now.parent_name), now.item_count);
}

enum status __wrap_map_run_start(struct runtime_execution *parent, uint64_t task_id,
                                 const struct asl_state *state, const struct engine_map_run *run)
{
    watch(parent, state, run);
    return __real_map_run_start(parent, task_id, state, run);
}

enum status __wrap_map_run_resume(struct runtime_execution *parent, uint64_t task_id,
                                  const struct asl_state *state, const struct engine_map_run *run)
{
    watch(parent, state, run);
    return __real_map_run_resume(parent, task_id, state, run);
}

static void check_concurrency(const struct watched_run *run, size_t under_way)
{
    uint32_t most = run->max_concurrency;
    if (most == 0 || (run->has_update && run->new_max_concurrency == 0)) return;
    if (run->has_update && run->new_max_concurrency > most) most = run->new_max_concurrency;
    if (under_way > most) {
        sim_fail("%zu children of %" STR_FORMAT " run instead of %u", under_way, STR_ARGS(run->arn),
                 most);
    }
}

struct update {
    struct runtime_map_run_question question;
    struct watched_run *run;
    map_runs_updated_fn on_done;
    void *context;
};

static void on_answer(struct runtime_map_run_question *question, enum status status)
{
    struct update *update = CONTAINER_OF(question, struct update, question);
    sim_say("update of %" STR_FORMAT ": %s", STR_ARGS(update->run->arn), status_name(status));
    update->run->is_update_certain = status == STATUS_OK;
    update->on_done(update->context, status == STATUS_OK);
    free(update);
}

void map_runs_update(struct watched_run *run, map_runs_updated_fn on_done, void *context)
{
    struct update *update = calloc(1, sizeof(*update));
    run->has_update = true;
    run->new_max_concurrency = sim_draw(4);
    run->new_failure_count_max = sim_draw(8);
    update->question = (struct runtime_map_run_question){
        .arn = run->arn,
        .execution_id = run->parent_id,
        .is_update = true,
        .max_concurrency = run->new_max_concurrency,
        .failure_count_max = run->new_failure_count_max,
        .failure_percent_max = -1,
        .on_answer = on_answer,
    };
    update->run = run;
    update->on_done = on_done;
    update->context = context;
    runtime_map_run_ask(process_any_worker(), &update->question);
}

// Express children, and Express executions that are nobody's.
struct beginning {
    struct watched_run *run;
    struct express_start *start;
    runtime_end_fn on_end;
    void *context;
};

static void on_end(struct runtime_execution *execution, const struct engine_update *update)
{
    struct beginning *beginning = execution->context;
    execution->context = beginning->context;
    if (beginning->run != NULL) beginning->run->under_way--;
    if (beginning->start != NULL) express_note_end(beginning->start, update);
    if (beginning->on_end != NULL) beginning->on_end(execution, update);
    free(beginning);
}

enum status __wrap_runtime_execution_begin(struct runtime_execution *execution,
                                           runtime_end_fn given_on_end, void *context)
{
    struct beginning *beginning = calloc(1, sizeof(*beginning));
    beginning->on_end = given_on_end;
    beginning->context = context;
    if (execution->map_run_arn.size > 0) {
        beginning->run = find_run(execution->map_run_arn);
        if (beginning->run == NULL) {
            sim_fail("a child of nobody's Map run %" STR_FORMAT, STR_ARGS(execution->map_run_arn));
            beginning->run = &map_runs.runs[0];
        }
        check_concurrency(beginning->run, ++beginning->run->under_way);
    } else {
        beginning->start = express_note_begin(execution);
    }
    return __real_runtime_execution_begin(execution, on_end, beginning);
}

void map_runs_note_child(const struct store_execution *row)
{
    if (row->map_run_arn.size == 0 || row->is_express || !str_is(row->status, "RUNNING")) return;
    const struct watched_run *run = find_run(row->map_run_arn);
    size_t under_way = 0;
    if (run == NULL) {
        sim_fail("a child of nobody's Map run %" STR_FORMAT, STR_ARGS(row->map_run_arn));
        return;
    }
    for (size_t i = 0; i < disk.execution_count; i++) {
        const struct store_execution *at = &disk.executions[i]->row;
        under_way += str_is(at->status, "RUNNING") && str_equal(at->map_run_arn, run->arn);
    }
    check_concurrency(run, under_way);
}

void map_runs_note_row(const struct store_map_run *row)
{
    int64_t item_count = 0;
    if (str_is(row->status, "RUNNING")) return;
    for (size_t i = 0; i < disk.execution_count; i++) {
        const struct store_execution *child = &disk.executions[i]->row;
        if (!str_equal(child->map_run_arn, row->arn)) continue;
        if (!str_is(child->status, "RUNNING")) item_count += child->item_count;
    }
    int64_t begun = row->items.total - (str_is(row->status, "SUCCEEDED") ? 0 : row->items.aborted);
    if (item_count < begun) {
        sim_fail("%" STR_FORMAT " ends while %lld of %lld items are through", STR_ARGS(row->arn),
                 (long long)item_count, (long long)begun);
    }
}

// ---------------------------------------------------------------------------------------------
// At the end

bool map_runs_are_under_way(void)
{
    for (size_t i = 0; i < disk.map_run_count; i++) {
        if (str_is(disk.map_runs[i].status, "RUNNING")) return true;
    }
    return false;
}

// What the rows of the children tell.
struct tally {
    const struct store_execution *children[ITEMS_MAX]; // By index.
    struct store_map_run_counts items;
    struct store_map_run_counts executions;
};

static void count(struct store_map_run_counts *counts, struct str status, int64_t by)
{
    counts->total += by;
    if (str_is(status, "SUCCEEDED")) {
        counts->succeeded += by;
    } else if (str_is(status, "FAILED")) {
        counts->failed += by;
    } else if (str_is(status, "TIMED_OUT")) {
        counts->timed_out += by;
    } else {
        counts->aborted += by;
    }
}

static void count_children(const struct watched_run *run, struct tally *tally)
{
    for (size_t i = 0; i < disk.execution_count; i++) {
        const struct store_execution *row = &disk.executions[i]->row;
        uint32_t index;
        if (!str_equal(row->map_run_arn, run->arn)) continue;
        if (!find_index(run, row->name, &index) || index >= ITEMS_MAX) {
            sim_fail("%" STR_FORMAT " has a strange child", STR_ARGS(run->arn));
            continue;
        }
        if (tally->children[index] != NULL) {
            sim_fail("child %u of %" STR_FORMAT " is there twice", index, STR_ARGS(run->arn));
        }
        tally->children[index] = row;
        count(&tally->items, row->status, row->item_count);
        count(&tally->executions, row->status, 1);
    }
}

static void check_counts(const struct watched_run *run, const char *of,
                         const struct store_map_run_counts *expected,
                         const struct store_map_run_counts *actual)
{
    if (memcmp(expected, actual, sizeof(*expected)) == 0) return;
    sim_fail("%" STR_FORMAT " counts %lld %s: %lld pending, %lld running, %lld succeeded, %lld "
             "failed, %lld timed out, %lld aborted; of %lld children's %lld succeeded, %lld "
             "failed, %lld timed out, %lld were aborted",
             STR_ARGS(run->arn), (long long)actual->total, of, (long long)actual->pending,
             (long long)actual->running, (long long)actual->succeeded, (long long)actual->failed,
             (long long)actual->timed_out, (long long)actual->aborted, (long long)expected->total,
             (long long)expected->succeeded, (long long)expected->failed,
             (long long)expected->timed_out, (long long)expected->aborted);
}

// The results of those that succeeded, in the order of the items.
static void check_results(const struct watched_run *run, const struct tally *tally)
{
    struct buffer CLEANUP(buffer_release) expected;
    struct disk_execution *parent = disk_find(run->parent_id);
    buffer_init(&expected, MIB(16));
    buffer_append_byte(&expected, '[');
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        const struct store_execution *child = tally->children[i];
        if (child == NULL || !str_is(child->status, "SUCCEEDED")) continue;
        if (buffer_str(&expected).size > 1) buffer_append_byte(&expected, ',');
        buffer_append_str(&expected, child->output);
    }
    buffer_append_byte(&expected, ']');
    for (size_t i = 0; i < parent->step_count; i++) {
        struct arena CLEANUP(arena_release) arena;
        struct engine_event *causes;
        size_t cause_count;
        arena_init(&arena, MIB(64));
        if (step_record_read_causes(&arena, &parent->steps[i], &causes, &cause_count) !=
            STATUS_OK) {
            continue;
        }
        for (size_t k = 0; k < cause_count; k++) {
            if (causes[k].type != ENGINE_EVENT_MAP_RUN_ENDED) continue;
            struct str results = json_render_to_arena(&arena, &causes[k].output);
            if (str_equal(results, buffer_str(&expected))) return;
        }
    }
    sim_fail("%" STR_FORMAT " never came to %" STR_FORMAT, STR_ARGS(run->arn),
             STR_ARGS(buffer_str(&expected)));
}

// Not asked of the program under test.
static bool is_too_much(const struct watched_run *run, int64_t failure_count_max, int64_t failed)
{
    bool has_count = failure_count_max >= 0, has_percentage = run->failure_percent_max >= 0;
    double most = run->failure_percent_max * run->item_count;
    if (!has_count && !has_percentage) return failed > 0;
    return (has_count && failed > failure_count_max) ||
           (has_percentage && (double)failed * 100 > most);
}

// With new limits nobody knows under which of them it ended.
static bool may_fail(const struct watched_run *run, int64_t failed)
{
    return is_too_much(run, run->failure_count_max, failed) ||
           (run->has_update && is_too_much(run, run->new_failure_count_max, failed));
}

static bool may_succeed(const struct watched_run *run, int64_t failed)
{
    return !is_too_much(run, run->failure_count_max, failed) ||
           (run->has_update && !is_too_much(run, run->new_failure_count_max, failed));
}

// Once too many have failed, nothing runs on.
static void check_stopped(const struct watched_run *run, const struct tally *tally)
{
    int64_t since_unix_ms = INT64_MAX;
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (tally->children[i] == NULL) continue;
        int64_t at_unix_ms = tally->children[i]->stopped_unix_ms, failed = 0;
        for (size_t k = 0; k < ITEMS_MAX; k++) {
            const struct store_execution *child = tally->children[k];
            bool has_failed = child != NULL && !str_is(child->status, "SUCCEEDED");
            if (has_failed && child->stopped_unix_ms <= at_unix_ms) failed += child->item_count;
        }
        if (may_fail(run, failed) && at_unix_ms < since_unix_ms) {
            since_unix_ms = at_unix_ms;
        }
    }
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        const struct store_execution *child = tally->children[i];
        if (child == NULL || str_is(child->status, "ABORTED")) continue;
        if (child->stopped_unix_ms - STOP_LATE_MS > since_unix_ms) {
            sim_fail("child %zu of %" STR_FORMAT " was not stopped", i, STR_ARGS(run->arn));
        }
    }
}

// A redrive that failed was tried: enough has failed since then.
static bool has_failed_again(const struct tally *tally, const struct watched_run *run,
                             const struct store_map_run *row)
{
    int64_t failed = 0;
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        const struct store_execution *child = tally->children[i];
        if (child == NULL || str_is(child->status, "SUCCEEDED")) continue;
        if (child->stopped_unix_ms >= row->redriven_unix_ms) failed += child->item_count;
    }
    return may_fail(run, failed);
}

// A redrive runs everything again that had not succeeded.
static void check_redriven(const struct watched_run *run, const struct tally *tally,
                           const struct store_map_run *row)
{
    for (size_t i = 0; i < ITEMS_MAX && row->redrive_count > 0; i++) {
        const struct store_execution *child = tally->children[i];
        if (child == NULL || str_is(child->status, "SUCCEEDED")) continue;
        if (child->stopped_unix_ms < row->redriven_unix_ms) {
            sim_fail("child %zu of %" STR_FORMAT " was left out of the redrive", i,
                     STR_ARGS(run->arn));
        }
    }
}

static void check_success(const struct watched_run *run, const struct tally *tally,
                          const struct store_map_run *row, bool was_told)
{
    if (tally->items.total != run->item_count) {
        sim_fail("%" STR_FORMAT " has children for %lld of %u items", STR_ARGS(run->arn),
                 (long long)tally->items.total, run->item_count);
    }
    for (int64_t i = 0; i < tally->executions.total; i++) {
        if (tally->children[i] == NULL) {
            sim_fail("child %lld of %" STR_FORMAT " is missing", (long long)i, STR_ARGS(run->arn));
        }
    }
    if (was_told) check_results(run, tally);
    if (!sim.has_gone_back) check_redriven(run, tally, row);
}

static void check_limits(const struct watched_run *run, const struct store_map_run *row)
{
    bool is_new = row->max_concurrency == run->new_max_concurrency &&
                  row->failure_count_max == run->new_failure_count_max;
    bool is_old = row->max_concurrency == run->max_concurrency &&
                  row->failure_count_max == run->failure_count_max;
    bool is_good = run->is_update_certain ? is_new : is_old || (run->has_update && is_new);
    if (!is_good || row->failure_percent_max != run->failure_percent_max) {
        sim_fail("%" STR_FORMAT " has limits that nobody gave it", STR_ARGS(run->arn));
    }
}

// One that was over before its parent knew may have come to anything when the parent left it.
static bool is_status_after(struct str status, struct str last_event)
{
    if (str_is(last_event, "MapRunSucceeded")) return str_is(status, "SUCCEEDED");
    return !str_is(last_event, "MapRunFailed") || str_is(status, "FAILED");
}

void map_runs_check(const struct watched_run *run, struct str last_event)
{
    const struct store_map_run *row = disk_find_map_run(run->arn);
    struct tally tally = {.items = {0}};
    count_children(run, &tally);
    if (row == NULL) {
        // Nobody waited for it any more when it was about to be written.
        bool has_traces = tally.executions.total > 0 || str_is(last_event, "MapRunSucceeded") ||
                          str_is(last_event, "MapRunFailed");
        if (has_traces) sim_fail("%" STR_FORMAT " is not there", STR_ARGS(run->arn));
        return;
    }
    if (!is_status_after(row->status, last_event)) {
        sim_fail("%" STR_FORMAT " is %" STR_FORMAT ", its parent saw %" STR_FORMAT,
                 STR_ARGS(run->arn), STR_ARGS(row->status), STR_ARGS(last_event));
    }
    bool has_succeeded = str_is(row->status, "SUCCEEDED");
    int64_t failed = tally.items.total - tally.items.succeeded;
    check_limits(run, row);
    bool is_strange = has_succeeded                   ? !may_succeed(run, failed)
                      : str_is(row->status, "FAILED") ? !may_fail(run, failed)
                                                      : false;
    if (is_strange) {
        sim_fail("%" STR_FORMAT " is %" STR_FORMAT " with %lld of %u items that failed",
                 STR_ARGS(run->arn), STR_ARGS(row->status), (long long)failed, run->item_count);
    }
    if (str_is(row->status, "FAILED") && row->redrive_count > 0 && !sim.has_gone_back &&
        !has_failed_again(&tally, run, row)) {
        sim_fail("the redrive of %" STR_FORMAT " was never tried", STR_ARGS(run->arn));
    }
    if (!sim.is_disturbed && !has_succeeded) check_stopped(run, &tally);
    if (has_succeeded) check_success(run, &tally, row, str_is(last_event, "MapRunSucceeded"));
    // What was never started counts as aborted.
    tally.items.aborted += run->item_count - tally.items.total;
    tally.items.total = run->item_count;
    check_counts(run, "items", &tally.items, &row->items);
    check_counts(run, "executions", &tally.executions, &row->executions);
}
