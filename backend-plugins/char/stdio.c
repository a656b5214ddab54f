/* SPDX-License-Identifier: MIT */
/* stdio.c - standard input and output; a terminal is put into raw mode while it is in use.
 *
 * Only one may be open: they would steal each other's input.
 * termios(3). Not modelled: stop and continue by job control.
 */
#include "fdio.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

enum { P_SIGNAL };
static const struct pb_prop props[] = {
    {.name = "signal", .doc = "Ctrl-C and the like end the emulator", .def = "on",
     .type = PB_T_BOOL},
};

struct stdio {
    struct fdio io;
    struct termios saved;
    int raw;
};

static struct stdio *in_use;

static int stdio_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct stdio *s = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);

    if (in_use)
        return h->fail(e, PB_EBUSY, "only one chardev can be stdio; share it with mux=on");
    if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &s->saved) == 0) {
        struct termios t = s->saved;
        t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        t.c_oflag |= OPOST;
        t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
        if (!prop->get_int(node, P_SIGNAL))
            t.c_lflag &= ~(tcflag_t)ISIG;
        t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
        t.c_cc[VMIN] = 1;
        t.c_cc[VTIME] = 0;
        s->raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
    }
    in_use = s;
    s->io.borrowed = 1; /* the shell's descriptors: not closed, not made non-blocking */
    fdio_init(&s->io, node, h);
    fdio_start(&s->io, STDIN_FILENO, STDOUT_FILENO);
    return PB_OK;
}

static void stdio_close(void *self)
{
    struct stdio *s = self;

    fdio_fini(&s->io);
    if (s->raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &s->saved);
    in_use = NULL;
}

static void stdio_describe(void *self, char *buf, uint32_t n)
{
    (void)self;
    snprintf(buf, n, "stdio");
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = fdio_room, .data = fdio_data};

const struct pb_backend_class char_stdio = {
    .size = sizeof char_stdio,
    .id = "stdio",
    .doc = "standard input and output",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct stdio),
    .ops = &ops,
    .open = stdio_open,
    .close = stdio_close,
    .describe = stdio_describe,
};
