/* SPDX-License-Identifier: MIT */
/* terminal.c - remember how the terminal was, and give it back so. A backend that changes
 * it restores it itself; this is for the ends that skip it (exit in an error, abort).
 */
#include "main.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t have;

void pb_terminal_restore(void)
{
    if (have)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved); /* async-signal-safe */
}

static void on_fatal(int sig)
{
    pb_terminal_restore();
    signal(sig, SIG_DFL);
    raise(sig);
}

void pb_terminal_guard(void)
{
    static const int fatal[] = {SIGABRT, SIGQUIT};

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) < 0)
        return;
    have = 1;
    atexit(pb_terminal_restore);
    for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], on_fatal);
}
