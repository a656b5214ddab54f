/* SPDX-License-Identifier: MIT */
/* server.c - where the debugger connects: a TCP port, on loopback unless a host is named,
 * or a Unix socket. One at a time; a second one waits in the backlog. */
#include "gdb.h"

#include "../thread/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SEND_SECONDS 5 /* who asks and does not read is sent away: the main loop waits for it */

static struct {
    struct pb_gdb gdb;
    struct pb_machine *m;
    int listener, peer;       /* -1: none */
    guint accepting, reading; /* sources of the main loop; 0: none */
    char *path;               /* of a Unix socket, removed at the end */
} srv = {.listener = -1, .peer = -1};

static gboolean on_accept(gint fd, GIOCondition c, gpointer user);

static void unwatch(guint *source)
{
    if (*source)
        g_source_remove(*source);
    *source = 0;
}

static void drop_peer(void)
{
    if (srv.peer < 0)
        return;
    unwatch(&srv.reading);
    close(srv.peer);
    srv.peer = -1;
    pb_gdb_fini(&srv.gdb);
    if (srv.listener >= 0)
        srv.accepting = g_unix_fd_add(srv.listener, G_IO_IN, on_accept, NULL);
}

static gboolean drop_soon(gpointer user)
{
    (void)user;
    drop_peer();
    return G_SOURCE_REMOVE;
}

static void close_peer(struct pb_gdb *g)
{
    (void)g;
    g_idle_add(drop_soon, NULL); /* we are inside its receive */
}

static void send_peer(struct pb_gdb *g, const char *data, gsize n)
{
    (void)g;
    while (srv.peer >= 0 && n) {
        ssize_t k = send(srv.peer, data, n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            shutdown(srv.peer, SHUT_RDWR); /* the reader will see the end */
            return;
        }
        data += k;
        n -= (gsize)k;
    }
}

static gboolean on_read(gint fd, GIOCondition c, gpointer user)
{
    uint8_t buf[4096];

    (void)c;
    (void)user;
    if (pb_main_nested())
        return G_SOURCE_CONTINUE;
    ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
    if (n > 0) {
        pb_gdb_receive(&srv.gdb, buf, (gsize)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        srv.reading = 0;
        pb_gdb_detach(&srv.gdb); /* a lost debugger leaves as a polite one does */
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean on_accept(gint fd, GIOCondition c, gpointer user)
{
    const struct timeval most = {.tv_sec = SEND_SECONDS};
    int one = 1;

    (void)c;
    (void)user;
    if (pb_main_nested())
        return G_SOURCE_CONTINUE;
    srv.peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (srv.peer < 0)
        return G_SOURCE_CONTINUE;
    setsockopt(srv.peer, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    if (!srv.path)
        setsockopt(srv.peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    pb_gdb_init(&srv.gdb, srv.m);
    srv.gdb.send = send_peer;
    srv.gdb.close = close_peer;
    srv.reading = g_unix_fd_add(srv.peer, G_IO_IN | G_IO_HUP | G_IO_ERR, on_read, NULL);
    pb_gdb_attach(&srv.gdb);
    srv.accepting = 0;
    return G_SOURCE_REMOVE; /* one debugger at a time */
}

union place {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

/* "[HOST]:PORT". Length of the address, or 0. */
static socklen_t tcp_address(const char *spec, union place *a, pb_err *e)
{
    const char *colon = strrchr(spec, ':');
    g_autofree char *host = colon ? g_strndup(spec, (gsize)(colon - spec)) : NULL;
    guint64 port = 0;

    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL)) {
        pb_err_set(e, PB_EINVAL, "-gdb tcp:%s: expected tcp:[HOST]:PORT", spec);
        return 0;
    }
    a->in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, *host ? host : "127.0.0.1", &a->in.sin_addr) != 1) {
        pb_err_set(e, PB_EINVAL, "-gdb tcp:%s: '%s' is no IPv4 address", spec, host);
        return 0;
    }
    return sizeof a->in;
}

static socklen_t address(const char *dev, union place *a, pb_err *e)
{
    const char *colon = strchr(dev, ':');
    g_auto(GStrv) parts = g_strsplit(colon ? colon + 1 : "", ",", 2); /* ",server=on": as ever */
    const char *rest = parts[0] ? parts[0] : "";

    if (g_str_has_prefix(dev, "tcp:"))
        return tcp_address(rest, a, e);
    if (!g_str_has_prefix(dev, "unix:")) {
        pb_err_set(e, PB_EINVAL, "-gdb %s: not a place to listen at", dev);
        pb_err_hint(e, "tcp::PORT, tcp:HOST:PORT or unix:PATH");
        return 0;
    }
    a->un = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!*rest || strlen(rest) >= sizeof a->un.sun_path) {
        pb_err_set(e, PB_EINVAL, "-gdb %s: a socket's path has 1 to %zu bytes", dev,
                   sizeof a->un.sun_path - 1);
        return 0;
    }
    strcpy(a->un.sun_path, rest);
    unlink(rest);
    srv.path = g_strdup(rest);
    return sizeof a->un;
}

int pb_gdb_start(struct pb_machine *m, const char *dev, pb_err *e)
{
    union place a;
    socklen_t len = address(dev, &a, e);
    int one = 1;

    if (!len)
        return PB_EINVAL;
    srv.m = m;
    srv.listener = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (srv.listener >= 0)
        setsockopt(srv.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (srv.listener < 0 || bind(srv.listener, &a.any, len) || listen(srv.listener, 1)) {
        int err = errno;
        pb_err_set(e, PB_EIO, "-gdb %s: cannot listen: %s", dev, g_strerror(err));
        pb_err_hint_errno(e, err, srv.path);
        if (srv.listener >= 0)
            close(srv.listener);
        srv.listener = -1;
        return PB_EIO;
    }
    srv.accepting = g_unix_fd_add(srv.listener, G_IO_IN, on_accept, NULL);
    return PB_OK;
}

void pb_gdb_stop(void)
{
    unwatch(&srv.accepting);
    if (srv.listener >= 0)
        close(srv.listener);
    srv.listener = -1;
    if (srv.peer >= 0 && !srv.gdb.detached)
        pb_gdb_exited(&srv.gdb);
    drop_peer();
    if (srv.path)
        unlink(srv.path);
    g_clear_pointer(&srv.path, g_free);
}
