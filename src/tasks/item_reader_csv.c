// CSV: records of cells, in the service's dialect of RFC 4180.
//
//     Strings that are enclosed by double quotation marks can contain commas and newlines without
//     acting as record delimiters. You can preserve double quotes by repeating them. Backslashes
//     are another way to escape special characters: they only work with other backslashes, double
//     quotation marks, and the configured field separator. A backslash followed by any other
//     character is silently removed.                   [Developer Guide, ItemReader, CSV parsing]
//
// Cells are collected byte by byte, so a record may arrive in pieces. Bytes that are not UTF-8
// become U+FFFD, as wherever the service reads text.

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "tasks/item_reader_private.h"

enum {
    ORDER_SLOTS_MIN = 16,
    REPLACEMENT_SIZE = 3,
};

// ---------------------------------------------------------------------------------------------
// Headers

// Java's String.hashCode, over UTF-16 units.
static uint32_t java_hash(struct str text)
{
    uint32_t hash = 0;
    while (text.size > 0) {
        uint32_t point = encoding_utf8_take(&text);
        if (point >= 0x10000) {
            hash = hash * 31 + (0xD800 + ((point - 0x10000) >> 10));
            point = 0xDC00 + ((point - 0x10000) & 0x3FF);
        }
        hash = hash * 31 + point;
    }
    return hash ^ (hash >> 16);
}

// Items show their members in the order of the hash table that the service keeps them in, which
// texts made of them show in turn.
static bool make_order(struct csv_reader *csv, struct arena *arena)
{
    uint32_t slots = ORDER_SLOTS_MIN, filled = 0;
    while (csv->header_count > slots / 4 * 3)
        slots *= 2;
    uint32_t *counts = arena_alloc_zeroed(arena, (slots + 1) * sizeof(*counts));
    uint32_t *homes = arena_alloc_array(arena, csv->header_count, sizeof(*homes));
    csv->order = arena_alloc_array(arena, csv->header_count, sizeof(*csv->order));
    if (counts == NULL || homes == NULL || csv->order == NULL) return false;
    for (uint32_t i = 0; i < csv->header_count; i++) {
        homes[i] = java_hash(csv->headers[i]) & (slots - 1);
        counts[homes[i] + 1]++;
    }
    for (uint32_t i = 0; i < slots; i++)
        counts[i + 1] += counts[i];
    for (uint32_t i = 0; i < csv->header_count; i++) {
        csv->order[counts[homes[i]]++] = i;
        filled++;
    }
    assert(filled == csv->header_count);
    return true;
}

