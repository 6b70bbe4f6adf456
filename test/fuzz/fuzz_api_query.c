// Fuzzes the parser of query protocol forms (src/api/query.c).
//
// Needs: api, json, base (api_dep).

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "api/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct api_member members[] = {
        {.name = STR_INIT("a"), .type = API_MEMBER_INTEGER},
        {.name = STR_INIT("tags"), .type = API_MEMBER_LIST},
    };
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(4));
    struct json object;
    enum status status = query_parse(&arena, (struct str){(const char *)data, size}, &object);
    if (status != STATUS_OK) return 0;
    assert(json_is_object(&object));
    if (!query_convert(&arena, members, ARRAY_COUNT(members), &object)) return 0;
    struct str text = json_render_to_arena(&arena, &object);
    struct json again;
    if (!arena.is_exhausted) {
        status = json_parse(&arena, text, 0, &again, NULL);
        assert(status == STATUS_OK || status == STATUS_NO_MEMORY);
    }
    return 0;
}
