// "galop eval validate": {"definition": TEXT, "type"?, "rules"?} -> {"result", "diagnostics"}.
//
// "rules" is "language" (what the States Language itself says, the default) or "service" (what the
// service accepts); "type" is "STANDARD" (the default) or "EXPRESS". A definition may also be given
// as the object itself.

#include "asl/machine.h"
#include "main/eval.h"

static void answer_diagnostic(struct json_writer *writer, const struct asl_diagnostic *diagnostic)
{
    bool is_error = diagnostic->severity == ASL_SEVERITY_ERROR;
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("severity"), is_error ? STR("ERROR") : STR("WARNING"));
    json_writer_string_member(writer, STR("code"), diagnostic->code);
    json_writer_string_member(writer, STR("message"), diagnostic->message);
    if (diagnostic->location.data != NULL)
        json_writer_string_member(writer, STR("location"), diagnostic->location);
    json_writer_end_object(writer);
}

static void answer(struct json_writer *writer, struct arena *arena, const struct json *request)
{
    const struct json *definition = JSON_FIND(request, "definition");
    if (definition == NULL) {
        eval_answer_error(writer, "OTHER", STR("a request has a \"definition\""));
        return;
    }
    struct str text =
        json_is_string(definition) ? json_str(definition) : json_render_to_arena(arena, definition);
    bool is_service = str_is(json_find_str(request, STR("rules"), (struct str){0}), "service");
    bool is_express = str_is(json_find_str(request, STR("type"), (struct str){0}), "EXPRESS");
    static struct asl_diagnostics diagnostics; // Large, and used by one request at a time.
    asl_diagnostics_init(&diagnostics, arena);
    enum status status = asl_machine_parse_by(
        is_service ? ASL_RULES_SERVICE : ASL_RULES_LANGUAGE, text,
        is_express ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD, &diagnostics, NULL);
    if (status != STATUS_OK && status != STATUS_INVALID) {
        eval_answer_error(writer, "OTHER", str_from_c(status_name(status)));
        return;
    }
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("result"), status == STATUS_OK ? STR("OK") : STR("FAIL"));
    json_writer_name(writer, STR("diagnostics"));
    json_writer_begin_array(writer);
    for (size_t i = 0; i < diagnostics.count; i++) {
        answer_diagnostic(writer, &diagnostics.items[i]);
    }
    json_writer_end_array(writer);
    json_writer_end_object(writer);
}

int eval_validate(int argc, char **argv)
{
    return eval_lines(argc, argv, answer);
}
