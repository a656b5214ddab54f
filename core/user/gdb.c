/* SPDX-License-Identifier: MIT */
/* gdb.c - -g: a debugger for a program without a machine.
 * GDB manual, appendix E (remote serial protocol); framing is core/gdb's.
 *
 * A thread of ours reads the connection for as long as there is a debugger. It answers while the
 * world is stopped (world.c); while that runs, it listens for an interrupt only. Threads have
 * the system's ids.
 * Not modelled: following a fork or vfork (the child runs without the debugger), attaching
 * again after a detach, catching system calls, vFile.
 */
#include "debug.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define G pb_user_dbg

static struct pb_gdb_rx rx;
static gboolean no_ack;

/* ---- Connection ---------------------------------------------------------------------------- */

/* A connection that broke is found so by the thread that reads it. */
static void put(const char *s, gsize n)
{
    for (gsize at = 0; G.fd >= 0 && at < n;) {
        ssize_t k = send(G.fd, s + at, n - at, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return;
        at += (gsize)k;
    }
}

static void reply_bytes(const char *s, gsize n)
{
    g_autoptr(GString) out = g_string_new(NULL);

    pb_gdb_frame(out, s, n);
    put(out->str, out->len);
}

static void reply(const char *s)
{
    reply_bytes(s, strlen(s));
}

union place {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

/* PORT, or the path of a socket, where %d is the process id. Length of the address, or 0. */
static socklen_t address(const char *dev, union place *a)
{
    g_auto(GStrv) parts = g_strsplit(dev, "%d", 2);
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    g_autofree char *path = g_strjoinv(pid, parts);
    guint64 port;

    if (g_ascii_string_to_unsigned(dev, 10, 1, 65535, &port, NULL)) {
        a->in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        return sizeof a->in;
    }
    if (!*path || strlen(path) >= sizeof a->un.sun_path)
        return 0;
    a->un.sun_family = AF_UNIX;
    strcpy(a->un.sun_path, path);
    unlink(path);
    return sizeof a->un;
}

static int wait_for_gdb(const char *dev, const union place *a, socklen_t len, pb_err *e)
{
    int listener = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, fd;

    if (listener >= 0)
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, &a->any, len) || listen(listener, 1)) {
        pb_err_set(e, PB_EIO, "-g %s: cannot listen: %s", dev, g_strerror(errno));
        if (listener >= 0)
            close(listener);
        return -1;
    }
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0 && errno == EINTR)
        ;
    if (fd < 0)
        pb_err_set(e, PB_EIO, "-g %s: %s", dev, g_strerror(errno));
    close(listener);
    return fd;
}

static void *serve(void *unused);

int pb_user_gdb_open(const char *dev, const struct pb_cpu_class *cls,
                     const struct pb_cpu_user *user, pb_err *e)
{
    union place a = {0};
    socklen_t len = address(dev, &a);
    sigset_t all, was;
    pthread_t id;
    int one = 1, fd, r;

    if (!len)
        return pb_err_set(e, PB_EINVAL, "-g %s: neither a port nor the path of a socket", dev);
    fd = wait_for_gdb(dev, &a, len, e);
    if (a.any.sa_family == AF_UNIX)
        unlink(a.un.sun_path);
    if (fd < 0)
        return PB_EIO;
    if (a.any.sa_family == AF_INET)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 920); /* out of the program's way */
    if (high >= 0)
        close(fd);
    G.fd = high >= 0 ? high : fd;
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

/* ---- Signals: gdb has numbers of its own ------------------------------------------------- */

static const struct { int host, gdb; } signals[] = {
    {SIGBUS, 10}, {SIGUSR1, 30}, {SIGUSR2, 31}, {SIGCHLD, 20}, {SIGCONT, 19}, {SIGSTOP, 17},
    {SIGTSTP, 18}, {SIGURG, 16}, {SIGIO, 23}, {SIGSYS, 12}, {SIGPWR, 32}};

static int to_gdb(int sig)
{
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        if (signals[i].host == sig)
            return signals[i].gdb;
    return sig <= 0 ? 5 : sig > 31 ? 45 + sig - 33 : sig;
}

