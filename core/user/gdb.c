/* SPDX-License-Identifier: MIT */
/* gdb.c - -g: a debugger for a program without a machine.
 * GDB manual, appendix E (remote serial protocol): its packets, which gdb-*.c answer.
 *
 * A thread of ours reads the connection for as long as there is a debugger. It answers while the
 * world is stopped (world.c); while that runs, it listens for an interrupt only. Threads have
 * the system's ids.
 * Not modelled: following a fork or vfork (the child runs without the debugger), attaching
 * again after a detach, catching system calls, vFile.
 */
#include "debug.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define G pb_user_dbg

static struct pb_gdb_rx rx;
static gboolean no_ack;

void pb_user_gdb_stopped(int sig, gboolean at_point)
{
    static const char *const watch[] = {[2] = "watch", [3] = "rwatch", [4] = "awatch"};
    g_autoptr(GString) s = g_string_new(NULL);
    uint32_t kind = 0;

    g_string_printf(s, "T%02xthread:%x;", pb_user_gdb_signal(sig) & 0xff, (guint)G.current->tid);
    if (at_point) {
        uint64_t at = G.cls->stop_addr(G.current->self, &kind);
        if (kind >= 2 && kind <= 4)
            g_string_append_printf(s, "%s:%" G_GINT64_MODIFIER "x;", watch[kind], at);
    }
    pb_user_gdb_reply(s->str);
}

/* ---- Packets ----------------------------------------------------------------------------- */

static void point(const char *p, gboolean on)
{
    uint64_t kind, addr, len;

    if (!pb_gdb_number(&p, &kind) || kind > 4 || *p++ != ',' || !pb_gdb_number(&p, &addr) ||
        *p++ != ',' || !pb_gdb_number(&p, &len))
        pb_user_gdb_reply("E01");
    else
        pb_user_gdb_reply(pb_user_point((uint32_t)kind, addr, len, on) < 0 ? "E22" : "OK");
}

static void interrupt(void)
{
    if (G.stopped || !G.threads)
        return;
    pb_user_world_stop();
    if (!G.current)
        G.current = G.threads;
    G.current->sig = 0;
    G.selected = G.current;
    pb_user_gdb_stopped(SIGINT, FALSE);
}

static void thread_packet(const char *p)
{
    gboolean select = *p == 'H';
    struct pb_user_thread *t = G.selected;
    uint64_t id;

    p += select && p[1] ? 2 : 1; /* Hg, Hc: one for both */
    if (!g_str_has_prefix(p, "-1") && (!pb_gdb_number(&p, &id) ||
                                       (id && !(t = pb_user_thread_find((int)id))))) {
        pb_user_gdb_reply("E22");
        return;
    }
    if (select)
        G.selected = t;
    pb_user_gdb_reply("OK");
}

static void leave(void)
{
    int fd = G.fd;

    if (fd < 0)
        return;
    G.fd = -1;
    pb_user_world_free();
    close(fd);
}

static void verbose(const char *p)
{
    if (!strcmp(p, "vCont?")) {
        pb_user_gdb_reply("vCont;c;C;s;S");
    } else if (g_str_has_prefix(p, "vCont;")) {
        pb_user_gdb_vcont(p + 6);
    } else if (g_str_has_prefix(p, "vKill")) {
        pb_user_gdb_reply("OK");
        kill(getpid(), SIGKILL);
    } else {
        pb_user_gdb_reply("");
    }
}

static void packet(const char *p, gsize n)
{
    switch (*p) {
    case '?': pb_user_gdb_stopped(G.current->sig, FALSE); break;
    case 'g': pb_user_gdb_registers(p + 1, FALSE); break;
    case 'G': pb_user_gdb_registers(p + 1, TRUE); break;
    case 'p': pb_user_gdb_register(p + 1, FALSE); break;
    case 'P': pb_user_gdb_register(p + 1, TRUE); break;
    case 'm': case 'M': case 'X': pb_user_gdb_memory(p + 1, n - 1, *p); break;
    case 'Z': point(p + 1, TRUE); break;
    case 'z': point(p + 1, FALSE); break;
    case 'H': case 'T': thread_packet(p); break;
    case 'q': pb_user_gdb_query(p + 1); break;
    case 'Q':
        pb_user_gdb_reply(strcmp(p, "QStartNoAckMode") ? "" : "OK");
        no_ack |= !strcmp(p, "QStartNoAckMode");
        break;
    case 'c': case 's': case 'C': case 'S': pb_user_gdb_go(p); break;
    case 'v': verbose(p); break;
    case 'k': kill(getpid(), SIGKILL); break;
    case 'D':
        pb_user_gdb_reply("OK");
        leave();
        break;
    default: pb_user_gdb_reply(""); break;
    }
}

