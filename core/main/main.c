/* SPDX-License-Identifier: MIT */
/* main.c - one executable, several programs: argv[0] says which. */
#include "main.h"

#include <string.h>

int main(int argc, char **argv)
{
    static const char prefix[] = "plugboard-system-";
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "plugboard";

    pb_progname = name;
    if (!pb_errors_option(&argc, argv))
        return 1;
    if (!strncmp(name, prefix, strlen(prefix)) && name[strlen(prefix)])
        return pb_system_main(name + strlen(prefix), argc, argv);
    if (!strncmp(name, "plugboard-", 10) && name[10])
        return pb_user_main(name + 10, argc, argv);
    return pb_umbrella_main(argc, argv);
}
