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

int pb_mon_stop(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_cont(struct pb_mon *x, guint n, char **v, pb_err *e);
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
/* The node at the bottom of `d`: the file behind format, filters and overlays. */
pb_dev *pb_mon_block_bottom(struct pb_mon *x, pb_dev *d);
struct pb_input_event;
struct pb_input;
/* v[n] to the keyboard (keys) or the pointer that is chosen. */
int pb_mon_input(struct pb_mon *x, gboolean keys, const struct pb_input_event *v, guint n,
                 pb_err *e);
/* The i-th pointer; *now: it receives events. NULL: no more. */
const struct pb_input *pb_mon_mouse(struct pb_mon *x, guint i, gboolean *now);
int pb_mon_memsave(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_pmemsave(struct pb_mon *x, guint n, char **v, pb_err *e);
int pb_mon_save_memory(struct pb_mon *x, gboolean virt, uint64_t addr, uint64_t bytes,
                       const char *file, pb_err *e);
int pb_mon_save_screen(struct pb_mon *x, const char *file, gboolean png, pb_err *e);
int pb_mon_hostfwd(struct pb_mon *x, gboolean add, guint n, char **v, pb_err *e);

/* Stop the vCPUs while their state is read; returns whether they ran. */
/* `info NAME` of devices that offer it (pb.info/1); FALSE: none does. */
gboolean pb_info_device(struct pb_mon *x, const char *name);
void pb_info_device_help(struct pb_mon *x); /* a line each */
gboolean pb_mon_pause(struct pb_mon *x);
void pb_mon_resume(struct pb_mon *x, gboolean ran);
void pb_mon_quit(void);

#endif
