// Fuzzes yaml_read(). Needs the libraries yaml, json and base.
//
// Whatever the text, reading ends; what comes out is JSON that parses, its marks are in order and
// within the YAML, and every byte of it leads somewhere in the YAML.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct yaml_document *document, struct arena *arena)
{
    for (size_t i = 0; i < document->mark_count; i++) {
        const struct yaml_mark *mark = &document->marks[i];
        assert(mark->start <= mark->end && mark->end <= document->yaml.size);
        assert(mark->json_offset < document->json.size);
        assert(i == 0 || document->marks[i - 1].json_offset < mark->json_offset);
    }
    size_t shown = document->json.size < 5000 ? document->json.size : 5000;
    for (size_t i = 0; i < shown; i++) {
        struct yaml_span span = yaml_find_source(document, i);
        assert(span.start <= span.end && span.end <= document->yaml.size);
    }
    struct json value;
    if (document->json.size == 0) return;
    enum status status = json_parse(arena, document->json, 0, &value, NULL);
    assert(status == STATUS_OK || status == STATUS_NO_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena arena;
    struct yaml_document document;
    struct yaml_error error;
    struct str yaml = {(const char *)bytes, size};
    arena_init(&arena, (size_t)512 << 20);
    enum status status = yaml_read(&arena, yaml, &document, &error);
    if (status == STATUS_OK) check(&document, &arena);
    if (status == STATUS_INVALID) assert(error.offset <= size && error.message.size > 0);
    arena_release(&arena);
    return 0;
}
