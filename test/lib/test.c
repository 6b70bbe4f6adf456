// Runs the registered tests in the order of the file and prints TAP.

#include "test/lib/test.h"

#include <stdarg.h>
#include <stdlib.h>

static struct test *first;
static struct test **last = &first;
static bool has_failed;

void test_register(struct test *test)
{
    *last = test;
    last = &test->next;
}

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    has_failed = true;
    printf("# %s:%d: ", file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

int main(void)
{
    int count = 0, failed = 0;
    for (struct test *test = first; test != NULL; test = test->next) {
        has_failed = false;
        test->run();
        count++;
        failed += has_failed;
        printf("%s %d - %s\n", has_failed ? "not ok" : "ok", count, test->name);
        fflush(stdout);
    }
    printf("1..%d\n", count);
    return failed == 0 && count > 0 ? 0 : 1;
}
