// Values are read when compiled; the request's values are read when compared, on the stack.

#include "iam/condition.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "iam/pattern.h"

enum value_reading {
    READ_STRING,
    READ_STRING_IGNORING_CASE,
    READ_STRING_PATTERN,
    READ_ARN_PATTERN,
    READ_NUMBER,
    READ_DATE,
    READ_BOOLEAN,
    READ_BINARY,
    READ_NETWORK,
    READ_PRESENCE,
};

enum value_comparison {
    COMPARE_EQUAL,
    COMPARE_LESS,
    COMPARE_LESS_OR_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_OR_EQUAL,
};

static const struct operator_info {
    struct str name;
    enum value_reading reading;
    enum value_comparison comparison;
    bool is_negated;
} operators[] = {
#define X(name, text, reading, comparison, is_negated)                                             \
    {STR_INIT(text), READ_##reading, COMPARE_##comparison, is_negated},
#include "iam/condition_operator.def"
#undef X
};

// IPv4 addresses as IPv4-mapped IPv6 ones, so that one comparison serves both.
struct network {
    unsigned char address[16];
    uint32_t prefix_bits;
};

union iam_condition_value {
    struct iam_pattern pattern;
    double number;
    int64_t date_unix_ms;
    bool boolean;
    struct str bytes;
    struct network network;
};

// ---------------------------------------------------------------------------------------------
// Reading values

bool iam_condition_parse_operator(struct str text, struct iam_condition *ret_condition)
{
    struct iam_condition condition = {0};
    if (str_starts_with(text, STR("ForAllValues:"))) {
        condition.quantifier = IAM_FOR_ALL_VALUES;
        text = str_skip(text, STR("ForAllValues:").size);
    } else if (str_starts_with(text, STR("ForAnyValue:"))) {
        condition.quantifier = IAM_FOR_ANY_VALUE;
        text = str_skip(text, STR("ForAnyValue:").size);
    }
    if (str_ends_with(text, STR("IfExists"))) {
        condition.is_if_exists = true;
        text = str_slice(text, 0, text.size - STR("IfExists").size);
    }
    for (size_t i = 0; i < ARRAY_COUNT(operators); i++) {
        if (!str_equal_ignoring_case(text, operators[i].name)) continue;
        if (operators[i].reading == READ_PRESENCE && condition.is_if_exists) return false;
        condition.operator=(uint8_t) i;
        *ret_condition = condition;
        return true;
    }
    return false;
}

static bool read_number(struct str text, double *ret_number)
{
    char copy[64];
    if (text.size == 0 || text.size >= sizeof(copy)) return false;
    // Only what a decimal number is made of: strtod() also reads "inf" and hexadecimal.
    for (size_t i = 0; i < text.size; i++) {
        if (strchr("0123456789+-.eE", text.data[i]) == NULL || text.data[i] == '\0') return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    char *end;
    *ret_number = strtod(copy, &end);
    return end == copy + text.size;
}

static bool read_digits(struct str *text, size_t digits, int32_t *ret_value)
{
    uint64_t value;
    if (text->size < digits || !str_to_u64(str_slice(*text, 0, digits), &value)) return false;
    *ret_value = (int32_t)value;
    *text = str_skip(*text, digits);
    return true;
}

static bool take_byte(struct str *text, char byte)
{
    if (text->size == 0 || (text->data[0] | 0x20) != (byte | 0x20)) return false;
    *text = str_skip(*text, 1);
    return true;
}

// "hh:mm", "hh:mm:ss" or "hh:mm:ss.f…" and then nothing, "Z" or an offset.
static bool read_time_of_day(struct str text, int64_t *ret_ms)
{
    int32_t hours, minutes = 0, seconds = 0, offset_hours = 0, offset_minutes = 0;
    int64_t milliseconds = 0;
    if (!read_digits(&text, 2, &hours) || hours > 23) return false;
    if (take_byte(&text, ':') && (!read_digits(&text, 2, &minutes) || minutes > 59)) return false;
    if (take_byte(&text, ':') && (!read_digits(&text, 2, &seconds) || seconds > 59)) return false;
    if (take_byte(&text, '.')) {
        size_t digits = 0;
        for (int64_t unit = 100; digits < text.size; digits++, unit /= 10) {
            char byte = text.data[digits];
            if (byte < '0' || byte > '9') break;
            milliseconds += (byte - '0') * unit;
        }
        if (digits == 0 || digits > 9) return false;
        text = str_skip(text, digits);
    }
    int sign = 0;
    if (text.size > 0 && (text.data[0] == '+' || text.data[0] == '-')) {
        sign = text.data[0] == '+' ? 1 : -1;
        text = str_skip(text, 1);
        if (!read_digits(&text, 2, &offset_hours) || offset_hours > 23) return false;
        if (take_byte(&text, ':') && (!read_digits(&text, 2, &offset_minutes))) return false;
        if (offset_minutes > 59) return false;
    } else if (text.size > 0 && !take_byte(&text, 'Z')) {
        return false;
    }
    *ret_ms = ((hours * 60 + minutes) * 60 + seconds) * INT64_C(1000) + milliseconds -
              sign * (offset_hours * 60 + offset_minutes) * INT64_C(60000);
    return text.size == 0;
}

//     "You must specify date/time values with one of the W3C implementations of the ISO 8601 date
//     formats or in epoch (UNIX) time."  -- IAM User Guide, Date condition operators
//
// Four digits alone are a year.
static bool read_date(struct str text, int64_t *ret_unix_ms)
{
    uint64_t epoch_s;
    if (text.size != 4 && str_to_u64(text, &epoch_s)) {
        if (epoch_s > INT64_MAX) return false;
        *ret_unix_ms = epoch_s > INT64_MAX / 1000 ? INT64_MAX : (int64_t)epoch_s * 1000;
        return true;
    }
    int32_t year, month = 1, day = 1;
    int64_t time_ms = 0;
    if (!read_digits(&text, 4, &year)) return false;
    if (take_byte(&text, '-')) {
        if (!read_digits(&text, 2, &month) || month < 1 || month > 12) return false;
        if (take_byte(&text, '-')) {
            if (!read_digits(&text, 2, &day) || day < 1 || day > 31) return false;
            if (take_byte(&text, 'T')) {
                if (!read_time_of_day(text, &time_ms)) return false;
                text = (struct str){0};
            }
        }
    }
    *ret_unix_ms = clock_days_from_civil(year, month, day) * INT64_C(86400000) + time_ms;
    return text.size == 0;
}

static bool read_boolean(struct str text, bool *ret_boolean)
{
    *ret_boolean = str_equal_ignoring_case(text, STR("true"));
    return *ret_boolean || str_equal_ignoring_case(text, STR("false"));
}

// An address with an optional "/bits".
static bool read_network(struct str text, struct network *ret_network)
{
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    char copy[INET6_ADDRSTRLEN];
    struct str address = str_cut(&text, '/');
    if (address.size == 0 || address.size >= sizeof(copy)) return false;
    memcpy(copy, address.data, address.size);
    copy[address.size] = '\0';
    uint32_t bits_max = 128;
    if (inet_pton(AF_INET, copy, ret_network->address + 12) == 1) {
        memcpy(ret_network->address, mapped, sizeof(mapped));
        bits_max = 32;
    } else if (inet_pton(AF_INET6, copy, ret_network->address) != 1) {
        return false;
    }
    uint64_t bits = bits_max;
    if (text.data != NULL && (!str_to_u64(text, &bits) || bits > bits_max)) return false;
    ret_network->prefix_bits = (uint32_t)bits + 128 - bits_max;
    return true;
}

static bool network_has(const struct network *network, const struct network *address)
{
    size_t bytes = network->prefix_bits / 8;
    uint32_t rest_bits = network->prefix_bits % 8;
    if (memcmp(network->address, address->address, bytes) != 0) return false;
    if (rest_bits == 0) return true;
    int difference = network->address[bytes] ^ address->address[bytes];
    return difference >> (8 - rest_bits) == 0;
}

// ---------------------------------------------------------------------------------------------
// Compiling

static enum iam_pattern_style pattern_style(enum value_reading reading)
{
    if (reading == READ_ARN_PATTERN) return IAM_PATTERN_ARN;
    if (reading == READ_STRING_PATTERN) return IAM_PATTERN_LIKE;
    if (reading == READ_STRING_IGNORING_CASE) return IAM_PATTERN_EQUAL_IGNORING_CASE;
    return IAM_PATTERN_EQUAL;
}

static enum status compile_value(struct arena *arena, enum value_reading reading, struct str text,
                                 bool has_variables, union iam_condition_value *ret_value)
{
    bool is_read = false;
    switch (reading) {
    case READ_STRING:
    case READ_STRING_IGNORING_CASE:
    case READ_STRING_PATTERN:
    case READ_ARN_PATTERN:
        return iam_pattern_compile(arena, text, pattern_style(reading), has_variables,
                                   &ret_value->pattern);
    case READ_NUMBER: is_read = read_number(text, &ret_value->number); break;
    case READ_DATE: is_read = read_date(text, &ret_value->date_unix_ms); break;
    case READ_BOOLEAN:
    case READ_PRESENCE: is_read = read_boolean(text, &ret_value->boolean); break;
    case READ_BINARY: is_read = encoding_base64_decode(arena, text, &ret_value->bytes); break;
    case READ_NETWORK: is_read = read_network(text, &ret_value->network); break;
    }
    return is_read ? STATUS_OK : STATUS_INVALID;
}

// The text of a scalar, as which all operators read their values.
static struct str scalar_text(struct arena *arena, const struct json *value)
{
    return json_is_string(value) ? json_str(value) : json_render_to_arena(arena, value);
}

enum status iam_condition_compile(struct arena *arena, struct iam_condition *condition,
                                  struct str key, const struct json *value, bool has_variables)
{
    const struct json *items = json_is_array(value) ? value->items : value;
    uint32_t count = json_is_array(value) ? value->size : 1;
    union iam_condition_value *values = arena_alloc_array(arena, count, sizeof(*values));
    if (values == NULL || !arena_copy_str(arena, key, &condition->key)) return STATUS_NO_MEMORY;
    enum value_reading reading = operators[condition->operator].reading;
    for (uint32_t i = 0; i < count; i++) {
        enum status status =
            compile_value(arena, reading, scalar_text(arena, &items[i]), has_variables, &values[i]);
        if (arena->is_exhausted) return STATUS_NO_MEMORY;
        if (status != STATUS_OK) return status;
    }
    condition->values = values;
    condition->value_count = count;
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Evaluating

// A value of the request, read as the operator wants it.
union request_value {
    struct str text;
    double number;
    int64_t date_unix_ms;
    bool boolean;
    struct network network;
};

static bool read_request_value(enum value_reading reading, struct str text,
                               union request_value *ret_value)
{
    switch (reading) {
    case READ_NUMBER: return read_number(text, &ret_value->number);
    case READ_DATE: return read_date(text, &ret_value->date_unix_ms);
    case READ_BOOLEAN: return read_boolean(text, &ret_value->boolean);
    case READ_NETWORK: return read_network(text, &ret_value->network);
    case READ_STRING:
    case READ_STRING_IGNORING_CASE:
    case READ_STRING_PATTERN:
    case READ_ARN_PATTERN:
    case READ_BINARY: ret_value->text = text; return true;
    case READ_PRESENCE: break;
    }
    assert(false);
    return false;
}

// `order`: negative, 0 or positive as the request's value is less, equal or greater.
static bool order_satisfies(enum value_comparison comparison, int order)
{
    switch (comparison) {
    case COMPARE_EQUAL: return order == 0;
    case COMPARE_LESS: return order < 0;
    case COMPARE_LESS_OR_EQUAL: return order <= 0;
    case COMPARE_GREATER: return order > 0;
    case COMPARE_GREATER_OR_EQUAL: return order >= 0;
    }
    assert(false);
    return false;
}

static bool value_matches(const struct operator_info *info, const union request_value *actual,
                          const union iam_condition_value *expected,
                          struct iam_evaluation *evaluation)
{
    switch (info->reading) {
    case READ_STRING:
    case READ_STRING_IGNORING_CASE:
    case READ_STRING_PATTERN:
    case READ_ARN_PATTERN:
        return iam_pattern_matches(&expected->pattern, actual->text, iam_evaluation_find_variable,
                                   evaluation);
    case READ_NUMBER:
        return order_satisfies(info->comparison, (actual->number > expected->number) -
                                                     (actual->number < expected->number));
    case READ_DATE:
        return order_satisfies(info->comparison,
                               (actual->date_unix_ms > expected->date_unix_ms) -
                                   (actual->date_unix_ms < expected->date_unix_ms));
    case READ_BOOLEAN: return actual->boolean == expected->boolean;
    case READ_BINARY: return str_equal(actual->text, expected->bytes);
    case READ_NETWORK: return network_has(&expected->network, &actual->network);
    case READ_PRESENCE: break;
    }
    assert(false);
    return false;
}

// Does one value of the request satisfy the condition?
static bool satisfies(const struct iam_condition *condition, struct str text,
                      struct iam_evaluation *evaluation)
{
    const struct operator_info *info = &operators[condition->operator];
    union request_value actual;
    if (!read_request_value(info->reading, text, &actual)) return info->is_negated;
    for (uint32_t i = 0; i < condition->value_count; i++) {
        if (value_matches(info, &actual, &condition->values[i], evaluation)) {
            return !info->is_negated;
        }
    }
    return info->is_negated;
}

//     "If the key that you specify in a policy condition is not present in the request context, the
//     values do not match and the condition is false. If the policy condition requires that the key
//     is not matched, such as StringNotLike or ArnNotLike, and the right key is not present, the
//     condition is true."  -- IAM User Guide, JSON policy elements: Condition operators
static bool holds_without_key(const struct iam_condition *condition)
{
    if (condition->is_if_exists) return true;
    if (condition->quantifier == IAM_FOR_ALL_VALUES) return true;
    if (condition->quantifier == IAM_FOR_ANY_VALUE) return false;
    return operators[condition->operator].is_negated;
}

bool iam_condition_holds(const struct iam_condition *condition, struct iam_evaluation *evaluation)
{
    const struct operator_info *info = &operators[condition->operator];
    struct iam_key_values found;
    bool has_key = iam_evaluation_find(evaluation, condition->key, &found);
    if (info->reading == READ_PRESENCE) {
        for (uint32_t i = 0; i < condition->value_count; i++) {
            if (condition->values[i].boolean == !has_key) return true;
        }
        return false;
    }
    if (!has_key) return holds_without_key(condition);
    // Without a quantifier a key has one value. Should it have more, a positive operator wants any
    // of them to match and a negated one none.
    bool wants_all = condition->quantifier == IAM_FOR_ALL_VALUES ||
                     (condition->quantifier == IAM_QUANTIFIER_NONE && info->is_negated);
    for (size_t i = 0; i < found.count; i++) {
        bool is_satisfied = satisfies(condition, found.values[i], evaluation);
        if (is_satisfied != wants_all) return is_satisfied;
    }
    return wants_all;
}
