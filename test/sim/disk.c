// The store's thread becomes a turn that does one thing at a time, so that the simulation can do
// anything else, a crash included, in between.

#include "test/sim/disk.h"

#include <assert.h>
#include <string.h>

#include "net/loop.h"
#include "store/resource.h"
#include "test/sim/disk_private.h"
#include "test/sim/heap.h"
#include "test/sim/map_runs.h"
#include "test/sim/sim.h"

enum { CHANGES_MAX = 1 << 16, COMMITS_MAX = 1 << 14, BATCH_MAX = 64 };

enum change_type { NEW_EXECUTION, ROW, STEP, SNAPSHOT, DEFINITION, BYTES };

struct change {
    enum change_type type;
    struct disk_execution *execution;
    const struct store_execution *row;     // As it was.
    const struct store_snapshot *snapshot; // As it was.
    void *where;                           // BYTES
    const void *bytes;                     // As they were.
    size_t size;
};

enum stage {
    STAGE_IDLE,
    STAGE_WRITTEN,   // The batch has run in its transaction.
    STAGE_COMMITTED, // Not synced yet.
    STAGE_DONE,      // To be answered.
};

struct store {
    struct store_task *reads[BATCH_MAX * 16];
    size_t read_count;
    struct store_task *writes[BATCH_MAX * 16];
    size_t write_count;
    struct store_task *batch[BATCH_MAX];
    size_t batch_count;
    bool is_batch_durable;
    bool has_answered; // A planted fault.
    enum stage stage;
    int64_t lazy_due_unix_ms;
};

struct store_tx {
    bool is_writable;
};

struct disk disk;
static struct store store;
static struct store_tx tx;
static struct change changes[CHANGES_MAX];
static size_t change_count;
static size_t commits[COMMITS_MAX]; // Ends of the commits that are not synced, in `changes`.
static size_t commit_count;
static size_t committed_end;
static size_t synced_end;

void disk_init(void)
{
    memset(&disk, 0, sizeof(disk));
    change_count = commit_count = committed_end = synced_end = 0;
    memset(&store, 0, sizeof(store));
}

struct store *disk_open(void)
{
    memset(&store, 0, sizeof(store));
    return &store;
}

// ---------------------------------------------------------------------------------------------
// Changes and their undoing

static struct change *note_change(enum change_type type, struct disk_execution *execution)
{
    assert(tx.is_writable && change_count < CHANGES_MAX);
    struct change *change = &changes[change_count++];
    *change = (struct change){.type = type, .execution = execution};
    return change;
}

static void undo(const struct change *change)
{
    struct disk_execution *execution = change->execution;
    switch (change->type) {
    case NEW_EXECUTION: disk.execution_count--; break;
    case ROW: execution->row = *change->row; break;
    case STEP: execution->step_count--; break;
    case SNAPSHOT: execution->snapshot = *change->snapshot; break;
    case DEFINITION: disk.definition_count--; break;
    case BYTES: memcpy(change->where, change->bytes, change->size); break;
    }
}

void disk_note_bytes(void *where, size_t size)
{
    struct change *change = note_change(BYTES, NULL);
    void *bytes = lasting_alloc(size);
    memcpy(bytes, where, size);
    change->where = where;
    change->bytes = bytes;
    change->size = size;
}

static void roll_back(size_t end)
{
    while (change_count > end)
        undo(&changes[--change_count]);
}

static void commit(void)
{
    committed_end = change_count;
    assert(commit_count < COMMITS_MAX);
    commits[commit_count++] = committed_end;
}

static void sync_all(void)
{
    for (size_t i = synced_end; i < committed_end; i++) {
        struct disk_execution *execution = changes[i].execution;
        if (changes[i].type == STEP) execution->synced_step_count++;
    }
    synced_end = committed_end;
    commit_count = 0;
}

void disk_crash(bool is_power_loss)
{
    roll_back(committed_end);
    if (is_power_loss) {
        size_t kept = commit_count == 0 ? 0 : sim_draw((unsigned)commit_count + 1);
        committed_end = kept == 0 ? synced_end : commits[kept - 1];
        sim_say("power loss: %zu of %zu unsynced commits are kept", kept, commit_count);
        roll_back(committed_end);
    }
    sync_all();
}

// ---------------------------------------------------------------------------------------------
// Reading and writing executions

