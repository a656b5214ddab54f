/* SPDX-License-Identifier: MIT */
/* The socket backend: server and client, Unix and TCP, reconnecting, a peer that hangs up
 * while the guest is full, and its errors. */
#include "chars.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static gboolean opened(void *user)
{
    return ((struct port *)user)->opened > ((struct port *)user)->closed;
}

static gboolean closed(void *user)
{
    return !opened(user);
}

static int dial_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    return connect(fd, (void *)&a, sizeof a) ? close(fd), -1 : fd;
}

static int tcp(int listening, int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listening ? bind(fd, (void *)&a, n) || listen(fd, 1) : connect(fd, (void *)&a, n)) {
        close(fd);
        return -1;
    }
    getsockname(fd, (void *)&a, &n);
    if (listening)
        *port = ntohs(a.sin_port);
    return fd;
}

static void talk(struct port *p, int fd)
{
    char buf[16] = "";

    p->n = 0;
    p->room = 100;
    CU_ASSERT_EQUAL(write(fd, "to guest", 8), 8);
    CU_ASSERT(port_wait(p, 8, 3000) && !memcmp(p->in, "to guest", 8));
    port_write(p, "to host", 7);
    bk_loop(10);
    CU_ASSERT_EQUAL(recv(fd, buf, sizeof buf, MSG_DONTWAIT), 7);
    CU_ASSERT_STRING_EQUAL(buf, "to host");
}

static double cpu_seconds(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void unix_server(void)
{
    static uint8_t big[200000];
    struct stat st;
    g_autofree char *text = g_strdup_printf("path=%s server=on wait=off", bk_path("s"));

    bk_sh("echo keep > s");
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_CHAR, "socket", "c", text)); /* no socket: not removed */
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "Address already in use"));
    CU_ASSERT_EQUAL(bk_sh("grep -q keep s && rm s"), 0);
    pb_dev *c = bk_node(PB_KIND_CHAR, "socket", "c", text);
    struct port *p = port_new("c", 100);
    CU_ASSERT_EQUAL(port_write(p, big, sizeof big), 0); /* nobody there: dropped */
    for (int i = 0; i < 3; i++) {
        int fd = dial_unix(bk_path("s"));
        CU_ASSERT_FATAL(fd >= 0);
        CU_ASSERT(bk_until(opened, p, 3000));
        talk(p, fd);
        if (i == 1) { /* it leaves while the guest is full and output waits */
            p->room = 0;
            CU_ASSERT_EQUAL(write(fd, "unread", 6), 6);
            while (bk_chr->write(p->d->chr, big, 10000) > 0)
                g_main_context_iteration(NULL, FALSE);
            close(fd);
            double before = cpu_seconds();
            bk_loop(200);
            CU_ASSERT(cpu_seconds() - before < 0.15); /* no spinning on the hang-up */
            port_more(p, 100);
        } else {
            close(fd);
        }
        CU_ASSERT(bk_until(closed, p, 3000));
        CU_ASSERT_EQUAL(port_write(p, big, sizeof big), 0);
    }
    port_free(p);
    bk_drop(c);
    CU_ASSERT(stat(bk_path("s"), &st) < 0 && errno == ENOENT);
}

static void tcp_client(void)
{
    int port = 0, l = tcp(1, &port);
    g_autofree char *text = g_strdup_printf("host=127.0.0.1 port=%d reconnect=1 nodelay=on", port);
    pb_dev *c = bk_node(PB_KIND_CHAR, "socket", "c", text);
    struct port *p = port_new("c", 100);
    int fd = accept(l, NULL, NULL);

    p->opened = 1; /* it connected before the device came */
    talk(p, fd);
    close(fd);
    CU_ASSERT(bk_until(closed, p, 3000));
    close(l); /* refused for a while */
    bk_loop(1200);
    l = tcp(1, &port);
    CU_ASSERT(bk_until(opened, p, 5000));
    fd = accept(l, NULL, NULL);
    talk(p, fd);
    close(fd);
    close(l);
    port_free(p);
    bk_drop(c);
}

static void tcp_server(void)
{
    int port = 0, fd = tcp(1, &port);
    g_autofree char *text = NULL;

    close(fd); /* a port that is free */
    text = g_strdup_printf("host=127.0.0.1 port=%d server=on wait=off", port);
    pb_dev *c = bk_node(PB_KIND_CHAR, "socket", "c", text);
    struct port *p = port_new("c", 100);
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_CHAR, "socket", "x", text));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "Address already in use"));
    fd = tcp(0, &port);
    CU_ASSERT(bk_until(opened, p, 3000));
    talk(p, fd);
    close(fd);
    port_free(p);
    bk_drop(c);
    g_autofree char *gone = g_strdup_printf("host=127.0.0.1 port=%d", port);
    g_autofree char *where = g_strdup_printf("'127.0.0.1:%d': Connection refused", port);
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_CHAR, "socket", "x", gone));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, where));
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_CHAR, "socket", "x", ""));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "path="));
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_CHAR, "socket", "x", "port=1 server=on reconnect=1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "for clients"));
}

static void test(void)
{
    unix_server();
    tcp_client();
    tcp_server();
}

int main(void)
{
    return bk_run("sockets come and go", test);
}