static int to_host(uint64_t gdb)
{
    for (int sig = 1; sig < 65; sig++)
        if ((uint64_t)to_gdb(sig) == gdb)
            return sig;
    return 0;
}

void pb_user_gdb_stopped(int sig, gboolean at_point)
{
    static const char *const watch[] = {[2] = "watch", [3] = "rwatch", [4] = "awatch"};
    g_autoptr(GString) s = g_string_new(NULL);
    uint32_t kind = 0;

    g_string_printf(s, "T%02xthread:%x;", to_gdb(sig) & 0xff, (guint)G.current->tid);
    if (at_point) {
        uint64_t at = G.cls->stop_addr(G.current->self, &kind);
        if (kind >= 2 && kind <= 4)
            g_string_append_printf(s, "%s:%" G_GINT64_MODIFIER "x;", watch[kind], at);
    }
    reply(s->str);
}

/* ---- Registers --------------------------------------------------------------------------- */

static const struct pb_cpu_reg *find_reg(uint32_t gdb)
{
    const struct pb_cpu_reg *r;
    uint32_t n = G.cls->regs(G.selected->self, &r);

    for (uint32_t i = 0; i < n; i++)
        if (r[i].gdb == gdb)
            return &r[i];
    return NULL;
}

static void append_reg(GString *s, const struct pb_cpu_reg *r)
{
    uint32_t bytes = (r->bits + 7) / 8;
    uint8_t v[64] = {0};

    if (bytes <= sizeof v && G.cls->reg_get(G.selected->self, r->id, v, bytes) >= 0)
        pb_gdb_hex(s, v, bytes);
    else
        for (uint32_t i = 0; i < bytes; i++)
            g_string_append(s, "xx");
}

static void registers(const char *p, gboolean write)
{
    g_autoptr(GString) s = g_string_new(NULL);
    const struct pb_cpu_reg *r;
    uint8_t v[4096];
    int n = write ? pb_gdb_unhex(p, v, sizeof v) : 0, at = 0;

    for (uint32_t i = 0; (r = find_reg(i)) && (r->flags & PB_REG_GROUP_GENERAL); i++) {
        int bytes = (int)(r->bits + 7) / 8;
        if (!write)
            append_reg(s, r);
        else if (bytes <= n - at)
            G.cls->reg_set(G.selected->self, r->id, v + at, (uint32_t)bytes);
        at += bytes;
    }
    reply(write ? (n > 0 ? "OK" : "E01") : s->str);
}

static void one_register(const char *p, gboolean write)
{
    g_autoptr(GString) s = g_string_new(NULL);
    const struct pb_cpu_reg *r;
    uint8_t v[64];
    uint64_t i;
    int n;

    if (!pb_gdb_number(&p, &i) || !(r = find_reg((uint32_t)i))) {
        reply("E01");
    } else if (!write) {
        append_reg(s, r);
        reply(s->str);
    } else {
        n = *p == '=' ? pb_gdb_unhex(p + 1, v, sizeof v) : -1;
        reply(n == (int)(r->bits + 7) / 8 &&
              G.cls->reg_set(G.selected->self, r->id, v, (uint32_t)n) >= 0 ? "OK" : "E01");
    }
}

/* ---- Memory: our own, by a call that does not fault -------------------------------------- */

static void memory(const char *p, gsize len, char kind)
{
    g_autoptr(GString) s = g_string_new(NULL);
    uint8_t buf[PB_GDB_PACKET_MAX];
    const char *end = p + len;
    uint64_t va, n;
    int have = -1;

    if (!pb_gdb_number(&p, &va) || *p++ != ',' || !pb_gdb_number(&p, &n)) {
        reply("E01");
        return;
    }
    struct iovec here = {buf, MIN(n, sizeof buf / 2 - 8)}, there = {(void *)(uintptr_t)va, 0};
    if (kind == 'm') {
        there.iov_len = here.iov_len;
        ssize_t k = va < PB_USER_TOP ? process_vm_readv(getpid(), &here, 1, &there, 1, 0) : -1;
        if (k > 0)
            pb_gdb_hex(s, buf, (gsize)k);
        reply(k > 0 || !n ? s->str : "E14");
        return;
    }
    if (*p++ == ':') {
        have = kind == 'X' ? (int)(end - p) : pb_gdb_unhex(p, buf, sizeof buf);
        if (kind == 'X' && have >= 0)
            memcpy(buf, p, (gsize)have);
    }
    if (have < 0 || (uint64_t)have != n) {
        reply("E01");
        return;
    }
    here.iov_len = there.iov_len = (gsize)have;
    gboolean done = !n || (va < PB_USER_TOP &&
                           process_vm_writev(getpid(), &here, 1, &there, 1, 0) == have);
    if (done && n)
        G.user->code_check(G.selected->self, va, n);
    reply(done ? "OK" : "E14");
}

