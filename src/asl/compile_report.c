// Diagnostics of the compiler: message, location and offset from a place.

#include <stdint.h>

#include "asl/compile.h"

static void report(struct asl_compiler *compiler, const struct asl_place *place,
                   enum asl_severity severity, const char *code, struct str message)
{
    struct asl_diagnostics *diagnostics = compiler->diagnostics;
    // Beyond what is kept, only the count matters: no need to make texts.
    if (diagnostics->count == ASL_DIAGNOSTICS_MAX) {
        asl_diagnostics_add(diagnostics, (struct asl_diagnostic){.severity = severity});
        return;
    }
    struct asl_diagnostic diagnostic = {
        .severity = severity,
        .code = str_from_c(code),
        .message = message,
        .offset = SIZE_MAX,
    };
    if (place != NULL) {
        diagnostic.location = asl_place_render(place, diagnostics->arena);
        diagnostic.offset = asl_place_offset(place, compiler->text);
    }
    asl_diagnostics_add(diagnostics, diagnostic);
}

void asl_report(struct asl_compiler *compiler, const struct asl_place *place, const char *code,
                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(compiler->diagnostics->arena, format, args);
    va_end(args);
    report(compiler, place, ASL_SEVERITY_ERROR, code, message);
}

void asl_report_schema(struct asl_compiler *compiler, const struct asl_place *place,
                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str message = arena_vprintf(compiler->diagnostics->arena, format, args);
    va_end(args);
    report(compiler, place, ASL_SEVERITY_ERROR, ASL_SCHEMA_VALIDATION_FAILED, message);
}

void asl_warn(struct asl_compiler *compiler, const struct asl_place *place, const char *code,
              const char *message)
{
    report(compiler, place, ASL_SEVERITY_WARNING, code, str_from_c(message));
}
