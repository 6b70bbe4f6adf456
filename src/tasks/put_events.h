// What putEvents has that other calls have not.

#pragma once

#include <stdbool.h>

#include "json/json.h"
#include "tasks/tasks.h"

//  "the execution ARN and the state machine ARN are automatically appended to the Resources field
//  of each PutEventsRequestEntry"  -- AWS Step Functions Developer Guide, "EventBridge"
//
// The parameters with that done. Without memory the request's arena says so.
struct json tasks_put_events_parameters(const struct tasks_request *request,
                                        struct json parameters);

// Whether the answer says that some entry failed, which fails the task.
bool tasks_put_events_failed(const struct json *answer);
