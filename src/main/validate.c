// "galop validate": check the definitions in files.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/commands.h"
#include "main/definition.h"
#include "main/options.h"
#include "main/validate_report.h"

enum {
    FILES_MAX = 10000,
    FILE_ARENA_LIMIT = 512 << 20,
    EXIT_FOUND = 1,
    EXIT_UNREADABLE = 2,
};

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct validation {
    struct str names[FILES_MAX];
    size_t name_count;
    bool has_type;
    enum asl_machine_type type;
    enum asl_rules rules;
    enum definition_format format;
    enum when colour;
    bool is_json;
    bool has_strict_warnings;

    // Files that were checked, and as what: a template may name one that is named as well.
    struct checked {
        dev_t device;
        ino_t inode;
        enum asl_machine_type type;
    } checked[FILES_MAX];
    size_t checked_count;

    struct arena arena; // Of one file on the command line.
    struct report report;
    bool is_unreadable; // Some file could not be read.
};

// ---------------------------------------------------------------------------------------------
// Arguments

static const char *take_file(void *context, struct str word)
{
    struct validation *validation = context;
    if (validation->name_count == FILES_MAX) return "at most 10000 files at once";
    validation->names[validation->name_count++] = word;
    return NULL;
}

static const char *take_type(void *context, struct str value)
{
    struct validation *validation = context;
    bool is_express = str_is(value, "EXPRESS");
    if (!is_express && !str_is(value, "STANDARD")) return "write STANDARD or EXPRESS";
    validation->has_type = true;
    validation->type = is_express ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD;
    return NULL;
}

static const char *take_rules(void *context, struct str value)
{
    struct validation *validation = context;
    bool is_language = str_is(value, "language");
    if (!is_language && !str_is(value, "service")) return "write service or language";
    validation->rules = is_language ? ASL_RULES_LANGUAGE : ASL_RULES_SERVICE;
    return NULL;
}

static const char *take_format(void *context, struct str value)
{
    struct validation *validation = context;
    bool is_yaml = str_is(value, "yaml");
    if (!is_yaml && !str_is(value, "json")) return "write json or yaml";
    validation->format = is_yaml ? DEFINITION_YAML : DEFINITION_JSON;
    return NULL;
}

static const char *take_colour(void *context, struct str value)
{
    static const char *const words[] = {"auto", "always", "never"};
    struct validation *validation = context;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (!str_is(value, words[i])) continue;
        validation->colour = (enum when)i;
        return NULL;
    }
    return "write auto, always or never";
}

static const char *take_json(void *context, struct str value)
{
    (void)value;
    ((struct validation *)context)->is_json = true;
    return NULL;
}

static const char *take_strict(void *context, struct str value)
{
    (void)value;
    ((struct validation *)context)->has_strict_warnings = true;
    return NULL;
}

static const struct option options[] = {
    {"--type", "TYPE", "STANDARD (the default) or EXPRESS; else what a template says", take_type},
    {"--warnings-as-errors", NULL, "let warnings fail, too", take_strict},
    {"--json", NULL, "print one JSON object for programs", take_json},
    {"--format", "FORMAT", "json or yaml, whatever the file is called", take_format},
    {"--rules", "RULES",
     "service: what AWS accepts (the default)\n"
     "language: the States Language alone, whose tasks may be any URI",
     take_rules},
    {"--color", "WHEN", "auto (the default: on a terminal, unless NO_COLOR is set), always, never",
     take_colour},
};

static const char usage[] =
    "Usage: galop validate [OPTION...] FILE...\n"
    "\n"
    "Check workflow definitions as AWS does when it creates a state machine, and say where each\n"
    "mistake is and what to write instead.\n"
    "\n"
    "A FILE holds a definition in JSON or YAML, or is a template of CloudFormation or SAM: then "
    "each\n"
    "of its state machines is checked (Definition, DefinitionString, and the file that "
    "DefinitionUri\n"
    "names). \"-\" is standard input. Placeholders such as \"${OrderTable}\" may stand for any "
    "value.\n"
    "\n"
    "Examples:\n"
    "  galop validate order.asl.json\n"
    "  galop validate --type EXPRESS statemachine/*.asl.yaml\n"
    "  galop validate --warnings-as-errors template.yaml    # in CI\n"
    "  render-definition | galop validate --json -          # in an editor\n"
    "\n"
    "Exit status: 0 no errors, 1 errors found, 2 wrong usage or a file that cannot be read.\n"
    "More: docs/VALIDATE.md\n";

// ---------------------------------------------------------------------------------------------
// Files

