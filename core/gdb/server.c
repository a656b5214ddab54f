/* SPDX-License-Identifier: MIT */
/* server.c - where the debugger connects: a TCP port, on loopback unless a host is named,
 * or a Unix socket. One at a time; a second one waits in the backlog. */
#include "gdb.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

static struct {
    struct pb_gdb gdb;
    struct pb_machine *m;
    GSocket *listener, *peer;
    GSource *accepting, *reading;
    char *path; /* of a Unix socket, removed at the end */
} srv;

static gboolean on_accept(GSocket *s, GIOCondition c, gpointer user);

static void watch(GSocket *s, GSource **slot, GSocketSourceFunc fn)
{
    *slot = g_socket_create_source(s, G_IO_IN, NULL);
    g_source_set_callback(*slot, G_SOURCE_FUNC(fn), NULL, NULL);
    g_source_attach(*slot, NULL);
}

static void unwatch(GSource **slot)
{
    if (*slot) {
        g_source_destroy(*slot);
        g_source_unref(*slot);
        *slot = NULL;
    }
}

static void drop_peer(void)
{
    if (!srv.peer)
        return;
    unwatch(&srv.reading);
    g_socket_close(srv.peer, NULL);
    g_clear_object(&srv.peer);
    pb_gdb_fini(&srv.gdb);
    if (srv.listener)
        watch(srv.listener, &srv.accepting, on_accept);
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
    while (srv.peer && n) {
        gssize k = g_socket_send_with_blocking(srv.peer, data, n, TRUE, NULL, NULL);
        if (k <= 0)
            return; /* the reader will see the end */
        data += k;
        n -= (gsize)k;
    }
}

static gboolean on_read(GSocket *s, GIOCondition c, gpointer user)
{
    char buf[4096];
    gssize n = g_socket_receive_with_blocking(s, buf, sizeof buf, FALSE, NULL, NULL);

    (void)c;
    (void)user;
    if (n > 0) {
        pb_gdb_receive(&srv.gdb, (uint8_t *)buf, (gsize)n);
    } else if (n == 0 || (c & (G_IO_HUP | G_IO_ERR))) {
        pb_gdb_detach(&srv.gdb); /* a lost debugger leaves as a polite one does */
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean on_accept(GSocket *s, GIOCondition c, gpointer user)
{
    (void)c;
    (void)user;
    srv.peer = g_socket_accept(s, NULL, NULL);
    if (!srv.peer)
        return G_SOURCE_CONTINUE;
    if (g_socket_get_family(srv.peer) != G_SOCKET_FAMILY_UNIX)
        g_socket_set_option(srv.peer, 6 /* IPPROTO_TCP */, 1 /* TCP_NODELAY */, 1, NULL);
    pb_gdb_init(&srv.gdb, srv.m);
    srv.gdb.send = send_peer;
    srv.gdb.close = close_peer;
    watch(srv.peer, &srv.reading, on_read);
    pb_gdb_attach(&srv.gdb);
    g_source_unref(srv.accepting);
    srv.accepting = NULL;
    return G_SOURCE_REMOVE; /* one debugger at a time */
}

/* "tcp:[HOST]:PORT" or "tcp::PORT". */
static GSocketAddress *tcp_address(const char *spec, pb_err *e)
{
    const char *colon = strrchr(spec, ':');
    g_autofree char *host = colon ? g_strndup(spec, (gsize)(colon - spec)) : NULL;
    guint64 port = 0;

    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL)) {
        pb_err_set(e, PB_EINVAL, "-gdb tcp:%s: expected tcp:[HOST]:PORT", spec);
        return NULL;
    }
    GSocketAddress *a = g_inet_socket_address_new_from_string(host && *host ? host : "127.0.0.1",
                                                              (guint)port);
    if (!a)
        pb_err_set(e, PB_EINVAL, "-gdb tcp:%s: '%s' is no address", spec, host);
    return a;
}

static GSocketAddress *address(const char *dev, pb_err *e)
{
    if (g_str_has_prefix(dev, "tcp:")) {
        g_auto(GStrv) parts = g_strsplit(dev + 4, ",", 2); /* ",server=on,wait=off": as ever */
        return tcp_address(parts[0] ? parts[0] : "", e);
    }
    if (g_str_has_prefix(dev, "unix:")) {
        g_auto(GStrv) parts = g_strsplit(dev + 5, ",", 2);
        unlink(parts[0]);
        srv.path = g_strdup(parts[0]);
        return g_unix_socket_address_new(parts[0]);
    }
    pb_err_set(e, PB_EINVAL, "-gdb %s: not a place to listen at", dev);
    pb_err_hint(e, "tcp::PORT, tcp:HOST:PORT or unix:PATH");
    return NULL;
}

int pb_gdb_start(struct pb_machine *m, const char *dev, pb_err *e)
{
    g_autoptr(GSocketAddress) a = address(dev, e);
    GError *err = NULL;

    if (!a)
        return PB_EINVAL;
    srv.m = m;
    srv.listener = g_socket_new(g_socket_address_get_family(a), G_SOCKET_TYPE_STREAM,
                                G_SOCKET_PROTOCOL_DEFAULT, &err);
    if (!srv.listener || !g_socket_bind(srv.listener, a, TRUE, &err) ||
        !g_socket_listen(srv.listener, &err)) {
        pb_err_set(e, PB_EIO, "-gdb %s: %s", dev, err ? err->message : "cannot listen");
        g_clear_error(&err);
        g_clear_object(&srv.listener);
        return PB_EIO;
    }
    watch(srv.listener, &srv.accepting, on_accept);
    return PB_OK;
}

void pb_gdb_stop(void)
{
    unwatch(&srv.accepting);
    if (srv.listener)
        g_socket_close(srv.listener, NULL);
    g_clear_object(&srv.listener);
    if (srv.peer && !srv.gdb.detached)
        pb_gdb_exited(&srv.gdb);
    drop_peer();
    unwatch(&srv.accepting);
    if (srv.path)
        unlink(srv.path);
    g_clear_pointer(&srv.path, g_free);
}
