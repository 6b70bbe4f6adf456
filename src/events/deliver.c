// From an event to its targets: every enabled rule of the bus whose pattern matches gives each of
// its targets what its input says.

#include <assert.h>

#include "base/log.h"
#include "events/private.h"
#include "lambda/invocation.h"
#include "lambda/lambda.h"
#include "logs/logs.h"

// An event on its way to one target.
struct delivery {
    struct events *events;
    const struct events_bus *bus;
    const struct events_rule *rule;
    const struct events_target *target;
    struct str input;
};

static void fail(const struct delivery *delivery, struct str why)
{
    atomic_fetch_add_explicit(&delivery->events->failure_count, 1, memory_order_relaxed);
    log_warn("rule %" STR_FORMAT " cannot deliver an event to %" STR_FORMAT ": %" STR_FORMAT,
             STR_ARGS(delivery->rule->arn), STR_ARGS(delivery->target->arn), STR_ARGS(why));
}

static void succeed(struct events *events)
{
    atomic_fetch_add_explicit(&events->delivery_count, 1, memory_order_relaxed);
}

// A role must be one that EventBridge may assume, and must allow the action; targets without a role
// rely on policies of the target itself, which this program does not ask for.
static bool is_allowed(const struct delivery *delivery, struct str action)
{
    struct events *events = delivery->events;
    const struct events_target *target = delivery->target;
    if (target->role_arn.size == 0) return true;
    if (!iam_role_trusts_service(&events->iam, target->role_arn, STR("events"),
                                 delivery->bus->region, delivery->rule->arn)) {
        fail(delivery, STR("EventBridge may not assume the target's role"));
        return false;
    }
    struct iam_request request = {
        .action = action,
        .resource = target->arn,
        .session_name = STR("events"),
        .now_unix_ms = clock_unix_ms(events->settings.clock),
    };
    enum iam_decision decision = iam_authorize(&events->iam, target->role_arn, &request);
    if (decision == IAM_ALLOWED) return true;
    fail(delivery, iam_denial_message(&events->scratch, target->role_arn, &request, decision));
    return false;
}

// ---------------------------------------------------------------------------------------------
// Log groups

// What an input transformer may make for a log group: {"timestamp": ms, "message": text}.
static struct str log_message(const struct delivery *delivery, int64_t *timestamp_unix_ms)
{
    struct json value;
    if (delivery->target->input.kind != EVENTS_INPUT_TEMPLATE ||
        json_parse(&delivery->events->scratch, delivery->input, 0, &value, NULL) != STATUS_OK) {
        return delivery->input;
    }
    const struct json *message = JSON_FIND(&value, "message");
    const struct json *timestamp = JSON_FIND(&value, "timestamp");
    if (message == NULL || timestamp == NULL || !json_is_string(message)) return delivery->input;
    struct str digits = json_is_string(timestamp) ? json_str(timestamp) : STR("");
    uint64_t number;
    if (json_is_number(timestamp)) {
        if (!json_to_integer(timestamp, timestamp_unix_ms)) return delivery->input;
    } else if (str_to_u64(digits, &number) && number <= INT64_MAX) {
        *timestamp_unix_ms = (int64_t)number;
    }
    return json_str(message);
}

static void deliver_to_log_group(const struct delivery *delivery)
{
    struct events *events = delivery->events;
    const struct events_target *target = delivery->target;
    if (!logs_group_exists(target->log_group)) {
        fail(delivery, STR("the log group does not exist"));
        return;
    }
    int64_t timestamp_unix_ms = clock_unix_ms(events->settings.clock);
    struct str message = log_message(delivery, &timestamp_unix_ms);
    if (message.size > 0) {
        logs_append(events->settings.logs, target->log_group,
                    (struct str){delivery->rule->log_stream, RANDOM_UUID_SIZE}, timestamp_unix_ms,
                    message);
    }
    succeed(events);
}

// ---------------------------------------------------------------------------------------------
// Functions

static void on_invoked(struct lambda_invocation *invocation)
{
    struct events *events = invocation->request.context;
    const struct lambda_exception *exception = &invocation->outcome.exception;
    if (lambda_exception_is_set(exception)) {
        atomic_fetch_add_explicit(&events->failure_count, 1, memory_order_relaxed);
        log_warn("EventBridge cannot deliver an event to %" STR_FORMAT ": %" STR_FORMAT
                 ": %" STR_FORMAT,
                 STR_ARGS(invocation->request.function), STR_ARGS(exception->type),
                 STR_ARGS(exception->message));
    } else {
        succeed(events);
    }
    events->invocation_count--;
    lambda_invocation_free(invocation);
}

static void deliver_to_function(const struct delivery *delivery)
{
    struct events *events = delivery->events;
    struct json value;
    if (!is_allowed(delivery, STR("lambda:InvokeFunction"))) return;
    if (json_parse(&events->scratch, delivery->input, 0, &value, NULL) != STATUS_OK) {
        fail(delivery, STR("the input is not JSON"));
        return;
    }
    struct lambda_invocation_request request = {
        .region = delivery->bus->region,
        .function = delivery->target->arn,
        .type = LAMBDA_EVENT,
        .payload = delivery->input,
        .reply_to = &events->mailbox,
        .done = on_invoked,
        .context = events,
    };
    struct lambda_invocation *invocation = lambda_invocation_new(&request);
    if (invocation == NULL) {
        fail(delivery, STR("out of memory"));
        return;
    }
    events->invocation_count++;
    lambda_invoke(events->settings.lambda, invocation);
}

// ---------------------------------------------------------------------------------------------
// Rules

static void deliver(const struct delivery *delivery)
{
    switch (delivery->target->kind) {
    case EVENTS_TARGET_LOG_GROUP: deliver_to_log_group(delivery); return;
    case EVENTS_TARGET_FUNCTION: deliver_to_function(delivery); return;
    case EVENTS_TARGET_OTHER:
        fail(delivery, STR("only log groups and functions are served as targets"));
        return;
    }
}

static void follow_rule(struct events *events, const struct events_bus *bus,
                        const struct events_rule *rule, const struct json *event, struct str text)
{
    char now[CLOCK_ISO_SIZE];
    clock_render_iso(clock_unix_ms(events->settings.clock), now);
    const struct events_input_facts facts = {rule->arn, rule->name, {now, sizeof(now)}};
    for (size_t i = 0; i < rule->target_count; i++) {
        struct delivery delivery = {events, bus, rule, &rule->targets[i], STR("")};
        buffer_clear(&events->input);
        events_input_render(&rule->targets[i].input, event, text, &facts, &events->scratch,
                            &events->input);
        if (events->input.is_failed || events->scratch.is_exhausted) {
            fail(&delivery, STR("the input is too large"));
            continue;
        }
        delivery.input = buffer_str(&events->input);
        deliver(&delivery);
    }
}

void events_dispatch(struct events *events, struct events_bus *bus, struct str text)
{
    struct json event;
    if (bus->rules.count == 0) return;
    arena_reset(&events->scratch);
    if (json_parse(&events->scratch, text, 0, &event, NULL) != STATUS_OK) {
        log_error("an event that is not JSON came to %" STR_FORMAT, STR_ARGS(bus->arn));
        return;
    }
    MAP_EACH(entry, &bus->rules)
    {
        const struct events_rule *rule = entry->value;
        if (rule->is_enabled && rule->target_count > 0 &&
            events_pattern_matches(rule->pattern, &event)) {
            follow_rule(events, bus, rule, &event, text);
        }
    }
}
