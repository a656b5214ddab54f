/* SPDX-License-Identifier: MIT */
/* world.c - the program's threads as a debugger has them: all stop, and go on when it says so.
 *
 * A thread that reaches a breakpoint, gets a signal or finishes a step stops the others: each is
 * kicked out of translated code and parks itself; one that is in a system call may stay there,
 * and parks when it comes out. Then the debugger is told. It answers to the thread of gdb.c,
 * which lets threads go on, all or some. A second thread that stopped meanwhile waits, and stops
 * the world again when it may go on, unless its breakpoint is gone by then.
 *
 * Not modelled: the child of a vfork() does not stop; that of a fork() runs without the
 * debugger.
 */
#include "debug.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pb_user_dbg pb_user_dbg = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                  .changed = PTHREAD_COND_INITIALIZER, .fd = -1};
#define G pb_user_dbg

/* ---- Threads ------------------------------------------------------------------------------- */

static struct pb_user_thread *of_self(const void *self)
{
    struct pb_user_thread *t = G.threads;

    while (t && t->self != self)
        t = t->next;
    return t;
}

struct pb_user_thread *pb_user_thread_find(int tid)
{
    struct pb_user_thread *t = G.threads;

    while (t && t->tid != tid)
        t = t->next;
    return t;
}

static struct pb_user_thread *born(void *self)
{
    struct pb_user_thread *t = g_new0(struct pb_user_thread, 1), **end = &G.threads;

    t->self = self;
    t->tid = (int)syscall(SYS_gettid);
    while (*end)
        end = &(*end)->next;
    *end = t;
    return t;
}

static void gone(struct pb_user_thread *t)
{
    struct pb_user_thread **at = &G.threads;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    if (G.current == t)
        G.current = G.threads;
    if (G.selected == t)
        G.selected = G.current;
    g_free(t);
    pthread_cond_broadcast(&G.changed);
}

/* ---- Stopping and going on ----------------------------------------------------------------- */

static void wait_here(struct pb_user_thread *t)
{
    while (G.stopped || t->held) {
        t->parked = TRUE;
        pthread_cond_broadcast(&G.changed);
        pthread_cond_wait(&G.changed, &G.lock);
    }
    t->parked = FALSE;
}

static gboolean all_at_rest(void)
{
    for (struct pb_user_thread *t = G.threads; t; t = t->next)
        if (!t->away && !t->parked)
            return FALSE;
    return TRUE;
}

void pb_user_world_stop(void)
{
    G.stopped = TRUE;
    for (struct pb_user_thread *t = G.threads; t; t = t->next)
        if (!t->away && !t->parked)
            G.cls->kick(t->self);
    while (G.stopped && !all_at_rest())
        pthread_cond_wait(&G.changed, &G.lock);
}

void pb_user_world_go(void)
{
    G.stopped = FALSE;
    pthread_cond_broadcast(&G.changed);
}

void pb_user_world_free(void)
{
    pb_user_world_stop();
    pb_user_points_clear();
    for (struct pb_user_thread *t = G.threads; t; t = t->next) {
        t->held = t->stepping = FALSE;
        t->pass = TRUE; /* what it stopped for is delivered */
        G.cls->step(t->self, 0);
    }
    pb_user_debugged(FALSE);
    pb_user_world_go();
}

/* It stopped at a breakpoint that the debugger has taken away since. */
static gboolean is_late(const struct pb_user_thread *t)
{
    uint32_t kind = 0;

    G.cls->stop_addr(t->self, &kind);
    return !t->stepping && kind < 2 && !pb_user_point_at(G.cls->pc(t->self));
}

/* `t` stops for `sig`; 1: without the signal. */
static int stop(struct pb_user_thread *t, int sig, gboolean at_point)
{
    wait_here(t);
    if (G.fd < 0 || (at_point && is_late(t)))
        return 0;
    t->parked = TRUE;
    pb_user_world_stop();
    if (G.fd < 0) { /* the debugger left meanwhile */
        t->parked = FALSE;
        return 0;
    }
    G.cls->step(t->self, 0);
    t->stepping = t->pass = FALSE;
    t->sig = sig;
    G.current = G.selected = t;
    pb_user_gdb_stopped(sig, at_point);
    wait_here(t);
    return !t->pass;
}

static int debug(struct pb_user_thread *t, int what)
{
    switch (what) {
    case PB_DEBUG_GONE: gone(t); return 0;
    case PB_DEBUG_ENTER:
        t->away = TRUE;
        pthread_cond_broadcast(&G.changed);
        return 0;
    case PB_DEBUG_LEAVE:
        wait_here(t);
        t->away = FALSE;
        return 0;
    case 0: /* at the start, where the debugger asks by itself */
        G.current = G.selected = t;
        wait_here(t);
        return 0;
    case PB_DEBUG_BORN: case PB_DEBUG_KICK: wait_here(t); return 0;
    case PB_DEBUG_CALL: return t->stepping ? stop(t, SIGTRAP, FALSE) : 0;
    case PB_DEBUG_POINT: return stop(t, SIGTRAP, TRUE);
    default: return stop(t, what, FALSE);
    }
}

int pb_user_debug(void *self, int what)
{
    struct pb_user_thread *t;
    int r = 0;

    pthread_mutex_lock(&G.lock);
    t = of_self(self);
    if (!t && G.fd >= 0 && (what == PB_DEBUG_BORN || !what))
        t = born(self);
    if (t)
        r = debug(t, what);
    pthread_mutex_unlock(&G.lock);
    return r;
}
