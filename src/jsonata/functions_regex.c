// Functions that take patterns: regular expressions, or functions of the expression that find
// matches as they do. Positions inside are bytes; the language's are UTF-16 units.

#include <assert.h>
#include <math.h>

#include "base/encoding.h"
#include "jsonata/functions.h"
#include "jsonata/regex.h"

struct matching {
    struct evaluation *evaluation;
    struct json next; // The function that finds the next match, or undefined at the end.
    const struct regex *regex;
    struct str subject;
    size_t offset;
    bool is_first;
};

struct found {
    size_t start;
    size_t end;
    struct str text;
    struct json groups;
    struct json object; // Of a function's match.
    struct regex_match native;
    bool is_native;
};

static void matching_init(struct matching *matching, struct evaluation *evaluation,
                          struct json pattern, struct str subject)
{
    assert(value_is_function(pattern));
    const struct function *function = value_function(pattern);
    assert(function != NULL);
    *matching = (struct matching){
        .evaluation = evaluation,
        .next = pattern,
        .regex = function->kind == FUNCTION_REGEX ? function->regex : NULL,
        .subject = subject,
        .is_first = true,
    };
}

static size_t bytes_of(struct str text, double units)
{
    size_t i = 0;
    double seen = 0;
    while (i < text.size && seen < units) {
        seen += (unsigned char)text.data[i] >= 0xf0 ? 2 : 1;
        for (i++; i < text.size && ((unsigned char)text.data[i] & 0xc0) == 0x80; i++) {
        }
    }
    return i;
}

static struct json groups_to_array(struct evaluation *evaluation, struct str subject,
                                   const struct regex_match *match)
{
    struct json *items = evaluation_alloc_array(evaluation, match->group_count, sizeof(*items));
    for (size_t i = 0; i < match->group_count; i++) {
        size_t start = match->groups[2 * i], end = match->groups[2 * i + 1];
        items[i] = start > end || end > subject.size
                       ? json_null
                       : json_from_str((struct str){subject.data + start, end - start});
    }
    return json_from_items(items, match->group_count);
}

static bool native_next(struct matching *matching, struct found *ret_found)
{
    struct evaluation *evaluation = matching->evaluation;
    struct regex_match match;
    if (!matching->is_first && matching->offset >= matching->subject.size) return false;
    if (!regex_find(evaluation, matching->regex, matching->subject, matching->offset, &match))
        return false;
    if (!matching->is_first && match.start == match.end)
        evaluation_fail_value(evaluation, "D1004", json_from_str(regex_source(matching->regex)), 0);
    matching->is_first = false;
    matching->offset = match.end;
    *ret_found = (struct found){
        .start = match.start,
        .end = match.end,
        .text = str_slice(matching->subject, match.start, match.end - match.start),
        .native = match,
        .is_native = true,
    };
    return true;
}

static struct json member(struct json object, struct str name)
{
    const struct json *found = json_find(&object, name);
    return found == NULL ? value_undefined : *found;
}

static bool matching_next(struct matching *matching, struct found *ret_found)
{
    struct evaluation *evaluation = matching->evaluation;
    if (matching->regex != NULL) return native_next(matching, ret_found);
    if (!value_is_function(matching->next)) return false;
    struct json subject = json_from_str(matching->subject);
    struct json object = apply(evaluation, matching->next, &subject, 1, value_null_input());
    if (value_is_undefined(object) || object.type == JSON_NULL) return false;
    struct json start = member(object, STR("start")), end = member(object, STR("end"));
    struct json text = member(object, STR("match"));
    struct json groups = member(object, STR("groups"));
    if (!value_is_object(object) || !value_is_number(start) || !value_is_number(end) ||
        !value_is_array(groups) || !value_is_string(text))
        evaluation_fail(evaluation, "T1010");
    matching->next = member(object, STR("next"));
    *ret_found = (struct found){
        .start = bytes_of(matching->subject, value_real(start)),
        .end = bytes_of(matching->subject, value_real(end)),
        .text = json_str(&text),
        .groups = groups,
        .object = object,
    };
    return true;
}

static struct json found_groups(const struct matching *matching, const struct found *found)
{
    if (!found->is_native) return found->groups;
    return groups_to_array(matching->evaluation, matching->subject, &found->native);
}

