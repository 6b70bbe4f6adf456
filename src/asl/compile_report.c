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

// An offset in the definition, unless finding it for so many diagnostics takes too long.
static bool may_walk(const struct asl_compiler *compiler)
{
    return compiler->diagnostics->count * compiler->text.size < WALKED_SIZE_MAX;
}

PRINTF(4, 0)
static struct asl_diagnostic *report(struct asl_compiler *compiler, const struct asl_place *place,
                                     struct asl_diagnostic diagnostic, const char *format,
                                     va_list args)
{
    struct asl_diagnostics *diagnostics = compiler->diagnostics;
    // Beyond what is kept, only the count matters: no need to make texts.
    if (diagnostics->count == ASL_DIAGNOSTICS_MAX) {
        asl_diagnostics_add(diagnostics, diagnostic);
        return NULL;
    }
    struct arena CLEANUP(arena_release) temporary;
    arena_init(&temporary, 8 * (size_t)ASL_DEFINITION_SIZE_BYTES_MAX);
    diagnostic.message = keep(diagnostics, arena_vprintf(&temporary, format, args));
    diagnostic.offset = SIZE_MAX;
    if (place != NULL) {
        diagnostic.location = keep(diagnostics, asl_place_render(place, &temporary));
        if (may_walk(compiler)) diagnostic.offset = asl_place_offset(place, compiler->text);
    }
    asl_diagnostics_add(diagnostics, diagnostic);
    return &diagnostics->items[diagnostics->count - 1];
}

struct asl_diagnostic *asl_report(struct asl_compiler *compiler, const struct asl_place *place,
                                  const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct asl_diagnostic *diagnostic =
        report(compiler, place, (struct asl_diagnostic){.code = str_from_c(code)}, format, args);
    va_end(args);
    return diagnostic;
}

struct asl_diagnostic *asl_report_schema(struct asl_compiler *compiler,
                                         const struct asl_place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct asl_diagnostic *diagnostic =
        report(compiler, place, (struct asl_diagnostic){.code = STR(ASL_SCHEMA_VALIDATION_FAILED)},
               format, args);
    va_end(args);
    return diagnostic;
}

struct asl_diagnostic *asl_warn(struct asl_compiler *compiler, const struct asl_place *place,
                                const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct asl_diagnostic *diagnostic =
        report(compiler, place,
               (struct asl_diagnostic){.code = str_from_c(code), .severity = ASL_SEVERITY_WARNING},
               format, args);
    va_end(args);
    return diagnostic;
}

void asl_point_at(struct asl_compiler *compiler, struct asl_diagnostic *diagnostic,
                  const struct asl_place *place)
{
    if (diagnostic == NULL || !may_walk(compiler)) return;
    diagnostic->offset = asl_place_offset(place, compiler->text);
}

void asl_point_at_name(struct asl_compiler *compiler, struct asl_diagnostic *diagnostic,
                       const struct asl_place *place)
{
    if (diagnostic == NULL || !may_walk(compiler)) return;
    size_t value = asl_place_offset(place, compiler->text);
    size_t name = asl_place_name_offset(compiler->text, value);
    // A name that is written with escapes is not found: then the value around it was.
    diagnostic->offset =
        value == asl_place_offset(place->outer, compiler->text) || name == SIZE_MAX ? value : name;
}

void asl_help(struct asl_compiler *compiler, struct asl_diagnostic *diagnostic, const char *format,
              ...)
{
    if (diagnostic == NULL) return;
    struct arena CLEANUP(arena_release) temporary;
    arena_init(&temporary, 8 * (size_t)ASL_DEFINITION_SIZE_BYTES_MAX);
    va_list args;
    va_start(args, format);
    diagnostic->help = keep(compiler->diagnostics, arena_vprintf(&temporary, format, args));
    va_end(args);
}
