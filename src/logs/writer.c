// Appending without waiting.
//
// Each thread has a writer: a slot with a chain of batches, the newest first. To append, the thread
// takes the chain out of the slot, adds a record and puts the chain back, so the store thread,
// which also takes what it finds in the slot, never sees a batch that is being filled, and neither
// waits for the other. A chain taken by the store is written, in pieces, and freed.
//
//   slot empty, not armed  -> slot full, armed        [logs_append: the first record posts
//   `collect`] slot full, armed       -> slot empty, armed       [collect_run takes the chain] slot
//   empty, armed      -> slot empty, not armed   [collect_done] slot full, armed       -> slot
//   full, armed        [collect_done posts `collect` again]
//
// "Armed" means that the task `collect` belongs to the store and must not be submitted. Both sides
// write their own word before they read the other's, so no record stays behind.

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "logs/logs_private.h"

enum {
    BATCH_SIZE = 64 << 10, // Capacity of a batch, unless one message needs more.
    BATCH_TARGETS_MAX = 16,
    PIECE_EVENTS_MAX = 500, // Written in one transaction: a few milliseconds.
    PIECE_BYTES_MAX = 1 << 20,
};

// A stream that records of a batch go to.
struct target {
    struct logs_group *group; // The batch holds a reference.
    int64_t group_id;         // At the time of appending; 0: the group did not exist.
    uint32_t name_offset;     // Of the stream's name in the batch's bytes.
    uint32_t name_size;
    // Store thread, valid for the current piece only.
    bool is_resolved;
    int64_t stream_id; // 0: its records are dropped.
    struct store_log_note note;
};

struct record {
    int64_t timestamp_unix_ms;
    uint32_t target;
    uint32_t size; // Of the message, which follows.
};

struct batch {
    struct batch *next; // Older in a slot, newer once taken.
    uint32_t target_count;
    uint32_t event_count;
    size_t capacity; // Of `bytes`.
    size_t used;
    struct target targets[BATCH_TARGETS_MAX];
    char bytes[]; // Records, with the names of streams between them.
};

struct writer {
    struct writer *next;
    struct logs *logs;
    _Atomic bool is_owned; // By a thread that is alive.
    _Atomic(struct batch *) slot;
    _Atomic bool is_armed;
    _Atomic uint64_t appended_events; // Written by the owner only.
    _Atomic uint64_t dropped_events;  // Written by the owner only.
    struct store_task collect;
    // Store thread.
    struct batch *taken;   // Oldest first.
    size_t taken_offset;   // Of the next record in the first of them.
    uint32_t piece_events; // Of the current transaction.
};

// ---------------------------------------------------------------------------------------------
// Batches

static struct batch *batch_new(struct logs *logs, size_t size_min)
{
    size_t capacity = size_min > BATCH_SIZE ? size_min : BATCH_SIZE;
    if (atomic_fetch_add(&logs->queued_bytes, capacity) + capacity > LOGS_QUEUED_BYTES_MAX) {
        atomic_fetch_sub(&logs->queued_bytes, capacity);
        return NULL;
    }
    struct batch *batch = malloc(sizeof(*batch) + capacity);
    if (batch == NULL) {
        atomic_fetch_sub(&logs->queued_bytes, capacity);
        return NULL;
    }
    batch->next = NULL;
    batch->target_count = 0;
    batch->event_count = 0;
    batch->capacity = capacity;
    batch->used = 0;
    return batch;
}

static void batch_free(struct logs *logs, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->target_count; i++)
        logs_group_unref(batch->targets[i].group);
    atomic_fetch_sub(&logs->queued_bytes, batch->capacity);
    free(batch);
}

static struct str target_name(const struct batch *batch, const struct target *target)
{
    return (struct str){batch->bytes + target->name_offset, target->name_size};
}

// Index of the target in the batch, or BATCH_TARGETS_MAX.
static uint32_t find_target(const struct batch *batch, const struct logs_group *group,
                            int64_t group_id, struct str stream_name)
{
    // The last one first: records of one execution or invocation come together.
    for (uint32_t i = batch->target_count; i-- > 0;) {
        const struct target *target = &batch->targets[i];
        if (target->group == group && target->group_id == group_id &&
            str_equal(target_name(batch, target), stream_name)) {
            return i;
        }
    }
    return BATCH_TARGETS_MAX;
}

