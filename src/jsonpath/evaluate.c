// Evaluation. Paths of names and indices alone, which are nearly all, take one loop without any
// allocation; the others walk the segments recursively and collect.

#include <assert.h>

#include "jsonpath/path.h"

static inline const struct json *find_member(const struct json *object, struct str name)
{
    const struct json_member *member = object->members, *end = member + object->size;
    for (; member != end; member++) {
        if (member->name.size == name.size &&
            (name.size == 0 || memcmp(member->name.text, name.data, name.size) == 0)) {
            return &member->value;
        }
    }
    return NULL;
}

static inline const struct json *find_item(const struct json *array, int32_t index)
{
    int64_t at = index < 0 ? (int64_t)array->size + index : index;
    return at >= 0 && at < array->size ? &array->items[at] : NULL;
}

// The value that a path of names and indices leads to; NULL with the missing segment's index.
static inline const struct json *follow(const struct jsonpath *path, const struct json *value,
                                        uint32_t *ret_missing)
{
    const struct segment *segment = path->segments, *end = segment + path->count;
    for (; segment != end; segment++) {
        const struct json *next = NULL;
        if (segment->kind == SEGMENT_NAME) {
            if (LIKELY(value->type == JSON_OBJECT)) next = find_member(value, segment->name);
        } else if (value->type == JSON_ARRAY) {
            next = find_item(value, segment->index);
        }
        if (UNLIKELY(next == NULL)) {
            *ret_missing = (uint32_t)(segment - path->segments);
            return NULL;
        }
        value = next;
    }
    return value;
}

// ---------------------------------------------------------------------------------------------
// Paths with several matches

static enum outcome step(struct run *run, uint32_t at, const struct json *value);

static enum outcome missing(struct run *run, uint32_t at, bool is_index)
{
    run->missing = at;
    run->is_index_missing = is_index;
    return OUTCOME_MISSING;
}

