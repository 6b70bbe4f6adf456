// Queues of activities: each lives on one worker, and only that worker touches it.

#include "runtime/activity.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/log.h"
#include "runtime/execution_private.h"

// What a task is found by, as bytes.
struct offer_key {
    int64_t execution_id;
    uint64_t task_id;
};

struct offer {
    struct mail mail;
    struct list link;
    struct runtime_worker *owner; // Of the queue.
    struct activity_queue *queue;
    struct offer_key key;
    struct runtime_activity_poll *poll; // While starting.
    struct str activity_arn;            // These point into `bytes`.
    struct str token;
    struct str input;
    char bytes[];
};

struct activity_queue {
    struct str arn;
    struct list offers; // Queued, oldest first.
    struct list polls;  // Waiting, oldest first. One of the two lists is empty.
    size_t poll_count;
    struct map by_key; // Of `offers`.
    char arn_bytes[];
};

static struct runtime_worker *owner_of(const struct runtime *runtime, struct str arn)
{
    uint64_t hash = UINT64_C(1469598103934665603);
    for (size_t i = 0; i < arn.size; i++)
        hash = (hash ^ (unsigned char)arn.data[i]) * UINT64_C(1099511628211);
    return runtime->workers[(hash >> 32) % runtime->worker_count];
}

static struct activity_queue *find_queue(struct runtime_worker *owner, struct str arn)
{
    struct activity_queue *queue = map_find(&owner->activity_queues, arn);
    if (queue != NULL) return queue;
    queue = calloc(1, sizeof(*queue) + arn.size);
    if (queue == NULL) return NULL;
    memcpy(queue->arn_bytes, arn.data, arn.size);
    queue->arn = (struct str){queue->arn_bytes, arn.size};
    list_init(&queue->offers);
    list_init(&queue->polls);
    map_init(&queue->by_key);
    if (map_set(&owner->activity_queues, queue->arn, queue)) return queue;
    free(queue);
    return NULL;
}

static void post(struct runtime_worker *to, struct mail *mail, void (*run)(struct mail *mail))
{
    mail->run = run;
    mailbox_post(net_loop_mailbox(to->loop), mail);
}

static struct str key_of(const struct offer *offer)
{
    return (struct str){(const char *)&offer->key, sizeof(offer->key)};
}

static void enqueue(struct offer *offer)
{
    if (offer->queue != NULL && map_set(&offer->queue->by_key, key_of(offer), offer)) {
        list_append(&offer->queue->offers, &offer->link);
        return;
    }
    log_error("no memory for a task of %" STR_FORMAT ": no worker will get it",
              STR_ARGS(offer->activity_arn));
    free(offer);
}

static struct offer *take_offer(struct activity_queue *queue)
{
    struct offer *offer = LIST_ITEM(queue->offers.next, struct offer, link);
    list_remove(&offer->link);
    map_remove(&queue->by_key, key_of(offer));
    return offer;
}

// ---------------------------------------------------------------------------------------------
// Where tasks and polls meet, on the queue's thread

static void answer_poll(struct runtime_activity_poll *poll, enum status status);
static void start_offer(struct offer *offer, struct runtime_activity_poll *poll);

static struct runtime_activity_poll *take_poll(struct activity_queue *queue)
{
    struct list *link = queue->polls.next;
    list_remove(link);
    queue->poll_count--;
    return LIST_ITEM(link, struct runtime_activity_poll, link);
}

static void on_started(void *context, const struct runtime_letter *letter)
{
    struct offer *offer = context;
    struct runtime_activity_poll *poll = offer->poll;
    struct activity_queue *queue = offer->queue;
    if (letter->status == STATUS_OK) {
        bool is_copied = arena_copy_str(poll->arena, offer->token, &poll->token) &&
                         arena_copy_str(poll->arena, offer->input, &poll->input);
        answer_poll(poll, is_copied ? STATUS_OK : STATUS_NO_MEMORY);
        free(offer);
        return;
    }
    if (letter->status != STATUS_NOT_FOUND) {
        // Whether the start is on the disk is open, so the task is not given away.
        answer_poll(poll, letter->status);
        free(offer);
        return;
    }
    // Nobody waits for this task any more; the poller gets the next one.
    free(offer);
    if (list_is_empty(&queue->offers)) {
        list_prepend(&queue->polls, &poll->link);
        queue->poll_count++;
    } else {
        start_offer(take_offer(queue), poll);
    }
}

static void start_offer(struct offer *offer, struct runtime_activity_poll *poll)
{
    struct runtime_letter *letter =
        runtime_letter_new(offer->key.execution_id, ENGINE_EVENT_TASK_STARTED);
    if (letter == NULL || !arena_copy_str(&letter->arena, offer->token, &letter->token) ||
        !runtime_letter_copy(letter, poll->worker_name, &letter->event.worker_name)) {
        runtime_letter_discard(letter);
        enqueue(offer);
        answer_poll(poll, STATUS_NO_MEMORY);
        return;
    }
    letter->event.task_id = offer->key.task_id;
    letter->is_patient = true; // Its execution takes the start as soon as the disk does.
    offer->poll = poll;
    runtime_letter_send(offer->owner, letter, on_started, offer);
}

static void on_offer(struct mail *mail)
{
    struct offer *offer = CONTAINER_OF(mail, struct offer, mail);
    struct activity_queue *queue = find_queue(offer->owner, offer->activity_arn);
    offer->queue = queue;
    if (queue != NULL && !list_is_empty(&queue->polls)) {
        start_offer(offer, take_poll(queue));
    } else {
        enqueue(offer);
    }
}

