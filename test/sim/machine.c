// States of a scope are written from the last to the first, so that the name of the next is known.

#include "test/sim/machine.h"

#include <assert.h>
#include <string.h>

#include "base/attributes.h"
#include "base/buffer.h"
#include "base/random.h"
#include "test/sim/heap.h"

enum { DEPTH_MAX = 2 };

struct sim_machine machines[MACHINE_COUNT];
struct sim_machine express_machine;

struct writer {
    struct buffer text;
    struct random random;
    struct sim_machine *machine;
    bool may_nest;
    bool has_map_runs;      // Some Maps are distributed.
    bool is_express;        // Nothing that waits long, or for a token.
    bool is_sequential;     // Nothing in parallel, so that what it comes to is certain.
    const char *items_path; // Where an execution's input has a list.
    int state_count;
};

static unsigned draw(struct writer *writer, unsigned below)
{
    return (unsigned)(random_u64(&writer->random) % below);
}

static bool chance(struct writer *writer, unsigned one_in)
{
    return draw(writer, one_in) == 0;
}

static void write_scope(struct writer *writer, int depth);

static void write_end(struct writer *writer, int next)
{
    if (next < 0) {
        buffer_printf(&writer->text, ",\"End\":true}");
    } else {
        buffer_printf(&writer->text, ",\"Next\":\"S%d\"}", next);
    }
}

// Retry, and Catch to the state that comes next anyway. Causes name executions and times, which
// differ between runs, so they are not kept.
static void write_handlers(struct writer *writer, int next)
{
    static const char *const retries[] = {
        ",\"Retry\":[{\"ErrorEquals\":[\"E0\",\"E1\"],\"IntervalSeconds\":2,\"MaxAttempts\":2},"
        "{\"ErrorEquals\":[\"States.ALL\"],\"MaxAttempts\":1,\"JitterStrategy\":\"FULL\"}]",
        ",\"Retry\":[{\"ErrorEquals\":[\"States.Timeout\",\"States.HeartbeatTimeout\"],"
        "\"IntervalSeconds\":30}]",
    };
    if (chance(writer, 3)) buffer_printf(&writer->text, "%s", retries[draw(writer, 2)]);
    if (next >= 0 && chance(writer, 2)) {
        buffer_printf(&writer->text,
                      ",\"Catch\":[{\"ErrorEquals\":[\"%s\"],\"Next\":\"S%d\","
                      "\"ResultPath\":null}]",
                      chance(writer, 2) ? "States.ALL" : "E1", next);
    }
}

static void write_question(struct writer *writer, int timeout_seconds, int heartbeat_seconds)
{
    buffer_printf(&writer->text,
                  "\"k\":\"%s.S%d\",\"in.$\":\"$\",\"n.$\":\"$$.State.RetryCount\","
                  "\"t\":%d,\"h\":%d",
                  writer->machine->name.data, writer->state_count - 1, timeout_seconds,
                  heartbeat_seconds);
}

static void write_nested(struct writer *writer, int timeout_seconds)
{
    writer->machine->nests = true;
    if (timeout_seconds > 0) writer->machine->is_racing = true;
    unsigned pattern = draw(writer, 4);
    buffer_printf(&writer->text,
                  "arn:aws:states:::states:startExecution%s\",\"Parameters\":{"
                  "\"StateMachineArn\":\"arn:aws:states:us-east-1:000000000000:stateMachine:M%d\","
                  "\"Input\":{\"list\":[1,2],",
                  pattern == 0   ? ""
                  : pattern == 1 ? ".sync"
                                 : ".sync:2",
                  MACHINE_COUNT - 1);
    write_question(writer, 0, 0);
    buffer_printf(&writer->text, "}},\"ResultSelector\":{%s}",
                  pattern == 0 ? "\"started\":true" : "\"o.$\":\"$.Output\"");
}

