// EventBridge: what its files share.

#pragma once

#include "api/api.h"

// PutEvents, which goes past the operations on buses and rules.
void api_events_put(struct api_request *request);

// What a bus is called when it is named by its ARN or its name; the default one when it is not
// named.
struct str api_events_bus_name(struct str name_or_arn);
