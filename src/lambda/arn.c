// A reference is read from the left: each part that is optional is recognised by its shape, as the
// service's own pattern does, and the last ones must be a name and perhaps a qualifier.

#include "lambda/arn.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_letter(char byte)
{
    return is_lower(byte) || (byte >= 'A' && byte <= 'Z');
}

static bool is_word(struct str text)
{
    return text.size > 0 && str_is_alphanumeric(text, "-_");
}

static bool is_digits(struct str text)
{
    if (text.size == 0) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i])) return false;
    }
    return true;
}

static bool is_account(struct str text)
{
    return text.size == 12 && is_digits(text);
}

// Two letters, one or more words, one digit: "us-east-1", "us-gov-west-1", "us-iso-east-1".
static bool is_region(struct str text)
{
    if (text.size < 6 || text.size > 32 || !is_lower(text.data[0]) || !is_lower(text.data[1]) ||
        text.data[2] != '-' || text.data[text.size - 2] != '-' ||
        !is_digit(text.data[text.size - 1]))
        return false;
    for (size_t i = 3; i < text.size - 2; i++) {
        if (!is_lower(text.data[i]) && text.data[i] != '-') return false;
    }
    return true;
}

static bool is_partition(struct str text)
{
    if (!str_starts_with(text, STR("aws"))) return false;
    for (size_t i = 3; i < text.size; i++) {
        if (!is_letter(text.data[i]) && text.data[i] != '-') return false;
    }
    return true;
}

bool lambda_name_is_valid(struct str name)
{
    return name.size <= LAMBDA_NAME_SIZE_MAX && is_word(name);
}

bool lambda_qualifier_is_version(struct str qualifier)
{
    return is_digits(qualifier);
}

bool lambda_qualifier_is_valid(struct str qualifier)
{
    return qualifier.size <= LAMBDA_QUALIFIER_SIZE_MAX &&
           (str_is(qualifier, "$LATEST") || is_word(qualifier));
}

bool lambda_alias_name_is_valid(struct str name)
{
    return name.size <= LAMBDA_QUALIFIER_SIZE_MAX && is_word(name) && !is_digits(name);
}

bool lambda_role_arn_is_valid(struct str arn)
{
    struct str rest = arn;
    if (!str_is(str_cut(&rest, ':'), "arn") || !is_partition(str_cut(&rest, ':')) ||
        !str_is(str_cut(&rest, ':'), "iam") || str_cut(&rest, ':').size != 0 ||
        !is_account(str_cut(&rest, ':')))
        return false;
    if (!str_starts_with(rest, STR("role"))) return false;
    rest = str_skip(rest, 4);
    if (rest.size > 0 && rest.data[0] == '/') rest = str_skip(rest, 1);
    return rest.size > 0 && rest.size <= 1024 && str_is_alphanumeric(rest, "+=,.@-_/");
}

// "arn:PARTITION:lambda:" at the front. Returns false when it starts like an ARN and is not one.
static bool skip_service(struct str *rest)
{
    if (!str_starts_with(*rest, STR("arn:"))) return true;
    str_cut(rest, ':');
    return is_partition(str_cut(rest, ':')) && str_is(str_cut(rest, ':'), "lambda");
}

// Take the part before the first ':' when it satisfies `is_shape` and something follows.
static bool take_part(struct str *rest, bool (*is_shape)(struct str), struct str *ret_part)
{
    struct str after = *rest;
    struct str part = str_cut(&after, ':');
    if (after.data == NULL || !is_shape(part)) return false;
    *ret_part = part;
    *rest = after;
    return true;
}

static bool is_word_function(struct str text)
{
    return str_is(text, "function");
}

bool lambda_reference_parse(struct str text, struct lambda_reference *ret_reference)
{
    struct lambda_reference reference = {0};
    struct str rest = text, ignored;
    if (text.size == 0 || text.size > LAMBDA_REFERENCE_SIZE_MAX) return false;
    bool is_full = str_starts_with(text, STR("arn:"));
    if (!skip_service(&rest)) return false;
    bool has_region = take_part(&rest, is_region, &reference.region);
    bool has_account = take_part(&rest, is_account, &reference.account);
    // "function:live" is the alias "live" of a function that is called "function", unless an
    // account stands before it.
    bool has_function = (has_account || is_full) && take_part(&rest, is_word_function, &ignored);
    if (is_full && !(has_region && has_account && has_function)) return false;
    if ((has_region || has_account) && !has_function) return false;
    reference.name = str_cut(&rest, ':');
    if (!lambda_name_is_valid(reference.name)) return false;
    if (rest.data != NULL) {
        reference.qualifier = rest;
        if (!lambda_qualifier_is_valid(rest)) return false;
    }
    *ret_reference = reference;
    return true;
}

struct str lambda_partition_of_region(struct str region)
{
    if (str_starts_with(region, STR("cn-"))) return STR("aws-cn");
    if (str_starts_with(region, STR("us-gov-"))) return STR("aws-us-gov");
    return STR("aws");
}

struct str lambda_arn_render(struct arena *arena, struct str region, struct str account,
                             struct str name, struct str qualifier)
{
    struct str partition = lambda_partition_of_region(region);
    return arena_printf(arena,
                        "arn:%" STR_FORMAT ":lambda:%" STR_FORMAT ":%" STR_FORMAT
                        ":function:%" STR_FORMAT "%s%" STR_FORMAT,
                        STR_ARGS(partition), STR_ARGS(region), STR_ARGS(account), STR_ARGS(name),
                        qualifier.size > 0 ? ":" : "", STR_ARGS(qualifier));
}
