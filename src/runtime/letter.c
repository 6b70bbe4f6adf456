// Letters travel by the workers' mailboxes; one for an execution of the asking worker does not
// travel at all.

#include "runtime/letter.h"

#include <stdlib.h>

#include "json/json.h"
#include "runtime/execution_private.h"

enum { LETTER_BYTES_MAX = 2 << 20 };

struct runtime_letter *runtime_letter_new(int64_t execution_id, enum engine_event_type type)
{
    struct runtime_letter *letter = calloc(1, sizeof(*letter));
    if (letter == NULL) return NULL;
    arena_init(&letter->arena, LETTER_BYTES_MAX);
    letter->execution_id = execution_id;
    letter->event.type = type;
    letter->event.output = json_null;
    return letter;
}

bool runtime_letter_copy(struct runtime_letter *letter, struct str text, struct str *ret_copy)
{
    *ret_copy = (struct str){NULL, 0};
    return text.data == NULL || arena_copy_str(&letter->arena, text, ret_copy);
}

void runtime_letter_discard(struct runtime_letter *letter)
{
    if (letter == NULL) return;
    arena_release(&letter->arena);
    free(letter);
}

static void end_letter(struct runtime_letter *letter)
{
    net_loop_busy_end(letter->asking->loop);
    if (letter->on_done != NULL) letter->on_done(letter->context, letter);
    runtime_letter_discard(letter);
}

static void come_back(struct mail *mail)
{
    end_letter(CONTAINER_OF(mail, struct runtime_letter, mail));
}

void letter_answer(struct runtime_letter *letter, enum status status, int64_t stopped_unix_ms)
{
    letter->status = status;
    letter->stopped_unix_ms = stopped_unix_ms;
    if (letter->owner == letter->asking) {
        end_letter(letter);
        return;
    }
    letter->mail.run = come_back;
    mailbox_post(net_loop_mailbox(letter->asking->loop), &letter->mail);
}

// The event's values move into the execution's arena.
static enum status unpack(struct runtime_letter *letter, struct arena *arena)
{
    struct engine_event *event = &letter->event;
    struct str *const texts[] = {&event->error.name, &event->error.cause, &event->worker_name};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (texts[i]->data != NULL && !arena_copy_str(arena, *texts[i], texts[i])) {
            return STATUS_NO_MEMORY;
        }
    }
    if (letter->output_text.data == NULL) return STATUS_OK;
    event->output_size_bytes = letter->output_text.size;
    return json_parse(arena, letter->output_text, JSON_PARSE_COPY, &event->output, NULL);
}

enum status letter_open(struct runtime_letter *letter, struct runtime_execution *execution)
{
    if (letter->token.size > 0 &&
        !str_equal(engine_execution_task_token(execution->engine, letter->event.task_id),
                   letter->token)) {
        return STATUS_NOT_FOUND;
    }
    return unpack(letter, engine_execution_arena(execution->engine));
}

void letter_deliver(struct runtime_letter *letter)
{
    if (sleep_take_letter(letter->owner, letter)) return;
    struct runtime_execution *execution =
        runtime_execution_find(letter->owner, letter->execution_id);
    if (execution == NULL) {
        letter_answer(letter, STATUS_NOT_FOUND, 0);
        return;
    }
    commit_feed(execution, &letter->event, letter);
}

static void on_arrival(struct mail *mail)
{
    letter_deliver(CONTAINER_OF(mail, struct runtime_letter, mail));
}

void runtime_letter_send(struct runtime_worker *asking, struct runtime_letter *letter,
                         runtime_letter_fn on_done, void *context)
{
    letter->asking = asking;
    letter->owner = runtime_owner_of(asking->runtime, letter->execution_id);
    letter->on_done = on_done;
    letter->context = context;
    net_loop_busy_begin(asking->loop);
    if (letter->owner == asking) {
        letter_deliver(letter);
        return;
    }
    letter->mail.run = on_arrival;
    mailbox_post(net_loop_mailbox(letter->owner->loop), &letter->mail);
}
