// What the States Language adds to the library, time, and the table of all functions.

#include <math.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "jsonata/functions.h"

static const struct builtin builtins[] = {
#define BUILTIN(name, signature, arity, function) {name, signature, function, arity},
#include "jsonata/builtin.def"
#undef BUILTIN
};

const struct builtin *builtin_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(builtins); i++)
        if (str_is(name, builtins[i].name)) return &builtins[i];
    return NULL;
}

struct json builtin_partition(struct evaluation *evaluation, const struct call *call)
{
    struct json array = argument(call, 0), size = argument(call, 1);
    if (value_is_undefined(array)) return array;
    int64_t most;
    struct json number = value_plain(size);
    if (value_is_undefined(size) || !json_to_integer(&number, &most) || most < 1)
        evaluation_fail_value(evaluation, "D3150", size, 2);
    size_t count = ((size_t)array.size + (size_t)most - 1) / (size_t)most;
    if (most > array.size) count = array.size > 0;
    struct json *chunks = evaluation_alloc_array(evaluation, count, sizeof(*chunks));
    for (size_t i = 0; i < count; i++) {
        size_t start = i * (size_t)most;
        size_t left = array.size - start;
        chunks[i] = json_from_items(array.items + start, left < (size_t)most ? left : (size_t)most);
    }
    return json_from_items(chunks, count);
}

struct json builtin_range(struct evaluation *evaluation, const struct call *call)
{
    enum { RANGE_SIZE_MAX = 1000 };
    double numbers[3];
    for (size_t i = 0; i < 3; i++) {
        struct json number = argument(call, i);
        if (value_is_undefined(number)) return number;
        numbers[i] = value_real(number);
        if (!isfinite(numbers[i]) || floor(numbers[i]) != numbers[i])
            evaluation_fail_value(evaluation, "D3151", number, (uint32_t)i + 1);
    }
    double first = numbers[0], last = numbers[1], step = numbers[2];
    if (step == 0) evaluation_fail_value(evaluation, "D3151", argument(call, 2), 3);
    double size = floor((last - first) / step) + 1;
    if (!(size > 0)) return value_undefined;
    if (size > RANGE_SIZE_MAX) evaluation_fail_value(evaluation, "D3152", value_from_real(size), 0);
    size_t count = (size_t)size;
    struct json *items = evaluation_alloc_array(evaluation, count, sizeof(*items));
    for (size_t i = 0; i < count; i++)
        items[i] = value_from_real(first + (double)i * step);
    // The service's answer is a sequence: a single number stands for itself, and none for nothing.
    struct json range = json_from_items(items, count);
    range.type = JSON_ARRAY | VALUE_SEQUENCE;
    return range;
}

struct json builtin_hash(struct evaluation *evaluation, const struct call *call)
{
    struct json text = argument(call, 0), name = argument(call, 1);
    if (value_is_undefined(text)) return text;
    enum digest_algorithm algorithm;
    if (value_is_undefined(name) || !digest_algorithm_find(json_str(&name), &algorithm))
        evaluation_fail_value(evaluation, "D3153", name, 2);
    unsigned char bytes[DIGEST_SIZE_MAX];
    evaluation_steps(evaluation, text.size / 64);
    size_t size = digest_compute(algorithm, json_str(&text), bytes);
    char *hex = evaluation_alloc(evaluation, 2 * size);
    encoding_hex((struct str){(const char *)bytes, size}, hex);
    return json_from_str((struct str){hex, 2 * size});
}

struct json builtin_random(struct evaluation *evaluation, const struct call *call)
{
    struct json seed = argument(call, 0);
    if (value_is_undefined(seed)) return value_from_real(random_uniform(evaluation->random));
    double real = value_real(seed);
    uint64_t bits;
    memcpy(&bits, &real, sizeof(bits));
    struct random random;
    random_init_seed(&random, bits);
    return value_from_real(random_uniform(&random));
}

struct json builtin_uuid(struct evaluation *evaluation, const struct call *call)
{
    (void)call;
    char *text = evaluation_alloc(evaluation, RANDOM_UUID_SIZE);
    random_uuid(evaluation->random, text);
    return json_from_str((struct str){text, RANDOM_UUID_SIZE});
}

struct json builtin_parse(struct evaluation *evaluation, const struct call *call)
{
    struct json text = argument(call, 0), value;
    if (value_is_undefined(text)) return text;
    evaluation_steps(evaluation, text.size / 16);
    enum status status = json_parse(evaluation->arena, json_str(&text), 0, &value, NULL);
    if (status == STATUS_NO_MEMORY) evaluation_out_of_memory(evaluation);
    if (status != STATUS_OK) evaluation_fail_value(evaluation, "D3154", text, 1);
    return value;
}

