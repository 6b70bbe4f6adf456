// Matching works like a regular expression over the types of the arguments: greedy, with
// backtracking over optional and repeated parameters.

#include "jsonata/signature.h"

#include "base/attributes.h"
#include "jsonata/value.h"

enum { TYPES_ANY = 127 };

static uint8_t types_of_letter(char letter)
{
    switch (letter) {
    case 's': return SIGNATURE_STRING;
    case 'n': return SIGNATURE_NUMBER;
    case 'b': return SIGNATURE_BOOLEAN;
    case 'l': return SIGNATURE_NULL;
    case 'a': return SIGNATURE_ARRAY;
    case 'o': return SIGNATURE_OBJECT;
    case 'f': return SIGNATURE_FUNCTION;
    case 'u': return SIGNATURE_BOOLEAN | SIGNATURE_NUMBER | SIGNATURE_STRING | SIGNATURE_NULL;
    case 'j': return TYPES_ANY & ~SIGNATURE_FUNCTION;
    case 'x': return TYPES_ANY;
    default: return 0;
    }
}

// The offset of the bracket that closes the one at `start`.
static size_t find_closing(struct str text, size_t start, char open, char close)
{
    int depth = 0;
    for (size_t i = start; i < text.size; i++) {
        if (text.data[i] == open) depth++;
        if (text.data[i] == close && --depth == 0) return i;
    }
    return text.size;
}

struct signature_parser {
    struct str text;
    size_t next;
    struct signature *signature;
    const char *code; // Of an error.
};

static bool parse_choice(struct signature_parser *parser)
{
    size_t end = find_closing(parser->text, parser->next, '(', ')');
    struct signature_parameter parameter = {.types = SIGNATURE_MISSING};
    for (size_t i = parser->next + 1; i < end; i++) {
        if (parser->text.data[i] == '<') {
            parser->code = "S0402";
            return false;
        }
        parameter.types |= types_of_letter(parser->text.data[i]);
    }
    parser->signature->parameters[parser->signature->count++] = parameter;
    parser->next = end;
    return true;
}

static void parse_type(struct signature_parser *parser, char letter)
{
    struct signature_parameter parameter = {.types = types_of_letter(letter)};
    if (letter == 'a') {
        parameter.is_array = true;
        parameter.types = TYPES_ANY;
    }
    if (letter != 'f') parameter.types |= SIGNATURE_MISSING;
    parser->signature->parameters[parser->signature->count++] = parameter;
}

static bool parse_subtype(struct signature_parser *parser)
{
    struct signature *signature = parser->signature;
    struct signature_parameter *last =
        signature->count == 0 ? NULL : &signature->parameters[signature->count - 1];
    bool is_function = last != NULL && (last->types & ~SIGNATURE_MISSING) == SIGNATURE_FUNCTION;
    if (last == NULL || !(last->is_array || is_function)) {
        parser->code = "S0401";
        return false;
    }
    size_t end = find_closing(parser->text, parser->next, '<', '>');
    if (last->is_array && end > parser->next + 1)
        last->item_type = parser->text.data[parser->next + 1];
    parser->next = end;
    return true;
}

static bool parse_symbol(struct signature_parser *parser)
{
    char letter = parser->text.data[parser->next];
    struct signature *signature = parser->signature;
    struct signature_parameter *last =
        signature->count == 0 ? NULL : &signature->parameters[signature->count - 1];
    switch (letter) {
    case '(': return parse_choice(parser);
    case '<': return parse_subtype(parser);
    case '-':
        if (last != NULL) last->takes_context = last->is_optional = true;
        return true;
    case '?':
        if (last != NULL) last->is_optional = true;
        return true;
    case '+':
        if (last != NULL) last->is_repeated = true;
        return true;
    default:
        if (types_of_letter(letter) != 0) parse_type(parser, letter);
        return true;
    }
}

enum status signature_parse(struct arena *arena, struct str text,
                            const struct signature **ret_signature, const char **reterr_code,
                            size_t *reterr_offset)
{
    struct signature *signature = ARENA_NEW(arena, struct signature);
    if (signature == NULL) return STATUS_NO_MEMORY;
    struct signature_parser parser = {.text = text, .next = 1, .signature = signature};
    for (; parser.next < text.size; parser.next++) {
        char letter = text.data[parser.next];
        if (letter == ':' || letter == '>') break;
        if (signature->count == SIGNATURE_PARAMETERS_MAX) parser.code = "S0401";
        if (parser.code == NULL && parse_symbol(&parser)) continue;
        *reterr_code = parser.code;
        *reterr_offset = parser.next;
        return STATUS_INVALID;
    }
    *ret_signature = signature;
    return STATUS_OK;
}

static uint8_t type_of(struct json value)
{
    switch (value_kind(value)) {
    case JSON_NULL: return SIGNATURE_NULL;
    case JSON_FALSE:
    case JSON_TRUE: return SIGNATURE_BOOLEAN;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_NUMBER_TEXT: return SIGNATURE_NUMBER;
    case JSON_STRING: return SIGNATURE_STRING;
    case JSON_ARRAY: return SIGNATURE_ARRAY;
    case JSON_OBJECT: return SIGNATURE_OBJECT;
    case VALUE_FUNCTION: return SIGNATURE_FUNCTION;
    default: return SIGNATURE_MISSING;
    }
}

