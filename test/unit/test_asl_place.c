// Places: their text and their offset in a definition.

#include "asl/place.h"
#include "test/lib/test.h"

static struct arena arena;

static const struct asl_place root;

TEST(places_render_as_paths_with_indices_in_brackets)
{
    arena_init(&arena, KIB(64));
    struct asl_place states = asl_place_member(&root, STR("States"));
    struct asl_place pay = asl_place_member(&states, STR("Pay"));
    struct asl_place retry = asl_place_member(&pay, STR("Retry"));
    struct asl_place first = asl_place_item(&retry, 10);
    CHECK_STR(asl_place_render(&root, &arena), STR("/"));
    CHECK_STR(asl_place_render(&first, &arena), STR("/States/Pay/Retry[10]"));
    CHECK_STR(asl_place_render_below(&first, &pay, &arena), STR("Retry[10]"));
    arena_release(&arena);
}

static void check_offset(const char *text, const struct asl_place *place, const char *rest)
{
    struct str definition = str_from_c(text);
    CHECK_STR(str_skip(definition, asl_place_offset(place, definition)), str_from_c(rest));
}

TEST(offsets_lead_to_the_value)
{
    struct asl_place a = asl_place_member(&root, STR("a"));
    struct asl_place b = asl_place_item(&a, 1);
    struct asl_place c = asl_place_member(&b, STR("c/\"d"));
    check_offset(" {\"x\":[{},\"a\\\"\"], \"a\" : [ [1,[2]] , {\"c\\/\\\"d\":7}]}", &c, "7}]}");
    check_offset("{\"a\":[1, true ]}", &b, "true ]}");
    check_offset("\t{\"a\":1}", &root, "{\"a\":1}");
}

TEST(of_members_with_one_name_the_last_one_counts)
{
    struct asl_place a = asl_place_member(&root, STR("a"));
    check_offset("{\"a\":1,\"b\":2,\"a\":3}", &a, "3}");
}

TEST(what_is_absent_has_the_offset_of_what_is_around_it)
{
    struct asl_place a = asl_place_member(&root, STR("a"));
    struct asl_place b = asl_place_member(&a, STR("b"));
    struct asl_place c = asl_place_item(&b, 0);
    check_offset("{\"a\": {\"x\":1}}", &b, "{\"x\":1}}");
    check_offset("{\"a\": {\"x\":1}}", &c, "{\"x\":1}}");
    check_offset("{\"a\":1}", &b, "1}");
}
