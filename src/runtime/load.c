// What the catalog holds when the server starts: parents before their children.

#include "base/log.h"
#include "runtime/activity_resource.h"
#include "runtime/alias.h"
#include "runtime/state_machine.h"
#include "runtime/worker.h"

struct load {
    struct store_task task;
    struct runtime *runtime;
    enum store_kind kind; // Of the walk under way.
};

static enum status decode_state_machine(struct load *load, struct str body,
                                        struct catalog_entry **ret_entry)
{
    struct state_machine *state_machine;
    enum status status = state_machine_decode(body, &state_machine);
    if (status != STATUS_OK) return status;
    status = state_machine_open_log_group(state_machine, load->runtime->logs);
    if (status == STATUS_OK) {
        *ret_entry = &state_machine->entry;
    } else {
        state_machine_unref(state_machine);
    }
    return status;
}

static enum status decode(struct load *load, struct str body, struct catalog_entry **ret_entry)
{
    struct alias *alias;
    struct activity *activity;
    enum status status;
    if (load->kind == STORE_KIND_STATE_MACHINE_ALIAS) {
        status = alias_decode(body, &alias);
        if (status == STATUS_OK) *ret_entry = &alias->entry;
    } else if (load->kind == STORE_KIND_ACTIVITY) {
        status = activity_decode(body, &activity);
        if (status == STATUS_OK) *ret_entry = &activity->entry;
    } else {
        status = decode_state_machine(load, body, ret_entry);
    }
    return status;
}

// One that cannot be read, or belongs to one that could not be, must not keep the others from
// working.
static enum status load_one(void *context, struct str region, struct str name, struct str body)
{
    struct load *load = context;
    struct catalog_entry *entry;
    enum status status = decode(load, body, &entry);
    if (status == STATUS_OK) {
        struct catalog_change change = {.after = entry};
        status = catalog_apply(&load->runtime->catalog, &change, 1);
        catalog_entry_unref(entry);
    }
    if (status != STATUS_CORRUPT && status != STATUS_CONFLICT) return status;
    log_error("%s %" STR_FORMAT " in %" STR_FORMAT " cannot be read from the store and is left out",
              store_kind_name(load->kind), STR_ARGS(name), STR_ARGS(region));
    return STATUS_OK;
}

static enum status load_all(struct store_task *task, struct store_tx *tx)
{
    static const enum store_kind kinds[] = {
        STORE_KIND_STATE_MACHINE,
        STORE_KIND_STATE_MACHINE_VERSION,
        STORE_KIND_STATE_MACHINE_ALIAS,
        STORE_KIND_ACTIVITY,
    };
    struct load *load = CONTAINER_OF(task, struct load, task);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_COUNT(kinds); i++) {
        load->kind = kinds[i];
        status = store_resource_each(tx, load->kind, load_one, load);
    }
    return status;
}

enum status runtime_load(struct runtime *runtime)
{
    struct load load = {.task = {.mode = STORE_READ, .run = load_all}, .runtime = runtime};
    return store_run(runtime->store, &load.task);
}
