// Fuzzes the JSONPath compiler and evaluator (src/jsonpath) with paths and documents.
//
// Needs: jsonpath, json, base (jsonpath_dep).
//
// Input: a path, a line feed, and optionally a JSON document. The path is evaluated on a fixed
// document and on that one; Reference Paths also set a value, which must then be found.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/encoding.h"
#include "jsonpath/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fixed[] =
    "{\"a\":[1,2.5,\"text\",null,true,{\"b\":[3,4],\"c\":\"x\"}],\"b\":{\"a\":{\"b\":[{\"c\":1},"
    "{\"c\":2}]}},\"l\":[[1,2],[3]],\"\":0}";

static void evaluate(const struct jsonpath *path, const struct json *document)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(8));
    struct json value;
    struct jsonpath_missing missing;
    enum status status = jsonpath_evaluate(path, document, document, &arena, &value, &missing);
    if (status == STATUS_OK) {
        assert(jsonpath_is_definite(path) || json_is_array(&value));
        struct buffer CLEANUP(buffer_release) text;
        buffer_init(&text, MIB(8));
        json_render(&text, &value);
    } else if (status == STATUS_NOT_FOUND) {
        assert(jsonpath_is_definite(path));
        assert(str_starts_with(missing.path, missing.parent));
    } else {
        assert(status == STATUS_INVALID || status == STATUS_NO_MEMORY);
    }
}

static void set(const struct jsonpath *path, const struct json *document)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(8));
    struct json value, result;
    enum status status = jsonpath_set(path, document, &json_true, &arena, &result);
    if (status != STATUS_OK) return;
    status = jsonpath_evaluate(path, &result, &result, &arena, &value, NULL);
    assert(status == STATUS_OK && value.type == JSON_TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(8));
    struct str document_text = {(const char *)data, size};
    struct str path_text = str_cut(&document_text, '\n');
    struct json document, own_document;
    enum status status = json_parse(&arena, str_from_c(fixed), 0, &document, NULL);
    assert(status == STATUS_OK);
    bool has_own = json_parse(&arena, document_text, 0, &own_document, NULL) == STATUS_OK;
    static const unsigned kinds[] = {0, JSONPATH_REFERENCE,
                                     JSONPATH_REFERENCE | JSONPATH_ALLOW_ROOTS};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        const struct jsonpath *path;
        struct str message = {0};
        status = jsonpath_compile(&arena, path_text, kinds[i], &path, &message);
        if (status == STATUS_INVALID) assert(message.size > 0);
        if (status != STATUS_OK) continue;
        evaluate(path, &document);
        if (has_own) evaluate(path, &own_document);
        bool is_reference = (kinds[i] & JSONPATH_REFERENCE) != 0;
        if (is_reference) set(path, &document);
        if (is_reference && has_own) set(path, &own_document);
    }
    return 0;
}
