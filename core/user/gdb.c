/* SPDX-License-Identifier: MIT */
/* gdb.c - -g: a debugger for a program without a machine.
 * GDB manual, appendix E (remote serial protocol); framing is core/gdb's.
 *
 * Everything happens on the thread that stops: it talks to the debugger until that lets it go
 * on. Other threads run on, and wait for their turn when they stop, too. Breakpoints are set in
 * all vCPUs that there are, and in those to come.
 * Not modelled: interrupting a running program, watchpoints, following a fork (the child runs
 * without the debugger), threads that are not stopped.
 */
#include "user.h"

#include "../gdb/gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_POINTS 64u

static struct {
    pthread_mutex_t lock;
    int fd; /* the debugger, -1: none */
    const struct pb_cpu_class *cls;
    struct pb_gdb_rx rx;
    gboolean no_ack;
    uint64_t point[MAX_POINTS];
    uint32_t n_points;
    int sig;               /* what stopped us */
    void *self;
    gboolean stepping;
} G = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* ---- Connection ---------------------------------------------------------------------------- */

static void drop(void)
{
    if (G.fd >= 0)
        close(G.fd);
    G.fd = -1;
}

static void reply_bytes(const char *s, gsize n)
{
    g_autoptr(GString) out = g_string_new(NULL);

    pb_gdb_frame(out, s, n);
    for (gsize at = 0; G.fd >= 0 && at < out->len;) {
        ssize_t k = send(G.fd, out->str + at, out->len - at, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            drop();
        else
            at += (gsize)k;
    }
}

static void reply(const char *s)
{
    reply_bytes(s, strlen(s));
}

int pb_user_gdb_open(const char *dev, const struct pb_cpu_class *cls, pb_err *e)
{
    union { struct sockaddr any; struct sockaddr_in in; struct sockaddr_un un; } a = {0};
    guint64 port;
    socklen_t len;
    int one = 1;

    if (g_ascii_string_to_unsigned(dev, 10, 1, 65535, &port, NULL)) {
        a.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        len = sizeof a.in;
    } else if (strlen(dev) && strlen(dev) < sizeof a.un.sun_path) {
        a.un.sun_family = AF_UNIX;
        strcpy(a.un.sun_path, dev);
        unlink(dev);
        len = sizeof a.un;
    } else {
        return pb_err_set(e, PB_EINVAL, "-g %s: neither a port nor the path of a socket", dev);
    }
    int listener = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener >= 0)
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, &a.any, len) || listen(listener, 1))
        return pb_err_set(e, PB_EIO, "-g %s: cannot listen: %s", dev, g_strerror(errno));
    while ((G.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0 && errno == EINTR)
        ;
    close(listener);
    if (a.any.sa_family == AF_UNIX)
        unlink(dev);
    if (G.fd < 0)
        return pb_err_set(e, PB_EIO, "-g %s: %s", dev, g_strerror(errno));
    int high = fcntl(G.fd, F_DUPFD_CLOEXEC, 920); /* out of the program's way */
    if (high >= 0) {
        close(G.fd);
        G.fd = high;
    }
    G.cls = cls;
    return PB_OK;
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

static void why(void)
{
    char s[32];

    g_snprintf(s, sizeof s, "T%02xthread:1;", to_gdb(G.sig) & 0xff);
    reply(s);
}

/* ---- Registers --------------------------------------------------------------------------- */

static const struct pb_cpu_reg *find_reg(uint32_t gdb)
{
    const struct pb_cpu_reg *r;
    uint32_t n = G.cls->regs(G.self, &r);

    for (uint32_t i = 0; i < n; i++)
        if (r[i].gdb == gdb)
            return &r[i];
    return NULL;
}

static void append_reg(GString *s, const struct pb_cpu_reg *r)
{
    uint32_t bytes = (r->bits + 7) / 8;
    uint8_t v[64] = {0};

    if (bytes <= sizeof v && G.cls->reg_get(G.self, r->id, v, bytes) >= 0)
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
            G.cls->reg_set(G.self, r->id, v + at, (uint32_t)bytes);
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
              G.cls->reg_set(G.self, r->id, v, (uint32_t)n) >= 0 ? "OK" : "E01");
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
    reply(!n || (va < PB_USER_TOP && process_vm_writev(getpid(), &here, 1, &there, 1, 0) == have)
              ? "OK" : "E14");
}

/* ---- Breakpoints ------------------------------------------------------------------------- */

void pb_user_gdb_cpu(void *self)
{
    for (uint32_t i = 0; G.fd >= 0 && i < G.n_points; i++)
        G.cls->breakpoint(self, 0, G.point[i], 1, 1);
}

struct point { uint64_t addr; uint32_t on; };

static void set_one(void *self, void *opaque)
{
    const struct point *p = opaque;

    G.cls->breakpoint(self, 0, p->addr, 1, p->on);
}

static void point(const char *p, gboolean on)
{
    struct point b = {.on = (uint32_t)on};
    uint32_t i = 0;

    if ((*p != '0' && *p != '1') || p[1] != ',') {
        reply(""); /* no watchpoints */
        return;
    }
    p += 2;
    if (!pb_gdb_number(&p, &b.addr)) {
        reply("E01");
        return;
    }
    while (i < G.n_points && G.point[i] != b.addr)
        i++;
    if (on && i == MAX_POINTS) {
        reply("E01");
        return;
    }
    if (on && i == G.n_points)
        G.point[G.n_points++] = b.addr;
    else if (!on && i < G.n_points)
        G.point[i] = G.point[--G.n_points];
    pb_user_each_cpu(set_one, &b);
    reply("OK");
}

