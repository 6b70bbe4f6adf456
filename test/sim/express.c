// Each start has a name of its own, so that whoever performs a task knows which one it is.

#include "test/sim/express.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/execution.h"
#include "test/sim/disk.h"
#include "test/sim/heap.h"
#include "test/sim/machine.h"
#include "test/sim/process.h"
#include "test/sim/sim.h"

enum { STARTS_MAX = 64, TASKS_MAX = 4096 };

struct express_start {
    struct str arn;
    bool is_acknowledged;
    bool is_settled;    // Has ended, and everybody has had time to write that down.
    unsigned end_count; // In all lives.
    unsigned life;      // In which it began last.
    bool has_begun;
    bool is_under_way;
};

struct express_task {
    unsigned life;
    uint64_t execution; // A hash of what tells it from others of this life.
    uint64_t task_id;
};

static struct express_start starts[STARTS_MAX];
static size_t start_count;
static struct express_task tasks[TASKS_MAX];
static size_t task_count;

void express_init(void)
{
    start_count = task_count = 0;
}

void express_crash(void)
{
    for (size_t i = 0; i < start_count; i++)
        starts[i].is_under_way = false;
}

void express_settle(void)
{
    express_crash();
    for (size_t i = 0; i < start_count; i++)
        starts[i].is_settled = starts[i].end_count > 0;
}

static struct express_start *find_start(struct str arn)
{
    for (size_t i = 0; i < start_count; i++) {
        if (str_equal(starts[i].arn, arn)) return &starts[i];
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------------
// Looking on

struct express_start *express_note_begin(const struct runtime_execution *execution)
{
    struct str arn = execution->start.execution_arn;
    struct express_start *start = find_start(arn);
    if (start == NULL) {
        sim_fail("nobody has started %" STR_FORMAT, STR_ARGS(arn));
        return NULL;
    }
    if (start->has_begun && start->life == sim.life) {
        sim_fail("%" STR_FORMAT " begins twice", STR_ARGS(arn));
    }
    if (start->is_settled) sim_fail("%" STR_FORMAT " has ended and begins again", STR_ARGS(arn));
    start->has_begun = start->is_under_way = true;
    start->life = sim.life;
    return start;
}

void express_note_end(struct express_start *start, const struct engine_update *update)
{
    start->end_count++;
    start->is_under_way = false;
    if (str_is(update->error.name, "NotTheVersion")) {
        sim_fail("%" STR_FORMAT " is not of the version", STR_ARGS(start->arn));
    }
    sim_say("%" STR_FORMAT " ends: %s", STR_ARGS(start->arn), engine_status_name(update->status));
}

static uint64_t hash_of(const struct runtime_execution *execution)
{
    struct str arn = execution->start.execution_arn;
    // A child that is redriven begins anew, with another id.
    uint64_t hash = UINT64_C(1469598103934665603) ^ (uint64_t)execution->start.execution_id;
    for (size_t i = 0; i < arn.size; i++)
        hash = (hash ^ (unsigned char)arn.data[i]) * UINT64_C(1099511628211);
    return hash;
}

void express_note_task(const struct runtime_execution *execution, uint64_t task_id)
{
    struct express_task task = {sim.life, hash_of(execution), task_id};
    for (size_t i = 0; i < task_count; i++) {
        if (tasks[i].life != task.life || tasks[i].execution != task.execution ||
            tasks[i].task_id != task.task_id) {
            continue;
        }
        sim_fail("task %llu of %" STR_FORMAT " is performed twice", (unsigned long long)task_id,
                 STR_ARGS(execution->start.execution_name));
    }
    assert(task_count < TASKS_MAX);
    tasks[task_count++] = task;
}

// ---------------------------------------------------------------------------------------------
// Starting

struct request {
    struct express_start *start;
    express_started_fn on_done;
    void *context;
};

static void on_durable(void *context, struct runtime_execution *execution, enum status status)
{
    struct request *request = context;
    (void)execution;
    sim_say("start of %" STR_FORMAT ": %s", STR_ARGS(request->start->arn), status_name(status));
    request->start->is_acknowledged = status == STATUS_OK;
    request->on_done(request->context, status == STATUS_OK);
    free(request);
}

void express_begin(express_started_fn on_done, void *context)
{
    struct request *request = calloc(1, sizeof(*request));
    struct str arn = !sim.features.has_versions ? express_machine.arn
                     : start_count % 2 == 0     ? express_machine.version_arn
                                                : express_machine.alias_arn;
    assert(start_count < STARTS_MAX);
    struct runtime_execution *execution =
        process_new_execution(arn, STR(""), STR("{\"list\":[1,2]}"));
    request->start = &starts[start_count++];
    *request->start = (struct express_start){.arn = lasting_copy(execution->start.execution_arn)};
    request->on_done = on_done;
    request->context = context;
    runtime_execution_begin_durable(execution, on_durable, request);
}

// ---------------------------------------------------------------------------------------------
// At the end

// What has ended may be in the journal still: the removal is lazy, and the disk may have refused
// it.
static bool is_waiting(const struct disk_record *record)
{
    for (size_t i = 0; i < start_count; i++) {
        if (starts[i].end_count > 0 && str_find(record->record, starts[i].arn) != SIZE_MAX) {
            return false;
        }
    }
    return true;
}

bool express_is_under_way(void)
{
    for (size_t i = 0; i < start_count; i++) {
        if (starts[i].is_under_way) return true;
    }
    for (size_t i = 0; i < disk.journal_count; i++) {
        if (is_waiting(&disk.journal[i])) return true;
    }
    return false;
}

void express_check(void)
{
    for (size_t i = 0; i < start_count; i++) {
        if (starts[i].is_acknowledged && starts[i].end_count == 0) {
            sim_fail("%" STR_FORMAT " was acknowledged and never ended", STR_ARGS(starts[i].arn));
        }
    }
}