// What a pattern returns when it is called: the match, and how to find the next one.
static struct json found_to_object(const struct matching *matching, const struct found *found)
{
    struct evaluation *evaluation = matching->evaluation;
    if (!found->is_native) return found->object;
    struct json_member *members = evaluation_alloc_array(evaluation, 5, sizeof(*members));
    struct function *next = evaluation_alloc(evaluation, sizeof(*next));
    *next = (struct function){
        .kind = FUNCTION_NEXT,
        .regex = matching->regex,
        .input = json_from_str(matching->subject),
        .offset = found->end,
    };
    size_t start = encoding_utf16_size(str_slice(matching->subject, 0, found->start));
    size_t end = start + encoding_utf16_size(found->text);
    members[0] = (struct json_member){json_from_str(STR("match")), json_from_str(found->text)};
    members[1] =
        (struct json_member){json_from_str(STR("start")), json_from_integer((int64_t)start)};
    members[2] = (struct json_member){json_from_str(STR("end")), json_from_integer((int64_t)end)};
    members[3] = (struct json_member){json_from_str(STR("groups")), found_groups(matching, found)};
    members[4] = (struct json_member){json_from_str(STR("next")), value_from_function(next)};
    return json_from_members(members, 5);
}

struct json run_regex(struct evaluation *evaluation, const struct function *function,
                      const struct json *arguments, size_t count)
{
    struct matching matching = {.evaluation = evaluation, .regex = function->regex};
    struct found found;
    if (function->kind == FUNCTION_NEXT) {
        matching.subject = json_str(&function->input);
        matching.offset = function->offset;
    } else {
        if (count == 0 || !value_is_string(arguments[0])) return value_undefined;
        matching.subject = json_str(&arguments[0]);
        matching.is_first = true;
        double start = count > 1 && value_is_number(arguments[1]) ? value_real(arguments[1]) : 0;
        if (start > (double)encoding_utf16_size(matching.subject)) return value_undefined;
        matching.offset = bytes_of(matching.subject, start);
    }
    return native_next(&matching, &found) ? found_to_object(&matching, &found) : value_undefined;
}

// ---------------------------------------------------------------------------------------------

static double limit_get(struct evaluation *evaluation, struct json limit, const char *code,
                        uint32_t index)
{
    if (value_is_undefined(limit)) return (double)INFINITY;
    double most = value_real(limit);
    if (most < 0) evaluation_fail_value(evaluation, code, limit, index);
    return most;
}

struct json builtin_match(struct evaluation *evaluation, const struct call *call)
{
    struct json subject = argument(call, 0);
    if (value_is_undefined(subject)) return subject;
    double most = limit_get(evaluation, argument(call, 2), "D3040", 3);
    struct list_of_values list = {.evaluation = evaluation};
    struct matching matching;
    struct found found;
    matching_init(&matching, evaluation, argument(call, 1), json_str(&subject));
    size_t units = 0, bytes = 0;
    while ((double)list.count < most && matching_next(&matching, &found)) {
        if (found.start < bytes) units = bytes = 0;
        units += encoding_utf16_size(str_slice(matching.subject, bytes, found.start - bytes));
        bytes = found.start;
        struct json_member *members = evaluation_alloc_array(evaluation, 3, sizeof(*members));
        members[0] = (struct json_member){json_from_str(STR("match")), json_from_str(found.text)};
        members[1] =
            (struct json_member){json_from_str(STR("index")), json_from_integer((int64_t)units)};
        members[2] =
            (struct json_member){json_from_str(STR("groups")), found_groups(&matching, &found)};
        list_push(&list, json_from_members(members, 3));
    }
    return list_to_sequence(&list);
}

struct json builtin_contains(struct evaluation *evaluation, const struct call *call)
{
    struct json subject = argument(call, 0), pattern = argument(call, 1);
    if (value_is_undefined(subject)) return subject;
    evaluation_steps(evaluation, subject.size / 16);
    if (value_is_function(pattern)) {
        struct matching matching;
        struct found found;
        matching_init(&matching, evaluation, pattern, json_str(&subject));
        return json_from_bool(matching_next(&matching, &found));
    }
    struct str part = value_is_string(pattern) ? json_str(&pattern) : STR("undefined");
    return json_from_bool(str_find(json_str(&subject), part) != SIZE_MAX);
}

// "$1", "$0" and "$$" in a replacement.
static void append_group(struct text *text, struct json groups, double index)
{
    if (index < 1 || index > groups.size) return;
    struct json group = groups.items[(size_t)index - 1];
    if (value_is_string(group)) builder_append(text, json_str(&group));
}

static void append_replacement(struct text *text, struct str rest, struct str match,
                               struct json groups)
{
    size_t digits_max = 1;
    for (uint32_t left = groups.size; left >= 10; left /= 10)
        digits_max++;
    size_t dollar;
    while ((dollar = str_find_byte(rest, '$')) != SIZE_MAX) {
        builder_append(text, str_slice(rest, 0, dollar));
        rest = str_skip(rest, dollar + 1);
        if (rest.size > 0 && rest.data[0] == '$') {
            builder_append_byte(text, '$');
            rest = str_skip(rest, 1);
            continue;
        }
        if (rest.size > 0 && rest.data[0] == '0') {
            builder_append(text, match);
            rest = str_skip(rest, 1);
            continue;
        }
        double index = 0;
        size_t digits = 0;
        while (digits < digits_max && digits < rest.size && rest.data[digits] >= '0' &&
               rest.data[digits] <= '9')
            index = index * 10 + (rest.data[digits++] - '0');
        if (digits > 1 && index > groups.size) {
            index = floor(index / 10);
            digits--;
        }
        if (digits == 0) builder_append_byte(text, '$');
        append_group(text, groups, index);
        rest = str_skip(rest, digits);
    }
    builder_append(text, rest);
}

