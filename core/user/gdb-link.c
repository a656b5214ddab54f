/* SPDX-License-Identifier: MIT */
/* gdb-link.c - the debugger's connection: where -g listens, and what is sent there.
 * GDB manual, appendix E.1 (framing, by core/gdb).
 */
#include "debug.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define G pb_user_dbg

/* A connection that broke is found so by the thread that reads it. */
void pb_user_gdb_send(const char *s, gsize n)
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

void pb_user_gdb_reply_bytes(const char *s, gsize n)
{
    g_autoptr(GString) out = g_string_new(NULL);

    pb_gdb_frame(out, s, n);
    pb_user_gdb_send(out->str, out->len);
}

void pb_user_gdb_reply(const char *s)
{
    pb_user_gdb_reply_bytes(s, strlen(s));
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

int pb_user_gdb_listen(const char *dev, pb_err *e)
{
    union place a = {0};
    socklen_t len = address(dev, &a);
    int one = 1, fd, high;

    if (!len)
        return pb_err_set(e, PB_EINVAL, "-g %s: neither a port nor the path of a socket", dev);
    fd = wait_for_gdb(dev, &a, len, e);
    if (a.any.sa_family == AF_UNIX)
        unlink(a.un.sun_path);
    if (fd < 0)
        return PB_EIO;
    if (a.any.sa_family == AF_INET)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    high = fcntl(fd, F_DUPFD_CLOEXEC, 920); /* out of the program's way */
    if (high >= 0)
        close(fd);
    return high >= 0 ? high : fd;
}