static void receive(uint8_t byte)
{
    enum pb_gdb_event ev = pb_gdb_feed(&rx, byte);

    if ((ev == PB_GDB_PACKET || ev == PB_GDB_BAD) && !no_ack)
        pb_user_gdb_send(ev == PB_GDB_PACKET ? "+" : "-", 1);
    if (ev == PB_GDB_INTERRUPT)
        interrupt();
    else if (ev == PB_GDB_PACKET && G.stopped)
        packet(rx.buf, rx.len);
}

/* ---- Life ---------------------------------------------------------------------------------- */

static void *serve(void *unused)
{
    uint8_t buf[4096];
    int fd = G.fd;

    pthread_mutex_lock(&G.lock);
    while (!G.current) /* the program is being loaded */
        pthread_cond_wait(&G.changed, &G.lock);
    pthread_mutex_unlock(&G.lock);
    for (;;) {
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n < 0 && errno == EINTR)
            continue;
        pthread_mutex_lock(&G.lock);
        for (ssize_t i = 0; i < n && G.fd >= 0; i++)
            receive(buf[i]);
        if (n <= 0)
            leave();
        gboolean go = G.fd >= 0;
        pthread_mutex_unlock(&G.lock);
        if (!go)
            return unused;
    }
}

int pb_user_gdb_open(const char *dev, const struct pb_cpu_class *cls,
                     const struct pb_cpu_user *user, pb_err *e)
{
    int fd = pb_user_gdb_listen(dev, e), r;
    sigset_t all, was;
    pthread_t id;

    if (fd < 0)
        return fd;
    G.fd = fd;
    G.cls = cls;
    G.user = user;
    pb_user_debugged(TRUE);
    G.stopped = TRUE; /* until the first thread is there, and the debugger lets it go */
    sigfillset(&all); /* signals are the program's */
    pthread_sigmask(SIG_SETMASK, &all, &was);
    r = pthread_create(&id, NULL, serve, NULL);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    return r ? pb_err_set(e, PB_EIO, "-g %s: no thread: %s", dev, g_strerror(r)) : PB_OK;
}

void pb_user_debug_end(int status)
{
    char s[8];

    if (__atomic_load_n(&G.fd, __ATOMIC_RELAXED) < 0)
        return; /* there is no debugger, or none any more: children of fork() end often */
    pthread_mutex_lock(&G.lock);
    while (G.fd >= 0 && G.stopped)
        pthread_cond_wait(&G.changed, &G.lock);
    if (status < PB_DEBUG_KILLED)
        g_snprintf(s, sizeof s, "W%02x", status & 0xff);
    else
        g_snprintf(s, sizeof s, "X%02x", pb_user_gdb_signal(status - PB_DEBUG_KILLED) & 0xff);
    if (G.fd >= 0)
        pb_user_gdb_reply(s);
    pthread_mutex_unlock(&G.lock);
}

/* Without a debugger nobody has taken the lock; and fork() is cheap. */
void pb_user_gdb_fork(void *self, uint32_t stage)
{
    static __thread gboolean locked;

    if (stage == 0 && G.fd >= 0) { /* our thread holds no other's lock now */
        pthread_mutex_lock(&G.lock);
        locked = TRUE;
    } else if (stage == 1 && locked) {
        pthread_mutex_unlock(&G.lock);
        locked = FALSE;
    }
    if (stage != 2 || !locked)
        return;
    locked = FALSE;
    close(G.fd); /* the child's copy */
    G.fd = -1;
    pb_user_debugged(FALSE);
    pthread_mutex_init(&G.lock, NULL);
    pthread_cond_init(&G.changed, NULL);
    G.stopped = FALSE;
    G.threads = G.current = G.selected = NULL;
    pb_user_points_forked(self);
    G.cls->step(self, 0);
}