static PRINTF(2, 3) void complain(struct validation *validation, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("galop validate: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    validation->is_unreadable = true;
}

// Returns NULL when the whole file is in `ret_text`, else why not.
static const char *read_file(struct arena *arena, int fd, struct str *ret_text)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, DEFINITION_FILE_SIZE_MAX + 1);
    for (;;) {
        char block[8192];
        ssize_t size = read(fd, block, sizeof(block));
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return strerror(errno);
        if (size == 0) break;
        buffer_append(&buffer, block, (size_t)size);
        if (buffer.is_failed || buffer.size > DEFINITION_FILE_SIZE_MAX)
            return "larger than 4 MiB; a definition has at most 1 MiB";
    }
    return buffer_copy_to_arena(&buffer, arena, ret_text) ? NULL : "out of memory";
}

// Was this file checked already, for this type? What is beyond the list is checked again.
static bool was_checked(struct validation *validation, const struct stat *about,
                        enum asl_machine_type type)
{
    for (size_t i = 0; i < validation->checked_count; i++) {
        const struct checked *checked = &validation->checked[i];
        if (checked->device == about->st_dev && checked->inode == about->st_ino &&
            checked->type == type)
            return true;
    }
    if (validation->checked_count < FILES_MAX) {
        validation->checked[validation->checked_count++] =
            (struct checked){.device = about->st_dev, .inode = about->st_ino, .type = type};
    }
    return false;
}

// Returns NULL when the whole file is in `ret_text` (data NULL: it was checked before), else why
// not.
static const char *open_and_read(struct validation *validation, const char *path,
                                 enum asl_machine_type type, struct str *ret_text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0) return strerror(errno);
    const char *why = NULL;
    *ret_text = (struct str){0};
    if (fstat(fd, &about) != 0)
        why = strerror(errno);
    else if (S_ISDIR(about.st_mode))
        why = "it is a directory, and directories are not searched: name the files, as in "
              "\"galop validate DIRECTORY/*.asl.json\"";
    else if (!S_ISREG(about.st_mode) || !was_checked(validation, &about, type))
        why = read_file(&validation->arena, fd, ret_text);
    close(fd);
    return why;
}

// ---------------------------------------------------------------------------------------------
// Checking

static int compare_findings(const void *a, const void *b)
{
    const struct finding *first = a, *second = b;
    if (first->has_span != second->has_span) return first->has_span ? 1 : -1;
    if (first->span.start != second->span.start)
        return first->span.start < second->span.start ? -1 : 1;
    return 0;
}

// An alias of YAML repeats what is wrong in its anchor.
static bool is_repeated(const struct finding *finding, const struct finding *before)
{
    return finding->has_span && before->has_span && finding->span.start == before->span.start &&
           str_equal(finding->message, before->message);
}

static void check_definition(struct validation *validation, struct str name,
                             const struct source *file, const struct definition *definition)
{
    static struct asl_diagnostics diagnostics; // Large; one definition is checked at a time.
    static struct finding findings[ASL_DIAGNOSTICS_MAX];
    const struct asl_check check = {
        .rules = validation->rules,
        .type = validation->has_type ? validation->type : definition->type,
        .allows_placeholders = true,
    };
    asl_diagnostics_init(&diagnostics, &validation->arena);
    enum status status = asl_machine_check(&check, definition->source->text, &diagnostics);
    if (status != STATUS_OK && status != STATUS_INVALID) {
        complain(validation, "%" STR_FORMAT ": %s", STR_ARGS(name), status_name(status));
        return;
    }
    for (size_t i = 0; i < diagnostics.count; i++)
        findings[i] =
            finding_of_diagnostic(definition->source, &diagnostics.items[i], definition->resource);
    qsort(findings, diagnostics.count, sizeof(findings[0]), compare_findings);
    for (size_t i = 0; i < diagnostics.count; i++) {
        if (i == 0 || !is_repeated(&findings[i], &findings[i - 1]))
            report_add(&validation->report, name, file->text, &findings[i]);
    }
    if (diagnostics.is_truncated) {
        fflush(stdout);
        fprintf(stderr, "galop validate: %" STR_FORMAT ": there is more; %d are shown\n",
                STR_ARGS(name), ASL_DIAGNOSTICS_MAX);
    }
}

static bool find_definitions(struct validation *validation, struct str name, struct str text,
                             struct definitions *ret_definitions)
{
    struct definition_problem problem = {0};
    enum status status = definitions_find(&validation->arena, name, validation->format, text,
                                          ret_definitions, &problem);
    validation->report.file_count++;
    if (status == STATUS_OK) return true;
    if (status != STATUS_INVALID) {
        complain(validation, "%" STR_FORMAT ": %s", STR_ARGS(name), status_name(status));
        return false;
    }
    const struct finding finding = {
        .code = STR("INVALID_YAML"),
        .message = problem.message,
        .has_span = true,
        .span = problem.span,
    };
    report_add(&validation->report, name, text, &finding);
    return false;
}

