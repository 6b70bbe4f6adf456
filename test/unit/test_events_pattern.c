// Event patterns: which events match, what is refused, and laws that hold for any pattern.

#include "base/random.h"
#include "events/pattern.h"
#include "test/lib/test.h"

static const char event_text[] =
    "{\"version\":\"0\",\"id\":\"1\",\"detail-type\":\"Order Placed\",\"source\":\"my.shop\","
    "\"account\":\"000000000000\",\"time\":\"2026-01-31T12:00:00Z\",\"region\":\"us-east-1\","
    "\"resources\":[\"arn:a\",\"arn:b\"],\"detail\":{\"status\":\"PAID\",\"total\":300,"
    "\"rate\":300.0,\"ip\":\"10.0.7.9\",\"none\":null,\"empty\":\"\",\"gift\":false,\"file\":"
    "\"photos/2026/a.JPG\",\"tags\":[],\"items\":[{\"sku\":\"x\",\"count\":1},{\"sku\":\"y\","
    "\"count\":5}],\"address\":{\"city\":\"Oslo\"}}}";

struct match_case {
    const char *pattern;
    bool is_match;
};

static bool compile_and_match(const char *pattern_text, const char *text)
{
    struct arena CLEANUP(arena_release) arena;
    const struct events_pattern *pattern;
    struct json event;
    struct str reason = STR("");
    arena_init(&arena, MIB(1));
    enum status status =
        events_pattern_compile(&arena, str_from_c(pattern_text), &pattern, &reason);
    if (status != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%s: %.*s", pattern_text, STR_ARGS(reason));
        return false;
    }
    if (json_parse(&arena, str_from_c(text), 0, &event, NULL) != STATUS_OK) {
        test_fail(__FILE__, __LINE__, "%s", text);
        return false;
    }
    return events_pattern_matches(pattern, &event);
}

static void check_matches(const struct match_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (compile_and_match(cases[i].pattern, event_text) != cases[i].is_match) {
            test_fail(__FILE__, __LINE__, "%s %s", cases[i].pattern,
                      cases[i].is_match ? "does not match" : "matches");
        }
    }
}

TEST(values_are_exact_and_any_of_a_list_is_enough)
{
    static const struct match_case cases[] = {
        {"{\"source\":[\"my.shop\"]}", true},
        {"{\"source\":[\"my.sho\"]}", false},
        {"{\"source\":[\"other\",\"my.shop\"]}", true},
        {"{\"source\":[\"my.shop\"],\"region\":[\"eu-west-1\"]}", false},
        {"{\"detail\":{\"status\":[\"PAID\"],\"address\":{\"city\":[\"Oslo\"]}}}", true},
        {"{\"detail\":{\"total\":[300]}}", true},
        {"{\"detail\":{\"total\":[300.0]}}", false},
        {"{\"detail\":{\"rate\":[300.0]}}", true},
        {"{\"detail\":{\"total\":[\"300\"]}}", false},
        {"{\"detail\":{\"none\":[null]}}", true},
        {"{\"detail\":{\"empty\":[null]}}", false},
        {"{\"detail\":{\"empty\":[\"\"]}}", true},
        {"{\"detail\":{\"gift\":[false]}}", true},
        {"{\"detail\":{\"gift\":[true]}}", false},
        {"{\"detail\":{\"missing\":[null]}}", false},
        {"{\"detail\":{\"address\":[\"Oslo\"]}}", false},
    };
    check_matches(cases, ARRAY_COUNT(cases));
}

TEST(arrays_match_by_one_element_and_objects_in_them_as_a_whole)
{
    static const struct match_case cases[] = {
        {"{\"resources\":[\"arn:b\"]}", true},
        {"{\"resources\":[\"arn:c\"]}", false},
        {"{\"detail\":{\"items\":{\"sku\":[\"y\"]}}}", true},
        {"{\"detail\":{\"items\":{\"sku\":[\"y\"],\"count\":[5]}}}", true},
        {"{\"detail\":{\"items\":{\"sku\":[\"x\"],\"count\":[5]}}}", false},
        {"{\"detail\":{\"tags\":[{\"exists\":false}]}}", true},
        {"{\"resources\":[{\"anything-but\":\"arn:a\"}]}", true},
    };
    check_matches(cases, ARRAY_COUNT(cases));
}

