// One recursive walk each way.

#include "api/cbor.h"

#include <math.h>
#include <string.h>

#include "base/encoding.h"

enum major {
    MAJOR_UNSIGNED,
    MAJOR_NEGATIVE,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE,
};

enum {
    INFO_INDEFINITE = 31,
    SIMPLE_FALSE = 20,
    SIMPLE_TRUE = 21,
    SIMPLE_NULL = 22,
    SIMPLE_UNDEFINED = 23,
    SIMPLE_HALF = 25,
    SIMPLE_FLOAT = 26,
    SIMPLE_DOUBLE = 27,
    BREAK = 0xff,
    TAG_TIME = 0xc1,
};

// ---------------------------------------------------------------------------------------------
// Decoding

struct decoding {
    struct arena *arena;
    struct str rest;
};

struct head {
    enum major major;
    uint8_t info;
    uint64_t argument; // Meaningless when info is INFO_INDEFINITE.
};

static bool take_head(struct decoding *decoding, struct head *ret_head)
{
    if (decoding->rest.size == 0) return false;
    uint8_t byte = (uint8_t)decoding->rest.data[0];
    decoding->rest = str_skip(decoding->rest, 1);
    *ret_head = (struct head){.major = byte >> 5, .info = byte & 31, .argument = byte & 31};
    if (ret_head->info < 24 || ret_head->info == INFO_INDEFINITE) return true;
    if (ret_head->info > 27) return false;
    size_t size = (size_t)1 << (ret_head->info - 24);
    if (decoding->rest.size < size) return false;
    ret_head->argument = 0;
    for (size_t i = 0; i < size; i++)
        ret_head->argument = ret_head->argument << 8 | (uint8_t)decoding->rest.data[i];
    decoding->rest = str_skip(decoding->rest, size);
    return true;
}

static bool take_break(struct decoding *decoding)
{
    if (decoding->rest.size == 0 || (uint8_t)decoding->rest.data[0] != BREAK) return false;
    decoding->rest = str_skip(decoding->rest, 1);
    return true;
}

static bool set_number(double number, struct json *ret_value)
{
    if (!isfinite(number)) return false;
    *ret_value = json_from_real(number);
    return true;
}

static bool decode_simple(const struct head *head, struct json *ret_value)
{
    double wide;
    float narrow;
    uint32_t bits = (uint32_t)head->argument;
    switch (head->info) {
    case SIMPLE_FALSE: *ret_value = json_false; return true;
    case SIMPLE_TRUE: *ret_value = json_true; return true;
    case SIMPLE_NULL:
    case SIMPLE_UNDEFINED: *ret_value = json_null; return true;
    case SIMPLE_HALF: {
        int exponent = (int)(bits >> 10 & 31), mantissa = (int)(bits & 1023);
        if (exponent == 31) return false;
        double size = exponent == 0 ? ldexp(mantissa, -24) : ldexp(mantissa + 1024, exponent - 25);
        return set_number((bits & 0x8000) != 0 ? -size : size, ret_value);
    }
    case SIMPLE_FLOAT:
        memcpy(&narrow, &bits, sizeof(narrow));
        return set_number((double)narrow, ret_value);
    case SIMPLE_DOUBLE:
        memcpy(&wide, &head->argument, sizeof(wide));
        return set_number(wide, ret_value);
    default: return false;
    }
}

static bool take_piece(struct decoding *decoding, const struct head *head, struct str *ret_piece)
{
    if (head->info == INFO_INDEFINITE || head->argument > decoding->rest.size) return false;
    *ret_piece = str_slice(decoding->rest, 0, (size_t)head->argument);
    decoding->rest = str_skip(decoding->rest, (size_t)head->argument);
    return true;
}

// Text or bytes; one of indefinite length is a sequence of pieces.
static bool decode_text(struct decoding *decoding, const struct head *head, struct json *ret_value)
{
    struct str text;
    if (head->info != INFO_INDEFINITE) {
        if (!take_piece(decoding, head, &text)) return false;
    } else {
        char *bytes = arena_alloc(decoding->arena, decoding->rest.size);
        size_t size = 0;
        if (bytes == NULL) return false;
        while (!take_break(decoding)) {
            struct head piece_head;
            if (!take_head(decoding, &piece_head) || piece_head.major != head->major ||
                !take_piece(decoding, &piece_head, &text)) {
                return false;
            }
            if (text.size > 0) memcpy(bytes + size, text.data, text.size);
            size += text.size;
        }
        text = (struct str){bytes, size};
    }
    *ret_value = json_from_str(text);
    return encoding_utf8_check(text) == SIZE_MAX; // Of bytes too: values are text.
}

static bool decode_value(struct decoding *decoding, unsigned depth, struct json *ret_value);