static uint32_t add_target(struct batch *batch, struct logs_group *group, int64_t group_id,
                           struct str stream_name)
{
    struct target *target = &batch->targets[batch->target_count];
    *target = (struct target){
        .group = logs_group_ref(group),
        .group_id = group_id,
        .name_offset = (uint32_t)batch->used,
        .name_size = (uint32_t)stream_name.size,
    };
    memcpy(batch->bytes + batch->used, stream_name.data, stream_name.size);
    batch->used += stream_name.size;
    return batch->target_count++;
}

// Records and names share the bytes; a record that is a name says so by its target.
static const uint32_t RECORD_IS_NAME = UINT32_MAX;

// Add to `newest`, or to a new batch before it. Returns the newest then, or NULL when there is no
// room.
static struct batch *add_record(struct logs *logs, struct batch *newest, struct logs_group *group,
                                struct str stream_name, const struct record *record,
                                const char *message)
{
    int64_t group_id = atomic_load_explicit(&group->store_id, memory_order_relaxed);
    size_t size_max = 2 * sizeof(*record) + stream_name.size + record->size;
    uint32_t target = BATCH_TARGETS_MAX;
    if (newest != NULL) target = find_target(newest, group, group_id, stream_name);
    bool is_full = newest == NULL || size_max > newest->capacity - newest->used ||
                   (target == BATCH_TARGETS_MAX && newest->target_count == BATCH_TARGETS_MAX);
    if (is_full) {
        struct batch *batch = batch_new(logs, size_max);
        if (batch == NULL) return NULL;
        batch->next = newest;
        newest = batch;
        target = BATCH_TARGETS_MAX;
    }
    if (target == BATCH_TARGETS_MAX) {
        struct record name = {.target = RECORD_IS_NAME, .size = (uint32_t)stream_name.size};
        memcpy(newest->bytes + newest->used, &name, sizeof(name));
        newest->used += sizeof(name);
        target = add_target(newest, group, group_id, stream_name);
    }
    struct record complete = *record;
    complete.target = target;
    memcpy(newest->bytes + newest->used, &complete, sizeof(complete));
    memcpy(newest->bytes + newest->used + sizeof(complete), message, record->size);
    newest->used += sizeof(complete) + record->size;
    newest->event_count++;
    return newest;
}

// ---------------------------------------------------------------------------------------------
// Writing to the store, on its thread

static enum status write_notes(struct batch *batch, struct store_tx *tx)
{
    for (uint32_t i = 0; i < batch->target_count; i++) {
        struct target *target = &batch->targets[i];
        target->is_resolved = false; // Until the next piece the stream may be deleted.
        if (target->note.event_count == 0) continue;
        enum status status = store_log_stream_note(tx, &target->note);
        if (status != STATUS_OK) return status;
        target->note = (struct store_log_note){0};
    }
    return STATUS_OK;
}

