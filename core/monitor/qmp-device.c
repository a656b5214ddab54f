/* SPDX-License-Identifier: MIT */
/* qmp-device.c - what comes and goes while the machine is there: devices and backends. What the
 * command line's options make is made by the same functions, of the same properties. */
#include "qmp.h"

#include "../backend/backend.h"
#include "../cli/sys.h"

#include <string.h>

static int plug(struct pb_qmp *q, const char *command, pb_sys_adder add)
{
    return pb_sys_hotplug(q->m, pb_args_from_json(command, q->args), add, q->e);
}

int pb_qmp_device_add(struct pb_qmp *q)
{
    return plug(q, "device_add", pb_sys_device);
}

/* A name, or a path that ends in it. */
static const char *plugged(const char *id)
{
    static const char peripheral[] = "/machine/peripheral/";

    return g_str_has_prefix(id, peripheral) ? id + strlen(peripheral) : id;
}

int pb_qmp_device_del(struct pb_qmp *q)
{
    char *v[] = {(char *)plugged(pb_qmp_text(q, "id")), NULL};
    int r = pb_mon_device_del(q->mon, 1, v, q->e);

    if (r == PB_ENOENT)
        q->cls = "DeviceNotFound";
    return r;
}

/* ---- Backends ------------------------------------------------------------------------ */

int pb_qmp_netdev_add(struct pb_qmp *q)
{
    return plug(q, "netdev_add", pb_sys_netdev);
}

int pb_qmp_blockdev_add(struct pb_qmp *q)
{
    return plug(q, "blockdev-add", pb_sys_blockdev);
}

int pb_qmp_object_add(struct pb_qmp *q)
{
    return plug(q, "object-add", pb_sys_object);
}

int pb_qmp_object_del(struct pb_qmp *q)
{
    return plug(q, "object-del", pb_sys_object_del);
}

/* The backend of that kind and name. */
static pb_dev *backend(struct pb_qmp *q, enum pb_kind kind, const char *id)
{
    pb_dev *d = pb_dev_find(q->m, id);

    return d && d->cls->kind == kind ? d : NULL;
}

int pb_qmp_netdev_del(struct pb_qmp *q)
{
    const char *id = pb_qmp_text(q, "id");
    pb_dev *d = backend(q, PB_KIND_NET, id);

    if (d)
        return pb_dev_unplug(d, q->e);
    q->cls = "DeviceNotFound";
    return pb_err_set(q->e, PB_ENOENT, "Device '%s' not found", id);
}

/* Nodes below that nobody has named go with the one above. */
static int delete_nodes(struct pb_qmp *q, pb_dev *d)
{
    g_autofree char *below = pb_dev_get_text(d, "file");
    int r = pb_dev_unplug(d, q->e);
    pb_dev *next = r == PB_OK && below && *below == '#' ? backend(q, PB_KIND_BLOCK, below) : NULL;

    return next && !pb_backend_consumer(next) ? delete_nodes(q, next) : r;
}

int pb_qmp_blockdev_del(struct pb_qmp *q)
{
    const char *id = pb_qmp_text(q, "node-name");
    pb_dev *d = backend(q, PB_KIND_BLOCK, id);

    return d ? delete_nodes(q, d)
             : pb_err_set(q->e, PB_ENOENT, "Failed to find node with node-name='%s'", id);
}

/* ---- Character backends: QEMU's tree of arguments as -chardev's flat ones --------------- */

static const struct { const char *from, *to; } chardev_keys[] = {
    {"backend.type", "backend"}, {"backend.data.out", "path"}, {"backend.data.device", "path"},
    {"backend.data.addr.data.path", "path"}, {"backend.data.addr.data.host", "host"},
    {"backend.data.addr.data.port", "port"}, {"backend.data.addr.path", "path"},
    {"backend.data.addr.host", "host"}, {"backend.data.addr.port", "port"},
    {"backend.data.append", "append"}};

static struct pb_args *chardev_args(struct pb_qmp *q)
{
    static const char data[] = "backend.data.";
    struct pb_args *a = pb_args_from_json("chardev-add", q->args);

