/* SPDX-License-Identifier: MIT */
/* pty.c - a new pseudo-terminal; its name is printed at start.
 *
 * Reading the master fails while nobody has the slave open, so the slave is kept open here.
 */
#include "fdio.h"

#include <plugboard/device.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

struct pty {
    struct fdio io;
    int slave;
    char name[64];
};

static int pty_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct pty *p = self;
    struct termios t;
    char text[128];
    int m = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (m < 0 || grantpt(m) || unlockpt(m) || ptsname_r(m, p->name, sizeof p->name)) {
        if (m >= 0)
            close(m);
        return fdio_fail(h, e, "could not make a pseudo-terminal", "/dev/ptmx");
    }
    p->slave = open(p->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->slave >= 0 && tcgetattr(p->slave, &t) == 0) {
        cfmakeraw(&t);
        tcsetattr(p->slave, TCSANOW, &t);
    }
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    snprintf(text, sizeof text, "char device redirected to %s (label %s)", p->name,
             bus ? bus->name(node) : "pty");
    h->log(h, node, PB_LOG_INFO, text);
    fdio_init(&p->io, node, h);
    fdio_start(&p->io, m, m);
    return PB_OK;
}

static void pty_close(void *self)
{
    struct pty *p = self;

    fdio_fini(&p->io);
    if (p->slave >= 0)
        close(p->slave);
}

static void pty_describe(void *self, char *buf, uint32_t n)
{
    snprintf(buf, n, "pty:%s", ((struct pty *)self)->name);
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = fdio_room, .data = fdio_data};

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
