/* SPDX-License-Identifier: MIT */
/* pipe.c - a pair of named pipes PATH.in and PATH.out, or one bidirectional PATH.
 * fifo(7). Not modelled: making the pipes (mkfifo does).
 */
#include "fdio.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const struct pb_prop props[] = {
    {.name = "path", .doc = "name of the pipes without .in and .out", .type = PB_T_STR,
     .flags = PB_P_REQUIRED},
};

struct pipe {
    struct fdio io;
    const char *path;
};

static int pipe_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct pipe *p = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    char name[4096];
    int in, out;

    p->path = prop->get_str(node, 0);
    /* Read and write, so that neither open waits for the other end. */
    snprintf(name, sizeof name, "%s.in", p->path);
    in = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(name, sizeof name, "%s.out", p->path);
    out = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (in < 0 || out < 0) {
        if (in >= 0)
            close(in);
        if (out >= 0)
            close(out);
        in = out = open(p->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (in < 0)
            return fdio_fail(h, e, "could not open pipe (make it with mkfifo)", p->path);
    }
    fdio_init(&p->io, node, h);
    fdio_start(&p->io, in, out);
    return PB_OK;
}

static void pipe_close(void *self)
{
    fdio_fini(&((struct pipe *)self)->io);
}

static void pipe_describe(void *self, char *buf, uint32_t n)
{
    snprintf(buf, n, "pipe:%s", ((struct pipe *)self)->path);
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = fdio_room, .data = fdio_data};

const struct pb_backend_class char_pipe = {
    .size = sizeof char_pipe,
    .id = "pipe",
    .doc = "named pipes",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct pipe),
    .ops = &ops,
    .open = pipe_open,
    .close = pipe_close,
    .describe = pipe_describe,
};
