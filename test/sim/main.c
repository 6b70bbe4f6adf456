// sim [--seed N] [--seeds COUNT] [--plant FAULT] [--verbose]
//
// Runs COUNT seeds from N on (1 to 1000 without arguments), in TAP. The first seed that fails ends
// it; run again with that seed alone and --verbose, it does the same and says what happens. With a
// planted fault the test is that it is found.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "runtime/alias.h"
#include "runtime/state_machine.h"
#include "test/sim/check.h"
#include "test/sim/disk.h"
#include "test/sim/express.h"
#include "test/sim/heap.h"
#include "test/sim/machine.h"
#include "test/sim/map_runs.h"
#include "test/sim/process.h"
#include "test/sim/sim.h"
#include "test/sim/world.h"

enum { STEPS_MAX = 400000, SEEDS = 1000 };

struct sim sim;

void sim_say(const char *format, ...)
{
    if (!sim.is_verbose) return;
    va_list args;
    va_start(args, format);
    printf("# %lld.%03lld %llu ", (long long)((sim.now_unix_ms - SIM_START_UNIX_MS) / 1000),
           (long long)(sim.now_unix_ms % 1000), (unsigned long long)sim.tick);
    vprintf(format, args);
    puts("");
    va_end(args);
}

void sim_fail(const char *format, ...)
{
    if (sim.has_failed && !sim.is_verbose) return;
    va_list args;
    va_start(args, format);
    printf("# seed %llu, %s run, life %u, tick %llu: ", (unsigned long long)sim.seed,
           sim.is_disturbed ? "disturbed" : "undisturbed", sim.life, (unsigned long long)sim.tick);
    vprintf(format, args);
    puts("");
    va_end(args);
    sim.has_failed = true;
}

// This life is to end.
static bool has_time_come(void)
{
    return sim.is_disturbed && sim.life < sim.plan.crash_count &&
           sim.tick >= sim.plan.crash_ticks[sim.life];
}

void sim_tick(void)
{
    sim.tick++;
    if (!sim.can_crash || !has_time_come()) return;
    bool is_polite = sim.plan.is_polite[sim.life];
    if (!is_polite || sim.tick >= sim.plan.crash_ticks[sim.life] + sim.plan.patience[sim.life]) {
        longjmp(sim.crash, 1);
    }
}

// ---------------------------------------------------------------------------------------------

static bool is_used(int machine)
{
    bool is_last = machine == MACHINE_COUNT - 1;
    for (size_t i = 0; i < world.root_count; i++) {
        unsigned root = world.roots[i].machine;
        if (root == (unsigned)machine || (is_last && machines[root].nests)) return true;
    }
    return false;
}

static void make_state_machine(const struct state_machine_fields *fields)
{
    struct arena CLEANUP(arena_release) arena;
    struct buffer CLEANUP(buffer_release) body;
    struct asl_diagnostics diagnostics;
    struct state_machine *state_machine;
    arena_init(&arena, MIB(16));
    buffer_init(&body, MIB(16));
    asl_diagnostics_init(&diagnostics, &arena);
    if (state_machine_new(fields, &diagnostics, &state_machine) != STATUS_OK) {
        sim_fail("%" STR_FORMAT " in %" STR_FORMAT,
                 STR_ARGS(asl_diagnostics_summary(&diagnostics, &arena)),
                 STR_ARGS(fields->definition));
        return;
    }
    const struct catalog_entry *entry = &state_machine->entry;
    state_machine_encode(state_machine, &body);
    disk_add_resource(entry->type->kind, entry->name, buffer_str(&body));
    state_machine_unref(state_machine);
}

static void make_alias(const struct sim_machine *machine)
{
    struct buffer CLEANUP(buffer_release) body;
    struct alias *alias;
    struct alias_fields fields = {
        .region = STR("us-east-1"),
        .state_machine_arn = machine->arn,
        .state_machine_name = machine->name,
        .name = STR("live"),
        .routes = {{machine->version_arn, ALIAS_WEIGHT_SUM}},
        .route_count = 1,
        .created_unix_ms = SIM_START_UNIX_MS,
        .updated_unix_ms = SIM_START_UNIX_MS,
    };
    buffer_init(&body, MIB(1));
    if (alias_new(&fields, &alias) != STATUS_OK) abort();
    alias->entry.type->encode(&alias->entry, &body);
    disk_add_resource(alias->entry.type->kind, alias->entry.name, buffer_str(&body));
    alias_unref(alias);
}

// With versions, what was made is the first one, and the machine itself is another one since.
static void make_resource(const struct sim_machine *machine, enum asl_machine_type type,
                          bool has_version)
{
    struct state_machine_fields fields = {
        .arn = machine->arn,
        .name = machine->name,
        .region = STR("us-east-1"),
        .role_arn = STR("arn:aws:iam::000000000000:role/r"),
        .definition = machine->definition,
        .type = type,
        .created_unix_ms = SIM_START_UNIX_MS,
        .updated_unix_ms = SIM_START_UNIX_MS,
        .encryption = json_null,
        .tags = json_empty_object,
    };
    if (has_version) {
        fields.version = 1;
        make_state_machine(&fields);
        make_alias(machine);
        fields.version = 0;
        fields.last_version = 1;
        fields.definition = STR("{\"StartAt\":\"S0\",\"States\":{\"S0\":{\"Type\":\"Fail\","
                                "\"Error\":\"NotTheVersion\"}}}");
    }
    make_state_machine(&fields);
}

