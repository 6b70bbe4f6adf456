// What "galop validate" says: findings as a compiler shows them, or as JSON; and the count.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "asl/diagnostic.h"
#include "base/buffer.h"
#include "base/str.h"
#include "json/json.h"
#include "main/source.h"

struct finding {
    enum asl_severity severity;
    struct str code;
    struct str message;
    struct str help;     // Data NULL when there is none.
    struct str location; // In the definition, as the service says it; data NULL when there is none.
    struct str resource; // State machine of a template; data NULL when the file is no template.
    bool has_span;
    struct source_span span; // In the file.
};

// What the compiler of definitions found, with help for malformed JSON. `resource` is of a
// template.
struct finding finding_of_diagnostic(const struct source *source,
                                     const struct asl_diagnostic *diagnostic, struct str resource);

struct report {
    bool is_json;
    bool has_colour;
    size_t file_count;
    size_t error_count;
    size_t warning_count;
    struct buffer text; // Written out by report_flush().
    struct json_writer writer;
};

void report_begin(struct report *report, bool is_json, bool has_colour);

// One finding in the file `name`, whose bytes are `file`.
void report_add(struct report *report, struct str name, struct str file,
                const struct finding *finding);

// Close with the summary: "3 files checked: 2 errors, 1 warning".
void report_end(struct report *report);

// Write what has been gathered to stdout. Returns false when that fails.
bool report_flush(struct report *report);
void report_release(struct report *report);
