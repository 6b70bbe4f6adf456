// StopExecution across threads: a letter goes to the worker that runs the execution and comes back.

#include <stdlib.h>

#include "base/mailbox.h"
#include "runtime/execution_private.h"

struct stop_letter {
    struct mail mail;
    struct runtime_worker *asking;
    struct runtime_worker *owner;
    struct arena arena; // Texts.
    struct str execution_arn;
    struct asl_error error;
    enum status status;
    runtime_stopped_fn on_stopped;
    void *context;
};

static void come_back(struct mail *mail)
{
    struct stop_letter *letter = CONTAINER_OF(mail, struct stop_letter, mail);
    net_loop_busy_end(letter->asking->loop);
    letter->on_stopped(letter->context, letter->status);
    arena_release(&letter->arena);
    free(letter);
}

static void arrive(struct mail *mail)
{
    struct stop_letter *letter = CONTAINER_OF(mail, struct stop_letter, mail);
    struct runtime_execution *execution =
        map_find(&letter->owner->open_executions, letter->execution_arn);
    if (execution != NULL) {
        struct arena *arena = &execution->arena;
        struct asl_error error = {.name = {NULL, 0}, .cause = {NULL, 0}};
        bool is_copied = (letter->error.name.data == NULL ||
                          arena_copy_str(arena, letter->error.name, &error.name)) &&
                         (letter->error.cause.data == NULL ||
                          arena_copy_str(arena, letter->error.cause, &error.cause));
        if (is_copied) {
            execution_stop(execution, error);
        } else {
            letter->status = STATUS_NO_MEMORY;
        }
    } // Otherwise it ended in the meantime, which is what the caller wanted.
    mail->run = come_back;
    mailbox_post(net_loop_mailbox(letter->asking->loop), mail);
}

enum status runtime_stop(struct runtime_worker *asking, struct str execution_arn,
                         struct asl_error error, runtime_stopped_fn on_stopped, void *context)
{
    struct stop_letter *letter = calloc(1, sizeof(*letter));
    if (letter == NULL) return STATUS_NO_MEMORY;
    arena_init(&letter->arena, MIB(1));
    struct execution_record record;
    enum status status = execution_table_find(&asking->runtime->executions, execution_arn,
                                              &asking->step_arena, &record);
    if (status == STATUS_OK &&
        (!arena_copy_str(&letter->arena, execution_arn, &letter->execution_arn) ||
         (error.name.data != NULL &&
          !arena_copy_str(&letter->arena, error.name, &letter->error.name)) ||
         (error.cause.data != NULL &&
          !arena_copy_str(&letter->arena, error.cause, &letter->error.cause)))) {
        status = STATUS_NO_MEMORY;
    }
    arena_reset(&asking->step_arena);
    if (status != STATUS_OK) {
        arena_release(&letter->arena);
        free(letter);
        return status;
    }
    letter->asking = asking;
    letter->owner = record.worker == NULL ? asking : record.worker;
    letter->on_stopped = on_stopped;
    letter->context = context;
    letter->mail.run = arrive;
    net_loop_busy_begin(asking->loop);
    mailbox_post(net_loop_mailbox(letter->owner->loop), &letter->mail);
    return STATUS_OK;
}
