// Changes to state machines: the registry and the store change together.
//
// One mutex covers "replace in the registry, submit to the store", so that the store sees the
// changes in the registry's order. The answer waits for the store.

#include <pthread.h>
#include <stdlib.h>

#include "api/states.h"
#include "base/log.h"
#include "store/resource.h"

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

struct change {
    struct store_task task;
    struct api_request *request;
    struct state_machine *state_machine; // New; NULL for a removal.
    struct state_machine *replaced;      // Before; NULL when there was none.
    struct str region;
    struct str name;
    struct buffer body;
    void (*on_published)(struct api_request *request, struct state_machine *state_machine,
                         enum status status);
    void (*on_removed)(struct api_request *request, enum status status);
};

static enum status write_change(struct store_task *task, struct store_tx *tx)
{
    struct change *change = CONTAINER_OF(task, struct change, task);
    if (change->state_machine != NULL) {
        return store_resource_put(tx, STORE_KIND_STATE_MACHINE, change->region, change->name,
                                  buffer_str(&change->body));
    }
    enum status status =
        store_resource_delete(tx, STORE_KIND_STATE_MACHINE, change->region, change->name);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// The store refused: what is in memory must not claim otherwise. If somebody changed it again in
// the meantime, that later change stands and has its own outcome.
static void roll_back(struct change *change)
{
    struct state_machine_registry *registry =
        &change->request->worker->api->runtime->state_machines;
    enum status status = STATUS_OK;
    if (change->replaced != NULL) {
        status = state_machine_registry_replace(registry, change->state_machine, change->replaced);
    } else if (change->state_machine != NULL) {
        status = state_machine_registry_remove(registry, change->state_machine->arn);
    }
    if (status != STATUS_OK) log_warn("a change that could not be stored was overtaken by another");
}

static void change_done(struct store_task *task, enum status status)
{
    struct change *change = CONTAINER_OF(task, struct change, task);
    net_loop_busy_end(change->request->worker->loop);
    if (status != STATUS_OK) roll_back(change);
    if (change->on_published != NULL) {
        change->on_published(change->request, change->state_machine, status);
    } else {
        change->on_removed(change->request, status);
    }
    state_machine_unref(change->state_machine);
    state_machine_unref(change->replaced);
    buffer_release(&change->body);
    free(change);
}

static struct change *change_new(struct api_request *request)
{
    struct change *change = calloc(1, sizeof(*change));
    if (change == NULL) return NULL;
    buffer_init(&change->body, MIB(16));
    change->request = request;
    change->task = (struct store_task){
        .reply_to = net_loop_mailbox(request->worker->loop),
        .mode = STORE_DURABLE,
        .is_single_change = true,
        .run = write_change,
        .done = change_done,
    };
    return change;
}

static void submit(struct change *change)
{
    net_loop_busy_begin(change->request->worker->loop);
    store_submit(change->request->worker->api->store, &change->task);
}

void states_publish(struct api_request *request, struct state_machine *expected,
                    struct state_machine *state_machine,
                    void (*on_done)(struct api_request *request,
                                    struct state_machine *state_machine, enum status status))
{
    struct api *api = request->worker->api;
    struct change *change = change_new(request);
    enum status status =
        change == NULL ? STATUS_NO_MEMORY : state_machine_open_log_group(state_machine, api->logs);
    if (status == STATUS_OK) {
        change->state_machine = state_machine;
        change->replaced = expected == NULL ? NULL : state_machine_ref(expected);
        change->region = state_machine->region;
        change->name = state_machine->name;
        change->on_published = on_done;
        state_machine_encode(state_machine, &change->body);
        if (change->body.is_failed) status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK) {
        pthread_mutex_lock(&order);
        status =
            state_machine_registry_replace(&api->runtime->state_machines, expected, state_machine);
        if (status == STATUS_OK) submit(change);
        pthread_mutex_unlock(&order);
    }
    if (status == STATUS_OK) return;
    if (change != NULL) {
        state_machine_unref(change->replaced);
        buffer_release(&change->body);
    }
    free(change);
    on_done(request, state_machine, status);
    state_machine_unref(state_machine);
}

void states_remove(struct api_request *request, struct str arn, struct str region, struct str name,
                   void (*on_done)(struct api_request *request, enum status status))
{
    struct change *change = change_new(request);
    if (change == NULL) {
        on_done(request, STATUS_NO_MEMORY);
        return;
    }
    change->region = region; // In the request's arena, which outlives the change.
    change->name = name;
    change->on_removed = on_done;
    struct state_machine_registry *registry = &request->worker->api->runtime->state_machines;
    pthread_mutex_lock(&order);
    change->replaced = state_machine_registry_find(registry, arn);
    enum status status = state_machine_registry_remove(registry, arn);
    if (status == STATUS_OK) submit(change);
    pthread_mutex_unlock(&order);
    if (status == STATUS_OK) return;
    state_machine_unref(change->replaced);
    buffer_release(&change->body);
    free(change);
    on_done(request, status);
}
