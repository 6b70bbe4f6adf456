// The events thread: its start and end, and the events that come to it by mail.

#include "events/events.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "events/private.h"
#include "runtime/worker.h"

enum { SCRATCH_BYTES_MAX = 32 << 20, INPUT_BYTES_MAX = 8 << 20, WAIT_MS = 1000 };

// ---------------------------------------------------------------------------------------------
// Publishing

// An event on its way to the events thread. One block with its texts behind it.
struct publication {
    struct mail mail;
    struct events *events;
    struct net_loop *loop; // To be told when it is over, in virtual time; else NULL.
    struct str region;
    struct str bus;
    struct str text;
    char bytes[];
};

static void on_over(struct mail *mail)
{
    struct publication *publication = CONTAINER_OF(mail, struct publication, mail);
    net_loop_busy_end(publication->loop);
    free(publication);
}

static void on_publication(struct mail *mail)
{
    struct publication *publication = CONTAINER_OF(mail, struct publication, mail);
    struct events *events = publication->events;
    atomic_fetch_sub_explicit(&events->queued_bytes, publication->text.size, memory_order_relaxed);
    atomic_fetch_add_explicit(&events->published_count, 1, memory_order_relaxed);
    struct events_bus *bus = events_bus_find(events, publication->region, publication->bus);
    if (bus != NULL) events_dispatch(events, bus, publication->text);
    if (publication->loop == NULL) {
        free(publication);
        return;
    }
    publication->mail.run = on_over;
    mailbox_post(net_loop_mailbox(publication->loop), &publication->mail);
}

bool events_has_rules(const struct events *events)
{
    return atomic_load_explicit(&events->rule_count, memory_order_relaxed) > 0;
}

static struct str put(char **end, struct str text)
{
    struct str copy = {*end, text.size};
    if (text.size > 0) *end = mempcpy(*end, text.data, text.size);
    return copy;
}

bool events_publish(struct events *events, struct net_loop *loop, struct str region, struct str bus,
                    struct str text)
{
    uint64_t queued =
        atomic_fetch_add_explicit(&events->queued_bytes, text.size, memory_order_relaxed);
    struct publication *publication = NULL;
    if (queued + text.size <= EVENTS_QUEUED_BYTES_MAX) {
        publication = malloc(sizeof(*publication) + region.size + bus.size + text.size);
    }
    if (publication == NULL) {
        atomic_fetch_sub_explicit(&events->queued_bytes, text.size, memory_order_relaxed);
        atomic_fetch_add_explicit(&events->dropped_count, 1, memory_order_relaxed);
        return false;
    }
    char *end = publication->bytes;
    publication->events = events;
    publication->region = put(&end, region);
    publication->bus = put(&end, bus);
    publication->text = put(&end, text);
    publication->loop = events->settings.clock->is_virtual ? loop : NULL;
    if (publication->loop != NULL) net_loop_busy_begin(loop);
    publication->mail.run = on_publication;
    mailbox_post(&events->mailbox, &publication->mail);
    return true;
}

struct events_figures events_figures(const struct events *events)
{
    return (struct events_figures){
        .published = events->published_count,
        .dropped = events->dropped_count,
        .deliveries = events->delivery_count,
        .failures = events->failure_count,
    };
}

// ---------------------------------------------------------------------------------------------
// Loading

struct loading {
    struct store_task task;
    struct events *events;
};

static enum status load_bus(void *context, struct str region, struct str name, struct str body)
{
    struct events *events = ((struct loading *)context)->events;
    struct events_bus *bus = events_bus_new(events, region, name, body);
    if (bus == NULL) return STATUS_CORRUPT;
    if (map_set(&events->buses, bus->key, bus)) return STATUS_OK;
    events_bus_free(bus);
    return STATUS_NO_MEMORY;
}