// How many arguments each parameter takes; false when the rest does not fit.
static bool distribute(const struct signature *signature, const struct json *arguments,
                       size_t count, size_t parameter_index, size_t argument_index,
                       uint32_t *ret_taken)
{
    if (parameter_index == signature->count) return argument_index == count;
    const struct signature_parameter *parameter = &signature->parameters[parameter_index];
    size_t most = parameter->is_repeated ? count - argument_index : 1;
    size_t fitting = 0;
    while (fitting < most && argument_index + fitting < count &&
           (type_of(arguments[argument_index + fitting]) & parameter->types) != 0)
        fitting++;
    size_t least = parameter->is_optional ? 0 : 1;
    for (size_t taken = fitting + 1; taken-- > least;) {
        ret_taken[parameter_index] = (uint32_t)taken;
        if (distribute(signature, arguments, count, parameter_index + 1, argument_index + taken,
                       ret_taken))
            return true;
    }
    return false;
}

// Which argument is the first that cannot be taken.
static int fail_unmatched(const struct signature *signature, const struct json *arguments,
                          size_t count, struct signature_failure *reterr_failure)
{
    uint32_t taken[SIGNATURE_PARAMETERS_MAX];
    size_t good = 0;
    for (uint32_t i = 1; i <= signature->count; i++) {
        // The longest prefix of the arguments that the first `i` parameters take.
        struct signature prefix = *signature;
        prefix.count = i;
        size_t size = count + 1;
        while (size-- > 0)
            if (distribute(&prefix, arguments, size, 0, 0, taken)) break;
        if (size == SIZE_MAX) break;
        good = size;
    }
    *reterr_failure = (struct signature_failure){
        .code = "T0410",
        .index = (uint32_t)good + 1,
        .value = good < count ? arguments[good] : value_undefined,
    };
    return -1;
}

static const char *items_name(char item_type)
{
    switch (item_type) {
    case 'a': return "arrays";
    case 'b': return "booleans";
    case 'f': return "functions";
    case 'n': return "numbers";
    case 'o': return "objects";
    default: return "strings";
    }
}

static bool has_items_of(struct json value, char item_type)
{
    uint8_t types = types_of_letter(item_type);
    if (!value_is_array(value)) return (type_of(value) & types) != 0;
    for (uint32_t i = 0; i < value.size; i++)
        if ((type_of(value.items[i]) & types) == 0) return false;
    return true;
}

// An argument for a parameter that wants an array. Returns false with the failure.
static bool to_array(const struct signature_parameter *parameter, uint32_t index,
                     struct json *argument, struct arena *arena,
                     struct signature_failure *reterr_failure)
{
    if (value_is_undefined(*argument)) return true;
    if (parameter->item_type != 0 && !has_items_of(*argument, parameter->item_type)) {
        *reterr_failure =
            (struct signature_failure){"T0412", index, *argument, items_name(parameter->item_type)};
        return false;
    }
    if (value_is_array(*argument)) return true;
    const struct json *box = json_new(arena, *argument);
    *reterr_failure = (struct signature_failure){0};
    if (box == NULL) return false;
    *argument = json_from_items(box, 1);
    return true;
}

// The usual case: every argument has its own parameter, in order.
static bool fits_plainly(const struct signature *signature, const struct json *arguments,
                         size_t count)
{
    if (count != signature->count) return false;
    for (size_t i = 0; i < count; i++)
        if ((type_of(arguments[i]) & signature->parameters[i].types) == 0) return false;
    return true;
}

int signature_match(const struct signature *signature, struct json *arguments, size_t count,
                    struct json context, struct arena *arena,
                    struct signature_failure *reterr_failure)
{
    uint32_t taken[SIGNATURE_PARAMETERS_MAX];
    if (fits_plainly(signature, arguments, count)) {
        for (size_t i = 0; i < count; i++)
            if (signature->parameters[i].is_array &&
                !to_array(&signature->parameters[i], (uint32_t)i + 1, &arguments[i], arena,
                          reterr_failure))
                return -1;
        return (int)count;
    }
    if (count > 4096 || !distribute(signature, arguments, count, 0, 0, taken))
        return fail_unmatched(signature, arguments, count > 4096 ? 4096 : count, reterr_failure);
    struct json *given = arena_alloc_array(arena, count, sizeof(*given));
    *reterr_failure = (struct signature_failure){0};
    if (given == NULL) return -1;
    memcpy(given, arguments, count * sizeof(*given));
    size_t index = 0; // Of the argument in its final place.
    size_t used = 0;  // Of the arguments given.
    for (uint32_t i = 0; i < signature->count; i++) {
        const struct signature_parameter *parameter = &signature->parameters[i];
        for (uint32_t k = 0; k < taken[i]; k++, index++) {
            arguments[index] = given[used++];
            if (parameter->is_array &&
                !to_array(parameter, (uint32_t)used, &arguments[index], arena, reterr_failure))
                return -1;
        }
        if (taken[i] > 0) continue;
        bool fits = (type_of(context) & parameter->types) != 0;
        if (parameter->takes_context && !fits) {
            *reterr_failure =
                (struct signature_failure){"T0411", (uint32_t)used + 1, context, NULL};
            return -1;
        }
        arguments[index++] = parameter->takes_context ? context : value_undefined;
    }
    return (int)index;
}
