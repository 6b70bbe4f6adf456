// A redrive goes to the execution's worker, from there to the store, and back.

#include "runtime/redrive.h"

#include <stdlib.h>

#include "base/log.h"
#include "runtime/execution_private.h"
#include "runtime/recovery.h"

#define DAY_MS INT64_C(86400000)

enum {
    REDRIVABLE_DAYS = 14,
    OPEN_DAYS_MAX = 365,
    TOKEN_VALID_MS = 15 * 60 * 1000,
    HISTORY_EVENTS_MAX = ENGINE_HISTORY_EVENTS_MAX - 1,
};

struct str runtime_redrive_obstacle(const struct store_execution *execution, int64_t now_unix_ms)
{
    if (str_is(execution->status, "RUNNING")) {
        return STR("Execution is RUNNING and cannot be redriven");
    }
    if (str_is(execution->status, "SUCCEEDED")) {
        return STR("Execution is SUCCEEDED and cannot be redriven");
    }
    if (execution->history_count >= HISTORY_EVENTS_MAX) {
        return STR("Execution history event limit exceeded");
    }
    if (now_unix_ms - execution->started_unix_ms > OPEN_DAYS_MAX * DAY_MS) {
        return STR("Execution has exceeded the max execution time");
    }
    if (now_unix_ms - execution->stopped_unix_ms > REDRIVABLE_DAYS * DAY_MS) {
        return STR("Execution redrivable period exceeded");
    }
    return STR("");
}

struct redrive {
    struct mail mail;
    struct store_task task;
    struct runtime_worker *asking;
    struct runtime_worker *owner;
    int64_t execution_id;
    bool is_patient;
    struct runtime_redrive_token token;
    struct arena arena;
    struct recovered recovered;
    enum status status;
    int64_t redriven_unix_ms;
    runtime_redriven_fn on_done;
    void *context;
};

static void come_back(struct mail *mail)
{
    struct redrive *redrive = CONTAINER_OF(mail, struct redrive, mail);
    net_loop_busy_end(redrive->asking->loop);
    redrive->on_done(redrive->context, redrive->status, redrive->redriven_unix_ms);
    arena_release(&redrive->arena);
    free(redrive);
}

static void answer(struct redrive *redrive, enum status status)
{
    redrive->status = status;
    redrive->mail.run = come_back;
    mailbox_post(net_loop_mailbox(redrive->asking->loop), &redrive->mail);
}

// ---------------------------------------------------------------------------------------------
// Tokens: the last ones of a worker

static struct runtime_redrive_token *find_token(struct runtime_worker *worker,
                                                const struct runtime_redrive_token *token)
{
    if (token->size == 0) return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(worker->redrive_tokens); i++) {
        struct runtime_redrive_token *at = &worker->redrive_tokens[i];
        if (at->execution_id == token->execution_id && at->size == token->size &&
            memcmp(at->bytes, token->bytes, token->size) == 0) {
            return at;
        }
    }
    return NULL;
}

static void keep_token(struct redrive *redrive)
{
    struct runtime_worker *owner = redrive->owner;
    if (redrive->token.size == 0) return;
    redrive->token.redriven_unix_ms = redrive->redriven_unix_ms;
    owner->redrive_tokens[owner->redrive_token_next++ % ARRAY_COUNT(owner->redrive_tokens)] =
        redrive->token;
}

// ---------------------------------------------------------------------------------------------
// On the execution's worker

static void on_committed(void *context, const struct runtime_letter *letter)
{
    struct redrive *redrive = context;
    if (letter->status == STATUS_OK) keep_token(redrive);
    answer(redrive, letter->status);
}

static bool is_open(const struct redrive *redrive)
{
    return runtime_execution_find(redrive->owner, redrive->execution_id) != NULL ||
           sleep_is_asleep(redrive->owner, redrive->execution_id);
}