struct disk_execution *disk_find(int64_t execution_id)
{
    for (size_t i = 0; i < disk.execution_count; i++) {
        if (disk.executions[i]->row.id == execution_id) return disk.executions[i];
    }
    return NULL;
}

static struct disk_execution *find_name(struct str state_machine_arn, struct str name)
{
    for (size_t i = 0; i < disk.execution_count; i++) {
        const struct store_execution *row = &disk.executions[i]->row;
        if (str_equal(row->state_machine_arn, state_machine_arn) && str_equal(row->name, name)) {
            return disk.executions[i];
        }
    }
    return NULL;
}

static const struct disk_text *find_text(const struct disk_text *texts, size_t count,
                                         struct str key)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(texts[i].key, key)) return &texts[i];
    }
    return NULL;
}

static void copy_result(struct store_execution *row, const struct store_execution *from)
{
    row->status = lasting_copy(from->status);
    row->output = lasting_copy(from->output);
    row->error = lasting_copy(from->error);
    row->cause = lasting_copy(from->cause);
    row->stopped_unix_ms = from->stopped_unix_ms;
    row->history_count = from->history_count;
    row->redrive_count = from->redrive_count;
    row->redriven_unix_ms = from->redriven_unix_ms;
}

// Later lives give out larger ids, whatever the clock says.
static void check_id(int64_t id)
{
    for (size_t i = 0; i < disk.execution_count; i++) {
        const struct disk_execution *before = disk.executions[i];
        if (before->life < sim.life && before->row.id >= id) {
            sim_fail("id %lld comes after %lld", (long long)id, (long long)before->row.id);
        }
    }
}

enum status store_execution_insert(struct store_tx *at, const struct store_execution *execution)
{
    (void)at;
    if (disk_find(execution->id) != NULL ||
        find_name(execution->state_machine_arn, execution->name) != NULL) {
        return STATUS_CONFLICT;
    }
    if (find_text(disk.definitions, disk.definition_count, execution->definition_key) == NULL) {
        return STATUS_NOT_FOUND;
    }
    assert(disk.execution_count < DISK_EXECUTIONS_MAX);
    struct disk_execution *new = LASTING_NEW(struct disk_execution);
    new->row = *execution;
    new->life = sim.life;
    check_id(execution->id);
    new->row.state_machine_arn = lasting_copy(execution->state_machine_arn);
    new->row.name = lasting_copy(execution->name);
    new->row.definition_key = lasting_copy(execution->definition_key);
    new->row.version_arn = lasting_copy(execution->version_arn);
    new->row.alias_arn = lasting_copy(execution->alias_arn);
    new->row.map_run_arn = lasting_copy(execution->map_run_arn);
    new->row.trace_header = lasting_copy(execution->trace_header);
    new->row.input = lasting_copy(execution->input);
    copy_result(&new->row, execution);
    disk.executions[disk.execution_count++] = new;
    note_change(NEW_EXECUTION, new);
    map_runs_note_child(&new->row);
    return STATUS_OK;
}

static void change_snapshot(struct disk_execution *execution, const struct store_snapshot *to)
{
    struct store_snapshot *old = LASTING_NEW(struct store_snapshot);
    *old = execution->snapshot;
    note_change(SNAPSHOT, execution)->snapshot = old;
    execution->snapshot = *to;
}

enum status store_execution_update(struct store_tx *at, const struct store_execution *execution)
{
    struct disk_execution *found = disk_find(execution->id);
    if (found == NULL) return STATUS_NOT_FOUND;
    struct store_execution *old = LASTING_NEW(struct store_execution);
    *old = found->row;
    note_change(ROW, found)->row = old;
    copy_result(&found->row, execution);
    map_runs_note_child(&found->row);
    return store_snapshot_remove(at, execution->id);
}

static bool copy_to(struct arena *arena, struct str *text)
{
    return text->data == NULL || arena_copy_str(arena, *text, text);
}

static enum status give_row(const struct disk_execution *execution, struct arena *arena,
                            struct store_execution *ret_execution)
{
    if (execution == NULL) return STATUS_NOT_FOUND;
    struct store_execution row = execution->row;
    struct str *const texts[] = {&row.state_machine_arn,
                                 &row.name,
                                 &row.definition_key,
                                 &row.status,
                                 &row.input,
                                 &row.output,
                                 &row.error,
                                 &row.cause,
                                 &row.version_arn,
                                 &row.alias_arn,
                                 &row.map_run_arn,
                                 &row.trace_header};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (!copy_to(arena, texts[i])) return STATUS_NO_MEMORY;
    }
    *ret_execution = row;
    return STATUS_OK;
}

