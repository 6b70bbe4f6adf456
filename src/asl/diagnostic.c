// Diagnostics are kept in the order in which they are found.

#include "asl/diagnostic.h"

#include <assert.h>

void asl_diagnostics_init(struct asl_diagnostics *diagnostics, struct arena *arena)
{
    diagnostics->arena = arena;
    diagnostics->count = 0;
    diagnostics->error_count = 0;
    diagnostics->is_truncated = false;
}

void asl_diagnostics_add(struct asl_diagnostics *diagnostics, struct asl_diagnostic diagnostic)
{
    assert(diagnostics->count <= ASL_DIAGNOSTICS_MAX);
    if (diagnostic.severity == ASL_SEVERITY_ERROR) diagnostics->error_count++;
    if (diagnostics->count == ASL_DIAGNOSTICS_MAX) {
        diagnostics->is_truncated = true;
        return;
    }
    diagnostics->items[diagnostics->count++] = diagnostic;
}

// The service's own words for a diagnostic without location end in "at null".
struct str asl_diagnostics_summary(const struct asl_diagnostics *diagnostics, struct arena *arena)
{
    struct str summary = STR("");
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct asl_diagnostic *item = &diagnostics->items[i];
        if (item->severity != ASL_SEVERITY_ERROR) continue;
        struct str location = item->location.data == NULL ? STR("null") : item->location;
        summary =
            arena_printf(arena, "%" STR_FORMAT "%s%" STR_FORMAT ": %" STR_FORMAT " at %" STR_FORMAT,
                         STR_ARGS(summary), summary.size == 0 ? "" : ", ", STR_ARGS(item->code),
                         STR_ARGS(item->message), STR_ARGS(location));
    }
    return summary;
}
