/* SPDX-License-Identifier: MIT */
/* qcow.c - block format `qcow2` (also `qcow`): QEMU's images, versions 1 to 3, with backing
 * chains, compressed clusters and AES passwords; on libqcow. QEMU docs/interop/qcow2.txt.
 *
 * The node below says which file it is and holds its lock; reads run on the host's I/O pool.
 * A guest that must write gets an overlay on top (-snapshot), which is dropped at the end.
 * Not modelled: writing; backing files given by a node; and what header.c refuses by name.
 */
#include "qcow.h"

#include <plugboard/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { P_FILE, P_PASSWORD, P_PASSWORD_FILE };
static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "file", .doc = "node that holds the image", .choices = block_kinds,
     .type = PB_T_LINK, .flags = PB_P_REQUIRED},
    {.name = "password", .doc = "password of an encrypted image (others can see it; rather use "
                                "password-file)", .type = PB_T_STR},
    {.name = "password-file", .doc = "file whose first line is the password", .type = PB_T_STR},
};

struct qcow {
    const pb_host *h;
    pb_dev *node;
    const struct pb_svc_thread *thread;
    struct image *top;
};

static void run(void *opaque)
{
    struct pb_block_req *r = opaque;
    struct qcow *q = r->provider[0];
    uint64_t at = r->offset;

    r->status = PB_OK;
    for (uint32_t i = 0; r->op == PB_BLK_READ && i < r->n_iov && r->status == PB_OK; i++) {
        r->status = image_read(q->top, at, r->iov[i].base, r->iov[i].len);
        at += r->iov[i].len;
    }
}

static void over(void *opaque)
{
    struct pb_block_req *r = opaque;
    r->done(r);
}

static void submit(void *self, struct pb_block_req *r)
{
    struct qcow *q = self;

    r->provider[0] = q;
    q->thread->pool(q->node, run, over, r);
}

static int info(void *self, struct pb_block_info *i)
{
    struct qcow *q = self;

    i->bytes = (q->top->bytes + 511) & ~511ull;
    i->ops = 1u << PB_BLK_READ | 1u << PB_BLK_FLUSH;
    i->read_only = 1;
    return PB_OK;
}

static uint32_t probe(const void *head, uint32_t n, const char *name)
{
    (void)name;
    return qcow_probe(head, n);
}

/* ---- Life --------------------------------------------------------------------------- */

static int read_password(struct qcow *q, const char *path, char *out, size_t n, pb_err *e)
{
    char text[600];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, n - 1);

    if (got < 0) {
        snprintf(text, sizeof text, "qcow2: password-file=%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return q->h->fail(e, PB_ENOENT, text);
    }
    close(fd);
    out[got] = 0;
    out[strcspn(out, "\r\n")] = 0;
    return PB_OK;
}

static void warn(struct qcow *q)
{
    char text[600];

    for (const struct image *m = q->top; m; m = m->backing) {
        if (m->head.corrupt) {
            snprintf(text, sizeof text, "'%s' is marked as corrupt; qemu-img check -r all may "
                     "repair it", m->path);
            q->h->log(q->h, q->node, PB_LOG_WARN, text);
        }
        if (m->backing && !m->head.backing_format[0]) {
            snprintf(text, sizeof text, "'%s' does not say the format of its backing file, which "
                     "was taken for %s; qemu-img rebase -u -F records it", m->path,
                     m->backing->is_raw ? "raw" : "qcow2");
            q->h->log(q->h, q->node, PB_LOG_WARN, text);
        }
    }
}

static int qcow_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct qcow *q = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_block *blk = h->get(h, PB_SVC_BLOCK);
    const char *from = prop->get_str(node, P_PASSWORD_FILE);
    const char *word = prop->get_str(node, P_PASSWORD);
    pb_block *file = prop->get_block(node, P_FILE);
    char why[900] = "", secret[1024] = "";
    int rc;

    q->h = h;
    q->node = node;
    q->thread = h->get(h, PB_SVC_THREAD);
    const char *name = file && PB_HAS(struct pb_svc_block, blk, filename) ? blk->filename(file)
                                                                          : NULL;
    if (!name)
        return h->fail(e, PB_ENOTSUP, "qcow2: the node under it is no file of the host; libqcow "
                                      "reads files only: use driver=file");
    if (from && word)
        return h->fail(e, PB_EINVAL, "qcow2: give password= or password-file=, not both");
    if (from && (rc = read_password(q, from, secret, sizeof secret, e)) < 0)
        return rc;
    q->top = image_open(name, from ? secret : word, why, sizeof why);
    explicit_bzero(secret, sizeof secret);
    if (!q->top)
        return h->fail(e, PB_EINVAL, why);
    warn(q);
    return PB_OK;
}

static void qcow_close(void *self)
{
    image_close(((struct qcow *)self)->top);
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct qcow *q = self;
    unsigned behind = 0;

    for (const struct image *m = q->top->backing; m; m = m->backing)
        behind++;
    if (behind)
        snprintf(buf, n, "%s, backing file %s (chain of %u)", q->top->path,
                 q->top->backing->path, behind + 1);
    else
        snprintf(buf, n, "%s", q->top->path);
}

static const struct pb_block_ops ops = {
    .size = sizeof ops, .info = info, .submit = submit, .probe = probe};
static const char *const aliases[] = {"qcow", NULL};

static const struct pb_backend_class qcow_class = {
    .size = sizeof qcow_class,
    .flags = PB_BACKEND_FORMAT,
    .id = "qcow2",
    .aliases = aliases,
    .doc = "QEMU's image format, versions 1 to 3, read only",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct qcow),
    .ops = &ops,
    .open = qcow_open,
    .close = qcow_close,
    .describe = describe,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_BLOCK, &qcow_class}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_THREAD, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.block-qcow",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "Block format qcow2 by libqcow, read only",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
