// Deployment packages: sound ones come out as they went in, traps are refused.

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "lambda/archive.h"
#include "test/lib/test.h"

enum { MODE_FILE = 0100644, MODE_PROGRAM = 0100755, MODE_LINK = 0120777, MODE_NONE = 0 };

struct item {
    const char *name;
    const char *content; // NULL: a folder.
    size_t size;         // 0: of the text in `content`.
    unsigned mode;
};

// A zip of the items, to be freed.
static struct str make_zip(const struct item *items, size_t count)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_source_keep(target);
    zip_t *zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = &items[i];
        zip_int64_t index;
        if (item->content == NULL) {
            index = zip_dir_add(zip, item->name, ZIP_FL_ENC_UTF_8);
        } else {
            size_t size = item->size > 0 ? item->size : strlen(item->content);
            zip_source_t *source = zip_source_buffer(zip, item->content, size, 0);
            index = zip_file_add(zip, item->name, source, ZIP_FL_ENC_UTF_8);
        }
        if (index < 0) abort();
        if (item->mode != 0)
            zip_file_set_external_attributes(zip, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX,
                                             item->mode << 16);
    }
    if (zip_close(zip) != 0) abort();
    zip_source_open(target);
    zip_source_seek(target, 0, SEEK_END);
    size_t size = (size_t)zip_source_tell(target);
    zip_source_seek(target, 0, SEEK_SET);
    char *bytes = malloc(size);
    if (zip_source_read(target, bytes, size) != (zip_int64_t)size) abort();
    zip_source_close(target);
    zip_source_free(target);
    return (struct str){bytes, size};
}

static void free_zip(struct str zip)
{
    free((void *)(uintptr_t)zip.data);
}

static enum lambda_archive_fault check_items(const struct item *items, size_t count)
{
    struct str zip = make_zip(items, count);
    enum lambda_archive_fault fault = lambda_archive_check(zip);
    // What the quick look refuses, the thorough one refuses too.
    if (lambda_archive_list(zip) != LAMBDA_ARCHIVE_SOUND) CHECK(fault != LAMBDA_ARCHIVE_SOUND);
    free_zip(zip);
    return fault;
}

static enum lambda_archive_fault check_name(const char *name)
{
    struct item item = {name, "x", 0, MODE_FILE};
    return check_items(&item, 1);
}

TEST(archive_unpacks_files_folders_and_programs)
{
    static const struct item items[] = {
        {"handler.py", "print(1)\n", 0, MODE_FILE}, {"lib", NULL, 0, MODE_NONE},
        {"lib/deep/er/data.txt", "", 0, MODE_NONE}, {"bootstrap", "#!/bin/sh\n", 0, MODE_PROGRAM},
        {"./here.txt", "here", 0, MODE_FILE},
    };
    char root[] = "/tmp/galop-test-XXXXXX", path[128], text[16] = "";
    struct stat stat_of_file;
    REQUIRE(mkdtemp(root) != NULL);
    snprintf(path, sizeof(path), "%s/code", root);
    struct str zip = make_zip(items, ARRAY_COUNT(items));
    CHECK(lambda_archive_check(zip) == LAMBDA_ARCHIVE_SOUND);
    CHECK(lambda_archive_unpack(zip, path) == STATUS_OK);
    CHECK(lambda_archive_unpack(zip, path) == STATUS_IO); // It exists.
    free_zip(zip);

    snprintf(path, sizeof(path), "%s/code/handler.py", root);
    int file = open(path, O_RDONLY);
    CHECK(file >= 0 && read(file, text, sizeof(text)) == 9 && strcmp(text, "print(1)\n") == 0);
    close(file);
    CHECK(stat(path, &stat_of_file) == 0 && (stat_of_file.st_mode & 0777) == 0444);
    snprintf(path, sizeof(path), "%s/code/bootstrap", root);
    CHECK(stat(path, &stat_of_file) == 0 && (stat_of_file.st_mode & 0777) == 0555);
    snprintf(path, sizeof(path), "%s/code/lib/deep/er/data.txt", root);
    CHECK(stat(path, &stat_of_file) == 0 && stat_of_file.st_size == 0);
    snprintf(path, sizeof(path), "%s/code/lib/deep", root);
    CHECK(stat(path, &stat_of_file) == 0 && (stat_of_file.st_mode & 0777) == 0555);
    snprintf(path, sizeof(path), "%s/code/here.txt", root);
    CHECK(stat(path, &stat_of_file) == 0);

    CHECK(lambda_tree_remove(root) == STATUS_OK);
    CHECK(stat(root, &stat_of_file) != 0 && errno == ENOENT);
    CHECK(lambda_tree_remove(root) == STATUS_OK);
}

