// Members of stored JSON documents: what is not there reads as empty, 0, false or null, so that
// documents of earlier releases can be read.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

static inline const struct json *stored_value(const struct json *document, struct str name)
{
    const struct json *value = json_find(document, name);
    return value == NULL ? &json_null : value;
}

static inline struct str stored_str(const struct json *document, struct str name)
{
    return json_find_str(document, name, STR(""));
}

static inline int64_t stored_integer(const struct json *document, struct str name)
{
    int64_t integer = 0;
    const struct json *value = stored_value(document, name);
    return json_is_number(value) && json_to_integer(value, &integer) ? integer : 0;
}

static inline bool stored_bool(const struct json *document, struct str name)
{
    return stored_value(document, name)->type == JSON_TRUE;
}