static int compare_headers(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static bool has_duplicates(struct arena *arena, const struct csv_reader *csv)
{
    struct str *sorted = arena_alloc_array(arena, csv->header_count, sizeof(*sorted));
    if (sorted == NULL) return false;
    memcpy(sorted, csv->headers, csv->header_count * sizeof(*sorted));
    qsort(sorted, csv->header_count, sizeof(*sorted), compare_headers);
    for (uint32_t i = 1; i < csv->header_count; i++) {
        if (str_equal(sorted[i - 1], sorted[i])) return true;
    }
    return false;
}

// NULL data: all is well.
static struct str check_headers(struct arena *arena, const struct csv_reader *csv)
{
    size_t size = 0;
    for (uint32_t i = 0; i < csv->header_count; i++)
        size += csv->headers[i].size;
    if (size > ITEM_READER_HEADERS_SIZE_MAX) return STR("CSV headers cannot exceed 10 KiB.");
    if (has_duplicates(arena, csv)) return STR("CSV headers cannot contain duplicates.");
    return (struct str){0};
}

// ---------------------------------------------------------------------------------------------
// Cells

// A well-formed copy.
static bool copy_text(struct arena *arena, struct str text, struct str *ret_copy)
{
    size_t bad = encoding_utf8_check(text);
    if (bad == SIZE_MAX) return arena_copy_str(arena, text, ret_copy);
    char *bytes = arena_alloc(arena, text.size * REPLACEMENT_SIZE);
    size_t size = 0;
    if (bytes == NULL) return false;
    while (text.size > 0) {
        size_t good = bad == SIZE_MAX ? text.size : bad;
        memcpy(bytes + size, text.data, good);
        size += good;
        text = str_skip(text, good);
        if (text.size == 0) break;
        size += encoding_utf8_put(0xFFFD, bytes + size);
        text = str_skip(text, 1);
        bad = encoding_utf8_check(text);
    }
    arena_trim(arena, bytes, size);
    *ret_copy = (struct str){bytes, size};
    return true;
}

static uint32_t cell_count(const struct csv_reader *csv)
{
    return (uint32_t)(csv->ends.size / sizeof(size_t));
}

// Cells beyond the last are empty.
static struct str find_cell(const struct csv_reader *csv, uint32_t index)
{
    size_t start = 0, end = 0;
    if (index >= cell_count(csv)) return STR("");
    if (index > 0) memcpy(&start, csv->ends.data + (index - 1) * sizeof(start), sizeof(start));
    memcpy(&end, csv->ends.data + index * sizeof(end), sizeof(end));
    return str_slice(buffer_str(&csv->cells), start, end - start);
}

static void end_cell(struct csv_reader *csv)
{
    size_t end = csv->cells.size;
    buffer_append(&csv->ends, &end, sizeof(end));
    csv->place = CSV_AT_START;
}

// Look at one more byte. Returns whether it ended a record.
static bool take_byte(struct csv_reader *csv, char c)
{
    bool is_line_end = c == '\n' || c == '\r';
    csv->record_size++;
    if (csv->is_escaped) {
        csv->is_escaped = false;
        if (c == '\\' || c == '"' || c == csv->delimiter) {
            buffer_append_byte(&csv->cells, c);
            return false;
        }
    } else if (c == '\\') {
        if (csv->place != CSV_QUOTED) csv->place = CSV_UNQUOTED;
        csv->is_escaped = csv->has_content = true;
        return false;
    }
    if (csv->place == CSV_QUOTED) {
        if (c == '"') csv->place = CSV_BEHIND_QUOTE;
        if (c != '"') buffer_append_byte(&csv->cells, c);
        return false;
    }
    if (c == '"' && csv->place != CSV_UNQUOTED) { // A second quote stands for itself.
        if (csv->place == CSV_BEHIND_QUOTE) buffer_append_byte(&csv->cells, c);
        csv->place = CSV_QUOTED;
        csv->has_content = true;
        return false;
    }
    if (is_line_end || c == csv->delimiter) {
        csv->has_content |= !is_line_end;
        end_cell(csv);
        return is_line_end;
    }
    buffer_append_byte(&csv->cells, c);
    csv->place = CSV_UNQUOTED;
    csv->has_content = true;
    return false;
}

static void start_record(struct csv_reader *csv)
{
    buffer_clear(&csv->cells);
    buffer_clear(&csv->ends);
    csv->place = CSV_AT_START;
    csv->is_escaped = csv->has_content = false;
    csv->record_size = 0;
}

// ---------------------------------------------------------------------------------------------

static bool reserve_headers(struct csv_reader *csv, struct arena *arena, uint32_t count)
{
    csv->headers = arena_alloc_array(arena, count, sizeof(*csv->headers));
    csv->header_count = count;
    return csv->headers != NULL;
}

static enum status take_headers(struct item_reader *reader)
{
    struct csv_reader *csv = &reader->csv;
    uint32_t count = cell_count(csv);
    if (csv->cells.size > ITEM_READER_HEADERS_SIZE_MAX || count > ITEM_READER_HEADERS_MAX)
        return item_reader_fail(reader, "CSV headers cannot exceed 10 KiB.");
    if (!reserve_headers(csv, &reader->arena, count)) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        if (!copy_text(&reader->arena, find_cell(csv, i), &csv->headers[i]))
            return STATUS_NO_MEMORY;
    }
    struct str cause = check_headers(&reader->arena, csv);
    if (cause.data != NULL) return item_reader_fail(reader, "%s", cause.data);
    csv->needs_headers = false;
    return make_order(csv, &reader->arena) ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status make_item(struct csv_reader *csv, struct arena *arena, struct json *ret_item)
{
    struct json_members members;
    json_members_init(&members, arena);
    for (uint32_t i = 0; i < csv->header_count; i++) {
        struct str text;
        uint32_t index = csv->order[i];
        if (!copy_text(arena, find_cell(csv, index), &text)) return STATUS_NO_MEMORY;
        // Headers are few and live as long as the reader only, items longer.
        struct str name;
        if (!arena_copy_str(arena, csv->headers[index], &name)) return STATUS_NO_MEMORY;
        json_members_append(&members, name, json_from_str(text));
    }
    *ret_item = json_members_finish(&members);
    return arena->is_exhausted ? STATUS_NO_MEMORY : STATUS_OK;
}

// Take bytes up to the end of a record that holds something. STATUS_NOT_FOUND when they do not
// suffice.
static enum status next_record(struct item_reader *reader)
{
    struct csv_reader *csv = &reader->csv;
    struct str rest = item_reader_rest(reader);
    for (size_t i = 0; i < rest.size; i++) {
        char c = rest.data[i];
        bool is_second = csv->is_behind_return && c == '\n';
        csv->is_behind_return = c == '\r' && csv->place != CSV_QUOTED;
        if (is_second || !take_byte(csv, c)) continue;
        if (csv->has_content) {
            reader->offset += i + 1;
            return STATUS_OK;
        }
        start_record(csv);
    }
    reader->offset += rest.size;
    if (csv->record_size > ITEM_READER_ITEM_SIZE_MAX)
        return item_reader_fail(reader, "An item is larger than 8 MB.");
    if (!reader->is_last) return STATUS_NOT_FOUND;
    if (csv->has_content) { // The last line need not end.
        end_cell(csv);
        return STATUS_OK;
    }
    reader->is_done = true;
    return STATUS_NOT_FOUND;
}

enum status csv_reader_next(struct item_reader *reader, struct arena *arena, struct json *ret_item,
                            size_t *ret_size)
{
    struct csv_reader *csv = &reader->csv;
    for (;;) {
        enum status status = next_record(reader);
        if (csv->cells.is_failed || csv->ends.is_failed)
            return item_reader_fail(reader, "An item is larger than 8 MB.");
        if (status != STATUS_OK) return status;
        bool is_header = csv->needs_headers;
        *ret_size = csv->record_size;
        status = is_header ? take_headers(reader) : make_item(csv, arena, ret_item);
        start_record(csv);
        if (status != STATUS_OK || !is_header) return status;
    }
}

static enum status take_given_headers(struct item_reader *reader, const struct json *headers,
                                      struct str *reterr_cause)
{
    struct csv_reader *csv = &reader->csv;
    *reterr_cause = STR("field CSVHeaders must be an array of strings");
    if (!json_is_array(headers) || headers->size == 0) return STATUS_INVALID;
    if (headers->size > ITEM_READER_HEADERS_MAX) {
        *reterr_cause = STR("CSV headers cannot exceed 10 KiB.");
        return STATUS_INVALID;
    }
    if (!reserve_headers(csv, &reader->arena, headers->size)) return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < headers->size; i++) {
        if (!json_is_string(&headers->items[i])) return STATUS_INVALID;
        if (!arena_copy_str(&reader->arena, json_str(&headers->items[i]), &csv->headers[i]))
            return STATUS_NO_MEMORY;
    }
    struct str cause = check_headers(&reader->arena, csv);
    if (cause.data != NULL) {
        *reterr_cause = cause;
        return STATUS_INVALID;
    }
    return make_order(csv, &reader->arena) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status csv_reader_init(struct item_reader *reader, const struct item_reader_options *options,
                            struct str *reterr_cause)
{
    struct csv_reader *csv = &reader->csv;
    buffer_init(&csv->cells, ITEM_READER_ITEM_SIZE_MAX);
    buffer_init(&csv->ends, ITEM_READER_ITEM_SIZE_MAX);
    csv->delimiter = options->delimiter == 0 ? ',' : options->delimiter;
    csv->needs_headers = json_is_null(&options->headers);
    if (csv->needs_headers) return STATUS_OK;
    return take_given_headers(reader, &options->headers, reterr_cause);
}

void csv_reader_release(struct csv_reader *csv)
{
    buffer_release(&csv->cells);
    buffer_release(&csv->ends);
}
