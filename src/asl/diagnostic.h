// Diagnostics: what is wrong with a definition, where, in the service's words.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

enum asl_severity { ASL_SEVERITY_ERROR, ASL_SEVERITY_WARNING };

struct asl_diagnostic {
    enum asl_severity severity;
    struct str code;     // "SCHEMA_VALIDATION_FAILED"
    struct str message;  // Without location.
    struct str location; // "/States/Pay/Next"; "/" for the root; data NULL when there is none.
    // Where in the definition text to point at, in bytes: the value at `location`, or the name of a
    // member of it when the member as such is at fault. SIZE_MAX when unknown.
    size_t offset;
    struct str help; // What to write instead, for people; data NULL when there is nothing to add.
};

// In document order as far as the checks allow. At most ASL_DIAGNOSTICS_MAX are kept.
enum { ASL_DIAGNOSTICS_MAX = 100 };

struct asl_diagnostics {
    struct arena *arena; // Holds texts; given by the caller, outlives this.
    struct asl_diagnostic items[ASL_DIAGNOSTICS_MAX];
    size_t count;
    size_t error_count; // Also of those that were not kept.
    bool is_truncated;  // There were more.
};

void asl_diagnostics_init(struct asl_diagnostics *diagnostics, struct arena *arena);

void asl_diagnostics_add(struct asl_diagnostics *diagnostics, struct asl_diagnostic diagnostic);

// "CODE: message at location", joined by ", ": what stands in "Invalid State Machine Definition:
// '…'". Errors only.
struct str asl_diagnostics_summary(const struct asl_diagnostics *diagnostics, struct arena *arena);
