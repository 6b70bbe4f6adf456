// One function per common exception, so that status and name never part.

#include "lambda/exception.h"

static bool fill(struct lambda_exception *exception, int http_status, struct str type,
                 struct str message)
{
    *exception = (struct lambda_exception){http_status, type, message};
    return false;
}

#define DEFINE_EXCEPTION(name, http_status, type)                                                  \
    bool lambda_exception_##name(struct lambda_exception *exception, struct arena *arena,          \
                                 const char *format, ...)                                          \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        struct str message = arena_vprintf(arena, format, args);                                   \
        va_end(args);                                                                              \
        return fill(exception, http_status, STR(type), message);                                   \
    }

DEFINE_EXCEPTION(invalid, 400, "InvalidParameterValueException")
DEFINE_EXCEPTION(validation, 400, "ValidationException")
DEFINE_EXCEPTION(conflict, 409, "ResourceConflictException")
DEFINE_EXCEPTION(not_found, 404, "ResourceNotFoundException")
DEFINE_EXCEPTION(service, 500, "ServiceException")

bool lambda_exception_set(struct lambda_exception *exception, struct arena *arena, int http_status,
                          struct str type, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(arena, format, args);
    va_end(args);
    return fill(exception, http_status, type, message);
}
