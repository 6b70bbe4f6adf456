// Everything that comes from a file is shown without its control characters: a terminal would obey
// them.

#include "main/validate_report.h"

#include <stdio.h>
#include <string.h>

#include "base/encoding.h"

enum {
    REPORT_SIZE_MAX = 64 << 20,
    SHOWN_SIZE_MAX = 160, // Bytes of a line; of a longer one the part around what is wrong.
    SHOWN_BEFORE = 60,
};

enum colour { PLAIN, BOLD, RED, YELLOW, BLUE, GREEN };

static void set_colour(struct report *report, enum colour colour)
{
    static const char *const codes[] = {"\033[0m",    "\033[1m",    "\033[1;31m",
                                        "\033[1;33m", "\033[1;34m", "\033[1;32m"};
    if (report->has_colour) buffer_append_str(&report->text, str_from_c(codes[colour]));
}

static void append_clean(struct buffer *buffer, struct str text)
{
    while (text.size > 0) {
        unsigned char c = (unsigned char)text.data[0];
        size_t size = 1;
        if (c >= 0x80) {
            size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
            struct str character = str_slice(text, 0, size);
            // C1 controls are U+0080 to U+009F.
            bool is_control =
                c == 0xc2 && character.size == 2 && (unsigned char)character.data[1] < 0xa0;
            if (encoding_utf8_check(character) != SIZE_MAX || is_control) {
                buffer_append_byte(buffer, '?');
                size = is_control ? 2 : 1;
            } else {
                buffer_append_str(buffer, character);
            }
        } else if (c == '\t' || c == '\n' || c == '\r') {
            buffer_append_byte(buffer, ' ');
        } else {
            buffer_append_byte(buffer, c < ' ' || c == 0x7f ? '?' : (char)c);
        }
        text = str_skip(text, size);
    }
}

// The service's parser repeats the text in its message; here the text is shown.
static struct str first_part(struct str message)
{
    size_t end = str_find(message, STR("\n at [Source"));
    return str_trim(end == SIZE_MAX ? message : str_slice(message, 0, end));
}

// ---------------------------------------------------------------------------------------------
// For people

static size_t start_of_character(struct str text, size_t at)
{
    while (at > 0 && at < text.size && (text.data[at] & 0xc0) == 0x80)
        at--;
    return at;
}

// The line, and marks below what is wrong.
static void append_excerpt(struct report *report, const struct source_position *position,
                           enum colour colour)
{
    struct buffer *text = &report->text;
    struct str line = position->line_text;
    size_t start = 0, end = line.size;
    if (line.size > SHOWN_SIZE_MAX) {
        start = position->line_offset > SHOWN_BEFORE
                    ? start_of_character(line, position->line_offset - SHOWN_BEFORE)
                    : 0;
        if (end - start > SHOWN_SIZE_MAX) end = start_of_character(line, start + SHOWN_SIZE_MAX);
    }
    set_colour(report, BLUE);
    buffer_printf(text, "%5zu | ", position->line);
    set_colour(report, PLAIN);
    if (start > 0) buffer_append_str(text, STR("..."));
    append_clean(text, str_slice(line, start, end - start));
    if (end < line.size) buffer_append_str(text, STR("..."));

    size_t before = start > 0 ? 3 : 0;
    for (size_t i = start; i < position->line_offset; i++)
        before += (line.data[i] & 0xc0) != 0x80;
    size_t marks = position->end_column - position->column;
    if (marks > SHOWN_SIZE_MAX) marks = SHOWN_SIZE_MAX;
    set_colour(report, BLUE);
    buffer_append_str(text, STR("\n      | "));
    for (size_t i = 0; i < before; i++)
        buffer_append_byte(text, ' ');
    set_colour(report, colour);
    for (size_t i = 0; i < marks; i++)
        buffer_append_byte(text, i == 0 ? '^' : '~');
    set_colour(report, PLAIN);
    buffer_append_byte(text, '\n');
}

static void append_note(struct report *report, const char *label, struct str note)
{
    set_colour(report, BLUE);
    buffer_append_str(&report->text, STR("      = "));
    set_colour(report, GREEN);
    buffer_printf(&report->text, "%s", label);
    set_colour(report, PLAIN);
    append_clean(&report->text, note);
    buffer_append_byte(&report->text, '\n');
}

static void add_text(struct report *report, struct str name, const struct finding *finding,
                     const struct source_position *position)
{
    bool is_error = finding->severity == ASL_SEVERITY_ERROR;
    enum colour colour = is_error ? RED : YELLOW;
    set_colour(report, BOLD);
    append_clean(&report->text, name);
    if (finding->has_span)
        buffer_printf(&report->text, ":%zu:%zu", position->line, position->column);
    buffer_append_str(&report->text, STR(": "));
    set_colour(report, colour);
    buffer_append_str(&report->text, is_error ? STR("error: ") : STR("warning: "));
    set_colour(report, PLAIN);
    set_colour(report, BOLD);
    append_clean(&report->text, finding->code);
    buffer_append_str(&report->text, STR(": "));
    append_clean(&report->text, first_part(finding->message));
    set_colour(report, PLAIN);
    buffer_append_byte(&report->text, '\n');
    if (finding->has_span) append_excerpt(report, position, colour);
    if (!finding->has_span && finding->location.data != NULL)
        append_note(report, "at: ", finding->location);
    if (finding->resource.data != NULL) append_note(report, "in: ", finding->resource);
    if (finding->help.data != NULL) append_note(report, "help: ", finding->help);
}

// ---------------------------------------------------------------------------------------------
// For programs

