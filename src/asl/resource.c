// Resources: "arn:PARTITION:lambda:…", "arn:PARTITION:states:…". What is neither is another URI.

#include <stdlib.h>

#include "asl/compile.h"

enum patterns { NONE = 0, SYNC = 1, SYNC_2 = 2, TOKEN = 4 };

struct service {
    struct str name;
    struct str action;
    unsigned patterns;
};

static const struct service services[] = {
#define SERVICE(name, action, patterns) {STR_INIT(name), STR_INIT(action), patterns},
#include "asl/service.def"
#undef SERVICE
};

// "arn", partition, service, region, account and the rest.
struct arn {
    struct str partition;
    struct str service;
    struct str region;
    struct str account;
    struct str rest;
};

static bool split_arn(struct str text, struct arn *ret_arn)
{
    struct str rest = text;
    if (!str_is(str_cut(&rest, ':'), "arn")) return false;
    ret_arn->partition = str_cut(&rest, ':');
    ret_arn->service = str_cut(&rest, ':');
    ret_arn->region = str_cut(&rest, ':');
    ret_arn->account = str_cut(&rest, ':');
    ret_arn->rest = rest;
    return rest.data != NULL && rest.size > 0 && str_starts_with(ret_arn->partition, STR("aws"));
}

static enum asl_service_pattern cut_pattern(struct str *action)
{
    static const struct {
        struct str suffix;
        enum asl_service_pattern pattern;
    } suffixes[] = {
        {STR_INIT(".waitForTaskToken"), ASL_WAIT_FOR_TASK_TOKEN},
        {STR_INIT(".sync:2"), ASL_RUN_JOB_2},
        {STR_INIT(".sync"), ASL_RUN_JOB},
    };
    for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++) {
        if (str_ends_with(*action, suffixes[i].suffix)) {
            action->size -= suffixes[i].suffix.size;
            return suffixes[i].pattern;
        }
    }
    return ASL_REQUEST_RESPONSE;
}

static bool allows(unsigned patterns, enum asl_service_pattern pattern)
{
    switch (pattern) {
    case ASL_REQUEST_RESPONSE: return true;
    case ASL_RUN_JOB: return (patterns & SYNC) != 0;
    case ASL_RUN_JOB_2: return (patterns & SYNC_2) != 0;
    case ASL_WAIT_FOR_TASK_TOKEN: return (patterns & TOKEN) != 0;
    }
    abort();
}

static bool is_sdk_word(struct str word, bool starts_lower)
{
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i];
        bool is_lower = c >= 'a' && c <= 'z';
        bool is_other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_lower && (!is_other || (i == 0 && starts_lower))) return false;
    }
    return word.size > 0;
}

static bool is_known_service(const struct asl_resource *resource)
{
    struct str type = resource->type;
    if (str_starts_with(type, STR("aws-sdk:"))) {
        return is_sdk_word(str_skip(type, 8), true) && is_sdk_word(resource->action, true) &&
               allows(TOKEN, resource->pattern);
    }
    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        if (str_equal(services[i].name, type) &&
            (str_is(services[i].action, "*") || str_equal(services[i].action, resource->action)))
            return allows(services[i].patterns, resource->pattern);
    }
    return false;
}

// "sns:publish.waitForTaskToken", "aws-sdk:s3:getObject"
static struct asl_resource service_resource(struct str arn, struct str rest)
{
    struct asl_resource resource = {.kind = ASL_RESOURCE_SERVICE, .arn = arn};
    size_t type_size = str_find_byte(rest, ':');
    if (type_size == SIZE_MAX) type_size = rest.size;
    if (str_starts_with(rest, STR("aws-sdk:"))) {
        size_t more = str_find_byte(str_skip(rest, 8), ':');
        type_size = more == SIZE_MAX ? rest.size : 8 + more;
    }
    resource.type = str_slice(rest, 0, type_size);
    resource.resource = str_skip(rest, type_size + 1);
    resource.action = resource.resource;
    resource.pattern = cut_pattern(&resource.action);
    return resource;
}

static bool is_empty(struct str text)
{
    return text.size == 0;
}

// Returns false when the resource is none that the service knows.
static bool parse_resource(struct str text, struct asl_resource *ret_resource)
{
    *ret_resource = (struct asl_resource){.kind = ASL_RESOURCE_OTHER, .arn = text};
    struct arn arn;
    if (!split_arn(text, &arn)) return false;
    if (str_is(arn.service, "lambda") && str_starts_with(arn.rest, STR("function:"))) {
        ret_resource->kind = ASL_RESOURCE_LAMBDA_FUNCTION;
        return arn.rest.size > strlen("function:");
    }
    if (!str_is(arn.service, "states")) return false;
    if (str_starts_with(arn.rest, STR("activity:"))) {
        ret_resource->kind = ASL_RESOURCE_ACTIVITY;
        return arn.rest.size > strlen("activity:");
    }
    if (!is_empty(arn.region) || !is_empty(arn.account)) return false;
    *ret_resource = service_resource(text, arn.rest);
    return is_known_service(ret_resource);
}