static void write_resource(struct writer *writer, int timeout_seconds, int heartbeat_seconds)
{
    unsigned kind = draw(writer, writer->may_nest ? 9 : 7);
    if (writer->is_express) kind = kind % 2 * 4;
    switch (kind) {
    case 0:
    case 1:
        buffer_printf(&writer->text, "arn:aws:lambda:us-east-1:000000000000:function:f\","
                                     "\"Parameters\":{");
        write_question(writer, timeout_seconds, heartbeat_seconds);
        buffer_printf(&writer->text, "}");
        break;
    case 2:
    case 3:
        buffer_printf(&writer->text,
                      "arn:aws:states:::sqs:sendMessage.waitForTaskToken\",\"Parameters\":{"
                      "\"QueueUrl\":\"q\",\"MessageBody\":{\"token.$\":\"$$.Task.Token\",");
        write_question(writer, timeout_seconds, heartbeat_seconds);
        buffer_printf(&writer->text, "}}");
        break;
    case 4:
        buffer_printf(&writer->text, "arn:aws:states:::sqs:sendMessage\",\"Parameters\":{"
                                     "\"QueueUrl\":\"q\",\"MessageBody\":{");
        write_question(writer, timeout_seconds, heartbeat_seconds);
        buffer_printf(&writer->text, "}}");
        break;
    case 5:
    case 6:
        buffer_printf(&writer->text,
                      "arn:aws:states:us-east-1:000000000000:activity:a%u\",\"Parameters\":{",
                      draw(writer, 2));
        write_question(writer, timeout_seconds, heartbeat_seconds);
        buffer_printf(&writer->text, "}");
        break;
    default: write_nested(writer, timeout_seconds); break;
    }
}

static void write_task(struct writer *writer, int next)
{
    int timeout_seconds = 0, heartbeat_seconds = 0;
    if (chance(writer, 5)) {
        bool has_heartbeat = chance(writer, 2);
        timeout_seconds = has_heartbeat ? 100 : 3 + (int)draw(writer, 20);
        heartbeat_seconds = has_heartbeat ? 3 : 0;
    }
    buffer_printf(&writer->text, "\"Task\",\"Resource\":\"");
    write_resource(writer, timeout_seconds, heartbeat_seconds);
    if (timeout_seconds > 0) {
        buffer_printf(&writer->text, ",\"TimeoutSeconds\":%d", timeout_seconds);
    }
    if (heartbeat_seconds > 0) {
        buffer_printf(&writer->text, ",\"HeartbeatSeconds\":%d", heartbeat_seconds);
    }
    if (chance(writer, 2)) buffer_printf(&writer->text, ",\"ResultPath\":\"$.r\"");
    write_handlers(writer, next);
    write_end(writer, next);
}

static void write_parallel(struct writer *writer, int depth, int next)
{
    unsigned branches = 1 + draw(writer, 3);
    buffer_printf(&writer->text, "\"Parallel\",\"Branches\":[");
    for (unsigned i = 0; i < branches; i++) {
        buffer_printf(&writer->text, i > 0 ? ",{" : "{");
        write_scope(writer, depth + 1);
        buffer_append_byte(&writer->text, '}');
    }
    buffer_printf(&writer->text, "],\"ResultPath\":\"$.p\"");
    write_handlers(writer, next);
    write_end(writer, next);
}

static void write_map(struct writer *writer, int depth, int next)
{
    buffer_printf(&writer->text,
                  "\"Map\",\"ItemsPath\":\"%s\",\"MaxConcurrency\":%u,"
                  "\"ItemSelector\":{\"v.$\":\"$$.Map.Item.Value\",\"i.$\":\"$$.Map.Item.Index\"},"
                  "\"ResultPath\":\"$.m\",\"ItemProcessor\":{",
                  writer->items_path, draw(writer, 4));
    write_scope(writer, depth + 1);
    buffer_append_byte(&writer->text, '}');
    write_handlers(writer, next);
    write_end(writer, next);
}

