// A store in memory or in a directory with logs on it, and operations run to their end, for the
// tests of src/logs/.

#pragma once

#include <stdlib.h>

#include "logs/operation.h"
#include "test/lib/test.h"

struct session {
    struct store *store;
    struct logs *logs;
    struct clock clock; // Virtual, at SESSION_NOW.
    struct mailbox mailbox;
    struct arena arena; // Of the operation run last.
    struct arena kept;
    bool is_done;
    enum status status;
};

#define SESSION_NOW INT64_C(1700000000000)

static struct session *session_current;

static inline bool session_open(struct session *session, const char *directory)
{
    *session = (struct session){0};
    arena_init(&session->arena, MIB(64));
    arena_init(&session->kept, MIB(64));
    clock_init_virtual(&session->clock, SESSION_NOW);
    struct str text;
    if (mailbox_init(&session->mailbox) != STATUS_OK) return false;
    if (store_open(str_from_c(directory), &session->kept, &session->store, &text) != STATUS_OK) {
        return false;
    }
    return logs_open(session->store, &session->clock, STR("123456789012"), &session->logs) ==
           STATUS_OK;
}

static inline void session_close(struct session *session)
{
    logs_close(session->logs);
    store_close(session->store);
    mailbox_release(&session->mailbox);
    arena_release(&session->arena);
    arena_release(&session->kept);
}

static inline void session_done(struct logs_operation *operation, enum status status)
{
    (void)operation;
    session_current->is_done = true;
    session_current->status = status;
}

// Before filling in a request: memory of the operation before goes.
static inline void session_begin(struct session *session, struct logs_operation *operation)
{
    arena_reset(&session->arena);
    session->is_done = false;
    session_current = session;
    logs_operation_init(operation, &session->arena, &session->mailbox, STR("us-east-1"),
                        session_done);
}

static inline enum status session_wait(struct session *session)
{
    while (!session->is_done) {
        mailbox_wait(&session->mailbox, 1000);
        mailbox_run(&session->mailbox);
    }
    return session->status;
}

// A copy that outlives the next operation; absent stays absent.
static inline struct str session_keep(struct session *session, struct str text)
{
    struct str copy = {0};
    if (text.data != NULL && !arena_copy_str(&session->kept, text, &copy)) abort();
    return copy;
}

static inline enum status session_create_group(struct session *session, const char *name)
{
    struct logs_create_group call = {.name = str_from_c(name)};
    session_begin(session, &call.operation);
    logs_create_group(session->logs, &call);
    return session_wait(session);
}

static inline enum status session_delete_group(struct session *session, const char *name)
{
    struct logs_delete_group call = {.name = str_from_c(name)};
    session_begin(session, &call.operation);
    logs_delete_group(session->logs, &call);
    return session_wait(session);
}

static inline enum status session_create_stream(struct session *session, const char *group,
                                                const char *name)
{
    struct logs_create_stream call = {.group_name = str_from_c(group), .name = str_from_c(name)};
    session_begin(session, &call.operation);
    logs_create_stream(session->logs, &call);
    return session_wait(session);
}

static inline enum status session_filter_page(struct session *session,
                                              struct logs_filter_events *call, const char *group,
                                              const char *pattern, struct str token, int64_t limit)
{
    *call = (struct logs_filter_events){.group.name = str_from_c(group)};
    session_begin(session, &call->operation);
    call->filter_pattern = str_from_c(pattern);
    call->start_unix_ms = call->end_unix_ms = LOGS_ABSENT;
    call->next_token = token;
    call->limit = limit;
    logs_filter_events(session->logs, call);
    return session_wait(session);
}

static inline enum status session_filter(struct session *session, struct logs_filter_events *call,
                                         const char *group, const char *pattern)
{
    return session_filter_page(session, call, group, pattern, (struct str){0}, LOGS_ABSENT);
}

// From the head unless a token says otherwise.
static inline enum status session_get(struct session *session, struct logs_get_events *call,
                                      const char *group, const char *stream, struct str token,
                                      int64_t limit)
{
    *call = (struct logs_get_events){.group.name = str_from_c(group)};
    session_begin(session, &call->operation);
    call->stream_name = str_from_c(stream);
    call->start_unix_ms = call->end_unix_ms = LOGS_ABSENT;
    call->is_from_head = true;
    call->next_token = token;
    call->limit = limit;
    logs_get_events(session->logs, call);
    return session_wait(session);
}
