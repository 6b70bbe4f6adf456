// Packages made from files and folders: what goes in, under which names, and what is refused.

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lambda/archive.h"
#include "lambda/pack.h"
#include "test/lib/test.h"

struct folder {
    char path[64];
    struct arena arena;
};

static void set_up(struct folder *folder)
{
    *folder = (struct folder){.path = "/tmp/galop-test-XXXXXX"};
    if (mkdtemp(folder->path) == NULL) abort();
    arena_init(&folder->arena, MIB(64));
}

static void tear_down(struct folder *folder)
{
    CHECK(lambda_tree_remove(folder->path) == STATUS_OK);
    arena_release(&folder->arena);
}

static const char *path_of(struct folder *folder, const char *name)
{
    return arena_printf(&folder->arena, "%s/%s", folder->path, name).data;
}

static void write_file(struct folder *folder, const char *name, const char *text, unsigned mode)
{
    FILE *file = fopen(path_of(folder, name), "w");
    if (file == NULL) abort();
    fputs(text, file);
    fclose(file);
    if (chmod(path_of(folder, name), mode) != 0) abort();
}

static void make_folder(struct folder *folder, const char *name)
{
    if (mkdir(path_of(folder, name), 0700) != 0) abort();
}

TEST(a_folder_comes_out_as_it_went_in_but_for_git)
{
    struct folder folder;
    struct str zip, why;
    struct stat about;
    set_up(&folder);
    make_folder(&folder, "in");
    make_folder(&folder, "in/lib");
    make_folder(&folder, "in/.git");
    write_file(&folder, "in/index.mjs", "export const handler = 1;", 0644);
    write_file(&folder, "in/lib/tool", "#!/bin/sh", 0755);
    write_file(&folder, "in/.git/config", "secret", 0644);
    CHECK(symlink("index.mjs", path_of(&folder, "in/link.mjs")) == 0);
    REQUIRE(lambda_pack(path_of(&folder, "in"), &folder.arena, &zip, &why) == STATUS_OK);
    CHECK(lambda_archive_check(zip) == LAMBDA_ARCHIVE_SOUND);
    REQUIRE(lambda_archive_unpack(zip, path_of(&folder, "out")) == STATUS_OK);
    CHECK(stat(path_of(&folder, "out/index.mjs"), &about) == 0 && about.st_size == 25);
    CHECK(lstat(path_of(&folder, "out/link.mjs"), &about) == 0 && S_ISREG(about.st_mode));
    CHECK(stat(path_of(&folder, "out/lib/tool"), &about) == 0 && (about.st_mode & 0111) != 0);
    CHECK(stat(path_of(&folder, "out/.git"), &about) != 0);
    tear_down(&folder);
}

TEST(a_single_file_is_packed_under_its_own_name)
{
    struct folder folder;
    struct str zip, why;
    struct stat about;
    set_up(&folder);
    write_file(&folder, "pay.py", "def handler(): pass", 0644);
    REQUIRE(lambda_pack(path_of(&folder, "pay.py"), &folder.arena, &zip, &why) == STATUS_OK);
    REQUIRE(lambda_archive_unpack(zip, path_of(&folder, "out")) == STATUS_OK);
    CHECK(stat(path_of(&folder, "out/pay.py"), &about) == 0);
    tear_down(&folder);
}

TEST(what_cannot_be_packed_is_named)
{
    struct folder folder;
    struct str zip, why = STR("");
    set_up(&folder);
    make_folder(&folder, "empty");
    CHECK(lambda_pack(path_of(&folder, "empty"), &folder.arena, &zip, &why) == STATUS_INVALID);
    CHECK(str_ends_with(why, STR("empty: is empty")));
    CHECK(lambda_pack(path_of(&folder, "none"), &folder.arena, &zip, &why) == STATUS_IO);
    CHECK(str_ends_with(why, STR("No such file or directory")));
    make_folder(&folder, "loop");
    write_file(&folder, "loop/a.js", "1", 0644);
    CHECK(symlink("..", path_of(&folder, "loop/up")) == 0);
    CHECK(lambda_pack(path_of(&folder, "loop"), &folder.arena, &zip, &why) == STATUS_INVALID);
    CHECK(str_find(why, STR("leads back")) != SIZE_MAX);
    tear_down(&folder);
}

TEST(a_package_that_lambda_would_not_take_is_refused_before_it_is_made)
{
    struct folder folder;
    struct str zip, why = STR("");
    set_up(&folder);
    make_folder(&folder, "big");
    write_file(&folder, "big/a.js", "1", 0644);
    write_file(&folder, "big/huge", "", 0644);
    CHECK(truncate(path_of(&folder, "big/huge"), (off_t)LAMBDA_ARCHIVE_UNPACKED_MAX + 1) == 0);
    CHECK(lambda_pack(path_of(&folder, "big"), &folder.arena, &zip, &why) == STATUS_INVALID);
    CHECK(str_find(why, STR("larger")) != SIZE_MAX);
    tear_down(&folder);
}
