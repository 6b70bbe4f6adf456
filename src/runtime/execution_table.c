// One mutex, one map, two lists. Records are found by ARN and listed by walking back from the
// newest.

#include "runtime/execution_table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "json/json.h"
#include "runtime/state_machine.h"

enum { RECORD_ARENA_BYTES_MAX = 256 << 20 };

void execution_table_init(struct execution_table *table)
{
    pthread_mutex_init(&table->mutex, NULL);
    map_init(&table->by_arn);
    list_init(&table->by_start);
    list_init(&table->by_close);
    table->closed_count = 0;
}

static void record_free(struct execution_record *record)
{
    free(record->events);
    state_machine_unref(record->state_machine);
    arena_release(&record->arena);
    free(record);
}

void execution_table_release(struct execution_table *table)
{
    LIST_EACH(link, &table->by_start)
    record_free(LIST_ITEM(link, struct execution_record, by_start));
    map_release(&table->by_arn);
    pthread_mutex_destroy(&table->mutex);
}

// All text of `fields`, in `arena`.
static bool copy_record(struct arena *arena, const struct execution_record *fields,
                        struct execution_record *ret_copy)
{
    struct execution_record copy = *fields;
    struct str *const texts[] = {&copy.arn,         &copy.name,         &copy.state_machine_arn,
                                 &copy.version_arn, &copy.alias_arn,    &copy.role_arn,
                                 &copy.input,       &copy.trace_header, &copy.output,
                                 &copy.error,       &copy.cause};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (texts[i]->data != NULL && !arena_copy_str(arena, *texts[i], texts[i])) return false;
    }
    copy.state_machine = NULL;
    copy.events = NULL;
    copy.event_count = copy.event_capacity = 0;
    *ret_copy = copy;
    return true;
}

static struct execution_record *record_new(const struct execution_record *fields)
{
    struct execution_record *record = calloc(1, sizeof(*record));
    if (record == NULL) return NULL;
    struct arena arena;
    arena_init(&arena, RECORD_ARENA_BYTES_MAX);
    if (!copy_record(&arena, fields, record)) {
        arena_release(&arena);
        free(record);
        return NULL;
    }
    record->arena = arena;
    record->state_machine = state_machine_ref(fields->state_machine);
    record->status = ENGINE_RUNNING;
    list_init(&record->by_start);
    list_init(&record->by_close);
    return record;
}

enum status execution_table_insert(struct execution_table *table,
                                   const struct execution_record *fields, struct arena *arena,
                                   struct execution_record *ret_existing)
{
    struct execution_record *record = record_new(fields);
    if (record == NULL) return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    pthread_mutex_lock(&table->mutex);
    struct execution_record *existing = map_find(&table->by_arn, record->arn);
    if (existing != NULL) {
        status = copy_record(arena, existing, ret_existing) ? STATUS_CONFLICT : STATUS_NO_MEMORY;
    } else if (!map_set(&table->by_arn, record->arn, record)) {
        status = STATUS_NO_MEMORY;
    } else {
        list_append(&table->by_start, &record->by_start);
    }
    pthread_mutex_unlock(&table->mutex);
    if (status != STATUS_OK) record_free(record);
    return status;
}

static bool append_event(struct execution_record *record, struct str text)
{
    if (record->event_count == record->event_capacity) {
        size_t capacity = record->event_capacity == 0 ? 16 : record->event_capacity * 2;
        struct str *events = realloc(record->events, capacity * sizeof(*events));
        if (events == NULL) return false;
        record->events = events;
        record->event_capacity = capacity;
    }
    if (!arena_copy_str(&record->arena, text, &record->events[record->event_count])) return false;
    record->event_count++;
    return true;
}

static bool append_events(struct execution_record *record, const struct engine_update *update)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, MIB(64));
    for (size_t i = 0; i < update->history_event_count; i++) {
        buffer_clear(&buffer);
        engine_history_event_render(&update->history_events[i], true, &buffer);
        if (buffer.is_failed || !append_event(record, buffer_str(&buffer))) return false;
    }
    return true;
}

static bool copy_if_present(struct arena *arena, struct str text, struct str *ret_copy)
{
    if (text.data == NULL) return true;
    return arena_copy_str(arena, text, ret_copy);
}

static bool close_record(struct execution_table *table, struct execution_record *record,
                         const struct engine_update *update)
{
    record->status = update->status;
    record->stopped_unix_ms = update->stopped_unix_ms;
    record->worker = NULL;
    list_append(&table->by_close, &record->by_close);
    table->closed_count++;
    if (update->status == ENGINE_SUCCEEDED) {
        record->output = json_render_to_arena(&record->arena, &update->output);
        return !record->arena.is_exhausted;
    }
    // An execution that ran out of its own time shows neither error nor cause.
    if (update->status == ENGINE_TIMED_OUT) return true;
    return copy_if_present(&record->arena, update->error.name, &record->error) &&
           copy_if_present(&record->arena, update->error.cause, &record->cause);
}

static void forget_oldest(struct execution_table *table)
{
    struct execution_record *oldest =
        LIST_ITEM(table->by_close.next, struct execution_record, by_close);
    map_remove(&table->by_arn, oldest->arn);
    list_remove(&oldest->by_start);
    list_remove(&oldest->by_close);
    table->closed_count--;
    record_free(oldest);
}

