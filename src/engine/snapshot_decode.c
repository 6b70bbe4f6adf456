// Bringing an execution back from its snapshot. Strands stand in the order of their births, so a
// strand's parent is there before it.

#include "engine/context_object.h"
#include "engine/snapshot_read.h"
#include "engine/strand.h"

static const int64_t sequence_max = INT64_C(1) << 38; // Ids have room for more.
static const int64_t payload_bytes_most = INT64_C(1) << 60;

static void read_ready(struct snapshot_reader *reader)
{
    struct engine_execution *execution = reader->execution;
    const struct json *ready =
        snapshot_read_member(reader, &reader->root, STR("ready"), JSON_ARRAY);
    struct strand **link = &execution->ready;
    for (uint32_t i = 0; ready != NULL && i < ready->size; i++) {
        const struct json *slot = &ready->items[i];
        bool is_slot = slot->type == JSON_INTEGER && slot->integer >= 0 &&
                       slot->integer < execution->slot_count;
        struct strand *strand = is_slot ? execution->slots[slot->integer] : NULL;
        // The last one points to nothing, and so does one that does not stand on the stack.
        if (strand == NULL || strand->next_ready != NULL || link == &strand->next_ready) {
            reader->is_corrupt = true;
            return;
        }
        *link = strand;
        link = &strand->next_ready;
    }
}

// Slots belong to strands or stand on the stack of free ones.
static void read_slots(struct snapshot_reader *reader, uint32_t strand_count)
{
    struct engine_execution *execution = reader->execution;
    const struct json *free_slots =
        snapshot_read_member(reader, &reader->root, STR("free_slots"), JSON_ARRAY);
    uint32_t free_count = free_slots == NULL ? 0 : free_slots->size;
    if (strand_count > STRAND_SLOTS_MAX || free_count > STRAND_SLOTS_MAX - strand_count) {
        reader->is_corrupt = true;
        return;
    }
    execution->slot_count = strand_count + free_count;
    execution->slot_capacity = execution->slot_count;
    execution->slots = snapshot_take_memory(reader, execution->slot_count, sizeof(struct strand *));
    execution->free_slots = snapshot_take_memory(reader, execution->slot_count, sizeof(uint32_t));
    if (reader->is_exhausted) return;
    for (uint32_t i = 0; i < free_count; i++) {
        const struct json *slot = &free_slots->items[i];
        bool is_slot = slot->type == JSON_INTEGER && slot->integer > 0 &&
                       slot->integer < execution->slot_count;
        if (!is_slot || execution->slots[slot->integer] != NULL) {
            reader->is_corrupt = true;
            return;
        }
        execution->slots[slot->integer] = &execution->root; // So that nobody takes it.
        execution->free_slots[execution->free_slot_count++] = (uint32_t)slot->integer;
    }
}

static void release_free_slots(struct engine_execution *execution)
{
    for (uint32_t i = 0; i < execution->free_slot_count; i++)
        execution->slots[execution->free_slots[i]] = NULL;
}

static void read_strands(struct snapshot_reader *reader)
{
    struct engine_execution *execution = reader->execution;
    const struct json *strands =
        snapshot_read_member(reader, &reader->root, STR("strands"), JSON_ARRAY);
    if (strands == NULL || strands->size == 0) {
        reader->is_corrupt = true;
        return;
    }
    read_slots(reader, strands->size);
    for (uint32_t i = 0; i < strands->size; i++) {
        if (reader->is_corrupt || reader->is_exhausted) return;
        struct strand *strand =
            i == 0 ? &execution->root : snapshot_take_memory(reader, 1, sizeof(*strand));
        if (strand != NULL) snapshot_read_strand(reader, &strands->items[i], strand);
    }
    release_free_slots(execution);
    read_ready(reader);
}

static void read_execution(struct snapshot_reader *reader)
{
    struct engine_execution *execution = reader->execution;
    const struct json *root = &reader->root;
    const struct asl_machine *machine = execution->start.machine;
    snapshot_read_integer(reader, root, STR("version"), ENGINE_SNAPSHOT_VERSION,
                          ENGINE_SNAPSHOT_VERSION);
    if (!json_is_object(root) || reader->is_corrupt) {
        reader->is_corrupt = true;
        return;
    }
    snapshot_read_values(reader);
    if (reader->is_corrupt || reader->is_exhausted) return;
    snapshot_read_history(reader, root, &execution->history);
    execution->history.is_limited = machine->type == ASL_MACHINE_STANDARD;
    execution->sequence =
        (uint64_t)snapshot_read_integer(reader, root, STR("sequence"), 0, sequence_max);
    execution->deadline_unix_ms = snapshot_read_time(reader, root, STR("deadline_unix_ms"), 0);
    execution->deadline_timer_id = snapshot_read_id(reader, root, STR("deadline_timer_id"));
    execution->needs_deadline = execution->deadline_timer_id != 0;
    execution->has_yielded = snapshot_read_bool(reader, root, STR("has_yielded"), false);
    execution->redrive_count = snapshot_read_count(reader, root, STR("redrive_count"), INT32_MAX);
    execution->redriven_unix_ms =
        snapshot_read_integer(reader, root, STR("redriven_unix_ms"), 0, SNAPSHOT_UNIX_MS_MAX);
    execution->payload_bytes_max = (size_t)snapshot_read_integer(
        reader, root, STR("payload_bytes_max"), 0, payload_bytes_most);
    execution->start.input = json_null;
    if (context_object_is_used(machine)) {
        execution->start.input = snapshot_read_value(reader, root, STR("execution_input"));
    }
    read_strands(reader);
}

enum status engine_execution_decode(struct arena *arena, const struct engine_start *start,
                                    struct str text, struct engine_execution **ret_execution)
{
    struct engine_execution *execution = ARENA_NEW(arena, struct engine_execution);
    struct snapshot_reader reader = {.execution = execution};
    if (execution == NULL) return STATUS_NO_MEMORY;
    execution->arena = arena;
    execution->start = *start;
    execution->status = ENGINE_RUNNING;
    execution->is_started = true;
    execution->history_mask = start->history_mask;
    list_init(&execution->live);
    list_init(&execution->free);
    enum status status = json_parse(arena, text, JSON_PARSE_COPY, &reader.root, NULL);
    if (status == STATUS_INVALID) return STATUS_CORRUPT;
    if (status != STATUS_OK) return status;
    read_execution(&reader);
    if (reader.is_exhausted) return STATUS_NO_MEMORY;
    if (reader.is_corrupt || !snapshot_is_sound(execution)) return STATUS_CORRUPT;
    *ret_execution = execution;
    return STATUS_OK;
}
