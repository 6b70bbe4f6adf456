// Reads the disk as GetExecutionHistory would.

#include "test/sim/check.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "runtime/step_record.h"
#include "test/sim/disk.h"
#include "test/sim/machine.h"
#include "test/sim/map_runs.h"
#include "test/sim/sim.h"

enum { EVENTS_MAX = 8192, WAIT_LATE_MS = 1000 };

static const int64_t HANG_MS = INT64_C(300) * 86400 * 1000; // Only the longest run ends that.

// ---------------------------------------------------------------------------------------------
// Causes

static bool has_cause(const struct disk_execution *execution,
                      const struct world_acknowledgement *wanted)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(64));
    for (size_t i = 0; i < execution->step_count; i++) {
        struct json causes;
        arena_reset(&arena);
        if (json_parse(&arena, execution->steps[i].causes, 0, &causes, NULL) != STATUS_OK) continue;
        for (uint32_t k = 0; k < causes.size; k++) {
            const struct json *task = JSON_FIND(&causes.items[k], "task");
            uint64_t task_id = task == NULL ? 0 : (uint64_t)task->integer;
            if (str_is(json_str(JSON_FIND(&causes.items[k], "type")), wanted->event_type) &&
                task_id == wanted->task_id) {
                return true;
            }
        }
    }
    return false;
}