/* ---- Points ------------------------------------------------------------------------------ */

static void point(const char *p, gboolean on)
{
    uint64_t kind, addr, len;

    if (!pb_gdb_number(&p, &kind) || kind > 4 || *p++ != ',' || !pb_gdb_number(&p, &addr) ||
        *p++ != ',' || !pb_gdb_number(&p, &len))
        reply("E01");
    else
        reply(pb_user_point((uint32_t)kind, addr, len, on) < 0 ? "E22" : "OK");
}

/* ---- Queries ----------------------------------------------------------------------------- */

/* "OFFSET,LENGTH" of `total` bytes: 'm' more, 'l' last. */
static void transfer(const char *p, const char *bytes, gsize total)
{
    uint64_t off, len;

    if (!bytes || !pb_gdb_number(&p, &off) || *p++ != ',' || !pb_gdb_number(&p, &len)) {
        reply("E00");
        return;
    }
    off = MIN(off, total);
    len = MIN(MIN(len, total - off), PB_GDB_PACKET_MAX / 2);
    g_autoptr(GString) s = g_string_new(off + len < total ? "m" : "l");
    g_string_append_len(s, bytes + off, (gssize)len);
    reply_bytes(s->str, s->len);
}

static void features(const char *p)
{
    const char *colon = strchr(p, ':');
    g_autofree char *annex = colon ? g_strndup(p, (gsize)(colon - p)) : NULL;
    const char *text = annex && PB_HAS(struct pb_cpu_class, G.cls, gdb_xml)
                           ? G.cls->gdb_xml(G.selected->self, annex) : NULL;

    transfer(colon ? colon + 1 : p, text, text ? strlen(text) : 0);
}

static void thread_list(void)
{
    g_autoptr(GString) s = g_string_new(NULL);

    for (struct pb_user_thread *t = G.threads; t && s->len < PB_GDB_PACKET_MAX / 2; t = t->next)
        g_string_append_printf(s, "%c%x", s->len ? ',' : 'm', (guint)t->tid);
    reply(s->str);
}

static void thread_info(const char *p)
{
    g_autoptr(GString) s = g_string_new(NULL);
    struct pb_user_thread *t;
    uint64_t id;

    if (!pb_gdb_number(&p, &id) || !(t = pb_user_thread_find((int)id))) {
        reply("E22");
        return;
    }
    const char *text = t->away ? "in a system call" : t->held ? "held" : "stopped";
    pb_gdb_hex(s, text, strlen(text));
    reply(s->str);
}

static void query(const char *p)
{
    const void *auxv;
    char buf[24];
    uint32_t n;

    if (g_str_has_prefix(p, "Supported")) {
        reply("PacketSize=4000;qXfer:features:read+;qXfer:auxv:read+;QStartNoAckMode+;"
              "vContSupported+");
    } else if (g_str_has_prefix(p, "Xfer:features:read:")) {
        features(p + 19);
    } else if (g_str_has_prefix(p, "Xfer:auxv:read::")) {
        auxv = pb_user_auxv(&n);
        transfer(p + 16, auxv, n);
    } else if (!strcmp(p, "C")) {
        g_snprintf(buf, sizeof buf, "QC%x", (guint)G.selected->tid);
        reply(buf);
    } else if (!strcmp(p, "fThreadInfo")) {
        thread_list();
    } else if (!strcmp(p, "sThreadInfo")) {
        reply("l");
    } else if (g_str_has_prefix(p, "ThreadExtraInfo,")) {
        thread_info(p + 16);
    } else {
        reply(g_str_has_prefix(p, "Attached") ? "0" : "");
    }
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
            if (!pb_gdb_number(p, &n))
                return FALSE;
            *id = (int64_t)n;
        }
    }
    return (*how == 'c' || *how == 's') && (!**p || **p == ';');
}