TEST(content_filters_match)
{
    static const struct match_case cases[] = {
        {"{\"source\":[{\"prefix\":\"my.\"}]}", true},
        {"{\"source\":[{\"prefix\":\"shop\"}]}", false},
        {"{\"source\":[{\"prefix\":{\"equals-ignore-case\":\"MY.\"}}]}", true},
        {"{\"detail\":{\"file\":[{\"suffix\":\".JPG\"}]}}", true},
        {"{\"detail\":{\"file\":[{\"suffix\":\".jpg\"}]}}", false},
        {"{\"detail\":{\"file\":[{\"suffix\":{\"equals-ignore-case\":\".jpg\"}}]}}", true},
        {"{\"detail\":{\"status\":[{\"equals-ignore-case\":\"paid\"}]}}", true},
        {"{\"detail\":{\"file\":[{\"wildcard\":\"photos/*/a.*\"}]}}", true},
        {"{\"detail\":{\"file\":[{\"wildcard\":\"photos/*/b.*\"}]}}", false},
        {"{\"detail\":{\"file\":[{\"wildcard\":\"*\"}]}}", true},
        {"{\"detail\":{\"file\":[{\"wildcard\":\"photos/2026/a.JPG\"}]}}", true},
        {"{\"detail\":{\"file\":[{\"wildcard\":\"*photos/2026/a.JPGx\"}]}}", false},
        {"{\"detail\":{\"file\":[{\"wildcard\":\"photos\\\\*\"}]}}", false},
        {"{\"detail\":{\"total\":[{\"numeric\":[\">\",0,\"<=\",300]}]}}", true},
        {"{\"detail\":{\"total\":[{\"numeric\":[\">\",300]}]}}", false},
        {"{\"detail\":{\"total\":[{\"numeric\":[\"=\",3.0e2]}]}}", true},
        {"{\"detail\":{\"status\":[{\"numeric\":[\"=\",3]}]}}", false},
        {"{\"detail\":{\"ip\":[{\"cidr\":\"10.0.0.0/21\"}]}}", true},
        {"{\"detail\":{\"ip\":[{\"cidr\":\"10.0.0.0/22\"}]}}", false},
        {"{\"detail\":{\"status\":[{\"cidr\":\"0.0.0.0/0\"}]}}", false},
        {"{\"detail\":{\"status\":[{\"exists\":true}]}}", true},
        {"{\"detail\":{\"status\":[{\"exists\":false}]}}", false},
        {"{\"detail\":{\"other\":[{\"exists\":false}]}}", true},
        {"{\"detail\":{\"address\":[{\"exists\":true}]}}", false},
        {"{\"detail\":{\"a\":{\"b\":[{\"exists\":false}]}}}", true},
    };
    check_matches(cases, ARRAY_COUNT(cases));
}

TEST(anything_but_needs_a_value_and_excludes)
{
    static const struct match_case cases[] = {
        {"{\"detail\":{\"status\":[{\"anything-but\":\"OPEN\"}]}}", true},
        {"{\"detail\":{\"status\":[{\"anything-but\":[\"OPEN\",\"PAID\"]}]}}", false},
        {"{\"detail\":{\"total\":[{\"anything-but\":[1,2]}]}}", true},
        {"{\"detail\":{\"total\":[{\"anything-but\":300}]}}", false},
        {"{\"detail\":{\"other\":[{\"anything-but\":\"x\"}]}}", false},
        {"{\"detail\":{\"status\":[{\"anything-but\":{\"prefix\":\"PA\"}}]}}", false},
        {"{\"detail\":{\"status\":[{\"anything-but\":{\"suffix\":[\"X\",\"Y\"]}}]}}", true},
        {"{\"detail\":{\"status\":[{\"anything-but\":{\"equals-ignore-case\":\"paid\"}}]}}", false},
        {"{\"detail\":{\"status\":[{\"anything-but\":{\"wildcard\":\"*AI*\"}}]}}", false},
    };
    check_matches(cases, ARRAY_COUNT(cases));
}

TEST(a_choice_is_satisfied_by_one_alternative)
{
    static const struct match_case cases[] = {
        {"{\"$or\":[{\"source\":[\"a\"]},{\"region\":[\"us-east-1\"]}]}", true},
        {"{\"$or\":[{\"source\":[\"a\"]},{\"region\":[\"b\"]}]}", false},
        {"{\"account\":[\"1\"],\"$or\":[{\"source\":[\"a\"]},{\"region\":[\"us-east-1\"]}]}",
         false},
        {"{\"detail\":{\"$or\":[{\"total\":[{\"numeric\":[\">\",999]}]},{\"status\":[\"PAID\"]}]}}",
         true},
    };
    check_matches(cases, ARRAY_COUNT(cases));
}

