// The loop runs timers in order, mail, descriptors and hooks, and jumps in virtual time.

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "net/loop.h"
#include "test/lib/test.h"

enum { START_MS = 1700000000, TIMERS = 2000 };

static struct clock the_clock;

static struct net_loop *new_loop(bool is_virtual)
{
    struct net_loop *loop = NULL;
    if (is_virtual) {
        clock_init_virtual(&the_clock, START_MS);
    } else {
        clock_init_real(&the_clock);
    }
    enum status status = net_loop_new(&the_clock, &loop);
    CHECK(status == STATUS_OK);
    return loop;
}

struct counted {
    struct net_timer timer;
    struct net_deferred deferred;
    int index;
};

static int fired[TIMERS * 4];
static int64_t fired_at[TIMERS * 4];
static int fired_count;

static void note_timer(struct net_timer *timer)
{
    fired_at[fired_count] = clock_unix_ms(&the_clock);
    fired[fired_count++] = CONTAINER_OF(timer, struct counted, timer)->index;
}

// --- Timers -------------------------------------------------------------------------------------

struct expected {
    int64_t due_ms;
    int order; // Of arming.
    int index;
};

static int compare_expected(const void *a, const void *b)
{
    const struct expected *x = a, *y = b;
    if (x->due_ms != y->due_ms) return x->due_ms < y->due_ms ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

// Arm, re-arm and disarm at random, then compare the order of firing with a sorted array.
static void check_random_timers(uint64_t seed)
{
    struct net_loop *loop = new_loop(true);
    struct random random;
    random_init_seed(&random, seed);
    static struct counted timers[TIMERS];
    static struct expected expected[TIMERS];
    int order = 0, expected_count = 0;
    fired_count = 0;
    for (int i = 0; i < TIMERS; i++) {
        timers[i].index = i;
        net_timer_init(&timers[i].timer, note_timer);
        expected[i] = (struct expected){.due_ms = -1, .index = i};
    }
    for (int step = 0; step < TIMERS * 3; step++) {
        int i = (int)(random_u64(&random) % TIMERS);
        if (random_u64(&random) % 4 == 0) {
            net_timer_disarm(loop, &timers[i].timer);
            expected[i].due_ms = -1;
        } else {
            expected[i].due_ms = START_MS + (int64_t)(random_u64(&random) % 500);
            expected[i].order = order++;
            net_timer_arm(loop, &timers[i].timer, expected[i].due_ms);
        }
        CHECK(net_timer_is_armed(&timers[i].timer) == (expected[i].due_ms >= 0));
    }
    qsort(expected, TIMERS, sizeof(expected[0]), compare_expected);
    while (net_loop_next_due_unix_ms(loop) != INT64_MAX)
        net_loop_turn(loop, 0);
    bool is_same = true;
    for (int i = 0; i < TIMERS; i++) {
        if (expected[i].due_ms < 0) continue;
        if (expected_count >= fired_count || fired[expected_count] != expected[i].index ||
            fired_at[expected_count] != expected[i].due_ms) {
            is_same = false;
        }
        expected_count++;
    }
    CHECK(is_same && expected_count == fired_count);
    net_loop_free(loop);
}

TEST(timers_armed_moved_and_disarmed_at_random_fire_in_order_and_on_time)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        check_random_timers(seed);
}

TEST(many_timers_are_cheap)
{
    enum { MANY = 300000 };
    struct net_loop *loop = new_loop(true);
    struct net_timer *timers = calloc(MANY, sizeof(*timers));
    REQUIRE(timers != NULL);
    struct random random;
    random_init_seed(&random, 5);
    for (int i = 0; i < MANY; i++) {
        net_timer_init(&timers[i], NULL);
        net_timer_arm(loop, &timers[i], START_MS + (int64_t)(random_u64(&random) % 1000000));
    }
    for (int i = 0; i < MANY; i++)
        net_timer_disarm(loop, &timers[i]);
    CHECK(net_loop_next_due_unix_ms(loop) == INT64_MAX);
    free(timers);
    net_loop_free(loop);
}

static struct net_loop *rearming_loop;

static void rearm_in_the_past(struct net_timer *timer)
{
    note_timer(timer);
    net_timer_arm(rearming_loop, timer, START_MS - 1);
}

TEST(timer_that_arms_itself_in_the_past_runs_once_per_turn)
{
    rearming_loop = new_loop(true);
    struct counted counted = {.index = 1};
    net_timer_init(&counted.timer, rearm_in_the_past);
    net_timer_arm(rearming_loop, &counted.timer, START_MS);
    fired_count = 0;
    for (int i = 0; i < 3; i++)
        net_loop_turn(rearming_loop, 0);
    CHECK(fired_count == 3);
    CHECK(clock_unix_ms(&the_clock) == START_MS);
    net_loop_free(rearming_loop);
}

TEST(real_timers_fire_no_earlier_than_asked)
{
    struct net_loop *loop = new_loop(false);
    struct counted by_clock = {.index = 1}, steady = {.index = 2};
    net_timer_init(&by_clock.timer, note_timer);
    net_timer_init(&steady.timer, note_timer);
    int64_t start_ns = clock_steady_ns();
    net_timer_arm(loop, &by_clock.timer, clock_unix_ms(&the_clock) + 40);
    net_timer_arm_steady(loop, &steady.timer, 20);
    fired_count = 0;
    while (fired_count < 1)
        net_loop_turn(loop, -1);
    CHECK(fired[0] == 2 && clock_steady_ns() - start_ns >= 20000000);
    while (fired_count < 2)
        net_loop_turn(loop, -1);
    CHECK(fired[1] == 1 && clock_steady_ns() - start_ns >= 39000000);
    net_loop_free(loop);
}