    for (guint i = 0; i < a->v->len; i++) {
        struct pb_arg *x = a->v->pdata[i];
        const char *to = g_str_has_prefix(x->key, data) ? x->key + strlen(data) : x->key;
        for (guint k = 0; k < G_N_ELEMENTS(chardev_keys); k++)
            if (!strcmp(x->key, chardev_keys[k].from))
                to = chardev_keys[k].to;
        if (!strcmp(to, "addr.type")) { /* inet or unix: which members it has tells */
            g_ptr_array_remove_index(a->v, i--);
            continue;
        }
        char *key = g_strdup(to);
        g_free(x->key);
        x->key = key;
    }
    return a;
}

/* A socket listens unless told otherwise, and the machine waits for nobody. */
static int add_chardev(struct pb_sys *s, struct pb_args *a)
{
    gboolean wait = FALSE;

    if (!g_strcmp0(pb_args_get(a, "backend"), "socket")) {
        if (!pb_args_get(a, "server"))
            pb_args_add(a, "server", "on");
        if (pb_args_bool(a, "wait", &wait, s->e) < 0)
            return PB_EINVAL;
        if (wait)
            return pb_err_set(s->e, PB_ENOTSUP, "'wait' is for the command line: a machine that "
                              "is there does not stand still until a peer comes");
        pb_args_add(a, "wait", "off");
    }
    for (guint i = 0; i < a->v->len; i++)
        ((struct pb_arg *)a->v->pdata[i])->used = FALSE;
    return pb_sys_chardev(s, a);
}

int pb_qmp_chardev_add(struct pb_qmp *q)
{
    const char *id = pb_qmp_text(q, "id");
    int r = pb_sys_hotplug(q->m, chardev_args(q), add_chardev, q->e);

    if (r < 0)
        return r;
    pb_dev *d = backend(q, PB_KIND_CHAR, id);
    const struct pb_backend_class *c = d->cls->table;
    char what[256] = "";
    if (PB_HAS(struct pb_backend_class, c, describe))
        c->describe(d->self, what, sizeof what);
    pb_write_open(q->w, PB_QMP_RETURN, '{');
    if (g_str_has_prefix(what, "pty:"))
        pb_write_text(q->w, "pty", what + 4);
    pb_write_close(q->w, '}');
    return PB_OK;
}

int pb_qmp_chardev_remove(struct pb_qmp *q)
{
    const char *id = pb_qmp_text(q, "id");
    pb_dev *d = backend(q, PB_KIND_CHAR, id);

    if (!d)
        return pb_err_set(q->e, PB_ENOENT, "Chardev '%s' not found", id);
    if (pb_char_in_use(d))
        return pb_err_set(q->e, PB_EBUSY, "Chardev '%s' is busy", id);
    return pb_dev_unplug(d, q->e);
}

/* ---- Media ---------------------------------------------------------------------------- */

static const char *drive(struct pb_qmp *q)
{
    const char *id = pb_qmp_text(q, "id"), *device = pb_qmp_text(q, "device");

    if (!id == !device)
        pb_err_set(q->e, PB_EINVAL, "Need exactly one of 'device' and 'id'");
    return q->e->code ? NULL : id ? plugged(id) : device;
}

static int with_drive(struct pb_qmp *q, int (*run)(struct pb_mon *, guint, char **, pb_err *),
                      const char *file)
{
    char *v[] = {(char *)drive(q), (char *)file, NULL};
    int r = v[0] ? run(q->mon, file ? 2 : 1, v, q->e) : PB_EINVAL;

    if (r == PB_ENOENT)
        q->cls = "DeviceNotFound";
    return r;
}

int pb_qmp_eject(struct pb_qmp *q)
{
    return with_drive(q, pb_mon_eject, NULL);
}

int pb_qmp_change_medium(struct pb_qmp *q)
{
    return with_drive(q, pb_mon_change, pb_qmp_text(q, "filename"));
}
