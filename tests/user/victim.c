/* SPDX-License-Identifier: MIT */
/* victim.c [WORD...] - does what a word says; for the tests of the command line. */
#include "check.h"

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

static int word(const char *w)
{
    struct utsname u;
    struct rlimit r;

    if (!strncmp(w, "exit=", 5))
        exit(atoi(w + 5));
    else if (!strncmp(w, "env=", 4))
        printf("%s=%s\n", w + 4, getenv(w + 4) ? getenv(w + 4) : "(none)");
    else if (!strncmp(w, "kill=", 5))
        raise(atoi(w + 5));
    else if (!strcmp(w, "segv"))
        *(volatile int *)(uintptr_t)strlen(w) = 1;
    else if (!strcmp(w, "release") && uname(&u) == 0)
        printf("%s\n", u.release);
    else if (!strcmp(w, "stack") && getrlimit(RLIMIT_STACK, &r) == 0)
        printf("%lu\n", (unsigned long)r.rlim_cur);
    else if (!strcmp(w, "read"))
        printf("%zd\n", read(0, (char[4]){0}, 4));
    else if (!strcmp(w, "nocall"))
        printf("%ld\n", syscall(9999));
    else
        return 0;
    return 1;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++)
        if (!word(argv[i]))
            printf("%s %s\n", argv[0], argv[i]);
    return 0;
}
