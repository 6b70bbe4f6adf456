// Names of runtimes, and the programs that stand behind them on this machine.

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lambda/archive.h"
#include "lambda/language.h"
#include "test/lib/test.h"

TEST(names_of_runtimes_are_read_by_their_shape)
{
    static const char *const good[] = {"nodejs18.x", "nodejs24.x",   "python3.8",      "python3.14",
                                       "provided",   "provided.al2", "provided.al2023"};
    static const char *const bad[] = {"",          "nodejs",     "nodejs18",           "nodejs.x",
                                      "python2.7", "python3",    "python3.x",          "python3.",
                                      "java21",    "provided.x", "nodejs4294967296.x", "nodejs-1.x",
                                      "Python3.12"};
    enum lambda_language language;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        if (!lambda_language_parse(str_from_c(good[i]), &language))
            test_fail(__FILE__, __LINE__, "refuses %s", good[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (lambda_language_parse(str_from_c(bad[i]), &language))
            test_fail(__FILE__, __LINE__, "takes %s", bad[i]);
    }
}

// A folder with shell scripts that play programs, as the only one in PATH.
static void write_program(const char *folder, const char *name, const char *script)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) return;
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    chmod(path, 0755);
}

TEST(programs_are_found_in_path_and_wrappers_are_seen_through)
{
    struct lambda_programs programs = {0};
    char root[] = "/tmp/galop-test-XXXXXX", path[PATH_MAX], wanted[LAMBDA_WANTED_SIZE];
    char *const path_before = strdup(getenv("PATH"));
    bool is_exact;
    REQUIRE(mkdtemp(root) != NULL);
    setenv("PATH", root, 1);

    CHECK(!lambda_language_find_program(&programs, STR("python3.12"), path, &is_exact, wanted));
    CHECK_STR(str_from_c(wanted), STR("python3.12 or python3"));
    CHECK(!lambda_language_find_program(&programs, STR("nodejs20.x"), path, &is_exact, wanted));
    CHECK_STR(str_from_c(wanted), STR("node"));
    CHECK(lambda_language_find_program(&programs, STR("provided.al2"), path, &is_exact, wanted));

    write_program(root, "node", "printf /bin/sh");
    write_program(root, "python3.12", "echo not installed >&2; exit 127");
    write_program(root, "python3", "printf /bin/cat");
    CHECK(lambda_language_find_program(&programs, STR("nodejs20.x"), path, &is_exact, wanted));
    CHECK_STR(str_from_c(path), STR("/bin/sh"));
    CHECK(lambda_language_find_program(&programs, STR("python3.12"), path, &is_exact, wanted));
    CHECK_STR(str_from_c(path), STR("/bin/cat"));
    CHECK(!is_exact);

    setenv("PATH", path_before, 1);
    free(path_before);
    lambda_programs_release(&programs);
    CHECK(lambda_tree_remove(root) == STATUS_OK);
}
