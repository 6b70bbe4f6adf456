// One evaluation in progress: where the values of condition keys and policy variables come from.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/str.h"
#include "iam/policy.h"

enum { IAM_USER_ID_SIZE_MAX = 160 }; // "AROA…:session"; a longer one counts as absent.

struct iam_evaluation {
    const struct iam_subject *subject;
    const struct iam_request *request;
    // Room for the values that are put together on demand, one for each such key.
    char current_time[CLOCK_ISO_SIZE];
    char epoch_time[24];
    char user_id[IAM_USER_ID_SIZE_MAX];
};

// The values of a key; never none.
struct iam_key_values {
    const struct str *values;
    size_t count;
    struct str single; // Where `values` points when there was no array to borrow.
};

// The values of a key: from the request's context, otherwise from its subject and time.
MUST_USE bool iam_evaluation_find(struct iam_evaluation *evaluation, struct str key,
                                  struct iam_key_values *ret_values);

// The value of a policy variable: that of a key which has exactly one. An iam_variable_fn whose
// context is the evaluation.
bool iam_evaluation_find_variable(void *evaluation, struct str key, struct str *ret_value);
