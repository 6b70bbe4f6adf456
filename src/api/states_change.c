// Changes to state machines, versions, aliases and activities: the catalog and the store change
// together.
//
// One mutex covers "look, decide, change the catalog, submit to the store", so that nothing decided
// upon has changed by then and the store sees the changes in the catalog's order. The answer waits
// for the store.

#include <pthread.h>
#include <stdlib.h>

#include "api/states.h"
#include "base/log.h"
#include "store/resource.h"

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

struct states_change {
    struct store_task task;
    struct api_request *request;
    states_done_fn on_done;
    void *context;
    struct catalog_change *items; // Each holds references.
    size_t *body_ends;            // Of each item, in `bodies`.
    size_t count;
    size_t capacity;
    struct buffer bodies;
    enum status status; // A failure while the plan was made.
};

// ---------------------------------------------------------------------------------------------
// What plans call

// Room for one more item; false without memory.
static bool grow(struct states_change *change)
{
    if (change->count < change->capacity) return true;
    size_t capacity = change->capacity == 0 ? 4 : 2 * change->capacity;
    struct catalog_change *items =
        reallocarray(change->items, capacity, sizeof(struct catalog_change));
    if (items == NULL) return false;
    change->items = items;
    size_t *body_ends = reallocarray(change->body_ends, capacity, sizeof(size_t));
    if (body_ends == NULL) return false;
    change->body_ends = body_ends;
    change->capacity = capacity;
    return true;
}

void states_change_fail(struct states_change *change, enum status status)
{
    change->status = status;
}

void states_change_add(struct states_change *change, struct catalog_entry *before,
                       struct catalog_entry *after)
{
    if (!grow(change)) {
        change->status = STATUS_NO_MEMORY;
        catalog_entry_unref(after);
        return;
    }
    if (before != NULL) catalog_entry_ref(before);
    change->items[change->count++] = (struct catalog_change){before, after};
}

struct state_machine *states_change_machine(struct states_change *change,
                                            struct state_machine *before,
                                            const struct state_machine_fields *fields,
                                            const struct asl_machine *machine)
{
    struct state_machine *after;
    enum status status = state_machine_new_of(fields, asl_machine_ref(machine), &after);
    if (status == STATUS_OK) {
        status = state_machine_open_log_group(after, change->request->worker->api->logs);
        if (status != STATUS_OK) state_machine_unref(after);
    }
    if (status != STATUS_OK) {
        change->status = status;
        return NULL;
    }
    states_change_add(change, before == NULL ? NULL : &before->entry, &after->entry);
    return change->status == STATUS_OK ? after : NULL;
}

void states_change_remove_children(struct states_change *change, struct str state_machine_arn)
{
    static const enum store_kind kinds[] = {STORE_KIND_STATE_MACHINE_ALIAS,
                                            STORE_KIND_STATE_MACHINE_VERSION};
    struct api_request *request = change->request;
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct catalog_entry **children;
        size_t count;
        enum status status =
            catalog_list(&request->worker->api->runtime->catalog, kinds[i], STR(""),
                         state_machine_arn, request->arena, &children, &count);
        if (status != STATUS_OK) {
            change->status = status;
            return;
        }
        for (size_t k = 0; k < count; k++) {
            states_change_add(change, children[k], NULL);
            catalog_entry_unref(children[k]);
        }
    }
}

// ---------------------------------------------------------------------------------------------
// The change itself

static struct states_change *change_new(struct api_request *request)
{
    struct states_change *change = calloc(1, sizeof(*change));
    if (change == NULL) return NULL;
    buffer_init(&change->bodies, MIB(32));
    change->request = request;
    return change;
}

static void change_free(struct states_change *change)
{
    for (size_t i = 0; i < change->count; i++) {
        catalog_entry_unref(change->items[i].before);
        catalog_entry_unref(change->items[i].after);
    }
    buffer_release(&change->bodies);
    free(change->body_ends);
    free(change->items);
    free(change);
}

