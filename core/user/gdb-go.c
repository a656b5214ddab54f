/* SPDX-License-Identifier: MIT */
/* gdb-go.c - the debugger lets threads go on: c, s, C, S, vCont; and signals, of which it has
 * numbers of its own.
 * GDB manual, appendix E.2 and E.4 (vCont).
 */
#include "debug.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define G pb_user_dbg

/* ---- Signals ------------------------------------------------------------------------------- */

static const struct { int host, gdb; } signals[] = {
    {SIGBUS, 10}, {SIGUSR1, 30}, {SIGUSR2, 31}, {SIGCHLD, 20}, {SIGCONT, 19}, {SIGSTOP, 17},
    {SIGTSTP, 18}, {SIGURG, 16}, {SIGIO, 23}, {SIGSYS, 12}, {SIGPWR, 32}};

int pb_user_gdb_signal(int sig)
{
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        if (signals[i].host == sig)
            return signals[i].gdb;
    return sig <= 0 ? 5 : sig > 31 ? 45 + sig - 33 : sig;
}

static int to_host(uint64_t gdb)
{
    for (int sig = 1; sig < 65; sig++)
        if ((uint64_t)pb_user_gdb_signal(sig) == gdb)
            return sig;
    return 0;
}

/* ---- Going on ---------------------------------------------------------------------------- */

/* One thread's way on: 0 held, 'c' or 's'; `sig` is the debugger's number, 0: without. */
static void set_action(struct pb_user_thread *t, char how, uint64_t sig)
{
    int host = sig ? to_host(sig) : 0;

    t->held = how == 0;
    t->stepping = how == 's';
    G.cls->step(t->self, (uint32_t)t->stepping);
    if (host && host == t->sig)
        t->pass = TRUE;
    else if (host) /* one that it did not stop for */
        syscall(SYS_tgkill, getpid(), t->tid, host);
    if (how)
        t->sig = 0;
}

/* What one action of vCont says: "s:1", "C05". FALSE: nonsense. */
static gboolean one_action(const char **p, char *how, uint64_t *sig, int64_t *id)
{
    uint64_t n;

    *how = **p;
    *sig = 0;
    *id = -1;
    (*p)++;
    if (*how == 'C' || *how == 'S') {
        *how = *how == 'C' ? 'c' : 's';
        if (!pb_gdb_number(p, sig))
            return FALSE;
    }
    if (**p == ':') {
        (*p)++;
        if (g_str_has_prefix(*p, "-1")) {
            *p += 2;
        } else {
            if (!pb_gdb_number(p, &n) || n > INT_MAX)
                return FALSE;
            *id = (int64_t)n;
        }
    }
    return (*how == 'c' || *how == 's') && (!**p || **p == ';');
}

/* The first action that names a thread, or all, is the thread's. FALSE: none does. */
static gboolean action_of(const struct pb_user_thread *t, const char *p, char *how, uint64_t *sig)
{
    int64_t id;

    for (; *p; p += *p == ';')
        if (one_action(&p, how, sig, &id) && (id < 0 || id == t->tid))
            return TRUE;
    *how = 0;
    *sig = 0;
    return FALSE;
}

void pb_user_gdb_vcont(const char *p)
{
    gboolean good = TRUE, any = FALSE;
    char how;
    uint64_t sig;
    int64_t id;

    for (const char *q = p; good && *q; q += *q == ';')
        good = one_action(&q, &how, &sig, &id);
    for (struct pb_user_thread *t = G.threads; good && t; t = t->next)
        any |= action_of(t, p, &how, &sig);
    if (!any) { /* nobody would run, and so nobody ever stop */
        pb_user_gdb_reply("E01");
        return;
    }
    for (struct pb_user_thread *t = G.threads; t; t = t->next) {
        action_of(t, p, &how, &sig);
        set_action(t, how, sig);
    }
    pb_user_world_go();
}

/* c, s, C, S: the selected thread; a step is its alone. */
void pb_user_gdb_go(const char *p)
{
    char how = *p == 'C' ? 'c' : *p == 'S' ? 's' : *p;
    uint64_t sig = 0;

    if (*p == 'C' || *p == 'S') {
        p++;
        pb_gdb_number(&p, &sig);
    }
    for (struct pb_user_thread *t = G.threads; t; t = t->next)
        set_action(t, t == G.selected || how == 'c' ? how : 0, t == G.selected ? sig : 0);
    pb_user_world_go();
}
