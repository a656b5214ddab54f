/* SPDX-License-Identifier: MIT */
/* monitor.h - the human monitor, and QMP, on character nodes. [main] all. */
#ifndef PB_CORE_MONITOR_H
#define PB_CORE_MONITOR_H

#include "../machine/machine.h"

#include <stdio.h>

/* A monitor on character node `chardev`. */
int pb_monitor_open(struct pb_machine *m, const char *chardev, pb_err *e);
/* QMP there; pretty: its answers are indented. */
int pb_qmp_open(struct pb_machine *m, const char *chardev, gboolean pretty, pb_err *e);
void pb_monitor_close_all(void);
void pb_monitor_event(struct pb_machine *m, const char *what, const struct pb_fact *facts);
void pb_monitor_on_quit(void (*quit)(void));
void pb_monitor_man(FILE *to); /* page.c: the manual page, troff */

#endif
