/* SPDX-License-Identifier: MIT */
/* main.h - the programs behind the one executable. */
#ifndef PB_CORE_MAIN_H
#define PB_CORE_MAIN_H

#include "../util/err.h"

struct pb_machine;

int pb_system_main(const char *arch, int argc, char **argv); /* plugboard-system-ARCH */
int pb_user_main(const char *arch, int argc, char **argv);   /* plugboard-ARCH PROGRAM … */
int pb_umbrella_main(int argc, char **argv);                 /* plugboard VERB … */
void pb_prefault(void); /* what start-up will touch, at once */
void pb_main_quit(void);                                     /* end the main loop; [any] */

/* The terminal is given back as it was found, whatever ends the process. */
void pb_terminal_guard(void);
void pb_terminal_restore(void);

/* -daemonize: the parent waits until the child is ready or has failed, and says so by its
 * exit status. Called before any thread exists. */
int pb_daemon_start(pb_err *e);
void pb_daemon_ready(void); /* nothing when there was no -daemonize */

#endif