static enum status write_change(struct store_task *task, struct store_tx *tx)
{
    struct states_change *change = CONTAINER_OF(task, struct states_change, task);
    enum status status = STATUS_OK;
    size_t start = 0;
    for (size_t i = 0; status == STATUS_OK && i < change->count; i++) {
        const struct catalog_entry *before = change->items[i].before;
        const struct catalog_entry *after = change->items[i].after;
        size_t end = change->body_ends[i];
        if (after != NULL) {
            struct str body = str_slice(buffer_str(&change->bodies), start, end);
            status = store_resource_put(tx, after->type->kind, after->region, after->name, body);
        } else {
            status = store_resource_delete(tx, before->type->kind, before->region, before->name);
            if (status == STATUS_NOT_FOUND) status = STATUS_OK;
        }
        start = end;
    }
    return status;
}

// The store refused: what is in memory must not claim otherwise. If somebody changed it again in
// the meantime, that later change stands and has its own outcome.
static void roll_back(const struct states_change *change)
{
    struct catalog_change *inverse = calloc(change->count, sizeof(struct catalog_change));
    enum status status = inverse == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < change->count; i++) {
        const struct catalog_change *item = &change->items[change->count - 1 - i];
        inverse[i] = (struct catalog_change){item->after, item->before};
    }
    if (status == STATUS_OK) {
        status =
            catalog_apply(&change->request->worker->api->runtime->catalog, inverse, change->count);
    }
    if (status != STATUS_OK) {
        log_warn("a change that could not be stored stays until the next start: %s",
                 status_name(status));
    }
    free(inverse);
}

static void change_done(struct store_task *task, enum status status)
{
    struct states_change *change = CONTAINER_OF(task, struct states_change, task);
    net_loop_busy_end(change->request->worker->loop);
    if (status != STATUS_OK) roll_back(change);
    change->on_done(change->request, change->context, status);
    change_free(change);
}

static enum status encode(struct states_change *change)
{
    for (size_t i = 0; i < change->count; i++) {
        struct catalog_entry *after = change->items[i].after;
        if (after != NULL) after->type->encode(after, &change->bodies);
        change->body_ends[i] = change->bodies.size;
    }
    return change->bodies.is_failed ? STATUS_NO_MEMORY : STATUS_OK;
}

// With the mutex held: what the plan says is done. STATUS_OK: it is on its way to the store.
static enum status submit(struct states_change *change)
{
    struct api_worker *worker = change->request->worker;
    enum status status = change->status == STATUS_OK ? encode(change) : change->status;
    if (status == STATUS_OK) {
        status = catalog_apply(&worker->api->runtime->catalog, change->items, change->count);
    }
    if (status != STATUS_OK) return status;
    change->task = (struct store_task){
        .reply_to = net_loop_mailbox(worker->loop),
        .mode = STORE_DURABLE,
        .is_single_change = change->count == 1,
        .run = write_change,
        .done = change_done,
    };
    net_loop_busy_begin(worker->loop);
    store_submit(worker->api->store, &change->task);
    return STATUS_OK;
}

void states_change(struct api_request *request, states_plan_fn plan, states_done_fn on_done,
                   void *context)
{
    struct states_change *change = change_new(request);
    if (change == NULL) {
        on_done(request, context, STATUS_NO_MEMORY);
        return;
    }
    change->on_done = on_done;
    change->context = context;
    pthread_mutex_lock(&order);
    enum states_plan made = plan(request, context, change);
    bool has_work = made == STATES_PLAN_MADE && (change->count > 0 || change->status != STATUS_OK);
    enum status status = has_work ? submit(change) : STATUS_OK;
    pthread_mutex_unlock(&order);
    if (has_work && status == STATUS_OK) return; // change_done() has the rest.
    if (made == STATES_PLAN_AGAIN) {
        change_free(change);
        api_states.handle(request);
        return;
    }
    if (made == STATES_PLAN_MADE) on_done(request, context, status);
    change_free(change);
}

void states_reply_failure(struct api_request *request, enum status status)
{
    if (status == STATUS_CONFLICT) {
        api_exception(request, STR("ConflictException"),
                      "The resource was changed by another request at the same time.");
    } else {
        api_fault(request, status);
    }
}

void states_on_changed(struct api_request *request, void *context, enum status status)
{
    (void)context;
    if (status == STATUS_OK) {
        api_reply_empty(request);
    } else {
        states_reply_failure(request, status);
    }
}

bool states_is_full(struct api_request *request, enum store_kind kind, size_t max)
{
    struct catalog *catalog = &request->worker->api->runtime->catalog;
    // Counting goes through all of them: not before there can be so many.
    return catalog_size(catalog) >= max &&
           catalog_count(catalog, kind, request->region, STR("")) >= max;
}