// A rule that cannot be read must not keep the others from working.
static enum status load_rule(void *context, struct str region, struct str name, struct str body)
{
    struct events *events = ((struct loading *)context)->events;
    struct arena CLEANUP(arena_release) arena;
    struct events_rule *rule;
    struct str rest = name, type, message = STR("");
    arena_init(&arena, KIB(64));
    struct events_bus *bus = events_bus_find(events, region, str_cut(&rest, '/'));
    enum status status = bus == NULL
                             ? STATUS_CORRUPT
                             : events_rule_new(events, bus, body, &arena, &rule, &type, &message);
    if (status == STATUS_CORRUPT || status == STATUS_INVALID) {
        log_error("rule %" STR_FORMAT " in %" STR_FORMAT
                  " cannot be read from the store and is left out. %" STR_FORMAT,
                  STR_ARGS(name), STR_ARGS(region), STR_ARGS(message));
        return STATUS_OK;
    }
    if (status != STATUS_OK) return status;
    if (map_set(&bus->rules, rule->name, rule)) return STATUS_OK;
    events_rule_free(rule);
    return STATUS_NO_MEMORY;
}

static enum status load(struct store_task *task, struct store_tx *tx)
{
    struct loading *loading = CONTAINER_OF(task, struct loading, task);
    enum status status = store_resource_each(tx, STORE_KIND_EVENT_BUS, load_bus, loading);
    if (status != STATUS_OK) return status;
    return store_resource_each(tx, STORE_KIND_EVENT_RULE, load_rule, loading);
}

// ---------------------------------------------------------------------------------------------
// The thread

static void *run(void *context)
{
    struct events *events = context;
    sigset_t all;
    sigfillset(&all); // Signals are for the main thread.
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    // What has begun is finished: changes with the store, calls with lambda.
    while (!events->is_ending || events->is_changing || events->invocation_count > 0) {
        mailbox_wait(&events->mailbox, WAIT_MS);
        mailbox_run(&events->mailbox);
    }
    return NULL;
}

static void release(struct events *events)
{
    MAP_EACH(entry, &events->buses)
    {
        events_bus_free(entry->value);
    }
    map_release(&events->buses);
    iam_reader_release(&events->iam);
    buffer_release(&events->input);
    arena_release(&events->scratch);
    arena_release(&events->arena);
    mailbox_release(&events->mailbox);
    free(events);
}

enum status events_open(const struct events_settings *settings, struct events **ret_events)
{
    struct events *events = calloc(1, sizeof(*events));
    if (events == NULL) return STATUS_NO_MEMORY;
    enum status status = mailbox_init(&events->mailbox);
    if (status != STATUS_OK) {
        free(events);
        return status;
    }
    events->settings = *settings;
    arena_init(&events->arena, KIB(64));
    arena_init(&events->scratch, SCRATCH_BYTES_MAX);
    buffer_init(&events->input, INPUT_BYTES_MAX);
    iam_reader_init(&events->iam, settings->iam);
    random_init_system(&events->random);
    map_init(&events->buses);
    list_init(&events->waiting);
    struct loading loading = {.task = {.mode = STORE_READ, .run = load}, .events = events};
    if (!arena_copy_str(&events->arena, settings->account, &events->settings.account)) {
        status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK) status = store_run(settings->store, &loading.task);
    if (status == STATUS_OK && settings->runtime != NULL) {
        settings->runtime->on_status_change = events_on_status_change;
        settings->runtime->status_change_context = events;
    }
    if (status == STATUS_OK) events_count_rules(events);
    if (status == STATUS_OK && pthread_create(&events->thread, NULL, run, events) != 0) {
        status = STATUS_IO;
    }
    if (status != STATUS_OK) {
        release(events);
        return status;
    }
    *ret_events = events;
    return STATUS_OK;
}

static void on_end(struct mail *mail)
{
    CONTAINER_OF(mail, struct events, end)->is_ending = true;
}

void events_close(struct events *events)
{
    if (events == NULL) return;
    events->end.run = on_end;
    mailbox_post(&events->mailbox, &events->end);
    pthread_join(events->thread, NULL);
    if (events->settings.runtime != NULL) {
        atomic_store(&events->settings.runtime->wants_status_changes, false);
    }
    release(events);
}
