/* SPDX-License-Identifier: MIT */
/* pty.c - a new pseudo-terminal; its name is printed at start.
 *
 * While nobody has the terminal open, output is dropped, as on an unplugged serial cable:
 * otherwise the guest would stop when the kernel's buffer is full. Nothing tells when
 * someone opens it, so poll(2) is asked four times a second. pty(7).
 * Not modelled: the terminal's size and line settings.
 */
#include "fdio.h"

#include <plugboard/device.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_NS 250000000

struct pty {
    struct fdio io;
    int master;
    int connected; /* atomic */
    pb_timer *look;
    char name[64];
};

static int pty_data(void *self, const uint8_t *buf, uint32_t n)
{
    struct pty *p = self;
    return __atomic_load_n(&p->connected, __ATOMIC_ACQUIRE) ? fdio_data(self, buf, n) : (int)n;
}

static uint32_t pty_room(void *self)
{
    struct pty *p = self;
    return __atomic_load_n(&p->connected, __ATOMIC_ACQUIRE) ? fdio_room(self) : UINT32_MAX;
}

static void look_again(struct pty *p)
{
    p->io.time->arm(p->look, p->io.time->now(p->io.h, PB_CLK_REAL) + LOOK_NS);
}

static void look_main(void *opaque)
{
    struct pty *p = opaque;
    struct pollfd f = {.fd = p->master, .events = POLLIN};

    if (p->connected)
        return;
    if (poll(&f, 1, 0) < 0 || (f.revents & POLLHUP)) {
        look_again(p);
        return;
    }
    fdio_start(&p->io, p->master, p->master);
    __atomic_store_n(&p->connected, 1, __ATOMIC_RELEASE);
    p->io.chr->send_event(p->io.node, PB_CHR_OPENED);
}

static void on_look(void *opaque)
{
    struct pty *p = opaque;
    p->io.thread->main_soon(p->io.node, look_main, p);
}

static void on_eof(void *opaque)
{
    struct pty *p = opaque;

    __atomic_store_n(&p->connected, 0, __ATOMIC_RELEASE);
    fdio_stop(&p->io);
    fdio_forget(&p->io);
    p->io.chr->send_event(p->io.node, PB_CHR_CLOSED);
    look_again(p);
}

/* Raw mode; and closed again, so that the master knows that nobody is there. */
static void set_raw(const char *name)
{
    struct termios t;
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (slave < 0)
        return;
    if (tcgetattr(slave, &t) == 0) {
        cfmakeraw(&t);
        tcsetattr(slave, TCSANOW, &t);
    }
    close(slave);
}

static int pty_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct pty *p = self;
    char text[128];
    int m = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (m < 0 || grantpt(m) || unlockpt(m) || ptsname_r(m, p->name, sizeof p->name)) {
        int rc = fdio_fail(h, e, "could not make a pseudo-terminal", "/dev/ptmx");
        if (m >= 0)
            close(m);
        return rc;
    }
    set_raw(p->name);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    snprintf(text, sizeof text, "char device redirected to %s (label %s)", p->name,
             bus ? bus->name(node) : "pty");
    h->log(h, node, PB_LOG_INFO, text);
    p->master = m;
    p->io.keep = 1;
    p->io.eof = on_eof;
    p->io.opaque = p;
    fdio_init(&p->io, node, h);
    p->look = p->io.time->timer(node, "look", PB_CLK_REAL, on_look, p, e);
    look_again(p);
    return PB_OK;
}

static void pty_close(void *self)
{
    struct pty *p = self;

    p->io.time->disarm(p->look);
    fdio_fini(&p->io);
    close(p->master);
}

static void pty_describe(void *self, char *buf, uint32_t n)
{
    snprintf(buf, n, "pty:%s", ((struct pty *)self)->name);
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = pty_room, .data = pty_data};

const struct pb_backend_class char_pty = {
    .size = sizeof char_pty,
    .id = "pty",
    .doc = "a new pseudo-terminal",
    .instance_size = sizeof(struct pty),
    .ops = &ops,
    .open = pty_open,
    .close = pty_close,
    .describe = pty_describe,
};