static void add_json(struct report *report, struct str name, const struct finding *finding,
                     const struct source_position *position)
{
    struct json_writer *writer = &report->writer;
    bool is_error = finding->severity == ASL_SEVERITY_ERROR;
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("file"), name);
    if (finding->has_span) {
        json_writer_integer_member(writer, STR("line"), (int64_t)position->line);
        json_writer_integer_member(writer, STR("column"), (int64_t)position->column);
        json_writer_integer_member(writer, STR("endColumn"), (int64_t)position->end_column);
    }
    json_writer_string_member(writer, STR("severity"), is_error ? STR("ERROR") : STR("WARNING"));
    json_writer_string_member(writer, STR("code"), finding->code);
    json_writer_string_member(writer, STR("message"), first_part(finding->message));
    if (finding->location.data != NULL)
        json_writer_string_member(writer, STR("location"), finding->location);
    if (finding->resource.data != NULL)
        json_writer_string_member(writer, STR("resource"), finding->resource);
    if (finding->help.data != NULL) json_writer_string_member(writer, STR("help"), finding->help);
    json_writer_end_object(writer);
}

// ---------------------------------------------------------------------------------------------
// Of a definition

// What people most often mean where JSON is malformed.
static struct str syntax_help(struct str text, size_t offset)
{
    struct str rest = str_skip(text, offset);
    size_t before = offset < text.size ? offset : text.size;
    while (before > 0 && strchr(" \t\r\n", text.data[before - 1]) != NULL)
        before--;
    char last = before > 0 ? text.data[before - 1] : '\0';
    char here = rest.size > 0 ? rest.data[0] : '\0';
    if ((here == '}' || here == ']') && last == ',')
        return STR("remove the comma before it: JSON has none at the end of a list");
    if (here == '/' || here == '#') return STR("JSON has no comments: use \"Comment\" fields");
    if (here == '\'') return STR("strings stand in double quotes");
    if (here == '"' && (last == '"' || last == '}' || last == ']'))
        return STR("a comma is missing before it");
    if (str_starts_with(rest, STR("True")) || str_starts_with(rest, STR("False")))
        return STR("true and false are written in lower case");
    if (rest.size == 0) return STR("the text ends too early: is a bracket or a quote missing?");
    return (struct str){0};
}

struct finding finding_of_diagnostic(const struct source *source,
                                     const struct asl_diagnostic *diagnostic, struct str resource)
{
    struct finding finding = {
        .severity = diagnostic->severity,
        .code = diagnostic->code,
        .message = diagnostic->message,
        .help = diagnostic->help,
        .location = diagnostic->location,
        .resource = resource,
        .has_span = diagnostic->offset != SIZE_MAX,
    };
    bool is_syntax = str_is(diagnostic->code, "INVALID_JSON_DESCRIPTION");
    if (is_syntax) { // Its location says the place in the service's way.
        finding.location.data = NULL;
        finding.help = syntax_help(source->text, diagnostic->offset);
    }
    if (finding.has_span) {
        finding.span = is_syntax ? source_find(source, diagnostic->offset)
                                 : source_find_token(source, diagnostic->offset);
    }
    return finding;
}

// ---------------------------------------------------------------------------------------------
// The whole

void report_begin(struct report *report, bool is_json, bool has_colour)
{
    *report = (struct report){.is_json = is_json, .has_colour = has_colour && !is_json};
    buffer_init(&report->text, REPORT_SIZE_MAX);
    if (!is_json) return;
    json_writer_init(&report->writer, &report->text);
    json_writer_begin_object(&report->writer);
    json_writer_name(&report->writer, STR("diagnostics"));
    json_writer_begin_array(&report->writer);
}

void report_add(struct report *report, struct str name, struct str file,
                const struct finding *finding)
{
    struct source_position position = {0};
    if (finding->has_span) position = source_locate(file, finding->span);
    if (finding->severity == ASL_SEVERITY_ERROR)
        report->error_count++;
    else
        report->warning_count++;
    if (report->is_json)
        add_json(report, name, finding, &position);
    else
        add_text(report, name, finding, &position);
}

void report_end(struct report *report)
{
    size_t errors = report->error_count, warnings = report->warning_count;
    if (report->is_json) {
        json_writer_end_array(&report->writer);
        json_writer_integer_member(&report->writer, STR("files"), (int64_t)report->file_count);
        json_writer_integer_member(&report->writer, STR("errors"), (int64_t)errors);
        json_writer_integer_member(&report->writer, STR("warnings"), (int64_t)warnings);
        json_writer_end_object(&report->writer);
        buffer_append_byte(&report->text, '\n');
        return;
    }
    buffer_printf(&report->text, "%zu file%s checked: ", report->file_count,
                  report->file_count == 1 ? "" : "s");
    set_colour(report, errors > 0 ? RED : warnings > 0 || report->file_count == 0 ? YELLOW : GREEN);
    if (report->file_count == 0) {
        buffer_append_str(&report->text, STR("nothing could be read"));
    } else if (errors == 0 && warnings == 0) {
        buffer_append_str(&report->text, STR("nothing to complain about"));
    } else {
        buffer_printf(&report->text, "%zu error%s, %zu warning%s", errors, errors == 1 ? "" : "s",
                      warnings, warnings == 1 ? "" : "s");
    }
    set_colour(report, PLAIN);
    buffer_append_byte(&report->text, '\n');
}

bool report_flush(struct report *report)
{
    if (report->text.size == 0 && !report->text.is_failed) return true;
    bool is_written = !report->text.is_failed &&
                      fwrite(report->text.data, 1, report->text.size, stdout) == report->text.size;
    // The text of one JSON document is kept together.
    buffer_clear(&report->text);
    return is_written && fflush(stdout) == 0;
}

void report_release(struct report *report)
{
    buffer_release(&report->text);
}