enum status execution_table_update(struct execution_table *table, struct str arn,
                                   const struct engine_update *update)
{
    enum status status = STATUS_OK;
    pthread_mutex_lock(&table->mutex);
    struct execution_record *record = map_find(&table->by_arn, arn);
    assert(record != NULL && record->status == ENGINE_RUNNING);
    if (!append_events(record, update)) status = STATUS_NO_MEMORY;
    if (update->status != ENGINE_RUNNING && !close_record(table, record, update)) {
        status = STATUS_NO_MEMORY;
    }
    if (table->closed_count > EXECUTION_TABLE_CLOSED_MAX) forget_oldest(table);
    pthread_mutex_unlock(&table->mutex);
    return status;
}

enum status execution_table_find(struct execution_table *table, struct str arn, struct arena *arena,
                                 struct execution_record *ret_record)
{
    enum status status = STATUS_OK;
    pthread_mutex_lock(&table->mutex);
    const struct execution_record *record = map_find(&table->by_arn, arn);
    if (record == NULL) {
        status = STATUS_NOT_FOUND;
    } else if (!copy_record(arena, record, ret_record)) {
        status = STATUS_NO_MEMORY;
    }
    pthread_mutex_unlock(&table->mutex);
    return status;
}

struct state_machine *execution_table_state_machine(struct execution_table *table, struct str arn)
{
    pthread_mutex_lock(&table->mutex);
    const struct execution_record *record = map_find(&table->by_arn, arn);
    struct state_machine *found = record == NULL ? NULL : state_machine_ref(record->state_machine);
    pthread_mutex_unlock(&table->mutex);
    return found;
}

static enum status copy_events(const struct execution_record *record, size_t first, size_t count,
                               bool is_reversed, struct arena *arena, struct str **ret_events,
                               size_t *ret_count)
{
    size_t total = record->event_count;
    if (first > total) first = total;
    if (count > total - first) count = total - first;
    struct str *events = arena_alloc_array(arena, count, sizeof(*events));
    if (events == NULL) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        size_t at = is_reversed ? total - 1 - (first + i) : first + i;
        if (!arena_copy_str(arena, record->events[at], &events[i])) return STATUS_NO_MEMORY;
    }
    *ret_events = events;
    *ret_count = count;
    return STATUS_OK;
}

enum status execution_table_history(struct execution_table *table, struct str arn, size_t first,
                                    size_t count, bool is_reversed, struct arena *arena,
                                    struct str **ret_events, size_t *ret_count, size_t *ret_total)
{
    enum status status = STATUS_NOT_FOUND;
    pthread_mutex_lock(&table->mutex);
    const struct execution_record *record = map_find(&table->by_arn, arn);
    if (record != NULL) {
        status = copy_events(record, first, count, is_reversed, arena, ret_events, ret_count);
        *ret_total = record->event_count;
    }
    pthread_mutex_unlock(&table->mutex);
    return status;
}

static bool query_matches(const struct execution_table_query *query,
                          const struct execution_record *record)
{
    if (!str_equal(record->state_machine_arn, query->state_machine_arn)) return false;
    if (query->has_status && record->status != query->status) return false;
    if (query->qualified_arn.size > 0 && !str_equal(record->version_arn, query->qualified_arn) &&
        !str_equal(record->alias_arn, query->qualified_arn)) {
        return false;
    }
    if (record->started_unix_ms != query->before_unix_ms) {
        return record->started_unix_ms < query->before_unix_ms;
    }
    return str_compare(record->arn, query->before_arn) < 0;
}

// Newest first; of equal starts the larger ARN first, so that a page can go on after any of them.
static int order_newest_first(const void *a, const void *b)
{
    const struct execution_record *left = a, *right = b;
    if (left->started_unix_ms != right->started_unix_ms) {
        return left->started_unix_ms < right->started_unix_ms ? 1 : -1;
    }
    return str_compare(right->arn, left->arn);
}

enum status execution_table_list(struct execution_table *table,
                                 const struct execution_table_query *query, struct arena *arena,
                                 struct execution_record **ret_records, size_t *ret_count,
                                 bool *ret_has_more)
{
    size_t count = 0, capacity = 0;
    struct execution_record *found = NULL;
    enum status status = STATUS_OK;
    pthread_mutex_lock(&table->mutex);
    // Walk back from the newest; records that started in the same millisecond as the last one kept
    // are all taken before sorting decides which of them belong to this page.
    for (struct list *link = table->by_start.previous; link != &table->by_start;
         link = link->previous) {
        const struct execution_record *record = LIST_ITEM(link, struct execution_record, by_start);
        if (!query_matches(query, record)) continue;
        if (count > query->count_max &&
            record->started_unix_ms < found[query->count_max].started_unix_ms) {
            break;
        }
        if (count == capacity) {
            capacity = capacity == 0 ? 64 : capacity * 2;
            struct execution_record *grown = realloc(found, capacity * sizeof(*found));
            if (grown == NULL) {
                status = STATUS_NO_MEMORY;
                break;
            }
            found = grown;
        }
        found[count++] = *record;
    }
    if (count > 1) qsort(found, count, sizeof(*found), order_newest_first);
    *ret_has_more = count > query->count_max;
    *ret_count = *ret_has_more ? query->count_max : count;
    *ret_records = arena_alloc_array(arena, *ret_count, sizeof(**ret_records));
    if (*ret_records == NULL) status = STATUS_NO_MEMORY;
    for (size_t i = 0; i < *ret_count && status == STATUS_OK; i++) {
        if (!copy_record(arena, &found[i], &(*ret_records)[i])) status = STATUS_NO_MEMORY;
    }
    pthread_mutex_unlock(&table->mutex);
    free(found);
    return status;
}
