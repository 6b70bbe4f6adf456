// Fuzzes the names of functions (src/lambda/arn.c) with texts.
//
// Needs: lambda, base (lambda_dep).
//
// What is taken must have sound parts, and its full ARN must be taken as the same.

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lambda/arn.h"
#include "lambda/language.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena CLEANUP(arena_release) arena;
    struct str text = {(const char *)data, size};
    struct lambda_reference reference, again;
    enum lambda_language language;
    arena_init(&arena, KIB(64));
    bool is_role = lambda_role_arn_is_valid(text);
    bool is_taken = lambda_reference_parse(text, &reference);
    assert(!(is_role && is_taken));
    if (lambda_language_parse(text, &language)) assert(language <= LAMBDA_PROVIDED);
    if (!is_taken) return 0;
    assert(lambda_name_is_valid(reference.name));
    assert(reference.qualifier.size == 0 || lambda_qualifier_is_valid(reference.qualifier));
    struct str region = reference.region.size > 0 ? reference.region : STR("us-east-1");
    struct str account = reference.account.size > 0 ? reference.account : STR("000000000000");
    struct str arn =
        lambda_arn_render(&arena, region, account, reference.name, reference.qualifier);
    bool is_taken_again = lambda_reference_parse(arn, &again);
    assert(is_taken_again && str_equal(again.region, region) && str_equal(again.account, account) &&
           str_equal(again.name, reference.name) &&
           str_equal(again.qualifier, reference.qualifier));
    (void)is_taken_again;
    return 0;
}