static struct json replace_text(struct evaluation *evaluation, struct str subject, struct str part,
                                struct json with, double most)
{
    struct text text = {.evaluation = evaluation};
    for (double count = 0; count < most; count++) {
        evaluation_steps(evaluation, 1 + subject.size / 256);
        size_t offset = str_find(subject, part);
        if (offset == SIZE_MAX) break;
        builder_append(&text, str_slice(subject, 0, offset));
        // The reference puts the word for what is missing.
        if (value_is_string(with) || value_is_undefined(with))
            builder_append(&text, value_is_string(with) ? json_str(&with) : STR("undefined"));
        subject = str_skip(subject, offset + part.size);
    }
    builder_append(&text, subject);
    return text_value(&text);
}

struct json builtin_replace(struct evaluation *evaluation, const struct call *call)
{
    struct json subject = argument(call, 0), pattern = argument(call, 1);
    struct json with = argument(call, 2);
    if (value_is_undefined(subject)) return subject;
    if (value_is_string(pattern) && pattern.size == 0)
        evaluation_fail_value(evaluation, "D3010", pattern, 2);
    double most = limit_get(evaluation, argument(call, 3), "D3011", 4);
    if (!value_is_function(pattern)) {
        struct str part = value_is_string(pattern) ? json_str(&pattern) : STR("undefined");
        return replace_text(evaluation, json_str(&subject), part, with, most);
    }
    struct text text = {.evaluation = evaluation};
    struct matching matching;
    struct found found;
    matching_init(&matching, evaluation, pattern, json_str(&subject));
    size_t end = 0;
    for (double count = 0; count < most && matching_next(&matching, &found); count++) {
        if (found.start > end)
            builder_append(&text, str_slice(matching.subject, end, found.start - end));
        if (value_is_function(with)) {
            struct json object = found_to_object(&matching, &found);
            struct json result = apply(evaluation, with, &object, 1, value_null_input());
            if (!value_is_string(result)) evaluation_fail_value(evaluation, "D3012", result, 0);
            builder_append(&text, json_str(&result));
        } else if (value_is_string(with)) {
            append_replacement(&text, json_str(&with), found.text, found_groups(&matching, &found));
        }
        end = found.end;
    }
    builder_append(&text, str_skip(matching.subject, end));
    return text_value(&text);
}

static struct json split_text(struct evaluation *evaluation, struct str subject,
                              struct str separator, double most)
{
    struct list_of_values list = {.evaluation = evaluation};
    most = floor(most);
    if (separator.size == 0) {
        for (; subject.size > 0 && (double)list.count < most; evaluation_step(evaluation)) {
            struct str character = text_substring(subject, 0, 1);
            list_push(&list, json_from_str(character));
            subject = str_skip(subject, character.size);
        }
        return list_to_array(&list, 0);
    }
    for (; (double)list.count < most; evaluation_step(evaluation)) {
        size_t offset = str_find(subject, separator);
        if (offset == SIZE_MAX) {
            list_push(&list, json_from_str(subject));
            break;
        }
        list_push(&list, json_from_str(str_slice(subject, 0, offset)));
        subject = str_skip(subject, offset + separator.size);
    }
    return list_to_array(&list, 0);
}

struct json builtin_split(struct evaluation *evaluation, const struct call *call)
{
    struct json subject = argument(call, 0), pattern = argument(call, 1);
    if (value_is_undefined(subject)) return subject;
    double most = limit_get(evaluation, argument(call, 2), "D3020", 3);
    if (value_is_string(pattern))
        return split_text(evaluation, json_str(&subject), json_str(&pattern), most);
    struct list_of_values list = {.evaluation = evaluation};
    if (!value_is_function(pattern)) {
        if (most >= 1) list_push(&list, subject);
        return list_to_array(&list, 0);
    }
    struct matching matching;
    struct found found;
    matching_init(&matching, evaluation, pattern, json_str(&subject));
    size_t end = 0;
    while ((double)list.count < most && matching_next(&matching, &found)) {
        size_t size = found.start > end ? found.start - end : 0;
        list_push(&list, json_from_str(str_slice(matching.subject, end, size)));
        end = found.end;
    }
    if ((double)list.count < most) list_push(&list, json_from_str(str_skip(matching.subject, end)));
    return list_to_array(&list, 0);
}
