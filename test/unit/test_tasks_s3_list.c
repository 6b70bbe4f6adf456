// XML of S3 is read, whatever else calls itself XML is refused, and pages become lists of objects.

#include <stdio.h>
#include <string.h>

#include "tasks/s3_list.h"
#include "tasks/xml_reader.h"
#include "test/lib/test.h"

static enum status read_text(struct arena *arena, const char *text, const struct xml_element **root)
{
    return xml_read(arena, str_from_c(text), root);
}

TEST(xml_elements_hold_texts_or_elements)
{
    struct arena CLEANUP(arena_release) arena;
    const struct xml_element *root;
    arena_init(&arena, MIB(1));
    REQUIRE(
        read_text(&arena,
                  "<?xml version=\"1.0\"?><s:a xmlns:s=\"x\" n=\"1\">\n <b>1 &amp; <![CDATA[<2>]]>"
                  "&#xfc;</b> <!-- c --><b>3</b><d/></s:a>",
                  &root) == STATUS_OK);
    CHECK_STR(root->name, STR("a"));
    CHECK_STR(xml_find_text(root, STR("b")), STR("1 & <2>\xC3\xBC"));
    CHECK_STR(xml_find(root, STR("b"))->next->text, STR("3"));
    CHECK(xml_find(root, STR("d")) != NULL && xml_find_text(root, STR("d")).size == 0);
    CHECK(xml_find(root, STR("e")) == NULL && xml_find_text(root, STR("e")).data == NULL);
}

TEST(xml_that_is_broken_or_dangerous_is_refused)
{
    static const char *const texts[] = {
        "",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a>&none;</a>",
        "<a>\xff</a>",
        "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct arena CLEANUP(arena_release) arena;
        const struct xml_element *root;
        arena_init(&arena, MIB(1));
        CHECK(read_text(&arena, texts[i], &root) == STATUS_INVALID);
    }
}

TEST(xml_that_is_too_deep_or_too_large_is_refused)
{
    char text[1000] = "";
    struct arena CLEANUP(arena_release) arena;
    const struct xml_element *root;
    arena_init(&arena, MIB(1));
    for (int i = 0; i <= XML_DEPTH_MAX; i++)
        memcpy(text + 3 * i, "<a>", 4);
    CHECK(read_text(&arena, text, &root) == STATUS_INVALID);
    struct arena CLEANUP(arena_release) small;
    arena_init(&small, KIB(4));
    struct buffer CLEANUP(buffer_release) many;
    buffer_init(&many, MIB(1));
    for (int i = 0; i < 1000; i++)
        buffer_printf(&many, "%s<b/>", i == 0 ? "<a>" : "");
    buffer_printf(&many, "</a>");
    CHECK(xml_read(&small, buffer_str(&many), &root) == STATUS_NO_MEMORY);
}

TEST(page_without_encoding_keeps_keys_as_they_are)
{
    struct arena CLEANUP(arena_release) arena;
    struct s3_page page;
    arena_init(&arena, MIB(1));
    REQUIRE(s3_page_read(STR("<ListBucketResult><IsTruncated>false</IsTruncated><Contents>"
                             "<Key>a%20+b</Key><Size>7</Size><LastModified>2024-05-06T07:08:09Z"
                             "</LastModified></Contents></ListBucketResult>"),
                         STR("bucket"), &arena, &page) == STATUS_OK);
    REQUIRE(page.objects.count == 1 && !page.is_truncated);
    CHECK_STR(page.objects.objects[0].key, STR("a%20+b"));
    struct json item = s3_object_item(&arena, &page.objects.objects[0]);
    CHECK_STR(json_render_to_arena(&arena, &item),
              STR("{\"Etag\":\"\",\"Key\":\"a%20+b\",\"LastModified\":1714979289,\"Size\":7,"
                  "\"StorageClass\":\"STANDARD\"}"));
}

TEST(page_that_is_none_is_refused)
{
    static const char *const texts[] = {
        "<Other/>",
        "<ListBucketResult><Contents/></ListBucketResult>",
        "<ListBucketResult><Contents><Key>k</Key><Size>x</Size></Contents></ListBucketResult>",
        ("<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%f</Key></Contents>"
         "</ListBucketResult>"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct arena CLEANUP(arena_release) arena;
        struct s3_page page;
        arena_init(&arena, MIB(1));
        CHECK(s3_page_read(str_from_c(texts[i]), STR("b"), &arena, &page) == STATUS_INVALID);
    }
}
