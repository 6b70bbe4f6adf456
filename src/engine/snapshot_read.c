// Members of a snapshot, one kind at a time.

#include "engine/snapshot_read.h"

#include <string.h>

const struct str snapshot_wait_names[STRAND_IS_FREE] = {
    [STRAND_IS_READY] = STR_INIT("READY"),
    [STRAND_WAITS_FOR_TASK] = STR_INIT("TASK"),
    [STRAND_WAITS_FOR_TIME] = STR_INIT("TIME"),
    [STRAND_WAITS_FOR_RETRY] = STR_INIT("RETRY"),
    [STRAND_WAITS_FOR_CHILDREN] = STR_INIT("CHILDREN"),
    [STRAND_WAITS_FOR_MAP_RUN] = STR_INIT("MAP_RUN"),
};

const struct str snapshot_action_names[STRAND_RESUMES + 1] = {
    [STRAND_ENTERS] = STR_INIT("ENTERS"),
    [STRAND_SPREADS] = STR_INIT("SPREADS"),
    [STRAND_JOINS] = STR_INIT("JOINS"),
    [STRAND_RESUMES] = STR_INIT("RESUMES"),
};

static const int64_t event_id_max = INT64_C(1) << 50;
static const int64_t size_bytes_max = INT64_C(1) << 40; // Of one payload.

const struct json *snapshot_read_member(struct snapshot_reader *reader, const struct json *object,
                                        struct str name, enum json_type type)
{
    const struct json *member = json_find(object, name);
    if (member == NULL || member->type == type) return member;
    reader->is_corrupt = true;
    return NULL;
}

int64_t snapshot_read_integer(struct snapshot_reader *reader, const struct json *object,
                              struct str name, int64_t least, int64_t most)
{
    const struct json *member = snapshot_read_member(reader, object, name, JSON_INTEGER);
    int64_t value = member == NULL ? 0 : member->integer;
    if (value >= least && value <= most) return value;
    reader->is_corrupt = true;
    return least;
}

uint32_t snapshot_read_count(struct snapshot_reader *reader, const struct json *object,
                             struct str name, uint32_t most)
{
    return (uint32_t)snapshot_read_integer(reader, object, name, 0, most);
}

int64_t snapshot_read_time(struct snapshot_reader *reader, const struct json *object,
                           struct str name, int64_t absent)
{
    const struct json *member = snapshot_read_member(reader, object, name, JSON_INTEGER);
    return member == NULL ? absent : member->integer;
}

bool snapshot_read_bool(struct snapshot_reader *reader, const struct json *object, struct str name,
                        bool absent)
{
    const struct json *member = json_find(object, name);
    if (member == NULL) return absent;
    if (!json_is_boolean(member)) reader->is_corrupt = true;
    return member->type == JSON_TRUE;
}

struct str snapshot_read_text(struct snapshot_reader *reader, const struct json *object,
                              struct str name)
{
    const struct json *member = snapshot_read_member(reader, object, name, JSON_STRING);
    return member == NULL ? (struct str){0} : json_str(member);
}

uint32_t snapshot_read_name(struct snapshot_reader *reader, const struct json *object,
                            struct str name, const struct str *names, uint32_t count)
{
    struct str text = snapshot_read_text(reader, object, name);
    for (uint32_t i = 0; i < count && text.size > 0; i++) {
        if (str_equal(text, names[i])) return i;
    }
    reader->is_corrupt = true;
    return 0;
}

static const struct snapshot_value *find_value(struct snapshot_reader *reader,
                                               const struct json *index)
{
    static const struct snapshot_value nothing = {.value = {.type = JSON_NULL}};
    bool is_index = index != NULL && index->type == JSON_INTEGER && index->integer >= 0 &&
                    index->integer < reader->value_count;
    if (is_index) return &reader->values[index->integer];
    reader->is_corrupt = true;
    return &nothing;
}

struct json snapshot_read_value_at(struct snapshot_reader *reader, const struct json *index,
                                   uint32_t *ret_depth)
{
    const struct snapshot_value *value = find_value(reader, index);
    *ret_depth = value->depth;
    return value->value;
}