/* The first action that names a thread, or all, is the thread's. */
static gboolean vcont(const char *p)
{
    char how;
    uint64_t sig;
    int64_t id;

    for (const char *q = p; *q; q += *q == ';')
        if (!one_action(&q, &how, &sig, &id)) {
            reply("E01");
            return FALSE;
        }
    for (struct pb_user_thread *t = G.threads; t; t = t->next) {
        const char *q = p;
        gboolean named = FALSE;
        while (*q && !named) {
            one_action(&q, &how, &sig, &id);
            named = id < 0 || id == t->tid;
            q += *q == ';';
        }
        set_action(t, named ? how : 0, named ? sig : 0);
    }
    pb_user_world_go();
    return TRUE;
}

/* c, s, C, S: the selected thread; a step is its alone. */
static void run_one(const char *p)
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

/* ---- Packets ----------------------------------------------------------------------------- */

static void thread_packet(const char *p)
{
    gboolean select = *p == 'H';
    struct pb_user_thread *t = G.selected;
    uint64_t id;

    p += select ? 2 : 1; /* Hg, Hc: one for both */
    if (!g_str_has_prefix(p, "-1") && (!pb_gdb_number(&p, &id) ||
                                       (id && !(t = pb_user_thread_find((int)id))))) {
        reply("E22");
        return;
    }
    if (select)
        G.selected = t;
    reply("OK");
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
        reply("vCont;c;C;s;S");
    } else if (g_str_has_prefix(p, "vCont;")) {
        vcont(p + 6);
    } else if (g_str_has_prefix(p, "vKill")) {
        reply("OK");
        kill(getpid(), SIGKILL);
    } else {
        reply("");
    }
}

static void packet(const char *p, gsize n)
{
    switch (*p) {
    case '?': pb_user_gdb_stopped(G.current->sig, FALSE); break;
    case 'g': registers(p + 1, FALSE); break;
    case 'G': registers(p + 1, TRUE); break;
    case 'p': one_register(p + 1, FALSE); break;
    case 'P': one_register(p + 1, TRUE); break;
    case 'm': case 'M': case 'X': memory(p + 1, n - 1, *p); break;
    case 'Z': point(p + 1, TRUE); break;
    case 'z': point(p + 1, FALSE); break;
    case 'H': case 'T': thread_packet(p); break;
    case 'q': query(p + 1); break;
    case 'Q':
        reply(strcmp(p, "QStartNoAckMode") ? "" : "OK");
        no_ack |= !strcmp(p, "QStartNoAckMode");
        break;
    case 'c': case 's': case 'C': case 'S': run_one(p); break;
    case 'v': verbose(p); break;
    case 'k': kill(getpid(), SIGKILL); break;
    case 'D':
        reply("OK");
        leave();
        break;
    default: reply(""); break;
    }
}

static void receive(uint8_t byte)
{
    enum pb_gdb_event ev = pb_gdb_feed(&rx, byte);

    if ((ev == PB_GDB_PACKET || ev == PB_GDB_BAD) && !no_ack)
        put(ev == PB_GDB_PACKET ? "+" : "-", 1);
    if (ev == PB_GDB_INTERRUPT)
        interrupt();
    else if (ev == PB_GDB_PACKET && G.stopped)
        packet(rx.buf, rx.len);
}

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

/* ---- The end ----------------------------------------------------------------------------- */

void pb_user_debug_end(int status)
{
    char s[8];

    if (__atomic_load_n(&G.fd, __ATOMIC_RELAXED) < 0)
        return; /* there is no debugger, or none any more: children of fork() end often */
    pthread_mutex_lock(&G.lock);
    while (G.fd >= 0 && G.stopped)
        pthread_cond_wait(&G.changed, &G.lock);
    g_snprintf(s, sizeof s, "%c%02x", status < PB_DEBUG_KILLED ? 'W' : 'X',
               status < PB_DEBUG_KILLED ? status & 0xff : to_gdb(status - PB_DEBUG_KILLED) & 0xff);
    if (G.fd >= 0)
        reply(s);
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
