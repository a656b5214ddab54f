/* SPDX-License-Identifier: MIT */
/* Options of the user network: every spelling of hostfwd, every malformed one with its
 * reason, a busy port with who has it, a free one chosen, and rules that come and go. */
#include "host.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static int bound(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CU_ASSERT_EQUAL_FATAL(bind(fd, (void *)&a, n) | listen(fd, 5), 0);
    getsockname(fd, (void *)&a, &n);
    *port = ntohs(a.sin_port);
    return fd;
}

static gboolean listens(int port, uint32_t addr)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(addr)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gboolean ok = connect(fd, (void *)&a, sizeof a) == 0;

    close(fd);
    return ok;
}

static const struct bad {
    const char *rule, *why;
} bad[] = {
    {"hostfwd=foo", "Invalid host forwarding rule 'foo' (No : separators)"},
    {"hostfwd=", "(No : separators)"},
    {"hostfwd=xyz::1-:2", "(Bad protocol name)"},
    {"hostfwd=icmp::1-:2", "(Bad protocol name)"},
    {"hostfwd=tcp:1-2", "(Missing : separator)"},
    {"hostfwd=tcp:nohost:1-:2", "(Bad host address)"},
    {"hostfwd=tcp:1.2.3.256:1-:2", "(Bad host address)"},
    {"hostfwd=tcp::2222", "(Bad host port separator)"},
    {"hostfwd=tcp::x-:22", "(Bad host port)"},
    {"hostfwd=tcp::65536-:22", "(Bad host port)"},
    {"hostfwd=tcp::-1-:22", "(Bad host port)"},
    {"hostfwd=tcp::+22-:22", "(Bad host port)"},
    {"hostfwd=tcp::2222-22", "(Missing guest address)"},
    {"hostfwd=tcp::2222-guest:22", "(Bad guest address)"},
    {"hostfwd=tcp::2222-:0", "(Bad guest port)"},
    {"hostfwd=tcp::2222-:", "(Bad guest port)"},
    {"hostfwd=tcp::2222-:22x", "(Bad guest port)"},
    {"hostfwd=tcp::2222-:70000", "(Bad guest port)"},
    {"guestfwd=udp:10.0.2.9:1-cmd:cat", "Invalid guest forwarding rule"},
    {"guestfwd=tcp:10.0.2.9:1-chardev", "cmd:COMMAND or unix:PATH"},
    {"guestfwd=tcp:10.0.2.9:0-cmd:cat", "Bad port"},
    {"guestfwd=tcp:1.2.3.4:7-cmd:cat", "outside the guest"},
    {"net=banana", "net=banana: not an address"},
    {"net=10.0.2.0/2", "4 to 28 bits"},
    {"net=10.0.2.0/24x", "4 to 28 bits"},
    {"host=10.0.3.2", "host=10.0.3.2: outside net="},
    {"dns=10.0.2.2", "the same as host="},
    {"dhcpstart=1.1.1.1", "outside net="},
    {"ipv4=off ipv6=off", "leave nothing"},
    {"ipv6-prefix=zz", "ipv6-prefix=zz"},
    {"tftp=/nonexistent/boot", "tftp=/nonexistent/boot: No such file"},
};

static void malformed(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        pb_dev *n = bk_try(PB_KIND_NET, "user", "n", bad[i].rule);
        if (n || !strstr(bk_error, bad[i].why))
            fprintf(stderr, "%s: %s\n", bad[i].rule, n ? "taken" : bk_error);
        CU_ASSERT(!n && strstr(bk_error, bad[i].why));
        if (n)
            bk_drop(n);
    }
}

static void spellings(void)
{
    static const char *const good[] = {
        "hostfwd=tcp::%d-:22",           "hostfwd=::%d-:23",
        "hostfwd=tcp:127.0.0.1:%d-:22",  "hostfwd=:127.0.0.1:%d-10.0.2.15:80",
        "hostfwd=tcp:0.0.0.0:%d-10.0.2.99:80"};

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        int port;
        close(bound(&port));
        g_autofree char *text = g_strdup_printf(good[i], port);
        g_autofree char *two = g_strdup_printf("%s hostfwd=udp::%d-:53", text, port);
        pb_dev *n = bk_node(PB_KIND_NET, "user", "n", two);
        CU_ASSERT(listens(port, INADDR_LOOPBACK));
        bk_drop(n);
        CU_ASSERT_FALSE(listens(port, INADDR_LOOPBACK));
    }
}

static void busy(void)
{
    int port, fd = bound(&port);
    g_autofree char *rule = g_strdup_printf("hostfwd=tcp::%d-:22", port);
    g_autofree char *want = g_strdup_printf(
        "Could not set up host forwarding rule 'tcp::%d-:22': port %d: Address already in use "
        "(held by pid %d test-net-user-r)", port, port, (int)getpid());

    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_NET, "user", "n", rule));
    if (!strstr(bk_error, want))
        fprintf(stderr, "wanted %s\ngot    %s\n", want, bk_error);
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, want));
    close(fd);
}

static void commands(void)
{
    pb_dev *n = bk_node(PB_KIND_NET, "user", "n", "hostfwd=tcp:127.0.0.1:0-:22");
    const struct pb_backend_class *c = n->cls->table;
    char out[4096] = "";
    pb_err e = {0};
    int port;

    CU_ASSERT_EQUAL(c->command(n->self, "usernet", "", out, sizeof out, &e), PB_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "HOST_FORWARD"));
    close(bound(&port));
    g_autofree char *add = g_strdup_printf("tcp:127.0.0.1:%d-:80", port);
    g_autofree char *gone = g_strdup_printf("tcp:127.0.0.1:%d", port);
    CU_ASSERT_EQUAL(c->command(n->self, "hostfwd_add", add, out, sizeof out, &e), PB_OK);
    CU_ASSERT(listens(port, INADDR_LOOPBACK));
    CU_ASSERT(c->command(n->self, "hostfwd_add", add, out, sizeof out, &e) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "Address already in use"));
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(c->command(n->self, "hostfwd_remove", gone, out, sizeof out, &e), PB_OK);
    bk_loop(300);
    CU_ASSERT_FALSE(listens(port, INADDR_LOOPBACK));
    CU_ASSERT_EQUAL(c->command(n->self, "hostfwd_remove", gone, out, sizeof out, &e), PB_ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "not found"));
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(c->command(n->self, "nosuch", "", out, sizeof out, &e), PB_ENOTSUP);
    bk_drop(n);
}

static void test(void)
{
    malformed();
    spellings();
    busy();
    commands();
}

int main(void)
{
    return bk_run("user network options", test);
}
