// A turn: wait, run ready descriptors (mail is one of them), run due timers, run hooks. Events of
// the present turn are kept in the loop, so that stopping a watch can take its event back.

#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/timer_heap.h"

enum {
    EVENTS_MAX = 256, // Taken from the kernel at once.
    // A sleep for a clock timer ends this often, to notice that somebody set the system's clock or
    // that the machine was suspended.
    CLOCK_CHECK_MS = 1000,
    HOOK_ROUNDS_MAX = 16,   // Of hooks deferred by hooks, before descriptors get their turn.
    TIMERS_PER_TURN = 4096, // Likewise.
};

struct net_loop {
    struct clock *clock;
    int epoll_fd;
    atomic_bool is_stopping;
    uint32_t busy_count;
    int64_t steady_ms;         // As of this turn.
    int64_t steady_skipped_ms; // What tests have added to it.
    uint64_t timer_sequence;
    struct timer_heap clock_timers;
    struct timer_heap steady_timers;
    struct list deferred;
    struct mailbox mailbox;
    struct net_watch mailbox_watch;
    int event_count; // Of this turn, those from `event_next` on still to run.
    int event_next;
    struct epoll_event events[EVENTS_MAX];
};

static int64_t read_steady_ms(const struct net_loop *loop)
{
    return clock_steady_ns() / 1000000 + loop->steady_skipped_ms;
}

static void update_steady(struct net_loop *loop)
{
    loop->steady_ms = read_steady_ms(loop);
}

static void run_mail(struct net_watch *watch, uint32_t ready_events)
{
    (void)ready_events;
    struct net_loop *loop = CONTAINER_OF(watch, struct net_loop, mailbox_watch);
    mailbox_run(&loop->mailbox);
}

static void ignore_sigpipe(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        action = (struct sigaction){.sa_handler = SIG_IGN};
        sigaction(SIGPIPE, &action, NULL);
    }
}

enum status net_loop_new(struct clock *clock, struct net_loop **ret_loop)
{
    struct net_loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) return STATUS_NO_MEMORY;
    loop->clock = clock;
    list_init(&loop->deferred);
    update_steady(loop);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        free(loop);
        return STATUS_IO;
    }
    enum status status = mailbox_init(&loop->mailbox);
    if (status == STATUS_OK) {
        loop->mailbox_watch =
            (struct net_watch){.fd = loop->mailbox.event_fd, .events = EPOLLIN, .run = run_mail};
        status = net_watch_start(loop, &loop->mailbox_watch);
    }
    if (status != STATUS_OK) {
        net_loop_free(loop);
        return status;
    }
    ignore_sigpipe();
    *ret_loop = loop;
    return STATUS_OK;
}

void net_loop_free(struct net_loop *loop)
{
    if (loop == NULL) return;
    mailbox_release(&loop->mailbox);
    close(loop->epoll_fd);
    free(loop);
}

struct clock *net_loop_clock(struct net_loop *loop)
{
    return loop->clock;
}

struct mailbox *net_loop_mailbox(struct net_loop *loop)
{
    return &loop->mailbox;
}

int64_t net_loop_steady_ms(const struct net_loop *loop)
{
    return loop->steady_ms;
}

void net_loop_skip_steady(struct net_loop *loop, int64_t ms)
{
    loop->steady_skipped_ms += ms;
}

void net_loop_busy_begin(struct net_loop *loop)
{
    loop->busy_count++;
}

void net_loop_busy_end(struct net_loop *loop)
{
    assert(loop->busy_count > 0);
    loop->busy_count--;
}

void net_loop_stop(struct net_loop *loop)
{
    int saved_errno = errno; // May run in a signal handler.
    atomic_store(&loop->is_stopping, true);
    uint64_t one = 1;
    ssize_t written = write(loop->mailbox.event_fd, &one, sizeof(one));
    (void)written; // Fails only when the counter is full, and then the loop wakes anyway.
    errno = saved_errno;
}

// --- Waiting ------------------------------------------------------------------------------------

// Milliseconds until `due_ms`, at least 0 and at most `most` (negative: no bound).
static int wait_until(int64_t due_ms, int64_t now_ms, int most)
{
    if (due_ms <= now_ms) return 0;
    int64_t wait;
    if (__builtin_sub_overflow(due_ms, now_ms, &wait) || wait > INT32_MAX) wait = INT32_MAX;
    return most >= 0 && wait > most ? most : (int)wait;
}

static bool may_jump(const struct net_loop *loop)
{
    return loop->clock->is_virtual && loop->busy_count == 0 && loop->clock_timers.root != NULL;
}

// How long to wait for descriptors, in epoll_wait's terms.
static int wait_ms(const struct net_loop *loop, int timeout_ms)
{
    if (!list_is_empty(&loop->deferred) || may_jump(loop)) return 0;
    int wait = timeout_ms;
    if (loop->steady_timers.root != NULL) {
        wait = wait_until(loop->steady_timers.root->due_ms, loop->steady_ms, wait);
    }
    if (loop->clock_timers.root != NULL) {
        int64_t now = clock_unix_ms(loop->clock);
        int64_t due = loop->clock_timers.root->due_ms;
        if (!loop->clock->is_virtual || due <= now) {
            wait = wait_until(due, now, wait < 0 || wait > CLOCK_CHECK_MS ? CLOCK_CHECK_MS : wait);
        }
    }
    return wait;
}

// --- A turn -------------------------------------------------------------------------------------

