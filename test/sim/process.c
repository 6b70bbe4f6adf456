// The linker leads here (--wrap) what the runtime asks of the machine: both clocks, chance, and the
// mailboxes, whose mail waits until the simulation turns the worker that it is for.

#include "test/sim/process.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "json/json.h"
#include "runtime/alias.h"
#include "runtime/drain.h"
#include "runtime/execution.h"
#include "test/sim/disk.h"
#include "test/sim/heap.h"
#include "test/sim/world.h"

enum { STEADY_MAX = 64, STEADY_START_MS = 1000000, DRAIN_MS_MAX = 10000 };

// A worker's part in a polite stop.
struct stop {
    struct mail mail;
    bool has_begun;
    bool is_waiting; // For calls and commits: requests are answered.
    bool is_drained; // Its loop does not run any more.
};

struct inbox {
    struct mail *first;
    struct mail **end;
};

struct process process;
static struct clock sim_clock; // Not virtual in the program's sense: it is the machine's.
static struct inbox inboxes[SIM_WORKERS];
static bool has_work[SIM_WORKERS];
static int64_t steady_due[STEADY_MAX]; // In Unix time; the steady timers that may be armed.
static size_t steady_count;
static int64_t boot_unix_ms;
static struct stop stops[SIM_WORKERS];
static int64_t stop_due_unix_ms; // When patience ends; INT64_MAX: nobody wants it to stop.

int64_t __wrap_clock_unix_ms(const struct clock *clock);
int64_t __wrap_clock_steady_ns(void);
void __wrap_random_init_system(struct random *random);
void __wrap_mailbox_post(struct mailbox *mailbox, struct mail *mail);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int count, int timeout_ms);
void __real_net_timer_arm_steady(struct net_loop *loop, struct net_timer *timer, int64_t delay_ms);
void __wrap_net_timer_arm_steady(struct net_loop *loop, struct net_timer *timer, int64_t delay_ms);
void __real_net_timer_arm(struct net_loop *loop, struct net_timer *timer, int64_t due_unix_ms);
void __wrap_net_timer_arm(struct net_loop *loop, struct net_timer *timer, int64_t due_unix_ms);
void __wrap_log_error(const char *format, ...) PRINTF(1, 2);

int64_t __wrap_clock_unix_ms(const struct clock *clock)
{
    (void)clock;
    return sim.now_unix_ms;
}

int64_t __wrap_clock_steady_ns(void)
{
    return (sim.now_unix_ms - boot_unix_ms + STEADY_START_MS) * 1000000;
}

void __wrap_random_init_system(struct random *random)
{
    random_init_seed(random, random_u64(&sim.random));
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int count, int timeout_ms)
{
    (void)fd, (void)events, (void)count, (void)timeout_ms;
    return 0;
}

void __wrap_mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
    sim_tick();
    for (unsigned i = 0; i < SIM_WORKERS; i++) {
        if (net_loop_mailbox(process.workers[i].loop) != mailbox) continue;
        mail->next = NULL;
        *inboxes[i].end = mail;
        inboxes[i].end = &mail->next;
        has_work[i] = true;
        return;
    }
    sim_fail("mail for nobody");
}

void __wrap_net_timer_arm_steady(struct net_loop *loop, struct net_timer *timer, int64_t delay_ms)
{
    int64_t due = sim.now_unix_ms + (delay_ms <= 0 ? 0 : delay_ms + 1);
    __real_net_timer_arm_steady(loop, timer, delay_ms);
    for (size_t i = 0; i < steady_count; i++) {
        if (steady_due[i] == due) return;
    }
    if (steady_count < STEADY_MAX) steady_due[steady_count++] = due;
    process_poke();
}

void __wrap_net_timer_arm(struct net_loop *loop, struct net_timer *timer, int64_t due_unix_ms)
{
    bool is_early = sim.plant == PLANT_EARLY_TIMER && sim_chance(8);
    __real_net_timer_arm(loop, timer, is_early ? due_unix_ms - 700 : due_unix_ms);
}

// What the operator would read. Some of it must never come to pass.
void __wrap_log_error(const char *format, ...)
{
    static const char *const bad[] = {"cannot be taken up", "taken over", "cannot go on",
                                      "cannot wait for", "no memory"};
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    sim_say("log: %s", line);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (strstr(line, bad[i]) != NULL) sim_fail("the log says: %s", line);
    }
}

// ---------------------------------------------------------------------------------------------

void process_boot(void)
{
    clock_init_real(&sim_clock);
    memset(&process, 0, sizeof(process));
    memset(stops, 0, sizeof(stops));
    stop_due_unix_ms = INT64_MAX;
    boot_unix_ms = sim.now_unix_ms;
    steady_count = 0;
    runtime_init(&process.runtime, &sim_clock, disk_open(), NULL);
    for (unsigned i = 0; i < SIM_WORKERS; i++) {
        struct net_loop *loop = NULL;
        inboxes[i] = (struct inbox){.end = &inboxes[i].first};
        if (net_loop_new(&sim_clock, &loop) != STATUS_OK) sim_fail("no loop");
        runtime_worker_init(&process.workers[i], &process.runtime, loop);
        world_attach(&process.workers[i]);
        has_work[i] = true;
    }
    enum status status = runtime_load(&process.runtime);
    if (status == STATUS_OK) status = runtime_take_up(&process.runtime);
    if (status == STATUS_OK) status = runtime_recover(&process.workers[0]);
    if (status != STATUS_OK) sim_fail("start-up: %s", status_name(status));
}