// Whether another item follows; counts down those of definite length.
static bool has_more(struct decoding *decoding, const struct head *head, uint64_t *left)
{
    if (head->info == INFO_INDEFINITE) return !take_break(decoding);
    if (*left == 0) return false;
    --*left;
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static bool decode_array(struct decoding *decoding, const struct head *head, unsigned depth,
                         struct json *ret_value)
{
    struct json_items items;
    uint64_t left = head->argument;
    json_items_init(&items, decoding->arena);
    while (has_more(decoding, head, &left)) {
        struct json item;
        if (!decode_value(decoding, depth, &item)) return false;
        json_items_append(&items, item);
    }
    *ret_value = json_items_finish(&items);
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static bool decode_map(struct decoding *decoding, const struct head *head, unsigned depth,
                       struct json *ret_value)
{
    struct json_members members;
    uint64_t left = head->argument;
    json_members_init(&members, decoding->arena);
    while (has_more(decoding, head, &left)) {
        struct json name, value;
        if (!decode_value(decoding, depth, &name) || !json_is_string(&name) ||
            !decode_value(decoding, depth, &value)) {
            return false;
        }
        json_members_set(&members, json_str(&name), value);
    }
    *ret_value = json_members_finish(&members);
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by `depth`.
static bool decode_value(struct decoding *decoding, unsigned depth, struct json *ret_value)
{
    struct head head;
    if (depth == 0 || decoding->arena->is_exhausted || !take_head(decoding, &head)) return false;
    bool is_definite = head.info != INFO_INDEFINITE;
    switch (head.major) {
    case MAJOR_UNSIGNED:
    case MAJOR_NEGATIVE:
        if (!is_definite || head.argument > INT64_MAX) return false;
        *ret_value = json_from_integer(head.major == MAJOR_UNSIGNED ? (int64_t)head.argument
                                                                    : -1 - (int64_t)head.argument);
        return true;
    case MAJOR_BYTES:
    case MAJOR_TEXT: return decode_text(decoding, &head, ret_value);
    case MAJOR_ARRAY: return decode_array(decoding, &head, depth - 1, ret_value);
    case MAJOR_MAP: return decode_map(decoding, &head, depth - 1, ret_value);
    case MAJOR_TAG: return is_definite && decode_value(decoding, depth - 1, ret_value);
    case MAJOR_SIMPLE: return decode_simple(&head, ret_value);
    }
    return false;
}

enum status cbor_decode(struct arena *arena, struct str bytes, struct json *ret_value)
{
    struct decoding decoding = {.arena = arena, .rest = bytes};
    struct json value;
    bool is_good = decode_value(&decoding, CBOR_DEPTH_MAX, &value) && decoding.rest.size == 0;
    if (arena->is_exhausted) return STATUS_NO_MEMORY;
    if (!is_good) return STATUS_INVALID;
    *ret_value = value;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Encoding

static void put_head(struct buffer *buffer, enum major major, uint64_t argument)
{
    unsigned size = argument < 24            ? 0
                    : argument <= UINT8_MAX  ? 1
                    : argument <= UINT16_MAX ? 2
                    : argument <= UINT32_MAX ? 4
                                             : 8;
    unsigned info = size == 0   ? (unsigned)argument
                    : size == 1 ? 24
                    : size == 2 ? 25
                    : size == 4 ? 26
                                : 27;
    buffer_append_byte(buffer, (char)((unsigned)major << 5 | info));
    for (unsigned i = size; i > 0; i--)
        buffer_append_byte(buffer, (char)(argument >> (8 * (i - 1))));
}

static void put_real(struct buffer *buffer, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof(bits));
    buffer_append_byte(buffer, (char)(MAJOR_SIMPLE << 5 | SIMPLE_DOUBLE));
    for (unsigned i = 8; i > 0; i--)
        buffer_append_byte(buffer, (char)(bits >> (8 * (i - 1))));
}

static void encode(struct buffer *buffer, const struct json *value, bool is_time);

// NOLINTNEXTLINE(misc-no-recursion): as deep as the answers of this program.
static void encode_object(struct buffer *buffer, const struct json *object)
{
    put_head(buffer, MAJOR_MAP, object->size);
    for (uint32_t i = 0; i < object->size; i++) {
        const struct json_member *member = &object->members[i];
        struct str name = json_str(&member->name);
        encode(buffer, &member->name, false);
        encode(buffer, &member->value, str_is(name, "Timestamp") || str_is(name, "Timestamps"));
    }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the answers of this program.
static void encode(struct buffer *buffer, const struct json *value, bool is_time)
{
    switch ((enum json_type)value->type) {
    case JSON_NULL: buffer_append_byte(buffer, (char)(MAJOR_SIMPLE << 5 | SIMPLE_NULL)); return;
    case JSON_FALSE: buffer_append_byte(buffer, (char)(MAJOR_SIMPLE << 5 | SIMPLE_FALSE)); return;
    case JSON_TRUE: buffer_append_byte(buffer, (char)(MAJOR_SIMPLE << 5 | SIMPLE_TRUE)); return;
    case JSON_INTEGER:
        if (is_time) buffer_append_byte(buffer, (char)TAG_TIME);
        if (value->integer >= 0) {
            put_head(buffer, MAJOR_UNSIGNED, (uint64_t)value->integer);
        } else {
            put_head(buffer, MAJOR_NEGATIVE, (uint64_t)(-1 - value->integer));
        }
        return;
    case JSON_REAL:
    case JSON_NUMBER_TEXT:
        if (is_time) buffer_append_byte(buffer, (char)TAG_TIME);
        put_real(buffer, json_to_real(value));
        return;
    case JSON_STRING:
        put_head(buffer, MAJOR_TEXT, value->size);
        buffer_append_str(buffer, json_str(value));
        return;
    case JSON_ARRAY:
        put_head(buffer, MAJOR_ARRAY, value->size);
        for (uint32_t i = 0; i < value->size; i++)
            encode(buffer, &value->items[i], is_time);
        return;
    case JSON_OBJECT: encode_object(buffer, value); return;
    }
}

void cbor_encode(struct buffer *buffer, const struct json *value)
{
    encode(buffer, value, false);
}