enum status store_execution_find(struct store_tx *at, struct str state_machine_arn, struct str name,
                                 struct arena *arena, struct store_execution *ret_execution)
{
    (void)at;
    return give_row(find_name(state_machine_arn, name), arena, ret_execution);
}

enum status store_execution_get(struct store_tx *at, int64_t id, struct arena *arena,
                                struct store_execution *ret_execution)
{
    (void)at;
    return give_row(disk_find(id), arena, ret_execution);
}

struct disk_execution *disk_next_execution(int64_t after_id)
{
    struct disk_execution *next = NULL;
    for (size_t i = 0; i < disk.execution_count; i++) {
        struct disk_execution *execution = disk.executions[i];
        if (execution->row.id > after_id && (next == NULL || execution->row.id < next->row.id)) {
            next = execution;
        }
    }
    return next;
}

enum status store_execution_each_open(struct store_tx *at, int64_t after_id, uint32_t count_max,
                                      store_execution_fn callback, void *context)
{
    (void)at;
    enum status status = STATUS_OK;
    struct disk_execution *execution = disk_next_execution(after_id);
    while (execution != NULL && count_max > 0 && status == STATUS_OK) {
        bool is_open = str_is(execution->row.status, "RUNNING") && !execution->row.is_express;
        if (is_open && execution->snapshot.step_number == 0) {
            status = callback(context, &execution->row);
            count_max--;
        }
        execution = disk_next_execution(execution->row.id);
    }
    return status;
}

