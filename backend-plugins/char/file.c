/* SPDX-License-Identifier: MIT */
/* file.c - output to a file, input from another if one is named.
 * open(2). Not modelled: nothing.
 */
#include "fdio.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { P_PATH, P_APPEND, P_INPUT };
static const struct pb_prop props[] = {
    {.name = "path", .doc = "file that gets the output", .type = PB_T_STR, .flags = PB_P_REQUIRED},
    {.name = "append", .doc = "keep what is there", .def = "off", .type = PB_T_BOOL},
    {.name = "input-path", .doc = "file that is the input", .type = PB_T_STR},
};

struct file {
    struct fdio io;
    const char *path;
};

static int file_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct file *f = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const char *input = prop->get_str(node, P_INPUT);
    int in = -1, out;

    f->path = prop->get_str(node, P_PATH);
    int keep = prop->get_int(node, P_APPEND) ? O_APPEND : O_TRUNC;
    out = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC | keep, 0666);
    if (out < 0)
        return fdio_fail(h, e, "could not open", f->path);
    if (input && (in = open(input, O_RDONLY | O_CLOEXEC)) < 0) {
        close(out);
        return fdio_fail(h, e, "could not open", input);
    }
    fdio_init(&f->io, node, h);
    fdio_start(&f->io, in, out);
    return PB_OK;
}

static void file_close(void *self)
{
    fdio_fini(&((struct file *)self)->io);
}

static void file_describe(void *self, char *buf, uint32_t n)
{
    snprintf(buf, n, "file:%s", ((struct file *)self)->path);
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = fdio_room, .data = fdio_data};

const struct pb_backend_class char_file = {
    .size = sizeof char_file,
    .id = "file",
    .doc = "output to a file",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct file),
    .ops = &ops,
    .open = file_open,
    .close = file_close,
    .describe = file_describe,
};
