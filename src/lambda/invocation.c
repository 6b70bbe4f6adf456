// An invocation lives in an arena of its own: one block for all but the large ones.

#include "lambda/invocation.h"

#include <assert.h>

#include "lambda/dispatch.h"
#include "lambda/event.h"
#include "lambda/pool.h"
#include "lambda/private.h"

// Request and outcome, each of the largest size, and room for the rest.
enum { INVOCATION_SIZE_LIMIT = 3 * LAMBDA_PAYLOAD_SIZE_MAX };

struct lambda_invocation *lambda_invocation_new(const struct lambda_invocation_request *request)
{
    struct arena arena;
    arena_init(&arena, INVOCATION_SIZE_LIMIT);
    struct lambda_invocation *invocation = ARENA_NEW(&arena, struct lambda_invocation);
    if (invocation == NULL) return NULL;
    struct lambda_invocation_request copy = *request;
    if (!arena_copy_str(&arena, request->region, &copy.region) ||
        !arena_copy_str(&arena, request->function, &copy.function) ||
        !arena_copy_str(&arena, request->qualifier, &copy.qualifier) ||
        !arena_copy_str(&arena, request->payload, &copy.payload) ||
        !arena_copy_str(&arena, request->client_context, &copy.client_context) ||
        !arena_copy_str(&arena, request->trace_id, &copy.trace_id) ||
        !arena_copy_str(&arena, request->request_id, &copy.request_id)) {
        arena_release(&arena);
        return NULL;
    }
    invocation->request = copy;
    list_init(&invocation->link);
    invocation->arena = arena;
    return invocation;
}

static void on_invoke(struct mail *mail)
{
    struct lambda_invocation *invocation = CONTAINER_OF(mail, struct lambda_invocation, mail);
    lambda_dispatch(invocation->lambda, invocation);
}

void lambda_invoke(struct lambda *lambda, struct lambda_invocation *invocation)
{
    assert(invocation->request.reply_to != NULL && invocation->request.done != NULL);
    invocation->lambda = lambda;
    invocation->mail.run = on_invoke;
    mailbox_post(lambda_mailbox(lambda), &invocation->mail);
}

static void on_return(struct mail *mail)
{
    struct lambda_invocation *invocation = CONTAINER_OF(mail, struct lambda_invocation, mail);
    if (invocation->is_abandoned) {
        lambda_invocation_free(invocation);
    } else {
        invocation->request.done(invocation);
    }
}

void lambda_invocation_return(struct lambda_invocation *invocation)
{
    assert(invocation->link.next == &invocation->link);
    lambda_version_unref(invocation->version);
    invocation->version = NULL;
    if (invocation->event != NULL) {
        lambda_event_on_outcome(invocation);
        return;
    }
    invocation->mail.run = on_return;
    mailbox_post(invocation->request.reply_to, &invocation->mail);
}

void lambda_invocation_abandon(struct lambda_invocation *invocation)
{
    invocation->is_abandoned = true;
}

void lambda_invocation_free(struct lambda_invocation *invocation)
{
    if (invocation == NULL) return;
    struct arena arena = invocation->arena; // Holds the invocation itself.
    arena_release(&arena);
}