static void make_resources(void)
{
    bool has_versions = sim.features.has_versions;
    for (int i = 0; i < MACHINE_COUNT; i++) {
        bool is_last = i == MACHINE_COUNT - 1; // It is nested, under its own name.
        if (is_used(i)) {
            make_resource(&machines[i], ASL_MACHINE_STANDARD, has_versions && !is_last);
        }
    }
    if (sim.features.express_count > 0) {
        make_resource(&express_machine, ASL_MACHINE_EXPRESS, has_versions);
    }
}

// Let time pass until something is due. False when nothing ever will be.
static bool wait(void)
{
    int64_t dues[] = {process_due_unix_ms(), world_due_unix_ms(), disk_due_unix_ms(),
                      process_stop_due_unix_ms()};
    int64_t due = INT64_MAX;
    for (size_t i = 0; i < ARRAY_COUNT(dues); i++) {
        if (dues[i] < due) due = dues[i];
    }
    if (due == INT64_MAX) return false;
    if (due > sim.now_unix_ms) sim.now_unix_ms = due;
    process_poke();
    return true;
}

static bool turn_one(unsigned which)
{
    switch (which % 4) {
    case 0: return world_turn();
    case 1: return disk_turn();
    default: return process_turn_worker(which % 4 - 2);
    }
}

static bool have_all_ended(void)
{
    for (size_t i = 0; i < disk.execution_count; i++) {
        const struct disk_execution *execution = disk.executions[i];
        if (str_is(execution->row.status, "RUNNING")) return false;
        if (execution->synced_step_count < execution->step_count) return false;
    }
    return process_is_quiet() && !express_is_under_way() && !map_runs_are_under_way();
}

// One thing that happens. False when all is over, for good or for this life.
static bool step(void)
{
    unsigned first = sim_draw(4);
    sim.step++;
    sim_tick();
    if (has_time_come() && !sim.is_stopping) {
        sim_say("stop");
        sim.is_stopping = true;
        process_begin_stop();
    }
    if (sim.is_stopping && process_has_stopped(world_is_served())) return false;
    for (unsigned i = 0; i < 4; i++) {
        if (!turn_one(first + i)) continue;
        if (sim_chance(8)) sim.now_unix_ms += 1 + sim_draw(2);
        return true;
    }
    if (!sim.is_stopping && world_is_finished() && have_all_ended()) return false;
    if (wait()) return true;
    sim_fail("nothing will ever happen again");
    return false;
}

static void go_on_later(void)
{
    int64_t set_back_ms = sim.plan.set_back_ms[sim.life];
    process_kill();
    world_crash();
    map_runs_crash();
    express_crash();
    check_acknowledged();
    sim.is_stopping = false;
    sim.life++;
    sim.now_unix_ms += sim_chance(8) ? sim_draw(2000000) : sim_draw(5000);
    if (set_back_ms > 0) {
        sim_say("the clock is set back by %lld ms", (long long)set_back_ms);
        sim.now_unix_ms -= set_back_ms;
        sim.has_gone_back = true;
    }
    sim_say("life %u", sim.life);
}

static void crash(void)
{
    sim.can_crash = false;
    sim.is_rough = true;
    sim_say("crash");
    disk_crash(sim.plan.is_power_loss[sim.life]);
    go_on_later();
}

static void stop(void)
{
    process_end_stop();
    sim.can_crash = false;
    disk_crash(false); // Nothing was left to lose.
    if (!sim.is_rough) express_settle();
    go_on_later();
}

static void live(void)
{
    if (setjmp(sim.crash) != 0) crash();
    for (;;) {
        sim.can_crash = true;
        process_boot();
        world_boot();
        while (!sim.has_failed && step()) {
            if (sim.step > STEPS_MAX) sim_fail("does not come to an end");
        }
        if (sim.has_failed || !sim.is_stopping) break;
        stop();
    }
    sim.can_crash = false;
    process_kill();
}

static void run_once(bool is_disturbed, struct outcome *ret_outcomes)
{
    sim.is_disturbed = is_disturbed;
    sim.now_unix_ms = SIM_START_UNIX_MS;
    sim.tick = sim.step = 0;
    sim.life = 0;
    sim.is_stopping = sim.has_gone_back = false;
    sim.is_rough = is_disturbed && sim.plan.refusal_end_tick > 0;
    random_init_seed(&sim.random, sim.seed * 2 + is_disturbed);
    sim_say("%s run", is_disturbed ? "disturbed" : "undisturbed");
    disk_init();
    world_init();
    map_runs_init();
    express_init();
    make_resources();
    live();
    if (sim.has_failed) return;
    check_acknowledged();
    check_histories(ret_outcomes);
    express_check();
}

