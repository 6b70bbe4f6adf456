// Fuzzes the checks of deployment packages (src/lambda/archive.c) with bytes that may be a zip.
//
// Needs: lambda, libzip, base (lambda_dep).
//
// Nothing is written. What the thorough check takes the quick look takes too; packages that promise
// much are only looked at, so that a run is not spent on inflating zeros.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lambda/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_SIZE_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return 0;
    struct str zip = {(const char *)data, size};
    enum lambda_archive_fault quick = lambda_archive_list(zip);
    if (quick != LAMBDA_ARCHIVE_SOUND) return 0;
    enum lambda_archive_fault thorough = lambda_archive_check(zip);
    assert(thorough != LAMBDA_ARCHIVE_EMPTY);
    (void)thorough;
    return 0;
}