void check_acknowledged(void)
{
    for (size_t i = 0; i < world.acknowledgement_count; i++) {
        const struct world_acknowledgement *wanted = &world.acknowledgements[i];
        const struct disk_execution *execution = disk_find(wanted->execution_id);
        if (execution == NULL) {
            sim_fail("execution %lld was acknowledged and is not there",
                     (long long)wanted->execution_id);
        } else if (wanted->event_type != NULL && !has_cause(execution, wanted)) {
            sim_fail("%s of task %llu of %" STR_FORMAT " was acknowledged and is not there",
                     wanted->event_type, (unsigned long long)wanted->task_id,
                     STR_ARGS(execution->row.name));
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Histories

struct event {
    struct str type;
    int64_t id;
    int64_t previous_id;
    int64_t unix_ms;
    const struct json *details; // NULL: none.
    bool has_successor;         // In the chain of its task, or of its state.
    int64_t scheduled_unix_ms;  // Of a task's events.
    int64_t timeout_ms;         // Of its schedule; the shorter of time-out and heartbeat.
};

struct history {
    const struct disk_execution *execution;
    const struct sim_machine *machine;
    struct arena arena;
    struct event events[EVENTS_MAX];
    size_t count;
    size_t activity_starts;
};

static struct history history;

#define COMPLAIN(format, ...)                                                                      \
    sim_fail("%" STR_FORMAT ": " format, STR_ARGS(history.execution->row.name), __VA_ARGS__)

static int64_t integer_of(const struct json *object, struct str name)
{
    int64_t value = 0;
    const struct json *member = object == NULL ? NULL : json_find(object, name);
    return member != NULL && json_to_integer(member, &value) ? value : 0;
}

static void add_event(const struct json *record)
{
    if (history.count == EVENTS_MAX) return;
    struct event *event = &history.events[history.count++];
    *event = (struct event){
        .type = json_str(JSON_FIND(record, "type")),
        .id = integer_of(record, STR("id")),
        .previous_id = integer_of(record, STR("previousEventId")),
        .unix_ms = (int64_t)(json_to_real(JSON_FIND(record, "timestamp")) * 1000 + 0.5),
    };
    history.activity_starts += str_is(event->type, "ActivityStarted");
    for (uint32_t i = 0; i < record->size; i++) {
        if (json_is_object(&record->members[i].value)) event->details = &record->members[i].value;
    }
}

// As the API shows it.
static const struct json *shown(const struct engine_history_event *event)
{
    struct buffer CLEANUP(buffer_release) text;
    struct json value;
    buffer_init(&text, MIB(16));
    engine_history_event_render(event, true, &text);
    enum status status =
        json_parse(&history.arena, buffer_str(&text), JSON_PARSE_COPY, &value, NULL);
    return status == STATUS_OK ? json_new(&history.arena, value) : NULL;
}

static void read_steps(void)
{
    const struct disk_execution *execution = history.execution;
    struct history_reader reader = {
        .arena = &history.arena,
        .input_text = execution->row.input,
        .output_text = execution->row.output,
    };
    for (size_t i = 0; i < execution->step_count; i++) {
        const struct store_step *step = &execution->steps[i];
        struct engine_history_event *events;
        if (step->first_event_id != (int64_t)history.count + 1) {
            COMPLAIN("step %zu begins with event %lld behind %zu events", i + 1,
                     (long long)step->first_event_id, history.count);
        }
        if (history_reader_read(&reader, step, &events) != STATUS_OK) {
            COMPLAIN("step %zu does not hold %lld events", i + 1, (long long)step->event_count);
            return;
        }
        for (int64_t k = 0; k < step->event_count; k++)
            add_event(shown(&events[k]));
    }
}

static bool is_end(struct str type)
{
    return str_starts_with(type, STR("Execution")) && !str_is(type, "ExecutionStarted") &&
           !str_is(type, "ExecutionRedriven");
}

static bool is_of_task(struct str type)
{
    bool is_state = str_ends_with(type, STR("StateEntered")) ||
                    str_ends_with(type, STR("StateExited")) ||
                    str_ends_with(type, STR("StateAborted"));
    return !is_state &&
           (str_starts_with(type, STR("Task")) || str_starts_with(type, STR("Activity")) ||
            str_starts_with(type, STR("LambdaFunction")));
}

static void take_successor(struct event *previous, const struct event *event)
{
    if (previous->has_successor) {
        COMPLAIN("event %lld happens a second time to %lld", (long long)event->id,
                 (long long)previous->id);
    }
    previous->has_successor = true;
}

static void check_task_event(struct event *event, struct event *previous)
{
    if (str_ends_with(event->type, STR("Scheduled"))) {
        int64_t timeout = integer_of(event->details, STR("timeoutInSeconds")) * 1000;
        int64_t heartbeat = integer_of(event->details, STR("heartbeatInSeconds")) * 1000;
        event->scheduled_unix_ms = event->unix_ms;
        event->timeout_ms = heartbeat > 0 && heartbeat < timeout ? heartbeat : timeout;
    } else if (is_of_task(previous->type)) {
        event->scheduled_unix_ms = previous->scheduled_unix_ms;
        // A clock that was set back meanwhile.
        if (previous->unix_ms < event->scheduled_unix_ms) {
            event->scheduled_unix_ms = previous->unix_ms;
        }
        event->timeout_ms = previous->timeout_ms;
    }
    if (is_of_task(previous->type)) take_successor(previous, event);
    if (str_ends_with(event->type, STR("TimedOut")) &&
        event->unix_ms < event->scheduled_unix_ms + event->timeout_ms) {
        COMPLAIN("event %lld: timed out after %lld ms", (long long)event->id,
                 (long long)(event->unix_ms - event->scheduled_unix_ms));
    }
}

static void check_wait(const struct event *event, struct event *previous)
{
    struct str name = json_str(JSON_FIND(event->details, "name"));
    uint64_t number = 0;
    if (!str_to_u64(str_skip(name, 1), &number) || number >= MACHINE_STATES_MAX) return;
    int64_t expected = history.machine->wait_seconds[number] * INT64_C(1000);
    int64_t actual = event->unix_ms - previous->unix_ms;
    take_successor(previous, event);
    if (actual < expected || (!sim.is_disturbed && actual > expected + WAIT_LATE_MS)) {
        COMPLAIN("event %lld: waited %lld ms instead of %lld", (long long)event->id,
                 (long long)actual, (long long)expected);
    }
}

static void check_event(size_t index)
{
    struct event *event = &history.events[index];
    if (event->id != (int64_t)index + 1) {
        COMPLAIN("event %lld stands where %zu should", (long long)event->id, index + 1);
    }
    if (event->previous_id >= event->id || event->previous_id < 0) {
        COMPLAIN("event %lld follows event %lld", (long long)event->id,
                 (long long)event->previous_id);
        return;
    }
    if (index > 0 && event->unix_ms < history.events[index - 1].unix_ms && !sim.has_gone_back) {
        COMPLAIN("event %lld is earlier than the one before", (long long)event->id);
    }
    bool is_last =
        index + 1 == history.count || str_is(history.events[index + 1].type, "ExecutionRedriven");
    if (is_end(event->type) != is_last) {
        COMPLAIN("event %lld of %zu is %" STR_FORMAT, (long long)event->id, history.count,
                 STR_ARGS(event->type));
    }
    if (event->previous_id == 0) return;
    struct event *previous = &history.events[event->previous_id - 1];
    if (is_of_task(event->type)) check_task_event(event, previous);
    if (str_is(event->type, "WaitStateExited") && str_is(previous->type, "WaitStateEntered")) {
        check_wait(event, previous);
    }
}

static struct str end_type(struct str status)
{
    static const char *const ends[][2] = {{"SUCCEEDED", "ExecutionSucceeded"},
                                          {"FAILED", "ExecutionFailed"},
                                          {"TIMED_OUT", "ExecutionTimedOut"},
                                          {"ABORTED", "ExecutionAborted"}};
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        if (str_is(status, ends[i][0])) return str_from_c(ends[i][1]);
    }
    return STR("");
}

static void check_end(void)
{
    const struct store_execution *row = &history.execution->row;
    const struct event *last = &history.events[history.count - 1];
    if (row->history_count != (int64_t)history.count) {
        COMPLAIN("the row counts %lld events of %zu", (long long)row->history_count, history.count);
    }
    if (!str_equal(end_type(row->status), last->type) || row->stopped_unix_ms != last->unix_ms) {
        COMPLAIN("the row says %" STR_FORMAT ", the history %" STR_FORMAT, STR_ARGS(row->status),
                 STR_ARGS(last->type));
    }
    if (!str_is(row->status, "TIMED_OUT") || row->redrive_count > 0) return;
    int64_t lasted_ms = row->stopped_unix_ms - row->started_unix_ms;
    if (lasted_ms > HANG_MS) {
        // Activity tasks that were given to a worker whose connection broke are lost for good.
        bool is_excused = sim.life > 0 && history.activity_starts > world_delivery_count(row->id);
        if (!is_excused) COMPLAIN("hung until its year was over, behind event %zu", history.count);
    } else if (lasted_ms < history.machine->timeout_seconds * INT64_C(1000)) {
        COMPLAIN("timed out after %lld ms", (long long)lasted_ms);
    }
}

// What the history says of a Map run last.
static struct str last_event_of(const struct watched_run *run)
{
    struct str last = STR("");
    int64_t begun_id = 0; // The latest beginning.
    for (size_t i = 0; i < history.count; i++) {
        const struct event *event = &history.events[i];
        bool is_of_run = str_starts_with(event->type, STR("MapRun"));
        if (!is_of_run && !str_is(event->type, "MapStateFailed")) continue;
        bool is_begin =
            str_is(event->type, "MapRunStarted") || str_is(event->type, "MapRunRedriven");
        if (is_begin && str_equal(json_str(JSON_FIND(event->details, "mapRunArn")), run->arn)) {
            begun_id = event->id;
            last = event->type;
        } else if (begun_id != 0 && event->previous_id == begun_id) {
            // Its results did not fit into the state's output, so they are not mentioned.
            last = is_of_run ? event->type : STR("MapRunSucceeded");
        }
    }
    if (begun_id == 0) COMPLAIN("knows nothing of %" STR_FORMAT, STR_ARGS(run->arn));
    return last;
}

static void check_map_runs(void)
{
    for (size_t i = 0; i < map_runs.count; i++) {
        const struct watched_run *run = &map_runs.runs[i];
        if (run->parent_id == history.execution->row.id) map_runs_check(run, last_event_of(run));
    }
}

static void read_history(const struct disk_execution *execution)
{
    history.execution = execution;
    history.machine = machine_of(execution->row.state_machine_arn);
    history.count = history.activity_starts = 0;
    arena_init(&history.arena, MIB(256));
    read_steps();
}

// ---------------------------------------------------------------------------------------------
// Outcomes

static bool is_lost(const struct disk_execution *execution)
{
    for (size_t i = 0; i < execution->step_count; i++) {
        // The cause of an unknown outcome.
        if (str_find(execution->steps[i].causes, STR("The server stopped before")) != SIZE_MAX) {
            return true;
        }
    }
    return false;
}

// Somebody failed among others, and who was first made a difference.
static bool is_racing(void)
{
    static const char *const racing[] = {"MapIterationFailed", "MapStateFailed",
                                         "ParallelStateFailed"};
    int64_t balance = 0;
    for (size_t i = 0; i < history.count; i++) {
        struct str type = history.events[i].type;
        for (size_t k = 0; k < ARRAY_COUNT(racing); k++) {
            if (str_is(type, racing[k])) return true;
        }
        balance += str_is(type, "ParallelStateStarted") - str_is(type, "ParallelStateEntered");
    }
    return balance != 0 || history.machine->is_racing;
}

static void check_qualifiers(const struct world_root *root)
{
    const struct store_execution *row = &history.execution->row;
    struct str arn = world_arn_of(root), none = STR("");
    bool is_alias = str_equal(arn, history.machine->alias_arn);
    bool is_version = is_alias || str_equal(arn, history.machine->version_arn);
    if (!str_equal(row->version_arn, is_version ? history.machine->version_arn : none) ||
        !str_equal(row->alias_arn, is_alias ? arn : none)) {
        COMPLAIN("was started through %" STR_FORMAT, STR_ARGS(arn));
    }
    if (str_is(row->error, "NotTheVersion")) COMPLAIN("is not of %" STR_FORMAT, STR_ARGS(arn));
}

static void note_outcome(struct outcome *outcomes)
{
    const struct store_execution *row = &history.execution->row;
    const struct world_root *root = world_root_of(row->name);
    struct outcome *outcome = &outcomes[root - world.roots];
    bool has_lost = is_lost(history.execution);
    if (has_lost && !sim.is_rough) COMPLAIN("lost an answer in a %s stop", "polite");
    outcome->is_racing |= is_racing();
    outcome->is_lost |=
        has_lost || root->is_disturbed || history.activity_starts > world_delivery_count(row->id);
    if (!str_equal(root->name, row->name)) return;
    check_qualifiers(root);
    outcome->status = row->status;
    outcome->output = row->output;
    outcome->error = row->error;
}

void check_histories(struct outcome ret_outcomes[static WORLD_ROOTS_MAX])
{
    memset(ret_outcomes, 0, WORLD_ROOTS_MAX * sizeof(*ret_outcomes));
    for (size_t i = 0; i < disk.execution_count && !sim.has_failed; i++) {
        if (disk.executions[i]->row.is_express) continue; // It has none.
        read_history(disk.executions[i]);
        for (size_t k = 0; k < history.count; k++)
            check_event(k);
        if (history.count == 0 || str_is(history.execution->row.status, "RUNNING")) {
            COMPLAIN("has not ended after %zu events", history.count);
        } else {
            check_end();
            check_map_runs();
        }
        note_outcome(ret_outcomes);
        arena_release(&history.arena);
    }
}

void check_same(const struct outcome *undisturbed, const struct outcome *disturbed)
{
    for (size_t i = 0; i < world.root_count; i++) {
        const struct outcome *expected = &undisturbed[i], *actual = &disturbed[i];
        if (expected->is_racing || actual->is_racing || actual->is_lost) continue;
        if (sim.has_gone_back) continue; // Time-outs last longer, so an answer may be in time.
        if (str_equal(expected->status, actual->status) &&
            str_equal(expected->output, actual->output) &&
            str_equal(expected->error, actual->error)) {
            continue;
        }
        sim_fail("%" STR_FORMAT " came to %" STR_FORMAT " %" STR_FORMAT "%" STR_FORMAT
                 ", undisturbed to %" STR_FORMAT " %" STR_FORMAT "%" STR_FORMAT,
                 STR_ARGS(world.roots[i].name), STR_ARGS(actual->status), STR_ARGS(actual->output),
                 STR_ARGS(actual->error), STR_ARGS(expected->status), STR_ARGS(expected->output),
                 STR_ARGS(expected->error));
    }
}