// `value` is what segment `at` selected: go on behind it, or it is a result.
static enum outcome selected(struct run *run, uint32_t at, const struct json *value)
{
    if (at + 1 < run->path->count) return step(run, at + 1, value);
    json_items_append(&run->results, *value);
    return run->results.arena->is_exhausted ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

static enum outcome step_name(struct run *run, uint32_t at, struct str name,
                              const struct json *value)
{
    const struct segment *segment = &run->path->segments[at];
    const struct json *member = find_member(value, name);
    if (member != NULL) return selected(run, at, member);
    bool is_last = at + 1 == run->path->count;
    bool is_demanded = segment->is_definite && segment->is_upstream_definite && !is_last;
    return is_demanded || run->demands_properties ? missing(run, at, false) : OUTCOME_OK;
}

// Several names at the end make one object of what is there; before the end each goes its way.
static enum outcome step_names(struct run *run, uint32_t at, const struct json *value)
{
    const struct segment *segment = &run->path->segments[at];
    if (at + 1 < run->path->count) {
        for (uint32_t i = 0; i < segment->count; i++) {
            enum outcome outcome = step_name(run, at, segment->names[i], value);
            if (outcome != OUTCOME_OK) return outcome;
        }
        return OUTCOME_OK;
    }
    struct json_members merged;
    json_members_init(&merged, run->evaluation->arena);
    for (uint32_t i = 0; i < segment->count; i++) {
        const struct json *member = find_member(value, segment->names[i]);
        if (member != NULL) {
            json_members_set(&merged, segment->names[i], *member);
        } else if (run->demands_properties) {
            return missing(run, at, false);
        }
    }
    if (run->evaluation->arena->is_exhausted) return OUTCOME_NO_MEMORY;
    struct json object = json_members_finish(&merged);
    return selected(run, at, &object);
}

static enum outcome step_index(struct run *run, uint32_t at, int64_t index,
                               const struct json *value)
{
    if (index < 0) index += value->size;
    if (index < 0 || index >= value->size) return OUTCOME_OK;
    return selected(run, at, &value->items[index]);
}

// The bounds as the library takes them: negative ones count from the end, but of a pair only when
// the index is used, so that [-3:-1] works and [1:-1] is empty.
static enum outcome step_slice(struct run *run, uint32_t at, const struct json *value)
{
    const struct slice *slice = &run->path->segments[at].slice;
    int64_t size = value->size, from = 0, to = size;
    if (slice->has_from) from = slice->from;
    if (slice->has_to && slice->to < size) to = slice->to;
    if (slice->has_from && !slice->has_to && from < 0) from = from + size < 0 ? 0 : from + size;
    if (!slice->has_from && to < 0) to += size;
    if (from < -size) from = -size; // What lies before is out of range anyway.
    for (int64_t index = from; index < to; index++) {
        enum outcome outcome = step_index(run, at, index, value);
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_OK;
}

static enum outcome step_wildcard(struct run *run, uint32_t at, const struct json *value)
{
    bool is_object = value->type == JSON_OBJECT;
    if (!is_object && value->type != JSON_ARRAY) return OUTCOME_OK;
    for (uint32_t i = 0; i < value->size; i++) {
        const struct json *part = is_object ? &value->members[i].value : &value->items[i];
        enum outcome outcome = selected(run, at, part);
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_OK;
}

static enum outcome step_filter(struct run *run, uint32_t at, const struct json *value)
{
    const struct segment *segment = &run->path->segments[at];
    bool is_array = value->type == JSON_ARRAY;
    if (!is_array && value->type != JSON_OBJECT) {
        return segment->is_upstream_definite ? OUTCOME_REFUSED : OUTCOME_OK;
    }
    // An object is tested itself.
    uint32_t count = is_array ? value->size : 1;
    for (uint32_t i = 0; i < count; i++) {
        const struct json *item = is_array ? &value->items[i] : value;
        bool accepts;
        enum outcome outcome = filter_accepts(run->evaluation, segment->filter, item, &accepts);
        if (outcome == OUTCOME_OK && accepts) outcome = selected(run, at, item);
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_OK;
}

// Whether segment `at`, which stands behind "..", is to be applied to `value`.
static enum outcome scan_suits(struct run *run, uint32_t at, const struct json *value,
                               bool *ret_suits)
{
    const struct segment *segment = &run->path->segments[at];
    bool is_object = value->type == JSON_OBJECT;
    *ret_suits = false;
    switch (segment->kind) {
    case SEGMENT_NAME: *ret_suits = is_object && find_member(value, segment->name) != NULL; break;
    case SEGMENT_NAMES:
        *ret_suits = is_object;
        for (uint32_t i = 0; *ret_suits && segment->is_definite && i < segment->count; i++)
            *ret_suits = find_member(value, segment->names[i]) != NULL;
        break;
    case SEGMENT_INDEX:
    case SEGMENT_INDICES:
    case SEGMENT_SLICE: *ret_suits = value->type == JSON_ARRAY; break;
    case SEGMENT_WILDCARD: *ret_suits = true; break;
    case SEGMENT_FILTER: return filter_accepts(run->evaluation, segment->filter, value, ret_suits);
    case SEGMENT_SCAN:
    case SEGMENT_FUNCTION: break;
    }
    return OUTCOME_OK;
}

// Apply segment `at` to `value` and to everything in it, what is above before what is below.
// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static enum outcome scan(struct run *run, uint32_t at, const struct json *value, int depth)
{
    bool is_object = value->type == JSON_OBJECT;
    if (!is_object && value->type != JSON_ARRAY) return OUTCOME_OK;
    if (depth == 0 || ++run->evaluation->steps > STEPS_MAX) return OUTCOME_FAILED;
    bool suits;
    enum outcome outcome = scan_suits(run, at, value, &suits);
    if (outcome == OUTCOME_OK && suits) outcome = step(run, at, value);
    for (uint32_t i = 0; outcome == OUTCOME_OK && i < value->size; i++) {
        const struct json *part = is_object ? &value->members[i].value : &value->items[i];
        outcome = scan(run, at, part, depth - 1);
    }
    return outcome;
}

static enum outcome step_function(struct run *run, uint32_t at, const struct json *value)
{
    struct json result;
    enum outcome outcome =
        function_call(run->evaluation, run->path->segments[at].call, value, &result);
    if (outcome != OUTCOME_OK) return outcome;
    // As in the library the result of a function counts even where the path goes on.
    if (at + 1 < run->path->count) json_items_append(&run->results, result);
    return selected(run, at, &result);
}

// Only arrays have indices: of anything else nothing is selected, or the path fails if up to there
// it was definite.
static enum outcome step_array(struct run *run, uint32_t at, const struct json *value)
{
    const struct segment *segment = &run->path->segments[at];
    if (value->type != JSON_ARRAY) {
        return segment->is_upstream_definite ? missing(run, at, true) : OUTCOME_OK;
    }
    if (segment->kind == SEGMENT_SLICE) return step_slice(run, at, value);
    if (segment->kind == SEGMENT_INDEX) return step_index(run, at, segment->index, value);
    for (uint32_t i = 0; i < segment->count; i++) {
        enum outcome outcome = step_index(run, at, segment->indices[i], value);
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_OK;
}

// Apply segment `at` to `value`.
// NOLINTNEXTLINE(misc-no-recursion): bounded by the number of segments.
static enum outcome step(struct run *run, uint32_t at, const struct json *value)
{
    const struct segment *segment = &run->path->segments[at];
    if (++run->evaluation->steps > STEPS_MAX) return OUTCOME_FAILED;
    switch (segment->kind) {
    case SEGMENT_NAME:
    case SEGMENT_NAMES:
        if (value->type != JSON_OBJECT) {
            return segment->is_upstream_definite ? missing(run, at, false) : OUTCOME_OK;
        }
        if (segment->kind == SEGMENT_NAMES) return step_names(run, at, value);
        return step_name(run, at, segment->name, value);
    case SEGMENT_INDEX:
    case SEGMENT_INDICES:
    case SEGMENT_SLICE: return step_array(run, at, value);
    case SEGMENT_WILDCARD: return step_wildcard(run, at, value);
    case SEGMENT_SCAN: return scan(run, at + 1, value, JSON_DEPTH_MAX);
    case SEGMENT_FILTER: return step_filter(run, at, value);
    case SEGMENT_FUNCTION: return step_function(run, at, value);
    }
    return OUTCOME_OK;
}

static enum outcome evaluate_all(struct run *run, const struct json *start, struct json *ret_value)
{
    const struct jsonpath *path = run->path;
    json_items_init(&run->results, run->evaluation->arena);
    enum outcome outcome = step(run, 0, start);
    if (outcome != OUTCOME_OK) return outcome;
    if (run->evaluation->arena->is_exhausted) return OUTCOME_NO_MEMORY;
    if (!path->is_definite) {
        *ret_value = json_items_finish(&run->results);
        return OUTCOME_OK;
    }
    if (run->results.count == 0) return missing(run, path->count - 1, false);
    *ret_value = run->results.items[run->results.count - 1];
    return OUTCOME_OK;
}

enum outcome path_evaluate(struct evaluation *evaluation, const struct jsonpath *path,
                           const struct json *start, bool demands_properties,
                           struct json *ret_value, struct run *ret_run)
{
    if (++evaluation->steps > STEPS_MAX) return OUTCOME_FAILED;
    struct run run = {
        .evaluation = evaluation, .path = path, .demands_properties = demands_properties};
    enum outcome outcome;
    if (path->is_simple) {
        const struct json *value = follow(path, start, &run.missing);
        outcome = value == NULL ? OUTCOME_MISSING : OUTCOME_OK;
        if (value != NULL) *ret_value = *value;
        if (value == NULL) {
            run.is_index_missing = path->segments[run.missing].kind == SEGMENT_INDEX;
        }
    } else {
        outcome = evaluate_all(&run, start, ret_value);
    }
    if (ret_run != NULL) *ret_run = run;
    return outcome;
}

// ---------------------------------------------------------------------------------------------
// What is missing

// A name as the library prints it in paths.
static void append_name(struct buffer *buffer, struct str name, char quote)
{
    buffer_append_byte(buffer, quote);
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '\\' || name.data[i] == '\'') buffer_append_byte(buffer, '\\');
        buffer_append_byte(buffer, name.data[i]);
    }
    buffer_append_byte(buffer, quote);
}

static void append_segment(struct buffer *buffer, const struct segment *segment)
{
    switch (segment->kind) {
    case SEGMENT_NAME:
        buffer_append_byte(buffer, '[');
        append_name(buffer, segment->name, segment->quote);
        buffer_append_byte(buffer, ']');
        break;
    case SEGMENT_NAMES:
        for (uint32_t i = 0; i < segment->count; i++) {
            buffer_append_byte(buffer, i == 0 ? '[' : ',');
            append_name(buffer, segment->names[i], segment->quote);
        }
        buffer_append_byte(buffer, ']');
        break;
    case SEGMENT_INDEX:
        buffer_append_byte(buffer, '[');
        buffer_append_i64(buffer, segment->index);
        buffer_append_byte(buffer, ']');
        break;
    case SEGMENT_INDICES:
        for (uint32_t i = 0; i < segment->count; i++) {
            buffer_append_byte(buffer, i == 0 ? '[' : ',');
            buffer_append_i64(buffer, segment->indices[i]);
        }
        buffer_append_byte(buffer, ']');
        break;
    case SEGMENT_SLICE:
        buffer_append_byte(buffer, '[');
        if (segment->slice.has_from) buffer_append_i64(buffer, segment->slice.from);
        buffer_append_byte(buffer, ':');
        if (segment->slice.has_to) buffer_append_i64(buffer, segment->slice.to);
        buffer_append_byte(buffer, ']');
        break;
    case SEGMENT_WILDCARD: buffer_append_str(buffer, STR("[*]")); break;
    case SEGMENT_SCAN: buffer_append_str(buffer, STR("..")); break;
    case SEGMENT_FILTER: buffer_append_str(buffer, STR("[?]")); break;
    case SEGMENT_FUNCTION:
        buffer_append_byte(buffer, '.');
        buffer_append_str(buffer, function_name(segment->call->function));
        buffer_append_str(buffer, segment->call->count > 0 ? STR("(...)") : STR("()"));
        break;
    }
}

static bool render_prefix(const struct jsonpath *path, uint32_t count, struct arena *arena,
                          struct str *ret_text)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, 8 * (size_t)TEXT_SIZE_MAX);
    buffer_append_byte(&buffer, '$');
    for (uint32_t i = 0; i < count; i++)
        append_segment(&buffer, &path->segments[i]);
    return buffer_copy_to_arena(&buffer, arena, ret_text);
}

static COLD bool describe_missing(const struct jsonpath *path, const struct run *run,
                                  struct arena *arena, struct jsonpath_missing *missing)
{
    // Of an index out of range the library says that the whole path led nowhere.
    uint32_t count = run->is_index_missing ? path->count : run->missing + 1;
    missing->is_last = count == path->count;
    return render_prefix(path, count, arena, &missing->path) &&
           render_prefix(path, count - 1, arena, &missing->parent);
}

static COLD enum status finish_failed(const struct jsonpath *path, enum outcome outcome,
                                      const struct run *run, struct json *ret_value,
                                      struct jsonpath_missing *reterr_missing)
{
    switch (outcome) {
    case OUTCOME_OK: break;
    case OUTCOME_MISSING:
    case OUTCOME_REFUSED:
        if (!path->is_definite && (path->flags & JSONPATH_DEMAND_START) == 0) {
            *ret_value = json_empty_array;
            return STATUS_OK;
        }
        if (outcome == OUTCOME_REFUSED) return STATUS_INVALID;
        if (reterr_missing == NULL) return STATUS_NOT_FOUND;
        return describe_missing(path, run, run->evaluation->arena, reterr_missing)
                   ? STATUS_NOT_FOUND
                   : STATUS_NO_MEMORY;
    case OUTCOME_FAILED: return STATUS_INVALID;
    case OUTCOME_NO_MEMORY: return STATUS_NO_MEMORY;
    }
    assert(false); // Only failures come here.
    return STATUS_INVALID;
}

enum status jsonpath_evaluate(const struct jsonpath *path, const struct json *root,
                              const struct json *document, struct arena *arena,
                              struct json *ret_value, struct jsonpath_missing *reterr_missing)
{
    if (LIKELY(path->is_simple)) {
        uint32_t at;
        const struct json *value = follow(path, root, &at);
        if (LIKELY(value != NULL)) {
            *ret_value = *value;
            return STATUS_OK;
        }
    }
    struct evaluation evaluation = {.document = document, .arena = arena};
    struct run run;
    enum outcome outcome = path_evaluate(&evaluation, path, root, false, ret_value, &run);
    if (outcome == OUTCOME_OK) return STATUS_OK;
    return finish_failed(path, outcome, &run, ret_value, reterr_missing);
}
