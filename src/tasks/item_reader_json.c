// JSON: down to the array that the pointer names, then its items one by one.
//
// The end of a value is found by its brackets and quotes alone, so that it can be looked for in
// pieces; items are then parsed as a whole. What lies beside the way is skipped without being kept
// or checked, and so is all that follows the array.

#include <assert.h>
#include <string.h>

#include "tasks/item_reader_private.h"

enum { NAME_ARENA_SIZE_MAX = 2 * ITEM_READER_ITEM_SIZE_MAX };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool ends_scalar(char c)
{
    return is_blank(c) || c == ',' || c == ']' || c == '}' || c == ':';
}

// Look at one more byte of a value. Returns whether it is the value's last one.
static bool scan_byte(struct json_scan *scan, char c)
{
    if (scan->is_in_string) {
        if (scan->is_escaped) {
            scan->is_escaped = false;
        } else if (c == '\\') {
            scan->is_escaped = true;
        } else if (c == '"') {
            scan->is_in_string = false;
            return scan->depth == 0;
        }
        return false;
    }
    if (c == '"') {
        scan->is_in_string = true;
    } else if (c == '{' || c == '[') {
        scan->depth++;
    } else if (scan->depth == 0) {
        scan->is_scalar = true;
    } else if (c == '}' || c == ']') {
        return --scan->depth == 0;
    }
    return false;
}

// Go on looking for the end of a value. Returns how many bytes of `text` are the value's.
static size_t scan_value(struct json_scan *scan, struct str text, bool is_last, bool *ret_is_ended)
{
    size_t i = 0;
    *ret_is_ended = false;
    while (i < text.size && !*ret_is_ended) {
        char c = text.data[i];
        if ((scan->is_scalar || !scan->is_begun) && ends_scalar(c)) {
            *ret_is_ended = true; // Without a byte when something else stands in its place.
            return i;
        }
        scan->is_begun = true;
        *ret_is_ended = scan_byte(scan, c);
        i++;
    }
    if (is_last && scan->is_scalar) *ret_is_ended = true;
    return i;
}

// The value at the front of the rest, kept as a whole. STATUS_NOT_FOUND when it has not ended.
static enum status take_value(struct item_reader *reader, struct str *ret_text)
{
    struct json_items_reader *json = &reader->json;
    struct str rest = item_reader_rest(reader);
    bool is_ended;
    json->scanned +=
        scan_value(&json->scan, str_skip(rest, json->scanned), reader->is_last, &is_ended);
    if (json->scanned > ITEM_READER_ITEM_SIZE_MAX)
        return item_reader_fail(reader, "An item is larger than 8 MB.");
    if (!is_ended) return STATUS_NOT_FOUND;
    *ret_text = str_slice(rest, 0, json->scanned);
    reader->offset += json->scanned;
    json->scanned = 0;
    json->scan = (struct json_scan){0};
    return STATUS_OK;
}

static enum status skip_value(struct item_reader *reader)
{
    struct json_items_reader *json = &reader->json;
    bool is_ended;
    reader->offset += scan_value(&json->scan, item_reader_rest(reader), reader->is_last, &is_ended);
    if (!is_ended) return STATUS_NOT_FOUND;
    json->scan = (struct json_scan){0};
    json->place = JSON_BEHIND_SKIPPED;
    return STATUS_OK;
}

static enum status fail_missing(struct item_reader *reader)
{
    return item_reader_fail(reader, "Attempting to map over non-iterable node.");
}

static enum status fail_unexpected(struct item_reader *reader)
{
    struct str rest = item_reader_rest(reader);
    return item_reader_fail(reader, "The object is not valid JSON: unexpected byte 0x%02X at %llu.",
                            (unsigned char)rest.data[0],
                            (unsigned long long)(reader->dropped + reader->offset));
}

// ---------------------------------------------------------------------------------------------
// The way to the array. Each function looks at what stands at the front of the rest, which is no
// blank; STATUS_OK means: go on.

static enum status enter_value(struct item_reader *reader, char c)
{
    struct json_items_reader *json = &reader->json;
    bool is_there = json->level == json->token_count;
    if (c != '[' && (is_there || c != '{')) return fail_missing(reader);
    reader->offset++;
    json->element = 0;
    if (is_there) {
        json->place = JSON_AT_FIRST_ITEM;
    } else {
        json->place = c == '{' ? JSON_AT_FIRST_NAME : JSON_AT_FIRST_ELEMENT;
    }
    return STATUS_OK;
}

static enum status follow_name(struct item_reader *reader, char c)
{
    struct json_items_reader *json = &reader->json;
    if (c == '}' && json->place == JSON_AT_FIRST_NAME) return fail_missing(reader);
    if (c != '"') return fail_unexpected(reader);
    struct str text;
    enum status status = take_value(reader, &text);
    if (status != STATUS_OK) return status;
    struct arena CLEANUP(arena_release) scratch;
    struct json name;
    arena_init(&scratch, NAME_ARENA_SIZE_MAX);
    status = item_reader_parse(reader, text, &scratch, &name);
    if (status != STATUS_OK) return status;
    json->is_skipping_object = !str_equal(json_str(&name), json->tokens[json->level]);
    json->place = JSON_AT_COLON;
    return STATUS_OK;
}

static enum status pass_colon(struct item_reader *reader, char c)
{
    struct json_items_reader *json = &reader->json;
    if (c != ':') return fail_unexpected(reader);
    reader->offset++;
    if (json->is_skipping_object) {
        json->place = JSON_IN_SKIPPED;
        return STATUS_OK;
    }
    json->level++;
    json->place = JSON_AT_VALUE;
    return STATUS_OK;
}