struct json builtin_millis(struct evaluation *evaluation, const struct call *call)
{
    (void)call;
    return json_from_integer(evaluation->now_unix_ms);
}

// Without a picture: ISO 8601 in UTC.
static struct json format_iso(struct evaluation *evaluation, int64_t unix_ms)
{
    char *text = evaluation_alloc(evaluation, CLOCK_ISO_SIZE);
    clock_render_iso(unix_ms, text);
    return json_from_str((struct str){text, CLOCK_ISO_SIZE});
}

static struct json format_time(struct evaluation *evaluation, double unix_ms, struct json picture,
                               struct json timezone)
{
    bool is_iso = value_is_undefined(picture) && value_is_undefined(timezone);
    if (!(fabs(unix_ms) <= 8.64e15))
        evaluation_fail_value(evaluation, "D3001", value_from_real(unix_ms), 1);
    if (is_iso && unix_ms >= -62135596800000.0 && unix_ms < 253402300800000.0)
        return format_iso(evaluation, (int64_t)floor(unix_ms));
    struct str text = value_is_undefined(picture)
                          ? STR("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]")
                          : json_str(&picture);
    const struct datetime_picture *parsed = datetime_picture_parse(evaluation, text);
    return datetime_format(evaluation, unix_ms, parsed,
                           value_is_undefined(timezone) ? STR("") : json_str(&timezone));
}

struct json builtin_now(struct evaluation *evaluation, const struct call *call)
{
    return format_time(evaluation, (double)evaluation->now_unix_ms, argument(call, 0),
                       argument(call, 1));
}

struct json builtin_from_millis(struct evaluation *evaluation, const struct call *call)
{
    struct json millis = argument(call, 0);
    if (value_is_undefined(millis)) return millis;
    return format_time(evaluation, value_real(millis), argument(call, 1), argument(call, 2));
}

// The forms that JSONata takes without a picture: a date, or a date and a time, with an offset or
// in UTC, as far as they are given.
static bool parse_iso(struct str text, double *ret_unix_ms)
{
    static const char pattern[] = "YYYY-MM-DDThh:mm:ss";
    int fields[128] = {['M'] = 1, ['D'] = 1};
    size_t i = 0;
    for (; i < sizeof(pattern) - 1 && i < text.size; i++) {
        char want = pattern[i], byte = text.data[i];
        bool is_digit = byte >= '0' && byte <= '9';
        bool is_field = (want >= 'a' && want <= 'z') || (want >= 'A' && want <= 'Z');
        if (want == 'T' || !is_field) {
            if (byte != want) break;
            continue;
        }
        if (!is_digit) return false;
        if (i == strlen("YYYY-") || i == strlen("YYYY-MM-")) fields[(unsigned char)want] = 0;
        fields[(unsigned char)want] = fields[(unsigned char)want] * 10 + (byte - '0');
    }
    if (i != 4 && i != 7 && i != 10 && i != 16 && i != 19) return false;
    double fraction = 0, scale = 100;
    if (i == 19 && i < text.size && text.data[i] == '.') {
        for (i++; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
            fraction += (text.data[i] - '0') * scale;
            scale /= 10;
        }
    }
    int offset = 0;
    struct str zone = str_skip(text, i);
    if (zone.size > 0 && !str_is(zone, "Z") &&
        !((zone.data[0] == '+' || zone.data[0] == '-') && datetime_parse_offset(zone, &offset)))
        return false;
    if (fields['M'] < 1 || fields['M'] > 12 || fields['D'] < 1 || fields['D'] > 31 ||
        fields['h'] > 24 || fields['m'] > 59 || fields['s'] > 59)
        return false;
    double days = (double)clock_days_from_civil(fields['Y'], fields['M'], fields['D']);
    *ret_unix_ms = ((days * 24 + fields['h']) * 60 + fields['m'] - offset) * 60000 +
                   fields['s'] * 1000 + floor(fraction);
    return true;
}

struct json builtin_to_millis(struct evaluation *evaluation, const struct call *call)
{
    struct json text = argument(call, 0), picture = argument(call, 1);
    if (value_is_undefined(text)) return text;
    if (value_is_undefined(picture)) {
        double unix_ms;
        if (!parse_iso(json_str(&text), &unix_ms))
            evaluation_fail_value(evaluation, "D3110", text, 0);
        return value_from_real(unix_ms);
    }
    const struct datetime_picture *parsed = datetime_picture_parse(evaluation, json_str(&picture));
    return datetime_parse(evaluation, json_str(&text), parsed);
}