static void write_tolerance(struct writer *writer)
{
    switch (draw(writer, 4)) {
    case 0:
    case 1:
        buffer_printf(&writer->text, "\"ToleratedFailureCount\":%u,", 1 + draw(writer, 4));
        break;
    case 2:
        buffer_printf(&writer->text, "\"ToleratedFailurePercentage\":%u,",
                      chance(writer, 2) ? 50 : 100);
        break;
    default: break;
    }
}

// The children of a Map run, whose inputs have a list as well.
static void write_map_run(struct writer *writer, int self, int depth, int next)
{
    struct writer outer = *writer;
    writer->is_express = writer->is_sequential = chance(writer, 3);
    writer->may_nest = writer->may_nest && !writer->is_express;
    buffer_printf(&writer->text, "\"Map\",\"ItemsPath\":\"%s\",\"MaxConcurrency\":%u,",
                  writer->items_path, draw(writer, 4));
    if (!chance(writer, 4)) buffer_printf(&writer->text, "\"Label\":\"L%d\",", self);
    write_tolerance(writer);
    writer->items_path = "$$.Execution.Input.list";
    if (chance(writer, 3)) {
        buffer_printf(&writer->text,
                      "\"ItemBatcher\":{\"MaxItemsPerBatch\":%u,\"BatchInput\":{\"list\":[7]}},",
                      1 + draw(writer, 3));
        writer->items_path = "$$.Execution.Input.BatchInput.list";
    }
    buffer_printf(&writer->text,
                  "\"ItemSelector\":{\"v.$\":\"$$.Map.Item.Value\",\"i.$\":\"$$.Map.Item.Index\","
                  "\"list\":[5,6]},%s\"ItemProcessor\":{\"ProcessorConfig\":{"
                  "\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":\"%s\"},",
                  chance(writer, 2) ? "\"ResultPath\":null," : "\"ResultPath\":\"$.m\",",
                  writer->is_express ? "EXPRESS" : "STANDARD");
    write_scope(writer, depth + 1);
    buffer_append_byte(&writer->text, '}');
    writer->is_express = outer.is_express;
    writer->is_sequential = outer.is_sequential;
    writer->may_nest = outer.may_nest;
    writer->items_path = outer.items_path;
    write_handlers(writer, next);
    write_end(writer, next);
}

static void write_wait(struct writer *writer, int self, int next)
{
    static const int seconds[] = {0, 1, 2, 5, 20, 100, 86400};
    int wait = seconds[draw(writer, writer->is_express ? 4 : ARRAY_COUNT(seconds))];
    writer->machine->wait_seconds[self] = wait;
    buffer_printf(&writer->text, "\"Wait\",\"Seconds\":%d", wait);
    write_end(writer, next);
}

static void write_state(struct writer *writer, int depth, int next)
{
    int self = writer->state_count - 1;
    bool is_wide = depth < DEPTH_MAX && !writer->is_sequential;
    bool may_run = writer->has_map_runs && !writer->is_express && is_wide;
    unsigned kind = draw(writer, is_wide ? 12 : 9);
    buffer_printf(&writer->text, "\"S%d\":{\"Type\":", self);
    if (may_run && (depth == 0 ? chance(writer, 4) : kind == 11 && chance(writer, 2))) {
        write_map_run(writer, self, depth, next);
    } else if (kind == 0 && next < 0) {
        if (chance(writer, 2)) {
            buffer_printf(&writer->text, "\"Fail\",\"Error\":\"E%u\"}", draw(writer, 3));
        } else {
            buffer_printf(&writer->text, "\"Succeed\"}");
        }
    } else if (kind <= 2) {
        write_wait(writer, self, next);
    } else if (kind == 3 && next >= 0) {
        buffer_printf(&writer->text,
                      "\"Choice\",\"Choices\":[{\"Variable\":\"$.r\",\"IsPresent\":true,"
                      "\"Assign\":{\"v%d\":1},\"Next\":\"S%d\"}],\"Default\":\"S%d\"}",
                      self, next, next);
    } else if (kind <= 7) {
        write_task(writer, next);
    } else if (kind == 8) {
        buffer_printf(&writer->text, "\"Pass\"");
        if (chance(writer, 2)) {
            buffer_printf(&writer->text, ",\"Assign\":{\"v%d.$\":\"$$.State.Name\"}", self);
        }
        write_end(writer, next);
    } else if (kind <= 10) {
        write_parallel(writer, depth, next);
    } else {
        write_map(writer, depth, next);
    }
}