enum status store_execution_last_id(struct store_tx *at, int64_t *ret_id)
{
    (void)at;
    *ret_id = 0;
    for (size_t i = 0; i < disk.execution_count; i++) {
        if (disk.executions[i]->row.id > *ret_id) *ret_id = disk.executions[i]->row.id;
    }
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Steps, snapshots, definitions

static struct str maybe_forget(struct str causes)
{
    bool is_single = str_find(causes, STR("},{\"type\"")) == SIZE_MAX;
    if (sim.plant != PLANT_FORGET_EVENT || !is_single || !sim_chance(8)) return causes;
    sim_say("planted: forgets %" STR_FORMAT, STR_ARGS(causes));
    return STR("[]");
}

enum status store_step_append(struct store_tx *at, const struct store_step *step)
{
    (void)at;
    struct disk_execution *execution = disk_find(step->execution_id);
    if (execution == NULL) return STATUS_CORRUPT;
    if (step->number <= (int64_t)execution->step_count) return STATUS_CONFLICT;
    if (step->number != (int64_t)execution->step_count + 1) {
        sim_fail("step %lld of %" STR_FORMAT " is written behind %zu steps",
                 (long long)step->number, STR_ARGS(execution->row.name), execution->step_count);
        return STATUS_CORRUPT;
    }
    if (execution->step_count == execution->step_capacity) {
        size_t capacity = execution->step_capacity == 0 ? 16 : execution->step_capacity * 2;
        struct store_step *steps = lasting_alloc(capacity * sizeof(*steps));
        if (execution->step_count > 0) {
            memcpy(steps, execution->steps, execution->step_count * sizeof(*steps));
        }
        execution->steps = steps;
        execution->step_capacity = capacity;
    }
    struct store_step *copy = &execution->steps[execution->step_count++];
    *copy = *step;
    copy->causes = lasting_copy(maybe_forget(step->causes));
    copy->events = lasting_copy(step->events);
    copy->data = lasting_copy(step->data);
    note_change(STEP, execution);
    return STATUS_OK;
}

enum status store_step_each(struct store_tx *at, int64_t execution_id, int64_t after_number,
                            store_step_fn callback, void *context)
{
    (void)at;
    struct disk_execution *execution = disk_find(execution_id);
    enum status status = STATUS_OK;
    if (execution == NULL) return STATUS_OK;
    for (size_t i = (size_t)after_number; i < execution->step_count && status == STATUS_OK; i++)
        status = callback(context, &execution->steps[i]);
    return status;
}

enum status store_definition_put(struct store_tx *at, struct str key, struct str body)
{
    (void)at;
    if (find_text(disk.definitions, disk.definition_count, key) != NULL) return STATUS_OK;
    assert(disk.definition_count < DISK_DEFINITIONS_MAX);
    disk.definitions[disk.definition_count++] =
        (struct disk_text){lasting_copy(key), lasting_copy(body)};
    note_change(DEFINITION, NULL);
    return STATUS_OK;
}

enum status store_definition_get(struct store_tx *at, struct str key, struct arena *arena,
                                 struct str *ret_body)
{
    (void)at;
    const struct disk_text *found = find_text(disk.definitions, disk.definition_count, key);
    if (found == NULL) return STATUS_NOT_FOUND;
    return arena_copy_str(arena, found->body, ret_body) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status store_snapshot_put(struct store_tx *at, const struct store_snapshot *snapshot)
{
    (void)at;
    struct disk_execution *execution = disk_find(snapshot->execution_id);
    if (execution == NULL) return STATUS_NOT_FOUND;
    struct store_snapshot copy = *snapshot;
    copy.state = lasting_copy(snapshot->state);
    change_snapshot(execution, &copy);
    return STATUS_OK;
}

enum status store_snapshot_get(struct store_tx *at, int64_t execution_id, struct arena *arena,
                               struct store_snapshot *ret_snapshot)
{
    (void)at;
    struct disk_execution *execution = disk_find(execution_id);
    if (execution == NULL || execution->snapshot.step_number == 0) return STATUS_NOT_FOUND;
    struct store_snapshot snapshot = execution->snapshot;
    if (!copy_to(arena, &snapshot.state)) return STATUS_NO_MEMORY;
    *ret_snapshot = snapshot;
    return STATUS_OK;
}

enum status store_snapshot_remove(struct store_tx *at, int64_t execution_id)
{
    (void)at;
    struct disk_execution *execution = disk_find(execution_id);
    if (execution == NULL || execution->snapshot.step_number == 0) return STATUS_OK;
    change_snapshot(execution, &(struct store_snapshot){0});
    return STATUS_OK;
}

enum status store_snapshot_each(struct store_tx *at, int64_t after_id, uint32_t count_max,
                                store_snapshot_fn callback, void *context)
{
    (void)at;
    enum status status = STATUS_OK;
    struct disk_execution *execution = disk_next_execution(after_id);
    while (execution != NULL && count_max > 0 && status == STATUS_OK) {
        if (execution->snapshot.step_number > 0) {
            status = callback(context, &execution->snapshot);
            count_max--;
        }
        execution = disk_next_execution(execution->row.id);
    }
    return status;
}

// ---------------------------------------------------------------------------------------------
// The thread

static bool refuses(void)
{
    return sim.is_disturbed && sim.tick >= sim.plan.refusal_begin_tick &&
           sim.tick < sim.plan.refusal_end_tick;
}

void store_submit(struct store *at, struct store_task *task)
{
    sim_tick();
    if (task->mode == STORE_READ) {
        assert(at->read_count < ARRAY_COUNT(at->reads));
        at->reads[at->read_count++] = task;
        return;
    }
    assert(at->write_count < ARRAY_COUNT(at->writes));
    at->writes[at->write_count++] = task;
    if (task->mode == STORE_LAZY && at->lazy_due_unix_ms == 0) {
        at->lazy_due_unix_ms = sim.now_unix_ms + STORE_LAZY_DELAY_MS;
    }
}

static void run_done(struct mail *mail)
{
    struct store_task *task = CONTAINER_OF(mail, struct store_task, mail);
    task->done(task, task->status);
}

static void answer(struct store_task *task)
{
    if (sim.plant == PLANT_LOSE_ANSWER && sim_chance(64)) return;
    if (task->done == NULL) return;
    if (task->reply_to == NULL) {
        task->done(task, task->status);
        return;
    }
    task->mail.run = run_done;
    mailbox_post(task->reply_to, &task->mail);
}

static void run_write(struct store_task *task)
{
    size_t before = change_count;
    tx.is_writable = true;
    task->is_unfinished = false;
    task->status = task->run(task, &tx);
    tx.is_writable = false;
    if (task->status == STATUS_OK) return;
    if (task->is_single_change && change_count != before) {
        sim_fail("a task of a single change failed after it had changed something");
    }
    roll_back(before);
}

static bool has_durable_write(void)
{
    for (size_t i = 0; i < store.write_count; i++) {
        if (store.writes[i]->mode == STORE_DURABLE) return true;
    }
    return false;
}

static bool has_lazy_write(void)
{
    for (size_t i = 0; i < store.write_count; i++) {
        if (store.writes[i]->mode == STORE_LAZY) return true;
    }
    return false;
}

// Some of what waits, oldest first, in one transaction.
static void begin_batch(void)
{
    size_t most = store.write_count < BATCH_MAX ? store.write_count : BATCH_MAX;
    size_t count = sim_chance(2) ? most : 1 + sim_draw((unsigned)most);
    store.is_batch_durable = false;
    for (size_t i = 0; i < count; i++) {
        store.batch[i] = store.writes[i];
        store.is_batch_durable |= store.writes[i]->mode == STORE_DURABLE;
    }
    store.batch_count = count;
    store.write_count -= count;
    memmove(store.writes, store.writes + count, store.write_count * sizeof(*store.writes));
    if (!has_lazy_write()) store.lazy_due_unix_ms = 0;
    for (size_t i = 0; i < count; i++)
        run_write(store.batch[i]);
    store.has_answered = false;
    store.stage = STAGE_WRITTEN;
}

static void answer_batch(void)
{
    if (store.has_answered) return;
    store.has_answered = true;
    for (size_t i = 0; i < store.batch_count; i++)
        answer(store.batch[i]);
}

static void refuse_batch(void)
{
    roll_back(committed_end);
    sim_say("the disk refuses %zu writes", store.batch_count);
    for (size_t i = 0; i < store.batch_count; i++)
        store.batch[i]->status = STATUS_IO;
    store.stage = STAGE_DONE;
}

static bool run_reads(void)
{
    if (store.read_count == 0) return false;
    if (has_lazy_write()) { // A reader sees what it wrote.
        begin_batch();
        return true;
    }
    struct store_task *task = store.reads[0];
    store.read_count--;
    memmove(store.reads, store.reads + 1, store.read_count * sizeof(*store.reads));
    task->status = refuses() && sim.plan.refuses_reads ? STATUS_IO : task->run(task, &tx);
    answer(task);
    return true;
}

bool disk_turn(void)
{
    switch (store.stage) {
    case STAGE_IDLE: {
        bool must_write = has_durable_write() || (store.lazy_due_unix_ms != 0 &&
                                                  store.lazy_due_unix_ms <= sim.now_unix_ms);
        if (store.read_count > 0 && (!must_write || sim_chance(2))) return run_reads();
        if (!must_write && (store.write_count == 0 || !sim_chance(8))) return false;
        begin_batch();
        return true;
    }
    case STAGE_WRITTEN:
        if (sim.plant == PLANT_EARLY_PERFORM) answer_batch();
        if (refuses()) {
            refuse_batch();
            return true;
        }
        commit();
        store.stage = STAGE_COMMITTED;
        return true;
    case STAGE_COMMITTED:
        if (sim.plant == PLANT_SKIP_SYNC && !store.has_answered) {
            answer_batch();
            return true;
        }
        if (store.is_batch_durable) sync_all();
        store.stage = STAGE_DONE;
        return true;
    case STAGE_DONE:
        answer_batch();
        store.stage = STAGE_IDLE;
        return true;
    }
    return false;
}

// All writes that there are, now.
static void flush(void)
{
    while (store.stage != STAGE_IDLE || store.write_count > 0) {
        if (store.stage == STAGE_IDLE) begin_batch();
        bool has_turned = disk_turn();
        assert(has_turned);
    }
}

// Whoever waits for a write waits for all before it. A server whose disk refuses its start-up does
// not start, which is nothing to look at.
enum status store_run(struct store *at, struct store_task *task)
{
    (void)at;
    bool is_write = task->mode != STORE_READ;
    if (is_write) flush();
    do {
        tx.is_writable = is_write;
        task->is_unfinished = false;
        task->status = task->run(task, &tx);
        tx.is_writable = false;
        if (is_write && task->status == STATUS_OK && !(sim.is_stopping && refuses())) {
            commit();
            sync_all();
        } else if (is_write) {
            roll_back(committed_end);
            if (task->status == STATUS_OK) task->status = STATUS_IO;
        }
    } while (task->is_unfinished && task->status == STATUS_OK);
    return task->status;
}

void disk_close(void)
{
    flush();
    if (commit_count > 0) sync_all();
}

int64_t disk_due_unix_ms(void)
{
    return store.lazy_due_unix_ms == 0 ? INT64_MAX : store.lazy_due_unix_ms;
}