static bool run_events(struct net_loop *loop)
{
    bool ran = loop->event_count > 0;
    for (loop->event_next = 0; loop->event_next < loop->event_count;) {
        struct epoll_event *event = &loop->events[loop->event_next++];
        struct net_watch *watch = event->data.ptr;
        if (watch != NULL) watch->run(watch, event->events);
    }
    loop->event_count = loop->event_next = 0;
    return ran;
}

// Run what is due at `now_ms`. Timers armed meanwhile wait for the next turn, so that one that arms
// itself in the past cannot hold the loop.
static bool run_timers(struct net_loop *loop, struct timer_heap *heap, int64_t now_ms)
{
    uint64_t sequence_end = loop->timer_sequence;
    int count = 0;
    while (heap->root != NULL && heap->root->due_ms <= now_ms && count < TIMERS_PER_TURN) {
        struct net_timer *timer = heap->root;
        if (timer->sequence >= sequence_end) break;
        timer_heap_remove(heap, timer);
        timer->run(timer);
        count++;
    }
    return count > 0;
}

static bool run_deferred(struct net_loop *loop)
{
    bool ran = false;
    for (int round = 0; round < HOOK_ROUNDS_MAX && !list_is_empty(&loop->deferred); round++) {
        struct list now = {loop->deferred.next, loop->deferred.previous};
        now.next->previous = &now;
        now.previous->next = &now;
        list_init(&loop->deferred);
        while (!list_is_empty(&now)) {
            struct net_deferred *deferred = LIST_ITEM(now.next, struct net_deferred, link);
            list_remove(&deferred->link);
            deferred->run(deferred);
        }
        ran = true;
    }
    return ran;
}

bool net_loop_turn(struct net_loop *loop, int timeout_ms)
{
    update_steady(loop);
    int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_MAX, wait_ms(loop, timeout_ms));
    assert(count >= 0 || errno == EINTR);
    loop->event_count = count < 0 ? 0 : count;
    update_steady(loop);
    bool ran = run_events(loop);
    ran |= run_timers(loop, &loop->steady_timers, loop->steady_ms);
    if (loop->clock_timers.root != NULL) {
        // Nothing ready, nobody busy: virtual time moves on.
        if (!ran && list_is_empty(&loop->deferred) && may_jump(loop)) {
            clock_advance(loop->clock, loop->clock_timers.root->due_ms);
        }
        ran |= run_timers(loop, &loop->clock_timers, clock_unix_ms(loop->clock));
    }
    ran |= run_deferred(loop);
    return ran;
}

void net_loop_run(struct net_loop *loop)
{
    while (!atomic_load_explicit(&loop->is_stopping, memory_order_relaxed))
        net_loop_turn(loop, -1);
    atomic_store(&loop->is_stopping, false);
}

// --- File descriptors ---------------------------------------------------------------------------

enum status net_watch_start(struct net_loop *loop, struct net_watch *watch)
{
    struct epoll_event event = {.events = watch->events, .data.ptr = watch};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0 ? STATUS_OK : STATUS_IO;
}

void net_watch_change(struct net_loop *loop, struct net_watch *watch, uint32_t events)
{
    if (watch->events == events) return;
    watch->events = events;
    struct epoll_event event = {.events = events, .data.ptr = watch};
    int result = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
    assert(result == 0);
}

void net_watch_stop(struct net_loop *loop, struct net_watch *watch)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = loop->event_next; i < loop->event_count; i++) {
        if (loop->events[i].data.ptr == watch) loop->events[i].data.ptr = NULL;
    }
}

// --- Timers -------------------------------------------------------------------------------------

void net_timer_init(struct net_timer *timer, void (*run)(struct net_timer *timer))
{
    *timer = (struct net_timer){.run = run};
}

static void arm(struct net_loop *loop, struct net_timer *timer, int64_t due_ms, bool is_steady)
{
    net_timer_disarm(loop, timer);
    timer->due_ms = due_ms;
    timer->is_steady = is_steady;
    timer->sequence = loop->timer_sequence++;
    timer_heap_insert(is_steady ? &loop->steady_timers : &loop->clock_timers, timer);
}

void net_timer_arm(struct net_loop *loop, struct net_timer *timer, int64_t due_unix_ms)
{
    arm(loop, timer, due_unix_ms, false);
}

void net_timer_arm_steady(struct net_loop *loop, struct net_timer *timer, int64_t delay_ms)
{
    // Not the turn's time: a callback may have taken long. Rounded up, never to fire early.
    int64_t now_ms = read_steady_ms(loop);
    arm(loop, timer, delay_ms <= 0 ? now_ms : now_ms + delay_ms + 1, true);
}

void net_timer_disarm(struct net_loop *loop, struct net_timer *timer)
{
    if (!net_timer_is_armed(timer)) return;
    timer_heap_remove(timer->is_steady ? &loop->steady_timers : &loop->clock_timers, timer);
}

int64_t net_loop_next_due_unix_ms(const struct net_loop *loop)
{
    return loop->clock_timers.root == NULL ? INT64_MAX : loop->clock_timers.root->due_ms;
}

// --- Hooks --------------------------------------------------------------------------------------

void net_deferred_init(struct net_deferred *deferred, void (*run)(struct net_deferred *deferred))
{
    list_init(&deferred->link);
    deferred->run = run;
}

void net_loop_defer(struct net_loop *loop, struct net_deferred *deferred)
{
    if (list_is_empty(&deferred->link)) list_append(&loop->deferred, &deferred->link);
}

void net_deferred_cancel(struct net_deferred *deferred)
{
    list_remove(&deferred->link);
}