static enum status resolve_target(struct logs *logs, struct store_tx *tx, struct batch *batch,
                                  struct target *target, int64_t now_unix_ms)
{
    struct logs_group *group = target->group;
    target->is_resolved = true;
    target->stream_id = 0;
    target->note = (struct store_log_note){0};
    if (target->group_id == 0) {
        if (group->store_id == 0 && group->is_created_when_written) {
            enum status status = logs_group_create_row(group, tx, STR(""));
            if (status != STATUS_OK) return status;
        }
        target->group_id = group->store_id;
    }
    if (target->group_id == 0 || target->group_id != group->store_id) return STATUS_OK;
    enum status status = logs_stream_resolve(logs, tx, target->group_id, target_name(batch, target),
                                             now_unix_ms, &target->stream_id);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status write_record(struct store_tx *tx, struct target *target,
                                const struct record *record, const char *message,
                                int64_t now_unix_ms)
{
    struct store_log_event event = {
        .stream_id = target->stream_id,
        .timestamp_unix_ms = record->timestamp_unix_ms,
        .ingestion_unix_ms = now_unix_ms,
        .message = {message, record->size},
    };
    enum status status = store_log_event_insert(tx, target->group_id, &event);
    if (status != STATUS_OK) return status;
    struct store_log_note *note = &target->note;
    if (note->event_count == 0) {
        note->first_event_unix_ms = note->last_event_unix_ms = record->timestamp_unix_ms;
    }
    if (record->timestamp_unix_ms < note->first_event_unix_ms) {
        note->first_event_unix_ms = record->timestamp_unix_ms;
    }
    if (record->timestamp_unix_ms > note->last_event_unix_ms) {
        note->last_event_unix_ms = record->timestamp_unix_ms;
    }
    note->group_id = target->group_id;
    note->stream_id = target->stream_id;
    note->ingestion_unix_ms = now_unix_ms;
    note->event_count++;
    note->stored_bytes += record->size;
    return STATUS_OK;
}

// Write records of the first taken batch until it or the piece ends.
static enum status write_batch(struct writer *writer, struct store_tx *tx, size_t *piece_bytes,
                               int64_t now_unix_ms)
{
    struct batch *batch = writer->taken;
    while (writer->taken_offset < batch->used && writer->piece_events < PIECE_EVENTS_MAX &&
           *piece_bytes < PIECE_BYTES_MAX) {
        struct record record;
        memcpy(&record, batch->bytes + writer->taken_offset, sizeof(record));
        const char *message = batch->bytes + writer->taken_offset + sizeof(record);
        writer->taken_offset += sizeof(record) + record.size;
        if (record.target == RECORD_IS_NAME) continue;
        assert(record.target < batch->target_count);
        struct target *target = &batch->targets[record.target];
        enum status status = STATUS_OK;
        if (!target->is_resolved) {
            status = resolve_target(writer->logs, tx, batch, target, now_unix_ms);
        }
        writer->piece_events++;
        *piece_bytes += record.size;
        if (status == STATUS_OK && target->stream_id != 0) {
            status = write_record(tx, target, &record, message, now_unix_ms);
        }
        if (status != STATUS_OK) return status;
    }
    return write_notes(batch, tx);
}

// Take what is in the slot; it is the newest first there.
static void take_slot(struct writer *writer)
{
    assert(writer->taken == NULL);
    struct batch *batch = atomic_exchange(&writer->slot, NULL);
    while (batch != NULL) {
        struct batch *older = batch->next;
        batch->next = writer->taken;
        writer->taken = batch;
        batch = older;
    }
    writer->taken_offset = 0;
}

static enum status collect_run(struct store_task *task, struct store_tx *tx)
{
    struct writer *writer = CONTAINER_OF(task, struct writer, collect);
    struct logs *logs = writer->logs;
    int64_t now_unix_ms = clock_unix_ms(logs->clock);
    size_t piece_bytes = 0;
    writer->piece_events = 0;
    if (writer->taken == NULL) take_slot(writer);
    while (writer->taken != NULL && writer->piece_events < PIECE_EVENTS_MAX &&
           piece_bytes < PIECE_BYTES_MAX) {
        enum status status = write_batch(writer, tx, &piece_bytes, now_unix_ms);
        if (status != STATUS_OK) {
            // Streams and groups made on the way are rolled back.
            logs_streams_forget(logs);
            return status;
        }
        struct batch *batch = writer->taken;
        if (writer->taken_offset < batch->used) break;
        writer->taken = batch->next;
        writer->taken_offset = 0;
        batch_free(logs, batch);
        if (writer->taken == NULL) take_slot(writer);
    }
    task->is_unfinished = writer->taken != NULL;
    return STATUS_OK;
}

static void drop_taken(struct writer *writer)
{
    uint64_t lost = writer->piece_events;
    while (writer->taken != NULL) {
        struct batch *batch = writer->taken;
        writer->taken = batch->next;
        lost += batch->event_count;
        batch_free(writer->logs, batch);
    }
    atomic_fetch_add(&writer->logs->lost_events, lost);
}

static void collect_submit(struct writer *writer);

static void collect_done(struct store_task *task, enum status status)
{
    struct writer *writer = CONTAINER_OF(task, struct writer, collect);
    if (status != STATUS_OK) {
        logs_streams_forget(writer->logs);
        logs_groups_reload(writer->logs);
        drop_taken(writer);
    }
    atomic_store(&writer->is_armed, false);
    if (atomic_load(&writer->slot) != NULL && !atomic_exchange(&writer->is_armed, true)) {
        collect_submit(writer);
    }
}

static void collect_submit(struct writer *writer)
{
    writer->collect =
        (struct store_task){.mode = STORE_LAZY, .run = collect_run, .done = collect_done};
    store_submit(writer->logs->store, &writer->collect);
}

// ---------------------------------------------------------------------------------------------
// Writers

void logs_writer_abandon(void *context)
{
    struct writer *writer = context;
    atomic_store(&writer->is_owned, false); // The next new thread takes it over.
}

static struct writer *writer_of_thread(struct logs *logs)
{
    struct writer *writer = pthread_getspecific(logs->writer_key);
    if (LIKELY(writer != NULL)) return writer;
    for (writer = atomic_load(&logs->writers); writer != NULL; writer = writer->next) {
        bool is_free = false;
        if (atomic_compare_exchange_strong(&writer->is_owned, &is_free, true)) break;
    }
    if (writer == NULL) {
        writer = calloc(1, sizeof(*writer));
        if (writer == NULL) return NULL;
        writer->logs = logs;
        writer->is_owned = true;
        writer->next = atomic_load(&logs->writers);
        while (!atomic_compare_exchange_weak(&logs->writers, &writer->next, writer)) {
        }
    }
    if (pthread_setspecific(logs->writer_key, writer) != 0) {
        logs_writer_abandon(writer);
        return NULL;
    }
    return writer;
}

// Only the owner writes a counter, so no locked instruction is needed.
static void count_one(_Atomic uint64_t *counter)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

// A cut does not go through a character.
static uint32_t cut_message(struct str message)
{
    if (message.size <= LOGS_MESSAGE_SIZE_MAX) return (uint32_t)message.size;
    size_t size = LOGS_MESSAGE_SIZE_MAX;
    while (size > 0 && ((unsigned char)message.data[size] & 0xc0) == 0x80)
        size--;
    return (uint32_t)size;
}

void logs_append(struct logs *logs, struct logs_group *group, struct str stream_name,
                 int64_t timestamp_unix_ms, struct str message)
{
    assert(group->logs == logs && stream_name.size > 0);
    struct writer *writer = writer_of_thread(logs);
    if (writer == NULL) {
        atomic_fetch_add(&logs->lost_events, 1);
        return;
    }
    count_one(&writer->appended_events);
    bool is_kept = logs_group_exists(group) || group->is_created_when_written;
    if (!is_kept || stream_name.size > LOGS_STREAM_NAME_SIZE_MAX || message.size == 0) return;
    struct record record = {.timestamp_unix_ms = timestamp_unix_ms, .size = cut_message(message)};
    struct batch *before = atomic_exchange(&writer->slot, NULL);
    struct batch *newest = add_record(logs, before, group, stream_name, &record, message.data);
    if (newest == NULL) {
        count_one(&writer->dropped_events);
        newest = before;
    }
    atomic_store(&writer->slot, newest);
    if (newest != NULL && !atomic_load(&writer->is_armed) &&
        !atomic_exchange(&writer->is_armed, true)) {
        collect_submit(writer);
    }
}

struct logs_figures logs_figures(const struct logs *logs)
{
    struct logs_figures figures = {
        .dropped_events = atomic_load(&logs->lost_events),
        .queued_bytes = atomic_load(&logs->queued_bytes),
    };
    for (const struct writer *writer = atomic_load(&logs->writers); writer != NULL;
         writer = writer->next) {
        figures.appended_events += atomic_load(&writer->appended_events);
        figures.dropped_events += atomic_load(&writer->dropped_events);
    }
    return figures;
}

void logs_writers_release(struct logs *logs)
{
    struct writer *writer = atomic_load(&logs->writers);
    while (writer != NULL) {
        while (atomic_load(&writer->is_armed))
            logs_wait_for_store(logs);
        assert(writer->slot == NULL && writer->taken == NULL);
        struct writer *next = writer->next;
        free(writer);
        writer = next;
    }
    atomic_store(&logs->writers, NULL);
}