static enum status reopen(struct redrive *redrive)
{
    struct runtime_worker *owner = redrive->owner;
    const struct store_execution *row = &redrive->recovered.row;
    struct state_machine *state_machine;
    struct runtime_execution *execution;
    if (is_open(redrive) || str_is(row->status, "RUNNING")) return STATUS_CONFLICT;
    enum status status = recovery_definition(owner, row->definition_key,
                                             redrive->recovered.definition, &state_machine);
    if (status != STATUS_OK) return status;
    status = recovery_rebuild(owner, state_machine, &redrive->recovered, &execution);
    if (status != STATUS_OK) return status;
    struct runtime_letter *letter = runtime_letter_new(redrive->execution_id, ENGINE_EVENT_REDRIVE);
    if (letter == NULL) {
        execution_put_down(execution);
        return STATUS_NO_MEMORY;
    }
    execution->redrive_count++;
    execution->redriven_unix_ms = clock_unix_ms(owner->runtime->clock);
    redrive->redriven_unix_ms = execution->redriven_unix_ms;
    letter->is_patient = redrive->is_patient;
    letter->event.redrive_count = (uint32_t)execution->redrive_count;
    runtime_letter_send(owner, letter, on_committed, redrive);
    return STATUS_OK;
}

static enum status run_read(struct store_task *task, struct store_tx *tx)
{
    struct redrive *redrive = CONTAINER_OF(task, struct redrive, task);
    return recovery_read(tx, redrive->execution_id, true, &redrive->arena, &redrive->recovered);
}

static void on_read(struct store_task *task, enum status status)
{
    struct redrive *redrive = CONTAINER_OF(task, struct redrive, task);
    net_loop_busy_end(redrive->owner->loop);
    if (status == STATUS_OK) status = reopen(redrive);
    if (status != STATUS_OK) answer(redrive, status);
}

static void arrive(struct mail *mail)
{
    struct redrive *redrive = CONTAINER_OF(mail, struct redrive, mail);
    struct runtime_worker *owner = redrive->owner;
    int64_t now_unix_ms = clock_unix_ms(owner->runtime->clock);
    const struct runtime_redrive_token *before = find_token(owner, &redrive->token);
    if (before != NULL && now_unix_ms - before->redriven_unix_ms < TOKEN_VALID_MS) {
        redrive->redriven_unix_ms = before->redriven_unix_ms;
        answer(redrive, STATUS_OK);
        return;
    }
    if (is_open(redrive)) {
        answer(redrive, STATUS_CONFLICT);
        return;
    }
    redrive->task = (struct store_task){
        .reply_to = net_loop_mailbox(owner->loop),
        .mode = STORE_READ,
        .run = run_read,
        .done = on_read,
    };
    net_loop_busy_begin(owner->loop);
    store_submit(owner->runtime->store, &redrive->task);
}

void runtime_redrive(struct runtime_worker *asking, int64_t execution_id, struct str client_token,
                     bool is_patient, runtime_redriven_fn on_done, void *context)
{
    struct redrive *redrive = calloc(1, sizeof(*redrive));
    if (redrive == NULL || client_token.size > sizeof(redrive->token.bytes)) {
        free(redrive);
        on_done(context, STATUS_NO_MEMORY, 0);
        return;
    }
    arena_init(&redrive->arena, RUNTIME_EXECUTION_ARENA_BYTES_MAX);
    redrive->asking = asking;
    redrive->owner = runtime_owner_of(asking->runtime, execution_id);
    redrive->execution_id = redrive->token.execution_id = execution_id;
    redrive->token.size = (uint32_t)client_token.size;
    if (client_token.size > 0) {
        memcpy(redrive->token.bytes, client_token.data, client_token.size);
    }
    redrive->is_patient = is_patient;
    redrive->on_done = on_done;
    redrive->context = context;
    redrive->mail.run = arrive;
    net_loop_busy_begin(asking->loop);
    mailbox_post(net_loop_mailbox(redrive->owner->loop), &redrive->mail);
}