void process_kill(void)
{
    for (unsigned i = 0; i < SIM_WORKERS; i++) {
        net_loop_free(process.workers[i].loop);
        process.workers[i].loop = NULL;
    }
    heap_crash();
}

void process_poke(void)
{
    for (unsigned i = 0; i < SIM_WORKERS; i++)
        has_work[i] = true;
}

bool process_turn_worker(unsigned index)
{
    if (!has_work[index] || stops[index].is_drained) return false;
    struct inbox *inbox = &inboxes[index];
    unsigned count = sim_chance(2) ? 1 : 1 + sim_draw(8);
    bool ran = inbox->first != NULL;
    for (; count > 0 && inbox->first != NULL; count--) {
        struct mail *mail = inbox->first;
        inbox->first = mail->next;
        if (inbox->first == NULL) inbox->end = &inbox->first;
        mail->run(mail);
    }
    ran |= net_loop_turn(process.workers[index].loop, 0);
    has_work[index] = ran;
    return ran;
}

// ---------------------------------------------------------------------------------------------
// The polite stop

static void on_drained(void *context)
{
    struct stop *stop = context;
    stop->is_drained = true;
}

static void start_drain(struct mail *mail)
{
    struct stop *stop = CONTAINER_OF(mail, struct stop, mail);
    stop->has_begun = true;
    runtime_drain_begin(&process.workers[stop - stops]);
}

void process_begin_stop(void)
{
    stop_due_unix_ms = sim.now_unix_ms + DRAIN_MS_MAX;
    for (unsigned i = 0; i < SIM_WORKERS; i++) {
        stops[i].mail.run = start_drain;
        mailbox_post(net_loop_mailbox(process.workers[i].loop), &stops[i].mail);
    }
}

bool process_has_stopped(bool is_served)
{
    bool is_over = true;
    for (unsigned i = 0; i < SIM_WORKERS; i++) {
        struct stop *stop = &stops[i];
        if (stop->has_begun && is_served && !stop->is_waiting) {
            stop->is_waiting = true;
            runtime_drain_wait(&process.workers[i], on_drained, stop);
        }
        is_over = is_over && stop->is_drained;
    }
    return is_over || sim.now_unix_ms >= stop_due_unix_ms;
}

int64_t process_stop_due_unix_ms(void)
{
    return stop_due_unix_ms;
}

void process_end_stop(void)
{
    for (unsigned i = 0; i < SIM_WORKERS; i++)
        sim.is_rough |= !stops[i].is_drained;
    enum status status = runtime_save_held(&process.runtime);
    if (status != STATUS_OK && !sim.is_rough) {
        sim_fail("tasks that were held cannot be written: %s", status_name(status));
    }
    sim_say("stopped%s", sim.is_rough ? "" : "; nothing was ever lost");
    disk_close();
}

struct runtime_worker *process_any_worker(void)
{
    unsigned index = sim_draw(SIM_WORKERS);
    for (unsigned i = 0; i < SIM_WORKERS && stops[index].is_drained; i++)
        index = (index + 1) % SIM_WORKERS;
    return &process.workers[index];
}

// As StartExecution does.
struct runtime_execution *process_new_execution(struct str arn, struct str name, struct str input)
{
    struct runtime_worker *worker = process_any_worker();
    struct runtime_execution *execution = NULL;
    const struct alias *alias = alias_find(&worker->catalog, arn);
    struct str picked = alias == NULL ? arn : alias_pick(alias, &worker->random);
    struct state_machine *state_machine = state_machine_find(&worker->catalog, picked);
    assert(state_machine != NULL);
    if (runtime_execution_new(worker, state_machine, name, &execution) != STATUS_OK) abort();
    struct engine_start *start = &execution->start;
    if (!arena_copy_str(&execution->arena, input, &start->input_text) ||
        json_parse(&execution->arena, start->input_text, 0, &start->input, NULL) != STATUS_OK ||
        (alias != NULL && !arena_copy_str(&execution->arena, arn, &start->alias_arn))) {
        abort();
    }
    return execution;
}

// ---------------------------------------------------------------------------------------------

bool process_is_quiet(void)
{
    for (unsigned i = 0; i < SIM_WORKERS; i++) {
        if (stops[i].is_drained) continue;
        if (has_work[i] || inboxes[i].first != NULL) return false;
    }
    return true;
}

int64_t process_due_unix_ms(void)
{
    int64_t due = INT64_MAX;
    for (unsigned i = 0; i < SIM_WORKERS; i++) {
        if (stops[i].is_drained) continue;
        int64_t at = net_loop_next_due_unix_ms(process.workers[i].loop);
        if (at < due) due = at;
    }
    for (size_t i = 0; i < steady_count; i++) {
        if (steady_due[i] <= sim.now_unix_ms) {
            steady_due[i--] = steady_due[--steady_count];
        } else if (steady_due[i] < due) {
            due = steady_due[i];
        }
    }
    return due;
}
