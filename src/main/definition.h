// Definitions in files: what a person hands to a command may be a definition in JSON or YAML, or a
// template of CloudFormation or SAM with state machines in it.
//
// Values that only a deployment knows become placeholders: {"Fn::GetAtt": ["Pay", "Arn"]} is
// "${Pay.Arn}", and a placeholder outside of quotes ("MaxAttempts": ${Attempts}) gets quotes.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "asl/machine.h"
#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "main/source.h"

enum {
    DEFINITION_FILE_SIZE_MAX = YAML_TEXT_SIZE_MAX,
    DEFINITIONS_MAX = 500, // Of one template; as many resources as CloudFormation takes.
};

struct definition {
    const struct source *source; // JSON text, perhaps malformed; NULL when `uri` is set.
    struct str uri;              // Of a file beside the template; data NULL otherwise.
    struct source_span uri_span; // In the template.
    struct str resource;         // Logical name in the template; data NULL for a file of its own.
    bool has_type;               // The template says which.
    enum asl_machine_type type;
};

struct definitions {
    const struct source *file;
    bool is_template;
    struct definition *items;
    size_t count;
    size_t skipped_count; // State machines whose definition is elsewhere (S3, a parameter).
};

// Something that keeps the file from being read as what it is.
struct definition_problem {
    struct source_span span;
    struct str message;
};

enum definition_format { DEFINITION_BY_NAME, DEFINITION_JSON, DEFINITION_YAML };

// Find the definitions of a file.
//
//   arena   receives everything
//   name    its end (".yaml", ".yml", ".json") tells the format unless `format` does; with neither,
//           what begins with '{' is JSON
//   text    of the file; borrowed, must live as long as the result
//
// Returns STATUS_OK, STATUS_INVALID (`reterr_problem`: malformed YAML, too many state machines) or
// STATUS_NO_MEMORY. Malformed JSON is left to whoever parses the definition.
MUST_USE enum status definitions_find(struct arena *arena, struct str name,
                                      enum definition_format format, struct str text,
                                      struct definitions *ret_definitions,
                                      struct definition_problem *reterr_problem);
