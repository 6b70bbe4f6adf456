// Reading and showing mistakes are those of galop validate.

#include "main/run_definition.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "main/definition.h"
#include "main/read_file.h"
#include "main/validate_report.h"

static struct str file_name(const struct run_settings *settings)
{
    return str_from_c(settings->file);
}

// ---------------------------------------------------------------------------------------------
// Mistakes

static void show(struct report *report)
{
    fwrite(report->text.data, 1, report->text.size, stderr);
    report_release(report);
}

static void show_problem(const struct run_settings *settings, struct str text,
                         const struct definition_problem *problem)
{
    const struct finding finding = {.code = STR("INVALID_YAML"),
                                    .message = problem->message,
                                    .has_span = true,
                                    .span = problem->span};
    struct report report;
    report_begin(&report, false, run_has_colors());
    report_add(&report, file_name(settings), text, &finding);
    show(&report);
}

static void show_diagnostics(const struct run_settings *settings,
                             const struct run_definition *definition,
                             const struct asl_diagnostics *diagnostics)
{
    struct report report;
    report_begin(&report, false, run_has_colors());
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct asl_diagnostic *diagnostic = &diagnostics->items[i];
        struct finding finding =
            finding_of_diagnostic(definition->source, diagnostic, (struct str){0});
        report_add(&report, file_name(settings), definition->file_text, &finding);
    }
    show(&report);
}

// ---------------------------------------------------------------------------------------------
// Finding the definition

// The one of a template that --state-machine names, or the only one.
static const struct definition *choose(const struct run_settings *settings,
                                       const struct definitions *found)
{
    const struct definition *chosen = NULL;
    for (size_t i = 0; i < found->count; i++) {
        const struct definition *item = &found->items[i];
        bool is_named = found->is_template && settings->state_machine.size > 0;
        if (is_named && !str_equal(item->resource, settings->state_machine)) continue;
        if (chosen != NULL) {
            run_refuse("%s has several state machines: say which with --state-machine, e.g. "
                       "%" STR_FORMAT,
                       settings->file, STR_ARGS(chosen->resource));
        }
        chosen = item;
    }
    if (chosen == NULL) run_refuse("%s has no such state machine in it", settings->file);
    if (chosen->source == NULL) {
        run_refuse("the state machine of %s is in a file of its own: run %" STR_FORMAT,
                   settings->file, STR_ARGS(chosen->uri));
    }
    return chosen;
}

static void require(enum status status)
{
    if (status != STATUS_OK) run_refuse("cannot read the definition: %s", status_name(status));
}

void run_definition_load(const struct run_settings *settings, struct arena *arena,
                         struct run_definition *ret_definition)
{
    static struct asl_diagnostics diagnostics, others; // Large.
    struct definitions found;
    struct definition_problem problem;
    struct str why;
    if (!read_file(settings->file, DEFINITION_FILE_SIZE_MAX, arena, &ret_definition->file_text,
                   &why)) {
        run_refuse("%s: %" STR_FORMAT, settings->file, STR_ARGS(why));
    }
    enum status status = definitions_find(arena, file_name(settings), DEFINITION_BY_NAME,
                                          ret_definition->file_text, &found, &problem);
    if (status == STATUS_INVALID) {
        show_problem(settings, ret_definition->file_text, &problem);
        exit(RUN_REFUSED);
    }
    require(status);
    const struct definition *chosen = choose(settings, &found);
    enum asl_machine_type type = settings->has_type ? settings->type
                                 : chosen->has_type ? chosen->type
                                                    : ASL_MACHINE_STANDARD;
    struct str text = chosen->source->text;
    ret_definition->source = chosen->source;
    asl_diagnostics_init(&diagnostics, arena);
    asl_diagnostics_init(&others, arena);
    status = asl_machine_parse(text, type, &diagnostics, &ret_definition->machine);
    if (status == STATUS_INVALID) {
        // What never leaves the process may hold placeholders and call what the service does not
        // know.
        status =
            asl_machine_parse_by(ASL_RULES_LANGUAGE, text, type, &others, &ret_definition->machine);
    }
    if (status == STATUS_INVALID) {
        show_diagnostics(settings, ret_definition, &diagnostics);
        exit(RUN_REFUSED);
    }
    require(status);
}

size_t run_definition_line(const struct run_definition *definition, size_t offset)
{
    struct source_span span = source_find_token(definition->source, offset);
    return source_locate(definition->file_text, span).line;
}
