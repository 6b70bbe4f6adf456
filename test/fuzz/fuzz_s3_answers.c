// Fuzzes what S3 answers: the XML of a list's page, and the manifests that objects may be. Needs
// the libraries tasks, json and base.
//
// Every object that comes out has a bucket and a key, and can be shown as an item.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "tasks/reader_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct s3_object_list *list, struct arena *arena)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct s3_object *object = &list->objects[i];
        assert(object->key.size > 0 && object->bucket.size > 0);
        struct json item = s3_object_item(arena, object);
        if (arena->is_exhausted) return;
        assert(json_rendered_size(&item) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1) return 0;
    struct str text = {(const char *)bytes + 1, size - 1};
    struct arena CLEANUP(arena_release) arena;
    arena_init(&arena, MIB(16));
    struct s3_object_list objects = {0};
    struct s3_page page;
    if (bytes[0] % 3 == 0) {
        if (s3_page_read(text, STR("bucket"), &arena, &page) == STATUS_OK)
            check(&page.objects, &arena);
        return 0;
    }
    struct reader_config config = {.bucket = STR("bucket"), .is_inventory = bytes[0] % 3 == 1};
    struct str cause = STR("");
    enum status status = reader_config_read_manifest(&config, text, &arena, &objects, &cause);
    if (status == STATUS_OK) check(&objects, &arena);
    if (status == STATUS_INVALID) assert(cause.size > 0);
    return 0;
}
