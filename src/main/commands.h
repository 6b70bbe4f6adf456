// The commands of the program. Each gets its own name as argv[0] and returns the exit status.

#pragma once

int command_backup(int argc, char **argv);
int command_check(int argc, char **argv);
int command_run(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_validate(int argc, char **argv);
