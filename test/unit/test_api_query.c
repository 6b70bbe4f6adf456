// Forms become objects, and answers are XML that carries any text.

#include "api/query.h"
#include "api/xml.h"
#include "test/lib/test.h"

// The form as JSON text; "INVALID" when it is refused.
static struct str parsed(struct arena *arena, const char *form)
{
    struct json object;
    enum status status = query_parse(arena, str_from_c(form), &object);
    return status == STATUS_OK ? json_render_to_arena(arena, &object) : STR("INVALID");
}

TEST(query_forms_become_objects)
{
    static const struct {
        const char *form;
        const char *json;
    } cases[] = {
        {"", "{}"},
        {"Action=GetRole&RoleName=a", "{\"action\":\"GetRole\",\"roleName\":\"a\"}"},
        {"A=1+2%203%2B&&B", "{\"a\":\"1 2 3+\",\"b\":\"\"}"},
        {"A=1&A=2", "{\"a\":\"2\"}"},
        {"=1&A=b=c", "{\"a\":\"b=c\"}"},
        {"Keys.member.1=x&Keys.member.2=y", "{\"keys\":[\"x\",\"y\"]}"},
        {"Tags.member.1.Key=a&Tags.member.2.Key=c&Tags.member.1.Value=b&Tags.member.2.Value=",
         "{\"tags\":[{\"key\":\"a\",\"value\":\"b\"},{\"key\":\"c\",\"value\":\"\"}]}"},
        {"Tags.entry.1=a&Tags.member.=b", "{}"},
        {"A=%C3%A9", "{\"a\":\"\xC3\xA9\"}"},
        {"A=%", "INVALID"},
        {"A=%zz", "INVALID"},
        {"A=%ff", "INVALID"},
    };
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct str actual = parsed(&arena, cases[i].form);
        if (!str_is(actual, cases[i].json)) {
            test_fail(__FILE__, __LINE__, "%s gives %" STR_FORMAT, cases[i].form, STR_ARGS(actual));
        }
    }
}

TEST(query_form_with_too_many_parameters_is_refused)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(4));
    struct buffer CLEANUP(buffer_release) form;
    buffer_init(&form, MIB(1));
    for (int i = 0; i < QUERY_PARAMETERS_MAX; i++)
        buffer_printf(&form, "&L.member.%d=x", i);
    struct json object;
    CHECK(query_parse(&arena, buffer_str(&form), &object) == STATUS_OK);
    buffer_append_str(&form, STR("&A=b"));
    CHECK(query_parse(&arena, buffer_str(&form), &object) == STATUS_INVALID);
}

TEST(query_texts_become_what_the_model_says_where_they_can)
{
    static const struct api_member members[] = {
        {.name = STR_INIT("maxItems"), .type = API_MEMBER_INTEGER},
        {.name = STR_INIT("isDefault"), .type = API_MEMBER_BOOLEAN},
        {.name = STR_INIT("tags"), .type = API_MEMBER_LIST},
        {.name = STR_INIT("other"), .type = API_MEMBER_INTEGER},
        {.name = STR_INIT("absent"), .type = API_MEMBER_INTEGER},
    };
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, KIB(64));
    struct json object;
    REQUIRE(query_parse(&arena, STR("MaxItems=10&IsDefault=true&Tags=&Other=1x&Name=5"), &object) ==
            STATUS_OK);
    REQUIRE(query_convert(&arena, members, ARRAY_COUNT(members), &object));
    CHECK_STR(
        json_render_to_arena(&arena, &object),
        STR("{\"maxItems\":10,\"isDefault\":true,\"tags\":[],\"other\":\"1x\",\"name\":\"5\"}"));
}

TEST(xml_carries_any_text)
{
    struct buffer CLEANUP(buffer_release) buffer;
    buffer_init(&buffer, KIB(1));
    xml_element(&buffer, "A", STR("a<b>&\"c\"\t\n\r\x01 \xC3\xA9"));
    xml_element_bool(&buffer, "B", false);
    xml_element_integer(&buffer, "C", -5);
    xml_element_time(&buffer, "D", 1714979289123);
    CHECK_STR(buffer_str(&buffer),
              STR("<A>a&lt;b&gt;&amp;&quot;c&quot;\t\n&#xD;\xEF\xBF\xBD \xC3\xA9</A><B>false</B>"
                  "<C>-5</C><D>2024-05-06T07:08:09Z</D>"));
}
