// ValidateStateMachineDefinition: what is wrong with a definition, without a state machine.

#include "api/states.h"

enum { DIAGNOSTICS_DEFAULT = 100 };

static const struct api_member validate_members[] = {
    {.name = STR_INIT("definition"),
     .type = API_MEMBER_STRING,
     .is_required = true,
     .min = 1,
     .max = 1048576},
    {.name = STR_INIT("type"), .type = API_MEMBER_STRING, .enum_values = "[STANDARD, EXPRESS]"},
    {.name = STR_INIT("severity"), .type = API_MEMBER_STRING, .enum_values = "[ERROR, WARNING]"},
    {.name = STR_INIT("maxResults"), .type = API_MEMBER_INTEGER, .max = 100},
};

static void write_diagnostic(struct json_writer *writer, const struct asl_diagnostic *diagnostic)
{
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("severity"),
                              diagnostic->severity == ASL_SEVERITY_ERROR ? STR("ERROR")
                                                                         : STR("WARNING"));
    json_writer_string_member(writer, STR("code"), diagnostic->code);
    json_writer_string_member(writer, STR("message"), diagnostic->message);
    if (diagnostic->location.data != NULL) {
        json_writer_string_member(writer, STR("location"), diagnostic->location);
    }
    json_writer_end_object(writer);
}

static void reply_diagnostics(struct api_request *request,
                              const struct asl_diagnostics *diagnostics)
{
    bool wants_warnings =
        str_is(api_member_str(&request->body, STR("severity"), STR("ERROR")), "WARNING");
    int64_t max = api_member_integer(&request->body, STR("maxResults"), 0);
    if (max == 0) max = DIAGNOSTICS_DEFAULT;
    bool is_truncated = diagnostics->is_truncated;
    struct json_writer writer;
    json_writer_init(&writer, api_reply_begin(request));
    json_writer_begin_object(&writer);
    json_writer_string_member(&writer, STR("result"),
                              diagnostics->error_count == 0 ? STR("OK") : STR("FAIL"));
    json_writer_name(&writer, STR("diagnostics"));
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct asl_diagnostic *diagnostic = &diagnostics->items[i];
        if (diagnostic->severity == ASL_SEVERITY_WARNING && !wants_warnings) continue;
        if (max-- > 0) {
            write_diagnostic(&writer, diagnostic);
        } else {
            is_truncated = true;
        }
    }
    json_writer_end_array(&writer);
    json_writer_bool_member(&writer, STR("truncated"), is_truncated);
    json_writer_end_object(&writer);
    api_reply_end(request);
}

static void validate(struct api_request *request)
{
    struct str type = api_member_str(&request->body, STR("type"), STR("STANDARD"));
    struct asl_diagnostics *diagnostics = ARENA_NEW(request->arena, struct asl_diagnostics);
    if (diagnostics == NULL) {
        api_fault(request, STATUS_NO_MEMORY);
        return;
    }
    asl_diagnostics_init(diagnostics, request->arena);
    enum status status = asl_machine_parse(
        api_member_str(&request->body, STR("definition"), STR("")),
        str_is(type, "EXPRESS") ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD, diagnostics, NULL);
    if (status != STATUS_OK && status != STATUS_INVALID) {
        api_fault(request, status);
        return;
    }
    reply_diagnostics(request, diagnostics);
}

const struct states_operation states_validate_operations[] = {
    STATES_OPERATION("ValidateStateMachineDefinition", validate_members, validate),
};
const size_t states_validate_operation_count = ARRAY_COUNT(states_validate_operations);
