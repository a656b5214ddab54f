/* SPDX-License-Identifier: MIT */
/* The user network serves a guest: DHCP, ARP, TCP to the host and from it, restrict, TFTP,
 * guestfwd, and a guest that takes no frames for a while. */
#include "guest.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
static uint8_t junk[100000];

static int listener(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CU_ASSERT_EQUAL_FATAL(bind(fd, (void *)&a, n) | listen(fd, 5), 0);
    getsockname(fd, (void *)&a, &n);
    *port = ntohs(a.sin_port);
    return fd;
}

static int dial(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return connect(fd, (void *)&a, sizeof a) ? close(fd), -1 : fd;
}

static gpointer echo(gpointer user) /* one connection: everything back, in capitals' stead */
{
    int fd = accept(GPOINTER_TO_INT(user), NULL, NULL);
    static uint8_t buf[65536];
    ssize_t n;

    while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
        if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
            break;
    close(fd);
    return NULL;
}

static void defaults(int port, int l)
{
    pb_dev *n = bk_node(PB_KIND_NET, "user", "n", "hostname=gast");
    struct guest *g = guest_new("n");

    CU_ASSERT_FATAL(guest_dhcp(g, 5000));
    CU_ASSERT_EQUAL(g->ip, IPV4(10, 0, 2, 15));
    CU_ASSERT_EQUAL(g->router, IPV4(10, 0, 2, 2));
    CU_ASSERT_EQUAL(g->dns, IPV4(10, 0, 2, 3));
    CU_ASSERT_STRING_EQUAL(g->hostname, "gast");
    CU_ASSERT_FATAL(guest_arp(g, g->router, 3000));
    GThread *t = g_thread_new("echo", echo, GINT_TO_POINTER(l));
    CU_ASSERT(guest_connect(g, g->router, (uint16_t)port, 5000));
    for (uint32_t at = 0; at < sizeof junk; at += 20000) {
        CU_ASSERT(guest_send(g, junk + at, 20000, 20000));
        CU_ASSERT(guest_wait(g, at + 20000, 10000));
    }
    CU_ASSERT(g->in->len == sizeof junk && !memcmp(g->in->data, junk, sizeof junk));
    guest_free(g);
    bk_drop(n);
    g_thread_join(t);
}

static void own_network(int port)
{
    pb_dev *n = bk_node(PB_KIND_NET, "user", "n",
                        "net=192.168.76.0/24 host=192.168.76.1 dns=192.168.76.4"
                        " dhcpstart=192.168.76.9 restrict=on");
    struct guest *g = guest_new("n");

    CU_ASSERT_FATAL(guest_dhcp(g, 5000));
    CU_ASSERT_EQUAL(g->ip, IPV4(192, 168, 76, 9));
    CU_ASSERT(guest_arp(g, IPV4(192, 168, 76, 1), 3000));
    CU_ASSERT_FALSE(guest_connect(g, IPV4(192, 168, 76, 1), (uint16_t)port, 700));
    guest_free(g);
    bk_drop(n);
}

static void from_host(int free_port)
{
    g_autofree char *text = g_strdup_printf("restrict=on hostfwd=tcp:127.0.0.1:%d-:7", free_port);
    pb_dev *n = bk_node(PB_KIND_NET, "user", "n", text);
    struct guest *g = guest_new("n");
    uint8_t buf[100] = "";
    uint32_t sent = 0;

    CU_ASSERT_FATAL(guest_dhcp(g, 5000) && guest_arp(g, IPV4(10, 0, 2, 2), 3000));
    int fd = dial(free_port);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_FATAL(guest_listen(g, 7, 5000));
    CU_ASSERT(guest_send(g, "hello", 5, 1000));
    CU_ASSERT_EQUAL(recv(fd, buf, sizeof buf, 0), 5);
    CU_ASSERT(!memcmp(buf, "hello", 5));
    /* the guest is full while the host sends more than any window, then takes it all */
    g_atomic_int_set(&g->full, 1);
    gint64 end = g_get_monotonic_time() + 500000;
    while (g_get_monotonic_time() < end) {
        ssize_t k = send(fd, junk + sent, sizeof junk - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += k > 0 ? (uint32_t)k : 0;
        bk_loop(10);
    }
    CU_ASSERT(g_atomic_int_get(&g->refused) > 0 && g_atomic_int_get(&g->refused) < 2000);
    g_atomic_int_set(&g->full, 0);
    bk_net->resume(g->d->net);
    end = g_get_monotonic_time() + 20000000;
    while (g->in->len < sizeof junk && g_get_monotonic_time() < end) {
        ssize_t k = 0;
        if (sent < sizeof junk)
            k = send(fd, junk + sent, sizeof junk - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += k > 0 ? (uint32_t)k : 0;
        guest_step(g, 5);
    }
    CU_ASSERT(g->in->len == sizeof junk && !memcmp(g->in->data, junk, sizeof junk));
    close(fd);
    guest_free(g);
    bk_drop(n);
    CU_ASSERT(dial(free_port) < 0); /* the forward went with the node */
}

static void services(void)
{
    g_autofree char *text = g_strdup_printf("tftp=%s guestfwd=tcp:10.0.2.100:7-cmd:cat", bk_dir());
    uint8_t buf[1000];

    bk_sh("printf \"boot me\" > kernel");
    pb_dev *n = bk_node(PB_KIND_NET, "user", "n", text);
    struct guest *g = guest_new("n");
    CU_ASSERT_FATAL(guest_dhcp(g, 5000) && guest_arp(g, IPV4(10, 0, 2, 2), 3000));
    guest_udp(g, IPV4(10, 0, 2, 2), 3000, 69, "\0\1kernel\0octet", 15);
    CU_ASSERT_EQUAL(guest_udp_wait(g, 3000, buf, sizeof buf, 5000), 11);
    CU_ASSERT(!memcmp(buf, "\0\3\0\1boot me", 11));
    guest_udp(g, IPV4(10, 0, 2, 2), 3001, 69, "\0\1../../etc/passwd\0octet", 25);
    CU_ASSERT(guest_udp_wait(g, 3001, buf, sizeof buf, 5000) > 4 && buf[1] == 5); /* ERROR */
    CU_ASSERT(guest_connect(g, IPV4(10, 0, 2, 100), 7, 5000));
    CU_ASSERT(guest_send(g, "meow", 4, 1000) && guest_wait(g, 4, 5000));
    CU_ASSERT(g->in->len == 4 && !memcmp(g->in->data, "meow", 4));
    guest_free(g);
    bk_drop(n);
}

static void test(void)
{
    int port, other, l = listener(&port);
    uint64_t seed = 3;

    close(listener(&other)); /* a port that is free */
    pb_machine_start(bk_m);  /* the virtual clock is the network's */
    for (unsigned i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)bk_rand(&seed);
    defaults(port, l);
    own_network(port);
    from_host(other);
    services();
    close(l);
    pb_machine_stop(bk_m, PB_RUN_PAUSED);
}

int main(void)
{
    return bk_run("the user network serves a guest", test);
}