// --- Virtual time -------------------------------------------------------------------------------

TEST(virtual_time_jumps_a_month_at_once_but_not_while_busy)
{
    struct net_loop *loop = new_loop(true);
    struct counted counted = {.index = 7};
    int64_t month_ms = INT64_C(30) * 86400 * 1000;
    net_timer_init(&counted.timer, note_timer);
    net_timer_arm(loop, &counted.timer, START_MS + month_ms);
    fired_count = 0;
    net_loop_busy_begin(loop);
    net_loop_busy_begin(loop);
    CHECK(!net_loop_turn(loop, 0));
    net_loop_busy_end(loop);
    CHECK(!net_loop_turn(loop, 0));
    CHECK(clock_unix_ms(&the_clock) == START_MS && fired_count == 0);
    net_loop_busy_end(loop);
    CHECK(net_loop_turn(loop, -1));
    CHECK(clock_unix_ms(&the_clock) == START_MS + month_ms && fired_count == 1);
    net_loop_free(loop);
}

TEST(steady_timers_do_not_follow_virtual_time)
{
    struct net_loop *loop = new_loop(true);
    struct counted far = {.index = 1}, steady = {.index = 2};
    net_timer_init(&far.timer, note_timer);
    net_timer_init(&steady.timer, note_timer);
    net_timer_arm(loop, &far.timer, START_MS + 3600000);
    net_timer_arm_steady(loop, &steady.timer, 15);
    fired_count = 0;
    int64_t start_ns = clock_steady_ns();
    while (fired_count < 2)
        net_loop_turn(loop, -1);
    CHECK(fired[0] == 1 && fired[1] == 2);
    CHECK(clock_steady_ns() - start_ns >= 15000000);
    net_loop_free(loop);
}

// --- Hooks, mail, descriptors -------------------------------------------------------------------

static struct net_loop *hook_loop;
static int hook_runs;

static void count_hook(struct net_deferred *deferred)
{
    (void)deferred;
    hook_runs++;
}

static void defer_again(struct net_deferred *deferred)
{
    hook_runs++;
    net_loop_defer(hook_loop, deferred);
}

TEST(hook_runs_once_a_turn_however_often_deferred)
{
    hook_loop = new_loop(false);
    struct net_deferred once, cancelled;
    net_deferred_init(&once, count_hook);
    net_deferred_init(&cancelled, count_hook);
    hook_runs = 0;
    net_loop_defer(hook_loop, &once);
    net_loop_defer(hook_loop, &once);
    net_loop_defer(hook_loop, &cancelled);
    net_deferred_cancel(&cancelled);
    CHECK(net_loop_turn(hook_loop, -1));
    CHECK(hook_runs == 1);
    CHECK(!net_loop_turn(hook_loop, 0));
    net_loop_free(hook_loop);
}

TEST(hook_that_defers_itself_does_not_hold_the_loop)
{
    hook_loop = new_loop(false);
    struct net_deferred again;
    net_deferred_init(&again, defer_again);
    hook_runs = 0;
    net_loop_defer(hook_loop, &again);
    CHECK(net_loop_turn(hook_loop, -1));
    CHECK(net_loop_turn(hook_loop, -1));
    CHECK(hook_runs >= 2);
    net_deferred_cancel(&again);
    net_loop_free(hook_loop);
}

struct stopping_mail {
    struct mail mail;
    struct net_loop *loop;
    bool has_run;
};

static void stop_by_mail(struct mail *mail)
{
    struct stopping_mail *stopping = CONTAINER_OF(mail, struct stopping_mail, mail);
    stopping->has_run = true;
    net_loop_stop(stopping->loop);
}

static void *post_stop(void *argument)
{
    struct stopping_mail *stopping = argument;
    usleep(5000);
    mailbox_post(net_loop_mailbox(stopping->loop), &stopping->mail);
    return NULL;
}

TEST(mail_from_another_thread_wakes_the_loop)
{
    struct stopping_mail stopping = {.mail.run = stop_by_mail, .loop = new_loop(false)};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, post_stop, &stopping) == 0);
    net_loop_run(stopping.loop);
    CHECK(stopping.has_run);
    pthread_join(thread, NULL);
    net_loop_free(stopping.loop);
}

struct paired {
    struct net_watch watch;
    struct paired *other;
    struct net_loop *loop;
    int runs;
};

static void stop_the_other(struct net_watch *watch, uint32_t ready_events)
{
    struct paired *paired = CONTAINER_OF(watch, struct paired, watch);
    CHECK((ready_events & EPOLLIN) != 0);
    paired->runs++;
    net_watch_stop(paired->loop, &paired->other->watch);
}

TEST(watch_stopped_in_the_same_turn_does_not_run_any_more)
{
    struct net_loop *loop = new_loop(false);
    int sockets[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    struct paired a = {.loop = loop}, b = {.loop = loop};
    a.other = &b;
    b.other = &a;
    a.watch = (struct net_watch){.fd = sockets[0], .events = EPOLLIN, .run = stop_the_other};
    b.watch = (struct net_watch){.fd = sockets[1], .events = EPOLLIN, .run = stop_the_other};
    REQUIRE(net_watch_start(loop, &a.watch) == STATUS_OK);
    REQUIRE(net_watch_start(loop, &b.watch) == STATUS_OK);
    CHECK(write(sockets[0], "x", 1) == 1 && write(sockets[1], "x", 1) == 1);
    net_loop_turn(loop, -1);
    CHECK(a.runs + b.runs == 1);
    close(sockets[0]);
    close(sockets[1]);
    net_loop_free(loop);
}
