/* SPDX-License-Identifier: MIT */
/* Character backends carry bytes both ways unharmed, slow down instead of losing any, and do
 * not make a system call for each: file, pipe, pty, stdio; and ringbuf, null. */
#include "chars.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static uint8_t junk[300000];

static pb_dev *node(const char *cls, const char *fmt, const char *arg)
{
    g_autofree char *text = g_strdup_printf(fmt, arg);

    return bk_node(PB_KIND_CHAR, cls, "c", text);
}

/* The far end `fd` gets what the port writes, and the port what it sends. */
static void both_ways(struct port *p, int fd)
{
    static uint8_t got[sizeof junk];
    uint32_t sent = 0, have = 0;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    gint64 end = g_get_monotonic_time() + 20000000;
    for (uint32_t at = 0; (at < sizeof junk || have < sizeof junk) &&
                          g_get_monotonic_time() < end;) {
        int took = at < sizeof junk ? bk_chr->write(p->d->chr, junk + at, sizeof junk - at) : 0;
        at += (uint32_t)(took > 0 ? took : 0);
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(50);
        ssize_t n = read(fd, got + have, MIN(sizeof got - have, 5000));
        have += n > 0 ? (uint32_t)n : 0;
    }
    CU_ASSERT(have == sizeof junk && !memcmp(got, junk, sizeof junk));
    port_more(p, 100); /* a device that takes a little at a time */
    while (p->n < sizeof junk && g_get_monotonic_time() < end) {
        ssize_t n = sent < sizeof junk ? write(fd, junk + sent, MIN(sizeof junk - sent, 4000)) : 0;
        sent += n > 0 ? (uint32_t)n : 0;
        g_main_context_iteration(NULL, FALSE);
        if (!p->room)
            port_more(p, 1 + p->n % 5000);
    }
    CU_ASSERT(p->n == sizeof junk && !memcmp(p->in, junk, sizeof junk));
}

static void file(void)
{
    g_autofree char *got = NULL;
    gsize n;

    g_file_set_contents(bk_path("in"), (char *)junk, 50000, NULL);
    g_autofree char *text = g_strdup_printf("path=%s input-path=%s", bk_path("out"), bk_path("in"));
    pb_dev *c = bk_node(PB_KIND_CHAR, "file", "c", text);
    struct port *p = port_new("c", 1000);
    uint64_t before = port_syscalls();
    for (uint32_t i = 0; i < sizeof junk; i++) { /* as a UART does, while the main loop runs */
        if (bk_chr->write(p->d->chr, junk + i, 1) != 1)
            port_write(p, junk + i, 1);
        if (i % 16 == 0)
            g_main_context_iteration(NULL, FALSE);
    }
    uint64_t calls = port_syscalls() - before;
    fprintf(stderr, "%u bytes one by one: %" G_GUINT64_FORMAT " writing system calls\n",
            (unsigned)sizeof junk, calls);
    CU_ASSERT(calls < sizeof junk / 100);
    while (p->n < 50000) {
        uint32_t before_n = p->n;
        port_more(p, 999);
        if (!port_wait(p, MIN(before_n + 900, 50000), 5000))
            break;
    }
    CU_ASSERT(p->n == 50000 && !memcmp(p->in, junk, 50000));
    port_free(p);
    bk_drop(c);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(bk_path("out"), &got, &n, NULL));
    CU_ASSERT(n == sizeof junk && !memcmp(got, junk, n));
    c = node("file", "path=%s append=on", bk_path("out"));
    p = port_new("c", 0);
    port_write(p, "tail", 4);
    port_free(p);
    bk_drop(c);
    CU_ASSERT_EQUAL(bk_sh("test $(tail -c 4 out) = tail && test $(stat -c %%s out) = 300004"), 0);
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_CHAR, "file", "c", "path=/nonexistent/x"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "'/nonexistent/x': No such file"));
}

static void pipes(void)
{
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_CHAR, "pipe", "c", "path=/nonexistent/p"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "mkfifo"));
    bk_sh("mkfifo p.in p.out");
    pb_dev *c = node("pipe", "path=%s", bk_path("p"));
    struct port *p = port_new("c", 0);
    int out = open(bk_path("p.out"), O_RDONLY | O_NONBLOCK);
    int in = open(bk_path("p.in"), O_WRONLY | O_NONBLOCK);

    CU_ASSERT_FATAL(out >= 0 && in >= 0);
    port_write(p, junk, 60000);
    static uint8_t got[60000];
    uint32_t have = 0;
    for (int i = 0; i < 20000 && have < 60000; i++) {
        g_main_context_iteration(NULL, FALSE);
        ssize_t n = read(out, got + have, sizeof got - have);
        have += n > 0 ? (uint32_t)n : 0;
    }
    CU_ASSERT(have == 60000 && !memcmp(got, junk, have));
    CU_ASSERT_EQUAL(write(in, junk, 30000), 30000);
    bk_loop(20);
    CU_ASSERT_EQUAL(p->n, 0); /* it has no room: nothing is lost meanwhile */
    while (p->n < 30000) {
        uint32_t want = MIN(p->n + 7000, 30000);
        port_more(p, 7000);
        if (!port_wait(p, want, 3000))
            break;
    }
    CU_ASSERT(p->n == 30000 && !memcmp(p->in, junk, 30000));
    close(in);
    close(out);
    port_free(p);
    bk_drop(c);
}