/* ---- Packets ----------------------------------------------------------------------------- */

static void transfer(const char *p)
{
    const char *colon = strchr(p, ':');
    g_autofree char *annex = colon ? g_strndup(p, (gsize)(colon - p)) : NULL;
    const char *text = annex && PB_HAS(struct pb_cpu_class, G.cls, gdb_xml)
                           ? G.cls->gdb_xml(G.self, annex) : NULL;
    uint64_t off, len;

    p = colon ? colon + 1 : p;
    if (!text || !pb_gdb_number(&p, &off) || *p++ != ',' || !pb_gdb_number(&p, &len)) {
        reply("E00");
        return;
    }
    gsize total = strlen(text);
    off = MIN(off, total);
    len = MIN(MIN(len, total - off), PB_GDB_PACKET_MAX / 2);
    g_autoptr(GString) s = g_string_new(off + len < total ? "m" : "l");
    g_string_append_len(s, text + off, (gssize)len);
    reply_bytes(s->str, s->len);
}

static void query(const char *p)
{
    if (g_str_has_prefix(p, "Supported"))
        reply("PacketSize=4000;qXfer:features:read+;QStartNoAckMode+;vContSupported+");
    else if (g_str_has_prefix(p, "Xfer:features:read:"))
        transfer(p + 19);
    else if (!strcmp(p, "C"))
        reply("QC1");
    else if (!strcmp(p, "fThreadInfo"))
        reply("m1");
    else if (!strcmp(p, "sThreadInfo"))
        reply("l");
    else if (g_str_has_prefix(p, "Attached"))
        reply("0");
    else
        reply("");
}

/* How to go on; FALSE: this packet does not say. *pass: with the signal. */
static gboolean resume(const char *p, gboolean *pass)
{
    char how;

    if (g_str_has_prefix(p, "vCont;"))
        p += 6;
    how = *p;
    if (!strchr("csCS", how) || !how)
        return FALSE;
    *pass = how == 'C' || how == 'S';
    G.stepping = how == 's' || how == 'S';
    G.cls->step(G.self, (uint32_t)G.stepping);
    return TRUE;
}

/* One packet; TRUE: run on. */
static gboolean packet(const char *p, gsize n, gboolean *pass)
{
    if (resume(p, pass))
        return TRUE;
    switch (*p) {
    case '?': why(); break;
    case 'g': registers(p + 1, FALSE); break;
    case 'G': registers(p + 1, TRUE); break;
    case 'p': one_register(p + 1, FALSE); break;
    case 'P': one_register(p + 1, TRUE); break;
    case 'm': case 'M': case 'X': memory(p + 1, n - 1, *p); break;
    case 'Z': point(p + 1, TRUE); break;
    case 'z': point(p + 1, FALSE); break;
    case 'H': case 'T': reply("OK"); break;
    case 'q': query(p + 1); break;
    case 'Q':
        reply(strcmp(p, "QStartNoAckMode") ? "" : "OK");
        G.no_ack |= !strcmp(p, "QStartNoAckMode");
        break;
    case 'v': reply(strcmp(p, "vCont?") ? "" : "vCont;c;C;s;S"); break;
    case 'k': drop(); kill(getpid(), SIGKILL); break;
    case 'D':
        reply("OK");
        drop();
        return TRUE;
    default: reply(""); break;
    }
    return FALSE;
}

/* Talk until it lets us go on; TRUE: with the signal. */
static gboolean talk(void)
{
    gboolean pass = FALSE, go = FALSE;

    while (!go && G.fd >= 0) {
        uint8_t byte;
        ssize_t k = recv(G.fd, &byte, 1, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            drop();
            break;
        }
        enum pb_gdb_event ev = pb_gdb_feed(&G.rx, byte);
        if (ev == PB_GDB_PACKET || ev == PB_GDB_BAD)
            if (!G.no_ack)
                send(G.fd, ev == PB_GDB_PACKET ? "+" : "-", 1, MSG_NOSIGNAL);
        if (ev == PB_GDB_PACKET)
            go = packet(G.rx.buf, G.rx.len, &pass);
    }
    return pass;
}

int pb_user_debug(void *self, int sig)
{
    gboolean pass;

    if (G.fd < 0)
        return 0;
    pthread_mutex_lock(&G.lock);
    if (G.fd < 0 || (sig == PB_DEBUG_CALL && !(G.stepping && G.self == self))) {
        pthread_mutex_unlock(&G.lock);
        return 0;
    }
    G.cls->step(self, 0);
    G.self = self;
    G.sig = sig == PB_DEBUG_CALL ? SIGTRAP : sig;
    if (sig) /* at the start it asks */
        why();
    pass = talk();
    if (G.fd < 0)
        G.cls->step(self, 0);
    pthread_mutex_unlock(&G.lock);
    return !pass && sig > 0;
}

void pb_user_debug_end(int status)
{
    char s[8];

    if (G.fd < 0)
        return;
    g_snprintf(s, sizeof s, "W%02x", status & 0xff);
    reply(s);
    drop();
}

void pb_user_gdb_forked(void)
{
    if (G.fd < 0)
        return; /* nobody has taken the lock; and fork() is cheap */
    drop(); /* the child's copy */
    pthread_mutex_init(&G.lock, NULL);
}