// A scheme and something behind it, or one substitution as templates of definitions have them.
static bool is_uri(struct str text)
{
    if (str_starts_with(text, STR("${"))) return str_ends_with(text, STR("}"));
    size_t scheme = str_find_byte(text, ':');
    return scheme != SIZE_MAX && scheme > 0 && scheme + 1 < text.size;
}

// The nearest service and action; or that the service does not have the pattern.
static void suggest_resource(struct asl_compiler *compiler, struct asl_diagnostic *diagnostic,
                             const struct asl_resource *resource)
{
    if (diagnostic == NULL || resource->kind != ASL_RESOURCE_SERVICE) return;
    struct arena *scratch = compiler->scratch;
    struct asl_suggestion suggestion =
        asl_suggest_start(arena_printf(scratch, "%" STR_FORMAT ":%" STR_FORMAT,
                                       STR_ARGS(resource->type), STR_ARGS(resource->action)));
    for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
        bool is_any = str_is(services[i].action, "*");
        asl_suggest_offer(&suggestion,
                          arena_printf(scratch, "%" STR_FORMAT ":%" STR_FORMAT,
                                       STR_ARGS(services[i].name),
                                       STR_ARGS(is_any ? resource->action : services[i].action)));
    }
    if (suggestion.best.data == NULL) {
        asl_help(compiler, diagnostic,
                 "an API without an integration of its own is called by "
                 "arn:aws:states:::aws-sdk:SERVICE:ACTION");
    } else if (str_equal(suggestion.best, suggestion.wanted)) {
        asl_help(compiler, diagnostic, "%" STR_FORMAT " does not support the pattern %" STR_FORMAT,
                 STR_ARGS(suggestion.best),
                 STR_ARGS(str_skip(resource->resource, resource->action.size)));
    } else {
        asl_help(compiler, diagnostic, "did you mean arn:aws:states:::%" STR_FORMAT "?",
                 STR_ARGS(suggestion.best));
    }
}

static void check_express(struct asl_compiler *compiler, const struct asl_place *place,
                          const struct asl_resource *resource)
{
    if (resource->kind == ASL_RESOURCE_ACTIVITY) {
        asl_report_schema(compiler, place, "Express state machine does not support Activity ARN");
        return;
    }
    switch (resource->pattern) {
    case ASL_REQUEST_RESPONSE: return;
    case ASL_RUN_JOB:
    case ASL_RUN_JOB_2:
        asl_report_schema(compiler, place,
                          "Express state machine does not support '.sync' service integration");
        return;
    case ASL_WAIT_FOR_TASK_TOKEN: // The blank at the end is the service's.
        asl_report_schema(
            compiler, place,
            "Express state machine does not support '.waitForTaskToken' service integration ");
        return;
    }
}

struct asl_resource asl_compile_resource(struct asl_compiler *compiler,
                                         const struct asl_place *place, struct str arn)
{
    struct asl_resource resource;
    bool is_known = parse_resource(arn, &resource);
    if (asl_is_open(compiler, arn)) {
        // What the last part says about the pattern can be told all the same.
        struct str action = arn;
        resource.pattern = cut_pattern(&action);
        is_known = str_find(arn, STR(":states:::")) != SIZE_MAX;
    } else if (compiler->rules == ASL_RULES_LANGUAGE) {
        if (!is_known) resource = (struct asl_resource){.kind = ASL_RESOURCE_OTHER, .arn = arn};
        if (!is_uri(arn)) asl_report_schema(compiler, place, "Value is not a valid resource ARN");
    } else if (!str_starts_with(arn, STR("arn:"))) {
        struct asl_diagnostic *diagnostic =
            asl_report_schema(compiler, place, "Value is not a valid resource ARN");
        asl_help(compiler, diagnostic,
                 "a resource looks like arn:aws:states:::lambda:invoke or "
                 "arn:aws:lambda:REGION:ACCOUNT:function:NAME");
    } else if (!is_known) {
        struct asl_diagnostic *diagnostic =
            asl_report_schema(compiler, place,
                              "The resource provided %" STR_FORMAT
                              " is not recognized. The value is not a valid resource ARN, or the "
                              "resource is not available in this region.",
                              STR_ARGS(arn));
        suggest_resource(compiler, diagnostic, &resource);
    }
    if (is_known && compiler->type == ASL_MACHINE_EXPRESS)
        check_express(compiler, place, &resource);
    return resource;
}