TEST(bad_patterns_are_refused_with_a_reason)
{
    static const struct {
        const char *pattern, *reason;
    } cases[] = {
        {"[]", "Filter is not an object"},
        {"{}", "Empty objects are not allowed"},
        {"{\"source\":\"x\"}", "\"source\" must be an object or an array"},
        {"{\"source\":[]}", "Empty arrays are not allowed"},
        {"{\"source\":[[1]]}", "Match value must be String, number, true, false, or null"},
        {"{\"source\":[{\"like\":1}]}", "Unrecognized match type like"},
        {"{\"source\":[{\"prefix\":1}]}", "prefix match pattern must be a string"},
        {"{\"source\":[{\"prefix\":\"a\",\"suffix\":\"b\"}]}",
         "Only one key allowed in match expression"},
        {"{\"source\":[{\"exists\":1}]}", "exists match pattern must be either true or false."},
        {"{\"source\":[{\"numeric\":3}]}", "Value of numeric must be an array."},
        {"{\"source\":[{\"numeric\":[\">\"]}]}", "Value of > must be numeric"},
        {"{\"source\":[{\"numeric\":[\"!\",1]}]}", "Unrecognized numeric range operator: !"},
        {"{\"source\":[{\"numeric\":[\">\",5,\"<\",1]}]}", "Bottom must be less than top"},
        {"{\"source\":[{\"numeric\":[\">\",5,\">\",9]}]}",
         "Too many elements in numeric expression"},
        {"{\"source\":[{\"anything-but\":[1,\"a\"]}]}",
         "Inside anything but list, either all values are number or string, mixed type is not "
         "supported"},
        {"{\"source\":[{\"anything-but\":true}]}",
         "Value of anything-but must be an array or single string/number value."},
        {"{\"source\":[{\"wildcard\":\"a**b\"}]}", "Consecutive wildcard characters at pos 1"},
        {"{\"source\":[{\"wildcard\":\"a\\\\b\"}]}", "Invalid escape character at pos 1"},
        {"{\"source\":[{\"cidr\":\"10.0.0.0/33\"}]}",
         "Malformed CIDR, one '/' required: 10.0.0.0/33"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena CLEANUP(arena_release) arena;
        const struct events_pattern *pattern;
        struct str reason = STR("");
        arena_init(&arena, MIB(1));
        CHECK(events_pattern_compile(&arena, str_from_c(cases[i].pattern), &pattern, &reason) ==
              STATUS_INVALID);
        if (!str_is(reason, cases[i].reason)) {
            test_fail(__FILE__, __LINE__, "%s: %.*s", cases[i].pattern, STR_ARGS(reason));
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Laws

// A flat object of a few names with small values.
static struct json random_object(struct random *random, struct arena *arena)
{
    static const char *const names[] = {"a", "b", "c"};
    static const char *const values[] = {"x", "y", "zz"};
    struct json_members members;
    json_members_init(&members, arena);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        uint64_t draw = random_u64(random) % 5;
        if (draw < 3) {
            json_members_append(&members, str_from_c(names[i]),
                                json_from_str(str_from_c(values[draw])));
        } else if (draw == 3) {
            json_members_append(&members, str_from_c(names[i]),
                                json_from_integer((int64_t)(random_u64(random) % 3)));
        }
    }
    return json_members_finish(&members);
}

static bool matches(struct arena *arena, struct str text, const struct json *event)
{
    const struct events_pattern *pattern;
    struct str reason;
    CHECK(events_pattern_compile(arena, text, &pattern, &reason) == STATUS_OK);
    return events_pattern_matches(pattern, event);
}

// A pattern of one field whose only matcher is `operator` with an operand.
static struct str one(struct arena *arena, const char *name, const char *operator,
                      const char * operand)
{
    return arena_printf(arena, "{\"%s\":[{\"%s\":%s}]}", name, operator, operand);
}

TEST(existing_is_the_opposite_of_being_absent_and_a_value_is_in_or_out)
{
    struct random random;
    random_init_seed(&random, 7);
    static const char *const names[] = {"a", "b", "c"};
    static const char *const parts[] = {"x", "y", "z"};
    for (int i = 0; i < 3000; i++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, MIB(1));
        struct json event = random_object(&random, &arena);
        const char *name = names[random_u64(&random) % 3];
        const char *part = parts[random_u64(&random) % 3];
        const char *text = arena_printf(&arena, "\"%s\"%c", part, '\0').data;
        const char *star = arena_printf(&arena, "\"%s*\"%c", part, '\0').data;
        const char *prefix = arena_printf(&arena, "{\"prefix\":%s}%c", text, '\0').data;
        struct str has_prefix_text = one(&arena, name, "prefix", text);
        struct str is_absent_text = one(&arena, name, "exists", "false");
        struct str either = arena_printf(&arena, "{\"$or\":[%" STR_FORMAT ",%" STR_FORMAT "]}",
                                         STR_ARGS(has_prefix_text), STR_ARGS(is_absent_text));
        bool exists = matches(&arena, one(&arena, name, "exists", "true"), &event);
        bool is_absent = matches(&arena, is_absent_text, &event);
        bool has_prefix = matches(&arena, has_prefix_text, &event);
        bool has_other = matches(&arena, one(&arena, name, "anything-but", prefix), &event);
        bool has_wildcard = matches(&arena, one(&arena, name, "wildcard", star), &event);
        bool has_either = matches(&arena, either, &event);
        CHECK(exists != is_absent);
        CHECK(exists == (has_prefix != has_other));
        CHECK(has_prefix == has_wildcard);
        CHECK(has_either == (has_prefix || is_absent));
    }
}
