// Paths are /VERSION/COLLECTION/NAME/PART/ITEM. The version is a date and differs between
// operations of the same collection, but never tells two operations apart, so it is not looked at.

#include "api/lambda.h"
#include "base/encoding.h"

struct route {
    const char *method;
    const char *collection;
    bool has_name;
    const char *part; // "" when the path ends before it.
    bool has_item;
    enum lambda_operation_kind kind;
};

static const struct route routes[] = {
    {"POST", "functions", false, "", false, LAMBDA_CREATE_FUNCTION},
    {"GET", "functions", false, "", false, LAMBDA_LIST_FUNCTIONS},
    {"GET", "functions", true, "", false, LAMBDA_GET_FUNCTION},
    {"DELETE", "functions", true, "", false, LAMBDA_DELETE_FUNCTION},
    {"GET", "functions", true, "configuration", false, LAMBDA_GET_FUNCTION_CONFIGURATION},
    {"PUT", "functions", true, "configuration", false, LAMBDA_UPDATE_FUNCTION_CONFIGURATION},
    {"GET", "functions", true, "code", false, LAMBDA_GET_CODE},
    {"PUT", "functions", true, "code", false, LAMBDA_UPDATE_FUNCTION_CODE},
    {"GET", "functions", true, "versions", false, LAMBDA_LIST_VERSIONS},
    {"POST", "functions", true, "versions", false, LAMBDA_PUBLISH_VERSION},
    {"GET", "functions", true, "aliases", false, LAMBDA_LIST_ALIASES},
    {"POST", "functions", true, "aliases", false, LAMBDA_CREATE_ALIAS},
    {"GET", "functions", true, "aliases", true, LAMBDA_GET_ALIAS},
    {"PUT", "functions", true, "aliases", true, LAMBDA_UPDATE_ALIAS},
    {"DELETE", "functions", true, "aliases", true, LAMBDA_DELETE_ALIAS},
    {"GET", "functions", true, "policy", false, LAMBDA_GET_POLICY},
    {"POST", "functions", true, "policy", false, LAMBDA_ADD_PERMISSION},
    {"DELETE", "functions", true, "policy", true, LAMBDA_REMOVE_PERMISSION},
    {"GET", "functions", true, "concurrency", false, LAMBDA_GET_CONCURRENCY},
    {"PUT", "functions", true, "concurrency", false, LAMBDA_PUT_CONCURRENCY},
    {"DELETE", "functions", true, "concurrency", false, LAMBDA_DELETE_CONCURRENCY},
    {"GET", "tags", true, "", false, LAMBDA_LIST_TAGS},
    {"POST", "tags", true, "", false, LAMBDA_TAG_RESOURCE},
    {"DELETE", "tags", true, "", false, LAMBDA_UNTAG_RESOURCE},
    {"GET", "account-settings", false, "", false, LAMBDA_GET_ACCOUNT_SETTINGS},
};

static bool is_match(const struct route *route, struct str method, struct str collection,
                     const struct api_lambda_route *found, struct str part)
{
    return str_is(method, route->method) && str_is(collection, route->collection) &&
           str_is(part, route->part) && route->has_name == (found->resource.size > 0) &&
           route->has_item == (found->item.size > 0);
}

bool api_lambda_find_route(struct arena *arena, const struct http_request *http,
                           struct api_lambda_route *ret_route)
{
    struct api_lambda_route found = {0};
    struct str rest = str_skip(http->path, 1);
    str_cut(&rest, '/');
    struct str collection = str_cut(&rest, '/');
    if (!encoding_percent_decode(arena, str_cut(&rest, '/'), false, &found.resource)) return false;
    struct str part = str_cut(&rest, '/');
    if (!encoding_percent_decode(arena, str_cut(&rest, '/'), false, &found.item)) return false;
    if (rest.size > 0) return false;
    if (str_is(collection, "functions") && str_is(part, "invocations") &&
        str_is(http->method, "POST") && found.resource.size > 0 && found.item.size == 0) {
        found.is_invocation = true;
        found.action = STR("InvokeFunction");
        *ret_route = found;
        return true;
    }
    for (size_t i = 0; i < ARRAY_COUNT(routes); i++) {
        if (!is_match(&routes[i], http->method, collection, &found, part)) continue;
        found.kind = routes[i].kind;
        // The code is part of what GetFunction gives.
        found.action = found.kind == LAMBDA_GET_CODE
                           ? STR("GetFunction")
                           : str_from_c(lambda_operation_name(found.kind));
        *ret_route = found;
        return true;
    }
    return false;
}
