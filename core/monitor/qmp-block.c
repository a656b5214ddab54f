/* SPDX-License-Identifier: MIT */
/* qmp-block.c - query-block, query-named-block-nodes. Throttling, dirty bitmaps and backing files
 * that the host opens are not there: their members say so. */
#include "qmp.h"

#include "../backend/block-policy.h"
#include "../backend/medium.h"

#include <string.h>
#include <sys/stat.h>

/* Of node `d`: what is known of it. */
struct node {
    const pb_dev *file; /* the bottom */
    struct pb_block_info info;
    gboolean known;
    char name[256]; /* of the file, or what the driver says of itself */
};

static void look(struct pb_qmp *q, pb_dev *d, struct node *n)
{
    pb_dev *low = pb_mon_block_bottom(q->mon, d);
    const struct pb_backend_class *c = d->cls->table, *b = low->cls->table;
    const struct pb_block_ops *ops = c->ops;
    g_autofree char *file = pb_dev_get_text(low, "filename");

    *n = (struct node){.file = low, .info = {.size = sizeof n->info}};
    n->known = ops->info(d->self, &n->info) == PB_OK;
    if (file)
        g_strlcpy(n->name, file, sizeof n->name);
    else if (PB_HAS(struct pb_backend_class, b, describe))
        b->describe(low->self, n->name, sizeof n->name);
}

static void image(struct pb_writer *w, pb_dev *d, const struct node *n)
{
    struct stat st;

    pb_write_open(w, "image", '{');
    pb_write_text(w, "filename", n->name);
    pb_write_text(w, "format", d->cls->id);
    pb_write_uint(w, "virtual-size", n->info.bytes);
    if (!stat(n->name, &st))
        pb_write_uint(w, "actual-size", (uint64_t)st.st_blocks * 512);
    pb_write_close(w, '}');
}

static gboolean on(pb_dev *d, const char *key)
{
    g_autofree char *text = pb_dev_get_text(d, key);

    return text && !strcmp(text, "on");
}

static void device_info(struct pb_qmp *q, const char *key, pb_dev *d)
{
    static const char *const zeroes[] = {"off", "on", "unmap"};
    static const char *const limits[] = {"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"};
    const struct pb_block *b = d->backend;
    struct pb_writer *w = q->w;
    struct node n;

    look(q, d, &n);
    pb_write_open(w, key, '{');
    pb_write_text(w, "file", n.name);
    pb_write_text(w, "node-name", d->name);
    pb_write_text(w, "drv", d->cls->id);
    pb_write_bool(w, "ro", n.known && n.info.read_only);
    pb_write_bool(w, "encrypted", FALSE);
    pb_write_int(w, "backing_file_depth", 0);
    pb_write_text(w, "detect_zeroes", zeroes[b->policy.zeroes]);
    pb_write_int(w, "write_threshold", 0);
    for (guint i = 0; i < G_N_ELEMENTS(limits); i++)
        pb_write_int(w, limits[i], 0);
    pb_write_open(w, "cache", '{');
    pb_write_bool(w, "writeback", !b->policy.write_through);
    pb_write_bool(w, "direct", on((pb_dev *)n.file, "cache.direct"));
    pb_write_bool(w, "no-flush", on((pb_dev *)n.file, "cache.no-flush"));
    pb_write_close(w, '}');
    image(w, d, &n);
    pb_write_close(w, '}');
}

/* A node's name is the drive's, too; nodes below another are not drives. */
int pb_qmp_query_block(struct pb_qmp *q)
{
    struct pb_writer *w = q->w;

    pb_write_open(w, PB_QMP_RETURN, '[');
    for (guint i = 0; i < q->m->devs->len; i++) {
        pb_dev *d = q->m->devs->pdata[i];
        pb_dev *user = d->cls->kind == PB_KIND_BLOCK ? pb_backend_consumer(d) : NULL;
        if (d->cls->kind != PB_KIND_BLOCK || !d->backend ||
            (user && user->cls->kind == PB_KIND_BLOCK))
            continue;
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "device", d->name);
        if (user) {
            g_autofree char *path = pb_dev_path(user);
            pb_write_text(w, "qdev", path);
        }
        pb_write_text(w, "type", "unknown");
        pb_write_bool(w, "removable", pb_medium_drive(d));
        pb_write_bool(w, "locked", FALSE);
        pb_dev *in = pb_medium_drive(d) ? pb_medium_of(d) : d;
        if (in)
            device_info(q, "inserted", in);
        pb_write_close(w, '}');
    }
    pb_write_close(w, ']');
    return PB_OK;
}

int pb_qmp_query_block_nodes(struct pb_qmp *q)
{
    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (guint i = 0; i < q->m->devs->len; i++) {
        pb_dev *d = q->m->devs->pdata[i];
        if (d->cls->kind == PB_KIND_BLOCK && d->backend)
            device_info(q, NULL, d);
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}
