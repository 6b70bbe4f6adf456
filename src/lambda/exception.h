// Why the service refused something: HTTP status, exception name and message, as AWS gives them.
//
// An exception is data for whoever called, made in the arena of that call. One with an empty `type`
// says that nothing was refused.

#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

struct lambda_exception {
    int http_status;
    struct str type; // "ResourceNotFoundException"; empty: none.
    struct str message;
};

static inline bool lambda_exception_is_set(const struct lambda_exception *exception)
{
    return exception->type.size > 0;
}

// Each fills `exception` with a message built as by printf in `arena`, and returns false, so that a
// check can end with `return lambda_..._exception(...)`.
bool lambda_exception_invalid(struct lambda_exception *exception, struct arena *arena,
                              const char *format, ...) PRINTF(3, 4); // InvalidParameterValue, 400
bool lambda_exception_validation(struct lambda_exception *exception, struct arena *arena,
                                 const char *format, ...) PRINTF(3, 4); // Validation, 400
bool lambda_exception_conflict(struct lambda_exception *exception, struct arena *arena,
                               const char *format, ...) PRINTF(3, 4); // ResourceConflict, 409
bool lambda_exception_not_found(struct lambda_exception *exception, struct arena *arena,
                                const char *format, ...) PRINTF(3, 4); // ResourceNotFound, 404
bool lambda_exception_service(struct lambda_exception *exception, struct arena *arena,
                              const char *format, ...) PRINTF(3, 4); // Service, 500

// Any other; `type` is a literal.
bool lambda_exception_set(struct lambda_exception *exception, struct arena *arena, int http_status,
                          struct str type, const char *format, ...) PRINTF(5, 6);