TEST(archive_refuses_names_that_leave_the_folder)
{
    CHECK(check_name("ok.txt") == LAMBDA_ARCHIVE_SOUND);
    CHECK(check_name("a..b") == LAMBDA_ARCHIVE_SOUND);
    CHECK(check_name("../evil") == LAMBDA_ARCHIVE_UNREADABLE);
    CHECK(check_name("a/../../evil") == LAMBDA_ARCHIVE_UNREADABLE);
    CHECK(check_name("a/..") == LAMBDA_ARCHIVE_UNREADABLE);
    CHECK(check_name("/etc/passwd") == LAMBDA_ARCHIVE_UNREADABLE);
    CHECK(check_name("a//b") == LAMBDA_ARCHIVE_UNREADABLE);
    CHECK(check_name("..\\evil") == LAMBDA_ARCHIVE_UNREADABLE);
    CHECK(check_name("a\nb") == LAMBDA_ARCHIVE_UNREADABLE);
    char name[600];
    memset(name, 'n', sizeof(name));
    name[256] = '\0';
    CHECK(check_name(name) == LAMBDA_ARCHIVE_UNREADABLE);
    name[255] = '\0';
    CHECK(check_name(name) == LAMBDA_ARCHIVE_SOUND);
}

TEST(archive_refuses_links_and_devices)
{
    static const struct item link[] = {{"link", "/etc/passwd", 0, MODE_LINK}};
    static const struct item device[] = {{"device", "", 0, 0020666}};
    CHECK(check_items(link, 1) == LAMBDA_ARCHIVE_UNREADABLE);
    CHECK(check_items(device, 1) == LAMBDA_ARCHIVE_UNREADABLE);
}

TEST(archive_refuses_a_file_that_is_also_a_folder)
{
    static const struct item items[] = {{"a", "x", 0, MODE_FILE}, {"a/b", "y", 0, MODE_FILE}};
    char root[] = "/tmp/galop-test-XXXXXX", path[128];
    REQUIRE(mkdtemp(root) != NULL);
    snprintf(path, sizeof(path), "%s/code", root);
    struct str zip = make_zip(items, 2);
    CHECK(lambda_archive_unpack(zip, path) == STATUS_INVALID);
    free_zip(zip);
    CHECK(lambda_tree_remove(root) == STATUS_OK);
}

TEST(archive_refuses_what_is_empty_or_no_zip)
{
    CHECK(lambda_archive_check((struct str){NULL, 0}) == LAMBDA_ARCHIVE_UNREADABLE);
    CHECK(lambda_archive_check(STR("not a zip")) == LAMBDA_ARCHIVE_UNREADABLE);
    static const struct item folder[] = {{"only", NULL, 0, MODE_NONE}};
    CHECK(check_items(folder, 1) == LAMBDA_ARCHIVE_EMPTY);
}

TEST(archive_refuses_damage_wherever_it_lies)
{
    static const struct item items[] = {
        {"a.txt", "some text that is long enough to be compressed, compressed, compressed", 0,
         MODE_FILE}};
    struct str zip = make_zip(items, 1);
    size_t refused = 0;
    for (size_t i = 0; i < zip.size; i++) {
        char *bytes = (char *)(uintptr_t)zip.data;
        bytes[i] = (char)(bytes[i] ^ 0x55);
        refused += lambda_archive_check(zip) != LAMBDA_ARCHIVE_SOUND;
        bytes[i] = (char)(bytes[i] ^ 0x55);
    }
    CHECK(lambda_archive_check(zip) == LAMBDA_ARCHIVE_SOUND);
    CHECK(refused > zip.size / 3); // Dates, attributes and the like may change unseen.
    for (size_t size = 0; size < zip.size; size++)
        CHECK(lambda_archive_check((struct str){zip.data, size}) != LAMBDA_ARCHIVE_SOUND);
    free_zip(zip);
}

TEST(archive_refuses_to_unpack_to_more_than_the_limit)
{
    size_t size = (size_t)LAMBDA_ARCHIVE_UNPACKED_MAX / 2 + 1;
    char *zeros = calloc(1, size);
    REQUIRE(zeros != NULL);
    struct item items[] = {{"a", zeros, size, MODE_FILE}, {"b", zeros, size, MODE_FILE}};
    struct str zip = make_zip(items, 2);
    CHECK(zip.size < MIB(2));
    CHECK(lambda_archive_list(zip) == LAMBDA_ARCHIVE_TOO_LARGE);
    CHECK(lambda_archive_check(zip) == LAMBDA_ARCHIVE_TOO_LARGE);
    free_zip(zip);
    free(zeros);
}

TEST(tree_removal_does_not_follow_links)
{
    char root[] = "/tmp/galop-test-XXXXXX", kept[] = "/tmp/galop-test-XXXXXX", path[128];
    struct stat stat_of_file;
    REQUIRE(mkdtemp(root) != NULL && mkdtemp(kept) != NULL);
    snprintf(path, sizeof(path), "%s/link", root);
    REQUIRE(symlink(kept, path) == 0);
    CHECK(lambda_tree_remove(root) == STATUS_OK);
    CHECK(stat(kept, &stat_of_file) == 0);
    rmdir(kept);
}
