// The program: picks the command and hands it the rest of the arguments.

#include <stdio.h>

int main(void)
{
    puts("galop " GALOP_VERSION);
    return 0;
}