// ---------------------------------------------------------------------------------------------
// Offers

static char *put_text(char *at, struct str text, struct str *ret_text)
{
    *ret_text = (struct str){at, text.size};
    return mempcpy(at, text.data, text.size);
}

enum status runtime_activity_offer(struct runtime_worker *worker, struct str activity_arn,
                                   int64_t execution_id, uint64_t task_id, struct str token,
                                   const struct json *input)
{
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(2));
    json_render(&text, input);
    struct offer *offer =
        text.is_failed ? NULL
                       : calloc(1, sizeof(*offer) + activity_arn.size + token.size + text.size);
    if (offer == NULL) return STATUS_NO_MEMORY;
    list_init(&offer->link);
    offer->key = (struct offer_key){execution_id, task_id};
    char *end = put_text(offer->bytes, activity_arn, &offer->activity_arn);
    end = put_text(end, token, &offer->token);
    put_text(end, buffer_str(&text), &offer->input);
    offer->owner = owner_of(worker->runtime, activity_arn);
    post(offer->owner, &offer->mail, on_offer);
    return STATUS_OK;
}

struct withdrawal {
    struct mail mail;
    struct runtime_worker *owner;
    struct offer_key key;
    size_t arn_size;
    char arn[];
};

static void on_withdrawal(struct mail *mail)
{
    struct withdrawal *withdrawal = CONTAINER_OF(mail, struct withdrawal, mail);
    struct activity_queue *queue = map_find(&withdrawal->owner->activity_queues,
                                            (struct str){withdrawal->arn, withdrawal->arn_size});
    struct offer *offer =
        queue == NULL ? NULL
                      : map_remove(&queue->by_key, (struct str){(const char *)&withdrawal->key,
                                                                sizeof(withdrawal->key)});
    if (offer != NULL) {
        list_remove(&offer->link);
        free(offer);
    }
    free(withdrawal);
}

void runtime_activity_withdraw(struct runtime_worker *worker, struct str activity_arn,
                               int64_t execution_id, uint64_t task_id)
{
    struct withdrawal *withdrawal = calloc(1, sizeof(*withdrawal) + activity_arn.size);
    if (withdrawal == NULL) return; // It is found out when a worker takes it.
    memcpy(withdrawal->arn, activity_arn.data, activity_arn.size);
    withdrawal->arn_size = activity_arn.size;
    withdrawal->key = (struct offer_key){execution_id, task_id};
    withdrawal->owner = owner_of(worker->runtime, activity_arn);
    post(withdrawal->owner, &withdrawal->mail, on_withdrawal);
}

// ---------------------------------------------------------------------------------------------
// Polls

static void on_answer(struct mail *mail)
{
    struct runtime_activity_poll *poll = CONTAINER_OF(mail, struct runtime_activity_poll, mail);
    poll->on_done(poll, poll->status);
}

static void answer_poll(struct runtime_activity_poll *poll, enum status status)
{
    poll->status = status;
    net_timer_disarm(owner_of(poll->worker->runtime, poll->activity_arn)->loop, &poll->timer);
    post(poll->worker, &poll->mail, on_answer);
}

static void on_poll_timeout(struct net_timer *timer)
{
    struct runtime_activity_poll *poll = CONTAINER_OF(timer, struct runtime_activity_poll, timer);
    struct runtime_worker *owner = owner_of(poll->worker->runtime, poll->activity_arn);
    if (list_is_empty(&poll->link)) return; // A task is being started for it.
    struct activity_queue *queue = map_find(&owner->activity_queues, poll->activity_arn);
    assert(queue != NULL);
    list_remove(&poll->link);
    queue->poll_count--;
    answer_poll(poll, STATUS_TIMED_OUT);
}

static void on_poll(struct mail *mail)
{
    struct runtime_activity_poll *poll = CONTAINER_OF(mail, struct runtime_activity_poll, mail);
    struct runtime_worker *owner = owner_of(poll->worker->runtime, poll->activity_arn);
    struct activity_queue *queue = find_queue(owner, poll->activity_arn);
    int64_t wait_ms = poll->timer.due_ms;
    net_timer_init(&poll->timer, on_poll_timeout);
    if (queue == NULL) {
        answer_poll(poll, STATUS_NO_MEMORY);
        return;
    }
    if (owner->is_draining) {
        answer_poll(poll, STATUS_TIMED_OUT);
        return;
    }
    if (queue->poll_count >= RUNTIME_POLLS_MAX) {
        answer_poll(poll, STATUS_OVER_LIMIT);
        return;
    }
    net_timer_arm_steady(owner->loop, &poll->timer, wait_ms);
    if (list_is_empty(&queue->offers)) {
        list_append(&queue->polls, &poll->link);
        queue->poll_count++;
        return;
    }
    start_offer(take_offer(queue), poll);
}

void runtime_activity_poll(struct runtime_worker *worker, struct runtime_activity_poll *poll,
                           int64_t wait_ms)
{
    list_init(&poll->link);
    poll->worker = worker;
    poll->token = poll->input = (struct str){NULL, 0};
    net_timer_init(&poll->timer, on_poll_timeout);
    poll->timer.due_ms = wait_ms; // Carried to the queue's thread, which arms it.
    post(owner_of(worker->runtime, poll->activity_arn), &poll->mail, on_poll);
}

void activity_send_home(struct runtime_worker *worker)
{
    MAP_EACH(entry, &worker->activity_queues)
    {
        struct activity_queue *queue = entry->value;
        while (!list_is_empty(&queue->polls))
            answer_poll(take_poll(queue), STATUS_TIMED_OUT);
    }
}
