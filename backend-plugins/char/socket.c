/* SPDX-License-Identifier: MIT */
/* socket.c - a stream socket, TCP or Unix, listening or connecting, one peer at a time.
 *
 * While nobody is connected, output is dropped, as on an unplugged serial cable. The
 * events PB_CHR_OPENED and PB_CHR_CLOSED tell the device. With reconnect=N a lost or
 * refused connection is tried again every N seconds. unix(7), tcp(7).
 * Not modelled: TLS, telnet and websocket framing, passed descriptors, abstract names.
 */
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { P_PATH, P_HOST, P_PORT, P_SERVER, P_WAIT, P_RECONNECT, P_NODELAY };
static const struct pb_prop props[] = {
    {.name = "path", .doc = "Unix socket", .type = PB_T_STR},
    {.name = "host", .doc = "host name or address (server: all when empty)", .type = PB_T_STR},
    {.name = "port", .doc = "TCP port or service", .type = PB_T_STR},
    {.name = "server", .doc = "listen instead of connecting", .def = "off", .type = PB_T_BOOL},
    {.name = "wait", .doc = "server: start only when a peer is there", .def = "on",
     .type = PB_T_BOOL},
    {.name = "reconnect", .doc = "seconds between attempts, 0: none", .def = "0",
     .type = PB_T_UINT, .min = 0, .max = 86400, .unit = "s"},
    {.name = "nodelay", .doc = "send small packets at once", .def = "off", .type = PB_T_BOOL},
};

struct sock {
    struct fdio io;
    const struct pb_svc_time *time;
    const char *path, *host, *port;
    int listener, server, nodelay;
    int connected; /* atomic */
    int64_t reconnect; /* ns, 0: none */
    pb_timer *retry;
};

static int sock_data(void *self, const uint8_t *buf, uint32_t n)
{
    struct sock *s = self;
    return __atomic_load_n(&s->connected, __ATOMIC_ACQUIRE) ? fdio_data(self, buf, n) : (int)n;
}

static uint32_t sock_room(void *self)
{
    struct sock *s = self;
    return __atomic_load_n(&s->connected, __ATOMIC_ACQUIRE) ? fdio_room(self) : UINT32_MAX;
}

/* Make the socket; for a server bound and listening, else connected. -1 and errno. */
static int make_unix(struct sock *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(s->path) >= sizeof a.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(a.sun_path, s->path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct stat st;
    if (s->server && !lstat(s->path, &st) && S_ISSOCK(st.st_mode))
        unlink(s->path); /* left by another run; any other file stays and is in the way */
    if (s->server ? bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1)
                  : connect(fd, (struct sockaddr *)&a, sizeof a)) {
        int keep = errno;
        close(fd);
        errno = keep;
        return -1;
    }
    return fd;
}

static int make_tcp(struct sock *s)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
                             .ai_flags = s->server ? AI_PASSIVE : 0};
    struct addrinfo *list, *a;
    const char *host = s->host && *s->host ? s->host : s->server ? NULL : "localhost";
    int fd = -1, keep = EHOSTUNREACH, one = 1;

    if (getaddrinfo(host, s->port, &hints, &list)) {
        errno = EHOSTUNREACH;
        return -1;
    }
    for (a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0)
            continue;
        if (s->server) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        } else { /* the main loop waits for connect(): not for long */
            struct timeval most = {.tv_sec = 3};
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
        }
        if (s->server ? bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 1)
                      : connect(fd, a->ai_addr, a->ai_addrlen)) {
            keep = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    errno = keep;
    return fd;
}

static void use_peer(struct sock *s, int fd)
{
    int one = 1;

    if (s->nodelay && !s->path)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fdio_start(&s->io, fd, fd);
    __atomic_store_n(&s->connected, 1, __ATOMIC_RELEASE);
    s->io.chr->send_event(s->io.node, PB_CHR_OPENED);
}

static void on_listener(void *opaque, uint32_t events)
{
    struct sock *s = opaque;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    s->io.thread->watch_fd(s->io.node, s->listener, 0, NULL, NULL); /* one peer at a time */
    use_peer(s, fd);
}

static void try_connect(void *opaque)
{
    struct sock *s = opaque;
    int fd = s->path ? make_unix(s) : make_tcp(s);

    if (fd >= 0)
        use_peer(s, fd);
    else if (s->reconnect)
        s->time->arm(s->retry, s->time->now(s->io.h, PB_CLK_REAL) + s->reconnect);
}

static void on_retry(void *opaque)
{
    struct sock *s = opaque;
    s->io.thread->main_soon(s->io.node, try_connect, s);
}

