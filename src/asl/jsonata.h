// JSONata as the compiler and the evaluator use it: the only place where src/jsonata is touched.

#pragma once

#include "asl/compile.h"
#include "asl/template.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

// Compile the expression in `text`, "{% … %}" with its markers. NULL when something was reported at
// `place` or memory ran out. What the expression may read beside the input is
// `compiler->visible`; what it does read is noted for the state being compiled.
const struct asl_jsonata *asl_jsonata_compile(struct asl_compiler *compiler,
                                              const struct asl_place *place, struct str text);

// The expression without its markers and the blanks around it, as error texts show it.
struct str asl_jsonata_text(const struct asl_jsonata *jsonata);

// Evaluate. On STATUS_INVALID the error is States.QueryEvaluationError; `field` is how its text
// names the field.
MUST_USE enum status asl_jsonata_evaluate(const struct asl_jsonata *jsonata, struct str field,
                                          const struct asl_environment *environment,
                                          struct arena *arena, struct json *ret_value,
                                          struct asl_error *reterr_error);