static void write_scope(struct writer *writer, int depth)
{
    unsigned count = 1 + draw(writer, depth == 0 ? 5 : 2);
    int next = -1;
    buffer_printf(&writer->text, "\"States\":{");
    for (unsigned i = 0; i < count; i++) {
        int self = writer->state_count++;
        assert(self < MACHINE_STATES_MAX);
        if (i > 0) buffer_append_byte(&writer->text, ',');
        write_state(writer, depth, next);
        next = self;
    }
    buffer_printf(&writer->text, "},\"StartAt\":\"S%d\"", next);
}

static struct str with_qualifier(struct str arn, const char *qualifier)
{
    size_t size = strlen(qualifier);
    char *text = lasting_alloc(arn.size + size);
    memcpy(mempcpy(text, arn.data, arn.size), qualifier, size);
    return (struct str){text, arn.size + size};
}

static void make(struct writer *writer, struct sim_machine *machine, const char *name)
{
    writer->machine = machine;
    char *arn = lasting_alloc(128);
    *machine = (struct sim_machine){.name = str_from_c(name)};
    struct str prefix = STR("arn:aws:states:us-east-1:000000000000:stateMachine:");
    memcpy(mempcpy(arn, prefix.data, prefix.size), name, 2);
    machine->arn = (struct str){arn, prefix.size + 2};
    machine->version_arn = with_qualifier(machine->arn, ":1");
    machine->alias_arn = with_qualifier(machine->arn, ":live");
    writer->items_path = "$$.Execution.Input.list";
    writer->state_count = 0;
    buffer_clear(&writer->text);
    buffer_append_byte(&writer->text, '{');
    if (chance(writer, 8)) {
        machine->timeout_seconds = 20;
        machine->is_racing = true;
        buffer_printf(&writer->text, "\"TimeoutSeconds\":20,");
    }
    write_scope(writer, writer->may_nest ? 0 : 1);
    buffer_append_byte(&writer->text, '}');
    machine->definition = lasting_copy(buffer_str(&writer->text));
}

void machines_make(uint64_t seed, bool has_map_runs)
{
    static const char *const names[] = {"M0", "M1", "M2"};
    _Static_assert(ARRAY_COUNT(names) == MACHINE_COUNT, "each has a name");
    struct writer writer = {.has_map_runs = has_map_runs};
    random_init_seed(&writer.random, seed ^ 0x3a61);
    buffer_init(&writer.text, MIB(4));
    for (int i = 0; i < MACHINE_COUNT; i++) {
        writer.may_nest = i < MACHINE_COUNT - 1;
        make(&writer, &machines[i], names[i]);
    }
    writer.is_express = true;
    writer.may_nest = false;
    make(&writer, &express_machine, "X0");
    buffer_release(&writer.text);
}

const struct sim_machine *machine_of(struct str state_machine_arn)
{
    size_t slash = str_find_byte(state_machine_arn, '/');
    if (slash != SIZE_MAX) state_machine_arn = str_slice(state_machine_arn, 0, slash);
    for (int i = 0; i < MACHINE_COUNT; i++) {
        if (str_equal(machines[i].arn, state_machine_arn)) return &machines[i];
    }
    assert(false);
    return NULL;
}
