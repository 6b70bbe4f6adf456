// A strand owns one scope; the scopes around it belong to the strands above and are only read.

#include "engine/variables.h"

#include "engine/data_flow.h"

enum { VARIABLES_SIZE_BYTES_MAX = 10 * 1024 * 1024 }; // Of all that an execution stores.

// Does the strand's scope list belong to itself, or was it handed down?
static bool owns_scope(const struct strand *strand)
{
    if (strand->variables == NULL) return false;
    return strand_is_root(strand) || strand->variables != strand->parent->variables;
}

enum status variables_check(struct step *step, const struct strand *strand,
                            struct payload *assigned, struct asl_error *reterr_error)
{
    // The total of one Assign and each of its values have the same limit, so one check does.
    enum payload_verdict verdict = payload_check(assigned);
    size_t total = step->execution->variables_bytes + assigned->size_bytes;
    if (verdict == PAYLOAD_FITS && total <= VARIABLES_SIZE_BYTES_MAX) return STATUS_OK;
    const char *reason = verdict == PAYLOAD_TOO_DEEP ? "are nested too deep"
                         : verdict == PAYLOAD_TOO_LARGE
                             ? "of one Assign exceed the maximum number of bytes service limit"
                             : "of the execution exceed the maximum number of bytes service limit";
    *reterr_error = flow_runtime_error(step, strand, "The variables %s.", reason);
    if (verdict != PAYLOAD_TOO_DEEP) reterr_error->name = ASL_ERROR_DATA_LIMIT;
    return STATUS_INVALID;
}

static struct asl_variables *new_scope(struct step *step, const struct strand *strand,
                                       const struct json *assigned)
{
    struct asl_variables *scope = ARENA_NEW(step->values, struct asl_variables);
    if (scope == NULL) return NULL;
    if (!owns_scope(strand)) {
        *scope = (struct asl_variables){.outer = strand->variables, .values = *assigned};
        return scope;
    }
    struct json_members members;
    assert(json_is_object(&strand->variables->values));
    json_members_init(&members, step->values);
    const struct json *old = &strand->variables->values;
    for (uint32_t i = 0; i < old->size; i++)
        json_members_append(&members, json_str(&old->members[i].name), old->members[i].value);
    for (uint32_t i = 0; i < assigned->size; i++)
        json_members_set(&members, json_str(&assigned->members[i].name),
                         assigned->members[i].value);
    if (step->values->is_exhausted) return NULL;
    *scope = (struct asl_variables){
        .outer = strand->variables->outer,
        .values = json_members_finish(&members),
    };
    return scope;
}

void variables_assign(struct step *step, struct strand *strand, const struct json *assigned)
{
    if (json_is_null(assigned)) return;
    assert(json_is_object(assigned));
    struct asl_variables *scope = new_scope(step, strand, assigned);
    if (scope == NULL) {
        step_set_fault(step, STATUS_NO_MEMORY);
        return;
    }
    size_t size_bytes = payload_of(scope->values).size_bytes;
    step->execution->variables_bytes += size_bytes - strand->variables_bytes;
    strand->variables_bytes = size_bytes;
    strand->variables = scope;
}
