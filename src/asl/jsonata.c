// This build has no JSONata yet: every expression is refused when its definition is created, so
// that no execution ever meets one.

#include "asl/jsonata.h"

struct asl_jsonata {
    struct str text; // Without markers.
};

const struct asl_jsonata *asl_jsonata_compile(struct asl_compiler *compiler,
                                              const struct asl_place *place, struct str text)
{
    (void)text;
    asl_report(compiler, place, "INVALID_JSONATA_EXPRESSION",
               "JSONata expressions are not available in this build");
    return NULL;
}

struct str asl_jsonata_text(const struct asl_jsonata *jsonata)
{
    return jsonata->text;
}

enum status asl_jsonata_evaluate(const struct asl_jsonata *jsonata, struct str field,
                                 const struct asl_environment *environment, struct arena *arena,
                                 struct json *ret_value, struct asl_error *reterr_error)
{
    (void)jsonata;
    (void)environment;
    (void)ret_value;
    *reterr_error = (struct asl_error){
        .name = ASL_ERROR_QUERY_EVALUATION,
        .cause = arena_printf(arena, "JSONata expressions are not available in this build"),
        .location = field,
    };
    return STATUS_INVALID;
}