static void pty(void)
{
    char text[600] = "", *name;
    const struct pb_backend_class *cls;

    pb_dev *c = node("pty", "%s", "");
    struct port *p = port_new("c", 0);
    cls = c->cls->table;
    cls->describe(c->self, text, sizeof text);
    name = text + 4; /* "pty:" */
    CU_ASSERT_EQUAL(port_write(p, junk, sizeof junk), 0); /* nobody there: dropped */
    for (uint32_t round = 1; round <= 2; round++) {
        int fd = open(name, O_RDWR | O_NOCTTY);
        CU_ASSERT_FATAL(fd >= 0);
        tcflush(fd, TCIFLUSH); /* the kernel keeps what came after the last close */
        for (int i = 0; i < 300 && p->opened < round; i++)
            bk_loop(10);
        CU_ASSERT_EQUAL(p->opened, round);
        p->n = 0;
        both_ways(p, fd);
        p->room = 0;
        close(fd);
        port_write(p, junk, 1000); /* the guest writes on; it has no room for input */
        for (int i = 0; i < 300 && p->closed < round; i++) {
            bk_loop(10);
            p->room = 10;
            bk_chr->accept(p->d->chr);
        }
        CU_ASSERT_EQUAL(p->closed, round);
    }
    port_free(p);
    bk_drop(c);
}

/* Who reads standard output goes away while it is full, and standard input says nothing: the main
 * loop must not wait for that. */
static void stdio_reader_leaves(void)
{
    int in[2], out[2], was[2] = {dup(STDIN_FILENO), dup(STDOUT_FILENO)};

    CU_ASSERT_FATAL(pipe(in) == 0 && pipe(out) == 0 && was[0] >= 0 && was[1] >= 0);
    fflush(stdout);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    close(out[1]);
    signal(SIGPIPE, SIG_IGN); /* as the emulator does */
    pb_dev *c = node("stdio", "%s", "");
    struct port *p = port_new("c", 100);
    for (uint32_t at = 0; at < 150000; at += 1000) { /* more than the pipe and the ring hold */
        bk_chr->write(p->d->chr, junk + at, 1000);
        bk_loop(1);
    }
    close(out[0]);
    alarm(20); /* a blocked main loop never comes back */
    bk_loop(50);
    port_write(p, junk, sizeof junk);
    CU_ASSERT_EQUAL(write(in[1], "x", 1), 1);
    CU_ASSERT_TRUE(port_wait(p, 1, 5000));
    alarm(0);
    port_free(p);
    bk_drop(c);
    dup2(was[0], STDIN_FILENO);
    dup2(was[1], STDOUT_FILENO);
}

static void ring_and_null(void)
{
    char out[64];
    pb_err e = {0};

    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_CHAR, "ringbuf", "c", "size=100"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "power of two"));
    pb_dev *c = node("ringbuf", "size=16%s", "");
    struct port *p = port_new("c", 0);
    port_write(p, "0123456789abcdefXYZ", 19);
    const struct pb_backend_class *cls = c->cls->table;
    CU_ASSERT_EQUAL(cls->command(c->self, "ringbuf_read", "", out, sizeof out, &e), PB_OK);
    CU_ASSERT_STRING_EQUAL(out, "3456789abcdefXYZ");
    CU_ASSERT_EQUAL(cls->command(c->self, "ringbuf_read", "", out, 4, &e), PB_OK);
    CU_ASSERT_STRING_EQUAL(out, "XYZ");
    port_free(p);
    bk_drop(c);
    c = node("null", "%s", "");
    p = port_new("c", 10);
    CU_ASSERT_EQUAL(port_write(p, junk, sizeof junk), 0);
    CU_ASSERT_EQUAL(p->n, 0);
    port_free(p);
    bk_drop(c);
}

static void test(void)
{
    uint64_t seed = 5;

    for (unsigned i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)bk_rand(&seed);
    file();
    pipes();
    pty();
    stdio_reader_leaves();
    ring_and_null();
}

int main(void)
{
    return bk_run("character streams lose nothing", test);
}
