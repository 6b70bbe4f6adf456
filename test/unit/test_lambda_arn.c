// How functions are named: names, partial and full ARNs, with and without qualifiers.

#include "lambda/arn.h"
#include "test/lib/test.h"

// "region|account|name|qualifier", or "refused".
static struct str read_reference(struct arena *arena, const char *text)
{
    struct lambda_reference reference;
    if (!lambda_reference_parse(str_from_c(text), &reference)) return STR("refused");
    return arena_printf(arena, "%" STR_FORMAT "|%" STR_FORMAT "|%" STR_FORMAT "|%" STR_FORMAT,
                        STR_ARGS(reference.region), STR_ARGS(reference.account),
                        STR_ARGS(reference.name), STR_ARGS(reference.qualifier));
}

TEST(reference_takes_names_partial_and_full_arns)
{
    static const char *const cases[][2] = {
        {"f", "||f|"},
        {"my_Function-1", "||my_Function-1|"},
        {"f:live", "||f|live"},
        {"f:12", "||f|12"},
        {"f:$LATEST", "||f|$LATEST"},
        {"function", "||function|"},
        {"function:live", "||function|live"},
        {"000000000000:function:f", "|000000000000|f|"},
        {"000000000000:function:f:1", "|000000000000|f|1"},
        {"us-east-1:000000000000:function:f", "us-east-1|000000000000|f|"},
        {"arn:aws:lambda:us-west-2:012345678912:function:f", "us-west-2|012345678912|f|"},
        {"arn:aws-us-gov:lambda:us-gov-west-1:012345678912:function:f:$LATEST",
         "us-gov-west-1|012345678912|f|$LATEST"},
        {"arn:aws-cn:lambda:cn-north-1:012345678912:function:f:prod",
         "cn-north-1|012345678912|f|prod"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena CLEANUP(arena_release) arena;
        arena_init(&arena, KIB(16));
        CHECK_STR(read_reference(&arena, cases[i][0]), str_from_c(cases[i][1]));
    }
}

TEST(reference_refuses_what_is_no_function)
{
    static const char *const texts[] = {
        "",
        ":",
        "f:",
        ":f",
        "a b",
        "f:a:b",
        "f:LATEST$",
        "f/g",
        "caf\xc3\xa9",
        "arn:aws:lambda:us-east-1:000000000000:f",
        "arn:aws:lambda:us-east-1:function:f",
        "arn:aws:states:us-east-1:000000000000:function:f",
        "arn:gcp:lambda:us-east-1:000000000000:function:f",
        "arn:aws:lambda:mars:000000000000:function:f",
        "arn:aws:lambda:us-east-1:00000000000:function:f",
        "arn:aws:lambda:us-east-1:000000000000:function:",
        "arn:aws:lambda:us-east-1:000000000000:layer:f",
        "000000000000:f",
        "us-east-1:function:f",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct lambda_reference reference;
        bool is_taken = lambda_reference_parse(str_from_c(texts[i]), &reference);
        if (is_taken) test_fail(__FILE__, __LINE__, "takes \"%s\"", texts[i]);
    }
}

TEST(qualifiers_are_versions_or_aliases)
{
    CHECK(lambda_qualifier_is_valid(STR("$LATEST")));
    CHECK(lambda_qualifier_is_valid(STR("7")));
    CHECK(lambda_qualifier_is_valid(STR("prod-1_a")));
    CHECK(!lambda_qualifier_is_valid(STR("")));
    CHECK(!lambda_qualifier_is_valid(STR("$latest")));
    CHECK(lambda_qualifier_is_version(STR("7")));
    CHECK(!lambda_qualifier_is_version(STR("7a")));
    CHECK(lambda_alias_name_is_valid(STR("7a")));
    CHECK(!lambda_alias_name_is_valid(STR("7")));
}

TEST(role_arns_have_the_shape_of_a_role)
{
    CHECK(lambda_role_arn_is_valid(STR("arn:aws:iam::000000000000:role/r")));
    CHECK(lambda_role_arn_is_valid(STR("arn:aws:iam::000000000000:role/service-role/a.b@c,d=e+f")));
    CHECK(!lambda_role_arn_is_valid(STR("r")));
    CHECK(!lambda_role_arn_is_valid(STR("arn:aws:iam::000000000000:user/r")));
    CHECK(!lambda_role_arn_is_valid(STR("arn:aws:iam::000000000000:role/")));
    CHECK(!lambda_role_arn_is_valid(STR("arn:aws:iam:us-east-1:000000000000:role/r")));
    CHECK(!lambda_role_arn_is_valid(STR("arn:aws:iam::000000000000:role/r s")));
}

TEST(arn_of_a_function_names_its_partition)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(16));
    CHECK_STR(lambda_arn_render(&arena, STR("us-east-1"), STR("000000000000"), STR("f"), STR("")),
              STR("arn:aws:lambda:us-east-1:000000000000:function:f"));
    CHECK_STR(lambda_arn_render(&arena, STR("cn-north-1"), STR("000000000000"), STR("f"), STR("3")),
              STR("arn:aws-cn:lambda:cn-north-1:000000000000:function:f:3"));
}
