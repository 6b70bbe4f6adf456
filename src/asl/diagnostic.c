// Diagnostics are kept in the order in which they are found.

#include "asl/diagnostic.h"

#include <assert.h>

#include "asl/text.h"

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
    struct text summary;
    text_init(&summary, arena);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct asl_diagnostic *item = &diagnostics->items[i];
        if (item->severity != ASL_SEVERITY_ERROR) continue;
        if (summary.size > 0) text_append(&summary, STR(", "));
        text_append(&summary, item->code);
        text_append(&summary, STR(": "));
        text_append(&summary, item->message);
        text_append(&summary, STR(" at "));
        text_append(&summary, item->location.data == NULL ? STR("null") : item->location);
    }
    return summary.data == NULL ? STR("") : text_str(&summary);
}