struct json snapshot_read_value(struct snapshot_reader *reader, const struct json *object,
                                struct str name)
{
    return find_value(reader, json_find(object, name))->value;
}

struct payload snapshot_read_payload(struct snapshot_reader *reader, const struct json *object,
                                     struct str name)
{
    static const struct json nothing = {.type = JSON_OBJECT};
    const struct json *member = snapshot_read_member(reader, object, name, JSON_OBJECT);
    if (member == NULL) {
        reader->is_corrupt = true;
        member = &nothing;
    }
    const struct snapshot_value *value = find_value(reader, JSON_FIND(member, "value"));
    struct payload payload = {
        .value = value->value,
        .size_bytes =
            (size_t)snapshot_read_integer(reader, member, STR("size_bytes"), 0, size_bytes_max),
        .depth = snapshot_read_count(reader, member, STR("depth"), UINT32_MAX),
        .is_within_limit = snapshot_read_bool(reader, member, STR("is_within_limit"), true),
    };
    // A depth that is too small would let values grow beyond all bounds, one state at a time.
    if (value->depth > payload.depth) payload.depth = value->depth;
    return payload;
}

void *snapshot_take_memory(struct snapshot_reader *reader, size_t count, size_t size)
{
    void *memory = arena_alloc_array(reader->execution->arena, count, size);
    if (memory == NULL) {
        reader->is_exhausted = true;
    } else {
        memset(memory, 0, count * size);
    }
    return memory;
}

uint64_t snapshot_read_event_id(struct snapshot_reader *reader, const struct json *object,
                                struct str name)
{
    return (uint64_t)snapshot_read_integer(reader, object, name, 0, event_id_max);
}

uint64_t snapshot_read_id(struct snapshot_reader *reader, const struct json *object,
                          struct str name)
{
    return (uint64_t)snapshot_read_integer(reader, object, name, 0, INT64_MAX);
}

void snapshot_read_history(struct snapshot_reader *reader, const struct json *object,
                           struct history *history)
{
    const struct json *member = snapshot_read_member(reader, object, STR("history"), JSON_OBJECT);
    if (member == NULL) {
        reader->is_corrupt = true;
        return;
    }
    history->count = snapshot_read_event_id(reader, member, STR("count"));
    history->is_full = snapshot_read_bool(reader, member, STR("is_full"), false);
}

// ---------------------------------------------------------------------------------------------
// The table of values

static void read_deep_value(struct snapshot_reader *reader, const struct json *entry)
{
    int64_t index = snapshot_read_integer(reader, entry, STR("value"), 0, reader->value_count);
    struct str text = snapshot_read_text(reader, entry, STR("text"));
    struct json value;
    if (reader->is_corrupt || index == reader->value_count) {
        reader->is_corrupt = true;
        return;
    }
    enum status status = json_parse(reader->execution->arena, text, 0, &value, NULL);
    if (status != STATUS_OK) {
        reader->is_corrupt = status == STATUS_INVALID;
        reader->is_exhausted = status != STATUS_INVALID;
        return;
    }
    reader->values[index] = (struct snapshot_value){value, payload_of(value).depth};
}

void snapshot_read_values(struct snapshot_reader *reader)
{
    const struct json *values =
        snapshot_read_member(reader, &reader->root, STR("values"), JSON_ARRAY);
    const struct json *deep_values =
        snapshot_read_member(reader, &reader->root, STR("deep_values"), JSON_ARRAY);
    uint32_t count = values == NULL ? 0 : values->size;
    reader->values = arena_alloc_array(reader->execution->arena, count, sizeof(*reader->values));
    if (reader->values == NULL) {
        reader->is_exhausted = true;
        return;
    }
    reader->value_count = count;
    for (uint32_t i = 0; i < count; i++) {
        reader->values[i] =
            (struct snapshot_value){values->items[i], payload_of(values->items[i]).depth};
    }
    for (uint32_t i = 0; deep_values != NULL && i < deep_values->size; i++)
        read_deep_value(reader, &deep_values->items[i]);
}