// Some seeds know nothing but polite stops.
static void make_stops(struct sim_plan *plan)
{
    bool is_all_polite = sim_chance(8);
    for (size_t i = 0; i < plan->crash_count; i++) {
        plan->is_polite[i] = is_all_polite || sim_chance(4);
        plan->patience[i] = is_all_polite || sim_chance(2) ? UINT64_MAX / 2 : sim_draw(100);
        if (sim_chance(16)) plan->set_back_ms[i] = sim_draw(sim_chance(2) ? 5000 : 10000000);
    }
    if (is_all_polite) plan->refusal_begin_tick = plan->refusal_end_tick = 0;
}

// Crashes fall anywhere in what the undisturbed run took.
static void make_plan(uint64_t ticks)
{
    struct sim_plan *plan = &sim.plan;
    *plan = (struct sim_plan){.crash_count = sim_draw(SIM_CRASHES_MAX + 1)};
    uint64_t at = 0;
    for (size_t i = 0; i < plan->crash_count; i++) {
        at += 1 + sim_draw((unsigned)(ticks * 3 / 2 / plan->crash_count) + 1);
        plan->crash_ticks[i] = at;
        plan->is_power_loss[i] = sim_chance(2);
    }
    if (sim_chance(3)) {
        plan->refusal_begin_tick = sim_draw((unsigned)ticks + 1);
        plan->refusal_end_tick = plan->refusal_begin_tick + 1 + sim_draw(100);
        plan->refuses_reads = sim_chance(3);
    }
    plan->stop_count = sim_chance(4) ? 1 + sim_draw(2) : 0;
    plan->redrive_count = sim_chance(4) ? 1 + sim_draw(2) : 0;
    if (sim.features.has_map_runs && sim_chance(2)) {
        plan->map_stop_count = sim_chance(2) ? 1 + sim_draw(2) : 0;
        plan->map_update_count = sim_chance(2) ? 1 + sim_draw(2) : 0;
    }
    make_stops(plan);
}

// Drawn from the seed alone, as the machines are.
static void choose_features(void)
{
    struct random random;
    random_init_seed(&random, sim.seed ^ 0xfea7);
    sim.features = (struct sim_features){
        .has_map_runs = random_u64(&random) % 2 == 0,
        .express_count = random_u64(&random) % 4 == 0 ? 1 + (unsigned)(random_u64(&random) % 3) : 0,
        .has_versions = random_u64(&random) % 4 == 0,
    };
}

static bool run_seed(uint64_t seed)
{
    struct outcome undisturbed[WORLD_ROOTS_MAX], disturbed[WORLD_ROOTS_MAX];
    sim.seed = seed;
    lasting_reset();
    choose_features();
    machines_make(seed, sim.features.has_map_runs);
    for (int i = 0; i < MACHINE_COUNT; i++)
        sim_say("%" STR_FORMAT, STR_ARGS(machines[i].definition));
    run_once(false, undisturbed);
    if (sim.has_failed) return false;
    make_plan(sim.tick);
    run_once(true, disturbed);
    if (!sim.has_failed) check_same(undisturbed, disturbed);
    heap_crash();
    return !sim.has_failed;
}

static enum sim_plant plant_of(const char *name)
{
    static const char *const names[] = {[PLANT_SKIP_SYNC] = "skip-sync",
                                        [PLANT_EARLY_PERFORM] = "early-perform",
                                        [PLANT_FORGET_EVENT] = "forget-event",
                                        [PLANT_LOSE_ANSWER] = "lose-answer",
                                        [PLANT_EARLY_TIMER] = "early-timer"};
    for (size_t i = 1; i < ARRAY_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) return (enum sim_plant)i;
    }
    fprintf(stderr, "sim: no such fault: %s\n", name);
    exit(2);
}

static int run_seeds(uint64_t first, uint64_t count)
{
    struct timespec begin, end;
    uint64_t done = 0;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    while (done < count && run_seed(first + done))
        done++;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds =
        (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    bool is_good = (sim.plant == PLANT_NOTHING) != sim.has_failed;
    printf("1..1\n%s 1 - %llu seeds from %llu%s\n", is_good ? "ok" : "not ok",
           (unsigned long long)done, (unsigned long long)first,
           sim.plant == PLANT_NOTHING ? "" : " until the planted fault was found");
    printf("# %.0f seeds per second of processor time\n", (double)done / seconds);
    return is_good ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint64_t first = 1, count = SEEDS;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--verbose") == 0) {
            sim.is_verbose = true;
            continue;
        }
        if (strcmp(argv[i], "--seed") == 0) {
            first = strtoull(value, NULL, 10);
            count = 1;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            count = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--plant") == 0) {
            sim.plant = plant_of(value);
        } else {
            fprintf(stderr, "sim: %s is not known\n", argv[i]);
            return 2;
        }
        i++;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    log_set_level(LOG_ERROR);
    return run_seeds(first, count);
}
