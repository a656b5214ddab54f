/* SPDX-License-Identifier: MIT */
/* debug.h - what gdb.c, gdb-*.c (packets) and world.c (threads that stop and go on) share.
 *
 * One lock covers all of it: `pb_user_dbg.lock`. Everything below is called with it, unless it
 * says otherwise.
 */
#ifndef PB_CORE_USER_DEBUG_H
#define PB_CORE_USER_DEBUG_H

#include "user.h"

#include "../gdb/gdb.h"

#include <pthread.h>

struct pb_user_thread {
    struct pb_user_thread *next;
    void *self; /* the CPU plugin's instance */
    int tid;
    gboolean away;     /* in a system call: touches neither registers nor stops us */
    gboolean parked;   /* waits in here */
    gboolean held;     /* does not go on with the others */
    gboolean stepping;
    gboolean pass;     /* the signal that it stopped for is delivered */
    int sig;           /* what it stopped for last */
};

struct pb_user_dbg {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int fd; /* the debugger, -1: none */
    const struct pb_cpu_class *cls;
    const struct pb_cpu_user *user;
    gboolean stopped; /* nobody goes on until the debugger says so */
    struct pb_user_thread *threads;
    struct pb_user_thread *current;  /* the one that the last stop was about */
    struct pb_user_thread *selected; /* Hg */
};
extern struct pb_user_dbg pb_user_dbg;

/* ---- world.c --------------------------------------------------------------------------- */

void pb_user_world_stop(void); /* every thread comes to rest; waits for that */
void pb_user_world_go(void); /* all that are not held */
/* The debugger is gone: its points and steps go, and the program runs on. */
void pb_user_world_free(void);
struct pb_user_thread *pb_user_thread_find(int tid); /* NULL: there is none */

/* ---- points.c ---------------------------------------------------------------------------- */

int pb_user_point(uint32_t kind, uint64_t addr, uint64_t len, gboolean on);
gboolean pb_user_point_at(uint64_t pc); /* a breakpoint */
void pb_user_points_clear(void);
void pb_user_points_forked(void *self); /* in the child: none are left */

/* ---- gdb.c ------------------------------------------------------------------------------- */

/* Tell that `current` stopped, by the CPU plugin's own doing or not. */
void pb_user_gdb_stopped(int sig, gboolean at_point);

/* ---- gdb-link.c -------------------------------------------------------------------------- */

/* Waits for a debugger at PORT or a socket's path; the connection, or PB_E*. No lock */
int pb_user_gdb_listen(const char *dev, pb_err *e);
void pb_user_gdb_send(const char *s, gsize n); /* as it is */
void pb_user_gdb_reply_bytes(const char *s, gsize n); /* in a packet */
void pb_user_gdb_reply(const char *s);

/* ---- Packets behind their first letters: they reply ------------------------------------------ */

/* gdb-data.c */
void pb_user_gdb_registers(const char *p, gboolean write);
void pb_user_gdb_register(const char *p, gboolean write);
void pb_user_gdb_memory(const char *p, gsize len, char kind);
/* gdb-query.c */
void pb_user_gdb_query(const char *p);
/* gdb-go.c */
int pb_user_gdb_signal(int sig); /* the debugger's number of a signal */
void pb_user_gdb_vcont(const char *p);
void pb_user_gdb_go(const char *p); /* with its letter */
#endif
