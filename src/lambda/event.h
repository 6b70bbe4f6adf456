// Asynchronous calls: kept in memory, carried out when there is room, repeated on errors.
//
// A call that the function answers with an error is made again after one minute and once more after
// two; one that is throttled is tried again with growing delays for up to six hours. Then it is
// dropped, with a line in the server's log. Calls that wait are lost when the server ends.

#pragma once

#include "lambda/invocation.h"

// Queue a copy of the invocation's request. Returns false when the queue is full.
MUST_USE bool lambda_event_add(struct lambda *lambda, const struct lambda_invocation *invocation);

// An attempt has its outcome; frees it.
void lambda_event_on_outcome(struct lambda_invocation *attempt);

// Drop all that wait: for the end of the server.
void lambda_events_drop(struct lambda *lambda);