static enum status follow_element(struct item_reader *reader, char c)
{
    struct json_items_reader *json = &reader->json;
    struct str token = json->tokens[json->level];
    uint64_t wanted;
    bool is_index = str_to_u64(token, &wanted) && (token.size == 1 || token.data[0] != '0');
    if (!is_index || (c == ']' && json->place == JSON_AT_FIRST_ELEMENT))
        return fail_missing(reader);
    json->is_skipping_object = false;
    if (json->element++ == wanted) {
        json->level++;
        json->place = JSON_AT_VALUE;
    } else {
        json->place = JSON_IN_SKIPPED;
    }
    return STATUS_OK;
}

static enum status pass_comma(struct item_reader *reader, char c)
{
    struct json_items_reader *json = &reader->json;
    bool is_object = json->is_skipping_object;
    if (c == (is_object ? '}' : ']')) return fail_missing(reader);
    if (c != ',') return fail_unexpected(reader);
    reader->offset++;
    json->place = is_object ? JSON_AT_NAME : JSON_AT_ELEMENT;
    return STATUS_OK;
}

static enum status pass_item_comma(struct item_reader *reader, char c)
{
    if (c != ',' && c != ']') return fail_unexpected(reader);
    reader->offset++;
    reader->is_done = c == ']';
    reader->json.place = JSON_AT_ITEM;
    return STATUS_OK;
}

static enum status go_on(struct item_reader *reader, char c)
{
    switch (reader->json.place) {
    case JSON_AT_VALUE: return enter_value(reader, c);
    case JSON_AT_FIRST_NAME:
    case JSON_AT_NAME: return follow_name(reader, c);
    case JSON_AT_COLON: return pass_colon(reader, c);
    case JSON_AT_FIRST_ELEMENT:
    case JSON_AT_ELEMENT: return follow_element(reader, c);
    case JSON_IN_SKIPPED: return skip_value(reader);
    case JSON_BEHIND_SKIPPED: return pass_comma(reader, c);
    case JSON_BEHIND_ITEM: return pass_item_comma(reader, c);
    case JSON_AT_FIRST_ITEM:
    case JSON_AT_ITEM: break;
    }
    assert(false);
    return STATUS_CORRUPT;
}

// ---------------------------------------------------------------------------------------------

// Within a string, blanks belong to the value.
static void skip_blanks(struct item_reader *reader)
{
    if (reader->json.scan.is_begun) return;
    struct str rest = item_reader_rest(reader);
    size_t count = 0;
    while (count < rest.size && is_blank(rest.data[count]))
        count++;
    reader->offset += count;
}

enum status json_items_reader_next(struct item_reader *reader, struct arena *arena,
                                   struct json *ret_item, size_t *ret_size)
{
    struct json_items_reader *json = &reader->json;
    enum status status = STATUS_OK;
    while (!reader->is_done) {
        skip_blanks(reader);
        struct str rest = item_reader_rest(reader);
        bool is_at_item = json->place == JSON_AT_ITEM || json->place == JSON_AT_FIRST_ITEM;
        if (rest.size == 0) {
            status = STATUS_NOT_FOUND;
        } else if (json->place == JSON_AT_FIRST_ITEM && rest.data[0] == ']') {
            reader->is_done = true;
            break;
        } else if (is_at_item) {
            struct str text;
            status = take_value(reader, &text);
            if (status == STATUS_OK) {
                *ret_size = text.size;
                json->place = JSON_BEHIND_ITEM;
                return item_reader_parse(reader, text, arena, ret_item);
            }
        } else {
            status = go_on(reader, rest.data[0]);
        }
        if (status == STATUS_NOT_FOUND && reader->is_last)
            return item_reader_fail(reader, "The object ends before the array of items does.");
        if (status != STATUS_OK) return status;
    }
    return STATUS_NOT_FOUND;
}

// "~1" stands for '/', "~0" for '~' (RFC 6901, section 4).
static bool unescape_token(struct arena *arena, struct str text, struct str *ret_token)
{
    char *bytes = arena_alloc(arena, text.size);
    size_t size = 0;
    if (bytes == NULL) return false;
    for (size_t i = 0; i < text.size; i++) {
        bool is_escaped = text.data[i] == '~' && i + 1 < text.size;
        if (is_escaped) i++;
        bool is_known = text.data[i] == '0' || text.data[i] == '1';
        if (is_escaped && !is_known) return false;
        bytes[size] = text.data[i];
        if (is_escaped) bytes[size] = text.data[i] == '0' ? '~' : '/';
        size++;
    }
    *ret_token = (struct str){bytes, size};
    return true;
}

enum status json_items_reader_init(struct item_reader *reader, struct str pointer,
                                   struct str *reterr_cause)
{
    struct json_items_reader *json = &reader->json;
    if (pointer.size == 0) return STATUS_OK;
    *reterr_cause = STR("field ItemsPointer must be a JSON Pointer");
    if (pointer.data[0] != '/') return STATUS_INVALID;
    pointer = str_skip(pointer, 1);
    while (pointer.data != NULL) {
        struct str token = str_cut(&pointer, '/');
        if (json->token_count == POINTER_TOKENS_MAX ||
            !unescape_token(&reader->arena, token, &json->tokens[json->token_count])) {
            return STATUS_INVALID;
        }
        json->token_count++;
    }
    return STATUS_OK;
}
