// Diagnostics of the compiler: message, location and offset from a place.

#include <stdint.h>

#include "asl/compile.h"

enum {
    TEXT_SIZE_MAX = 2048, // Of a message or a location; names in definitions may be huge.
    // Finding an offset walks the definition. In a large one only the first diagnostics get theirs.
    WALKED_SIZE_MAX = 16 << 20,
};

// A copy that is not too long and ends with a whole character.
static struct str keep(struct asl_diagnostics *diagnostics, struct str text)
{
    struct str kept = str_slice(text, 0, TEXT_SIZE_MAX);
    while (kept.size < text.size && (text.data[kept.size] & 0xc0) == 0x80)
        kept.size--;
    struct str copy = STR("");
    if (!arena_copy_str(diagnostics->arena, kept, &copy)) return STR("");
    return copy;
}

PRINTF(4, 0)
static void report(struct asl_compiler *compiler, const struct asl_place *place,
                   struct asl_diagnostic diagnostic, const char *format, va_list args)
{
    struct asl_diagnostics *diagnostics = compiler->diagnostics;
    // Beyond what is kept, only the count matters: no need to make texts.
    if (diagnostics->count == ASL_DIAGNOSTICS_MAX) {
        asl_diagnostics_add(diagnostics, diagnostic);
        return;
    }
    struct arena CLEANUP(arena_release) temporary;
    arena_init(&temporary, 8 * (size_t)ASL_DEFINITION_SIZE_BYTES_MAX);
    diagnostic.message = keep(diagnostics, arena_vprintf(&temporary, format, args));
    diagnostic.offset = SIZE_MAX;
    if (place != NULL) {
        diagnostic.location = keep(diagnostics, asl_place_render(place, &temporary));
        if (diagnostics->count * compiler->text.size < WALKED_SIZE_MAX)
            diagnostic.offset = asl_place_offset(place, compiler->text);
    }
    asl_diagnostics_add(diagnostics, diagnostic);
}

void asl_report(struct asl_compiler *compiler, const struct asl_place *place, const char *code,
                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(compiler, place, (struct asl_diagnostic){.code = str_from_c(code)}, format, args);
    va_end(args);
}

void asl_report_schema(struct asl_compiler *compiler, const struct asl_place *place,
                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(compiler, place, (struct asl_diagnostic){.code = STR(ASL_SCHEMA_VALIDATION_FAILED)},
           format, args);
    va_end(args);
}

void asl_warn(struct asl_compiler *compiler, const struct asl_place *place, const char *code,
              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(compiler, place,
           (struct asl_diagnostic){.code = str_from_c(code), .severity = ASL_SEVERITY_WARNING},
           format, args);
    va_end(args);
}
