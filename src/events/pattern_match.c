// Matching: an event is walked along the pattern. What the pattern names and the event does not
// have counts as absent, which only {"exists": false} accepts.
//
// Arrays: one element that matches is enough; a pattern of several fields must find them in the
// same element.

#include <arpa/inet.h>
#include <math.h>
#include <string.h>

#include "events/pattern_node.h"

// ---------------------------------------------------------------------------------------------
// Values

static bool starts_with(struct str text, struct str prefix, bool ignores_case)
{
    if (text.size < prefix.size) return false;
    struct str start = str_slice(text, 0, prefix.size);
    return ignores_case ? str_equal_ignoring_case(start, prefix) : str_equal(start, prefix);
}

static bool ends_with(struct str text, struct str suffix, bool ignores_case)
{
    if (text.size < suffix.size) return false;
    struct str end = str_skip(text, text.size - suffix.size);
    return ignores_case ? str_equal_ignoring_case(end, suffix) : str_equal(end, suffix);
}

// The first and the last piece stand at the ends, the others anywhere between, in order.
static bool wildcard_matches(const struct events_matcher *matcher, struct str text)
{
    struct str first = matcher->pieces[0];
    if (matcher->piece_count == 1) return str_equal(text, first);
    struct str last = matcher->pieces[matcher->piece_count - 1];
    if (text.size < first.size + last.size || !str_starts_with(text, first) ||
        !str_ends_with(text, last)) {
        return false;
    }
    struct str rest = str_slice(text, first.size, text.size - first.size - last.size);
    for (size_t i = 1; i + 1 < matcher->piece_count; i++) {
        size_t at = str_find(rest, matcher->pieces[i]);
        if (at == SIZE_MAX) return false;
        rest = str_skip(rest, at + matcher->pieces[i].size);
    }
    return true;
}

static bool is_above(const struct events_bound *bound, double number)
{
    return !bound->is_set || number > bound->number ||
           (bound->is_inclusive && !(number < bound->number));
}

static bool is_below(const struct events_bound *bound, double number)
{
    return !bound->is_set || number < bound->number ||
           (bound->is_inclusive && !(number > bound->number));
}

static bool network_holds(const struct events_network *network, struct str text)
{
    char address_text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (text.size >= sizeof(address_text)) return false;
    memcpy(address_text, text.data, text.size);
    address_text[text.size] = '\0';
    if (inet_pton(network->size == 4 ? AF_INET : AF_INET6, address_text, address) != 1) {
        return false;
    }
    size_t bytes = network->bits / 8, bits = network->bits % 8;
    if (memcmp(address, network->address, bytes) != 0) return false;
    return bits == 0 || (address[bytes] ^ network->address[bytes]) >> (8 - bits) == 0;
}

//  "For numbers, EventBridge uses string representation. For example, 300, 300.0, and 3.0e2 are
//  not considered equal."  -- Event patterns
static bool is_exactly(const struct json *a, const struct json *b)
{
    return a->type == b->type && json_equal(a, b);
}

static bool value_matches(const struct events_matcher *matcher, const struct json *value);

static bool is_none_of(const struct events_matcher *matcher, const struct json *value)
{
    for (size_t i = 0; i < matcher->item_count; i++) {
        if (value_matches(&matcher->items[i], value)) return false;
    }
    return true;
}

