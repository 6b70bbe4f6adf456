// Each check looks its member up, and either gives it back or adds a violation.

#include "lambda/constraint.h"

void lambda_constraints_init(struct lambda_constraints *constraints, struct arena *arena,
                             const struct json *request, struct lambda_exception *exception)
{
    *constraints =
        (struct lambda_constraints){.arena = arena, .request = request, .exception = exception};
}

// "FunctionName" becomes "functionName", as the service writes places.
static struct str render_place(struct arena *arena, const char *member)
{
    char first = member[0];
    if (first >= 'A' && first <= 'Z') first = (char)(first | 0x20);
    return arena_printf(arena, "%c%s", first, member + 1);
}

void lambda_constraints_violate(struct lambda_constraints *constraints, struct str value,
                                struct str place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str rule = arena_vprintf(constraints->arena, format, args);
    va_end(args);
    // Null values are shown without quotes.
    const char *quote = value.data == NULL ? "" : "'";
    struct str shown = value.data == NULL ? STR("null") : value;
    constraints->violations = arena_printf(
        constraints->arena,
        "%" STR_FORMAT "%sValue %s%" STR_FORMAT "%s at '%" STR_FORMAT
        "' failed to satisfy constraint: %" STR_FORMAT,
        STR_ARGS(constraints->violations), constraints->violation_count > 0 ? "; " : "", quote,
        STR_ARGS(shown), quote, STR_ARGS(place), STR_ARGS(rule));
    constraints->violation_count++;
}

static bool is_of_type(const struct json *value, enum json_type type)
{
    if (type == JSON_TRUE) return json_is_boolean(value);
    if (type == JSON_INTEGER) {
        int64_t integer;
        return json_to_integer(value, &integer);
    }
    return value->type == type;
}

const struct json *lambda_constraints_typed(struct lambda_constraints *constraints,
                                            const char *member, bool is_required,
                                            enum json_type type)
{
    if (lambda_exception_is_set(constraints->exception)) return NULL;
    const struct json *value = json_find(constraints->request, str_from_c(member));
    struct str place = render_place(constraints->arena, member);
    if (value == NULL || json_is_null(value)) {
        if (is_required)
            lambda_constraints_violate(constraints, (struct str){NULL, 0}, place,
                                       "Member must not be null");
        return NULL;
    }
    if (is_of_type(value, type)) return value;
    struct json example = {.type = (uint8_t)type};
    lambda_exception_set(constraints->exception, constraints->arena, 400,
                         STR("SerializationException"),
                         "The member '%" STR_FORMAT "' is of type %s and must be of type %s.",
                         STR_ARGS(place), json_type_name(value), json_type_name(&example));
    return NULL;
}

const struct json *lambda_constraints_string(struct lambda_constraints *constraints,
                                             const struct lambda_string_rule *rule)
{
    const struct json *value =
        lambda_constraints_typed(constraints, rule->member, rule->is_required, JSON_STRING);
    if (value == NULL) return NULL;
    struct str text = json_str(value), place = render_place(constraints->arena, rule->member);
    uint32_t count_before = constraints->violation_count;
    if (rule->size_max > 0 && text.size > rule->size_max)
        lambda_constraints_violate(constraints, text, place,
                                   "Member must have length less than or equal to %u",
                                   rule->size_max);
    if (text.size < rule->size_min)
        lambda_constraints_violate(constraints, text, place,
                                   "Member must have length greater than or equal to %u",
                                   rule->size_min);
    if (rule->matches != NULL && !rule->matches(text)) {
        if (rule->enum_values != NULL) {
            lambda_constraints_violate(constraints, text, place,
                                       "Member must satisfy enum value set: %s", rule->enum_values);
        } else {
            lambda_constraints_violate(constraints, text, place,
                                       "Member must satisfy regular expression pattern: %s",
                                       rule->pattern);
        }
    }
    return constraints->violation_count == count_before ? value : NULL;
}

const struct json *lambda_constraints_integer(struct lambda_constraints *constraints,
                                              const char *member, bool is_required, int64_t min,
                                              int64_t max)
{
    const struct json *value =
        lambda_constraints_typed(constraints, member, is_required, JSON_INTEGER);
    if (value == NULL) return NULL;
    int64_t integer;
    bool is_integer = json_to_integer(value, &integer);
    if (is_integer && integer >= min && integer <= max) return value;
    struct str place = render_place(constraints->arena, member);
    struct str text = json_render_to_arena(constraints->arena, value);
    if (is_integer && integer < min) {
        lambda_constraints_violate(constraints, text, place,
                                   "Member must have value greater than or equal to %lld",
                                   (long long)min);
    } else {
        lambda_constraints_violate(constraints, text, place,
                                   "Member must have value less than or equal to %lld",
                                   (long long)max);
    }
    return NULL;
}

bool lambda_constraints_finish(struct lambda_constraints *constraints)
{
    if (lambda_exception_is_set(constraints->exception)) return false;
    if (constraints->violation_count == 0) return true;
    return lambda_exception_validation(
        constraints->exception, constraints->arena, "%u validation error%s detected: %" STR_FORMAT,
        constraints->violation_count, constraints->violation_count == 1 ? "" : "s",
        STR_ARGS(constraints->violations));
}
