// The cases lie beside this folder; binaries run in the build folder, to which __FILE__ is
// relative.

#include "test/lib/cases.h"

#include <glob.h>
#include <stdio.h>

#include "test/lib/test.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static struct str read_file(const char *path, struct arena *arena)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return (struct str){NULL, 0};
    char *data = arena_alloc(arena, FILE_BYTES_MAX);
    size_t size = data == NULL ? 0 : fread(data, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return (struct str){data, size};
}

static void run_file(const char *path, void (*run)(const char *path, const struct json *test_case))
{
    struct arena CLEANUP(arena_release) arena;
    struct json cases;
    struct json_error error = {0};
    arena_init(&arena, MIB(64));
    if (json_parse(&arena, read_file(path, &arena), 0, &cases, &error) != STATUS_OK) {
        test_fail(path, (int)error.line, "%" STR_FORMAT, STR_ARGS(error.message));
        return;
    }
    if (!json_is_array(&cases) || cases.size == 0) test_fail(path, 1, "holds no cases");
    for (uint32_t i = 0; json_is_array(&cases) && i < cases.size; i++) {
        if (json_is_object(&cases.items[i])) {
            run(path, &cases.items[i]);
        } else {
            test_fail(path, 1, "item %u is no case", i + 1);
        }
    }
}

void test_each_case(const char *folder, size_t file_count_min,
                    void (*run)(const char *path, const struct json *test_case))
{
    char pattern[1024];
    int size = (int)(strrchr(__FILE__, '/') - __FILE__);
    snprintf(pattern, sizeof(pattern), "%.*s/../cases/%s/*.json", size, __FILE__, folder);
    glob_t files = {0};
    int outcome = glob(pattern, 0, NULL, &files);
    if (outcome != 0 || files.gl_pathc < file_count_min)
        test_fail(pattern, 0, "matches %zu files", files.gl_pathc);
    for (size_t i = 0; i < files.gl_pathc; i++)
        run_file(files.gl_pathv[i], run);
    globfree(&files);
}
