// The program: picks the command and hands it the rest of the arguments.

#include <stdio.h>
#include <string.h>

#include "main/eval.h"

static int eval(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "jsonpath") == 0) return eval_jsonpath(argc - 1, argv + 1);
    fputs("usage: galop eval jsonpath\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "eval") == 0) return eval(argc - 2, argv + 2);
    puts("galop " GALOP_VERSION);
    return 0;
}
