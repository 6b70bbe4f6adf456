// What a Map run's child is called and what it is given. Nothing here changes the execution but
// what it keeps for its context object: a child's input is evaluated between two steps.

#include <stdio.h>
#include <string.h>

#include "engine/data_flow.h"
#include "engine/map_run.h"
#include "engine/strand.h"

// ---------------------------------------------------------------------------------------------
// Names: a version 7 UUID of the run's start, with the index and a hash of the run's ARN in place
// of random bits.

static uint64_t hash(struct str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); // FNV-1a
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

void engine_map_child_name(const struct engine_map_run *run, uint32_t index,
                           char ret_text[static RANDOM_UUID_SIZE])
{
    uint64_t time = (uint64_t)run->started_unix_ms, salt = hash(run->arn);
    // The variant's two bits, 32 of the index, 30 of the salt.
    uint64_t low = UINT64_C(2) << 62 | (uint64_t)index << 30 | (salt & 0x3fffffff);
    char text[RANDOM_UUID_SIZE + 1];
    snprintf(text, sizeof(text), "%08x-%04x-7%03x-%04x-%012llx", (uint32_t)(time >> 16),
             (uint32_t)(time & 0xffff), (uint32_t)(salt >> 40 & 0xfff), (uint32_t)(low >> 48),
             (unsigned long long)(low & UINT64_C(0xffffffffffff)));
    memcpy(ret_text, text, RANDOM_UUID_SIZE);
}

static bool read_hex(struct str text, uint64_t *ret_value)
{
    *ret_value = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (c < 'a' || c > 'f')) return false;
        *ret_value = *ret_value << 4 | (uint64_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    return true;
}

bool engine_map_child_index(const struct engine_map_run *run, struct str name, uint32_t *ret_index)
{
    uint64_t high, low;
    char text[RANDOM_UUID_SIZE];
    if (name.size != RANDOM_UUID_SIZE) return false;
    if (!read_hex(str_slice(name, 19, 4), &high) || !read_hex(str_slice(name, 24, 12), &low)) {
        return false;
    }
    uint32_t index = (uint32_t)((high << 48 | low) >> 30);
    engine_map_child_name(run, index, text);
    *ret_index = index;
    return str_equal(name, (struct str){text, RANDOM_UUID_SIZE});
}

// ---------------------------------------------------------------------------------------------
// Inputs

// A child being put together.
struct making {
    struct step step; // Only for what evaluation needs of one.
    struct strand *strand;
    const struct engine_map_items *items;
    struct engine_map_child *child;
    struct asl_error *error;
};

static enum status select_item(struct making *making, uint32_t at, struct payload *ret_selected)
{
    const struct json *item = &making->items->items[at];
    const struct asl_template *selector = making->strand->state->map.item_selector;
    if (selector == NULL) {
        *ret_selected = payload_of(*item);
        return STATUS_OK;
    }
    struct flow flow;
    enum status status = flow_init_for_item(&flow, &making->step, making->strand,
                                            making->items->first_index + at, item);
    if (status != STATUS_OK) return status;
    return flow_evaluate(&flow, selector, &making->strand->map_run->input, ret_selected,
                         making->error);
}

// What a child is given must keep the limit of inputs.
static enum status check(struct making *making, struct payload *input)
{
    struct flow flow = {
        .step = &making->step, .strand = making->strand, .state = making->strand->state};
    return flow_check_output(&flow, input, making->error);
}

static enum status make_single(struct making *making)
{
    struct payload input;
    enum status status = select_item(making, 0, &input);
    if (status == STATUS_OK) status = check(making, &input);
    if (status != STATUS_OK) return status;
    *making->child = (struct engine_map_child){.input = input.value, .item_count = 1};
    return STATUS_OK;
}

static struct json wrap_batch(struct making *making, struct json items)
{
    const struct engine_map_run *run = &making->strand->map_run->told;
    struct json_members members;
    json_members_init(&members, making->step.values);
    if (!json_is_null(&run->batch_input)) {
        json_members_append(&members, STR("BatchInput"), run->batch_input);
    }
    json_members_append(&members, STR("Items"), items);
    return json_members_finish(&members);
}

// As many items as the limits allow, but at least one: whether that one is too large is the limit
// of inputs' business.
static enum status make_batch(struct making *making)
{
    const struct engine_map_run *run = &making->strand->map_run->told;
    uint32_t count_max = run->batch_items_max == 0 ? UINT32_MAX : run->batch_items_max;
    bool has_size_limit =
        run->batch_size_max > 0 && run->batch_size_max < ASL_PAYLOAD_SIZE_BYTES_MAX;
    size_t size_max = has_size_limit ? run->batch_size_max : ASL_PAYLOAD_SIZE_BYTES_MAX;
    struct json empty = wrap_batch(making, json_empty_array);
    size_t size = json_rendered_size(&empty);
    uint32_t count = 0;
    bool is_full = false;
    struct json_items items;
    json_items_init(&items, making->step.values);
    while (count < making->items->count && count < count_max && !is_full) {
        struct payload selected;
        enum status status = select_item(making, count, &selected);
        if (status != STATUS_OK) return status;
        size_t more = json_rendered_size(&selected.value) + (count > 0);
        is_full = count > 0 && size + more > size_max;
        if (is_full) break;
        size += more;
        count++;
        json_items_append(&items, selected.value);
    }
    struct payload input = payload_of(wrap_batch(making, json_items_finish(&items)));
    enum status status = check(making, &input);
    if (status != STATUS_OK) return status;
    *making->child = (struct engine_map_child){
        .input = input.value,
        .item_count = count,
        .has_room = !making->items->is_all && !is_full && count < count_max,
    };
    return STATUS_OK;
}

enum status engine_map_child_input(struct engine_execution *execution, uint64_t task_id,
                                   const struct engine_map_items *items, uint64_t seed,
                                   struct arena *arena, struct engine_map_child *ret_child,
                                   struct asl_error *reterr_error)
{
    struct strand *strand = strand_find_by_task(execution, task_id);
    assert(strand != NULL && strand->map_run != NULL && items->count > 0);
    struct making making = {
        .step = {.execution = execution,
                 .arena = arena,
                 .values = arena,
                 .now_unix_ms = strand->map_run->told.started_unix_ms},
        .strand = strand,
        .items = items,
        .child = ret_child,
        .error = reterr_error,
    };
    random_init_seed(&making.step.random, seed);
    enum status status =
        strand->map_run->told.has_batches ? make_batch(&making) : make_single(&making);
    if (status == STATUS_OK && arena->is_exhausted) status = STATUS_NO_MEMORY;
    return status == STATUS_OK && execution->arena->is_exhausted ? STATUS_NO_MEMORY : status;
}
