/* SPDX-License-Identifier: MIT */
/* command.h - the monitor's command table, shared by every kind of monitor. */
#ifndef PB_CORE_COMMAND_H
#define PB_CORE_COMMAND_H

#include "../machine/machine.h"

struct pb_mon { /* what a command sees of the monitor that it was typed at */
    struct pb_machine *m;
    guint cpu;        /* current CPU: "cpu N" */
    GString *out;     /* what the command prints */
};
struct pb_command {
    const char *name; /* "info block"; aliases after '|': "cont|c" */
    const char *args; /* "[-f] device": as help prints it */
    const char *doc;
    guint min, max;   /* words after the name */
    gboolean rest;    /* the last word takes the rest of the line */
    int (*run)(struct pb_mon *x, guint n, char **v, pb_err *e);
};

extern const struct pb_command pb_commands[]; /* ends with name NULL */

/* Run one line; what it prints, errors included, is appended to x->out. */
void pb_command_line(struct pb_mon *x, const char *line);
/* What could follow `text` as its last word; NULL-ended, g_strfreev. */
char **pb_command_complete(struct pb_mon *x, const char *text);

/* info.c, memory.c, device.c, input.c: */
int pb_info_status(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_version(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_cpus(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_block(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_network(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_chardev(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_usernet(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_qtree(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_mtree(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_registers(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_regs(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_jit(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_x(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_xp(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_device_add(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_device_del(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_plugin_reload(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_change(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_eject(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_sendkey(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_mouse_move(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_mouse_button(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_mouse_set(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_info_mice(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_screendump(struct pb_mon *x, guint n, char **v, pb_err *e); /* screendump.c */
int pb_mon_hostfwd(struct pb_mon *x, gboolean add, guint n, char **v, pb_err *e);

/* Stop the vCPUs while their state is read; returns whether they ran. */
/* `info NAME` of devices that offer it (pb.info/1); FALSE: none does. */
gboolean pb_info_device(struct pb_mon *x, const char *name);
void pb_info_device_help(struct pb_mon *x); /* a line each */
gboolean pb_mon_pause(struct pb_mon *x);
void pb_mon_resume(struct pb_mon *x, gboolean ran);
void pb_mon_quit(void);

#endif
