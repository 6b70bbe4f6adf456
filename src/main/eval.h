// "galop eval WHAT": programs that answer one JSON request per line, for conformance suites and for
// trying things out. Each returns the exit status of the process.

#pragma once

int eval_jsonpath(int argc, char **argv);
int eval_run(int argc, char **argv);