// `value` is neither an object nor an array. Items of "anything-but" are never such themselves, so
// the recursion is one deep.
// NOLINTNEXTLINE(misc-no-recursion)
static bool value_matches(const struct events_matcher *matcher, const struct json *value)
{
    bool is_text = json_is_string(value);
    switch (matcher->kind) {
    case EVENTS_MATCH_EXACT: return is_exactly(&matcher->value, value);
    case EVENTS_MATCH_PREFIX:
        return is_text && starts_with(json_str(value), matcher->text, matcher->ignores_case);
    case EVENTS_MATCH_SUFFIX:
        return is_text && ends_with(json_str(value), matcher->text, matcher->ignores_case);
    case EVENTS_MATCH_IGNORING_CASE:
        return is_text && str_equal_ignoring_case(json_str(value), matcher->text);
    case EVENTS_MATCH_WILDCARD: return is_text && wildcard_matches(matcher, json_str(value));
    case EVENTS_MATCH_NUMERIC:
        return json_is_number(value) && is_above(&matcher->low, json_to_real(value)) &&
               is_below(&matcher->high, json_to_real(value));
    case EVENTS_MATCH_CIDR: return is_text && network_holds(&matcher->network, json_str(value));
    case EVENTS_MATCH_EXISTS: return matcher->exists;
    case EVENTS_MATCH_ANYTHING_BUT: return is_none_of(matcher, value);
    }
    return false;
}

// ---------------------------------------------------------------------------------------------
// Leaves

static bool accepts_value(const struct events_field *field, const struct json *value)
{
    for (size_t i = 0; i < field->matcher_count; i++) {
        if (value_matches(&field->matchers[i], value)) return true;
    }
    return false;
}

static bool accepts_absence(const struct events_field *field)
{
    for (size_t i = 0; i < field->matcher_count; i++) {
        if (field->matchers[i].kind == EVENTS_MATCH_EXISTS && !field->matchers[i].exists) {
            return true;
        }
    }
    return false;
}

// Whether one of the values in `value` is accepted; `is_present` becomes true when there are any.
// As deep as the event, which the parser limits.
// NOLINTNEXTLINE(misc-no-recursion)
static bool accepts_some(const struct events_field *field, const struct json *value,
                         bool *is_present)
{
    if (json_is_object(value)) return false; // Not a leaf.
    if (!json_is_array(value)) {
        *is_present = true;
        return accepts_value(field, value);
    }
    for (uint32_t i = 0; i < value->size; i++) {
        if (accepts_some(field, &value->items[i], is_present)) return true;
    }
    return false;
}

static bool leaf_matches(const struct events_field *field, const struct json *value)
{
    bool is_present = false;
    if (value != NULL && accepts_some(field, value, &is_present)) return true;
    return !is_present && accepts_absence(field);
}

// ---------------------------------------------------------------------------------------------
// Objects

static bool node_matches(const struct events_pattern *pattern, const struct json *value);

// NOLINTNEXTLINE(misc-no-recursion)
static bool object_matches(const struct events_pattern *pattern, const struct json *object)
{
    for (size_t i = 0; i < pattern->field_count; i++) {
        const struct events_field *field = &pattern->fields[i];
        const struct json *value = object == NULL ? NULL : json_find(object, field->name);
        bool matches =
            field->child == NULL ? leaf_matches(field, value) : node_matches(field->child, value);
        if (!matches) return false;
    }
    for (size_t i = 0; i < pattern->choice.count; i++) {
        if (object_matches(&pattern->choice.alternatives[i], object)) return true;
    }
    return pattern->choice.count == 0;
}

// Whether an object in `value` matches; `has_objects` becomes true when there are any.
// NOLINTNEXTLINE(misc-no-recursion)
static bool some_object_matches(const struct events_pattern *pattern, const struct json *value,
                                bool *has_objects)
{
    if (json_is_object(value)) {
        *has_objects = true;
        return object_matches(pattern, value);
    }
    if (!json_is_array(value)) return false;
    for (uint32_t i = 0; i < value->size; i++) {
        if (some_object_matches(pattern, &value->items[i], has_objects)) return true;
    }
    return false;
}

// As deep as the pattern times the event's arrays; both are limited.
// NOLINTNEXTLINE(misc-no-recursion)
static bool node_matches(const struct events_pattern *pattern, const struct json *value)
{
    bool has_objects = false;
    if (value != NULL && some_object_matches(pattern, value, &has_objects)) return true;
    return !has_objects && object_matches(pattern, NULL);
}

bool events_pattern_matches(const struct events_pattern *pattern, const struct json *event)
{
    return node_matches(pattern, event);
}