static void on_eof(void *opaque)
{
    struct sock *s = opaque;

    __atomic_store_n(&s->connected, 0, __ATOMIC_RELEASE);
    fdio_stop(&s->io);
    fdio_forget(&s->io); /* it was meant for the peer that left */
    s->io.chr->send_event(s->io.node, PB_CHR_CLOSED);
    if (s->server)
        s->io.thread->watch_fd(s->io.node, s->listener, 1, on_listener, s);
    else if (s->reconnect)
        s->time->arm(s->retry, s->time->now(s->io.h, PB_CLK_REAL) + s->reconnect);
}

static void hang_up(void *opaque)
{
    struct sock *s = opaque;

    if (s->connected)
        on_eof(s);
}

static void sock_event(void *self, uint32_t ev)
{
    struct sock *s = self;

    if (ev == PB_CHR_CLOSED) /* not here: who asks may be in a call of ours */
        s->io.thread->main_soon(s->io.node, hang_up, s);
}

static void place(const struct sock *s, char *buf, size_t n)
{
    snprintf(buf, n, "%s%s%s", s->path ? s->path : s->host ? s->host : "", s->path ? "" : ":",
             s->path ? "" : s->port);
}

static int open_server(struct sock *s, const pb_host *h, int wait, pb_err *e)
{
    char where[300];

    place(s, where, sizeof where);
    s->listener = s->path ? make_unix(s) : make_tcp(s);
    if (s->listener < 0)
        return fdio_fail(h, e, "could not listen on", where);
    if (wait) {
        struct pollfd p = {.fd = s->listener, .events = POLLIN};
        char text[400];
        snprintf(text, sizeof text, "waiting for connection on: %s", where);
        h->log(h, s->io.node, PB_LOG_INFO, text);
        while (poll(&p, 1, -1) < 0 && errno == EINTR)
            ;
        on_listener(s, 1);
    } else {
        s->io.thread->watch_fd(s->io.node, s->listener, 1, on_listener, s);
    }
    return PB_OK;
}

static int sock_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct sock *s = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    int rc = PB_OK;

    s->path = prop->get_str(node, P_PATH);
    s->host = prop->get_str(node, P_HOST);
    s->port = prop->get_str(node, P_PORT);
    s->server = (int)prop->get_int(node, P_SERVER);
    s->nodelay = (int)prop->get_int(node, P_NODELAY);
    s->reconnect = prop->get_int(node, P_RECONNECT) * 1000000000;
    s->listener = -1;
    if (!s->path == !s->port)
        return h->fail(e, PB_EINVAL, "a socket needs path=, or port= and perhaps host=");
    if (s->port && *s->port && strspn(s->port, "0123456789") == strlen(s->port) &&
        (strlen(s->port) > 5 || atoi(s->port) > 65535)) /* else getaddrinfo() takes it modulo 2^16 */
        return h->fail(e, PB_EINVAL, "port: it takes 1 to 65535, or the name of a service");
    if (s->server && s->reconnect)
        return h->fail(e, PB_EINVAL, "reconnect= is for clients; a server just listens again");
    s->time = h->get(h, PB_SVC_TIME);
    s->retry = s->time->timer(node, "reconnect", PB_CLK_REAL, on_retry, s, e);
    fdio_init(&s->io, node, h);
    s->io.eof = on_eof;
    s->io.opaque = s;
    if (s->server) {
        rc = open_server(s, h, (int)prop->get_int(node, P_WAIT), e);
    } else {
        try_connect(s);
        if (!s->connected && !s->reconnect) {
            int err = errno;
            char where[300];
            place(s, where, sizeof where);
            errno = err;
            rc = fdio_fail(h, e, "could not connect to", where);
        }
    }
    if (rc < 0)
        fdio_fini(&s->io);
    return rc;
}

static void sock_close(void *self)
{
    struct sock *s = self;

    if (s->listener >= 0) {
        s->io.thread->watch_fd(s->io.node, s->listener, 0, NULL, NULL);
        close(s->listener);
        if (s->path)
            unlink(s->path);
    }
    s->time->disarm(s->retry);
    fdio_fini(&s->io);
}

static void sock_describe(void *self, char *buf, uint32_t n)
{
    struct sock *s = self;

    snprintf(buf, n, "%s:%s%s%s%s%s", s->connected ? "socket" : "disconnected",
             s->path ? "unix:" : "tcp:", s->path ? s->path : s->host ? s->host : "",
             s->path ? "" : ":", s->path ? "" : s->port, s->server ? ",server=on" : "");
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = sock_room, .data = sock_data,
                                       .event = sock_event};

const struct pb_backend_class char_socket = {
    .size = sizeof char_socket,
    .id = "socket",
    .doc = "TCP or Unix stream socket",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct sock),
    .ops = &ops,
    .open = sock_open,
    .close = sock_close,
    .describe = sock_describe,
};
