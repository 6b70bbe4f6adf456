// Pools: which sandbox runs which invocation, and when sandboxes are started and ended.
//
// Each version has a pool. An invocation takes the idle sandbox that was used last; without one it
// waits, and sandboxes are started until there is one coming for every invocation that waits.
//
// Sandboxes at work count as coming too, for as many invocations as they usually end in a moment:
// they are back long before a new one would be ready, and more processes than the machine can run
// make each of them slower. So many invocations of a quick function share few sandboxes. One that
// has waited in vain gets a new sandbox. For the same reason only so many start side by side.
//
// Limits: so many invocations at once of all functions and, where concurrency is reserved, of one
// function; beyond them a call is refused at once, never queued.

#pragma once

#include "lambda/function.h"
#include "lambda/invocation.h"

struct lambda_sandbox;

// Take over an invocation whose version is set. It ends in lambda_pool_complete().
void lambda_pool_submit(struct lambda_version *version, struct lambda_invocation *invocation);

// The oldest invocation that waits, taken out of the list, or NULL.
struct lambda_invocation *lambda_pool_take_waiting(struct lambda_version *version);

// Learn how long a sandbox took to start, or was taken by an invocation.
void lambda_pool_note_start(struct lambda_version *version, int64_t duration_us);
void lambda_pool_note_time(struct lambda_version *version, int64_t duration_us);

// Start sandboxes as needed. After any change that leaves fewer coming than waiting.
void lambda_pool_grow(struct lambda_version *version);

// No new invocations: end the idle sandboxes, the others after what they are doing.
void lambda_pool_retire(struct lambda_version *version);

// An invocation that was running or waiting has its outcome: release its place and send it back.
void lambda_pool_complete(struct lambda_invocation *invocation);

// The same, with an exception or a function error in AWS's form.
void lambda_pool_refuse(struct lambda_invocation *invocation, int http_status, struct str type,
                        const char *format, ...) PRINTF(4, 5);
void lambda_pool_fail(struct lambda_invocation *invocation, struct str error_type,
                      const char *format, ...) PRINTF(3, 4);

// Send back an invocation that never reached a pool.
void lambda_invocation_return(struct lambda_invocation *invocation);