static void report_uri(struct validation *validation, struct str name,
                       const struct source *template, const struct definition *definition,
                       struct str message, struct str help)
{
    const struct finding finding = {
        .code = STR("MISSING_DEFINITION"),
        .message = message,
        .resource = definition->resource,
        .help = help,
        .has_span = true,
        .span = definition->uri_span,
    };
    report_add(&validation->report, name, template->text, &finding);
}

// The file of a DefinitionUri; its path is relative to the template.
static void check_uri(struct validation *validation, struct str name, const struct source *template,
                      const struct definition *definition)
{
    size_t folder_size = name.size;
    while (folder_size > 0 && name.data[folder_size - 1] != '/')
        folder_size--;
    if (str_starts_with(definition->uri, STR("/"))) folder_size = 0;
    struct arena *arena = &validation->arena;
    struct str path =
        arena_printf(arena, "%" STR_FORMAT "%" STR_FORMAT,
                     STR_ARGS(str_slice(name, 0, folder_size)), STR_ARGS(definition->uri));
    struct str text;
    enum asl_machine_type type = validation->has_type ? validation->type : definition->type;
    const char *why = open_and_read(validation, path.data, type, &text);
    if (why != NULL) {
        report_uri(validation, name, template, definition,
                   arena_printf(arena, "Cannot read %" STR_FORMAT ": %s", STR_ARGS(path), why),
                   STR("the path is relative to the template's folder"));
        return;
    }
    bool is_template = str_equal(path, name);
    struct definitions found = {0};
    if (!is_template) {
        if (text.data == NULL || !find_definitions(validation, path, text, &found)) return;
        is_template = found.is_template;
    }
    if (is_template) {
        report_uri(validation, name, template, definition,
                   arena_printf(arena, "%" STR_FORMAT " is a template", STR_ARGS(path)),
                   STR("name a file that holds nothing but a definition"));
        return;
    }
    for (size_t i = 0; i < found.count; i++) {
        struct definition inner = found.items[i];
        inner.type = definition->type;
        check_definition(validation, path, found.file, &inner);
    }
}

static void check_text(struct validation *validation, struct str name, struct str text)
{
    struct definitions found;
    if (!find_definitions(validation, name, text, &found)) return;
    for (size_t i = 0; i < found.count; i++) {
        if (found.items[i].source == NULL)
            check_uri(validation, name, found.file, &found.items[i]);
        else
            check_definition(validation, name, found.file, &found.items[i]);
    }
    if (found.count > 0) return;
    fflush(stdout);
    fprintf(stderr, "galop validate: %" STR_FORMAT ": this template has no state machine %s\n",
            STR_ARGS(name),
            found.skipped_count > 0 ? "whose definition is in a file here" : "to check");
}

static void check_file(struct validation *validation, struct str name)
{
    struct str text;
    bool is_stdin = str_is(name, "-");
    const char *why = is_stdin ? read_file(&validation->arena, STDIN_FILENO, &text)
                               : open_and_read(validation, name.data, validation->type, &text);
    if (is_stdin) name = STR("<stdin>");
    if (why != NULL)
        complain(validation, "cannot read %" STR_FORMAT ": %s", STR_ARGS(name), why);
    else if (text.data != NULL)
        check_text(validation, name, text);
    arena_reset(&validation->arena);
}

static bool wants_colour(enum when when)
{
    if (when != WHEN_AUTO) return when == WHEN_ALWAYS;
    const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool is_refused = refused != NULL && refused[0] != '\0';
    bool is_dumb = terminal != NULL && strcmp(terminal, "dumb") == 0;
    return isatty(STDOUT_FILENO) == 1 && !is_refused && !is_dumb;
}

int command_validate(int argc, char **argv)
{
    static struct validation validation;
    options_read(argc, argv, options, ARRAY_COUNT(options), usage, take_file, &validation);
    if (validation.name_count == 0) {
        fputs("galop validate: name at least one file, or - for standard input\n"
              "Try: galop validate --help\n",
              stderr);
        return EXIT_UNREADABLE;
    }
    struct report *report = &validation.report;
    bool is_written = true;
    arena_init(&validation.arena, FILE_ARENA_LIMIT);
    report_begin(report, validation.is_json, wants_colour(validation.colour));
    for (size_t i = 0; i < validation.name_count; i++) {
        check_file(&validation, validation.names[i]);
        is_written = report_flush(report) && is_written;
    }
    report_end(report);
    is_written = report_flush(report) && is_written;
    bool has_found =
        report->error_count > 0 || (validation.has_strict_warnings && report->warning_count > 0);
    report_release(report);
    arena_release(&validation.arena);
    if (!is_written) complain(&validation, "cannot write the report: %s", strerror(errno));
    return validation.is_unreadable ? EXIT_UNREADABLE : has_found ? EXIT_FOUND : 0;
}
