/* SPDX-License-Identifier: MIT */
/* user.h - plugboard-ARCH: one foreign program on vCPUs without a machine. */
#ifndef PB_CORE_USER_H
#define PB_CORE_USER_H

#include "../object/dev.h"

#include <plugboard/draft/personality.h>

#define PB_USER_TOP ((uint64_t)1 << 46)   /* first address that is not the program's */
/* AddressSanitizer's shadow on x86-64, where no program may go. */
#define PB_USER_SHADOW ((uint64_t)0x7fff7000)
#define PB_USER_SHADOW_END ((uint64_t)0x10007fff8000)
#define PB_USER_GAP ((uint64_t)2 << 30)   /* nothing lies here: displacements end in it */
#define PB_USER_THREADS 32768u

/* ---- options.c ------------------------------------------------------------------------ */

struct pb_user_options {
    const char *prefix, *argv0, *uname, *cpu, *gdb, *log, *log_file, *seed;
    uint64_t stack, top, tb_size;
    gboolean strace;
    GPtrArray *env;   /* "NAME=value" and, to take away, "NAME": in order */
    GPtrArray *again; /* options as they must be given to the next program */
    int first;        /* index of the program in argv */
};
/* PB_OK, PB_DONE (all was said: -h, -version), or <0 and `e`. */
#define PB_USER_SAID 1
int pb_user_parse(struct pb_user_options *o, int argc, char **argv, pb_err *e);
void pb_user_options_free(struct pb_user_options *o);
void pb_user_man(FILE *to); /* the manual page, from the table of options */

/* ---- host.c --------------------------------------------------------------------------- */

/* The services that a CPU plugin and a personality find. `d` has the CPUs' properties. */
void pb_user_host(pb_dev *d, const char *model, const struct pb_cpu_user *user, uint64_t top);
/* [0, top) and the gap behind it are empty and stay so for others. */
int pb_user_reserve(uint64_t top, pb_err *e);
void pb_user_each_cpu(void (*fn)(void *self, void *opaque), void *opaque);
void pb_user_debugged(gboolean on); /* is there a debugger that wants to be told? */
const void *pb_user_auxv(uint32_t *bytes); /* the program's auxiliary vector, or NULL */
int pb_user_log_open(const char *path, pb_err *e); /* -D, %d is the process id */
int pb_user_log_fd(void);

/* ---- gdb.c, points.c, world.c ------------------------------------------------------------- */

/* -g PORT or a socket's path: waits for the debugger. */
int pb_user_gdb_open(const char *dev, const struct pb_cpu_class *cls,
                     const struct pb_cpu_user *user, pb_err *e);
void pb_user_gdb_cpu(void *self); /* a new vCPU gets the breakpoints */
int pb_user_debug(void *self, int what); /* as pb_svc_user.debug */
void pb_user_debug_end(int status);
void pb_user_gdb_fork(void *self, uint32_t stage); /* as pb_svc_user.fork */

#endif
