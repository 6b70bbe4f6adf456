// Local functions for `galop run`: the Lambda of src/lambda with a store in memory and a scratch
// folder that goes when the run ends.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "main/run.h"
#include "net/loop.h"
#include "tasks/tasks.h"

struct run_functions {
    const struct run_function *functions;
    size_t count;
    char folder[64]; // Empty: none was made.
    struct store *store;
    struct iam *iam;
    struct logs *logs;
    struct lambda *lambda;
    struct iam_reader iam_reader;
};

// Where functions live, whatever region and account the definition names.
#define RUN_REGION  STR("us-east-1")
#define RUN_ACCOUNT STR("000000000000")

// Create the functions, each from its file or folder. Runs turns of `loop` until they exist. Ends
// the process with a message when one cannot be made.
//
//   tasks   gets what it needs to call them
void run_functions_start(struct run_functions *functions, struct net_loop *loop,
                         struct random *random, struct arena *arena, struct tasks *tasks);

// The name of the function that a task's resource or FunctionName stands for. A placeholder,
// "${PayFunction}" or "${PayFunction.Arn}", stands for the function called like it.
struct str run_function_name(struct str reference);

// The function that it stands for; NULL when there is none.
const struct run_function *run_functions_find(const struct run_functions *functions,
                                              struct str reference);

// End processes and remove the folder.
void run_functions_stop(struct run_functions *functions);
