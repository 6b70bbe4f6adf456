// Signatures of functions: "<s-nn?:s>".

#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"

enum { SIGNATURE_PARAMETERS_MAX = 16 };

// What a parameter takes, as a set of types.
enum signature_type {
    SIGNATURE_STRING = 1,
    SIGNATURE_NUMBER = 2,
    SIGNATURE_BOOLEAN = 4,
    SIGNATURE_NULL = 8,
    SIGNATURE_ARRAY = 16,
    SIGNATURE_OBJECT = 32,
    SIGNATURE_FUNCTION = 64,
    SIGNATURE_MISSING = 128, // An argument without a value.
};

struct signature_parameter {
    uint8_t types;
    bool is_array;      // 'a': anything is taken, and what is no array becomes one.
    bool takes_context; // '-'
    bool is_optional;   // '?' or '-'
    bool is_repeated;   // '+'
    char item_type;     // Of 'a<…>', or 0.
};

struct signature {
    uint32_t count;
    struct signature_parameter parameters[SIGNATURE_PARAMETERS_MAX];
};

// Parse "<…>". On STATUS_INVALID the code is "S0401" or "S0402" and the offset in the text given.
enum status signature_parse(struct arena *arena, struct str text,
                            const struct signature **ret_signature, const char **reterr_code,
                            size_t *reterr_offset);

struct signature_failure {
    const char *code; // "T0410", "T0411" or "T0412"
    uint32_t index;   // Of the argument, from 1.
    struct json value;
    const char *type; // Of T0412: what items were wanted.
};

// Match `count` arguments to the signature: arguments become arrays where one is wanted, the
// context fills in where it is allowed to.
//
//   arguments   in and out; room for SIGNATURE_PARAMETERS_MAX more than `count`
//   arena       receives arrays of one
//
// Returns the count afterwards, or -1 with `reterr_failure` (without a code: no memory).
int signature_match(const struct signature *signature, struct json *arguments, size_t count,
                    struct json context, struct arena *arena,
                    struct signature_failure *reterr_failure);
